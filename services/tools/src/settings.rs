//! What an installation lets tools do, whatever its tenants declare.

use std::{fmt, io, net::IpAddr, pin::Pin, sync::Arc};

use ipnet::IpNet;

use crate::places::AtOnce;

/// Finds the addresses of a name.
pub type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// A name being looked up.
pub type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// What an installation lets tools do.
#[derive(Clone)]
pub struct Settings {
    /// The hosts that tools call, in lower case; one that begins with `.` is every name under it. All
    /// of the internet where nothing is said.
    pub hosts: Option<Vec<String>>,
    /// The private networks that tools may call whose declaration says `allow_private`; none at first.
    pub open: Vec<IpNet>,
    /// How names are looked up.
    pub lookup: Lookup,
    /// How many calls are under way at once.
    pub at_once: AtOnce,
}

impl Default for Settings {
    fn default() -> Self {
        let at_once = AtOnce::default();
        Self { hosts: None, open: Vec::new(), lookup: lookup_system(), at_once }
    }
}

impl Settings {
    /// From two lists with commas, as they stand in an environment: hosts (`api.acme.example`,
    /// `.corp.example`) and private networks (`10.1.0.0/16`). Names all that is wrong.
    pub fn parse(hosts: Option<&str>, networks: Option<&str>) -> Result<Self, String> {
        let items = |text: &str| {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(str::to_ascii_lowercase).collect::<Vec<_>>()
        };
        let (mut open, mut wrong) = (Vec::new(), Vec::new());
        for network in networks.map(items).unwrap_or_default() {
            match network.parse::<IpNet>() {
                Ok(network) => open.push(network.trunc()),
                Err(_) => wrong.push(format!("`{network}` is no network such as 10.1.0.0/16")),
            }
        }
        let hosts = hosts.map(items);
        let is_host = |host: &&String| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte);
            host.bytes().all(plain) && host.as_str() != "."
        };
        let odd = hosts.iter().flatten().filter(|host| !is_host(host));
        wrong.extend(odd.map(|host| format!("`{host}` is no host")));
        if wrong.is_empty() {
            Ok(Self { hosts, open, ..Self::default() })
        } else {
            Err(wrong.join("; "))
        }
    }

    /// Whether tools may call that host at all.
    pub fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let fits = |allowed: &String| match allowed.strip_prefix('.') {
            Some(_) => host.ends_with(allowed.as_str()) && allowed.len() < host.len(),
            None => host == *allowed,
        };
        self.hosts.as_ref().is_none_or(|hosts| hosts.iter().any(fits))
    }
}

/// As the machine looks names up.
fn lookup_system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("hosts", &self.hosts)
            .field("open", &self.open)
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_that_are_listed_are_called() {
        let hosts = ["api.acme.example", ".corp.example", "10.0.0.1"].map(str::to_owned);
        let settings = Settings { hosts: Some(hosts.to_vec()), ..Settings::default() };
        let cases = [
            ("api.acme.example", true),
            ("API.acme.example", true),
            ("api.acme.example.evil.example", false),
            ("evil-api.acme.example", false),
            ("x.api.acme.example", false),
            ("a.corp.example", true),
            ("a.b.corp.example", true),
            (".corp.example", false),
            ("corp.example", false),
            ("evilcorp.example", false),
            ("10.0.0.1", true),
            ("", false),
        ];
        for (host, want) in cases {
            assert_eq!(settings.allows(host), want, "{host}");
        }
        assert!(Settings::default().allows("anything.example"));
        let none = Settings { hosts: Some(Vec::new()), ..Settings::default() };
        assert!(!none.allows("anything.example"));
    }

    #[test]
    fn an_environment_says_them_or_what_is_wrong() {
        let settings =
            Settings::parse(Some("API.acme.example, .corp.example,"), Some("10.1.2.3/16, ::1/128"));
        let settings = settings.unwrap();
        assert_eq!(settings.hosts.unwrap(), ["api.acme.example", ".corp.example"]);
        let open: Vec<_> = settings.open.iter().map(ToString::to_string).collect();
        assert_eq!(open, ["10.1.0.0/16", "::1/128"]);
        let nothing = Settings::parse(None, None).unwrap();
        assert_eq!((nothing.hosts, nothing.open), (None, Vec::new()));
        let wrong = Settings::parse(Some("https://a.example/, b_c"), Some("10.0.0.0, 10.0.0.0/33"));
        let want = "`10.0.0.0` is no network such as 10.1.0.0/16; `10.0.0.0/33` is no network such as \
                    10.1.0.0/16; `https://a.example/` is no host; `b_c` is no host";
        assert_eq!(wrong.unwrap_err(), want);
    }
}
