use domain::effect::{Rejection, SendOutcome};

use super::*;
use crate::decide::tests::{
    ADMITTED, Cause, FINISHED, LONG, answer, echo_of, handle, handle_look, look, lost, new, sent,
};

const APOLOGY: Cause = Cause("failed", Some(Verdict::Reply { kind: ReplyKind::Apology, parts: 1 }));

/// An operator says that at place `sequence`, and what follows from it is done.
fn says(
    locked: &mut Locked,
    (name, wish, sequence): (&'static str, Wish, u64),
    verdict: Option<Verdict>,
    outcomes: &[SendOutcome],
) -> String {
    let order = Order { wish, sequence, outcome_of: None };
    let look = Look { order: Some(order), ..look(Cause(name, verdict), Vec::new()) };
    handle_look(locked, look, outcomes, None)
}

fn refused() -> SendOutcome {
    SendOutcome::Rejected { code: "is_archived".to_owned(), class: Rejection::Target }
}

#[test]
fn an_operator_says_that_what_is_in_doubt_has_arrived() {
    let mut it = new();
    handle(&mut it, LONG, vec![], &[sent("1.1"), lost()], None);
    let said = says(&mut it, ("o1", Wish::Sent, 10), None, &[]);
    assert_eq!(said, "delivered 1.1 ", "where the second part stands nobody knows");
    let again = says(&mut it, ("o1", Wish::Sent, 10), None, &[]);
    assert_eq!(again, "delivered 1.1 ", "its word may have been lost");
    // The echo knows, and is no second copy.
    let echo = echo_of(&it, 1, "1.2");
    assert_eq!(handle(&mut it, Cause("echo", None), echo, &[], None), "");
    assert_eq!(it.effects[1].effect.state, EffectState::Sent { ts: "1.2".to_owned() });
}

#[test]
fn a_placeholder_in_doubt_is_not_taken_for_one_that_could_be_taken_away() {
    let mut it = new();
    handle(&mut it, ADMITTED, vec![], &[lost()], None);
    handle(&mut it, FINISHED, vec![], &[lost()], None);
    assert_eq!(says(&mut it, ("o1", Wish::Sent, 10), None, &[]), "delivered ");
}

#[test]
fn what_is_in_doubt_is_sent_again_once_and_what_has_arrived_is_not() {
    let mut it = new();
    handle(&mut it, LONG, vec![], &[sent("1.1"), lost()], None);
    let order = ("o1", Wish::Again, 10);
    let want = "post 1, delivered 1.1 1.2";
    assert_eq!(says(&mut it, order, LONG.1, &[sent("1.2")]), want);
    assert_eq!(says(&mut it, order, LONG.1, &[]), "delivered 1.1 1.2", "the same word again");
    assert_eq!(says(&mut it, ("o0", Wish::Again, 9), LONG.1, &[]), "", "a word before that one");
    assert_eq!(says(&mut it, ("o2", Wish::Again, 11), LONG.1, &[]), "", "there is nothing left");
}

#[test]
fn a_worker_that_dies_while_it_sends_again_leaves_a_doubt_and_no_second_copy() {
    let mut it = new();
    handle(&mut it, FINISHED, vec![], &[lost()], None);
    let order = ("o1", Wish::Again, 10);
    assert_eq!(says(&mut it, order, FINISHED.1, &[]), "post 0, killed");
    let want = "look for 1, uncertain: the sender was lost";
    assert_eq!(says(&mut it, order, FINISHED.1, &[]), want);
}

#[test]
fn what_was_refused_or_never_sent_is_sent_again() {
    let mut it = new();
    handle(&mut it, FINISHED, vec![], &[refused()], None);
    let said = says(&mut it, ("o1", Wish::Again, 10), FINISHED.1, &[sent("1.1")]);
    assert_eq!(said, "post 0, delivered 1.1");
    let said = says(&mut new(), ("o1", Wish::Again, 10), FINISHED.1, &[sent("1.1")]);
    assert_eq!(said, "post 0, delivered 1.1", "it was set aside before its first look");
}

#[test]
fn without_the_words_that_were_meant_nothing_is_sent() {
    let mut it = new();
    handle(&mut it, FINISHED, vec![], &[lost()], None);
    let before = it.effects.clone();
    assert_eq!(says(&mut it, ("o1", Wish::Again, 10), None, &[]), "");
    assert_eq!(says(&mut it, ("o2", Wish::Again, 11), Some(answer(2)), &[]), "");
    assert_eq!(says(&mut it, ("o3", Wish::Anew, 12), None, &[]), "");
    assert_eq!(it.effects, before);
}

#[test]
fn an_answer_on_record_comes_after_the_apology_in_its_place() {
    for apologized in [sent("1.1"), lost()] {
        let mut it = new();
        handle(&mut it, APOLOGY, vec![], &[apologized], None);
        let order = ("o1", Wish::Again, 10);
        assert_eq!(says(&mut it, order, FINISHED.1, &[sent("2.1")]), "post 0, delivered 2.1");
        assert_eq!(says(&mut it, order, FINISHED.1, &[]), "delivered 2.1", "the same word again");
        let next = says(&mut it, ("o2", Wish::Again, 11), FINISHED.1, &[]);
        assert_eq!(next, "", "there is nothing left");
    }
}

#[test]
fn a_reply_is_sent_anew_whatever_there_is_of_it() {
    let mut it = new();
    handle(&mut it, LONG, vec![], &[sent("1.1"), lost()], None);
    let order = ("o1", Wish::Anew, 10);
    let want = "post 0, post 1, delivered 2.1 2.2";
    assert_eq!(says(&mut it, order, LONG.1, &[sent("2.1"), sent("2.2")]), want);
    assert_eq!(says(&mut it, order, LONG.1, &[]), "delivered 2.1 2.2");
    let states: Vec<_> = it.effects.iter().map(|it| it.effect.state.name()).collect();
    assert_eq!(states, ["sent", "failed", "sent", "sent"], "nothing is left in doubt");
}

#[test]
fn after_an_apology_there_is_room_for_an_answer_in_a_place_of_its_own() {
    let mut it = new();
    handle(&mut it, ADMITTED, vec![], &[sent("1.1")], None);
    handle(&mut it, APOLOGY, vec![], &[sent("1.1")], None);
    let order = ("o1", Wish::Reopen { anew: false }, 10);
    assert_eq!(says(&mut it, order, None, &[sent("2.1")]), "placeholder 0");
    assert_eq!(says(&mut it, order, None, &[]), "", "the same word again");
    let want = "update 0 2.1, delivered 2.1";
    assert_eq!(handle(&mut it, FINISHED, vec![], &[sent("2.1")], None), want);
    assert_eq!(says(&mut it, order, None, &[]), "", "and again, late");
    assert_eq!(handle(&mut it, APOLOGY, vec![], &[], None), "", "the outcome before comes again");
}

#[test]
fn what_was_said_before_it_does_not_take_the_room_that_an_operator_made() {
    let mut it = new();
    handle(&mut it, APOLOGY, vec![], &[sent("1.1")], None);
    says(&mut it, ("o1", Wish::Reopen { anew: false }, 10), None, &[sent("2.1")]);
    // NATS forgot that the apology was acknowledged, while the model works.
    let again = Look { place: 9, ..look(APOLOGY, Vec::new()) };
    assert_eq!(handle_look(&mut it, again, &[], None), "");
    let new = Look { place: 11, ..look(FINISHED, Vec::new()) };
    assert_eq!(handle_look(&mut it, new, &[sent("2.1")], None), "update 0 2.1, delivered 2.1");
}

#[test]
fn an_answer_makes_room_only_where_the_operator_says_so() {
    let mut it = new();
    handle(&mut it, FINISHED, vec![], &[sent("1.1")], None);
    assert_eq!(says(&mut it, ("o1", Wish::Reopen { anew: false }, 10), None, &[]), "");
    let said = says(&mut it, ("o2", Wish::Reopen { anew: true }, 11), None, &[sent("2.1")]);
    assert_eq!(said, "placeholder 0");
    let untouched = says(&mut new(), ("o1", Wish::Reopen { anew: true }, 10), None, &[]);
    assert_eq!(untouched, "", "its outcome is on its way: there is nothing to make room for");
}

#[test]
fn what_a_reopened_message_had_before_is_not_sent_in_place_of_its_new_outcome() {
    let mut it = new();
    handle(&mut it, APOLOGY, vec![], &[sent("1.1")], None);
    says(&mut it, ("o1", Wish::Reopen { anew: false }, 10), None, &[sent("2.1")]);
    assert_eq!(says(&mut it, ("o2", Wish::Again, 11), APOLOGY.1, &[]), "");
    assert_eq!(says(&mut it, ("o3", Wish::Anew, 12), APOLOGY.1, &[]), "");
    assert_eq!(it.reply.verdict, None);
}
