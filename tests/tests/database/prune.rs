//! What is old goes, what is not finished stays.

use konstruct_tests::postgres::raw;
use store::prune::{Pruned, prune};
use tokio_postgres::{Client, error::SqlState};

use crate::{World, at, world};

/// 32 days later: what was written at day 0 is old, what was written at day 2 is not.
const DAY_MS: i64 = 24 * 3_600_000;
const TABLES: [&str; 9] = [
    "reply",
    "effect",
    "completion",
    "attempt",
    "tool_call",
    "pause",
    "turn",
    "p_message",
    "p_event",
];

/// The whole story of one message, as it stands in every table.
struct Story {
    name: &'static str,
    day: i64,
    outcome: Option<&'static str>,
    effect: &'static str,
    state: &'static str,
}

const OLD: Story =
    Story { name: "old", day: 0, outcome: Some("delivered"), effect: "sent", state: "delivered" };

/// A superuser writes them: what each stage writes is shown by its own tests.
async fn tell(admin: &Client, tenant: &str, story: &Story) {
    let Story { name, day, outcome, effect, state } = story;
    let ms = at(day * DAY_MS).as_millis();
    let outcome = outcome.map_or("null".to_owned(), |word| format!("'{word}'"));
    let sql = format!(
        "insert into reply (tenant_id, message_id, message, outcome, fence, updated_at_ms, made_at_ms)
         values ('{tenant}', '{name}', '{{}}', {outcome}, 1, {ms}, {ms});
         insert into effect (tenant_id, effect_id, message_id, what, part, state, repeatable, channel,
                             planned_at_ms, updated_at_ms)
         values ('{tenant}', 'x{name}', '{name}', 'post', 0, '{effect}', false, 'C1', {ms}, {ms});
         insert into completion (tenant_id, message_id, envelope, event_id, stream_seq, fence,
                                 finished_at_ms)
         values ('{tenant}', '{name}', '{{}}', 'e', 1, 1, {ms});
         insert into attempt (tenant_id, message_id, index, deployment, started_at_ms)
         values ('{tenant}', '{name}', 0, 'd', {ms});
         insert into tool_round (tenant_id, message_id, round, asked, started_at_ms)
         values ('{tenant}', '{name}', 0, '{{}}', {ms});
         insert into tool_call (tenant_id, message_id, round, index, tool, arguments, repeatable)
         values ('{tenant}', '{name}', 0, 0, 'orders', '{{}}', true);
         insert into pause (tenant_id, message_id, connection_id, conversation_id, since_ms)
         values ('{tenant}', '{name}', 'c', 'thread', {ms});
         insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position,
                           sender, text)
         values ('{tenant}', 'c', 'thread', '{name}', 'person', {ms} * 1000::bigint, 'U1', '{{}}');
         insert into p_message (tenant_id, message_id, connection_id, conversation_id, reference, state,
                                received_at_ms, last_event_id, last_seq)
         values ('{tenant}', '{name}', 'c', 'thread', '{{}}', '{state}', {ms}, 'e', 1);
         insert into p_event (tenant_id, stream, seq, event_id, correlation_id, kind, source, time_ms)
         values ('{tenant}', 'EVENTS', (select count(*) from p_event), '{name}-1', '{name}', 'k', 's', {ms}),
                ('{tenant}', 'DIRECTORY', (select count(*) from p_event), '{name}-2', '{name}', 'k', 's', {ms});"
    );
    admin.batch_execute(&sql).await.unwrap();
}

/// How many rows of each table there are.
async fn counts(admin: &Client, message: &str) -> [i64; 9] {
    let mut counts = [0; 9];
    for (count, table) in counts.iter_mut().zip(TABLES) {
        let of = if table == "p_event" { "correlation_id" } else { "message_id" };
        let sql = format!("select count(*) from {table} where {of} = $1");
        *count = admin.query_one(&sql, &[&message]).await.unwrap().get(0);
    }
    counts
}

#[tokio::test]
async fn a_story_goes_after_31_days_and_only_when_it_is_over() {
    let World { platform, test, .. } = world().await;
    let admin = raw(&test.superuser_url()).await.unwrap();
    let stories = [
        OLD,
        Story { name: "young", day: 2, ..OLD },
        Story { name: "doubtful", outcome: Some("uncertain"), state: "uncertain", ..OLD },
        Story { name: "open", outcome: None, state: "admitted", ..OLD },
        Story { name: "unsettled", effect: "uncertain", state: "delivered", ..OLD },
        Story { name: "unsent", effect: "planned", ..OLD },
    ];
    for story in &stories {
        tell(&admin, "acme", story).await;
    }
    tell(&admin, "beta", &OLD).await;

    let pruned = prune(&platform, "test", at(32 * DAY_MS)).await.unwrap();
    let want = Pruned {
        replies: 3,
        completions: 6,
        attempts: 6,
        tools: 6,
        pauses: 6,
        turns: 6,
        messages: 4,
        events: 4,
        ..Pruned::default()
    };
    assert_eq!(pruned, want);
    // reply, effect, completion, attempt, tool_call, pause, turn, p_message, p_event
    assert_eq!(
        counts(&admin, "old").await,
        [0, 0, 0, 0, 0, 0, 0, 0, 2],
        "the directory's story stays"
    );
    assert_eq!(counts(&admin, "young").await, [1, 1, 1, 1, 1, 1, 1, 1, 2]);
    assert_eq!(
        counts(&admin, "doubtful").await,
        [1, 1, 0, 0, 0, 0, 0, 1, 2],
        "nobody knows its end"
    );
    assert_eq!(counts(&admin, "open").await, [1, 1, 0, 0, 0, 0, 0, 1, 2], "it has no end");
    assert_eq!(
        counts(&admin, "unsettled").await,
        [1, 1, 0, 0, 0, 0, 0, 0, 1],
        "an effect is in doubt"
    );
    let gone = counts(&admin, "unsent").await;
    assert_eq!(
        gone,
        [0, 0, 0, 0, 0, 0, 0, 0, 1],
        "nobody sends a placeholder of a reply that has ended"
    );
    assert_eq!(prune(&platform, "test", at(32 * DAY_MS)).await.unwrap().total(), 0);
}

