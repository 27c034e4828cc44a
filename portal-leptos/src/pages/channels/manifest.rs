//! The manifest from which Slack makes the app: what it may see, and where it tells us.

use serde_json::json;

/// What the app may do, and what each is for.
pub(super) const SCOPES: [(&str, &str); 6] = [
    ("app_mentions:read", "Hear when somebody mentions the agent."),
    ("chat:write", "Answer, and change its “Thinking…” into the answer."),
    ("channels:history", "Follow a thread in a public channel that it was invited to."),
    ("groups:history", "The same in a private channel that it was invited to."),
    ("im:history", "Read what people write to it directly."),
    ("mpim:history", "The same in a conversation of several people."),
];

/// What Slack tells us of, and why.
pub(super) const EVENTS: [(&str, &str); 7] = [
    ("app_mention", "Somebody mentioned the agent."),
    ("message.channels", "Somebody wrote in a public channel it is in."),
    ("message.groups", "Somebody wrote in a private channel it is in."),
    ("message.im", "Somebody wrote to it directly."),
    ("message.mpim", "Somebody wrote in a conversation it is part of."),
    ("app_uninstalled", "The app was taken away, so we stop."),
    ("tokens_revoked", "Its permission was taken back, so we stop."),
];

/// The longest name Slack takes for an app.
const NAME_CHARS_MAX: usize = 35;

/// An app for Slack.
pub(super) struct Manifest {
    name: String,
    events_url: String,
}

impl Manifest {
    /// An app of that name that tells `gateway`, e.g. `https://konstruct.example.com`.
    pub(super) fn new(name: &str, gateway: &str) -> Self {
        let name = name.trim().chars().take(NAME_CHARS_MAX).collect();
        Self { name, events_url: format!("{}/slack/events", gateway.trim_end_matches('/')) }
    }

    /// Where Slack tells us.
    pub(super) fn events_url(&self) -> &str {
        &self.events_url
    }

    /// Whether Slack can reach that: it asks for HTTPS.
    pub(super) fn is_reachable(&self) -> bool {
        self.events_url.starts_with("https://")
    }

    /// As YAML.
    pub(super) fn yaml(&self) -> String {
        let (name, url) = (quoted(&self.name), quoted(&self.events_url));
        let (scopes, events) = (SCOPES.map(|it| it.0).join(", "), EVENTS.map(|it| it.0).join(", "));
        format!(
            "display_information: {{ name: {name} }}
features:
  bot_user: {{ display_name: {name}, always_online: true }}
  app_home: {{ messages_tab_enabled: true, messages_tab_read_only_enabled: false }}
oauth_config:
  scopes:
    bot: [{scopes}]
settings:
  event_subscriptions:
    request_url: {url}
    bot_events: [{events}]
"
        )
    }

    /// As JSON.
    pub(super) fn json(&self) -> String {
        let manifest = json!({
            "display_information": { "name": self.name },
            "features": {
                "bot_user": { "display_name": self.name, "always_online": true },
                "app_home": {
                    "messages_tab_enabled": true,
                    "messages_tab_read_only_enabled": false,
                },
            },
            "oauth_config": { "scopes": { "bot": SCOPES.map(|it| it.0) } },
            "settings": {
                "event_subscriptions": {
                    "request_url": self.events_url,
                    "bot_events": EVENTS.map(|it| it.0),
                },
            },
        });
        format!("{manifest:#}\n")
    }
}

/// A string of JSON is one of YAML, whatever is in it.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_for_what_the_readme_says() {
        let readme = include_str!("../../../../README.md");
        let yaml = Manifest::new("Mara", "https://konstruct.example.com/").yaml();
        for line in yaml.lines().filter(|line| line.contains(": [")) {
            assert!(readme.contains(line), "{line}");
        }
        assert!(yaml.contains(r#"request_url: "https://konstruct.example.com/slack/events""#));
    }

    #[test]
    fn a_name_is_a_name_and_nothing_else() {
        let odd =
            Manifest::new("Mara: \"the\" {best}\n- one, of all that there are here", "https://x");
        let first = odd.yaml().lines().next().unwrap().to_owned();
        assert_eq!(
            first,
            r#"display_information: { name: "Mara: \"the\" {best}\n- one, of all th" }"#
        );
        let json: serde_json::Value = serde_json::from_str(&odd.json()).unwrap();
        assert_eq!(json["display_information"]["name"], "Mara: \"the\" {best}\n- one, of all th");
    }

    #[test]
    fn slack_reaches_nothing_but_https() {
        assert!(Manifest::new("Mara", "https://konstruct.example.com").is_reachable());
        assert!(!Manifest::new("Mara", "http://127.0.0.1:8001").is_reachable());
    }
}
