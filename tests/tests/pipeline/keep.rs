//! A tenant that keeps conversations for a shorter time than the installation.

use async_nats::jetstream;
use konstruct_tests::{
    installation::{Installation, acme},
    postgres::raw,
};
use serde_json::{Value, json};
use store::{
    Settings,
    generation::{Generations, Wish},
};

use crate::{Log, PATIENCE, ask, mention, running, trace, until};

/// Two messages that were answered, the first of which is older than its tenant keeps it, and their stories.
/// No service runs any more.
async fn one_is_old() -> (Installation, [String; 2]) {
    let limits = "messages_per_minute: 6000, keep_days: 1";
    let yaml = acme().replace("messages_per_minute: 6000", limits);
    let mut it = running(&yaml, &["T0ACME"]).await.unwrap();
    let shown = it.ok(&["tenant", "show", "--tenant", "acme", "--json"]).await.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["tenant"]["limits"]["keep_days"], 1);
    for text in ["of long ago", "of today"] {
        ask(&it, &mention(&it, "T0ACME", text).unwrap()).await.unwrap();
    }
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 2).await.unwrap();
    it.slack.echoes_delivered().await;
    let stories: Vec<_> = log.stories("message.accepted").map(str::to_owned).collect();
    let stories: [String; 2] = stories.try_into().unwrap();
    for story in &stories {
        trace(&it, story, "reply.delivered").await.unwrap();
    }
    it.kill("all").await.unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let aged = "
        update p_message set received_at_ms = received_at_ms - 172800000,
               decided_at_ms = decided_at_ms - 172800000,
               completed_at_ms = completed_at_ms - 172800000,
               answered_at_ms = answered_at_ms - 172800000
         where message_id = $1";
    assert_eq!(client.execute(aged, &[&stories[0]]).await.unwrap(), 1);
    (it, stories)
}

/// Waits until the read models have no such message any more.
async fn gone(it: &Installation, story: &str) {
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let is_gone = || async {
        let sql = "select count(*) from p_message where message_id = $1";
        Ok(client.query_one(sql, &[&story]).await?.get::<_, i64>(0) == 0)
    };
    until(PATIENCE, "what is old goes", is_gone).await.unwrap();
}

/// What stands on a stream at this moment.
async fn standing(it: &Installation, stream: &str) -> Vec<Value> {
    let mut log = Log::open(it, stream).await.unwrap();
    let there = log.stream.info().await.unwrap().state.messages;
    log.read(there).await.unwrap();
    log.events
}

#[tokio::test]
async fn what_is_older_than_a_tenant_keeps_it_goes_from_log_and_tables() {
    let (mut it, [old, new]) = one_is_old().await;
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let sums = "select string_agg(t::text, ' ' order by t::text) from p_usage t";
    let before: String = client.query_one(sums, &[]).await.unwrap().get(0);

    it.run("sweeper").await.unwrap();
    gone(&it, &old).await;
    for table in ["turn", "completion", "attempt", "reply", "effect", "p_message"] {
        let sql = format!("select count(*) from {table} where message_id = $1");
        let left: i64 = client.query_one(&sql, &[&old]).await.unwrap().get(0);
        assert_eq!(left, 0, "{table}");
        let left: i64 = client.query_one(&sql, &[&new]).await.unwrap().get(0);
        assert!(0 < left, "{table}: what is not old stays");
    }
    let after: String = client.query_one(sums, &[]).await.unwrap().get(0);
    assert_eq!(after, before, "sums stay");
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    let there = log.stream.info().await.unwrap().state.messages;
    log.read(there).await.unwrap();
    assert_eq!(log.stories("message.accepted").collect::<Vec<_>>(), [new.as_str()]);
    assert!(!log.all("correlationid").contains(&old.as_str()));
}

