use domain::{
    effect::{Effect, EffectState, Input},
    reply_state::{Step, Verdict, next},
};
use schemas::{EffectId, event::ReplyKind};
use store::{
    StoreError,
    effects::{Ledgered, What},
    fence::Leadership,
    replies::{Locked, Outcome, Replies},
};

use crate::{at, event, message, reference, tenant, world};

fn planned(what: What, part: u32, effect: Effect) -> Ledgered {
    Ledgered {
        id: EffectId::derive(&event("cause"), what.as_str(), part as usize),
        message: message("m1"),
        what,
        part,
        effect,
        channel: "C1".to_owned(),
        target_ts: None,
        planned_at: at(0),
        round: 0,
    }
}

fn stepped(effect: &Effect, input: Input) -> Effect {
    effect.step(input).unwrap().effect
}

/// An effect that is being made.
fn claimed(what: What) -> Ledgered {
    planned(what, 0, stepped(&Effect::once(), Input::Claim))
}

fn seen(locked: &mut Locked, ts: &str) {
    let effect = &mut locked.effects[0].effect;
    *effect = stepped(effect, Input::Observed(ts.to_owned()));
}

#[tokio::test]
async fn a_reply_is_one_row_and_says_what_to_do_next() {
    let world = world().await;
    let (acme, m1) = (tenant("acme"), reference("m1", "1700000001.000100"));
    let lead = Leadership::acquire(&world.db, "delivery", "test").await.unwrap();
    let replies = Replies::open(world.db.clone(), lead.fence().clone());

    let steps = replies.change(&acme, &m1, at(0), |locked| {
        let steps = next(&locked.state());
        locked.effects.push(claimed(What::Placeholder));
        steps
    });
    assert_eq!(steps.await.unwrap(), [Step::PostPlaceholder]);
    let steps = replies.change(&acme, &m1, at(1), |locked| {
        seen(locked, "17.1");
        locked.reply.verdict = Some(Verdict::Reply { kind: ReplyKind::Answer, parts: 2 });
        locked.reply.verdict_event = Some(event("finished"));
        next(&locked.state())
    });
    let want = [Step::Update { ts: "17.1".to_owned() }, Step::Post { part: 1 }];
    assert_eq!(steps.await.unwrap(), want);
    let steps = replies.change(&acme, &m1, at(2), |locked| {
        locked.reply.outcome = Some(Outcome::Delivered);
        locked.reply.outcome_event = Some(event("finished"));
        next(&locked.state())
    });
    assert_eq!(steps.await.unwrap(), want, "what was changed is what is read");

    let replies = Replies::open(world.db.clone(), lead.fence().clone());
    let locked = replies.change(&acme, &m1, at(3), |locked| locked.clone()).await.unwrap();
    assert_eq!(locked.reply.outcome, Some(Outcome::Delivered));
    assert_eq!(locked.reply.outcome_event, Some(event("finished")));
    let sent = Effect {
        state: EffectState::Sent { ts: "17.1".to_owned() },
        attempt: 1,
        repeatable: false,
    };
    assert_eq!(locked.effects, [planned(What::Placeholder, 0, sent)]);
    let placeholder = &locked.effects[0].id;
    let of = |tenant| replies.of_effect(tenant, placeholder);
    let owner = of(&acme).await.unwrap().unwrap();
    assert_eq!((owner.message, owner.is_decided), (m1, true));
    assert_eq!(owner.effect, EffectState::Sent { ts: "17.1".to_owned() });
    assert_eq!(owner.outcome_event, Some(event("finished")));
    assert_eq!(of(&tenant("other")).await.unwrap(), None);
}

#[tokio::test]
async fn changes_of_many_tenants_share_a_batch_and_stay_apart() {
    let world = world().await;
    let lead = Leadership::acquire(&world.db, "delivery", "test").await.unwrap();
    let replies = Replies::open(world.db.clone(), lead.fence().clone());
    let tenants = ["acme", "zeta", "beta"].map(tenant);
    let change = |tenant| {
        let m1 = reference("m1", "1700000001.000100");
        let channel = format!("C-{tenant}");
        let replies = &replies;
        async move {
            let change = replies.change(tenant, &m1, at(0), move |locked| {
                let known = locked.effects.len();
                let channel = channel.clone();
                locked.effects.push(Ledgered { channel, ..claimed(What::Placeholder) });
                known
            });
            change.await.unwrap()
        }
    };
    assert_eq!(futures::future::join_all(tenants.iter().map(change)).await, [0, 0, 0]);
    for tenant in &tenants {
        let m1 = reference("m1", "1700000001.000100");
        let replies = Replies::open(world.db.clone(), lead.fence().clone());
        let channels = replies.change(tenant, &m1, at(1), |locked| {
            locked.effects.iter().map(|it| it.channel.clone()).collect::<Vec<_>>()
        });
        let channels = channels.await.unwrap();
        assert_eq!(channels, [format!("C-{tenant}")]);
    }
}

