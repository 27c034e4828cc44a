//! `konstruct replay projections`: what people see meanwhile, and that nobody outside hears of it.

mod memory;

use std::{process::Stdio, time::Duration};

use async_nats::jetstream;
use konstruct_tests::{installation::Installation, postgres::raw, wait::until};
use runtime::{Bus, Clock, Context};
use serde_json::Value;
use store::{
    Settings,
    generation::{Generations, Wish},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Log, PATIENCE, ask,
    erase::{ERASE, is_tombstone, rows},
    mention, running_both,
};

const TABLES: [&str; 10] = [
    "p_agent",
    "p_change",
    "p_connection",
    "p_conversation",
    "p_day",
    "p_event",
    "p_message",
    "p_month",
    "p_tenant",
    "p_usage",
];

/// Every live row of every read model.
async fn live(it: &Installation) -> Vec<String> {
    let admin = raw(&it.database.superuser_url()).await.unwrap();
    let mut all = Vec::new();
    for table in TABLES {
        let sql = format!(
            "select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from public.{table} t"
        );
        all.push(format!(
            "{table}: {}",
            admin.query_one(&sql, &[]).await.unwrap().get::<_, String>(0)
        ));
    }
    all
}

/// Somebody of either workspace says so many things, and each is answered.
async fn said(it: &Installation, messages: usize) {
    for nth in 0..messages {
        let workspace = ["T0ACME", "T0BETA"][nth % 2];
        ask(it, &mention(it, workspace, "when will it arrive?").unwrap()).await.unwrap();
    }
    projected(it).await;
}

/// Waits until what is on the log is in the read models, and nothing more comes.
async fn projected(it: &Installation) {
    let admin = raw(&it.database.superuser_url()).await.unwrap();
    let (mut events, mut directory) =
        (Log::open(it, "EVENTS").await.unwrap(), Log::open(it, "DIRECTORY").await.unwrap());
    let sql = "
        select string_agg(seq::text, ' ' order by name) from checkpoint
         where name in ('project-events', 'project-directory')";
    let ended = "
        select count(*) from p_message where state not in ('delivered', 'told', 'failed', 'throttled')";
    // Each message's own echo and its end come last.
    let mut last = String::new();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let want =
            format!("{} {}", directory.stored().await.unwrap(), events.stored().await.unwrap());
        let found: Option<String> = admin.query_one(sql, &[]).await.unwrap().get(0);
        let open: i64 = admin.query_one(ended, &[]).await.unwrap().get(0);
        let is_still = last == want && open == 0;
        if found.as_ref() == Some(&want) && is_still {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{found:?} of {want}, {open} open");
        last = want;
        it.slack.echoes_delivered().await;
    }
}

/// What must not move: events of both streams, calls of Slack, questions to models.
async fn outside(it: &Installation) -> (u64, u64, u64, usize, usize) {
    let (mut events, mut directory, mut dead) = (
        Log::open(it, "EVENTS").await.unwrap(),
        Log::open(it, "DIRECTORY").await.unwrap(),
        Log::open(it, "DEADLETTERS").await.unwrap(),
    );
    (
        events.stored().await.unwrap(),
        directory.stored().await.unwrap(),
        dead.stored().await.unwrap(),
        it.slack.see(|world| world.calls().count()),
        it.llm.requests().len(),
    )
}

/// The command, and what it printed as JSON; whatever its exit code is.
async fn replay(it: &Installation, args: &[&str]) -> (bool, Value) {
    let all = [&["replay", "projections", "--json"][..], args].concat();
    let output = it.output(&all).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let printed = serde_json::from_slice(&output.stdout);
    (output.status.success(), printed.unwrap_or_else(|error| panic!("{args:?}: {error}: {said}")))
}

