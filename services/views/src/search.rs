//! The search in what was said. Words are sealed, so the database cannot look: turns are opened, the
//! newest threads first, and a bound on them keeps a page quick.

use domain::seal::Sealing;
use schemas::{MessageId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    TenantTx,
    views::{
        conversations::Thread,
        thread::{self, Said},
    },
};

use crate::{TurnKind, ViewError, conversations::open};

/// The most turns that one page of a search opens.
pub const SCAN_TURNS_MAX: u32 = 400;

/// The most turns that are opened for what is beside a thread in a list: next to it, or not named.
pub(crate) const BESIDE_TURNS_MAX: u32 = 100;

/// The most threads that one request looks at: some have no turns.
const SCAN_THREADS_MAX: u64 = 1_600;

/// Characters shown before and after what was found.
const AROUND: (usize, usize) = (40, 100);

/// How far a search has looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Turns that were opened for this page.
    pub turns: u32,
    /// Threads that were looked at for this page.
    pub threads: u64,
    /// The last of these had its newest message then.
    pub back_to: Option<Timestamp>,
    /// Whether there is nothing further to look at.
    pub is_all: bool,
}

/// Where the words were found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The message, or the answer to it.
    pub message: MessageId,
    /// Who said it.
    pub kind: TurnKind,
    /// The words, with some of those around.
    pub snippet: String,
}

/// What is looked for.
pub(crate) struct Needle(String);

impl Needle {
    pub(crate) fn of(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        (!text.is_empty()).then_some(Self(text))
    }

    /// The place of it with what is around.
    fn find(&self, words: &str) -> Option<String> {
        let lower = words.to_lowercase();
        let before = lower.get(..lower.find(&self.0)?)?.chars().count();
        let (from, more) = (before.saturating_sub(AROUND.0), before.min(AROUND.0));
        let take = more + self.0.chars().count() + AROUND.1;
        Some(words.chars().skip(from).take(take).collect())
    }
}

impl Scan {
    /// Threads of one step.
    pub(crate) const THREADS: u32 = 100;

    /// Whether this request has looked enough.
    pub(crate) fn is_spent(&self, most: u32) -> bool {
        most <= self.turns || SCAN_THREADS_MAX <= self.threads
    }

    /// What was found in each of these threads, or in the first of them: in those whose turns fit in what
    /// is left to be opened.
    pub(crate) async fn look(
        &mut self,
        tx: &mut TenantTx,
        sealing: &Sealing,
        threads: &[Thread],
        (needle, most): (&Needle, u32),
    ) -> Result<Vec<Option<Found>>, ViewError> {
        let left = most.saturating_sub(self.turns);
        let threads = fitting(threads, left);
        let keys: Vec<_> = threads.iter().map(Thread::key).collect();
        let said = thread::turns(tx, &keys, i64::MAX, left).await?;
        // The last one may have more than what fitted in. It is looked at next time, when there is more room:
        // with all of it, any thread fits in.
        let was_cut = left as usize <= said.len();
        let whole = match said.last() {
            Some(last) if was_cut => last.thread.max(usize::from(self.turns == 0)),
            _ => threads.len(),
        };
        let mut found = vec![None; whole];
        for turn in &said {
            self.turns += 1;
            let Some(slot) = found.get_mut(turn.thread) else { continue };
            if slot.is_none() {
                *slot = find(turn, tx, sealing, needle);
            }
        }
        self.threads += whole as u64;
        Ok(found)
    }
}

/// The first of these threads, as many as have so many turns together if each message was answered: the
/// database sorts the turns of all that are asked for, wanted or not. One at least.
fn fitting(threads: &[Thread], turns: u32) -> &[Thread] {
    let mut left = turns;
    let fits = |thread: &&Thread| {
        let fits = 0 < left;
        left = left.saturating_sub(thread.messages.saturating_mul(2).min(thread::TURNS_MAX));
        fits
    };
    let count = threads.iter().take_while(fits).count();
    threads.get(..count).unwrap_or(threads)
}

fn find(turn: &Said, tx: &TenantTx, sealing: &Sealing, needle: &Needle) -> Option<Found> {
    let words = open(sealing, tx.tenant(), &turn.message, turn.text.as_ref()?)?;
    let snippet = needle.find(&words)?;
    Some(Found { message: turn.message.clone(), kind: turn.role.into(), snippet })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_is_cut_between_characters() {
        let needle = Needle::of(" ÜBER ").unwrap();
        let words = format!("{}über{}", "ä".repeat(50), "ö".repeat(200));
        let snippet = needle.find(&words).unwrap();
        assert_eq!(snippet, format!("{}über{}", "ä".repeat(40), "ö".repeat(100)));
        assert_eq!(needle.find("Über uns").as_deref(), Some("Über uns"));
        assert_eq!(needle.find("unter"), None);
        assert!(Needle::of("  ").is_none(), "nothing is looked for");
    }
}
