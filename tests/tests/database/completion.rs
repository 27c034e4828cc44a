use konstruct_tests::postgres::raw;
use schemas::{
    Envelope, Event, MessageRef, TenantId, Text,
    event::{CompletionFailed, FailureReason},
    usage::{Attempt, AttemptOutcome, Cost},
};
use store::{
    StoreError,
    completions::{Before, Completion, Completions, Prior, Record, Start},
    fence::Leadership,
    memory::{self, Role, TURNS_MAX, Turn},
    replies::Replies,
};

use crate::{World, at, connection, conversation, event, message, reference, tenant, world};

fn words(text: &str) -> Text {
    Text::Plain(text.to_owned())
}

fn turn(name: &str, role: Role, position: i64, text: &str) -> Turn {
    Turn {
        connection: connection(),
        conversation: conversation(),
        message: message(name),
        role,
        position,
        sender: "U1".to_owned(),
        sender_name: Some("Ana".to_owned()),
        text: words(text),
        revision: 0,
    }
}

fn completion(tenant: &TenantId, word: &str) -> Completion {
    let reference = reference("m1", "1700000001.000100");
    let failed = CompletionFailed {
        reference: word.to_owned(),
        agent: None,
        reason: FailureReason::ModelsFailed,
        attempts: vec![attempt(0)],
        cost: None,
        tools: Vec::new(),
        over: None,
        message: reference.clone(),
    };
    let envelope = Envelope {
        id: event(word),
        source: "completion".to_owned(),
        time: at(5),
        tenant: tenant.clone(),
        causation: None,
        correlation: (&reference.id).into(),
        trace: None,
        event: Event::CompletionFailed(failed),
    };
    Completion { envelope, cause: event("admitted"), seq: 9, near: Vec::new() }
}

/// A whole answer that cost nobody knows what.
pub(crate) fn attempt(index: u32) -> Attempt {
    Attempt {
        index,
        deployment: "d".to_owned(),
        vendor: "v".to_owned(),
        model: "m".to_owned(),
        outcome: AttemptOutcome::Completed,
        latency_ms: 12,
        first_token_ms: None,
        usage: None,
        cost: Cost::default(),
    }
}

async fn before(
    completions: &Completions,
    tenant: &TenantId,
    position: i64,
    turns_max: u32,
) -> Prior {
    let message = reference("m1", "1700000001.000100");
    let cause = event("admitted");
    let before = Before { tenant: tenant.clone(), message, cause, position, turns_max };
    completions.before(before).await.unwrap()
}

async fn said(completions: &Completions, tenant: &TenantId) -> Vec<String> {
    let line = |turn: Turn| match turn.text {
        Text::Plain(text) => format!("{:?} {} r{}", turn.role, text, turn.revision),
        Text::Sealed(_) => "sealed".to_owned(),
    };
    let prior = before(completions, tenant, i64::MAX, TURNS_MAX).await;
    prior.thread.into_iter().map(line).collect()
}

/// Of message `name`, with what its thread remembers.
fn record(tenant: &TenantId, name: &str, word: &str, turns: &[Turn]) -> Record {
    Record {
        tenant: tenant.clone(),
        message: message(name),
        completion: completion(tenant, word),
        turns: turns.to_vec(),
        attempts: Vec::new(),
        pause: None,
        reopened: false,
        settles: false,
        at: at(5),
    }
}

#[tokio::test]
async fn who_has_a_thread_is_decided_with_its_record_and_given_back_once() {
    let world = world().await;
    let db = world.db.clone();
    let (acme, beta) = (tenant("acme"), tenant("beta"));
    let lead = Leadership::acquire(&db, "completion", "test").await.unwrap();
    let completions = Completions::open(db.clone(), lead.fence().clone());
    let replies = Replies::<()>::open(db.clone(), lead.fence().clone());
    let of = reference("m1", "1700000001.000100");
    let handed = Record { pause: Some(of.clone()), ..record(&acme, "m1", "handed", &[]) };
    completions.record(handed.clone()).await.unwrap();
    // The first outcome stands, and so does what it says of the thread.
    let other = Record { pause: Some(of.clone()), ..record(&acme, "m2", "answered", &[]) };
    completions.record(Record { pause: None, ..other.clone() }).await.unwrap();
    completions.record(other).await.unwrap();

    let known = || before(&completions, &acme, i64::MAX, TURNS_MAX);
    let held = async |tenant| replies.is_held(tenant, &of).await.unwrap();
    assert_eq!(known().await.handed_off, Some(of.id.clone()));
    assert_eq!((held(&acme).await, held(&beta).await), (true, false));
    let elsewhere = reference("m3", "1700000001.000100");
    let elsewhere = MessageRef { conversation: "C9-1".parse().unwrap(), ..elsewhere };
    assert!(!replies.is_held(&acme, &elsewhere).await.unwrap());

    // Another tenant's event, or one of another hand-off, gives nothing back.
    let back = async |tenant, message: &str, by| {
        let message = message.parse().unwrap();
        completions.give_back(tenant, &message, &event(by), at(6)).await.unwrap();
    };
    back(&beta, of.id.as_str(), "admitted").await;
    back(&acme, "m2", "admitted").await;
    assert!(held(&acme).await);
    back(&acme, of.id.as_str(), "admitted").await;
    back(&acme, of.id.as_str(), "later").await;
    let prior = known().await;
    assert_eq!((prior.handed_off, prior.gave_back), (None, Some(of.id.clone())));
    assert!(!held(&acme).await);
    // The record comes again after a crash: the thread stays given back.
    completions.record(handed).await.unwrap();
    assert!(!held(&acme).await);
}

