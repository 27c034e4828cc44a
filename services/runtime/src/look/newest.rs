//! The newest messages of a stream that somebody asked for: a page of them, from a bounded stretch.

use std::{collections::VecDeque, time::Duration};

use domain::look::{Judged, Wanted};

use super::{Kept, Scan, Start, What, standing};
use crate::{Bus, BusError, bus::read_error};

/// The most messages of a page.
pub const PAGE_MAX: usize = 50;

/// How far back one page looks, in sequences.
pub const SPAN_MAX: u64 = 10_000;

/// How long one page looks.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// A page.
#[derive(Clone, Debug)]
pub struct Newest {
    /// What was found, the newest first.
    pub found: Vec<(Kept, What)>,
    /// The first sequence that was looked at, and the last.
    pub looked: (u64, u64),
    /// Before which sequence the next page looks, if there may be more.
    pub older: Option<u64>,
}

/// The newest messages before a sequence, or of all, that are asked for.
pub async fn newest(
    bus: &Bus,
    stream: &'static nats::Stream,
    (wanted, subjects): (&Wanted, Vec<String>),
    before: Option<u64>,
) -> Result<Newest, BusError> {
    let standing = standing(bus, stream).await?;
    let standing = standing.ok_or_else(|| read_error(stream.name, &"it is missing"))?;
    let end = standing.last.saturating_add(1);
    let end = before.map_or(end, |before| before.min(end));
    // Of a stream that never held anything the server says that it begins with 0, which nothing has.
    let begin = end.saturating_sub(SPAN_MAX).max(standing.first).max(1);
    let looked = (begin, end.saturating_sub(1));
    let mut scan = Scan::open(bus, stream, subjects, Start::At(begin)).await?;
    let reading = read(stream, &mut scan, wanted, end);
    let found = tokio::time::timeout(LOOK_MAX, reading).await;
    let found =
        found.map_err(|_| BusError::Away("nothing came though messages wait".to_owned()))?;
    let is_full = PAGE_MAX <= found.len();
    let first = found.front().map(|(kept, _)| kept.sequence).filter(|_| is_full);
    let older = Some(first.unwrap_or(begin)).filter(|before| standing.first < *before);
    Ok(Newest { found: found.into_iter().rev().collect(), looked, older })
}

/// The last of them before `end`, in the order of the stream.
async fn read(
    stream: &nats::Stream,
    scan: &mut Scan,
    wanted: &Wanted,
    end: u64,
) -> VecDeque<(Kept, What)> {
    let mut found = VecDeque::new();
    while !scan.is_level() {
        // Whoever asks has lost patience before that.
        let Ok(Some(kept)) = scan.next_waiting(LOOK_MAX.saturating_mul(2)).await else { break };
        if end <= kept.sequence {
            break;
        }
        let what = What::of(stream, &kept);
        match wanted.judge(kept.place(), what.event()) {
            Judged::Over => break,
            Judged::Passed => {}
            Judged::Shown => {
                found.push_back((kept, what));
                if PAGE_MAX < found.len() {
                    found.pop_front();
                }
            }
        }
    }
    found
}
