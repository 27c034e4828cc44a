use std::collections::BTreeMap;

use super::*;

const WHOLE: Eligible = Eligible {
    standing: Standing { opens_at: None, first_token: None, in_flight: 0, share: 1.0 },
    weight: 1,
    price: None,
};

fn seen(first_token_ms: u64, in_flight: u32) -> Eligible {
    let first_token = Some(Duration::from_millis(first_token_ms));
    Eligible { standing: Standing { first_token, in_flight, ..WHOLE.standing }, ..WHOLE }
}

/// Numbers that are spread evenly, the same in each run.
fn dice() -> impl FnMut() -> f64 {
    let mut state = 0_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / 4_294_967_296.0
    }
}

/// How often each is tried first, of 10,000 times.
fn firsts(choice: Choice, options: &[Eligible]) -> BTreeMap<usize, u32> {
    let (mut dice, mut firsts) = (dice(), BTreeMap::new());
    for _ in 0..10_000 {
        let order = order(choice, options, &mut dice);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..options.len()).collect::<Vec<_>>(), "each once");
        *firsts.entry(order[0]).or_default() += 1;
    }
    firsts
}

#[test]
fn in_order_means_in_order() {
    let options = [seen(900, 5), seen(10, 0), WHOLE];
    assert_eq!(order(Choice::Order, &options, dice()), [0, 1, 2]);
    assert_eq!(order(Choice::Order, &[], dice()), [] as [usize; 0]);
}

#[test]
fn one_that_comes_back_is_given_a_part_of_its_calls() {
    let back = Eligible { standing: Standing { share: 0.25, ..WHOLE.standing }, ..WHOLE };
    let firsts = firsts(Choice::Order, &[back, WHOLE]);
    assert!((2_200..2_800).contains(&firsts[&0]), "{firsts:?}");
}

#[test]
fn the_faster_of_two_is_tried_first_and_the_slower_is_seen_again_now_and_then() {
    let firsts = firsts(Choice::Latency, &[seen(400, 0), seen(100, 0)]);
    // Half of the explored 2 % fall on the slow one.
    assert!((40..200).contains(&firsts[&0]), "{firsts:?}");
}

#[test]
fn calls_under_way_make_a_fast_one_slow() {
    let order = order(Choice::Latency, &[seen(100, 9), seen(300, 0)], || 0.5);
    assert_eq!(order, [1, 0], "100 ms behind nine others is a second");
}

#[test]
fn one_that_was_never_called_gets_one_call_and_no_more_until_it_has_spoken() {
    let untried = WHOLE;
    assert_eq!(order(Choice::Latency, &[seen(1, 0), untried], || 0.5)[0], 1);
    let busy = Eligible { standing: Standing { in_flight: 1, ..WHOLE.standing }, ..WHOLE };
    assert_eq!(order(Choice::Latency, &[busy, seen(5_000, 0)], || 0.5)[0], 1);
}

#[test]
fn weights_are_proportions() {
    let heavy = Eligible { weight: 3, ..WHOLE };
    let firsts = firsts(Choice::Weight, &[WHOLE, heavy]);
    assert!((7_300..7_700).contains(&firsts[&1]), "{firsts:?}");
}

#[test]
fn the_cheapest_goes_first_and_what_has_no_price_last() {
    let priced = |price| Eligible { price, ..WHOLE };
    let options = [priced(None), priced(Some(70)), priced(Some(7)), priced(Some(70))];
    assert_eq!(order(Choice::Cheapest, &options, dice()), [2, 1, 3, 0]);
}
