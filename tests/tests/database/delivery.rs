use domain::{
    effect::{Effect, EffectState, Input, SendOutcome},
    reply_state::{Step, Verdict, next},
};
use schemas::{EffectId, Text, event::ReplyKind};
use store::{
    StoreError,
    effects::{self, Ledgered, Stepped, What},
    fence::{Fence, Leadership},
    replies::{self, Outcome},
};

use crate::{World, at, event, message, reference, tenant, world};

fn planned(what: What, part: u32, effect: Effect) -> Ledgered {
    Ledgered {
        id: EffectId::derive(&event("cause"), what.as_str(), part as usize),
        message: message("m1"),
        what,
        part,
        effect,
        channel: "C1".to_owned(),
        target_ts: None,
        payload: Some(Text::Plain("hi".to_owned())),
        fence: 0,
        planned_at: at(0),
    }
}

async fn step(world: &World, it: &Ledgered, input: Input, fence: &Fence) -> Stepped {
    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    let stepped = effects::step(&mut tx, &it.id, input, fence, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    stepped
}

#[tokio::test]
async fn a_reply_is_one_row_and_says_what_to_do_next() {
    let world = world().await;
    let (acme, m1) = (tenant("acme"), reference("m1", "1700000001.000100"));
    let lead = Leadership::acquire(&world.db, "delivery", "test").await.unwrap();
    let fence = lead.fence();

    let mut tx = world.db.tenant(&acme).await.unwrap();
    let locked = replies::lock(&mut tx, &m1, fence, at(0)).await.unwrap();
    assert_eq!(next(&locked.state()), [Step::PostPlaceholder]);
    let placeholder = planned(What::Placeholder, 0, Effect::once());
    assert!(effects::plan(&mut tx, &placeholder).await.unwrap());
    assert!(!effects::plan(&mut tx, &placeholder).await.unwrap(), "planned twice, it is one");
    tx.commit().await.unwrap();

    assert!(matches!(step(&world, &placeholder, Input::Claim, fence).await, Stepped::Moved(_)));
    assert!(matches!(step(&world, &placeholder, Input::Claim, fence).await, Stepped::Refused(_)));
    let sent = Input::Outcome { attempt: 1, outcome: SendOutcome::Sent("17.1".to_owned()) };
    step(&world, &placeholder, sent, fence).await;

    let mut tx = world.db.tenant(&acme).await.unwrap();
    let mut locked = replies::lock(&mut tx, &m1, fence, at(2)).await.unwrap();
    locked.reply.verdict = Some(Verdict::Reply { kind: ReplyKind::Answer, parts: 2 });
    locked.reply.verdict_event = Some(event("finished"));
    replies::save(&mut tx, &locked.reply, fence, at(2)).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = world.db.tenant(&acme).await.unwrap();
    let mut locked = replies::lock(&mut tx, &m1, fence, at(3)).await.unwrap();
    let want = [Step::Update { ts: "17.1".to_owned() }, Step::Post { part: 1 }];
    assert_eq!(next(&locked.state()), want);
    locked.reply.outcome = Some(Outcome::Delivered);
    replies::save(&mut tx, &locked.reply, fence, at(3)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = world.db.tenant(&acme).await.unwrap();
    let found = replies::find(&mut tx, &m1.id).await.unwrap().unwrap();
    assert_eq!(found.outcome, Some(Outcome::Delivered));
    assert_eq!(found.message, m1);
}

#[tokio::test]
async fn two_who_work_on_one_reply_wait_for_each_other() {
    let world = world().await;
    let (acme, m1) = (tenant("acme"), reference("m1", "1700000001.000100"));
    let lead = Leadership::acquire(&world.db, "delivery", "test").await.unwrap();
    let mut tx = world.db.tenant(&acme).await.unwrap();
    replies::lock(&mut tx, &m1, lead.fence(), at(0)).await.unwrap();

    let (db, fence) = (world.db.clone(), lead.fence().clone());
    let other = tokio::spawn(async move {
        let mut tx = db.tenant(&acme).await.unwrap();
        replies::lock(&mut tx, &m1, &fence, at(1)).await.unwrap()
    });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!other.is_finished());
    tx.commit().await.unwrap();
    other.await.unwrap();
}

#[tokio::test]
async fn a_sender_that_is_gone_leaves_an_uncertain_effect_and_an_echo_settles_it() {
    let world = world().await;
    let lead = Leadership::acquire(&world.db, "delivery", "old").await.unwrap();
    let old = lead.fence().clone();
    let post = planned(What::Post, 0, Effect::once());
    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    effects::plan(&mut tx, &post).await.unwrap();
    tx.commit().await.unwrap();
    step(&world, &post, Input::Claim, &old).await;
    drop(lead);

    let lead = Leadership::acquire(&world.db, "delivery", "new").await.unwrap();
    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    let found = effects::find(&mut tx, &post.id).await.unwrap().unwrap();
    assert_eq!(found.effect.state, EffectState::Sending);
    assert!(found.fence < lead.fence().epoch(), "its sender is gone");
    drop(tx);
    step(&world, &post, Input::FoundSendingAfterCrash, lead.fence()).await;
    assert!(matches!(step(&world, &post, Input::Claim, lead.fence()).await, Stepped::Refused(_)));

    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    assert_eq!(effects::in_state(&mut tx, "uncertain", 10).await.unwrap().len(), 1);
    drop(tx);
    step(&world, &post, Input::Observed("17.2".to_owned()), lead.fence()).await;
    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    let found = effects::of_message(&mut tx, &message("m1")).await.unwrap();
    assert_eq!(found[0].effect.state, EffectState::Sent { ts: "17.2".to_owned() });

    let unknown = planned(What::Post, 9, Effect::once());
    let seen = Input::Observed("17.3".to_owned());
    assert_eq!(step(&world, &unknown, seen, lead.fence()).await, Stepped::Unknown);
    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    let m2 = reference("m2", "1700000002.000100");
    let late = replies::lock(&mut tx, &m2, &old, at(9)).await;
    assert!(matches!(late, Err(StoreError::Fenced(_))));
}
