//! What the portal is told.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};

use runtime::config::ConfigError;

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
    /// Whether everybody needs a second factor.
    pub second_factor: bool,
    /// Requests a minute that each key of the API may send.
    pub api_per_minute: NonZeroU32,
}

impl Asked<'_> {
    /// Settings of the portal.
    pub(crate) fn portal(&self, listen: SocketAddr) -> Result<PortalSettings, ConfigError> {
        self.read(|settings| {
            let listen = settings.or("KONSTRUCT_PORTAL_LISTEN", listen);
            let site = settings.text("KONSTRUCT_PORTAL_SITE").map_or_else(site, PathBuf::from);
            let second_factor = settings.or("KONSTRUCT_REQUIRE_SECOND_FACTOR", true);
            let gateway_url = settings.text("KONSTRUCT_GATEWAY_URL");
            let dev_slack_url = settings.text("KONSTRUCT_DEV_SLACK_URL");
            let per_minute = settings.or("KONSTRUCT_API_PER_MINUTE", api::PER_MINUTE_DEFAULT);
            let (listen, (second_factor, api_per_minute)) =
                listen.zip(second_factor.zip(per_minute))?;
            Some(PortalSettings {
                listen,
                gateway_url,
                dev_slack_url,
                site,
                second_factor,
                api_per_minute,
            })
        })
    }
}

/// Beside the directory of the executable, where `cargo xtask site` puts it.
fn site() -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    here.parent().and_then(|dir| dir.parent()).map(|dir| dir.join("site")).unwrap_or_default()
}
