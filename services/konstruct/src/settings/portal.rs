//! What the portal is told.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};

use accounts::SecondFactor;
use domain::secret::Secret;
use portal::server::proxies::Proxies;
use runtime::config::{ConfigError, Settings};

use super::Asked;

/// Settings of the portal.
pub(crate) struct PortalSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where chat systems reach the gateway, if somebody says so.
    pub gateway_url: Option<String>,
    /// The look-alike of Slack that a developer talks in, on their own machine.
    pub dev_slack_url: Option<String>,
    /// Where the files of its islands are.
    pub site: PathBuf,
    /// Proxies that are trusted to say from where a request comes.
    pub proxies: Proxies,
    /// Whether everybody needs a second factor.
    pub second_factor: bool,
    /// Requests a minute that each key of the API may send.
    pub api_per_minute: NonZeroU32,
}

/// The provider of identities.
pub(crate) struct OidcSettings {
    /// As it names itself.
    pub issuer: String,
    /// As it calls this installation.
    pub client_id: String,
    /// What this installation proves itself with.
    pub client_secret: Secret,
    /// As people call it.
    pub name: String,
    /// Who asks for the second factor of those who come from it.
    pub factor: SecondFactor,
}

/// What makes sense only together.
const OIDC: [&str; 5] = [
    "KONSTRUCT_OIDC_ISSUER",
    "KONSTRUCT_OIDC_CLIENT_ID",
    "KONSTRUCT_OIDC_CLIENT_SECRET",
    "KONSTRUCT_OIDC_NAME",
    "KONSTRUCT_OIDC_SECOND_FACTOR",
];

impl Asked<'_> {
    /// The provider of identities, if people sign in by its word. Half of one is a mistake.
    pub(crate) fn oidc(&self) -> Result<Option<OidcSettings>, ConfigError> {
        self.read(|settings| {
            if OIDC.iter().all(|name| settings.text(name).is_none()) {
                return Some(None);
            }
            oidc(settings).map(Some)
        })
    }

    /// Settings of the portal.
    pub(crate) fn portal(&self, listen: SocketAddr) -> Result<PortalSettings, ConfigError> {
        self.read(|settings| {
            let listen = settings.or("KONSTRUCT_PORTAL_LISTEN", listen);
            let site = settings.text("KONSTRUCT_PORTAL_SITE").map_or_else(site, PathBuf::from);
            let second_factor = settings.or("KONSTRUCT_REQUIRE_SECOND_FACTOR", true);
            let gateway_url = settings.text("KONSTRUCT_GATEWAY_URL");
            let dev_slack_url = settings.text("KONSTRUCT_DEV_SLACK_URL");
            let per_minute = settings.or("KONSTRUCT_API_PER_MINUTE", api::PER_MINUTE_DEFAULT);
            let proxies = settings.or("KONSTRUCT_TRUSTED_PROXIES", Proxies::default());
            let (listen, (second_factor, api_per_minute)) =
                listen.zip(second_factor.zip(per_minute))?;
            Some(PortalSettings {
                listen,
                gateway_url,
                dev_slack_url,
                site,
                proxies: proxies?,
                second_factor,
                api_per_minute,
            })
        })
    }
}

fn oidc(settings: &mut Settings<'_>) -> Option<OidcSettings> {
    let issuer = settings.required("KONSTRUCT_OIDC_ISSUER");
    let client_id = settings.required("KONSTRUCT_OIDC_CLIENT_ID");
    let client_secret = settings.required::<String>("KONSTRUCT_OIDC_CLIENT_SECRET");
    let name = settings.or("KONSTRUCT_OIDC_NAME", "single sign-on".to_owned());
    let factor = match settings.text("KONSTRUCT_OIDC_SECOND_FACTOR").as_deref() {
        None | Some("own") => Some(SecondFactor::Own),
        Some("provider") => Some(SecondFactor::Provider),
        Some(_) => {
            settings.problem("`KONSTRUCT_OIDC_SECOND_FACTOR`: `own` or `provider`".to_owned());
            None
        }
    };
    let client_secret = Secret::from(client_secret?);
    Some(OidcSettings {
        issuer: issuer?,
        client_id: client_id?,
        client_secret,
        name: name?,
        factor: factor?,
    })
}

/// Beside the directory of the executable, where `cargo xtask site` puts it.
fn site() -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    here.parent().and_then(|dir| dir.parent()).map(|dir| dir.join("site")).unwrap_or_default()
}
