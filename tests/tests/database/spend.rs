//! Budgets: room that is taken before a call, and what it cost in its place after.

mod together;

use domain::{
    budget::{Budgets, Scope, Sum},
    day::Day,
};
use konstruct_tests::postgres::raw;
use schemas::{
    Agent, Budget, BudgetMet, BudgetPeriod, Event, Limits, MessageId, Tenant, TenantStatus,
    event::{CompletionFailed, FailureReason},
    usage::{Attempt, Cost, MicroDollars},
};
use store::{
    completions::{Completion, Completions, Record, Start},
    fence::Leadership,
    programs::{self, Programs},
    prune::prune,
    spend::{self, Call, Room},
};
use tokio_postgres::Client;

use crate::{World, at, event, message, reference, tenant, world};

const HOUR_MS: i64 = 60 * 60 * 1_000;

fn acme(daily_micros: Option<u64>, monthly_micros: Option<u64>) -> Tenant {
    Tenant {
        id: tenant("acme"),
        name: "Acme".to_owned(),
        limits: Limits::default(),
        budget: Budget { daily_micros, monthly_micros },
        status: TenantStatus::Active,
    }
}

fn mara(daily_micros: Option<u64>) -> Agent {
    let budget = Budget { daily_micros, monthly_micros: None };
    Agent { id: "mara".parse().unwrap(), draft: None, published: None, budget, retired: false }
}

fn room(budgets: &Budgets, micros: u64) -> Option<Room> {
    Room::of(budgets, Some(MicroDollars(micros)), at(0))
}

fn start(name: &str, index: u32, room: Option<Room>) -> Start {
    let (tenant, message, deployment) = (tenant("acme"), message(name), "d".to_owned());
    Start { tenant, message, index, deployment, room, at: at(0) }
}

fn attempt(index: u32, cost: Option<u64>) -> Attempt {
    let cost = Cost { amount: cost.map(MicroDollars), price_version: "v".to_owned() };
    Attempt { cost, ..crate::completion::attempt(index) }
}

/// Message `name` failed after those calls.
fn record(name: &str, attempts: Vec<Attempt>) -> Record {
    let of = reference(name, "1700000001.000100");
    let failed = CompletionFailed {
        reference: name.to_owned(),
        agent: None,
        reason: FailureReason::ModelsFailed,
        attempts: attempts.clone(),
        cost: None,
        tools: Vec::new(),
        over: None,
        message: of.clone(),
    };
    let envelope = schemas::Envelope {
        id: event(name),
        source: "completion".to_owned(),
        time: at(5),
        tenant: tenant("acme"),
        causation: None,
        correlation: (&of.id).into(),
        trace: None,
        event: Event::CompletionFailed(failed),
    };
    Record {
        tenant: tenant("acme"),
        message: message(name),
        completion: Completion { envelope, cause: event("admitted"), seq: 9, near: Vec::new() },
        turns: Vec::new(),
        attempts,
        pause: None,
        reopened: false,
        settles: true,
        at: at(5),
    }
}

async fn completions(world: &World) -> (Completions, Leadership) {
    let lead = Leadership::acquire(&world.db, "completion", "test").await.unwrap();
    (Completions::open(world.db.clone(), lead.fence().clone()), lead)
}

fn scope(agent: Option<&str>, period: BudgetPeriod) -> Scope {
    Scope::new(agent.map(|agent| agent.parse().unwrap()), period, Day::of(at(0)))
}

async fn sum(world: &World, scope: &Scope) -> Sum {
    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    let found = spend::of(&mut tx, std::slice::from_ref(scope)).await.unwrap();
    found.first().map(|(_, sum)| *sum).unwrap_or_default()
}

