use proptest::prelude::*;

use super::*;

fn sent(ts: &str) -> EffectState {
    EffectState::Sent { ts: ts.to_owned() }
}

fn failed() -> EffectState {
    EffectState::Failed { code: "is_archived".to_owned() }
}

fn uncertain() -> EffectState {
    EffectState::Uncertain { detail: "timeout".to_owned() }
}

const ANSWER: Option<Verdict> = Some(Verdict::Reply { kind: ReplyKind::Answer, parts: 1 });
const LONG: Option<Verdict> = Some(Verdict::Reply { kind: ReplyKind::Answer, parts: 3 });
const HAND_OFF: Option<Verdict> = Some(Verdict::Reply { kind: ReplyKind::HandOff, parts: 1 });
const HELD: Option<Verdict> = Some(Verdict::Reply { kind: ReplyKind::Held, parts: 1 });
const NOTICE: Option<Verdict> = Some(Verdict::Reply { kind: ReplyKind::Notice, parts: 1 });
const NOTHING: Option<Verdict> = Some(Verdict::Nothing);

/// Steps in one line, e.g. `update 1.1, post 1`.
fn show(state: &ReplyState) -> String {
    let step = |step: Step| match step {
        Step::PostPlaceholder => "placeholder".to_owned(),
        Step::Update { ts } => format!("update {ts}"),
        Step::Post { part } => format!("post {part}"),
        Step::Delete { ts } => format!("delete {ts}"),
        Step::Wait => "wait".to_owned(),
        Step::Delivered => "delivered".to_owned(),
        Step::Note => "note".to_owned(),
        Step::Uncertain { of: Slot::Part(part), detail } => format!("uncertain {part} {detail}"),
        Step::Uncertain { of: Slot::Note, detail } => format!("uncertain note {detail}"),
        Step::Failed { code } => format!("failed {code}"),
        Step::Closed => "closed".to_owned(),
    };
    next(state).into_iter().map(step).collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(cases: &[(ReplyState, &str)]) {
    for (state, want) in cases {
        assert_eq!(show(state), *want, "{state:#?}");
    }
}

fn with(verdict: Option<Verdict>, placeholder: Option<EffectState>) -> ReplyState {
    ReplyState { verdict, placeholder, ..ReplyState::new() }
}

#[test]
fn before_a_verdict_there_is_a_placeholder() {
    check(&[
        (with(None, None), "placeholder"),
        (with(None, Some(EffectState::Planned)), "placeholder"),
        (with(None, Some(EffectState::Sending)), ""),
        (with(None, Some(sent("1.1"))), ""),
        (with(None, Some(failed())), ""),
        (with(None, Some(uncertain())), ""),
    ]);
}

#[test]
fn the_answer_takes_the_placeholder_s_place_or_is_posted() {
    let late = |placeholder| ReplyState { waited_out: true, ..with(ANSWER, Some(placeholder)) };
    check(&[
        (with(ANSWER, Some(sent("1.1"))), "update 1.1"),
        (with(LONG, Some(sent("1.1"))), "update 1.1, post 1, post 2"),
        (with(ANSWER, None), "post 0"),
        (with(LONG, None), "post 0, post 1, post 2"),
        (with(ANSWER, Some(EffectState::Planned)), "post 0"),
        (with(ANSWER, Some(failed())), "post 0"),
        (with(ANSWER, Some(EffectState::Sending)), "wait"),
        (with(ANSWER, Some(uncertain())), "wait"),
        (late(EffectState::Sending), "post 0"),
        (late(uncertain()), "post 0"),
        (late(sent("1.1")), "update 1.1"),
    ]);
}

#[test]
fn all_parts_sent_is_delivered() {
    let placed =
        |update, posts| ReplyState { update: Some(update), posts, ..with(LONG, Some(sent("1.1"))) };
    let posted = |posts| ReplyState { posts, ..with(LONG, None) };
    let (one, two) = (Some(sent("1.2")), Some(sent("1.3")));
    check(&[
        (placed(EffectState::Sending, vec![]), "wait"),
        (placed(EffectState::Planned, vec![]), "update 1.1, post 1, post 2"),
        (placed(sent("1.1"), vec![]), "post 1, post 2"),
        (placed(sent("1.1"), vec![None, one.clone()]), "post 2"),
        (placed(sent("1.1"), vec![None, one.clone(), Some(EffectState::Sending)]), "wait"),
        (placed(sent("1.1"), vec![None, one.clone(), two.clone()]), "delivered"),
        (posted(vec![one.clone(), two.clone(), two.clone()]), "delivered"),
        (posted(vec![one.clone(), Some(uncertain())]), "post 2"),
        (posted(vec![one.clone(), Some(uncertain()), two.clone()]), "uncertain 1 timeout"),
        (posted(vec![one.clone(), Some(failed()), None]), "failed is_archived"),
        (posted(vec![Some(uncertain()), one.clone(), Some(failed())]), "failed is_archived"),
    ]);
}

#[test]
fn a_placeholder_that_cannot_be_changed_is_deleted_beside_a_new_post() {
    let state = |posts, delete| ReplyState {
        update: Some(failed()),
        posts,
        delete,
        ..with(ANSWER, Some(sent("1.1")))
    };
    let answer = vec![Some(sent("1.2"))];
    check(&[
        (state(vec![], None), "post 0, delete 1.1"),
        (state(answer.clone(), None), "delete 1.1, delivered"),
        (state(answer.clone(), Some(EffectState::Planned)), "delete 1.1, delivered"),
        (state(answer.clone(), Some(EffectState::Sending)), "delivered"),
        (state(answer.clone(), Some(sent("1.1"))), "delivered"),
        (state(answer, Some(failed())), "delivered"),
        (state(vec![Some(failed())], None), "delete 1.1, failed is_archived"),
    ]);
}

/// The story of a placeholder whose post timed out: the answer goes out by itself, and when the
/// placeholder's echo comes after all, it is deleted.
#[test]
fn a_stray_that_shows_up_later_is_deleted() {
    let story = [
        (ReplyState { waited_out: true, ..with(ANSWER, Some(uncertain())) }, "post 0"),
        (
            ReplyState {
                waited_out: true,
                posts: vec![Some(EffectState::Planned)],
                ..with(ANSWER, Some(sent("1.1")))
            },
            "post 0, delete 1.1",
        ),
        (
            ReplyState {
                waited_out: true,
                posts: vec![Some(sent("1.2"))],
                ..with(ANSWER, Some(uncertain()))
            },
            "delivered",
        ),
        (
            ReplyState { posts: vec![Some(sent("1.2"))], ..with(ANSWER, Some(sent("1.1"))) },
            "delete 1.1, delivered",
        ),
    ];
    check(&story);
}

#[test]
fn nothing_to_say_leaves_nothing_behind() {
    let deleting = |delete| ReplyState { delete: Some(delete), ..with(NOTHING, Some(sent("1.1"))) };
    let late = |placeholder| ReplyState { waited_out: true, ..with(NOTHING, Some(placeholder)) };
    check(&[
        (with(NOTHING, None), "closed"),
        (with(NOTHING, Some(EffectState::Planned)), "closed"),
        (with(NOTHING, Some(failed())), "closed"),
        (with(NOTHING, Some(EffectState::Sending)), "wait"),
        (with(NOTHING, Some(uncertain())), "wait"),
        (late(EffectState::Sending), "closed"),
        (late(uncertain()), "closed"),
        (late(sent("1.1")), "delete 1.1"),
        (with(NOTHING, Some(sent("1.1"))), "delete 1.1"),
        (deleting(EffectState::Sending), "wait"),
        (deleting(sent("1.1")), "closed"),
        (deleting(failed()), "closed"),
    ]);
}

#[test]
fn what_is_for_one_person_never_takes_the_place_of_what_all_see() {
    let shown = |posts, delete| ReplyState { posts, delete, ..with(HELD, Some(sent("1.1"))) };
    let late = ReplyState { waited_out: true, ..with(HELD, Some(uncertain())) };
    let told = vec![Some(sent("1.2"))];
    check(&[
        (with(HELD, None), "post 0"),
        (with(HELD, Some(EffectState::Sending)), "wait"),
        (late, "post 0"),
        (with(NOTICE, Some(sent("1.1"))), "post 0, delete 1.1"),
        (shown(vec![], None), "post 0, delete 1.1"),
        (shown(told.clone(), None), "delete 1.1, delivered"),
        (shown(told, Some(sent("1.1"))), "delivered"),
        (shown(vec![Some(failed())], None), "delete 1.1, failed is_archived"),
    ]);
}

#[test]
fn whoever_takes_over_is_told_before_the_person_is() {
    let noted = |note| ReplyState { note, ..with(HAND_OFF, Some(sent("1.1"))) };
    let late = |note| ReplyState { waited_out: true, ..noted(Some(note)) };
    let told = |note| ReplyState { update: Some(sent("1.1")), ..late(note) };
    check(&[
        (noted(None), "note"),
        (noted(Some(EffectState::Planned)), "note"),
        (noted(Some(EffectState::Sending)), "wait"),
        (noted(Some(sent("2.1"))), "update 1.1"),
        (noted(Some(failed())), "update 1.1"),
        (noted(Some(uncertain())), "wait"),
        (late(uncertain()), "update 1.1"),
        (told(sent("2.1")), "delivered"),
        (told(failed()), "delivered"),
        (told(uncertain()), "uncertain note timeout"),
    ]);
}

fn any_effect() -> impl Strategy<Value = Option<EffectState>> {
    prop::option::of(prop_oneof![
        Just(EffectState::Planned),
        Just(EffectState::Sending),
        Just(sent("1.1")),
        Just(failed()),
        Just(uncertain()),
    ])
}

proptest! {
    #[test]
    fn in_every_state_the_invariants_hold(
        verdict in prop_oneof![
            Just(ANSWER), Just(LONG), Just(HAND_OFF), Just(HELD), Just(NOTHING), Just(None),
        ],
        placeholder in any_effect(),
        update in any_effect(),
        delete in any_effect(),
        note in any_effect(),
        posts in prop::collection::vec(any_effect(), 0..4),
        waited_out: bool,
    ) {
        let state = ReplyState { verdict, placeholder, waited_out, update, posts, delete, note };
        let steps = next(&state);
        prop_assert!(verdict.is_none() || !steps.contains(&Step::PostPlaceholder));
        prop_assert!(verdict.is_none() || !steps.is_empty());
        // Nothing is done that is done or in flight.
        for step in &steps {
            let effect = match step {
                Step::PostPlaceholder => state.placeholder.as_ref(),
                Step::Update { .. } => state.update.as_ref(),
                Step::Post { part } => state.posts.get(*part).and_then(Option::as_ref),
                Step::Delete { .. } => state.delete.as_ref(),
                Step::Note => state.note.as_ref(),
                Step::Wait | Step::Delivered | Step::Uncertain { .. } | Step::Failed { .. }
                | Step::Closed => None,
            };
            prop_assert!(matches!(effect, None | Some(EffectState::Planned)), "{:?}", step);
        }
        // Delivered means that each part is there.
        if let (Some(Verdict::Reply { parts, .. }), true) =
            (verdict, steps.contains(&Step::Delivered))
        {
            for part in 0..parts {
                let there = matches!(state.part(part), Some(EffectState::Sent { .. }));
                prop_assert!(there, "part {}", part);
            }
        }
        // Nobody is told that a colleague has it before it was tried to tell the colleague.
        let is_untold = matches!(&state.note, None | Some(EffectState::Planned | EffectState::Sending));
        if verdict == HAND_OFF && is_untold {
            let speaks = |it: &Step| matches!(it, Step::Update { .. } | Step::Post { .. });
            prop_assert!(!steps.iter().any(speaks));
        }
        // What is for one person's eyes is not shown to all.
        let updates = steps.iter().any(|it| matches!(it, Step::Update { .. }));
        prop_assert!(verdict != HELD || !updates);
        let ends = steps.iter().filter(|step| {
            matches!(step, Step::Delivered | Step::Uncertain { .. } | Step::Failed { .. } | Step::Closed)
        });
        prop_assert!(ends.count() <= 1);
    }
}
