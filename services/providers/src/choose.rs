//! In which order the deployments of a group are tried. Pure: told how each stands, and the dice.

use std::time::Duration;

pub(crate) use schemas::directory::ModelChoice as Choice;

use crate::health::Standing;

/// How often a deployment is chosen by chance alone, so that one that was slow once is seen again.
const EXPLORE: f64 = 0.02;

/// A deployment that may be chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Eligible {
    /// How it stands.
    pub standing: Standing,
    /// Its part of the calls, by the settings.
    pub weight: u32,
    /// What this request would cost there, in micro-dollars.
    pub price: Option<u64>,
}

/// The places of `options` in the order in which they are tried. `dice` gives numbers from 0 up to 1.
/// Quadratic in a group's deployments, which are few.
pub(crate) fn order(
    choice: Choice,
    options: &[Eligible],
    mut dice: impl FnMut() -> f64,
) -> Vec<usize> {
    let mut left: Vec<usize> = (0..options.len()).collect();
    let mut order = Vec::with_capacity(left.len());
    while 1 < left.len() {
        let at = match choice {
            Choice::Order => first_whole(options, &left, &mut dice),
            Choice::Latency => faster(options, &left, &mut dice),
            Choice::Weight => by_weight(options, &left, &mut dice),
            Choice::Cheapest => cheapest(options, &left, &mut dice),
        };
        order.push(left.remove(at.min(left.len().saturating_sub(1))));
    }
    order.extend(left);
    order
}

/// The first, unless it is only coming back and chance is against it.
fn first_whole(options: &[Eligible], left: &[usize], dice: &mut impl FnMut() -> f64) -> usize {
    let whole = left.iter().position(|at| dice() < share(options, *at));
    whole.unwrap_or(0)
}

fn faster(options: &[Eligible], left: &[usize], dice: &mut impl FnMut() -> f64) -> usize {
    let one = place(dice(), left.len());
    if dice() < EXPLORE {
        return one;
    }
    // Another one than the first.
    let step = place(dice(), left.len().saturating_sub(1)).saturating_add(1);
    let other = one.saturating_add(step).checked_rem(left.len()).unwrap_or(0);
    let cost = |at: usize| left.get(at).and_then(|at| options.get(*at)).map(load);
    if cost(other) < cost(one) { other } else { one }
}

/// What a call would wait for there: the first token, behind those under way. One that was never
/// called may be the best of all, so one call goes there, and no more until it has spoken.
fn load(option: &Eligible) -> Duration {
    let Standing { first_token, in_flight, share, .. } = option.standing;
    match (first_token, in_flight) {
        (Some(first), _) => first.mul_f64((f64::from(in_flight) + 1.0) / share.max(0.01)),
        (None, 0) => Duration::ZERO,
        (None, _) => Duration::MAX,
    }
}

fn by_weight(options: &[Eligible], left: &[usize], dice: &mut impl FnMut() -> f64) -> usize {
    let weight =
        |at: &usize| options.get(*at).map_or(0.0, |it| f64::from(it.weight) * it.standing.share);
    let mut rest = left.iter().map(weight).sum::<f64>() * dice();
    let found = left.iter().position(|at| {
        rest -= weight(at);
        rest < 0.0
    });
    found.unwrap_or(0)
}

fn cheapest(options: &[Eligible], left: &[usize], dice: &mut impl FnMut() -> f64) -> usize {
    let price = |at: usize| options.get(at).and_then(|it| it.price).unwrap_or(u64::MAX);
    let mut by_price: Vec<usize> = (0..left.len()).collect();
    by_price.sort_by_key(|place| left.get(*place).map(|at| price(*at)));
    let places: Vec<usize> =
        by_price.iter().filter_map(|place| left.get(*place).copied()).collect();
    let first = first_whole(options, &places, dice);
    by_price.get(first).copied().unwrap_or(0)
}

fn share(options: &[Eligible], at: usize) -> f64 {
    options.get(at).map_or(0.0, |option| option.standing.share)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list of a few, by a number from 0 up to 1"
)]
fn place(dice: f64, len: usize) -> usize {
    ((dice.clamp(0.0, 1.0) * len as f64) as usize).min(len.saturating_sub(1))
}

#[cfg(test)]
mod tests;
