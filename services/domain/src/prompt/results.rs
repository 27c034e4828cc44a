//! Results of tools, made shorter until the request that holds them fits.

use std::borrow::Cow;

use super::{estimate_tokens, middle::without_middle};

/// No result is made shorter than that, in tokens by [`estimate_tokens`]: what tells of an order, or of
/// a failure, is left.
pub const RESULT_TOKENS_MIN: u32 = 128;

/// The results of an answer's tools, oldest first, in no more than `room` tokens, or as near to that as
/// [`RESULT_TOKENS_MIN`] lets them come. The longest give first, and all of those that the model has
/// read before any of the last `unread`. One that is cut says how much of it is left out.
pub fn fit_results<'a>(results: &[&'a str], unread: usize, room: u32) -> Vec<Cow<'a, str>> {
    let costs: Vec<u32> = results.iter().map(|text| estimate_tokens(text)).collect();
    let (read, unread) = costs.split_at(costs.len().saturating_sub(unread));
    let most_of_read = level(read, room.saturating_sub(total(unread, u32::MAX)));
    let most_of_unread = level(unread, room.saturating_sub(total(read, most_of_read)));
    let most = |at: usize| if at < read.len() { most_of_read } else { most_of_unread };
    let texts = results.iter().zip(&costs).enumerate();
    texts.map(|(at, (text, cost))| cut(text, *cost, most(at))).collect()
}

fn cut(text: &str, cost: u32, most: u32) -> Cow<'_, str> {
    if cost <= most {
        return Cow::Borrowed(text);
    }
    let all = text.chars().count();
    let note = |left_out| {
        format!(
            "\n[{left_out} of the {all} characters of this result are left out here, since there is \
             no room for all of it]\n"
        )
    };
    Cow::Owned(without_middle(text, most, note))
}

/// What all take, where each is cut to `most`.
fn total(costs: &[u32], most: u32) -> u32 {
    costs.iter().fold(0, |sum, cost| sum.saturating_add(*cost.min(&most)))
}

/// To how much each must be cut so that all fit into the room: the longest first.
fn level(costs: &[u32], mut room: u32) -> u32 {
    let mut costs = costs.to_vec();
    costs.sort_unstable();
    let mut left = u32::try_from(costs.len()).unwrap_or(u32::MAX);
    for cost in costs {
        let share = room.checked_div(left).unwrap_or(0);
        if share < cost {
            return share.max(RESULT_TOKENS_MIN);
        }
        room = room.saturating_sub(cost);
        left = left.saturating_sub(1);
    }
    u32::MAX
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What results of so many tokens come to.
    fn fitted(tokens: &[u32], unread: usize, room: u32) -> Vec<u32> {
        let texts: Vec<String> = tokens.iter().map(|it| "word".repeat(*it as usize)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        fit_results(&texts, unread, room).iter().map(|it| estimate_tokens(it)).collect()
    }

    #[test]
    fn what_gives_first() {
        let cases: [(&[u32], usize, u32, &[u32]); 8] = [
            // All of it fits.
            (&[300, 400], 1, 700, &[300, 400]),
            (&[], 0, 0, &[]),
            // The older one gives, and the newest not.
            (&[1_000, 400], 1, 700, &[300, 400]),
            // Of those that were read the longest, down to the others.
            (&[1_000, 200, 600, 400], 1, 1_600, &[500, 200, 500, 400]),
            // The newest gives when the others have nothing more to give.
            (&[1_000, 1_000], 1, 600, &[128, 472]),
            // What was called together was not read either.
            (&[1_000, 1_000, 600], 2, 1_128, &[128, 500, 500]),
            // No result goes away, and what is short is left alone.
            (&[1_000, 50, 1_000], 1, 0, &[128, 50, 128]),
            // More are unread than there are.
            (&[1_000], 5, 500, &[500]),
        ];
        for (tokens, unread, room, want) in cases {
            let got = fitted(tokens, unread, room);
            // What stands in the middle is guessed at its longest, so a cut may take a little less.
            let near = |(got, want): (&u32, &u32)| *got <= *want && want - got <= 2;
            let all_near = got.iter().zip(want).all(near);
            assert!(got.len() == want.len() && all_near, "{tokens:?} in {room}: {got:?}");
        }
    }

    #[test]
    fn a_cut_says_how_much_is_left_out() {
        let text = format!("first{}last", "ä".repeat(2_000));
        let [cut]: [Cow<'_, str>; 1] = fit_results(&[text.as_str()], 1, 200).try_into().unwrap();
        let (head, rest) = cut.split_once("\n[").unwrap();
        let (note, tail) = rest.split_once("]\n").unwrap();
        assert!(head.starts_with("firstä") && tail.ends_with("älast"));
        let left_out = 2_009 - head.chars().count() - tail.chars().count();
        assert_eq!(
            note,
            format!(
                "{left_out} of the 2009 characters of this result are left out here, since there is \
                 no room for all of it"
            )
        );
    }

    proptest! {
        #[test]
        fn it_fits_in_its_order_and_the_newest_gives_last(
            texts in proptest::collection::vec("[a-c✓]{0,40}", 0..8),
            times in proptest::collection::vec(1_usize..80, 8),
            unread in 0_usize..4,
            room in 0_u32..6_000,
        ) {
            let texts: Vec<String> =
                texts.iter().zip(times).map(|(text, times)| text.repeat(times)).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let fitted = fit_results(&texts, unread, room);
            prop_assert_eq!(fitted.len(), texts.len());
            let least = |it: &&str| estimate_tokens(it).min(RESULT_TOKENS_MIN);
            let least: u32 = texts.iter().map(least).sum();
            let took: u32 = fitted.iter().map(|it| estimate_tokens(it)).sum();
            prop_assert!(took <= room.max(least));
            for (text, fitted) in texts.iter().zip(&fitted) {
                let head = fitted.split("\n[").next().unwrap_or_default();
                prop_assert!(text.starts_with(head), "it is another result");
                prop_assert!(fitted == text || RESULT_TOKENS_MIN < estimate_tokens(text));
            }
            let is_cut: Vec<bool> =
                texts.iter().zip(&fitted).map(|(text, fitted)| fitted != text).collect();
            let first_unread = texts.len().saturating_sub(unread);
            if is_cut[first_unread..].contains(&true) {
                let mut read = fitted[..first_unread].iter();
                let given = read.all(|it| estimate_tokens(it) <= RESULT_TOKENS_MIN);
                prop_assert!(given, "something that was read had more to give");
            }
            let whole: u32 = texts.iter().map(|it| estimate_tokens(it)).sum();
            let has_more = texts.iter().any(|it| RESULT_TOKENS_MIN < estimate_tokens(it));
            prop_assert_eq!(is_cut.contains(&true), room < whole && has_more);
        }
    }
}
