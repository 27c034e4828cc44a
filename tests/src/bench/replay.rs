//! `bench replay`: what reading the log again takes. How fast the read models are rebuilt and in how much
//! memory, how long a look at what was takes where the log is long, and how many recorded turns are asked
//! again in a second.

mod log;
mod looks;
mod pipe;
mod rebuild;
mod rows;
mod sample;
mod shadow;

use konstruct_tests::installation::Installation;

use self::log::Log;
use super::{machine, report::Report};

/// Room for one event of the samples, in bytes, with what the server writes beside it.
const EVENT_BYTES: usize = 3 * 1024;

/// The least room that a stream has, in MiB.
const ROOM_MIB_MIN: usize = 1_024;

/// A part that can be measured alone.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// The read models.
    Rebuild,
    /// Traces and time travel.
    Looks,
    /// Recorded turns.
    Shadow,
}

/// What is measured, and of how much.
pub(crate) struct Options {
    /// Which parts.
    pub(crate) parts: Vec<Part>,
    /// Events on the log of the first two; each has its own number where nobody chose.
    pub(crate) events: Option<usize>,
    /// Turns that are asked again.
    pub(crate) turns: Option<usize>,
}

impl Part {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 3] = [Part::Rebuild, Part::Looks, Part::Shadow];

    /// As it is typed.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "rebuild" => Some(Part::Rebuild),
            "looks" => Some(Part::Looks),
            "shadow" => Some(Part::Shadow),
            _ => None,
        }
    }
}

/// Measures it, each part in an installation of its own.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let machine = machine(&Installation::prepare().await?).await?;
    let (mut groups, mut broken) = (Vec::new(), Vec::new());
    for part in &options.parts {
        match part {
            Part::Rebuild => groups.push(rebuild::run(options.events, &mut broken).await?),
            Part::Looks => groups.extend(looks::run(options.events).await?),
            Part::Shadow => groups.push(shadow::run(options.turns, &mut broken).await?),
        }
    }
    Ok(Report { machine, groups, broken })
}

/// Streams that take all of a log.
async fn make_room(it: &mut Installation, log: &Log) -> anyhow::Result<()> {
    let streams =
        [("KONSTRUCT_EVENTS_MIB", log.events()), ("KONSTRUCT_DIRECTORY_MIB", log.changes)];
    for (name, events) in streams {
        let mib = (events * EVENT_BYTES).div_ceil(1024 * 1024).max(ROOM_MIB_MIN);
        it.settings.insert(name.to_owned(), mib.to_string());
    }
    it.ok(&["setup"]).await?;
    Ok(())
}
