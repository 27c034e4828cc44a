//! An installation is lost, and a backup takes its place on new servers: what Slack saw is the witness.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use konstruct_tests::{
    fake_slack::Spoken,
    installation::{Installation, MASTER_KEY},
    nats_proxy::{NatsProxy, Point},
    nats_server::NatsServer,
    postgres::{TestDatabase, raw},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    ANSWER_WAIT, Load, SETTLED_WAIT, TEAMS, Tally, answered, ask, prepared, prepared_for_three,
    said, settled, until,
};

/// One person and the employee: Slack delivers each message once, so an answer has the same name wherever
/// it is given.
const DIRECT: &str = "D0PAT";

/// Where backups of a test are.
struct Shelf(TempDir);

impl Shelf {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}

/// Servers, data and processes are gone; Slack and the vendors are not.
async fn lose(it: &mut Installation) {
    it.kill("all").await.unwrap();
    it.nats.kill().await.unwrap();
    it.nats = NatsServer::start().await.unwrap();
    it.database = TestDatabase::create_bare().await.unwrap();
}

/// What a command says that must fail.
async fn refused(it: &Installation, args: &[&str]) -> String {
    let output = it.output(args).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{args:?} was done: {said}");
    said
}

/// The messages in doubt: their id, tenant and timestamp.
async fn in_doubt(it: &Installation) -> anyhow::Result<Vec<(String, String, String)>> {
    let client = raw(&it.database.superuser_url()).await?;
    let sql = "
        select message_id, tenant_id, reference->>'ts' from p_message
         where state = 'uncertain' order by 1";
    let rows = client.query(sql, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// How many answers stand in Slack; each repeats its question.
fn answers(it: &Installation, spoken: &Spoken) -> usize {
    let root = spoken.thread.as_deref().unwrap_or(&spoken.ts);
    let question = spoken.text.trim_start_matches("<@U0BOT> ");
    let replies = it.slack.replies(&spoken.team.id, &spoken.channel, root);
    replies.iter().filter(|reply| reply.text.contains(question)).count()
}

/// An operator looks at Slack and decides, until nothing is in doubt. Says how many were sent.
async fn decide(it: &Installation, said: &[Spoken]) -> usize {
    let by_ts: BTreeMap<_, _> = said.iter().map(|spoken| (spoken.ts.as_str(), spoken)).collect();
    let mut sent = 0;
    for (message, tenant, ts) in in_doubt(it).await.unwrap() {
        let is_there = 0 < answers(it, by_ts[ts.as_str()]);
        let verb = if is_there { "sent" } else { "again" };
        it.ok(&["reply", verb, &message, "--tenant", &tenant]).await.unwrap();
        sent += usize::from(!is_there);
    }
    let nobody = || async { Ok(in_doubt(it).await?.is_empty()) };
    until(SETTLED_WAIT, "nothing is in doubt", nobody).await.unwrap();
    sent
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the summary of the test")]
async fn what_a_backup_had_is_not_lost_and_nobody_is_answered_twice_after_it_is_restored() {
    let mut it = prepared_for_three().await.unwrap();
    it.run("all").await.unwrap();
    let shelf = Shelf::new();
    let mut load = Load::start_in(DIRECT, &it.slack.voice(), &TEAMS, (6, 5));
    load.taken(9).await.unwrap();
    let made = it.ok(&["backup", "--to", &shelf.text("b"), "--json"]).await.unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    let cut = &made["manifest"]["cut"]["streams"][0];
    assert_eq!(cut["stream"], "EVENTS");
    // What comes now is not in it: some of that is answered, some is in hand, some is not heard.
    load.taken(6).await.unwrap();
    lose(&mut it).await;

    let from = shelf.text("b");
    let restored = it.ok(&["restore", "--from", &from, "--yes", "--json"]).await.unwrap();
    let restored: Value = serde_json::from_str(&restored).unwrap();
    assert_eq!(restored["restored"], true, "{restored}");
    it.run("all").await.unwrap();
    let said = load.all().await.unwrap();
    // As Slack does while it has heard no 200; here for everything, whoever heard it.
    for event in said.iter().flat_map(Spoken::events) {
        assert!(it.slack.deliver(&event).await.unwrap().is_taken());
    }
    settled(&it, said.len()).await.unwrap();
    let sent = decide(&it, &said).await;
    println!("restore: messages={} sent by an operator={sent}", said.len());

    let tally = Tally::of(&it, &said).await.unwrap();
    tally.hold("restore", 1).unwrap();
    assert_eq!((tally.messages, tally.uncertain, tally.apologies), (30, 0, 0));
    let doctor = it.output(&["doctor"]).await.unwrap();
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.status.success() && found.contains("ok    database restore: of "), "{found}");
    let built = it.ok(&["replay", "projections", "--yes", "--json"]).await.unwrap();
    let built: Value = serde_json::from_str(&built).unwrap();
    assert_eq!(built["is_equal"], true, "{built:#}");
    assert_eq!(it.ok(&["setup"]).await.unwrap(), "nothing to change\n");
}

/// What was answered comes once more and stays answered once; what is written after the restore is answered
/// as ever, and the model is asked for it alone.
async fn goes_on(it: &Installation, before: &Spoken, asked: usize) {
    for event in before.events() {
        assert!(it.slack.deliver(&event).await.unwrap().is_taken());
    }
    let after = ask(it, "after").await.unwrap();
    answered(it, &after, "after").await.unwrap();
    settled(it, 2).await.unwrap();
    assert_eq!(answers(it, before), 1);
    assert_eq!(it.llm.requests().len(), asked + 1, "the model is asked for the new one alone");
}

#[tokio::test]
async fn an_answer_that_the_backup_had_is_not_given_again_and_the_thread_goes_on() {
    let mut it = prepared().await.unwrap();
    it.run("all").await.unwrap();
    let before = ask(&it, "before").await.unwrap();
    answered(&it, &before, "before").await.unwrap();
    settled(&it, 1).await.unwrap();
    let shelf = Shelf::new();
    it.ok(&["backup", "--to", &shelf.text("b")]).await.unwrap();
    lose(&mut it).await;
    let asked = it.llm.requests().len();

    it.ok(&["restore", "--from", &shelf.text("b"), "--yes"]).await.unwrap();
    it.run("all").await.unwrap();
    goes_on(&it, &before, asked).await;
}

#[tokio::test]
async fn whom_a_receipt_names_does_not_come_back() {
    let mut it = prepared_for_three().await.unwrap();
    it.run("all").await.unwrap();
    let shelf = Shelf::new();
    it.ok(&["backup", "--to", &shelf.text("b")]).await.unwrap();
    let receipt = shelf.text("receipt.json");
    let erase = ["tenant", "erase", "--tenant", "acme", "--yes", "acme", "--settle", "0"];
    it.ok(&[&erase[..], &["--receipt", receipt.as_str()]].concat()).await.unwrap();
    lose(&mut it).await;

    let from = shelf.text("b");
    let said = it.ok(&["restore", "--from", &from, "--yes", "--erased", &receipt]).await.unwrap();
    assert!(said.contains("tenant `acme` is erased again"), "{said}");
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let sql = "
        select (select count(*) from secret where tenant_id = 'acme'),
               (select count(*) from secret where tenant_id = 'beta'),
               (select wrapped is null from tenant_key where tenant_id = 'acme')";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 1));
    assert!(row.get::<_, bool>(2), "its key is a tombstone");
    let kept = ["tenant", "receipt", "show", "--tenant", "acme"];
    assert_eq!(it.ok(&kept).await.unwrap(), std::fs::read_to_string(&receipt).unwrap());
    it.run("all").await.unwrap();
    let shown = it.ok(&["tenant", "show", "--tenant", "acme", "--json"]).await.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["tenant"]["status"], "deleted");
}

/// What a restore asks NATS for when it dies, and whether consumers stand by then.
const KILLED_AT: [(&str, bool); 4] = [
    ("STREAM.RESTORE.EVENTS", false), // nothing is there but the mark
    ("STREAM.RESTORE.KV_engagements", false), // the log is there, and the database is empty
    ("STREAM.UPDATE.EVENTS", false),  // the database is there too, and nobody is erased again
    ("STREAM.DELETE.RESTORING", true), // all is there, and the mark
];

/// A restore dies when it is about to ask for that.
async fn killed_at(it: &Installation, what: &'static str, restore: &[&str]) {
    let line = NatsProxy::start(&it.nats.url()).await.unwrap();
    line.hold(Point::Asked { what });
    let mut restore = it.command(restore);
    restore.env("KONSTRUCT_NATS_URL", line.url());
    let mut restore = restore.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    line.met(1, ANSWER_WAIT).await.unwrap();
    restore.kill().await.unwrap();
}

/// Whoever would start or write is told of the restore from there, and does nothing.
async fn nothing_passes(it: &Installation, from: &str, restore: &[&str]) {
    let begin = format!("a restore of {from} was begun at ");
    let end = " by ann and has not ended; if it does not go on any more, begin it again with a new \
               NATS and a new database\n";
    let other = format!("{from}2");
    let all: [&[&str]; 10] = [
        &["migrate"],
        &["setup"],
        &["all"],
        &["gateway"],
        &["tenant", "list"],
        &["deadletters", "ls"],
        &["operator", "set-up-link"],
        &["rotate-master-key"],
        &["backup", "--to", &other],
        restore,
    ];
    for args in all {
        let said = tokio::time::timeout(ANSWER_WAIT, refused(it, args)).await;
        let said = said.unwrap_or_else(|_| panic!("{args:?} goes on"));
        assert!(said.contains(&begin) && said.ends_with(end), "{args:?}: {said}");
    }
    let doctor = it.output(&["doctor"]).await.unwrap();
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(found.contains(&format!("WRONG NATS restore: {begin}")), "{found}");
    assert!(!doctor.status.success() && !found.contains("topology"), "{found}");
}

/// How many consumers there are, of whichever stream.
async fn consumers(it: &Installation) -> usize {
    let jetstream = async_nats::jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    let mut consumers = 0;
    for row in nats::STREAMS {
        if let Ok(found) = jetstream.get_stream(row.name).await {
            consumers += found.cached_info().state.consumer_count;
        }
    }
    consumers
}

#[tokio::test]
async fn beside_a_restore_that_was_killed_nothing_starts_and_nobody_is_answered_twice() {
    let mut it = prepared_for_three().await.unwrap();
    it.run("all").await.unwrap();
    let before = ask(&it, "before").await.unwrap();
    answered(&it, &before, "before").await.unwrap();
    settled(&it, 1).await.unwrap();
    let shelf = Shelf::new();
    let (from, receipt) = (shelf.text("b"), shelf.text("receipt.json"));
    it.ok(&["backup", "--to", &from]).await.unwrap();
    let erase = ["tenant", "erase", "--tenant", "beta", "--yes", "beta", "--settle", "0"];
    it.ok(&[&erase[..], &["--receipt", receipt.as_str()]].concat()).await.unwrap();
    let asked = it.llm.requests().len();

    let restore: [&str; 8] =
        ["restore", "--from", &from, "--yes", "--erased", &receipt, "--by", "ann"];
    for (what, stand) in KILLED_AT {
        lose(&mut it).await;
        killed_at(&it, what, &restore).await;
        nothing_passes(&it, &from, &restore).await;
        assert_eq!(0 < consumers(&it).await, stand, "{what}");
    }
    lose(&mut it).await;
    it.ok(&restore).await.unwrap();
    assert_eq!(it.ok(&["setup"]).await.unwrap(), "nothing to change\n");
    assert_eq!(it.ok(&["migrate"]).await.unwrap(), "nothing to migrate\n");
    it.run("all").await.unwrap();
    goes_on(&it, &before, asked).await;
    let shown = it.ok(&["tenant", "show", "--tenant", "beta", "--json"]).await.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["tenant"]["status"], "deleted");
}

