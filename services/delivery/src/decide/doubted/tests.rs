use domain::{doubt::Doubt, effect::SendOutcome};
use schemas::Timestamp;

use super::*;
use crate::decide::{
    Next, Order, Wish, next,
    tests::{ADMITTED, Cause, FINISHED, LONG, handle, handle_look, look, new, sent},
};

const UNCERTAIN: &str = "uncertain: restored: it may have been sent after the backup";

/// A look after a restore; the message was written before.
fn restored(cause: Cause) -> Look {
    let written_before = Timestamp::from_millis(1_700_000_100_000);
    let doubt = Some(Doubt { written_before, said_until: 100 });
    Look { doubt, ..look(cause, Vec::new()) }
}

#[test]
fn nothing_is_sent_that_may_be_there_and_it_is_looked_for() {
    let mut it = new();
    assert_eq!(handle_look(&mut it, restored(ADMITTED), &[], None), "", "no placeholder");
    let want = format!("look for 1, look for 2, {UNCERTAIN}");
    assert_eq!(handle_look(&mut it, restored(FINISHED), &[], None), want);
    let again = handle_look(&mut it, restored(FINISHED), &[], None);
    assert_eq!(again, format!("look for 2, {UNCERTAIN}"), "its word may have been lost");
}

#[test]
fn what_is_found_counts_and_a_placeholder_makes_room() {
    let mut it = new();
    let found = handle_look(&mut it, restored(FINISHED), &[], Some("1.5"));
    assert_eq!(found, "look for 1, delivered 1.5");

    let mut it = new();
    handle_look(&mut it, restored(ADMITTED), &[], None);
    let found = handle_look(&mut it, restored(FINISHED), &[sent("1.1")], Some("1.1"));
    assert_eq!(found, "look for 1, update 0 1.1, delivered 1.1", "as often as one likes");

    let mut it = new();
    handle(&mut it, ADMITTED, Vec::new(), &[sent("1.1")], None);
    let known = handle_look(&mut it, restored(FINISHED), &[sent("1.1")], None);
    assert_eq!(known, "update 0 1.1, delivered 1.1", "the backup has the placeholder");
}

#[test]
fn every_part_is_in_doubt_and_the_first_may_stand_in_the_place_of_a_placeholder() {
    let mut it = new();
    let Next::Reconcile(spots) = next(&mut it, &restored(LONG)) else { panic!("no doubt") };
    let names: Vec<_> = spots.iter().map(|spot| spot.seen_as.clone()).collect();
    let update = EffectId::derive(&"finished".parse().unwrap(), "update", 0);
    assert_eq!(names, [Some(update), None]);
}

#[test]
fn what_was_planned_may_have_been_sent_too() {
    let mut it = new();
    let refused = SendOutcome::NotSent("refused".to_owned());
    handle(&mut it, FINISHED, Vec::new(), &[refused], None);
    let want = format!("look for 1, {UNCERTAIN}");
    assert_eq!(handle_look(&mut it, restored(FINISHED), &[], None), want);
}

#[test]
fn an_operators_word_since_then_sends_it_once() {
    let mut it = new();
    handle_look(&mut it, restored(FINISHED), &[], None);
    let order = Order { wish: Wish::Again, sequence: 101, outcome_of: None };
    let says = Look { order: Some(order), ..restored(Cause("o1", FINISHED.1)) };
    let said = handle_look(&mut it, says.clone(), &[sent("1.9")], None);
    assert_eq!(said, "post 0, delivered 1.9");
    assert_eq!(handle_look(&mut it, says, &[], None), "delivered 1.9", "the same word again");
}

#[test]
fn what_was_written_since_is_answered_as_ever() {
    let mut it = new();
    it.reply.message.ts = "1700000100.000100".to_owned();
    assert_eq!(handle_look(&mut it, restored(ADMITTED), &[sent("1.1")], None), "placeholder 0");
    let answered = handle_look(&mut it, restored(FINISHED), &[sent("1.1")], None);
    assert_eq!(answered, "update 0 1.1, delivered 1.1");
}
