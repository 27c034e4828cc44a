//! What is seen of one message and of the past, and what is not without a word about it.

use anyhow::Context as _;
use konstruct_tests::{
    installation::{Installation, acme},
    postgres::raw,
};
use serde_json::Value;

use crate::{Log, ask, mention, running_acme, see::refused, trace};

#[tokio::test]
async fn words_are_opened_on_the_record_and_not_otherwise() {
    let it = running_acme().await.unwrap();
    ask(&it, &mention(&it, "T0ACME", "xylophone-see-1").unwrap()).await.unwrap();
    let log = raw(&it.database.superuser_url()).await.unwrap();
    let noted = async || -> Vec<(String, String, Value)> {
        let sql = "select operator, ip, detail from operator_log \
                   where action = 'conversations.read' and tenant = 'acme' order by id";
        let rows = log.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    };
    let closed = it.ok(&["stream", "get", "1"]).await.unwrap();
    assert!(closed.contains("\"text\": \"sealed, 15 bytes\""), "{closed}");
    assert!(noted().await.is_empty());

    let opened = it.ok(&["stream", "get", "1", "--open"]).await.unwrap();
    assert!(opened.contains("\"text\": \"xylophone-see-1\""), "{opened}");
    let what = serde_json::json!({ "stream": "EVENTS", "sequence": 1 });
    assert_eq!(noted().await, [("console".to_owned(), "console".to_owned(), what)]);
    let all = it.ok(&["stream", "tail", "--json"]).await.unwrap();
    assert!(!all.contains("xylophone"), "{all}");
}

#[tokio::test]
async fn a_message_is_traced_by_whatever_name_it_has() {
    let it = running_acme().await.unwrap();
    let root = mention(&it, "T0ACME", "hello").unwrap();
    ask(&it, &root).await.unwrap();
    let mut events = Log::open(&it, "EVENTS").await.unwrap();
    events.until("reply.delivered", 1).await.unwrap();
    let message = events.message_of("message.accepted").unwrap().to_owned();
    let story = trace(&it, &message, "reply.delivered").await.unwrap();
    let answer = it.slack.replies("T0ACME", "C1", &root.ts).pop().unwrap();

    let link = |ts: &str| format!("https://acme.slack.com/archives/C1/p{}", ts.replace('.', ""));
    let names = [
        message.clone(),
        story["stages"][1]["event"].as_str().unwrap().to_owned(),
        root.ts.clone(),
        link(&root.ts),
        answer.ts.clone(),
        link(&answer.ts),
        format!("{}?thread_ts={}&cid=C1", link(&answer.ts), root.ts),
        answer.effects[0].clone(),
    ];
    let tenants: [&[&str]; 2] = [&[], &["--tenant", "acme"]];
    for name in &names {
        for tenant in tenants {
            let asked = [&["trace", "--json", name.as_str()][..], tenant].concat();
            let said = it.ok(&asked).await.unwrap();
            let told: Value = serde_json::from_str(&said).unwrap();
            assert_eq!(
                (&told["tenant"], &told["message"]),
                (&"acme".into(), &message.as_str().into()),
                "{name}"
            );
        }
    }
    for (name, why) in [
        ("zzz", "no message and no event begins with `zzz`"),
        (
            "1700000000.000100",
            "no message of an agent's is at `1700000000.000100`, and none for one",
        ),
        ("two words", "`two words` is no id, no permalink of a message in Slack and no timestamp"),
    ] {
        let (code, said) = refused(&it, &["trace", name]).await;
        assert_eq!(code, Some(1));
        assert!(said.contains(why), "{said}");
    }
    let audit = raw(&it.database.superuser_url()).await.unwrap();
    let looks = "select count(*) from platform_audit where purpose = 'trace'";
    let looks: i64 = audit.query_one(looks, &[]).await.unwrap().get(0);
    assert!(i64::try_from(names.len()).unwrap() <= looks, "every look across tenants is on record");

    let export = it.ok(&["trace", &message, "--otlp"]).await.unwrap();
    let export: Value = serde_json::from_str(&export).unwrap();
    let spans = export["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    let called: Vec<_> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
    for name in
        ["message", "dedup", "rate limit", "invoke_agent mara", "chat gpt-5-mini", "delivery"]
    {
        assert!(called.contains(&name), "{called:?}");
    }
    let (trace, root) = (spans[0]["traceId"].as_str(), spans[0]["spanId"].as_str());
    let parent = format!("00-{}-{}-01", trace.unwrap(), root.unwrap());
    assert_eq!(events.events[0]["traceparent"], parent, "the trace that the log names");
    assert!(spans.iter().skip(1).all(|span| span["parentSpanId"].is_string()));
}

#[tokio::test]
async fn the_past_is_as_the_log_had_it() {
    let it = Installation::prepare().await.unwrap();
    // When the last change was stored: the changes after it are made by a program that has yet to start.
    let last = async || -> anyhow::Result<String> {
        let said = it.ok(&["stream", "tail", "--json", "--stream", "DIRECTORY"]).await?;
        let last: Value = serde_json::from_str(said.lines().last().context("nothing is there")?)?;
        Ok(last["stored"].as_str().context("no time")?.to_owned())
    };
    it.apply(&acme()).await.unwrap();
    let hired = last().await.unwrap();
    it.apply(&acme().replace("Support lead of", "Head of")).await.unwrap();
    let promoted = last().await.unwrap();
    it.apply(&acme().replace("agent: mara }", "agent: mara, removed: true }")).await.unwrap();
    let removed = last().await.unwrap();

    let at = async |time: &str| -> Value {
        let said = it.ok(&["at", time, "--tenant", "acme", "--json"]).await.unwrap();
        assert!(!said.contains("warm, brief"), "{said}");
        let mut was: Value = serde_json::from_str(&said).unwrap();
        was["tenants"][0].take()
    };
    let state = |was: &Value| {
        let published = &was["agents"][0]["published"];
        let connection = &was["connections"][0]["status"];
        let state = if connection == "active" { "active" } else { "removed" };
        let role = published["config"]["role"].as_str().unwrap().to_owned();
        (published["version"].as_u64().unwrap(), role, state)
    };
    let was = at(&hired).await;
    assert_eq!(was["tenant"]["name"], "acme Ltd");
    assert_eq!(was["agents"][0]["published"]["config"]["persona"], "sealed, 11 bytes");
    assert_eq!(state(&was), (1, "Support lead of acme".to_owned(), "active"));
    assert_eq!(state(&at(&promoted).await), (2, "Head of acme".to_owned(), "active"));
    // The file says again what the agent was, so that is another version.
    assert_eq!(state(&at(&removed).await), (3, "Support lead of acme".to_owned(), "removed"));
    assert_eq!(at("0s").await, at(&removed).await);

    let nobody = "2020-01-01T00:00:00Z";
    let before = it.ok(&["at", nobody]).await.unwrap();
    assert_eq!(before, "as of 2020-01-01T00:00:00.000Z, before anything was said\n");
    let (code, why) = refused(&it, &["at", nobody, "--tenant", "acme"]).await;
    assert_eq!(code, Some(1));
    assert_eq!(why, "error: there was no tenant `acme` at 2020-01-01T00:00:00.000Z\n");
    let (code, why) = refused(&it, &["at", "2999-01-01T00:00:00Z"]).await;
    assert_eq!((code, why.as_str()), (Some(1), "error: 2999-01-01T00:00:00.000Z lies ahead\n"));
    let people = it.ok(&["at", &promoted]).await.unwrap();
    assert!(people.contains("agent       mara          version 2"), "{people}");
}
