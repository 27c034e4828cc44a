use konstruct_tests::postgres::raw;
use schemas::Timestamp;
use store::{
    Purpose, dedup,
    deferred::{self, Deferred},
    prune::prune,
};

use crate::{World, at, connection, event, message, tenant, world};

fn waiting(slug: &str, name: &str, seq: u64, due_ms: i64) -> Deferred {
    Deferred {
        tenant: tenant(slug),
        event: event(name),
        consumer: "completion".to_owned(),
        lane: "thread".to_owned(),
        subject: "events.00.acme.message.admitted".to_owned(),
        seq,
        due_at: at(due_ms),
        reason: "a breaker is open".to_owned(),
        attempts: 2,
        brought_back: 0,
    }
}

async fn put(world: &World, events: &[Deferred]) {
    for event in events {
        let mut tx = world.db.tenant(&event.tenant).await.unwrap();
        deferred::put(&mut tx, event).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn the_sweeper_takes_what_is_due_of_every_tenant_and_loses_nothing() {
    let world = world().await;
    let (a, b) = (waiting("a", "e1", 5, 100), waiting("b", "e2", 4, 50));
    let later = waiting("a", "e3", 6, 900);
    put(&world, &[a.clone(), b.clone(), later.clone()]).await;

    assert_eq!(deferred::next_due(&world.platform).await.unwrap(), Some(at(50)));
    let mut tx = world.platform.begin(Purpose::Sweep, "test").await.unwrap();
    let due = deferred::take_due(&mut tx, at(100), 10).await.unwrap();
    let back = |event: &Deferred| Deferred { brought_back: 1, ..event.clone() };
    assert_eq!(due, [back(&b), back(&a)], "in the order of the stream");
    drop(tx);

    let mut tx = world.platform.begin(Purpose::Sweep, "test").await.unwrap();
    let due = deferred::take_due(&mut tx, at(100), 10).await.unwrap();
    assert_eq!(due.len(), 2, "not committed, so taken again");
    tx.commit().await.unwrap();
    let mut tx = world.platform.begin(Purpose::Sweep, "test").await.unwrap();
    assert_eq!(deferred::take_due(&mut tx, at(100), 10).await.unwrap(), []);
    let minutes = |count: i64| count * 60_000;
    let again = deferred::take_due(&mut tx, at(100 + minutes(5)), 10).await.unwrap();
    let times: Vec<_> = again.iter().map(|it| (it.event.as_str(), it.brought_back)).collect();
    assert_eq!(times, [("e2", 2), ("e1", 2), ("e3", 1)], "nobody said a word of them");
    deferred::let_go(&mut tx, &again[0]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(deferred::next_due(&world.platform).await.unwrap(), Some(at(100 + minutes(10))));
}

#[tokio::test]
async fn a_look_every_second_leaves_no_row_in_the_audit_and_shows_nothing_else() {
    let world = world().await;
    put(&world, &[waiting("a", "e1", 5, 100)]).await;
    for _ in 0..3 {
        assert_eq!(deferred::next_due(&world.platform).await.unwrap(), Some(at(100)));
    }
    let client = raw(&world.test.platform_url()).await.unwrap();
    let count = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(count("select count(*) from platform_audit").await, 0);
    client.batch_execute("set app.platform_reason = 'look'").await.unwrap();
    for sql in ["update deferred set due_at_ms = 0", "delete from deferred"] {
        assert_eq!(client.execute(sql, &[]).await.unwrap(), 0, "{sql}");
    }
    assert_eq!(count("select count(*) from deferred").await, 1);
}

#[tokio::test]
async fn a_purpose_reaches_its_tables_and_no_other() {
    let world = world().await;
    put(&world, &[waiting("a", "e1", 1, 0)]).await;
    let mut tx = world.platform.begin(Purpose::Prune, "test").await.unwrap();
    let rows = tx.query("select * from deferred", &[]).await.unwrap();
    assert!(rows.is_empty(), "pruning sees no deferred event");
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let any = "select, insert, update, delete";
    // Those that are pruned show the platform their age, and no word of what they hold.
    let tables = [
        ("secret", any),
        ("rate_limit", any),
        ("turn", "select, insert, update"),
        ("completion", "select, insert, update"),
        ("attempt", "select, insert, update"),
        ("effect", "select, insert, update"),
        ("reply", "select, insert, update"),
    ];
    for (table, verbs) in tables {
        let sql = "select has_table_privilege('konstruct_platform', $1, $2)";
        let may: bool = admin.query_one(sql, &[&table, &verbs]).await.unwrap().get(0);
        assert!(!may, "{table} is none of the platform's business");
    }
}

#[tokio::test]
async fn what_was_looked_at_stays_on_record_even_if_it_is_undone() {
    let world = world().await;
    drop(world.platform.begin(Purpose::List, "mara@example.com").await.unwrap());
    let client = raw(&world.test.platform_url()).await.unwrap();
    let sql = "select purpose, actor from platform_audit";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("list", "mara@example.com"));
    for sql in ["delete from platform_audit", "update platform_audit set actor = 'nobody'"] {
        assert!(client.batch_execute(sql).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn pruning_keeps_what_may_still_be_asked_for() {
    let world = world().await;
    let hour = 3_600_000;
    let seen = async |name: &str, when: Timestamp| {
        let arrival = dedup::Arrival {
            tenant: tenant("acme"),
            event: event(name),
            seq: 1,
            connection: connection(),
            delivery: name.to_owned(),
            message: message(name),
        };
        dedup::decide(&world.db, &[arrival], when).await.unwrap();
    };
    seen("old", at(0)).await;
    seen("young", at(24 * hour)).await;
    let pruned = prune(&world.platform, "test", at(49 * hour)).await.unwrap();
    assert_eq!((pruned.dedup, pruned.total()), (2, 2), "both keys of the old one");
    assert_eq!(prune(&world.platform, "test", at(49 * hour)).await.unwrap().total(), 0);
}
