//! Commands that run again change nothing, and two that want the same do not both get it.

use std::time::Instant;

use konstruct_tests::{
    fake_slack::{Gateway, Team},
    installation::{Installation, MASTER_KEY, SIGNING_SECRET, acme, free_port, tenant},
    postgres::raw,
};

use runtime::{Bus, DirectoryWatch, DirectoryWriter, WriteError};
use schemas::{Agent, Author, Envelope, Event, EventId, Timestamp, event::AgentChanged};
use tokio_util::sync::CancellationToken;

use crate::{BOT, Log, ask, mention, reply_to, running_acme};

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let it = Installation::prepare().await.unwrap();
    let mut directory = Log::open(&it, "DIRECTORY").await.unwrap();
    assert!(it.apply(&acme()).await.unwrap().contains("changes made"));
    let stored = directory.stored().await.unwrap();
    assert!(0 < stored);
    assert_eq!(it.apply(&acme()).await.unwrap(), "nothing to change\n");
    assert_eq!(directory.stored().await.unwrap(), stored);
    assert_eq!(it.ok(&["setup"]).await.unwrap(), "nothing to change\n");
    assert_eq!(it.ok(&["migrate"]).await.unwrap(), "nothing to migrate\n");
}

#[tokio::test]
async fn of_two_that_claim_a_workspace_at_once_one_wins_and_one_is_told_why() {
    let mut it = Installation::prepare().await.unwrap();
    let file = |slug| format!("tenants:\n{}", tenant(slug, "T0PRIZE", "mara", "warm"));
    let (left, right) = (file("left"), file("right"));
    let (one, other) = tokio::join!(it.apply(&left), it.apply(&right));
    let (winner, refused) = match (one, other) {
        (Ok(_), Err(error)) => ("left", error),
        (Err(error), Ok(_)) => ("right", error),
        (one, other) => panic!("{one:?} and {other:?}"),
    };
    let refused = format!("{refused:#}");
    assert!(refused.contains("T0PRIZE"), "{refused}");
    let tenants = it.ok(&["tenant", "list", "--json"]).await.unwrap();
    let tenants: Vec<serde_json::Value> = serde_json::from_str(&tenants).unwrap();
    let slugs: Vec<_> = tenants.iter().map(|tenant| tenant["id"].as_str().unwrap()).collect();
    assert_eq!(slugs, [winner], "nothing of the other is left");

    it.run("all").await.unwrap();
    it.slack.install("xoxb-T0PRIZE", Team::new("T0PRIZE", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    ask(&it, &mention(&it, "T0PRIZE", "whose are you?").unwrap()).await.unwrap();
    let asked = it.llm.requests();
    assert!(asked[0].system().contains(&format!("Support lead of {winner}")));
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    assert_eq!(log.all("tenantid"), [winner]);
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "how long it took")]
async fn two_thousand_tenants_come_from_one_file_and_the_gateway_knows_them_all() {
    let mut it = Installation::prepare().await.unwrap();
    it.run("all").await.unwrap();
    let slug = |number| format!("tenant-{number}");
    let workspace = |number| format!("T0MANY{number}");
    let entries: String =
        (0..2_000).map(|it| tenant(&slug(it), &workspace(it), "mara", "warm")).collect();
    let begun = Instant::now();
    let said = it.apply(&format!("tenants:\n{entries}")).await.unwrap();
    println!("2,000 tenants were applied in {:.1} s", begun.elapsed().as_secs_f64());
    // Tenant, agent, its first version, token and connection of each.
    assert!(said.ends_with("10000 changes made\n"), "{}", said.lines().last().unwrap());
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    for number in [0, 999, 1_999] {
        let workspace = workspace(number);
        it.slack.install(&format!("xoxb-{workspace}"), Team::new(&workspace, BOT));
        ask(&it, &mention(&it, &workspace, "hello").unwrap()).await.unwrap();
    }
    let directory = it.ok(&["tenant", "list", "--json"]).await.unwrap();
    let listed: Vec<serde_json::Value> = serde_json::from_str(&directory).unwrap();
    assert_eq!(listed.len(), 2_000);
}

/// Their events are taken or refused as one; so is what these name.
#[tokio::test]
async fn of_two_files_at_once_one_is_there_with_its_token_and_no_other_token_stays() {
    let it = Installation::prepare().await.unwrap();
    it.apply(&acme()).await.unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let file = |name: &str| {
        let named = acme().replace("acme Ltd", name);
        named.replace("bot_token: xoxb-T0ACME", &format!("bot_token: xoxb-{name}"))
    };
    let mut refused = 0;
    for round in 0..12 {
        let (one, other) = (file(&format!("One{round}")), file(&format!("Other{round}")));
        let (first, second) = tokio::join!(it.apply(&one), it.apply(&other));
        refused += usize::from(first.is_err()) + usize::from(second.is_err());
        let mut whole = 0;
        for file in [&one, &other] {
            whole += usize::from(it.would_apply(file).await.unwrap() == "nothing to change\n");
        }
        assert_eq!(whole, 1, "round {round}: {first:?} and {second:?}");
        let kept = client.query_one("select count(*) from secret", &[]).await.unwrap();
        assert_eq!(kept.get::<_, i64>(0), 1, "round {round}: {first:?} and {second:?}");
    }
    assert!(0 < refused, "they never met");
}

/// An agent of `acme` retires, as a command of that name says it.
fn retired(agent: &str, command: &str) -> anyhow::Result<Envelope> {
    let id = EventId::derive(command, agent, 0);
    let budget = schemas::Budget::default();
    let agent = Agent { id: agent.parse()?, draft: None, published: None, budget, retired: true };
    let by = Author { via: "test".to_owned(), operator: None };
    Ok(Envelope {
        correlation: (&id).into(),
        id,
        source: "test".to_owned(),
        time: Timestamp::from_millis(0),
        tenant: "acme".parse()?,
        causation: None,
        trace: None,
        event: Event::AgentRetired(AgentChanged { agent, by }),
    })
}

#[tokio::test]
async fn what_was_decided_before_another_change_is_not_written() {
    let it = Installation::prepare().await.unwrap();
    it.apply(&acme()).await.unwrap();
    let bus = Bus::connect(&it.nats.url(), "test").await.unwrap();
    let watch = DirectoryWatch::start(&bus, &CancellationToken::new());
    watch.ready().await;
    let writer = DirectoryWriter::new(bus, watch.clone());
    let (mut first, mut second) = (watch.snapshot(), watch.snapshot());

    let stored = writer.write(&mut first, vec![retired("mara", "first").unwrap()]).await.unwrap();
    watch.reached(stored.sequence).await;
    let both = vec![retired("leo", "second").unwrap(), retired("mara", "second").unwrap()];
    let refused = writer.write(&mut second, both.clone()).await;
    let Err(WriteError::Conflict { subject }) = refused else { panic!("{refused:?}") };
    assert_eq!(subject, "directory.acme.agent.mara");
    let agents = it.ok(&["agent", "list", "--tenant", "acme", "--json"]).await.unwrap();
    assert!(!agents.contains("leo"), "all or nothing: {agents}");

    // Read again, the same is written; and more, from the same decision.
    let mut again = watch.snapshot();
    writer.write(&mut again, both).await.unwrap();
    writer.write(&mut again, vec![retired("leo", "third").unwrap()]).await.unwrap();
    writer.write(&mut again, vec![retired("mara", "third").unwrap()]).await.unwrap();
}

/// The memory of the loser may be behind; the server is not.
#[tokio::test]
async fn of_two_changes_at_once_the_server_takes_one() {
    let it = Installation::prepare().await.unwrap();
    it.apply(&acme()).await.unwrap();
    let bus = Bus::connect(&it.nats.url(), "test").await.unwrap();
    let stop = CancellationToken::new();
    let watch = DirectoryWatch::start(&bus, &stop);
    watch.ready().await;
    let stale = watch.snapshot();
    let frozen = {
        let stopped = CancellationToken::new();
        let watch = DirectoryWatch::start(&bus, &stopped);
        watch.ready().await;
        stopped.cancel();
        watch
    };
    let writer = DirectoryWriter::new(bus.clone(), watch);
    writer.write(&mut stale.clone(), vec![retired("mara", "first").unwrap()]).await.unwrap();
    let late = DirectoryWriter::new(bus, frozen);
    let both = vec![retired("leo", "second").unwrap(), retired("mara", "second").unwrap()];
    let refused = late.write(&mut stale.clone(), both).await;
    let Err(WriteError::Conflict { subject }) = refused else { panic!("{refused:?}") };
    assert_eq!(subject, "directory.acme.agent.mara");
}

#[tokio::test]
async fn more_than_one_write_takes_is_written_in_several() {
    let it = Installation::prepare().await.unwrap();
    let agents: Vec<_> = (0..600).map(|n| format!("{{ slug: a{n}, name: A }}")).collect();
    let agents = agents.join(", ");
    let file = format!("tenants:\n  - {{ slug: acme, name: Acme, agents: [{agents}] }}\n");
    let said = it.apply(&file).await.unwrap();
    assert!(said.ends_with("1201 changes made\n"), "{}", said.lines().last().unwrap());
    assert_eq!(it.apply(&file).await.unwrap(), "nothing to change\n");
}

#[tokio::test]
async fn what_was_applied_is_shown_but_for_what_is_secret() {
    let it = Installation::prepare().await.unwrap();
    it.apply(&acme()).await.unwrap();
    let show = async |what: &[&str]| {
        let said = it.ok(&[what, &["--tenant", "acme", "--json"]].concat()).await.unwrap();
        for secret in ["warm, brief", "xoxb-T0ACME"] {
            assert!(!said.contains(secret), "{said}");
        }
        serde_json::from_str::<serde_json::Value>(&said).unwrap()
    };
    let agent = show(&["agent", "show", "mara"]).await;
    assert_eq!((&agent["id"], &agent["retired"]), (&"mara".into(), &false.into()));
    assert_eq!(agent["published"]["version"], 1);
    assert_eq!(agent["published"]["role"], "Support lead of acme");
    let connection = show(&["connection", "show", "slack-T0ACME"]).await;
    assert_eq!(connection["workspace"], "T0ACME");
    assert_eq!(connection["agent"], "mara");
    let all = show(&["tenant", "show"]).await;
    assert_eq!(all["tenant"]["name"], "acme Ltd");
    assert_eq!(all["tenant"]["limits"]["messages_per_minute"], 6_000);
    assert_eq!(all["agents"], serde_json::json!([agent]));
    assert_eq!(all["connections"], serde_json::json!([connection]));

    for (what, id) in [("agent", "leo"), ("connection", "slack-T0BETA")] {
        let output = it.output(&[what, "show", "--tenant", "acme", id]).await.unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(&format!("tenant `acme` has no {what} `{id}`")), "{said}");
    }
}

