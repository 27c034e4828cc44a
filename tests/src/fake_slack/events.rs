//! Events as Slack sends them, from what people and bots do. Derived: the same deed is the same
//! event, so that a test can deliver it again.

use serde_json::{Value, json};

use super::{
    methods::{Seen, shown},
    world::{APP, Posted, Team},
};

/// Something a person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// The workspace whose installation hears it.
    pub team: Team,
    /// The channel: `C…`, `G…`, or `D…` for a direct message.
    pub channel: String,
    /// Who.
    pub user: String,
    /// In mrkdwn: `<@U0MARA> hello`.
    pub text: String,
    /// When, which is what it is called in its channel.
    pub ts: String,
    /// The thread it replies in.
    pub thread: Option<String>,
    /// The speaker's own workspace where it is another customer's (Slack Connect).
    pub guest_of: Option<String>,
}

impl Spoken {
    /// Said in the open.
    pub fn new(team: &Team, channel: &str, user: &str, text: &str, ts: &str) -> Self {
        Self {
            team: team.clone(),
            channel: channel.to_owned(),
            user: user.to_owned(),
            text: text.to_owned(),
            ts: ts.to_owned(),
            thread: None,
            guest_of: None,
        }
    }

    /// Said in a thread.
    #[must_use]
    pub fn in_thread(mut self, root: &str) -> Self {
        self.thread = Some(root.to_owned());
        self
    }

    /// Said by somebody of another company, in a shared channel.
    #[must_use]
    pub fn guest_of(mut self, team: &str) -> Self {
        self.guest_of = Some(team.to_owned());
        self
    }

    /// Whether it mentions the employee.
    pub fn mentions_bot(&self) -> bool {
        self.text.contains(&format!("<@{}>", self.team.bot_user))
    }

    /// All events it causes: `message`, and beside it `app_mention` with the same `ts` and another
    /// event id where the employee is mentioned, but not in a direct message.
    pub fn events(&self) -> Vec<Value> {
        let mut events = vec![self.message()];
        if self.mentions_bot() && !self.channel.starts_with('D') {
            events.push(self.app_mention());
        }
        events
    }

    /// The `message` event.
    pub fn message(&self) -> Value {
        let mut event = self.event("message");
        set(&mut event, "channel_type", channel_type(&self.channel).into());
        self.envelope("M", event)
    }

    /// The `app_mention` event.
    pub fn app_mention(&self) -> Value {
        self.envelope("A", self.event("app_mention"))
    }

    /// The same with a file attached.
    pub fn with_file(&self, id: &str, name: &str) -> Value {
        let mut event = self.event("message");
        set(&mut event, "channel_type", channel_type(&self.channel).into());
        set(&mut event, "subtype", "file_share".into());
        let file = json!({ "id": id, "name": name, "mimetype": "text/plain", "size": 7 });
        set(&mut event, "files", json!([file]));
        self.envelope("F", event)
    }

    /// The author changes it.
    pub fn edited(&self, text: &str, edit_ts: &str) -> Value {
        let mut after = self.event("message");
        set(&mut after, "text", text.into());
        set(&mut after, "edited", json!({ "user": self.user, "ts": edit_ts }));
        let event = json!({
            "type": "message", "subtype": "message_changed", "hidden": true,
            "channel": self.channel, "channel_type": channel_type(&self.channel),
            "ts": edit_ts, "event_ts": edit_ts,
            "message": after, "previous_message": self.event("message"),
        });
        self.envelope(&format!("E{}", plain(edit_ts)), event)
    }

    /// The author takes it back.
    pub fn deleted(&self, event_ts: &str) -> Value {
        let event = json!({
            "type": "message", "subtype": "message_deleted", "hidden": true,
            "channel": self.channel, "channel_type": channel_type(&self.channel),
            "ts": event_ts, "event_ts": event_ts, "deleted_ts": self.ts,
            "previous_message": self.event("message"),
        });
        self.envelope("D", event)
    }

    /// The author joins the channel; the text is Slack's.
    pub fn joined(&self) -> Value {
        let mut event = self.event("message");
        set(&mut event, "subtype", "channel_join".into());
        set(&mut event, "text", format!("<@{}> has joined the channel", self.user).into());
        set(&mut event, "channel_type", channel_type(&self.channel).into());
        self.envelope("J", event)
    }

    /// Another app says it, as modern apps do: no subtype, but a bot's id and profile.
    pub fn by_other_bot(&self) -> Value {
        let mut event = self.event("message");
        set(&mut event, "bot_id", "B0OTHER".into());
        set(&mut event, "app_id", "A0OTHER".into());
        set(&mut event, "bot_profile", json!({ "id": "B0OTHER", "app_id": "A0OTHER" }));
        set(&mut event, "channel_type", channel_type(&self.channel).into());
        self.envelope("B", event)
    }

    /// An old integration says it: a `bot_message` without a user.
    pub fn by_integration(&self) -> Value {
        let mut event = self.event("message");
        set(&mut event, "subtype", "bot_message".into());
        set(&mut event, "bot_id", "B0HOOK".into());
        set(&mut event, "user", Value::Null);
        set(&mut event, "channel_type", channel_type(&self.channel).into());
        self.envelope("H", event)
    }

