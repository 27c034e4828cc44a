//! Samples of what is really published, with holes for what differs from one event to the next.

use anyhow::ensure;
use domain::trace::outcome;
use schemas::Envelope;
use serde_json::Value;

/// What is filled in.
#[derive(Clone, Copy)]
enum Hole {
    Id,
    Cause,
    Story,
    Tenant,
    Thread,
    Time,
    Effect,
    Version,
}

const EFFECT: &str = "$effect";

/// How a hole is written. None is the beginning of another, and no sample has a `$`. That of a number takes
/// its quotes along.
const HOLES: [(&str, Hole); 8] = [
    ("$id", Hole::Id),
    ("$cause", Hole::Cause),
    ("$story", Hole::Story),
    ("$tenant", Hole::Tenant),
    ("$thread", Hole::Thread),
    ("$time", Hole::Time),
    (EFFECT, Hole::Effect),
    ("\"$version\"", Hole::Version),
];

/// Where samples have what is to be filled in.
const PLACES: [(&str, &str); 12] = [
    ("/id", "$id"),
    ("/causationid", "$cause"),
    ("/correlationid", "$story"),
    ("/tenantid", "$tenant"),
    ("/time", "$time"),
    ("/data/message/id", "$story"),
    ("/data/message/conversation", "$thread"),
    ("/data/conversation", "$thread"),
    ("/data/effect", EFFECT),
    ("/data/parts/0/effect", EFFECT),
    ("/data/tenant/id", "$tenant"),
    ("/data/agent/published/version", "$version"),
];

/// What goes into the holes.
#[derive(Default)]
pub(super) struct Values<'a> {
    pub(super) id: &'a str,
    pub(super) cause: &'a str,
    pub(super) story: &'a str,
    pub(super) tenant: &'a str,
    pub(super) thread: &'a str,
    pub(super) time: &'a str,
    pub(super) effect: &'a str,
    pub(super) version: &'a str,
}

/// A sample that can be filled in, again and again.
pub(super) struct Sample {
    /// What it is, e.g. `message.received`.
    pub(super) topic: &'static str,
    /// The program that says it.
    pub(super) source: String,
    /// What a trace says of it; an effect is a hole there too.
    note: String,
    /// Whether another event led to it.
    pub(super) has_cause: bool,
    /// Each hole with the text before it.
    parts: Vec<(String, Hole)>,
    rest: String,
}

impl Sample {
    /// Reads one.
    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        let known = Envelope::decode(text.as_bytes())?;
        let mut event: Value = serde_json::from_str(text)?;
        let mut note = outcome(&known.event);
        if let Some(effect) = event.pointer("/data/effect").and_then(Value::as_str) {
            note = note.replace(effect, EFFECT);
        }
        for (place, hole) in PLACES {
            if let Some(found) = event.pointer_mut(place) {
                *found = hole.into();
            }
        }
        let (mut parts, mut rest) = (Vec::new(), event.to_string());
        while let Some((at, name, hole)) = first(&rest) {
            let after = rest.split_off(at).split_off(name.len());
            parts.push((std::mem::replace(&mut rest, after), hole));
        }
        Ok(Self {
            topic: known.event.kind().topic(),
            has_cause: known.causation.is_some(),
            source: known.source,
            note,
            parts,
            rest,
        })
    }

    /// What a trace says of it, with that effect; nothing where that is nothing.
    pub(super) fn note(&self, effect: Option<&str>) -> Option<String> {
        let note = self.note.replace(EFFECT, effect.unwrap_or_default());
        Some(note).filter(|note| !note.is_empty())
    }

    /// The event as it is published.
    pub(super) fn filled(&self, values: &Values<'_>) -> String {
        let mut text = String::new();
        for (before, hole) in &self.parts {
            text.push_str(before);
            text.push_str(match hole {
                Hole::Id => values.id,
                Hole::Cause => values.cause,
                Hole::Story => values.story,
                Hole::Tenant => values.tenant,
                Hole::Thread => values.thread,
                Hole::Time => values.time,
                Hole::Effect => values.effect,
                Hole::Version => values.version,
            });
        }
        text.push_str(&self.rest);
        text
    }
}

/// Whether what was filled in is an event, and is published there.
pub(super) fn check(subject: &str, payload: &str) -> anyhow::Result<()> {
    let envelope = Envelope::decode(payload.as_bytes())?;
    let want = envelope.subject();
    ensure!(want.as_str() == subject, "`{subject}` is not where it goes: {want}");
    Ok(())
}

/// The first hole of a text.
fn first(text: &str) -> Option<(usize, &'static str, Hole)> {
    let found = HOLES.into_iter().filter_map(|(name, hole)| Some((text.find(name)?, name, hole)));
    found.min_by_key(|(at, _, _)| *at)
}