async fn count(admin: &Client, table: &str) -> i64 {
    let sql = format!("select count(*) from {table}");
    admin.query_one(&sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn without_a_budget_nothing_of_it_is_written() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let (completions, _lead) = completions(&world).await;
    let unset = Budgets::of(&acme(None, None), Some(&mara(None)));
    assert_eq!(room(&unset, 7), None);
    completions.start(start("m1", 0, room(&unset, 7))).await.unwrap().unwrap();
    completions.record(record("m1", vec![attempt(0, Some(3))])).await.unwrap();
    assert_eq!((count(&admin, "spend").await, count(&admin, "reservation").await), (0, 0));
}

#[tokio::test]
async fn a_call_is_settled_once_at_its_cost_and_what_nobody_knows_at_its_worst() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let (completions, _lead) = completions(&world).await;
    let budgets = Budgets::of(&acme(Some(1_000), None), None);
    let day = scope(None, BudgetPeriod::Day);
    // One that crashed, one that was cut off, one that answered.
    for index in 0..3 {
        completions.start(start("m1", index, room(&budgets, 100))).await.unwrap().unwrap();
    }
    assert_eq!(sum(&world, &day).await, Sum { settled: 0, reserved: 300 });
    let outcome = record("m1", vec![attempt(1, None), attempt(2, Some(30))]);
    completions.record(outcome.clone()).await.unwrap();
    assert_eq!(sum(&world, &day).await, Sum { settled: 230, reserved: 0 });
    completions.record(outcome).await.unwrap();
    assert_eq!(sum(&world, &day).await, Sum { settled: 230, reserved: 0 }, "and not again");
    assert_eq!(count(&admin, "reservation").await, 0);

    // Though the message has no outcome yet, what its call cost is known.
    completions.start(start("m2", 0, room(&budgets, 100))).await.unwrap().unwrap();
    let (acme, m2) = (tenant("acme"), message("m2"));
    completions.finish(&acme, &m2, &[attempt(0, Some(10))], at(1)).await.unwrap();
    completions.finish(&acme, &m2, &[attempt(0, Some(10))], at(1)).await.unwrap();
    assert_eq!(sum(&world, &day).await, Sum { settled: 240, reserved: 0 });
}

#[tokio::test]
async fn what_an_attempt_did_not_use_is_room_for_the_next_of_its_request() {
    let world = world().await;
    let asked = Programs::open(&world.db);
    let (acme, budgets) = (tenant("acme"), Budgets::of(&acme(Some(10), None), None));
    let day = scope(None, BudgetPeriod::Day);
    let start = async |index: u32| {
        let (tenant, request) = (acme.clone(), "r1".to_owned());
        let room = room(&budgets, 8).unwrap();
        asked.start(programs::Start { tenant, request, index, room, at: at(0) }).await.unwrap()
    };
    assert_eq!(start(0).await, Ok(()));
    assert_eq!(start(1).await, Err(day.met(10)), "the first one may cost its worst");
    asked.settle(&acme, "r1", &[attempt(0, Some(0))]).await.unwrap();
    assert_eq!(sum(&world, &day).await, Sum { settled: 0, reserved: 0 });
    assert_eq!(start(1).await, Ok(()));
    assert_eq!(sum(&world, &day).await, Sum { settled: 0, reserved: 8 });
    let end = programs::End {
        tenant: acme.clone(),
        request: "r1".to_owned(),
        attempts: vec![attempt(0, Some(0)), attempt(1, Some(3))],
        settles: true,
        day: Day::of(at(0)),
    };
    asked.end(end).await.unwrap();
    assert_eq!(sum(&world, &day).await, Sum { settled: 3, reserved: 0 });
}

#[tokio::test]
async fn who_was_replaced_leaves_a_message_its_room() {
    let world = world().await;
    let (old, lead) = completions(&world).await;
    let budgets = Budgets::of(&acme(Some(1_000), None), None);
    drop(lead);
    let (new, _lead) = completions(&world).await;
    new.start(start("m1", 0, room(&budgets, 100))).await.unwrap().unwrap();
    old.record(record("m1", Vec::new())).await.unwrap_err();
    let day = scope(None, BudgetPeriod::Day);
    assert_eq!(sum(&world, &day).await, Sum { settled: 0, reserved: 100 });
}

