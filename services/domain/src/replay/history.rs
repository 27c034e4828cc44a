//! Which turns of a thread's memory a model was shown, as the record of its prompt tells.

use schemas::{MessageId, event::TurnUsed};

use super::Unplayable;

/// A turn that the thread remembers now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The message it belongs to.
    pub message: MessageId,
    /// Whether it is the agent's answer to that.
    pub is_agent: bool,
    /// How often it was edited.
    pub revision: u32,
    /// Whether it was taken back.
    pub is_deleted: bool,
}

/// The places in `memory`, oldest first, of the turns that were `used`, the message to answer not among
/// either. Memory has each turn as it is now: what was edited or taken back since is not what it was.
/// O(used × memory).
pub fn which(used: &[TurnUsed], memory: &[Known]) -> Result<Vec<usize>, Unplayable> {
    let mut places = Vec::with_capacity(used.len());
    for turns in used.chunk_by(|a, b| a.message == b.message) {
        let Some(first) = turns.first() else { continue };
        let find = |is_agent| {
            let is = |known: &Known| known.message == first.message && known.is_agent == is_agent;
            memory.iter().position(is)
        };
        let (person, agent) = (find(false), find(true));
        match turns {
            [said] if is_answer_alone(person, agent, memory) => {
                // Nobody's words stand before an answer that opens a talk: then they were taken back since.
                let answer = agent.filter(|_| !places.is_empty()).ok_or(Unplayable::Erased)?;
                places.push(as_used(answer, said, memory)?);
            }
            [said] if agent.is_none() => {
                places.push(as_used(person.ok_or(Unplayable::NoTurn)?, said, memory)?);
            }
            [said, answer] => {
                places.push(as_used(person.ok_or(Unplayable::NoTurn)?, said, memory)?);
                places.push(as_used(agent.ok_or(Unplayable::NoTurn)?, answer, memory)?);
            }
            _more_or_another => return Err(Unplayable::Changed),
        }
    }
    let is_in_order = places.is_sorted_by(|a, b| a < b);
    if is_in_order { Ok(places) } else { Err(Unplayable::Changed) }
}

/// Whether of a message and its answer only the answer is left.
fn is_answer_alone(person: Option<usize>, agent: Option<usize>, memory: &[Known]) -> bool {
    let person = person.and_then(|place| memory.get(place));
    agent.is_some() && person.is_some_and(|person| person.is_deleted)
}

/// The place, if what stands there is what was used.
fn as_used(place: usize, used: &TurnUsed, memory: &[Known]) -> Result<usize, Unplayable> {
    let known = memory.get(place).ok_or(Unplayable::NoTurn)?;
    if known.is_deleted {
        return Err(Unplayable::Erased);
    }
    if known.revision != used.revision {
        return Err(Unplayable::Edited);
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn used(names: &[&str]) -> Vec<TurnUsed> {
        let used = |name: &&str| {
            let (message, revision) = name.split_once('@').unwrap_or((name, "0"));
            TurnUsed { message: message.parse().unwrap(), revision: revision.parse().unwrap() }
        };
        names.iter().map(used).collect()
    }

    /// `a` is what a person said, `a+` the answer, `a@2` was edited twice, `a-` was taken back.
    fn memory(names: &[&str]) -> Vec<Known> {
        let known = |name: &&str| {
            let (name, revision) = name.split_once('@').unwrap_or((name, "0"));
            let bare = name.trim_end_matches(['+', '-']);
            Known {
                message: bare.parse().unwrap(),
                is_agent: name.ends_with('+'),
                revision: revision.parse().unwrap(),
                is_deleted: name.ends_with('-'),
            }
        };
        names.iter().map(known).collect()
    }

    /// What was used then, what there is now, and which of it that is.
    type Case = (&'static [&'static str], &'static [&'static str], Result<Vec<usize>, Unplayable>);

    #[test]
    fn a_thread_is_as_it_was_or_it_is_said_why_not() {
        use Unplayable as U;
        let cases: [Case; 13] = [
            (&[], &["a", "a+"], Ok(vec![])),
            (&["a", "a"], &["a", "a+"], Ok(vec![0, 1])),
            (&["b", "b"], &["a", "a+", "b", "b+"], Ok(vec![2, 3])),
            // Somebody spoke, and nobody answered.
            (&["a", "b", "b"], &["a", "b", "b+"], Ok(vec![0, 1, 2])),
            (&["a@1", "a"], &["a@1", "a+"], Ok(vec![0, 1])),
            (&["a", "a"], &["a@1", "a+"], Err(U::Edited)),
            (&["a", "a"], &["a-", "a+"], Err(U::Erased)),
            (&["a"], &["a-"], Err(U::Erased)),
            // Taken back before it was asked.
            (&["a", "b"], &["a", "b-", "b+"], Ok(vec![0, 2])),
            (&["b"], &["b-", "b+"], Err(U::Erased)),
            (&["a", "a"], &[], Err(U::NoTurn)),
            // An answer that came later.
            (&["a"], &["a", "a+"], Err(U::Changed)),
            (&["b", "a"], &["a", "b"], Err(U::Changed)),
        ];
        for (then, now, want) in cases {
            assert_eq!(which(&used(then), &memory(now)), want, "{then:?} of {now:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_shown_of_an_unchanged_thread_is_found(
            talk in proptest::collection::vec((any::<bool>(), 0_u32..3), 0..20), shown in 0_usize..40,
        ) {
            let mut memory = Vec::new();
            for (place, (is_answered, revision)) in talk.into_iter().enumerate() {
                let message: MessageId = format!("m{place}").parse().unwrap();
                let person = Known { message, is_agent: false, revision, is_deleted: false };
                let answer = Known { is_agent: true, revision: 0, ..person.clone() };
                memory.push(person);
                memory.extend(is_answered.then_some(answer));
            }
            // The newest that fit, from somebody's words on.
            let from = memory.len().saturating_sub(shown);
            let from = (from..memory.len()).find(|at| !memory[*at].is_agent).unwrap_or(memory.len());
            let used = |known: &Known| TurnUsed { message: known.message.clone(), revision: known.revision };
            let used: Vec<_> = memory[from..].iter().map(used).collect();
            prop_assert_eq!(which(&used, &memory), Ok((from..memory.len()).collect()));
        }
    }
}