    fn event(&self, kind: &str) -> Value {
        let home = self.guest_of.as_ref().unwrap_or(&self.team.id);
        let mut event = json!({
            "type": kind, "user": self.user, "text": self.text, "ts": self.ts,
            "channel": self.channel, "event_ts": self.ts, "team": home,
            "client_msg_id": format!("66cc9473-0000-4000-8000-{:0>12.12}", plain(&self.ts)),
            "blocks": [{ "type": "rich_text", "block_id": "x", "elements": [] }],
        });
        if let Some(thread) = &self.thread {
            set(&mut event, "thread_ts", thread.as_str().into());
        }
        if let Some(guest_of) = &self.guest_of {
            set(&mut event, "user_team", guest_of.as_str().into());
            set(&mut event, "source_team", guest_of.as_str().into());
            let profile = json!({ "real_name": "Gus Guest", "display_name": "gus" });
            set(&mut event, "user_profile", profile);
        }
        event
    }

    /// Slack Connect names the workspace it comes from, and authorizes the one it is for.
    fn envelope(&self, mark: &str, event: Value) -> Value {
        let mut body = envelope(&self.team, &format!("{}{mark}", plain(&self.ts)), event);
        if let Some(guest_of) = &self.guest_of {
            set(&mut body, "team_id", guest_of.as_str().into());
            set(&mut body, "context_team_id", self.team.id.as_str().into());
            set(&mut body, "is_ext_shared_channel", true.into());
        }
        body
    }
}

/// The workspace throws the app out.
pub fn app_uninstalled(team: &Team) -> Value {
    without_authorization(envelope(team, "UNINSTALLED", json!({ "type": "app_uninstalled" })))
}

/// The workspace takes the employee's token back.
pub fn tokens_revoked(team: &Team) -> Value {
    let tokens = json!({ "oauth": [], "bot": [team.bot_user] });
    let event = json!({ "type": "tokens_revoked", "tokens": tokens });
    without_authorization(envelope(team, "REVOKED", event))
}

/// Slack withholds events of the workspace.
pub fn app_rate_limited(team: &Team) -> Value {
    json!({
        "token": "deprecated", "type": "app_rate_limited", "team_id": team.id,
        "minute_rate_limited": 1_700_000_040, "api_app_id": APP,
    })
}

/// Slack asks whether the address is ours.
pub fn url_verification(challenge: &str) -> Value {
    json!({ "token": "deprecated", "type": "url_verification", "challenge": challenge })
}

/// What the workspace sees of the employee's own call.
pub(super) fn echo(team: &Team, seen: &Seen) -> Value {
    let with_channel = |posted: &Posted| {
        let mut event = shown(posted);
        set(&mut event, "channel", posted.channel.as_str().into());
        set(&mut event, "channel_type", channel_type(&posted.channel).into());
        set(&mut event, "event_ts", posted.ts.as_str().into());
        event
    };
    match seen {
        Seen::Posted(posted) => {
            envelope(team, &format!("{}P", plain(&posted.ts)), with_channel(posted))
        }
        Seen::Changed { before, after } => {
            let nth = after.history.len();
            let edit_ts = format!("{}{:02}", after.ts, nth % 100);
            let mut message = shown(after);
            set(&mut message, "edited", json!({ "user": after.user, "ts": edit_ts }));
            let event = json!({
                "type": "message", "subtype": "message_changed", "hidden": true,
                "channel": after.channel, "channel_type": channel_type(&after.channel),
                "ts": edit_ts, "event_ts": edit_ts,
                "message": message, "previous_message": shown(before),
            });
            envelope(team, &format!("{}C{nth}", plain(&after.ts)), event)
        }
        Seen::Deleted(posted) => {
            let event = json!({
                "type": "message", "subtype": "message_deleted", "hidden": true,
                "channel": posted.channel, "channel_type": channel_type(&posted.channel),
                "ts": posted.ts, "event_ts": posted.ts, "deleted_ts": posted.ts,
                "previous_message": shown(posted),
            });
            envelope(team, &format!("{}X", plain(&posted.ts)), event)
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that callers read `envelope(…, json!(…))`")]
fn envelope(team: &Team, mark: &str, event: Value) -> Value {
    let ts = event.get("event_ts").and_then(Value::as_str).unwrap_or("1700000000");
    let seconds = ts.split('.').next().and_then(|s| s.parse::<i64>().ok()).unwrap_or(0);
    let channel = event.get("channel").and_then(Value::as_str).unwrap_or_default();
    let event_id = format!("Ev{}{channel}{mark}", team.id);
    let authorization = json!({
        "enterprise_id": null, "team_id": team.id, "user_id": team.bot_user,
        "is_bot": true, "is_enterprise_install": false,
    });
    json!({
        "token": "deprecated", "team_id": team.id, "context_team_id": team.id,
        "context_enterprise_id": null, "api_app_id": APP, "type": "event_callback",
        "event_id": event_id, "event_time": seconds,
        "authorizations": [authorization], "is_ext_shared_channel": false,
        "event_context": "4-context", "event": event,
    })
}

fn without_authorization(mut body: Value) -> Value {
    if let Some(map) = body.as_object_mut() {
        map.remove("authorizations");
    }
    body
}

fn channel_type(channel: &str) -> &'static str {
    match channel.chars().next() {
        Some('D') => "im",
        Some('G') => "group",
        Some(_) | None => "channel",
    }
}

fn plain(ts: &str) -> String {
    ts.replace('.', "")
}

pub(super) fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(name.to_owned(), value);
    }
}