#[tokio::test]
async fn the_message_that_brings_a_budget_near_its_end_tells_of_it_and_no_other() {
    let world = world().await;
    let (completions, _lead) = completions(&world).await;
    let budgets = Budgets::of(&acme(Some(1_000), Some(100)), Some(&mara(Some(90))));
    let mut told: Vec<(MessageId, Vec<BudgetMet>)> = Vec::new();
    for (name, cost) in [("m1", 70), ("m2", 9), ("m3", 1)] {
        completions.start(start(name, 0, room(&budgets, cost))).await.unwrap().unwrap();
        let outcome = record(name, vec![attempt(0, Some(cost))]);
        let near = completions.record(outcome.clone()).await.unwrap().near;
        let again = completions.record(outcome).await.unwrap().near;
        assert_eq!(near, again, "who asks again is told the same");
        told.push((message(name), near));
    }
    let month = scope(None, BudgetPeriod::Month).met(100);
    let own = scope(Some("mara"), BudgetPeriod::Day).met(90);
    let want = [(message("m1"), vec![]), (message("m2"), vec![own]), (message("m3"), vec![month])];
    assert_eq!(told, want);
}

#[tokio::test]
async fn what_is_too_old_to_be_under_way_counts_as_spent_and_leaks_nothing() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let (completions, _lead) = completions(&world).await;
    let budgets = Budgets::of(&acme(Some(1_000), Some(2_000)), None);
    for name in ["m1", "m2"] {
        completions.start(start(name, 0, room(&budgets, 100))).await.unwrap().unwrap();
    }
    let pruned = prune(&world.platform, "test", at(HOUR_MS)).await.unwrap();
    assert_eq!(pruned.reservations, 0, "it may be under way");
    let pruned = prune(&world.platform, "test", at(3 * HOUR_MS)).await.unwrap();
    assert_eq!(pruned.reservations, 2);
    for period in BudgetPeriod::ALL {
        let sum = sum(&world, &scope(None, period)).await;
        assert_eq!(sum, Sum { settled: 200, reserved: 0 });
    }
    // Its outcome comes late after all: it was settled, and is not again.
    completions.record(record("m1", vec![attempt(0, Some(1))])).await.unwrap();
    let day = scope(None, BudgetPeriod::Day);
    assert_eq!(sum(&world, &day).await, Sum { settled: 200, reserved: 0 });
    let pruned = prune(&world.platform, "test", at(63 * 24 * HOUR_MS)).await.unwrap();
    assert_eq!((pruned.spend, count(&admin, "spend").await), (2, 0));
}

#[tokio::test]
async fn a_budget_that_comes_late_knows_what_was_spent_before() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let day = Day::of(at(0)).number();
    let used =
        "insert into p_usage select 'acme', $1, $2, 1, 'm', 1, 1, 0, 0, 0, 0, 0, 0, $3, 0, '{}'";
    let day_of = |number: u32| i32::try_from(number).unwrap();
    for (day, agent, cost) in [(day, "mara", 40_i64), (day, "otto", 5), (day - 1, "mara", 300)] {
        admin.execute(used, &[&day_of(day), &agent, &cost]).await.unwrap();
    }
    let tried = "insert into trial_usage values ('acme', $1, 'mara', 'm', 1, 0, 0, 0, 7)";
    admin.execute(tried, &[&day_of(day)]).await.unwrap();
    let budgets = Budgets::of(&acme(Some(1_000), Some(1_000)), Some(&mara(Some(1_000))));
    let room = room(&budgets, 10).unwrap();
    let mut call = Call { holder: "trial-1", index: 0, room: &room, at: at(0) };
    let taken = async |call: Call<'_>| {
        let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
        let admitted = spend::reserve(&mut tx, call).await.unwrap();
        tx.commit().await.unwrap();
        admitted
    };
    taken(call).await.unwrap();
    let settled = async || {
        let scopes = [
            scope(None, BudgetPeriod::Day),
            scope(None, BudgetPeriod::Month),
            scope(Some("mara"), BudgetPeriod::Day),
        ];
        let mut all = Vec::new();
        for scope in scopes {
            all.push(sum(&world, &scope).await.settled);
        }
        all
    };
    assert_eq!(settled().await, [52, 352, 47]);
    // Without a budget for a while, then with one again.
    admin.execute(used, &[&day_of(day), &"late", &100_i64]).await.unwrap();
    call = Call { index: 1, at: at(60_000), ..call };
    taken(call).await.unwrap();
    assert_eq!(settled().await, [52, 352, 47], "it was asked of a moment ago");
    call = Call { index: 2, at: at(HOUR_MS), ..call };
    taken(call).await.unwrap();
    assert_eq!(settled().await, [152, 452, 47]);
}