/// Dead letters and what was decided of them are known by the events alone: killed before these go, the
/// next run finds all of it.
#[tokio::test]
async fn a_run_that_is_killed_leaves_no_dead_letter_behind() {
    let (mut it, [old, _]) = one_is_old().await;
    let accepted = standing(&it, "EVENTS").await.into_iter().find(|event| {
        event["correlationid"] == old.as_str()
            && event["type"].as_str().is_some_and(|it| it.contains("message.accepted"))
    });
    let letter = json!({
        "consumer": "completion", "stream": "EVENTS", "sequence": 1, "subject": "s", "tenant": "acme",
        "event": accepted.unwrap()["id"], "attempts": 1, "reason": "of a test",
        "at": "2026-11-21T09:30:00.000Z",
    });
    let nats = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    let published = nats.publish("deadletters.completion.acme", letter.to_string().into()).await;
    published.unwrap().await.unwrap();
    let mut client = raw(&it.database.superuser_url()).await.unwrap();
    let decided = "
        insert into letter_decision (tenant_id, letter, verb, via, decided_at_ms)
        values ('acme', 'completion-EVENTS-1', 'discarded', 'cli', extract(epoch from now()) * 1000)";
    client.execute(decided, &[]).await.unwrap();

    let held = client.transaction().await.unwrap();
    held.batch_execute("lock table turn in exclusive mode").await.unwrap();
    it.run("sweeper").await.unwrap();
    // What prunes waits for that table too.
    let pid: i32 = held.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let watch = raw(&it.database.superuser_url()).await.unwrap();
    let waits = || async {
        let sql = "
            select exists (select from pg_stat_activity
                where query like '%erase_stories%' and $1 = any(pg_blocking_pids(pid)))";
        Ok(watch.query_one(sql, &[&pid]).await?.get::<_, bool>(0))
    };
    until(PATIENCE, "rows are being erased", waits).await.unwrap();
    it.kill("sweeper").await.unwrap();
    held.rollback().await.unwrap();

    it.run("sweeper").await.unwrap();
    gone(&it, &old).await;
    assert_eq!(standing(&it, "DEADLETTERS").await, Vec::<Value>::new());
    let left = "select count(*) from letter_decision";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}

/// The base was copied for it before, so what goes unread would be missing in its sums.
#[tokio::test]
async fn what_is_old_waits_for_a_rebuild_that_has_not_read_it() {
    let (mut it, [old, _]) = one_is_old().await;
    let wish = Wish {
        readers: vec!["project-events".to_owned()],
        models: ["p_message", "p_usage"].map(str::to_owned).to_vec(),
        workers: 1,
    };
    let mut owner = Generations::open(&Settings::new(it.database.owner_url())).await.unwrap();
    owner.begin(&wish, "test").await.unwrap();
    drop(owner);
    it.run("sweeper").await.unwrap();
    let waits = || async {
        let said = it.said("sweeper");
        Ok(said.contains("a rebuild of the read models has read EVENTS until 0 and not until "))
    };
    until(PATIENCE, "the sweeper waits", waits).await.unwrap();
    let there = standing(&it, "EVENTS").await;
    assert!(there.iter().any(|event| event["correlationid"] == old.as_str()), "nothing went");
    it.kill("sweeper").await.unwrap();

    // Its exit code says that a row was changed by hand above.
    it.output(&["replay", "projections", "--yes"]).await.unwrap();
    it.run("sweeper").await.unwrap();
    gone(&it, &old).await;
    it.kill("sweeper").await.unwrap();
    let swapped = it.ok(&["replay", "projections", "--swap", "--yes", "--json"]).await.unwrap();
    let swapped: Value = serde_json::from_str(&swapped).unwrap();
    assert_eq!(swapped["swapped"], true, "every sum is there: {swapped:#}");
}

#[tokio::test]
async fn nobody_keeps_anything_for_longer_than_the_installation() {
    let it = running(&acme(), &["T0ACME"]).await.unwrap();
    for days in ["0", "31"] {
        let limits = format!("messages_per_minute: 6000, keep_days: {days}");
        let refused = it.apply(&acme().replace("messages_per_minute: 6000", &limits)).await;
        let why = refused.unwrap_err().to_string();
        assert!(why.contains("`keep_days` is a whole number of days from 1 to 30"), "{why}");
    }
}
