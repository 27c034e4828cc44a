//! How an event of an old version becomes one of today's.
//!
//! A [`Step`] makes the data of one version of an event into that of the next, over JSON alone. For a
//! new version: raise the number in the table of `event.rs`, add the step that leads there to [`STEPS`],
//! and leave the samples of the old version as they are.
//!
//! **Invariant:** a step is pure and total. It names no type of today, which the next version may
//! change; what it does not understand it leaves as it is, and reading says which field does not fit.
//! **Invariant:** an event of today's version passes no step and becomes no [`Value`].

use std::cmp::Ordering;

use serde_json::{Value, value::RawValue};

use crate::{DecodeError, Event, Kind};

/// Every step from a version that was ever published to the next. There is none: each event still has
/// its first version, and what its data gained since has a default.
pub const STEPS: &[Step] = &[];

/// From one version of an event to the next.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Which event, by its topic, e.g. `message.received`.
    pub topic: &'static str,
    /// The version that it reads; it makes the one after.
    pub from: u32,
    /// The next version's data, of this version's.
    pub next: fn(Value) -> Value,
}

/// The version of each event that is written, and the steps that lead there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    newest: fn(Kind) -> u32,
    steps: &'static [Step],
}

impl Chain {
    /// What programs of today read.
    pub(crate) const TODAY: Self = Self { newest: Kind::version, steps: STEPS };

    /// Reads data of the CloudEvents type `name`, whichever version of it that is.
    pub(crate) fn read(&self, name: &str, data: &RawValue) -> Result<Event, DecodeError> {
        let Some((kind, version)) = named(name) else {
            return Err(DecodeError::UnknownType(name.to_owned()));
        };
        let newest = (self.newest)(kind);
        match version.cmp(&newest) {
            Ordering::Equal => decode(kind, data, (name, "")),
            Ordering::Less => self.read_old(kind, version, (name, data)),
            Ordering::Greater => {
                Err(DecodeError::NewerVersion { type_name: name.to_owned(), newest })
            }
        }
    }

    /// Step by step; a version that no step leads from was never published.
    fn read_old(
        &self,
        kind: Kind,
        version: u32,
        (name, data): (&str, &RawValue),
    ) -> Result<Event, DecodeError> {
        let newest = (self.newest)(kind);
        let place = format!(", as v{newest}");
        let misfit =
            |source| DecodeError::Data { type_name: name.to_owned(), place: place.clone(), source };
        let value: Value = serde_json::from_str(data.get()).map_err(misfit)?;
        let stepped = (version..newest).try_fold(value, |value, from| {
            let step = self.steps.iter().find(|it| it.from == from && it.topic == kind.topic())?;
            Some((step.next)(value))
        });
        let Some(value) = stepped else {
            return Err(DecodeError::UnknownType(name.to_owned()));
        };
        let data = serde_json::value::to_raw_value(&value).map_err(misfit)?;
        decode(kind, &data, (name, &place))
    }
}

/// Reads data of today's version; `place` says which that is, where it was another.
fn decode(kind: Kind, data: &RawValue, (name, place): (&str, &str)) -> Result<Event, DecodeError> {
    kind.decode(data).map_err(|error| {
        let whole = error.path().iter().next().is_none();
        let field = if whole { String::new() } else { format!(", `{}`", error.path()) };
        DecodeError::Data {
            type_name: name.to_owned(),
            place: format!("{place}{field}"),
            source: error.into_inner(),
        }
    })
}

/// The event and the version that a CloudEvents type names, e.g. `konstruct.message.received.v1`.
fn named(name: &str) -> Option<(Kind, u32)> {
    let (topic, version) = name.strip_prefix("konstruct.")?.rsplit_once(".v")?;
    let counts = !version.starts_with('0') && version.bytes().all(|byte| byte.is_ascii_digit());
    let version = version.parse().ok().filter(|_| counts)?;
    Some((Kind::from_topic(topic)?, version))
}

#[cfg(test)]
mod tests;
