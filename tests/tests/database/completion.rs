use konstruct_tests::postgres::raw;
use schemas::{
    Envelope, Event, TenantId, Text,
    event::{CompletionFailed, FailureReason},
    usage::{Attempt, AttemptOutcome, Cost},
};
use store::{
    Database, StoreError,
    completions::{self, Completion, Record, Start},
    fence::Leadership,
    memory::{self, Role, Turn},
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
    Completion { envelope, cause: event("admitted"), seq: 9 }
}

fn attempt(index: u32) -> Attempt {
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

async fn said(db: &Database, tenant: &TenantId) -> Vec<String> {
    let mut tx = db.tenant(tenant).await.unwrap();
    let newest =
        memory::newest(&mut tx, &connection(), &conversation(), i64::MAX, 10).await.unwrap();
    let line = |turn: Turn| match turn.text {
        Text::Plain(text) => format!("{:?} {} r{}", turn.role, text, turn.revision),
        Text::Sealed(_) => "sealed".to_owned(),
    };
    newest.into_iter().map(line).collect()
}

#[tokio::test]
async fn the_first_outcome_stands_and_brings_its_memory() {
    let world = world().await;
    let db = world.db.clone();
    let acme = tenant("acme");
    let lead = Leadership::acquire(&db, "completion", "test").await.unwrap();
    let id = message("m1");
    let start = Start { message: &id, index: 0, deployment: "d", at: at(1) };
    completions::start(db.tenant(&acme).await.unwrap(), &start).await.unwrap();

    let mut tx = db.tenant(&acme).await.unwrap();
    let prior = completions::find(&mut tx, &id).await.unwrap();
    assert!(prior.completion.is_none());
    assert_eq!(prior.attempts[0].outcome, None, "a crash now would show");
    drop(tx);

    let first = completion(&acme, "first");
    let turns = [turn("m1", Role::Person, 1, "hello"), turn("m1", Role::Agent, 1, "hi")];
    let attempts = [attempt(0)];
    let record =
        Record { message: &id, completion: &first, turns: &turns, attempts: &attempts, at: at(5) };
    let standing = completions::record(&db, &acme, lead.fence(), &record).await.unwrap();
    assert_eq!(standing, first);

    let second = completion(&acme, "second");
    let other = [turn("m1", Role::Agent, 1, "something else")];
    let record = Record { completion: &second, turns: &other, ..record };
    let standing = completions::record(&db, &acme, lead.fence(), &record).await.unwrap();
    assert_eq!(standing, first, "whoever comes second is told what stands");
    assert_eq!(said(&db, &acme).await, ["Agent hi r0", "Person hello r0"]);
    let mut tx = db.tenant(&acme).await.unwrap();
    let prior = completions::find(&mut tx, &id).await.unwrap();
    assert_eq!(prior.completion, Some(first));
    assert_eq!(prior.attempts[0].outcome, Some(attempt(0)));
    assert!(said(&db, &tenant("other")).await.is_empty());
}

#[tokio::test]
async fn a_worker_that_was_replaced_records_nothing() {
    let World { db, test, .. } = world().await;
    let acme = tenant("acme");
    let lead = Leadership::acquire(&db, "completion", "old").await.unwrap();
    let old = lead.fence().clone();
    drop(lead);
    let lead = Leadership::acquire(&db, "completion", "new").await.unwrap();
    let (id, outcome) = (message("m1"), completion(&acme, "late"));
    let record =
        Record { message: &id, completion: &outcome, turns: &[], attempts: &[], at: at(5) };
    let late = completions::record(&db, &acme, &old, &record).await;
    assert!(matches!(late, Err(StoreError::Fenced(_))), "{late:?}");
    let admin = raw(&test.superuser_url()).await.unwrap();
    let count: i64 = admin.query_one("select count(*) from completion", &[]).await.unwrap().get(0);
    assert_eq!(count, 0);
    completions::record(&db, &acme, lead.fence(), &record).await.unwrap();
}

#[tokio::test]
async fn memory_honours_edits_and_deletions_in_any_order() {
    let world = world().await;
    let db = world.db.clone();
    let acme = tenant("acme");
    let ts = |n: i64| format!("1700000000.{n:06}");
    let place = |n: i64| memory::position(&ts(n), at(0));
    let known = reference("known", &ts(1));
    let early = reference("early", &ts(2));
    let gone = reference("gone", &ts(3));

    let mut tx = db.tenant(&acme).await.unwrap();
    memory::put(&mut tx, &turn("known", Role::Person, place(1), "helo")).await.unwrap();
    memory::put(&mut tx, &turn("known", Role::Agent, place(1), "yes?")).await.unwrap();
    memory::edit(&mut tx, &known, &words("hello"), at(20)).await.unwrap();
    memory::edit(&mut tx, &known, &words("hello"), at(20)).await.unwrap();
    memory::edit(&mut tx, &known, &words("hullo"), at(10)).await.unwrap();
    memory::put(&mut tx, &turn("known", Role::Person, place(1), "helo")).await.unwrap();

    memory::edit(&mut tx, &early, &words("edited"), at(20)).await.unwrap();
    memory::put(&mut tx, &turn("early", Role::Person, place(2), "as it was")).await.unwrap();

    memory::delete(&mut tx, &gone).await.unwrap();
    memory::put(&mut tx, &turn("gone", Role::Person, place(3), "oops")).await.unwrap();
    memory::edit(&mut tx, &gone, &words("oops!"), at(30)).await.unwrap();
    tx.commit().await.unwrap();

    let want = ["Person edited r1", "Agent yes? r0", "Person hello r1"];
    assert_eq!(said(&db, &acme).await, want);
    let mut tx = db.tenant(&acme).await.unwrap();
    let before =
        memory::newest(&mut tx, &connection(), &conversation(), place(2), 1).await.unwrap();
    assert_eq!(before.len(), 1, "bounded, and only what came before");
    assert_eq!(before[0].role, Role::Agent);
}
