//! How what came of asking again compares with what came of it then.

use serde::Serialize;

use super::{Called, End, Outcome, judge::Judged, judge::Verdict};
use crate::hand_off::words::{is_without_spaces, words_of};

/// The most words of a text that are compared: comparing takes the product of both.
pub const WORDS_MAX: usize = 2_000;

/// How an answer compares with the recorded one.
#[expect(clippy::struct_excessive_bools, reason = "each is a measure of its own")]
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measures {
    /// Whether it is the same, word for word.
    pub exact: bool,
    /// See [`similarity`].
    pub similarity: f64,
    /// How many characters longer it is.
    pub length_change: i64,
    /// Whether the vendor declined to answer, which it had not.
    pub refused: bool,
    /// Whether the same tools were called with the same arguments, in whatever order.
    pub tools_same: bool,
    /// Whether both hand over for the same reason, or neither does.
    pub hand_off_same: bool,
    /// How much more it cost, in millionths of a dollar, where both are known.
    pub cost_change_micros: Option<i64>,
    /// How much longer it took, in milliseconds.
    pub latency_change_ms: i64,
}

/// Compares; nothing where no answer was reached.
pub fn measure(recorded: &Outcome, other: &Outcome) -> Option<Measures> {
    match &other.end {
        End::Answered(_) | End::HandedOff { .. } | End::Refused => {}
        End::Unrecorded(_) | End::Failed(_) => return None,
    }
    let (then, now) = (recorded.said().unwrap_or_default(), other.said().unwrap_or_default());
    let cost = recorded.cost_micros.zip(other.cost_micros);
    Some(Measures {
        exact: then.trim() == now.trim() && hand_off(recorded) == hand_off(other),
        similarity: similarity(then, now),
        length_change: change(characters(then), characters(now)),
        refused: other.end == End::Refused && recorded.end != End::Refused,
        tools_same: calls(recorded) == calls(other),
        hand_off_same: hand_off(recorded) == hand_off(other),
        cost_change_micros: cost.map(|(then, now)| change(then, now)),
        latency_change_ms: change(recorded.latency_ms, other.latency_ms),
    })
}

/// How alike two texts are, from 0 to 1: twice the words of their longest common subsequence, by the
/// words of both. That is the normalized similarity of the indel distance (Levenshtein's without
/// substitutions; `Indel.normalized_similarity` of `RapidFuzz`). Case and punctuation do not count; where a
/// script puts no spaces between words, a word is a character.
pub fn similarity(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let (a, b) = (words(a), words(b));
    let all = a.len() + b.len();
    if all == 0 { 0.0 } else { number(2 * common(&a, &b)) / number(all) }
}

/// Sums over the cases of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sums {
    /// Turns that were asked.
    pub asked: u32,
    /// Those that came to an end that can be compared.
    pub compared: u32,
    /// The same, word for word.
    pub exact: u32,
    /// The mean of [`Measures::similarity`].
    pub similarity: Option<f64>,
    /// The mean of [`Measures::length_change`].
    pub length_change: Option<f64>,
    /// The vendor declined.
    pub refused: u32,
    /// Other tools were called, or the same with other arguments.
    pub tools_changed: u32,
    /// Handed over, or not, unlike then.
    pub hand_offs_changed: u32,
    /// Stopped at a call that is not on record.
    pub unrecorded: u32,
    /// No model answered.
    pub failed: u32,
    /// What they cost, in millionths of a dollar, as far as that is known.
    pub cost_micros: u64,
    /// Those whose cost is not known.
    pub unpriced: u32,
    /// The mean of [`Measures::cost_change_micros`].
    pub cost_change_micros: Option<f64>,
    /// The mean of [`Measures::latency_change_ms`].
    pub latency_change_ms: Option<f64>,
    /// Better than the recorded one, by the judge.
    pub better: u32,
    /// As good.
    pub same: u32,
    /// Worse.
    pub worse: u32,
    /// The judge gave no verdict that could be read.
    pub no_verdict: u32,
}

