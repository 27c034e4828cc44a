//! Looking for an effect in its thread, or among the newest of its channel, by the metadata it was
//! posted with.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    EFFECT_EVENT,
    send::{SlackOut, thread_of},
    throttle::Method,
    wire,
};
use crate::{Call, Found};

/// How many pages are read. A thread, or a channel, that is longer is not read to its end.
const PAGES_MAX: usize = 10;

/// How many messages of a page we ask for; Slack gives some apps 15 at the most.
const PAGE_LEN: &str = "200";

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    user: String,
    #[serde(default)]
    ts: String,
    metadata: wire::Metadata,
}

/// Absent only when every page was read to the end.
pub(super) async fn find(slack: &SlackOut, call: Call<'_>, bot_user: &str) -> Found {
    let mut cursor = String::new();
    let thread = thread_of(call.place);
    let method = if thread.is_some() { Method::Replies } else { Method::History };
    for _ in 0..PAGES_MAX {
        let optional =
            [("ts", thread), ("cursor", Some(cursor.as_str()).filter(|it| !it.is_empty()))];
        let mut query = vec![
            ("channel", call.place.channel.as_str()),
            ("include_all_metadata", "true"),
            ("limit", PAGE_LEN),
        ];
        query.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let page = slack.get(call.token, &call.place.workspace, method, &query).await;
        let page = match page {
            Ok(page) => page,
            Err(outcome) => return Found::Unknown { detail: format!("{outcome:?}") },
        };
        let messages = page.messages.unwrap_or_default();
        if messages.is_empty() {
            // A thread has its first message at least, and what nobody sees of a channel may be there.
            return Found::Unknown { detail: "there are no messages".to_owned() };
        }
        let mut ours = messages.iter().filter_map(|raw| effect(raw, call, bot_user));
        if let Some(ts) = ours.next() {
            return Found::At { ts };
        }
        let next = page.response_metadata.and_then(|it| it.next_cursor).unwrap_or_default();
        match (page.has_more, next.is_empty()) {
            (Some(false), true) => return Found::Absent,
            (_, false) if next != cursor => cursor = next,
            (Some(true) | None, true) | (_, false) => {
                return Found::Unknown { detail: "the messages do not end".to_owned() };
            }
        }
    }
    Found::Unknown { detail: format!("there are more than {PAGES_MAX} pages of messages") }
}

/// Metadata can be written by any app, so that only our own user's counts.
fn effect(raw: &RawValue, call: Call<'_>, bot_user: &str) -> Option<String> {
    let message: Message = wire::object(raw)?;
    let named = message.metadata.event_type == EFFECT_EVENT
        && message.metadata.event_payload.effect == call.effect.as_str();
    (named && message.user == bot_user && !message.ts.is_empty()).then_some(message.ts)
}
