//! Generations of the read models: the same tables once more, in a schema of their own, which are filled
//! beside the live ones and then take their place.
//!
//! A generation is written by the same code as the live one, over a [`crate::Database::generation`]. Each
//! piece moves a place of that generation first ([`Generation::place`]), and the place goes with the
//! generation: whoever still writes to one that was swapped in or dropped is refused, and nothing of theirs
//! reaches the live tables.

pub mod compare;
mod owner;
mod prune;

use schemas::Timestamp;

pub use self::owner::{Generations, Held, Patience};
pub(crate) use self::prune::prune;

/// The read model that adds up all tenants.
const SUMS_OF_ALL: &str = "p_day";

/// One that is not live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// `EVENTS` as it was at a place that is about to leave the log.
    Base,
    /// A rebuild under way.
    Next,
    /// What was live before the last swap.
    Previous,
}

impl Generation {
    /// Its word, e.g. `next`.
    pub const fn name(self) -> &'static str {
        match self {
            Generation::Base => "base",
            Generation::Next => "next",
            Generation::Previous => "previous",
        }
    }

    /// Where its tables are.
    pub const fn schema(self) -> &'static str {
        match self {
            Generation::Base => "models_base",
            Generation::Next => "models_next",
            Generation::Previous => "models_previous",
        }
    }

    /// What the place of one of its workers at a reader is called, among the checkpoints.
    pub fn place(self, reader: &str, worker: u32) -> String {
        format!("{}/{reader}/{worker}", self.name())
    }

    fn named(name: &str) -> Option<Self> {
        [Generation::Base, Generation::Next, Generation::Previous]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// What is asked of a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The readers that fill it.
    pub readers: Vec<String>,
    /// Its tables that are to be live.
    pub models: Vec<String>,
    /// How many write at the same time.
    pub workers: u32,
}

/// One that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Which.
    pub generation: Generation,
    /// What was asked for.
    pub wish: Wish,
    /// Since when it is there.
    pub since: Timestamp,
    /// The place at which the base was taken over from the live models; none if it was read whole.
    pub taken_at: Option<u64>,
    /// How many tenants were erased since then: nobody is told what they added.
    pub erased: u64,
    /// How far each of its readers has come; the slowest worker counts.
    pub places: Vec<(String, u64)>,
}

impl Made {
    /// How far a reader has come here.
    pub fn at(&self, reader: &str) -> Option<u64> {
        self.places.iter().find(|(name, _)| name == reader).map(|(_, seq)| *seq)
    }

    /// Whether it was live, and may lack what tenants that are erased by now added to sums of all tenants
    /// since: it is on no log any more.
    pub fn lacks_erased(&self) -> bool {
        let has_sums = || self.wish.models.iter().any(|model| model == SUMS_OF_ALL);
        self.generation == Generation::Previous && 0 < self.erased && has_sums()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_is_found_by_its_word() {
        for generation in [Generation::Base, Generation::Next, Generation::Previous] {
            assert_eq!(Generation::named(generation.name()), Some(generation));
            assert_eq!(generation.schema(), format!("models_{}", generation.name()));
        }
        assert_eq!(Generation::named("live"), None);
        assert_eq!(Generation::Next.place("project-events", 2), "next/project-events/2");
    }
}