/// Adds up what came of asking, each beside what came of it then and what a judge said.
pub fn sums<'a>(
    cases: impl IntoIterator<Item = (&'a Outcome, &'a Outcome, Option<&'a Judged>)>,
) -> Sums {
    let (mut sums, mut measured) = (Sums::default(), Vec::new());
    for (recorded, other, judged) in cases {
        sums.asked += 1;
        sums.unrecorded += u32::from(matches!(other.end, End::Unrecorded(_)));
        sums.failed += u32::from(matches!(other.end, End::Failed(_)));
        sums.unpriced += u32::from(other.cost_micros.is_none());
        sums.cost_micros = sums.cost_micros.saturating_add(other.cost_micros.unwrap_or(0));
        measured.extend(measure(recorded, other));
        match judged.map(|it| it.verdict) {
            Some(Some(Verdict::Better)) => sums.better += 1,
            Some(Some(Verdict::Same)) => sums.same += 1,
            Some(Some(Verdict::Worse)) => sums.worse += 1,
            Some(None) => sums.no_verdict += 1,
            None => {}
        }
    }
    let count = |is: fn(&Measures) -> bool| size(measured.iter().filter(|it| is(it)).count());
    sums.compared = size(measured.len());
    sums.exact = count(|it| it.exact);
    sums.refused = count(|it| it.refused);
    sums.tools_changed = count(|it| !it.tools_same);
    sums.hand_offs_changed = count(|it| !it.hand_off_same);
    sums.similarity = mean(measured.iter().map(|it| it.similarity));
    sums.length_change = mean(measured.iter().map(|it| signed(it.length_change)));
    let costs = measured.iter().filter_map(|it| it.cost_change_micros);
    sums.cost_change_micros = mean(costs.map(signed));
    sums.latency_change_ms = mean(measured.iter().map(|it| signed(it.latency_change_ms)));
    sums
}

fn hand_off(outcome: &Outcome) -> Option<&'static str> {
    match &outcome.end {
        End::HandedOff { why, .. } => Some(why.as_str()),
        End::Answered(_) | End::Refused | End::Unrecorded(_) | End::Failed(_) => None,
    }
}

fn calls(outcome: &Outcome) -> Vec<&Called> {
    let mut calls: Vec<_> = outcome.calls.iter().collect();
    calls.sort_unstable();
    calls
}

fn words(text: &str) -> Vec<String> {
    let apart = |word: String| -> Vec<String> {
        if word.chars().any(is_without_spaces) {
            word.chars().map(String::from).collect()
        } else {
            vec![word]
        }
    };
    words_of(text).into_iter().flat_map(apart).take(WORDS_MAX).collect()
}

/// The length of the longest common subsequence. O(words of both, multiplied).
fn common(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for left in a {
        let (mut diagonal, mut before) = (0, 0);
        for (cell, right) in row.iter_mut().skip(1).zip(b) {
            let above = *cell;
            *cell = if left == right { diagonal + 1 } else { above.max(before) };
            (diagonal, before) = (above, *cell);
        }
    }
    row.last().copied().unwrap_or(0)
}

fn characters(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}

fn change(then: u64, now: u64) -> i64 {
    let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
    signed(now).saturating_sub(signed(then))
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = numbers.fold((0_usize, 0.0), |(count, sum), it| (count + 1, sum + it));
    (0 < count).then(|| sum / number(count))
}

