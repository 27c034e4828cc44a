//! A tenant that keeps conversations for a shorter time than the installation.

use konstruct_tests::{installation::acme, postgres::raw};
use serde_json::Value;

use crate::{Log, PATIENCE, ask, mention, running, trace, until};

#[tokio::test]
async fn what_is_older_than_a_tenant_keeps_it_goes_from_log_and_tables() {
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
    let [old, new] = &stories[..] else { panic!("{stories:?}") };
    for story in [old, new] {
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
    assert_eq!(client.execute(aged, &[old]).await.unwrap(), 1);
    let sums = "select string_agg(t::text, ' ' order by t::text) from p_usage t";
    let before: String = client.query_one(sums, &[]).await.unwrap().get(0);

    it.run("sweeper").await.unwrap();
    let gone = || async {
        let sql = "select count(*) from p_message where message_id = $1";
        Ok(client.query_one(sql, &[old]).await?.get::<_, i64>(0) == 0)
    };
    until(PATIENCE, "what is old goes", gone).await.unwrap();
    for table in ["turn", "completion", "attempt", "reply", "effect", "p_message"] {
        let sql = format!("select count(*) from {table} where message_id = $1");
        let left: i64 = client.query_one(&sql, &[old]).await.unwrap().get(0);
        assert_eq!(left, 0, "{table}");
        let left: i64 = client.query_one(&sql, &[new]).await.unwrap().get(0);
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
