//! What the look-alike of Slack says, and what is said to it.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::server::{dev_slack::DevSlack, error::PageError};

#[derive(Debug, Deserialize)]
pub(super) struct Team {
    pub(super) id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) bot: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Room {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct News {
    pub(super) messages: Vec<Message>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Message {
    pub(super) ts: String,
    pub(super) thread_ts: Option<String>,
    pub(super) name: String,
    pub(super) bot: bool,
    pub(super) text: String,
    pub(super) updated: bool,
    pub(super) deleted: bool,
    pub(super) only_for: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Said {
    pub(super) ts: String,
    pub(super) taken: bool,
}

pub(super) async fn get<T: DeserializeOwned>(
    slack: &DevSlack,
    call: &'static str,
    query: &[(&'static str, String)],
) -> Result<T, PageError> {
    let found = slack.get(call, query.to_vec()).await.map_err(|error| away(&error))?;
    serde_json::from_value(found).map_err(|error| away(&error.to_string()))
}

pub(super) async fn say(
    slack: &DevSlack,
    team: &str,
    channel: &str,
    user: &str,
    (text, thread): (&str, &str),
) -> Result<Said, PageError> {
    let thread = (!thread.is_empty()).then_some(thread);
    let said: Value = json!({
        "team": team, "channel": channel, "user": user, "text": text, "thread": thread, "typed": true,
    });
    let said = slack.post("say", said).await.map_err(|error| away(&error))?;
    serde_json::from_value(said).map_err(|error| away(&error.to_string()))
}

fn away(error: &str) -> PageError {
    tracing::warn!(error, "the local Slack does not answer");
    PageError::Unavailable
}

/// What that person sees, in the order in which it was said.
pub(super) fn visible(mut messages: Vec<Message>, user: &str) -> Vec<Message> {
    messages.retain(|it| !it.deleted && it.only_for.as_deref().is_none_or(|only| only == user));
    messages.sort_by(|one, other| one.ts.cmp(&other.ts));
    messages
}

/// Whether the last that was said, not long ago, still waits for its answer. In a channel only an
/// agent that is mentioned, or has spoken in the thread, answers.
pub(super) fn is_awaited(
    messages: &[Message],
    is_direct: bool,
    (now_s, within_s): (i64, u64),
) -> bool {
    let Some(last) = messages.last() else { return false };
    let said_s = last.ts.split('.').next().and_then(|it| it.parse::<i64>().ok()).unwrap_or(0);
    let is_recent = now_s.saturating_sub(said_s) < i64::try_from(within_s).unwrap_or(0);
    if last.bot {
        // An agent's first word in a thread is its placeholder, which becomes the answer.
        return is_recent && !last.updated && last.text.contains("Thinking");
    }
    let spoke = |it: &Message| it.bot && it.thread_ts.is_some() && it.thread_ts == last.thread_ts;
    is_recent && (is_direct || last.text.contains("<@") || messages.iter().any(spoke))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(ts: &str, bot: bool, updated: bool, text: &str) -> Message {
        Message {
            ts: ts.to_owned(),
            thread_ts: None,
            name: "Ada".to_owned(),
            bot,
            text: text.to_owned(),
            updated,
            deleted: false,
            only_for: None,
        }
    }

    #[test]
    fn an_answer_is_awaited_until_it_is_there_or_it_takes_too_long() {
        let asked = message("100.1", false, false, "<@U0MARA> hello");
        let thinking = message("101.1", true, false, "_Thinking…_");
        let answered = message("101.1", true, true, "Hello, Ada.");
        assert!(is_awaited(std::slice::from_ref(&asked), false, (110, 60)));
        assert!(is_awaited(&[asked.clone(), thinking], false, (110, 60)));
        assert!(!is_awaited(&[asked.clone(), answered], false, (110, 60)));
        assert!(!is_awaited(&[asked], false, (200, 60)));
        assert!(!is_awaited(&[], true, (200, 60)));
    }

    #[test]
    fn what_is_said_to_nobody_is_not_awaited() {
        let said = message("100.1", false, false, "who has the key?");
        assert!(!is_awaited(std::slice::from_ref(&said), false, (110, 60)));
        assert!(is_awaited(std::slice::from_ref(&said), true, (110, 60)), "to the agent directly");
        let within = |ts, bot| Message {
            thread_ts: Some("99.1".to_owned()),
            ..message(ts, bot, bot, "and then?")
        };
        assert!(is_awaited(&[within("100.1", true), within("101.1", false)], false, (110, 60)));
        assert!(!is_awaited(&[within("100.1", false), within("101.1", false)], false, (110, 60)));
    }

    #[test]
    fn a_person_sees_what_is_meant_for_them() {
        let mine =
            Message { only_for: Some("U1".to_owned()), ..message("2.0", true, false, "psst") };
        let gone = Message { deleted: true, ..message("3.0", false, false, "oops") };
        let all = vec![mine, message("1.0", false, false, "hi"), gone];
        let texts =
            |user| visible(all.clone(), user).into_iter().map(|it| it.text).collect::<Vec<_>>();
        assert_eq!(texts("U1"), ["hi", "psst"]);
        assert_eq!(texts("U2"), ["hi"]);
    }
}
