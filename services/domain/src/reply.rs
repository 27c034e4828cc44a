//! What a person reads: the answer in parts, and what we say ourselves.

mod budget;
mod hand_off;
mod split;

use schemas::{ChannelKind, EventId, LimitScope, Timestamp};

pub use self::{
    budget::{near_budget, over_budget},
    hand_off::{Note, handed_off, held_notice, nobody_told, note, why},
    split::split,
};
use crate::mrkdwn;

/// The longest part, in UTF-16 units: Slack's `chat.update` takes 4,000 characters.
pub const PART_CHARS_MAX: usize = 3_900;

/// The most parts of one answer; a longer one is cut, and says so.
pub const PARTS_MAX: usize = 20;

/// Stands in the thread until the answer does.
pub const PLACEHOLDER: &str = "Thinking…";

/// Ends an answer that was cut.
pub const CUT_NOTE: &str = "_(This answer was longer than a chat can hold; the rest was cut.)_";

/// What a person reads when the model said nothing at all.
pub const EMPTY_ANSWER: &str = "I have nothing to say to that. Could you put it another way?";

/// The longest signature, in UTF-16 units: with it, a part is still no longer than Slack takes.
pub const SIGNATURE_CHARS_MAX: usize = 96;

/// How much of an event's id a person is asked to quote.
const REFERENCE_LEN: usize = 10;

/// A model's answer in standard Markdown, as messages for Slack; never none.
pub fn answer_parts(markdown: &str) -> Vec<String> {
    split(&mrkdwn::from_markdown(markdown), PART_CHARS_MAX)
}

/// An answer with lines of our own under it, in its last part where they fit, else in one more.
pub fn with_notes(mut parts: Vec<String>, notes: &[String]) -> Vec<String> {
    if notes.is_empty() {
        return parts;
    }
    let notes = notes.join("\n");
    let len = |text: &str| text.encode_utf16().count();
    match parts.last_mut() {
        Some(last) if len(last) + len(&notes) + 2 <= PART_CHARS_MAX => {
            last.push_str("\n\n");
            last.push_str(&notes);
        }
        Some(_) | None => parts.push(notes),
    }
    parts
}

/// The line under an answer that says who gave it, and which version of them. For Slack's format.
pub fn signature(name: &str, version: u32) -> String {
    let version = format!(" · version {version}");
    let room = SIGNATURE_CHARS_MAX - version.encode_utf16().count();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    for c in name.chars() {
        let escaped = mrkdwn::escape(c.encode_utf8(&mut [0; 4]));
        if room < out.encode_utf16().count() + escaped.encode_utf16().count() {
            break;
        }
        out.push_str(&escaped);
    }
    out + &version
}

/// What a person quotes, and an operator finds the event by: the start of its id.
pub fn reference_of(event: &EventId) -> String {
    event.as_str().chars().take(REFERENCE_LEN).collect()
}

/// What a person reads when there is no answer. Never says what went wrong inside.
pub fn apology(reference: &str) -> String {
    let reference = mrkdwn::escape(&reference.replace('`', "'"));
    format!(
        "I'm sorry, I couldn't answer this. Please try again in a little while. If it keeps \
         happening, tell your administrator this reference: `{reference}`"
    )
}

/// What a throttled person reads, for their eyes only: which limit, and when it opens.
pub fn throttled_notice(
    limit: LimitScope,
    channel: ChannelKind,
    per_minute: u32,
    retry_at: Timestamp,
    now: Timestamp,
) -> String {
    let wait = wait_in_words(retry_at, now);
    let of = match (limit, channel) {
        (LimitScope::Log, ChannelKind::Slack) => {
            return format!(
                "I didn't take your message: so much was written to me lately that there is no \
                 room for more. Please send it again {wait}."
            );
        }
        (LimitScope::Tenant, ChannelKind::Slack) => "your organization's limit",
        (LimitScope::Channel, ChannelKind::Slack) => "your organization's limit for Slack",
    };
    if per_minute == 0 {
        return format!(
            "I didn't take your message: {of} is set to no messages at all at the moment. Your \
             administrator can change it."
        );
    }
    let messages = if per_minute == 1 { "message" } else { "messages" };
    format!(
        "I didn't take your message: {of} of {per_minute} {messages} a minute is used up. Please \
         send it again {wait}; your administrator can raise the limit."
    )
}

fn wait_in_words(retry_at: Timestamp, now: Timestamp) -> String {
    let seconds = retry_at.since(now).as_millis().div_ceil(1000);
    match seconds {
        0 | 1 => "in a second".to_owned(),
        2..=90 => format!("in {seconds} seconds"),
        _ => format!("in {} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests;
