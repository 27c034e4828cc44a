//! Without a tenant's key, nothing that was said can be read anywhere.

use std::{fs, path::Path};

use konstruct_tests::{
    cluster::Cluster,
    fake_llm::Behaviour,
    fake_slack::{Gateway, Team},
    installation::{Installation, SIGNING_SECRET, acme},
    postgres::{TestDatabase, raw},
};

use crate::{BOT, Log, ask, mention, trace};

const QUESTION: &str = "xylophone-question-71";
const ANSWER: &str = "xylophone-answer-72";
const PERSONA: &str = "xylophone-persona-73";
const PROMPT: &str = "xylophone-prompt-74";
const LATE: &str = "xylophone-late-75";
const TOKEN: &str = "xoxb-T0ACME";

/// Every byte that NATS and PostgreSQL keep, and every row of every table as text.
async fn everything(it: &Installation, cluster: &Cluster) -> anyhow::Result<Vec<u8>> {
    let mut all = Vec::new();
    read_all(it.nats.data(), &mut all)?;
    let client = raw(&it.database.superuser_url()).await?;
    client.batch_execute("checkpoint").await?;
    let nats = all.len();
    read_all(&cluster.data(), &mut all)?;
    let message = "select message_id from p_message limit 1";
    let message: String = client.query_one(message, &[]).await?.get(0);
    anyhow::ensure!(holds(&all[nats..], &message), "the files of the database are not read");
    for stream in ["EVENTS", "DIRECTORY"] {
        let mut log = Log::open(it, stream).await?;
        let stored = log.stored().await?;
        log.read(stored).await?;
        log.events.iter().for_each(|event| all.extend(event.to_string().bytes()));
    }
    let tables = "select quote_ident(tablename) from pg_tables where schemaname = 'public'";
    for table in client.query(tables, &[]).await? {
        let rows = format!("select t::text from {} t", table.get::<_, String>(0));
        for row in client.query(&rows, &[]).await? {
            all.extend(row.get::<_, String>(0).bytes());
        }
    }
    Ok(all)
}

fn read_all(dir: &Path, into: &mut Vec<u8>) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            read_all(&path, into)?;
        } else {
            into.extend(fs::read(&path).unwrap_or_default());
        }
    }
    Ok(())
}

fn holds(all: &[u8], text: &str) -> bool {
    all.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn what_people_said_is_nowhere_in_the_clear_and_gone_with_the_key() {
    let prompt = format!("persona: \"{PERSONA}\", system_prompt: \"{PROMPT}\"");
    let yaml = acme().replace("persona: \"warm, brief\"", &prompt);
    let cluster = Cluster::start().await.unwrap();
    let database = TestDatabase::create_on(&cluster.url()).await.unwrap();
    let mut it = Installation::prepare_on(database).await.unwrap();
    it.apply(&yaml).await.unwrap();
    it.run("all").await.unwrap();
    it.slack.install(TOKEN, Team::new("T0ACME", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    it.llm.always(Behaviour::text(ANSWER));
    let root = mention(&it, "T0ACME", QUESTION).unwrap();
    assert_eq!(ask(&it, &root).await.unwrap(), ANSWER);
    let request = it.llm.requests().remove(0).body.to_string();
    for text in [QUESTION, PERSONA, PROMPT] {
        assert!(request.contains(text), "the model did not see {text}");
    }
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    let message = log.message_of("message.accepted").unwrap().to_owned();

    trace(&it, &message, "reply.delivered").await.unwrap();
    nowhere_in_the_clear(&it, &cluster).await.unwrap();

    it.kill("all").await.unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let forget =
        "update tenant_key set wrapped = null, forgotten_at_ms = 1 where tenant_id = 'acme'";
    assert_eq!(client.execute(forget, &[]).await.unwrap(), 1);
    let stored = log.stored().await.unwrap();
    it.run("all").await.unwrap();
    let body = mention(&it, "T0ACME", LATE).unwrap().app_mention();
    let delivery = it.slack.deliver_times(&body, 1).await.unwrap();
    assert_eq!(delivery.statuses(), [Some(200)], "no retry brings the key back");
    assert_eq!(log.stored().await.unwrap(), stored, "something of an erased tenant was stored");
    let kept = client.query_one("select count(wrapped) from tenant_key", &[]).await.unwrap();
    assert_eq!(kept.get::<_, i64>(0), 0, "a new key was made by accident");
    assert_eq!(it.llm.requests().len(), 1);
    nowhere_in_the_clear(&it, &cluster).await.unwrap();
}

async fn nowhere_in_the_clear(it: &Installation, cluster: &Cluster) -> anyhow::Result<()> {
    let all = everything(it, cluster).await?;
    for text in [QUESTION, ANSWER, PERSONA, PROMPT, LATE, TOKEN] {
        anyhow::ensure!(!holds(&all, text), "{text} is in the clear");
    }
    Ok(())
}