#[tokio::test]
async fn two_who_work_on_one_reply_see_what_the_other_did() {
    let world = world().await;
    let (acme, m1) = (tenant("acme"), reference("m1", "1700000001.000100"));
    let lead = Leadership::acquire(&world.db, "delivery", "test").await.unwrap();
    let [one, other] = [(); 2].map(|()| Replies::open(world.db.clone(), lead.fence().clone()));
    let claim = |locked: &mut Locked| {
        let is_first = locked.effects.is_empty();
        if is_first {
            let message = locked.reply.message.id.clone();
            let id = EffectId::derive(&event(message.as_str()), "placeholder", 0);
            locked.effects.push(Ledgered { id, message, ..claimed(What::Placeholder) });
        }
        is_first
    };
    // The row is there, so that it can be locked; where it is not, whoever is second is refused.
    one.change(&acme, &m1, at(0), |_| false).await.unwrap();
    for nth in 0..20 {
        let message = reference(&format!("n{nth}"), "1700000001.000100");
        let (a, b) = tokio::join!(
            one.change(&acme, &message, at(1), claim),
            other.change(&acme, &message, at(1), claim)
        );
        let firsts = [a, b].into_iter().filter(|it| matches!(it, Ok(true))).count();
        assert_eq!(firsts, 1, "one of them claims the placeholder of n{nth}");
    }
    let (a, b) =
        tokio::join!(one.change(&acme, &m1, at(1), claim), other.change(&acme, &m1, at(1), claim));
    assert_ne!(a.unwrap(), b.unwrap());
}

#[tokio::test]
async fn a_sender_that_was_replaced_says_what_its_call_came_to_and_nothing_else() {
    let world = world().await;
    let (acme, m1) = (tenant("acme"), reference("m1", "1700000001.000100"));
    let lead = Leadership::acquire(&world.db, "delivery", "old").await.unwrap();
    let old = Replies::open(world.db.clone(), lead.fence().clone());
    let leads = old.change(&acme, &m1, at(0), |locked| {
        locked.effects.push(claimed(What::Post));
        locked.leads
    });
    assert!(leads.await.unwrap());
    drop(lead);

    let lead = Leadership::acquire(&world.db, "delivery", "new").await.unwrap();
    let new = Replies::open(world.db.clone(), lead.fence().clone());
    let lost = new.change(&acme, &m1, at(1), |locked| {
        let effect = &mut locked.effects[0].effect;
        *effect = stepped(effect, Input::FoundSendingAfterCrash);
        effect.state.clone()
    });
    assert!(matches!(lost.await.unwrap(), EffectState::Uncertain { .. }));

    let late = old.change(&acme, &m1, at(2), |locked| {
        seen(locked, "17.2");
        locked.leads
    });
    assert!(!late.await.unwrap(), "it learns that it was replaced, and its word counts");
    let claim = old.change(&acme, &m1, at(3), |locked| {
        locked
            .effects
            .push(Ledgered { part: 1, ..planned(What::Post, 1, claimed(What::Post).effect) });
        true
    });
    assert!(matches!(claim.await, Err(StoreError::Fenced(_))));
    let decide = old.change(&acme, &m1, at(3), |locked| {
        locked.reply.waited_out = true;
        true
    });
    assert!(matches!(decide.await, Err(StoreError::Fenced(_))));

    let new = Replies::open(world.db.clone(), lead.fence().clone());
    let locked = new.change(&acme, &m1, at(4), |locked| locked.clone()).await.unwrap();
    assert_eq!(locked.effects.len(), 1);
    assert_eq!(locked.effects[0].effect.state, EffectState::Sent { ts: "17.2".to_owned() });
    assert!(!locked.reply.waited_out);
}
