//! Dead letters: what they have in common, and what becomes of one that is retried.

pub mod edit;

use std::collections::{BTreeMap, BTreeSet};

use schemas::{EventId, Kind, TenantId, Timestamp};

/// The longest cause, in characters.
const CAUSE_CHARS_MAX: usize = 200;

/// A run of letters and digits longer than any word of ours is an id.
const WORD_CHARS_MAX: usize = 24;

/// What is known of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Which letter.
    pub id: String,
    /// Whose, where that can be told.
    pub tenant: Option<TenantId>,
    /// The consumer that could not handle it.
    pub consumer: String,
    /// The topic of its event.
    pub topic: String,
    /// Why it was set aside.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Letters of one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Names the group; the same cause has the same name.
    pub key: String,
    /// The consumer that could not handle them.
    pub consumer: String,
    /// The topic of their events.
    pub topic: String,
    /// Their reason, without what differs between them.
    pub cause: String,
    /// Whose they are.
    pub tenants: BTreeSet<TenantId>,
    /// The letters, the oldest first.
    pub letters: Vec<String>,
    /// When the first was set aside.
    pub first: Timestamp,
    /// And the last.
    pub last: Timestamp,
}

/// Puts letters of one cause together; the group with the newest letter comes first.
pub fn group(facts: &[Fact]) -> Vec<Group> {
    let mut sorted: Vec<_> = facts.iter().collect();
    sorted.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for fact in sorted {
        let cause = cause(&fact.reason);
        let key = key(&fact.consumer, &fact.topic, &cause);
        let group = groups.entry(key.clone()).or_insert_with(|| Group {
            key,
            consumer: fact.consumer.clone(),
            topic: fact.topic.clone(),
            cause,
            tenants: BTreeSet::new(),
            letters: Vec::new(),
            first: fact.at,
            last: fact.at,
        });
        group.tenants.extend(fact.tenant.clone());
        group.letters.push(fact.id.clone());
        group.last = fact.at;
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by(|a, b| (b.last, &a.key).cmp(&(a.last, &b.key)));
    groups
}

/// The name of a group: derived, so that the same cause is called the same tomorrow.
fn key(consumer: &str, topic: &str, cause: &str) -> String {
    let id = EventId::derive(consumer, &format!("{topic} {cause}"), 0);
    format!("g{}", id.as_str().get(1..9).unwrap_or_default())
}

/// A reason without what differs from one failure to the next: ids, numbers, times. A status of HTTP
/// stays, since it says what went wrong.
pub fn cause(reason: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in reason.split_whitespace() {
        let before = words.last().map(|it| it.trim_matches(|c: char| !c.is_alphanumeric()));
        let is_status = before.is_some_and(|it| {
            ["http", "status", "code"].iter().any(|word| it.eq_ignore_ascii_case(word))
        });
        words.push(if is_status { word.to_owned() } else { without_ids(word) });
    }
    words.join(" ").chars().take(CAUSE_CHARS_MAX).collect()
}

/// Each run of letters, digits, `-` and `_` that has a digit, or is too long for a word, becomes `#`.
fn without_ids(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut run = String::new();
    for c in word.chars() {
        if c.is_alphanumeric() || matches!(c, '-' | '_') {
            run.push(c);
        } else {
            out.push_str(&shown(&run));
            run.clear();
            out.push(c);
        }
    }
    out.push_str(&shown(&run));
    out
}

fn shown(run: &str) -> String {
    let is_id = run.chars().any(|c| c.is_ascii_digit()) || WORD_CHARS_MAX < run.chars().count();
    if is_id { "#".to_owned() } else { run.to_owned() }
}

/// How an event is handled once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// It is published again as it is: its consumer knows by its own records what it did before.
    Publish,
    /// Its message is answered again, unless its answer is on record: that is published, or sent where word
    /// of a failure is out already, under the id that an answer would have.
    Reopen,
    /// What the person has not got of the outcome on record is sent, for the same reason.
    Send,
    /// The outcome on record is sent as a whole: its consumer made no room for it.
    SendAnew,
}

/// How an event that `consumer` could not handle is handled once more; why not, where that is of no use.
pub fn way(consumer: &str, kind: Kind) -> Result<Way, &'static str> {
    match (consumer, kind) {
        ("completion", Kind::MessageAdmitted | Kind::MessageReopened) => Ok(Way::Reopen),
        ("delivery", Kind::CompletionFinished | Kind::CompletionFailed) => Ok(Way::Send),
        ("delivery", Kind::MessageReopened) => Ok(Way::SendAnew),
        ("delivery", Kind::MessageAdmitted) => {
            Err("a placeholder is of its moment only: discard it")
        }
        ("delivery", Kind::MessageThrottled) => {
            Err("word of a limit is of its moment only: discard it")
        }
        ("delivery", Kind::CompletionHandedOff) => Err(
            "its conversation was given back to the agent: have the message answered again, with \
             `konstruct reprocess --again`, or discard it",
        ),
        _ => Ok(Way::Publish),
    }
}

#[cfg(test)]
mod tests;
