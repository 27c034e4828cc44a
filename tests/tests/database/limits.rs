use std::collections::HashSet;

use schemas::{ChannelKind, LimitScope};
use store::{
    Database,
    limits::{Ask, Decision, Verdict, decide},
};

use crate::{at, event, fresh, message, tenant, world};

fn ask(slug: &str, name: &str, millis: i64) -> Ask {
    Ask {
        tenant: tenant(slug),
        event: event(&format!("e{name}")),
        seq: 7,
        message: message(name),
        channel: ChannelKind::Slack,
        at: at(millis),
        per_minute: 30,
        channel_per_minute: None,
        person: "slack-T0ACME/U1".to_owned(),
    }
}

fn throttled(limit: LimitScope, per_minute: u32, retry_ms: i64, tell: bool) -> Decision {
    let retry_at = at(retry_ms);
    Decision::Publish(Verdict::Throttled { limit, per_minute, retry_at, tell })
}

const ADMITTED: Decision = Decision::Publish(Verdict::Admitted);

async fn one(db: &Database, ask: Ask) -> Decision {
    let now = ask.at;
    decide(db, &[ask], now).await.unwrap().pop().unwrap()
}

#[tokio::test]
async fn of_31_at_one_instant_30_pass_and_one_is_told() {
    let world = world().await;
    let asks: Vec<_> = (0..31).map(|n| ask("acme", &format!("m{n}"), 0)).collect();
    let decided = decide(&world.db, &asks, at(0)).await.unwrap();
    assert!(decided.iter().take(30).all(|decision| *decision == ADMITTED));
    assert_eq!(decided[30], throttled(LimitScope::Tenant, 30, 2_000, true));

    // A second delivery of all of them, later, by another worker, in another order.
    let other = world.test.database().await.unwrap();
    let mut again = asks.clone();
    again.reverse();
    let mut repeated = decide(&other, &again, at(50_000)).await.unwrap();
    repeated.reverse();
    assert_eq!(repeated, decided);

    // Nobody is told twice of one reset, and the refused spent nothing.
    let late = one(&world.db, ask("acme", "late", 1_999)).await;
    assert_eq!(late, throttled(LimitScope::Tenant, 30, 2_000, false));
    assert_eq!(one(&world.db, ask("acme", "later", 2_000)).await, ADMITTED);
    let again = one(&world.db, ask("acme", "once-more", 2_001)).await;
    assert_eq!(again, throttled(LimitScope::Tenant, 30, 4_000, false), "told a minute at most");
}

#[tokio::test]
async fn a_quiet_tenant_does_not_notice_a_noisy_one() {
    let world = world().await;
    let mut asks: Vec<_> = (0..40).map(|n| ask("noisy", &format!("m{n}"), 0)).collect();
    asks.push(ask("quiet", "m0", 0));
    let decided = decide(&world.db, &asks, at(0)).await.unwrap();
    assert_eq!(decided[40], ADMITTED);
    assert_eq!(decided.iter().filter(|decision| **decision == ADMITTED).count(), 31);
}

#[tokio::test]
async fn the_narrower_limit_of_a_channel_holds() {
    let world = world().await;
    let narrow = |n: u32| Ask { channel_per_minute: Some(2), ..ask("acme", &format!("m{n}"), 0) };
    let asks: Vec<_> = (0..3).map(narrow).collect();
    let decided = decide(&world.db, &asks, at(0)).await.unwrap();
    let refused = throttled(LimitScope::Channel, 2, 30_000, true);
    assert_eq!(decided, [ADMITTED, ADMITTED, refused]);
}

#[tokio::test]
async fn another_envelope_of_a_decided_message_is_left_to_the_first() {
    let world = world().await;
    let first = ask("acme", "m1", 0);
    let republished = Ask { seq: 8, ..first.clone() };
    let settled = Decision::Settled { first: first.event.clone() };
    let asks = [first.clone(), republished.clone()];
    let decided = decide(&world.db, &asks, at(0)).await.unwrap();
    assert_eq!(decided, [ADMITTED, settled.clone()]);
    assert_eq!(one(&world.db, republished).await, settled);
    assert_eq!(one(&world.db, first).await, ADMITTED);
}

#[tokio::test]
async fn a_backlog_is_judged_as_it_came() {
    let world = world().await;
    let asks: Vec<_> =
        (0..60).map(|n| ask("acme", &format!("m{n}"), i64::from(n) * 2_000)).collect();
    let decided = decide(&world.db, &asks, at(3_600_000)).await.unwrap();
    assert!(decided.iter().all(|decision| *decision == ADMITTED));
}

#[tokio::test]
async fn workers_at_once_never_spend_one_token_twice() {
    let world = world().await;
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let db = world.db.clone();
            tokio::spawn(async move {
                let mut admitted = Vec::new();
                for _ in 0..10 {
                    let mut asks = Vec::new();
                    for slug in ["a", "b", "c"] {
                        asks.push(ask(slug, &fresh("m"), 0));
                        asks.push(ask(slug, &fresh("m"), 0));
                    }
                    asks.rotate_left(worker);
                    let decided = decide(&db, &asks, at(0)).await.unwrap();
                    let passed = asks.into_iter().zip(decided);
                    admitted.extend(passed.filter(|(_, it)| *it == ADMITTED).map(|(ask, _)| ask));
                }
                admitted
            })
        })
        .collect();
    let mut admitted = Vec::new();
    for worker in workers {
        admitted.extend(worker.await.unwrap());
    }
    for slug in ["a", "b", "c"] {
        let of = admitted.iter().filter(|ask| ask.tenant == tenant(slug));
        let messages: HashSet<_> = of.map(|ask| ask.message.clone()).collect();
        assert_eq!(messages.len(), 30, "{slug}: 80 asked, 30 a minute");
    }
}
