use expect_test::expect;
use proptest::prelude::*;

use super::*;

fn states() -> Vec<EffectState> {
    vec![
        EffectState::Planned,
        EffectState::Sending,
        EffectState::Sent { ts: "1.1".to_owned() },
        EffectState::Failed { code: "is_archived".to_owned() },
        EffectState::Uncertain { detail: "timeout".to_owned() },
    ]
}

fn outcome(attempt: u32, outcome: SendOutcome) -> Input {
    Input::Outcome { attempt, outcome }
}

fn rejected() -> SendOutcome {
    SendOutcome::Rejected { code: "no_text".to_owned(), class: Rejection::Payload }
}

fn inputs() -> Vec<(&'static str, Input)> {
    let timestamp = || "1.1".to_owned();
    vec![
        ("claim", Input::Claim),
        ("sent", outcome(1, SendOutcome::Sent(timestamp()))),
        ("sent elsewhere, stale", outcome(0, SendOutcome::Sent("2.2".to_owned()))),
        ("rejected", outcome(1, rejected())),
        ("rejected, stale", outcome(0, rejected())),
        ("not sent", outcome(1, SendOutcome::NotSent("refused".to_owned()))),
        ("retry after", outcome(1, SendOutcome::RetryAfter(Duration::from_secs(3)))),
        ("ambiguous", outcome(1, SendOutcome::Ambiguous("500".to_owned()))),
        ("observed", Input::Observed(timestamp())),
        ("observed elsewhere", Input::Observed("2.2".to_owned())),
        ("found after a crash", Input::FoundSendingAfterCrash),
        ("operator: sent", Input::OperatorSaysSent(timestamp())),
        ("operator: resend", Input::OperatorSaysResend),
    ]
}

fn show(moved: Result<Moved, Refused>) -> String {
    match moved {
        Ok(Moved { effect, wait, stray }) => {
            let detail = effect.state.detail().map(|it| format!(" {it}")).unwrap_or_default();
            let wait = wait.map(|it| format!(", wait {} s", it.as_secs())).unwrap_or_default();
            let stray = stray.map(|it| format!(", stray {it}")).unwrap_or_default();
            format!("{}{detail}{wait}{stray}", effect.state.name())
        }
        Err(refused) => format!("refused: {refused}"),
    }
}

fn table(states: &[EffectState], repeatable: bool) -> String {
    let mut table = String::new();
    for state in states {
        table = format!("{table}{}\n", state.name());
        for (name, input) in inputs() {
            let effect = Effect { state: state.clone(), attempt: 1, repeatable };
            table = format!("{table}    {name}: {}\n", show(effect.step(input)));
        }
    }
    table
}