#[tokio::test]
async fn after_the_master_key_is_rotated_the_new_one_opens_everything_and_the_old_one_nothing() {
    let mut it = running_acme().await.unwrap();
    let root = mention(&it, "T0ACME", "remember-the-blue-one").unwrap();
    ask(&it, &root).await.unwrap();
    it.kill("all").await.unwrap();
    let new = MASTER_KEY.chars().rev().collect::<String>();
    it.settings.insert("KONSTRUCT_MASTER_KEY".to_owned(), new);
    it.settings.insert("KONSTRUCT_MASTER_KEY_PREVIOUS".to_owned(), MASTER_KEY.to_owned());
    let rotated = async |it: &Installation| it.ok(&["rotate-master-key"]).await.unwrap();
    assert_eq!(rotated(&it).await, "1 keys are wrapped with the current master key\n");
    assert_eq!(rotated(&it).await, "0 keys are wrapped with the current master key\n");

    it.settings.remove("KONSTRUCT_MASTER_KEY_PREVIOUS");
    it.run("all").await.unwrap();
    ask(&it, &reply_to(&it, &root, "which one?").unwrap()).await.unwrap();
    let asked = it.llm.requests();
    let turns = format!("{:?}", asked.last().unwrap().turns());
    assert!(turns.contains("echo: ") && turns.contains("remember-the-blue-one"), "{turns}");
    let said = it.ok(&["say", "--tenant", "acme", "and you?"]).await.unwrap();
    assert!(said.contains("and you?"), "{said}");

    it.kill("all").await.unwrap();
    it.settings.insert("KONSTRUCT_MASTER_KEY".to_owned(), MASTER_KEY.to_owned());
    it.run("all").await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    let stored = log.stored().await.unwrap();
    let body = mention(&it, "T0ACME", "and now?").unwrap().app_mention();
    let delivery = it.slack.deliver_times(&body, 1).await.unwrap();
    assert_eq!(delivery.statuses(), [Some(503)], "Slack will deliver it again");
    assert_eq!(log.stored().await.unwrap(), stored);
    let why = "the key of tenant `acme` is wrapped with another master key";
    assert!(it.said("all").contains(why), "{}", it.said("all"));
}

