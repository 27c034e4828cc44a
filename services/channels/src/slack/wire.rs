//! The shapes of Slack's JSON, as far as we read them. Nothing outside this folder knows them.
//!
//! Tolerant: an unknown field is passed over, a field of the wrong type is as good as absent.
//! Bounded: a list stays a list of raw slices until somebody takes its first few.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The body of an Events API call.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope<'a> {
    #[serde(deserialize_with = "lenient")]
    pub(super) r#type: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) challenge: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) api_app_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) team_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) enterprise_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) event_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) event_time: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    pub(super) minute_rate_limited: Option<i64>,
    #[serde(borrow, deserialize_with = "lenient")]
    pub(super) authorizations: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) event: Option<&'a RawValue>,
}

/// One installation that may see the event.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Authorization {
    #[serde(deserialize_with = "lenient")]
    pub(super) team_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) enterprise_id: Option<String>,
}

/// Just enough of an event to choose how to read it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Kind {
    #[serde(deserialize_with = "lenient")]
    pub(super) r#type: Option<String>,
}

/// A message: an event itself, or what stands in one that changed it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Said<'a> {
    #[serde(deserialize_with = "lenient")]
    pub(super) subtype: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) channel: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) channel_type: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) user: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) bot_id: Option<String>,
    #[serde(borrow)]
    pub(super) bot_profile: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient")]
    pub(super) text: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) ts: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) thread_ts: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) edited: Option<Edited>,
    #[serde(deserialize_with = "lenient")]
    pub(super) user_team: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) user_profile: Option<Profile>,
    #[serde(deserialize_with = "lenient")]
    pub(super) metadata: Option<Metadata>,
    #[serde(borrow, deserialize_with = "lenient")]
    pub(super) files: Option<Vec<&'a RawValue>>,
    #[serde(borrow, deserialize_with = "lenient")]
    pub(super) blocks: Option<Vec<&'a RawValue>>,
    #[serde(borrow, deserialize_with = "lenient")]
    pub(super) attachments: Option<Vec<&'a RawValue>>,
}

/// What `message_changed` and `message_deleted` say besides.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Changed<'a> {
    #[serde(borrow, deserialize_with = "lenient")]
    pub(super) message: Option<Said<'a>>,
    #[serde(borrow, deserialize_with = "lenient")]
    pub(super) previous_message: Option<Said<'a>>,
    #[serde(deserialize_with = "lenient")]
    pub(super) deleted_ts: Option<String>,
}

#[derive(Deserialize, PartialEq)]
pub(super) struct Edited {
    pub(super) ts: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    #[serde(deserialize_with = "lenient")]
    pub(super) display_name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) real_name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) event_type: String,
    pub(super) event_payload: Payload,
}

#[derive(Deserialize)]
pub(super) struct Payload {
    pub(super) effect: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    #[serde(deserialize_with = "lenient")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) mimetype: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) size: Option<u64>,
}

/// `tokens_revoked`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Revoked<'a> {
    #[serde(borrow, deserialize_with = "lenient")]
    pub(super) tokens: Option<Tokens<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Tokens<'a> {
    #[serde(borrow, deserialize_with = "lenient")]
    pub(super) bot: Option<Vec<&'a RawValue>>,
}

/// An object, or nothing that we read.
pub(super) fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok()).flatten()
}

/// A value of the right type, or none. No type here holds itself, so that the depth is bounded.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}