/// In the middle of the tables: somebody holds one until it is dead.
#[tokio::test]
async fn a_backup_that_is_killed_has_no_name_and_the_next_run_makes_it_whole() {
    let it = prepared().await.unwrap();
    let shelf = Shelf::new();
    let (to, part) = (shelf.text("b"), shelf.path("b.part"));
    let mut client = raw(&it.database.superuser_url()).await.unwrap();
    let held = client.transaction().await.unwrap();
    held.batch_execute("lock table turn in access exclusive mode").await.unwrap();
    let mut backup = it.command(&["backup", "--to", &to]);
    let mut backup = backup.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let there = || async { Ok(part.join("tables/public.turn.rows").exists()) };
    until(ANSWER_WAIT, "it waits for the table", there).await.unwrap();
    let other = refused(&it, &["backup", "--to", &to]).await;
    assert!(other.starts_with("error: somebody writes "), "{other}");
    backup.kill().await.unwrap();
    held.rollback().await.unwrap();
    assert!(!shelf.path("b").exists() && part.exists());
    let half = refused(&it, &["restore", "--from", part.to_str().unwrap(), "--yes"]).await;
    assert!(half.contains("is no whole backup"), "{half}");

    it.ok(&["backup", "--to", &to]).await.unwrap();
    assert!(!part.exists());
    let sound = it.ok(&["backup", "verify", &to]).await.unwrap();
    assert!(sound.contains("files, ") && sound.contains("are as konstruct "), "{sound}");
    only_its_owner_reads(&shelf.path("b"));
}