#[tokio::test]
async fn the_first_outcome_stands_and_brings_its_memory() {
    let world = world().await;
    let db = world.db.clone();
    let acme = tenant("acme");
    let lead = Leadership::acquire(&db, "completion", "test").await.unwrap();
    let completions = Completions::open(db.clone(), lead.fence().clone());
    let (id, deployment) = (message("m1"), "d".to_owned());
    let start = Start {
        tenant: acme.clone(),
        message: id.clone(),
        index: 0,
        deployment,
        room: None,
        at: at(1),
    };
    completions.start(start.clone()).await.unwrap().unwrap();
    let again = completions.start(start).await;
    assert!(matches!(again, Err(StoreError::Statement { .. })), "one call, one row: {again:?}");

    let prior = before(&completions, &acme, 0, 1).await;
    assert!(prior.completion.is_none());
    assert_eq!(prior.attempts[0].outcome, None, "a crash now would show");

    let turns = [turn("m1", Role::Person, 1, "hello"), turn("m1", Role::Agent, 1, "hi")];
    let first = Record { attempts: vec![attempt(0)], ..record(&acme, "m1", "first", &turns) };
    let standing = completions.record(first.clone()).await.unwrap();
    assert_eq!(standing, first.completion);

    let other = [turn("m1", Role::Agent, 1, "something else")];
    let second = record(&acme, "m1", "second", &other);
    let standing = completions.record(second).await.unwrap();
    assert_eq!(standing, first.completion, "whoever comes second is told what stands");
    assert_eq!(said(&completions, &acme).await, ["Agent hi r0", "Person hello r0"]);
    let prior = before(&completions, &acme, 0, 1).await;
    assert_eq!(prior.completion, Some(first.completion));
    assert_eq!(prior.attempts[0].outcome, Some(attempt(0)));
    assert!(said(&completions, &tenant("other")).await.is_empty());
}

#[tokio::test]
async fn a_batch_gives_each_its_own() {
    let world = world().await;
    let db = world.db.clone();
    let lead = Leadership::acquire(&db, "completion", "test").await.unwrap();
    let completions = Completions::open(db.clone(), lead.fence().clone());
    let tenants = ["acme", "zeta", "beta"].map(tenant);
    let records = tenants.iter().flat_map(|tenant| {
        (1..=4).map(move |nth| {
            let (name, text) = (format!("m{nth}"), format!("{tenant}-{nth}"));
            record(tenant, &name, &text, &[turn(&name, Role::Person, nth, &text)])
        })
    });
    let records: Vec<_> = records.collect();
    let standing = records.iter().map(|record| completions.record(record.clone()));
    let standing = futures::future::join_all(standing).await;
    for (record, standing) in records.iter().zip(standing) {
        assert_eq!(standing.unwrap(), record.completion);
    }
    let befores = tenants.iter().flat_map(|tenant| {
        let completions = &completions;
        (1..=4).map(move |nth| async move {
            let message = reference(&format!("m{nth}"), "1700000001.000100");
            let (tenant_id, cause) = (tenant.clone(), event("admitted"));
            let before = Before { tenant: tenant_id, message, cause, position: nth, turns_max: 2 };
            (tenant, nth, completions.before(before).await.unwrap())
        })
    });
    for (tenant, nth, prior) in futures::future::join_all(befores).await {
        let said: Vec<_> = prior.thread.iter().map(|turn| turn.text.clone()).collect();
        let want: Vec<_> =
            (1..nth).rev().take(2).map(|nth| words(&format!("{tenant}-{nth}"))).collect();
        assert_eq!(said, want, "{tenant} {nth}");
        assert_eq!(prior.completion.unwrap().envelope.tenant, *tenant);
    }
}

