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
fn an_answer_differs_where_its_measures_say_so_or_there_is_none() {
    let then = answered("one two");
    let called = Outcome { calls: vec![Called::new("t", "{}")], ..answered("one two") };
    let over = End::HandedOff { why: HandOffReason::CannotHelp, said: "one two".to_owned() };
    let cases = [
        (answered(" one two\n"), false),
        (Outcome { latency_ms: 900, cost_micros: None, ..answered("one two") }, false),
        (answered("one three"), true),
        (called, true),
        (outcome(over), true),
        (outcome(End::Refused), true),
        (outcome(End::Unrecorded(Called::new("t", "{}"))), true),
        (outcome(End::Failed("timed_out".to_owned())), true),
    ];
    for (other, want) in cases {
        assert_eq!(differs(&then, &other), want, "{other:?}");
        let same = measure(&then, &other).is_some_and(|it| it.exact && it.tools_same);
        assert_eq!(same, !want, "{other:?}");
    }
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
    let verdicts = [Some(Some(Verdict::Same)), Some(Some(Verdict::Worse)), Some(None), None, None];
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