/// Nor is the master key in any file.
fn only_its_owner_reads(dir: &Path) {
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir), 0o700);
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            only_its_owner_reads(&path);
            continue;
        }
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains(MASTER_KEY), "{}", path.display());
    }
}

#[tokio::test]
async fn rows_that_do_not_fit_are_found_before_anything_is_in_the_way_of_another_try() {
    let mut it = prepared().await.unwrap();
    let shelf = Shelf::new();
    let to = shelf.text("b");
    it.ok(&["backup", "--to", &to]).await.unwrap();
    lose(&mut it).await;
    it.database = TestDatabase::create().await.unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    client.batch_execute("alter table reply add column of_others int").await.unwrap();
    let why = refused(&it, &["restore", "--from", &to, "--yes"]).await;
    assert!(why.contains("public.reply has other columns here"), "{why}");
    client.batch_execute("alter table reply drop column of_others").await.unwrap();
    it.ok(&["restore", "--from", &to, "--yes"]).await.unwrap();
}

#[tokio::test]
async fn nothing_is_put_on_top_of_what_is_there_and_a_byte_that_was_changed_is_found() {
    let mut it = prepared().await.unwrap();
    let shelf = Shelf::new();
    let to = shelf.text("b");
    it.ok(&["backup", "--to", &to]).await.unwrap();
    let again = refused(&it, &["backup", "--to", &to]).await;
    assert_eq!(again, format!("error: {to} is there already\n"));
    let manifest = shelf.text("b/manifest.json");
    let no_receipt = refused(&it, &["tenant", "receipt", "verify", &manifest]).await;
    let want = format!("error: {manifest}: it is signed, and no receipt of an erasure\n");
    assert_eq!(no_receipt, want);

    let full = refused(&it, &["restore", "--from", &to, "--yes"]).await;
    assert!(full.starts_with("error: NATS is not empty: DIRECTORY ("), "{full}");
    assert!(full.ends_with("restore into a new one\n"), "{full}");
    it.nats.kill().await.unwrap();
    it.nats = NatsServer::start().await.unwrap();
    let full = refused(&it, &["restore", "--from", &to, "--yes"]).await;
    assert!(full.starts_with("error: the database is not empty: "), "{full}");
    assert!(full.contains("secret (1)"), "{full}");
    lose(&mut it).await;

    let early = refused(&it, &["restore", "--from", &to, "--yes", "--lost-at", "900d"]).await;
    assert!(early.contains("is not between the backup of "), "{early}");
    let dry = it.ok(&["restore", "--from", &to, "--dry-run"]).await.unwrap();
    assert!(dry.ends_with("nothing was restored (dry run)\n"), "{dry}");
    let unsure = refused(&it, &["restore", "--from", &to]).await;
    assert!(unsure.contains("nobody is there to ask; say `--yes`"), "{unsure}");

    let file = shelf.path("b/tables/public.secret.rows");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[7] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let want = "is not as it was written: tables/public.secret.rows was changed\n";
    let verified = refused(&it, &["backup", "verify", &to]).await;
    assert!(verified.ends_with(want), "{verified}");
    let restored = refused(&it, &["restore", "--from", &to, "--yes"]).await;
    assert!(restored.ends_with(want), "{restored}");
    // Nothing of it was restored: a sound one would be.
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let sql = "select to_regclass('public.secret') is null";
    assert!(client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0), "{}", said(&it));
}