#[tokio::test]
async fn a_worker_that_was_replaced_records_nothing() {
    let World { db, test, .. } = world().await;
    let acme = tenant("acme");
    let lead = Leadership::acquire(&db, "completion", "old").await.unwrap();
    let old = Completions::open(db.clone(), lead.fence().clone());
    drop(lead);
    let lead = Leadership::acquire(&db, "completion", "new").await.unwrap();
    let late = record(&acme, "m1", "late", &[turn("m1", Role::Person, 1, "hello")]);
    let refused = old.record(late.clone()).await;
    assert!(matches!(refused, Err(StoreError::Fenced(_))), "{refused:?}");
    let admin = raw(&test.superuser_url()).await.unwrap();
    let count = "select (select count(*) from completion) + (select count(*) from turn)";
    let count: i64 = admin.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(count, 0);
    let new = Completions::open(db.clone(), lead.fence().clone());
    new.record(late).await.unwrap();
}

#[tokio::test]
async fn memory_honours_edits_and_deletions_in_any_order() {
    let world = world().await;
    let db = world.db.clone();
    let acme = tenant("acme");
    let lead = Leadership::acquire(&db, "completion", "test").await.unwrap();
    let completions = Completions::open(db.clone(), lead.fence().clone());
    let ts = |n: i64| format!("1700000000.{n:06}");
    let place = |n: i64| memory::position(&ts(n), at(0));
    let known = reference("known", &ts(1));
    let early = reference("early", &ts(2));
    let gone = reference("gone", &ts(3));
    let person = |name: &str, nth, text: &str| turn(name, Role::Person, place(nth), text);

    let turns = [person("known", 1, "helo"), turn("known", Role::Agent, place(1), "yes?")];
    completions.record(record(&acme, "known", "known", &turns)).await.unwrap();
    let mut tx = db.tenant(&acme).await.unwrap();
    memory::edit(&mut tx, &known, &words("hello"), at(20)).await.unwrap();
    memory::edit(&mut tx, &known, &words("hello"), at(20)).await.unwrap();
    memory::edit(&mut tx, &known, &words("hullo"), at(10)).await.unwrap();
    memory::edit(&mut tx, &early, &words("edited"), at(20)).await.unwrap();
    memory::delete(&mut tx, &gone).await.unwrap();
    tx.commit().await.unwrap();
    for (name, nth, text) in [("early", 2, "as it was"), ("gone", 3, "oops")] {
        let record = record(&acme, name, name, &[person(name, nth, text)]);
        completions.record(record).await.unwrap();
    }
    let mut tx = db.tenant(&acme).await.unwrap();
    memory::edit(&mut tx, &gone, &words("oops!"), at(30)).await.unwrap();
    tx.commit().await.unwrap();

    let want = ["Person edited r1", "Agent yes? r0", "Person hello r1"];
    assert_eq!(said(&completions, &acme).await, want);
    let before = before(&completions, &acme, place(2), 1).await.thread;
    assert_eq!(before.len(), 1, "bounded, and only what came before");
    assert_eq!(before[0].role, Role::Agent);
}

#[tokio::test]
async fn what_an_operator_asked_for_takes_the_place_of_what_was_recorded_before() {
    let world = world().await;
    let acme = tenant("acme");
    let lead = Leadership::acquire(&world.db, "completion", "test").await.unwrap();
    let completions = Completions::open(world.db.clone(), lead.fence().clone());
    let reopened = |word: &str, cause: &str, seq| {
        let completion = Completion { cause: event(cause), seq, ..completion(&acme, word) };
        Record { completion, reopened: true, ..record(&acme, "m1", word, &[]) }
    };
    let stands = async |record: Record| {
        let envelope = completions.record(record).await.unwrap().envelope;
        envelope.id.to_string()
    };
    assert_eq!(stands(record(&acme, "m1", "first", &[])).await, "first");
    assert_eq!(stands(reopened("second", "r2", 20)).await, "second");
    assert_eq!(stands(reopened("again", "r2", 20)).await, "second", "the same command");
    assert_eq!(stands(reopened("late", "r1", 15)).await, "second", "a command before that one");
    assert_eq!(stands(record(&acme, "m1", "first", &[])).await, "second", "comes again");
    let found = before(&completions, &acme, 0, 0).await.completion.unwrap();
    assert_eq!((found.cause, found.seq), (event("r2"), 20));
}