fn size(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn number(count: usize) -> f64 {
    f64::from(size(count))
}

/// Exact up to two thousand million, which no difference of ours is beyond.
fn signed(number: i64) -> f64 {
    let bounded = number.clamp(i32::MIN.into(), i32::MAX.into());
    i32::try_from(bounded).map_or(0.0, f64::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use schemas::event::HandOffReason;

    use super::*;

    fn outcome(end: End) -> Outcome {
        let (version, model) = (Some(1), "m".to_owned());
        Outcome { end, calls: Vec::new(), version, model, cost_micros: Some(10), latency_ms: 100 }
    }

    fn answered(text: &str) -> Outcome {
        outcome(End::Answered(text.to_owned()))
    }

    #[test]
    fn texts_are_as_alike_as_their_words() {
        let cases = [
            ("", "", 1.0),
            ("", "a", 0.0),
            ("!", "?", 0.0),
            ("one two three four", "one two three four", 1.0),
            ("One, two!", "one two", 1.0),
            ("one two three four", "four three two one", 0.25),
            ("one two three four", "one two five four", 0.75),
            ("one two", "three four", 0.0),
            ("a b", "a b c d e f", 0.5),
            ("私は猫", "私は犬", 2.0 / 3.0),
        ];
        for (a, b, want) in cases {
            let alike = similarity(a, b);
            assert!((alike - want).abs() < 1e-12, "{a} / {b}: {alike}");
        }
    }

    #[test]
    fn an_end_is_compared_where_it_is_one() {
        let then = answered("Yes.");
        let same = measure(&then, &Outcome { latency_ms: 150, ..answered("Yes. ") }).unwrap();
        assert!(same.exact && same.tools_same && same.hand_off_same && !same.refused);
        assert_eq!((same.length_change, same.latency_change_ms), (1, 50));
        assert_eq!(same.cost_change_micros, Some(0));

        let over = End::HandedOff { why: HandOffReason::CannotHelp, said: "Yes.".to_owned() };
        let over = measure(&then, &outcome(over)).unwrap();
        assert!(!over.exact && !over.hand_off_same && (over.similarity - 1.0).abs() < f64::EPSILON);

        let refused = measure(&then, &outcome(End::Refused)).unwrap();
        assert!(refused.refused && !refused.exact && refused.length_change == -4);

        let unpriced = Outcome { cost_micros: None, ..answered("No.") };
        assert_eq!(measure(&then, &unpriced).unwrap().cost_change_micros, None);
        assert_eq!(measure(&then, &outcome(End::Unrecorded(Called::new("t", "{}")))), None);
        assert_eq!(measure(&then, &outcome(End::Failed("timed_out".to_owned()))), None);
    }

    #[test]
    fn the_same_calls_in_another_order_are_the_same() {
        let with = |names: &[&str]| Outcome {
            calls: names.iter().map(|name| Called::new(name, "{}")).collect(),
            ..answered("x")
        };
        let same = |a: &[&str], b: &[&str]| measure(&with(a), &with(b)).unwrap().tools_same;
        assert!(same(&["a", "b"], &["b", "a"]));
        assert!(!same(&["a"], &["a", "a"]) && !same(&["a"], &[]) && !same(&["a"], &["b"]));
    }

    #[test]
    fn sums_hold_every_case_once() {
        let then = answered("one two");
        let others = [
            answered("one two"),
            Outcome { cost_micros: Some(30), latency_ms: 200, ..answered("one three") },
            outcome(End::Refused),
            outcome(End::Unrecorded(Called::new("t", "{}"))),
            Outcome { cost_micros: None, ..outcome(End::Failed("overloaded".to_owned())) },
        ];
        let verdicts =
            [Some(Some(Verdict::Same)), Some(Some(Verdict::Worse)), Some(None), None, None];
        let judged: Vec<_> = verdicts
            .into_iter()
            .map(|verdict| {
                verdict.map(|verdict| Judged { verdict, reason: String::new(), cost_micros: None })
            })
            .collect();
        let cases = others.iter().zip(&judged).map(|(it, judged)| (&then, it, judged.as_ref()));
        let want = Sums {
            asked: 5,
            compared: 3,
            exact: 1,
            similarity: Some(0.5),
            length_change: Some(-5.0 / 3.0),
            refused: 1,
            unrecorded: 1,
            failed: 1,
            cost_micros: 60,
            unpriced: 1,
            cost_change_micros: Some(20.0 / 3.0),
            latency_change_ms: Some(100.0 / 3.0),
            same: 1,
            worse: 1,
            no_verdict: 1,
            ..Sums::default()
        };
        assert_eq!(sums(cases), want);
    }

    proptest! {
        #[test]
        fn likeness_is_from_0_to_1_and_the_same_both_ways(a in "\\PC{0,80}", b in "[a-c ]{0,80}") {
            for (a, b) in [(&a, &b), (&b, &b), (&a, &a)] {
                let alike = similarity(a, b);
                prop_assert!((0.0..=1.0).contains(&alike));
                prop_assert_eq!(alike.to_bits(), similarity(b, a).to_bits());
                prop_assert!(a != b || 1.0 <= alike);
            }
        }

        #[test]
        fn what_is_added_makes_texts_no_more_alike(a in "[a-c]( [a-c]){0,10}", more in "( z){1,5}") {
            let longer = format!("{a}{more}");
            prop_assert!(similarity(&a, &longer) < 1.0);
            prop_assert!(0.0 < similarity(&a, &longer));
        }
    }
}