#[tokio::test]
async fn the_doctor_is_content_with_what_is_sound_and_says_what_to_do_without_nats() {
    let mut it = Installation::prepare().await.unwrap();
    let said = it.ok(&["doctor"]).await.unwrap();
    assert!(said.lines().all(|line| line.starts_with("ok ")), "{said}");
    for what in ["NATS", "topology", "room", "clock", "master key", "signing secret", "models"] {
        assert!(said.lines().any(|line| line.starts_with(&format!("ok    {what}: "))), "{said}");
    }

    let nowhere = format!("nats://127.0.0.1:{}", free_port().unwrap());
    it.settings.insert("KONSTRUCT_NATS_URL".to_owned(), nowhere);
    let output = it.output(&["doctor"]).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    let mut wrong = said.lines().skip_while(|line| !line.starts_with("WRONG"));
    assert!(wrong.next().unwrap_or_default().starts_with("WRONG NATS: "), "{said}");
    let fix = "start nats-server with JetStream, and set KONSTRUCT_NATS_URL to it";
    assert_eq!(wrong.next().map(str::trim), Some(fix), "{said}");
    assert!(wrong.all(|line| line.starts_with("ok ")), "nothing else is wrong: {said}");
}

/// Whoever applies a file need not hold the models' keys, nor know which groups there are.
#[tokio::test]
async fn a_file_is_applied_without_the_keys_of_models() {
    let mut it = Installation::prepare().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("konstruct.toml");
    let settings = "[[models.quality]]\nname = 'claude'\nvendor = 'anthropic'\n\
                    model = 'claude-sonnet-5-5'\napi_key_env = 'NOT_HERE'\n";
    std::fs::write(&path, settings).unwrap();
    it.settings.insert("KONSTRUCT_CONFIG".to_owned(), path.to_string_lossy().into_owned());
    let unknown = acme().replace("persona:", "model: fast, persona:");
    let want =
        "tenant `acme`, agent `mara`: `model` names `fast`, and there is no such model group";
    for refused in [it.would_apply(&unknown).await, it.apply(&unknown).await] {
        let refused = format!("{:#}", refused.unwrap_err());
        assert!(refused.contains(want), "{refused}");
    }
    assert!(it.apply(&acme()).await.unwrap().contains("changes made"));

    it.settings.remove("KONSTRUCT_CONFIG");
    for name in ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"] {
        it.settings.insert(name.to_owned(), String::new());
    }
    assert!(it.apply(&unknown).await.unwrap().contains("changes made"), "nobody knows the groups");
}
