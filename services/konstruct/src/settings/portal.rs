//! What the portal is told.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};

use domain::secret::Secret;
use runtime::config::ConfigError;

use super::Asked;

/// Settings of the portal.
pub(crate) struct PortalSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where browsers reach it; links in mails begin so.
    pub public_url: String,
    /// Where the files of its islands are.
    pub site: PathBuf,
    /// Whether everybody needs a second factor.
    pub second_factor: bool,
    /// Requests a minute that each key of the API may send.
    pub api_per_minute: NonZeroU32,
    /// The mail server and the sender, where there is one.
    pub mail: Option<(Secret, String)>,
}

impl Asked<'_> {
    /// Settings of the portal.
    pub(crate) fn portal(&self, listen: SocketAddr) -> Result<PortalSettings, ConfigError> {
        self.read(|settings| {
            let listen = settings.or("KONSTRUCT_PORTAL_LISTEN", listen);
            let here = listen.map(|it| format!("http://localhost:{}", it.port()));
            let public_url = settings.or("KONSTRUCT_PUBLIC_URL", here.unwrap_or_default());
            let site = settings.text("KONSTRUCT_PORTAL_SITE").map_or_else(site, PathBuf::from);
            let second_factor = settings.or("KONSTRUCT_REQUIRE_SECOND_FACTOR", true);
            let per_minute = settings.or("KONSTRUCT_API_PER_MINUTE", api::PER_MINUTE_DEFAULT);
            let server = settings.text("KONSTRUCT_SMTP_URL").map(Secret::from);
            let from = settings.text("KONSTRUCT_MAIL_FROM");
            if server.is_some() != from.is_some() {
                let both = "`KONSTRUCT_SMTP_URL` and `KONSTRUCT_MAIL_FROM`: set both or none";
                settings.problem(both.to_owned());
            }
            let mail = server.zip(from);
            let (listen, public_url) = listen.zip(public_url)?;
            let (second_factor, api_per_minute) = second_factor.zip(per_minute)?;
            Some(PortalSettings { listen, public_url, site, second_factor, api_per_minute, mail })
        })
    }
}

/// Beside the directory of the executable, where `cargo xtask site` puts it.
fn site() -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    here.parent().and_then(|dir| dir.parent()).map(|dir| dir.join("site")).unwrap_or_default()
}