#[test]
fn every_input_while_it_is_open() {
    expect![[r#"
        planned
            claim: sending
            sent: sent 1.1
            sent elsewhere, stale: sent 2.2
            rejected: refused: it is settled
            rejected, stale: refused: the outcome belongs to another attempt
            not sent: refused: it is settled
            retry after: refused: it is settled
            ambiguous: refused: it is settled
            observed: sent 1.1
            observed elsewhere: sent 2.2
            found after a crash: refused: it is not in doubt
            operator: sent: refused: it is not in doubt
            operator: resend: refused: it is not in doubt
        sending
            claim: refused: it is being sent
            sent: sent 1.1
            sent elsewhere, stale: sent 2.2
            rejected: failed no_text
            rejected, stale: refused: the outcome belongs to another attempt
            not sent: planned
            retry after: planned, wait 3 s
            ambiguous: uncertain 500
            observed: sent 1.1
            observed elsewhere: sent 2.2
            found after a crash: uncertain the sender was lost
            operator: sent: refused: it is being sent
            operator: resend: refused: it is being sent
    "#]]
    .assert_eq(&table(&states()[..2], false));
}

#[test]
fn every_input_once_it_is_settled_or_in_doubt() {
    expect![[r#"
        sent
            claim: refused: it is settled
            sent: sent 1.1
            sent elsewhere, stale: sent 1.1, stray 2.2
            rejected: refused: it is settled
            rejected, stale: refused: the outcome belongs to another attempt
            not sent: refused: it is settled
            retry after: refused: it is settled
            ambiguous: refused: it is settled
            observed: sent 1.1
            observed elsewhere: sent 1.1, stray 2.2
            found after a crash: refused: it is not in doubt
            operator: sent: refused: it is not in doubt
            operator: resend: refused: it is settled
        failed
            claim: refused: it is settled
            sent: sent 1.1
            sent elsewhere, stale: sent 2.2
            rejected: refused: it is settled
            rejected, stale: refused: the outcome belongs to another attempt
            not sent: refused: it is settled
            retry after: refused: it is settled
            ambiguous: refused: it is settled
            observed: sent 1.1
            observed elsewhere: sent 2.2
            found after a crash: refused: it is not in doubt
            operator: sent: refused: it is not in doubt
            operator: resend: planned
        uncertain
            claim: refused: it is uncertain
            sent: sent 1.1
            sent elsewhere, stale: sent 2.2
            rejected: failed no_text
            rejected, stale: refused: the outcome belongs to another attempt
            not sent: planned
            retry after: planned, wait 3 s
            ambiguous: uncertain 500
            observed: sent 1.1
            observed elsewhere: sent 2.2
            found after a crash: refused: it is not in doubt
            operator: sent: sent 1.1
            operator: resend: planned
    "#]]
    .assert_eq(&table(&states()[2..], false));
}

#[test]
fn what_may_be_repeated_is_never_in_doubt() {
    let (once, repeatable) = (table(&states(), false), table(&states(), true));
    let changed: Vec<_> = once
        .lines()
        .zip(repeatable.lines())
        .filter(|(once, repeatable)| once != repeatable)
        .map(|(once, repeatable)| format!("{} => {}", once.trim(), repeatable.trim()))
        .collect();
    expect![[r#"
            ambiguous: uncertain 500 => ambiguous: planned
            found after a crash: uncertain the sender was lost => found after a crash: planned
            sent elsewhere, stale: sent 1.1, stray 2.2 => sent elsewhere, stale: sent 1.1
            observed elsewhere: sent 1.1, stray 2.2 => observed elsewhere: sent 1.1
            ambiguous: uncertain 500 => ambiguous: planned"#]]
    .assert_eq(&changed.join("\n"));
}

#[test]
fn states_are_read_as_written() {
    for state in states() {
        let detail = state.detail().map(str::to_owned);
        assert_eq!(EffectState::read(state.name(), detail), Some(state));
    }
    assert_eq!(EffectState::read("sent", None), None);
    assert_eq!(EffectState::read("lost", None), None);
}

fn any_input() -> impl Strategy<Value = Input> {
    let outcome = prop_oneof![
        Just(SendOutcome::Sent("1.1".to_owned())),
        Just(SendOutcome::Sent("2.2".to_owned())),
        Just(rejected()),
        Just(SendOutcome::NotSent(String::new())),
        Just(SendOutcome::RetryAfter(Duration::ZERO)),
        Just(SendOutcome::Ambiguous(String::new())),
    ];
    prop_oneof![
        3 => Just(Input::Claim),
        4 => (0..4_u32, outcome).prop_map(|(attempt, outcome)| Input::Outcome { attempt, outcome }),
        1 => Just(Input::Observed("1.1".to_owned())),
        1 => Just(Input::FoundSendingAfterCrash),
        1 => Just(Input::OperatorSaysSent("1.1".to_owned())),
        1 => Just(Input::OperatorSaysResend),
    ]
}

proptest! {
    /// The invariant of the module, over any sequence of inputs, with outcomes of any attempt.
    #[test]
    fn no_second_send_without_an_operator_or_a_definite_no(
        inputs in prop::collection::vec(any_input(), 0..40),
    ) {
        let mut effect = Effect::once();
        let mut may_send = true;
        for input in inputs {
            let before = effect.attempt;
            let Ok(moved) = effect.step(input.clone()) else { continue };
            match input {
                Input::Claim => {
                    prop_assert!(may_send, "sent twice");
                    may_send = false;
                }
                Input::OperatorSaysResend => may_send = true,
                Input::Outcome {
                    attempt,
                    outcome: SendOutcome::NotSent(_) | SendOutcome::RetryAfter(_),
                } => {
                    prop_assert_eq!(attempt, before, "a stale no was believed");
                    may_send = true;
                }
                Input::Outcome { .. }
                | Input::Observed(_)
                | Input::FoundSendingAfterCrash
                | Input::OperatorSaysSent(_) => {}
            }
            effect = moved.effect;
        }
    }

    /// What is sent stays sent: nothing is forgotten, whatever comes later.
    #[test]
    fn sent_is_for_ever(inputs in prop::collection::vec(any_input(), 0..40)) {
        let state = EffectState::Sent { ts: "1.1".to_owned() };
        let mut effect = Effect { state: state.clone(), attempt: 1, repeatable: false };
        for input in inputs {
            if let Ok(moved) = effect.step(input) {
                effect = moved.effect;
            }
            prop_assert_eq!(&effect.state, &state);
        }
    }
}

#[test]
fn what_only_an_operator_knows_to_be_there_is_no_second_copy_when_it_is_seen() {
    let doubt =
        Effect { state: EffectState::Uncertain { detail: String::new() }, ..Effect::once() };
    let said = doubt.step(Input::OperatorSaysSent(String::new())).unwrap().effect;
    assert_eq!(said.state, EffectState::Sent { ts: String::new() });
    let seen = said.step(Input::Observed("1.1".to_owned())).unwrap();
    assert_eq!((seen.effect.state, seen.stray), (EffectState::Sent { ts: "1.1".to_owned() }, None));
}
