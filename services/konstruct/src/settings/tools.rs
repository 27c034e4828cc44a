//! What the installation lets the tools of agents do.

use runtime::config::ConfigError;

use super::Asked;

const HOSTS: &str = "KONSTRUCT_TOOLS_HOSTS";
const NETWORKS: &str = "KONSTRUCT_TOOLS_NETWORKS";

impl Asked<'_> {
    /// Which hosts tools may call, and in which private networks.
    pub(crate) fn tools(&self) -> Result<tools::Settings, ConfigError> {
        self.read(|settings| {
            let (hosts, networks) = (settings.text(HOSTS), settings.text(NETWORKS));
            match tools::Settings::parse(hosts.as_deref(), networks.as_deref()) {
                Ok(parsed) => Some(parsed),
                Err(problem) => {
                    settings.problem(format!("`{HOSTS}`, `{NETWORKS}`: {problem}"));
                    None
                }
            }
        })
    }
}
