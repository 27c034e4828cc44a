//! One request, as far as accounts care.

use std::net::IpAddr;

use schemas::Timestamp;

use crate::SessionToken;

/// The most characters of what a browser says of itself that are kept.
const AGENT_CHARS_MAX: usize = 200;
/// The longest IPv6 address with a zone.
const IP_CHARS_MAX: usize = 64;

/// Where a request came from, and when.
#[derive(Clone, Debug)]
pub struct Visit {
    /// When.
    pub now: Timestamp,
    ip: String,
    agent: String,
    held: Option<SessionToken>,
}

impl Visit {
    /// `agent` is what the browser calls itself. Both are cut, and lose what would break a line.
    pub fn new(now: Timestamp, ip: &str, agent: &str) -> Self {
        let clean =
            |text: &str, max| text.chars().filter(|it| !it.is_control()).take(max).collect();
        Self { now, ip: clean(ip, IP_CHARS_MAX), agent: clean(agent, AGENT_CHARS_MAX), held: None }
    }

    /// Of whoever runs the server, at its command line.
    pub fn console(now: Timestamp) -> Self {
        Self::new(now, "console", "konstruct")
    }

    /// The session that the browser came with: it ends when another one begins.
    #[must_use]
    pub fn holding(self, held: Option<SessionToken>) -> Self {
        Self { held, ..self }
    }

    /// The session that the browser came with.
    pub fn session(&self) -> Option<&SessionToken> {
        self.held.as_ref()
    }

    /// Where from.
    pub fn ip(&self) -> &str {
        &self.ip
    }

    /// Where from, as tries are counted by it. Of IPv6 that is the network: whoever has one of its
    /// addresses has them all.
    pub(crate) fn network(&self) -> String {
        match self.ip.parse::<IpAddr>().map(|it| it.to_canonical()) {
            Ok(IpAddr::V4(it)) => it.to_string(),
            Ok(IpAddr::V6(it)) => {
                let [a, b, c, d, ..] = it.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            Err(_) => self.ip.clone(),
        }
    }

    /// The browser, as it calls itself.
    pub fn agent(&self) -> &str {
        &self.agent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_has_many_addresses_is_one() {
        for (ip, want) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2::3", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::4", "2001:db8:1:2::/64"),
            ("console", "console"),
            ("", ""),
        ] {
            let visit = Visit::new(Timestamp::from_millis(0), ip, "");
            assert_eq!(visit.network(), want, "{ip}");
        }
    }
}
