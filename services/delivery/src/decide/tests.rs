use domain::{effect::SendOutcome, reply_state::Verdict};
use schemas::{Place, PlaceKind, Timestamp};

use super::*;

pub(crate) fn message() -> MessageRef {
    MessageRef {
        id: "m1".parse().unwrap(),
        connection: "slack-T0ACME".parse().unwrap(),
        conversation: "C1-1700000000_000100".parse().unwrap(),
        place: Place {
            workspace: "T0ACME".to_owned(),
            channel: "C1".to_owned(),
            kind: PlaceKind::Public,
            thread: "1700000000.000100".to_owned(),
        },
        ts: "1700000001.000100".to_owned(),
        sender: "U1".to_owned(),
    }
}

/// An event that is handled: its name, and what it says the person gets.
#[derive(Clone, Copy)]
pub(super) struct Cause(pub(super) &'static str, pub(super) Option<Verdict>);

pub(super) const ADMITTED: Cause = Cause("admitted", None);
pub(super) const FINISHED: Cause = Cause("finished", Some(answer(1)));
pub(super) const LONG: Cause = Cause("finished", Some(answer(2)));
const ECHO: Cause = Cause("echo", None);

/// The place of whatever is handled, where a test does not say another.
const NEWEST: u64 = 1_000;

pub(super) const fn answer(parts: usize) -> Verdict {
    Verdict::Reply { kind: ReplyKind::Answer, parts }
}

pub(super) fn look(cause: Cause, news: Vec<News>) -> Look {
    Look {
        verdict: cause.1,
        has_words: cause.1.is_some(),
        news,
        note_to: Some("C9".to_owned()),
        ..Look::new(&cause.0.parse().unwrap(), NEWEST, Timestamp::from_millis(1))
    }
}

/// Handles an event as the loop does. The chat system answers each call as `outcomes` say, then shows
/// what is in doubt under `shows`. Returns what was done and said, in one line.
pub(super) fn handle(
    locked: &mut Locked,
    cause: Cause,
    news: Vec<News>,
    outcomes: &[SendOutcome],
    shows: Option<&str>,
) -> String {
    handle_look(locked, look(cause, news), outcomes, shows)
}

/// The same with a look of one's own.
pub(super) fn handle_look(
    locked: &mut Locked,
    mut look: Look,
    outcomes: &[SendOutcome],
    shows: Option<&str>,
) -> String {
    let mut line = Vec::new();
    let mut outcomes = outcomes.iter();
    loop {
        look.news = match next(locked, &look) {
            Next::Call(claimed) => {
                let target = claimed.target_ts.map(|ts| format!(" {ts}")).unwrap_or_default();
                line.push(format!("{} {}{target}", claimed.what.as_str(), claimed.part));
                let Some(outcome) = outcomes.next() else { return line.join(", ") + ", killed" };
                let (effect, attempt) = (claimed.spot.effect, claimed.attempt);
                vec![News::Came { effect, attempt, outcome: outcome.clone() }]
            }
            Next::Reconcile(in_doubt) => {
                line.push(format!("look for {}", in_doubt.len()));
                look.looked = true;
                let ts = shows.map(str::to_owned);
                in_doubt
                    .into_iter()
                    .filter_map(|spot| Some(News::Seen { effect: spot.effect, ts: ts.clone()? }))
                    .collect()
            }
            Next::TakeAway { ts, .. } => {
                line.push(format!("take away {ts}"));
                Vec::new()
            }
            Next::NotYet { what, wait } => {
                line.push(format!("{} again in {} ms", what.as_str(), wait.as_millis()));
                return line.join(", ");
            }
            Next::Replaced => return "replaced".to_owned(),
            Next::Done(events) => {
                line.extend(events.iter().map(said));
                return line.join(", ");
            }
        };
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is said")]
fn said(event: &Event) -> String {
    match event {
        Event::ReplyDelivered(data) => {
            let parts: Vec<_> = data.parts.iter().map(|part| part.ts.as_str()).collect();
            format!("delivered {}", parts.join(" "))
        }
        Event::ReplyUncertain(data) => format!("uncertain: {}", data.detail),
        Event::ReplyFailed(data) => format!("failed: {}", data.code),
        other => format!("{other:?}"),
    }
}

pub(super) fn sent(ts: &str) -> SendOutcome {
    SendOutcome::Sent(ts.to_owned())
}

pub(super) fn lost() -> SendOutcome {
    SendOutcome::Ambiguous("no answer in 10 s".to_owned())
}

pub(super) fn echo_of(locked: &Locked, index: usize, ts: &str) -> Vec<News> {
    vec![News::Seen { effect: locked.effects[index].id.clone(), ts: ts.to_owned() }]
}

pub(super) fn new() -> Locked {
    Locked::new(message())
}

#[test]
fn the_answer_takes_the_place_of_the_placeholder() {
    let mut it = new();
    let none = Vec::new;
    assert_eq!(handle(&mut it, ADMITTED, none(), &[sent("1.1")], None), "placeholder 0");
    let again = handle(&mut it, ADMITTED, none(), &[], None);
    assert_eq!(again, "", "the same event again: nothing");
    let outcomes = [sent("1.1"), sent("1.2")];
    let want = "update 0 1.1, post 1, delivered 1.1 1.2";
    assert_eq!(handle(&mut it, LONG, none(), &outcomes, None), want);
    let again = handle(&mut it, LONG, none(), &[], None);
    assert_eq!(again, "delivered 1.1 1.2", "its word may have been lost; its id is the same");
    assert_eq!(handle(&mut it, ADMITTED, none(), &[], None), "", "late, and nothing is left to do");
}

#[test]
fn a_word_for_one_person_is_posted_and_the_placeholder_taken_away() {
    let mut it = new();
    handle(&mut it, ADMITTED, vec![], &[sent("1.1")], None);
    let held = Cause("held", Some(Verdict::Reply { kind: ReplyKind::Held, parts: 1 }));
    let outcomes = [sent("1.2"), sent("1.1")];
    let want = "post 0, delete 0 1.1, delivered 1.2";
    assert_eq!(handle(&mut it, held, vec![], &outcomes, None), want);
}

#[test]
fn a_late_placeholder_is_never_posted_and_a_second_verdict_never_counts() {
    let mut it = new();
    assert_eq!(handle(&mut it, FINISHED, vec![], &[sent("1.1")], None), "post 0, delivered 1.1");
    assert_eq!(handle(&mut it, ADMITTED, vec![], &[], None), "");
    let other = Cause("throttled", Some(answer(1)));
    assert_eq!(handle(&mut it, other, vec![], &[], None), "");
}

#[test]
fn whoever_ends_a_reply_says_so_again_and_nobody_else_does() {
    let mut it = new();
    let want = "post 0, look for 1, uncertain: no answer in 10 s";
    assert_eq!(handle(&mut it, FINISHED, vec![], &[lost()], None), want);
    let again = handle(&mut it, FINISHED, vec![], &[], None);
    assert_eq!(again, "look for 1, uncertain: no answer in 10 s");
    let other = handle(&mut it, Cause("echo-of-another", None), vec![], &[], None);
    assert_eq!(other, "look for 1", "said already");

    let echo = echo_of(&it, 0, "1.1");
    assert_eq!(handle(&mut it, ECHO, echo.clone(), &[], None), "delivered 1.1");
    let again = handle(&mut it, ECHO, echo.clone(), &[], None);
    assert_eq!(again, "delivered 1.1", "the echo's word may have been lost");
    assert_eq!(handle(&mut it, FINISHED, vec![], &[], None), "", "the echo has said it");
    assert_eq!(handle(&mut it, Cause("echo-again", None), echo, &[], None), "");
}

#[test]
fn a_call_cut_off_by_a_crash_is_looked_for_and_not_made_again() {
    let mut it = new();
    assert_eq!(handle(&mut it, FINISHED, vec![], &[], None), "post 0, killed");
    let mut found = it.clone();
    let want = "look for 1, delivered 1.1";
    assert_eq!(handle(&mut found, FINISHED, vec![], &[], Some("1.1")), want);
    let want = "look for 1, uncertain: the sender was lost";
    assert_eq!(handle(&mut it, FINISHED, vec![], &[], None), want);
}

#[test]
fn an_update_cut_off_by_a_crash_is_made_again() {
    let mut it = new();
    handle(&mut it, ADMITTED, vec![], &[sent("1.1")], None);
    assert_eq!(handle(&mut it, FINISHED, vec![], &[], None), "update 0 1.1, killed");
    let want = "update 0 1.1, delivered 1.1";
    assert_eq!(handle(&mut it, FINISHED, vec![], &[sent("1.1")], None), want);
    assert_eq!(it.effects.len(), 2, "it is one effect");
}

#[test]
fn what_was_not_carried_out_is_made_again_after_the_wait_that_was_asked_for() {
    let mut it = new();
    let busy = SendOutcome::RetryAfter(Duration::from_secs(7));
    let away = SendOutcome::NotSent("connection refused".to_owned());
    assert_eq!(handle(&mut it, FINISHED, vec![], &[busy], None), "post 0, post again in 7000 ms");
    assert_eq!(handle(&mut it, FINISHED, vec![], &[away], None), "post 0, post again in 1000 ms");
    assert_eq!(handle(&mut it, FINISHED, vec![], &[sent("1.1")], None), "post 0, delivered 1.1");
    assert_eq!((it.effects.len(), it.effects[0].effect.attempt), (1, 3));
}

#[test]
fn a_second_copy_is_taken_away() {
    let mut it = new();
    handle(&mut it, FINISHED, vec![], &[sent("1.1")], None);
    let echo = echo_of(&it, 0, "1.2");
    assert_eq!(handle(&mut it, ECHO, echo, &[], None), "take away 1.2");
}

#[test]
fn a_worker_that_was_replaced_says_what_its_call_came_to_and_goes_no_further() {
    let mut it = new();
    handle(&mut it, LONG, vec![], &[], None);
    it.leads = false;
    let (effect, attempt) = (it.effects[0].id.clone(), 1);
    let came = vec![News::Came { effect, attempt, outcome: sent("1.1") }];
    assert_eq!(handle(&mut it, LONG, came, &[], None), "replaced");
    assert_eq!(it.effects[0].effect.state, EffectState::Sent { ts: "1.1".to_owned() });
    assert_eq!(it.effects.len(), 1, "the second part is the new leader's");
}

#[test]
fn a_refusal_is_said_with_its_code_and_nothing_leaves_no_placeholder() {
    let mut it = new();
    let code = "is_archived".to_owned();
    let refused = SendOutcome::Rejected { code, class: domain::effect::Rejection::Target };
    assert_eq!(handle(&mut it, FINISHED, vec![], &[refused], None), "post 0, failed: is_archived");

    let mut it = new();
    handle(&mut it, ADMITTED, vec![], &[sent("1.1")], None);
    let nothing = Cause("suspended", Some(Verdict::Nothing));
    assert_eq!(handle(&mut it, nothing, vec![], &[sent("1.1")], None), "delete 0 1.1");
    assert_eq!(it.reply.outcome, Some(Outcome::Closed));
}

const HANDED_OFF: Cause =
    Cause("handed-off", Some(Verdict::Reply { kind: ReplyKind::HandOff, parts: 1 }));

/// The echo of a word to whoever takes over comes in a thread of theirs, beside the lane of the reply.
#[test]
fn beside_its_lane_nothing_is_taken_for_lost_and_nothing_is_sent() {
    let elsewhere = |news| Look { owns_lane: false, ..look(ECHO, news) };
    let mut it = new();
    handle(&mut it, ADMITTED, vec![], &[sent("1.1")], None);
    assert_eq!(handle(&mut it, HANDED_OFF, vec![], &[], None), "note 0, killed");
    let echo = echo_of(&it, 1, "9.1");
    // The lane goes on meanwhile: the person is being told.
    let mut told = it.clone();
    told.effects[1].effect.state = EffectState::Sent { ts: "9.1".to_owned() };
    assert_eq!(handle(&mut told, HANDED_OFF, vec![], &[], None), "update 0 1.1, killed");
    assert_eq!(next(&mut told, &elsewhere(echo.clone())), Next::Done(vec![]));
    assert_eq!(told.effects[2].effect.state, EffectState::Sending);
    // What it says is learned all the same.
    assert_eq!(next(&mut it, &elsewhere(echo)), Next::Done(vec![]));
    assert_eq!(it.effects[1].effect.state, EffectState::Sent { ts: "9.1".to_owned() });
    assert_eq!(next(&mut new(), &elsewhere(vec![])), Next::Done(vec![]), "and no placeholder");
}

#[test]
fn a_hand_off_that_is_set_aside_is_given_back_unless_somebody_may_know_of_it() {
    let give_up = |locked: &mut Locked| give_up(locked, &look(HANDED_OFF, vec![]));
    let back = |code: &str| {
        let MessageRef { id, connection, conversation, .. } = message();
        Next::Done(vec![Event::ConversationHandedBack(ConversationHandedBack {
            connection,
            conversation,
            handed_off: id,
            by: HandedBackBy::Unreached(code.to_owned()),
        })])
    };
    let mut it = new();
    assert_eq!(give_up(&mut it), back("set_aside"));
    assert_eq!((it.effects[0].what, &*it.effects[0].channel), (What::Note, "C9"));
    assert_eq!(give_up(&mut it), back("set_aside"), "its word may have been lost");
    // Put back on the log, it tells the person what became of it, and no colleague.
    let said = handle(&mut it, HANDED_OFF, vec![], &[sent("1.1")], None);
    assert!(said.starts_with("post 0, delivered 1.1, ConversationHandedBack"), "{said}");

    let busy = SendOutcome::RetryAfter(Duration::from_secs(7));
    let refused = SendOutcome::Rejected {
        code: "is_archived".to_owned(),
        class: domain::effect::Rejection::Target,
    };
    for (outcome, want) in [
        (Some(sent("9.1")), Next::Done(vec![])),
        (Some(lost()), Next::Done(vec![])),
        (None, Next::Done(vec![])),
        (Some(busy), back("set_aside")),
        (Some(refused), back("is_archived")),
    ] {
        let mut it = new();
        handle(&mut it, HANDED_OFF, vec![], outcome.as_slice(), None);
        assert_eq!(give_up(&mut it), want, "{outcome:?}");
    }
    let mut replaced = Locked { leads: false, ..new() };
    assert_eq!(give_up(&mut replaced), Next::Replaced);
    assert_eq!(replaced.effects.len(), 0);
}
