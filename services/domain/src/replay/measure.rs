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

/// Whether somebody would see a difference: other words, another hand-off, other calls of tools, or no
/// answer at all.
pub fn differs(recorded: &Outcome, other: &Outcome) -> bool {
    !(is_reached(other) && is_exact(recorded, other) && calls(recorded) == calls(other))
}

/// Compares; nothing where no answer was reached.
pub fn measure(recorded: &Outcome, other: &Outcome) -> Option<Measures> {
    if !is_reached(other) {
        return None;
    }
    let (then, now) = (recorded.said().unwrap_or_default(), other.said().unwrap_or_default());
    let cost = recorded.cost_micros.zip(other.cost_micros);
    Some(Measures {
        exact: is_exact(recorded, other),
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

/// Whether it came to an end that can be compared.
fn is_reached(outcome: &Outcome) -> bool {
    match &outcome.end {
        End::Answered(_) | End::HandedOff { .. } | End::Refused => true,
        End::Unrecorded(_) | End::Failed(_) => false,
    }
}

fn is_exact(recorded: &Outcome, other: &Outcome) -> bool {
    let (then, now) = (recorded.said().unwrap_or_default(), other.said().unwrap_or_default());
    then.trim() == now.trim() && hand_off(recorded) == hand_off(other)
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
mod tests;
