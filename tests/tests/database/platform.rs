use konstruct_tests::postgres::raw;
use schemas::Timestamp;
use store::{Purpose, dedup, deferred, prune::prune};

use crate::{
    at, connection,
    deferred::{about, defer},
    event, message, tenant, world,
};

#[tokio::test]
async fn a_look_every_second_leaves_no_row_in_the_audit_and_shows_nothing_else() {
    let world = world().await;
    defer(&world, "completion", &about("a", "e1", "C1-1"), 5, 100).await;
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
    defer(&world, "completion", &about("a", "e1", "C1-1"), 1, 0).await;
    let mut tx = world.platform.begin(Purpose::Prune, "test").await.unwrap();
    let rows = tx.query("select * from deferred", &[]).await.unwrap();
    assert!(rows.is_empty(), "pruning sees no deferred event");
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    // Rows are erased by their keys; those that are pruned show the platform their age. No word of what
    // they hold is shown.
    let tables = [
        ("tenant_key", "insert, delete"),
        ("secret", "select, insert, update"),
        ("rate_limit", "select, insert, update"),
        ("turn", "select, insert, update"),
        ("completion", "select, insert, update"),
        ("attempt", "select, insert, update"),
        ("tool_round", "select, insert, update"),
        ("tool_call", "select, insert, update"),
        ("pause", "select, insert, update"),
        ("effect", "select, insert, update"),
        ("reply", "select, insert, update"),
        ("p_conversation", "insert, update"),
    ];
    for (table, verbs) in tables {
        let sql = "select has_table_privilege('konstruct_platform', $1, $2)";
        let may: bool = admin.query_one(sql, &[&table, &verbs]).await.unwrap().get(0);
        assert!(!may, "{table} is none of the platform's business");
    }
    let sql = "
        select string_agg(attname::text, ' ' order by attname) from pg_attribute
         where attrelid = 'p_conversation'::regclass and 0 < attnum
           and has_column_privilege('konstruct_platform', attrelid, attnum, 'update')";
    let changes: String = admin.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(
        changes,
        "agent_id answered_at_ms first_at_ms handed_off_at_ms handed_off_message_id last_at_ms \
         last_seq messages people state",
        "of a thread, who has it, and what is added up of its messages"
    );
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
