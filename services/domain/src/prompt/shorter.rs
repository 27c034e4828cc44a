//! A prompt that no model takes, made shorter.

use super::{BUDGET_TOKENS_MIN, Prompt, PromptInput, build, turns::cost};

/// The same talk in half the room that it took: the oldest turns go, and of the message to answer its
/// middle, where it alone takes more. Nothing where there is no half to be had.
pub fn shorter(input: PromptInput<'_>, built: &Prompt) -> Option<Prompt> {
    let took = built.turns.iter().map(|turn| cost(&turn.text)).fold(0, u32::saturating_add);
    let budget_tokens = took / 2;
    let is_enough = BUDGET_TOKENS_MIN <= budget_tokens;
    is_enough.then(|| build(PromptInput { budget_tokens, ..input }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        config::OpenConfig,
        prompt::{Speaker, Turn},
    };

    fn turn(place: usize, words: usize) -> Turn {
        let person = || Speaker::Person { id: "ann".to_owned(), name: None };
        Turn {
            message: format!("m{place}").parse().unwrap(),
            revision: 0,
            speaker: if place.is_multiple_of(2) { person() } else { Speaker::Agent },
            text: "word ".repeat(words),
            deleted: false,
        }
    }

    /// The prompt of turns of so many words, and the shorter one.
    fn both(words: &[usize], newest: usize) -> (Prompt, Option<Prompt>) {
        let history: Vec<_> = words.iter().enumerate().map(|(at, it)| turn(at, *it)).collect();
        let (agent, newest) = (OpenConfig::named("Mara"), turn(100, newest));
        let input = PromptInput {
            agent: &agent,
            tenant_name: "Acme Ltd",
            history: &history,
            newest: &newest,
            older_exist: false,
            budget_tokens: 100_000,
            may_hand_over: true,
        };
        let built = build(input);
        let shorter = shorter(input, &built);
        (built, shorter)
    }

    fn names(prompt: &Prompt) -> Vec<&str> {
        prompt.record.iter().map(|used| used.message.as_str()).collect()
    }

    #[test]
    fn the_older_half_goes_and_the_model_is_told() {
        let (built, shorter) = both(&[100; 6], 100);
        assert_eq!(names(&built), ["m0", "m1", "m2", "m3", "m4", "m5", "m100"]);
        assert!(!built.truncated);
        let shorter = shorter.unwrap();
        assert_eq!(names(&shorter), ["m4", "m5", "m100"]);
        assert!(shorter.truncated && shorter.system.contains("were left out for length"));
    }

    #[test]
    fn a_message_that_is_too_long_alone_loses_its_middle() {
        let (built, shorter) = both(&[], 1_000);
        let shorter = shorter.unwrap();
        assert_eq!((names(&shorter), shorter.truncated), (vec!["m100"], false));
        let [before, after] = [&built, &shorter].map(|it| cost(&it.turns[0].text));
        assert!(after <= before / 2 && shorter.turns[0].text.contains("the middle of this"));
    }

    #[test]
    fn what_is_short_already_is_left_alone() {
        assert!(both(&[5], 20).1.is_none());
    }

    proptest! {
        #[test]
        fn it_takes_no_more_than_half_and_keeps_what_was_said_last(
            words in proptest::collection::vec(0_usize..400, 0..12),
            newest in 0_usize..2_000,
        ) {
            let (built, shorter) = both(&words, newest);
            let took = |it: &Prompt| it.turns.iter().map(|turn| cost(&turn.text)).sum::<u32>();
            if let Some(shorter) = shorter {
                prop_assert!(took(&shorter) <= took(&built) / 2);
                prop_assert!(names(&built).ends_with(&names(&shorter)));
                prop_assert_eq!(shorter.truncated, shorter.record.len() < built.record.len());
            }
        }
    }
}