/// How far the rebuild is on each stream.
async fn places(it: &Installation) -> Vec<i64> {
    let admin = raw(&it.database.superuser_url()).await.unwrap();
    let sql = "select seq from checkpoint where name like 'next/%' order by name";
    admin.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_rebuild_is_what_is_live_and_nobody_outside_hears_of_it() {
    let it = running_both().await.unwrap();
    said(&it, 4).await;
    let (shown, heard) = (live(&it).await, outside(&it).await);

    let (done, plan) = replay(&it, &["--dry-run"]).await;
    assert!(done);
    let streams: Vec<_> = plan["streams"].as_array().unwrap().iter().collect();
    assert_eq!(streams[0]["stream"], "EVENTS");
    assert_eq!(streams[0]["events"], heard.0);
    assert_eq!(streams[1]["events"], heard.1);
    assert_eq!((&plan["begun"], places(&it).await), (&Value::Bool(false), Vec::new()));
    let asked = it.output(&["replay", "projections"]).await.unwrap();
    let why = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert!(!asked.status.success() && why.contains("say `--yes`"), "{why}");

    let (done, built) = replay(&it, &["--yes", "--workers", "3"]).await;
    assert!(done, "{built:#}");
    assert_eq!(built["is_equal"], true);
    assert_eq!(built["events"], heard.0 + heard.1);
    assert_eq!(built["models"].as_array().unwrap().len(), TABLES.len());
    assert_eq!((live(&it).await, outside(&it).await), (shown, heard), "nothing has moved");

    // People go on, and what they say is in what goes live.
    said(&it, 2).await;
    let (shown, heard) = (live(&it).await, outside(&it).await);
    let (_, status) = replay(&it, &["--status"]).await;
    let next = status.as_array().unwrap().iter().find(|it| it["generation"] == "next").unwrap();
    assert!(next["place"].as_u64() < next["last"].as_u64(), "{next}");
    let (done, swapped) = replay(&it, &["--swap", "--yes"]).await;
    assert!(done, "{swapped:#}");
    assert_eq!(swapped["swapped"], true);
    assert_eq!((live(&it).await, outside(&it).await), (shown, heard));

    // The services that were there before write and read what is live now.
    said(&it, 2).await;
    assert_eq!(replay(&it, &["--roll-back", "--yes"]).await.1["rolled_back"], true);
    said(&it, 1).await;
    let (done, again) = replay(&it, &["--yes"]).await;
    assert!(done, "what was put back had gone on: {again:#}");
    let (_, dropped) = replay(&it, &["--drop", "--yes"]).await;
    assert_eq!(dropped["dropped"], serde_json::json!(["next", "previous"]));
    let failed = it.output(&["replay", "projections", "--roll-back", "--yes"]).await.unwrap();
    let why = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(!failed.status.success() && why.contains("there is nothing to go back to"), "{why}");
}

#[tokio::test]
async fn killed_in_the_middle_a_rebuild_goes_on_where_it_was() {
    let it = running_both().await.unwrap();
    said(&it, 3).await;
    let heard = outside(&it).await;
    let mut command = it.command(&["replay", "projections", "--yes", "--rate", "2"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Each of the two workers has written something.
    let begun = || async { anyhow::Ok(places(&it).await.iter().any(|place| 4 <= *place)) };
    until(PATIENCE, "the rebuild goes on", begun).await.unwrap();
    child.kill().await.unwrap();
    let stands = places(&it).await;
    assert_eq!(stands.len(), 4, "two workers for each stream");
    assert!(stands.iter().any(|place| *place < i64::try_from(heard.0).unwrap()), "{stands:?}");

    // The server may take a moment to see that whoever held the lock is gone.
    let finished = || async {
        let again = it.output(&["replay", "projections", "--yes", "--json"]).await?;
        if !again.status.success() {
            let said = String::from_utf8_lossy(&again.stderr).into_owned();
            anyhow::ensure!(said.contains("another `konstruct replay` is at work"), "{said}");
            return Ok(false);
        }
        let built: Value = serde_json::from_slice(&again.stdout)?;
        anyhow::ensure!(built["is_equal"] == true, "{built:#}");
        anyhow::ensure!(
            built["events"].as_u64() < Some(heard.0 + heard.1),
            "it began anew: {built:#}"
        );
        anyhow::Ok(true)
    };
    until(PATIENCE, "the same command goes on", finished).await.unwrap();
    assert_eq!(outside(&it).await, heard);

    let other = it.output(&["replay", "projections", "--yes", "--workers", "5"]).await.unwrap();
    let why = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(why.contains("with 2 workers is under way"), "{why}");
}

/// What an erasure does first, just as the rebuild writes: it reads on from where it stood.
#[tokio::test]
async fn an_erasure_in_between_does_not_end_a_rebuild() {
    let it = running_both().await.unwrap();
    said(&it, 2).await;
    let wish = Wish {
        readers: ["project-events", "project-directory"].map(str::to_owned).to_vec(),
        models: TABLES.map(str::to_owned).to_vec(),
        workers: 2,
    };
    let mut owner = Generations::open(&Settings::new(it.database.owner_url())).await.unwrap();
    owner.begin(&wish, "test").await.unwrap();
    drop(owner);
    let admin = raw(&it.database.superuser_url()).await.unwrap();
    let fence = "
        begin;
        update checkpoint set generation = generation + 1 where name like 'next/%'";
    admin.batch_execute(fence).await.unwrap();
    let mut command = it.command(&["replay", "projections", "--yes", "--json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let waits = || async {
        let sql = "
            select exists (select from pg_locks
                where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))";
        anyhow::Ok(admin.query_one(sql, &[]).await?.try_get::<_, bool>(0)?)
    };
    until(PATIENCE, "the rebuild writes", waits).await.unwrap();
    admin.batch_execute("commit").await.unwrap();
    let built = child.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    assert!(built.status.success(), "{said}");
    let built: Value = serde_json::from_slice(&built.stdout).unwrap();
    assert_eq!(built["is_equal"], true, "{built:#}");
}

#[tokio::test]
async fn a_live_row_that_is_wrong_is_named_and_only_swapped_away_on_purpose() {
    let it = running_both().await.unwrap();
    said(&it, 2).await;
    let right = live(&it).await;
    let admin = raw(&it.database.superuser_url()).await.unwrap();
    let tamper = "update p_usage set answered = answered + 7 where tenant_id = 'beta'";
    assert_eq!(admin.execute(tamper, &[]).await.unwrap(), 1);
    let wrong = live(&it).await;

    let (done, built) = replay(&it, &["--yes", "--only", "usage"]).await;
    assert!(!done);
    let differences = &built["models"][0]["differences"];
    assert_eq!(differences.as_array().map(Vec::len), Some(1), "{built:#}");
    assert_eq!(differences[0]["model"], "p_usage");
    assert_eq!(differences[0]["tenant"], "beta");
    let (done, refused) = replay(&it, &["--swap", "--yes"]).await;
    assert!(!done && refused["swapped"] == false, "{refused:#}");
    assert_eq!(live(&it).await, wrong);

    let (done, swapped) = replay(&it, &["--swap", "--accept-differences", "--yes"]).await;
    assert!(done, "{swapped:#}");
    assert_eq!(live(&it).await, right);
    let sql = "select count(*) from platform_audit where purpose = 'rebuild-accept-differences'";
    assert_eq!(admin.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 1);
}

/// One more projector, to whom all that is on the log is older than what goes into the base.
async fn base_follows(it: &Installation) -> u64 {
    let later = Clock::system().now().plus(projector::BASE_AGE + Duration::from_hours(1));
    let stop = CancellationToken::new();
    let bus = Bus::connect(&it.nats.url(), "test").await.unwrap();
    let context = Context { bus, clock: Clock::new(move || later), stop: stop.clone() };
    let projector = tokio::spawn(projector::run(context, it.database.database().await.unwrap()));
    let last = Log::open(it, "EVENTS").await.unwrap().stored().await.unwrap();
    let admin = raw(&it.database.superuser_url()).await.unwrap();
    let sql = "select seq from checkpoint where name = 'base/project-events/0'";
    let want = i64::try_from(last).unwrap();
    let there =
        || async { anyhow::Ok(admin.query_one(sql, &[]).await?.try_get::<_, i64>(0)? == want) };
    until(PATIENCE, "the base follows", there).await.unwrap();
    stop.cancel();
    projector.await.unwrap().unwrap();
    last
}

/// The log forgets what was before `first`.
async fn forget(it: &Installation, first: u64) {
    let client = async_nats::connect(it.nats.url()).await.unwrap();
    let stream = jetstream::new(client).get_stream("EVENTS").await.unwrap();
    stream.purge().sequence(first).await.unwrap();
}

#[tokio::test]
async fn what_has_left_the_log_is_rebuilt_from_the_base_and_a_gap_is_told() {
    let it = running_both().await.unwrap();
    said(&it, 3).await;
    let base = base_follows(&it).await;
    said(&it, 2).await;
    forget(&it, base + 1).await;
    let heard = outside(&it).await;
    let (done, built) = replay(&it, &["--yes"]).await;
    assert!(done, "{built:#}");
    assert_eq!(built["events"], heard.0 - base + heard.1, "the rest was in the base");
    assert_eq!(replay(&it, &["--swap", "--yes"]).await.1["swapped"], true);
    assert_eq!(replay(&it, &["--drop", "--yes"]).await.1["dropped"][0], "previous");

    // The projector was away for too long.
    forget(&it, base + 3).await;
    let failed = it.output(&["replay", "projections", "--yes"]).await.unwrap();
    let why = String::from_utf8_lossy(&failed.stderr).into_owned();
    let gap = format!("EVENTS begins at {}, and what was read before ends at {base}", base + 3);
    assert!(!failed.status.success() && why.contains(&gap), "{why}");
    let (_, status) = replay(&it, &["--status"]).await;
    let shown = status.as_array().unwrap().iter().find(|it| it["generation"] == "base").unwrap();
    assert_eq!(shown["is_whole"], false);
    assert_eq!(replay(&it, &["--new-base", "--yes"]).await.1["base"], heard.0);
    said(&it, 1).await;
    let (done, built) = replay(&it, &["--yes"]).await;
    assert!(done, "{built:#}");
}

/// The log begins later without a tenant's messages, and misses nobody's; sums of all tenants had theirs.
#[tokio::test]
async fn after_an_erasure_a_rebuild_is_whole_and_has_nothing_of_the_tenant() {
    let it = running_both().await.unwrap();
    said(&it, 4).await;
    let (done, built) = replay(&it, &["--yes"]).await;
    assert!(done, "{built:#}");
    it.ok(&ERASE).await.unwrap();
    let (_, status) = replay(&it, &["--status"]).await;
    let mut generations = status.as_array().unwrap().iter();
    assert!(generations.all(|it| it["is_whole"] != false), "{status:#}");
    let (done, built) = replay(&it, &["--yes"]).await;
    assert!(done, "what was begun before goes on: {built:#}");
    assert_eq!(replay(&it, &["--drop", "--yes"]).await.1["dropped"][0], "next");

    let (done, built) = replay(&it, &["--yes"]).await;
    let models = built["models"].as_array().unwrap().iter();
    let apart: Vec<_> =
        models.filter(|it| it["live"] != it["next"]).map(|it| &it["model"]).collect();
    assert!(!done);
    assert_eq!(apart, ["p_day"], "{built:#}");
    let (done, swapped) = replay(&it, &["--swap", "--accept-differences", "--yes"]).await;
    assert!(done, "{swapped:#}");
    let left = rows(&it.database, "acme").await;
    assert!(left.iter().all(|row| is_tombstone(row)), "{left:?}");
}