/// Two rules in the middle cannot be followed; what comes before, between and after them is.
#[tokio::test]
async fn a_rule_that_fails_keeps_no_other_from_being_followed() {
    let World { platform, test, .. } = world().await;
    let admin = raw(&test.superuser_url()).await.unwrap();
    tell(&admin, "acme", &OLD).await;
    let away =
        "alter table attempt rename to attempt_away; alter table pause rename to pause_away;";
    admin.batch_execute(away).await.unwrap();

    let failed = prune(&platform, "test", at(32 * DAY_MS)).await.unwrap_err();
    let want = Pruned {
        replies: 1,
        completions: 1,
        tools: 1,
        turns: 1,
        messages: 1,
        events: 1,
        ..Pruned::default()
    };
    assert_eq!(*failed.pruned, want);
    let missing = |it: &str| {
        format!("the database refused: relation \"{it}\" does not exist (SQLSTATE 42P01)")
    };
    assert_eq!(
        failed.to_string(),
        format!(
            "attempts: {}; pauses: {}; of the rest, 6 rows went",
            missing("attempt"),
            missing("pause")
        )
    );

    let back =
        "alter table attempt_away rename to attempt; alter table pause_away rename to pause;";
    admin.batch_execute(back).await.unwrap();
    let pruned = prune(&platform, "test", at(32 * DAY_MS)).await.unwrap();
    assert_eq!((pruned.attempts, pruned.pauses, pruned.total()), (1, 1, 2));
}

#[tokio::test]
async fn more_than_one_piece_goes_at_once() {
    let World { platform, test, .. } = world().await;
    let admin = raw(&test.superuser_url()).await.unwrap();
    let many = "
        insert into attempt (tenant_id, message_id, index, deployment, started_at_ms)
        select 'acme', 'm' || n, 0, 'd', 0 from generate_series(1, 12000) n";
    admin.execute(many, &[]).await.unwrap();
    assert_eq!(prune(&platform, "test", at(0)).await.unwrap().attempts, 12_000);
    let audit = "select count(*) from platform_audit where purpose = 'prune' and actor = 'test'";
    let audited: i64 = admin.query_one(audit, &[]).await.unwrap().get(0);
    assert!(3 <= audited, "each piece is on record");
}

#[tokio::test]
async fn whoever_serves_a_tenant_deletes_nothing_and_the_platform_only_to_prune() {
    let World { test, .. } = world().await;
    let admin = raw(&test.superuser_url()).await.unwrap();
    tell(&admin, "acme", &OLD).await;
    let app = raw(&test.app_url()).await.unwrap();
    app.batch_execute("set app.current_tenant = 'acme'").await.unwrap();
    let platform = raw(&test.platform_url()).await.unwrap();
    platform.batch_execute("set app.platform_reason = 'sweep'").await.unwrap();
    for table in TABLES {
        let sql = format!("delete from {table}");
        not_allowed(&app, &sql).await;
        assert_eq!(platform.execute(&sql, &[]).await.unwrap(), 0, "{table}: another purpose");
    }
    platform.batch_execute("set app.platform_reason = 'prune'").await.unwrap();
    for (table, column) in [("turn", "text"), ("completion", "envelope"), ("effect", "detail")] {
        not_allowed(&platform, &format!("select {column} from {table}")).await;
    }
}

/// It is the right that is missing, not the table or the column.
async fn not_allowed(client: &Client, sql: &str) {
    let error = client.batch_execute(sql).await.expect_err(sql);
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}: {error}");
}

#[tokio::test]
async fn a_thread_goes_with_its_last_message() {
    let World { platform, test, .. } = world().await;
    let admin = raw(&test.superuser_url()).await.unwrap();
    for story in [Story { name: "open", outcome: None, state: "admitted", ..OLD }, OLD] {
        tell(&admin, "acme", &story).await;
    }
    let days = [("thread", 0), ("empty", 0), ("young", 2)];
    for (thread, day) in days {
        let ms = at(day * DAY_MS).as_millis();
        let sql = format!(
            "insert into p_conversation (tenant_id, connection_id, conversation_id, place, people,
                                         state, messages, first_at_ms, last_at_ms, last_seq)
             values ('acme', 'c', '{thread}', '{{}}', '{{}}', 'admitted', 1, {ms}, {ms}, 1)"
        );
        admin.batch_execute(&sql).await.unwrap();
    }
    let pruned = prune(&platform, "test", at(32 * DAY_MS)).await.unwrap();
    assert_eq!((pruned.conversations, pruned.messages), (1, 1));
    let sql = "select string_agg(conversation_id, ' ' order by 1) from p_conversation";
    let left: String = admin.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(left, "thread young", "one still has a message that is not finished");
}
