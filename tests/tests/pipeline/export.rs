//! A tenant is exported, and made again in another installation.

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Stdio};

use konstruct_tests::{
    fake_slack::{Gateway, Team},
    installation::{Installation, SIGNING_SECRET, acme},
    postgres::raw,
    wait::until,
};
use serde_json::{Value, json};
use store::alone::Alone;

use crate::{BOT, Log, PATIENCE, ask, mention, reply_to, running_both, see::refused, trace};

/// Tenants `acme` and `beta`; with `acme` there is a thread of two questions and two answers.
async fn furnished() -> Installation {
    let it = running_both().await.unwrap();
    let root = mention(&it, "T0ACME", "is the parcel blue?").unwrap();
    ask(&it, &root).await.unwrap();
    ask(&it, &reply_to(&it, &root, "and the ribbon?").unwrap()).await.unwrap();
    ask(&it, &mention(&it, "T0BETA", "what of the harvest?").unwrap()).await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 3).await.unwrap();
    for story in log.stories("message.accepted") {
        trace(&it, story, "reply.delivered").await.unwrap();
    }
    it
}

/// Exports `tenant` there; every line of it.
async fn exported(it: &Installation, tenant: &str, file: &Path) -> Vec<Value> {
    let out = file.to_str().unwrap();
    let said = it.ok(&["tenant", "export", "--tenant", tenant, "--out", out]).await.unwrap();
    let want = format!("`{tenant}` is exported to {out}, in the clear\nsha256 ");
    assert!(said.contains(&want), "{said}");
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every row, without what says where the log stood.
fn rows(lines: &[Value]) -> Vec<String> {
    let rows = lines.iter().filter(|line| line["line"] == "row");
    let shown = rows.map(|line| {
        let mut row = line["row"].as_object().unwrap().clone();
        row.remove("last_seq");
        format!("{} {}", line["table"], Value::Object(row))
    });
    shown.collect()
}

/// What the directory says: kind, time and data of each event that is about no connection.
fn entries(lines: &[Value]) -> Vec<Value> {
    let of = |line: &Value| {
        let event = &line["event"];
        let kind = event["type"].as_str()?;
        let is_one = line["stream"] == "DIRECTORY" && !kind.contains("connection");
        is_one.then(|| json!([kind, event["time"], event["data"]]))
    };
    lines.iter().filter_map(of).collect()
}

fn words(lines: &[Value]) -> Vec<&str> {
    let turns = lines.iter().filter(|line| line["table"] == "turn");
    turns.filter_map(|line| line["row"]["text"]["plain"].as_str()).collect()
}

/// How many events were ever stored on each stream.
async fn stored(it: &Installation) -> (u64, u64) {
    let mut directory = Log::open(it, "DIRECTORY").await.unwrap();
    let mut events = Log::open(it, "EVENTS").await.unwrap();
    (directory.stored().await.unwrap(), events.stored().await.unwrap())
}

/// What a query with one number says there.
pub(crate) async fn number(it: &Installation, sql: &str) -> i64 {
    raw(&it.database.superuser_url()).await.unwrap().query_one(sql, &[]).await.unwrap().get(0)
}

async fn import(it: &Installation, file: &Path, more: &[&str]) -> String {
    let file = file.to_str().unwrap();
    let args = [&["tenant", "import", "--from", file, "--yes"][..], more].concat();
    it.ok(&args).await.unwrap()
}

/// No word of another tenant, no secret, and nothing that only this installation could open.
fn nothing_else(text: &str) {
    for other in ["harvest", "xoxb-", "T0BETA", "\"sealed\""] {
        assert!(!text.contains(other), "{other}");
    }
}

/// A rebuild has all of it too; beside it, and beside what was live before, nobody else is imported.
async fn refused_beside_generations(to: &Installation, out: &str) {
    let rebuilt = to.ok(&["replay", "projections", "--yes", "--json"]).await.unwrap();
    let rebuilt: Value = serde_json::from_str(&rebuilt).unwrap();
    assert_eq!(rebuilt["is_equal"], true, "{rebuilt:#}");
    let (_, why) = refused(to, &["tenant", "import", "--from", out, "--as", "two"]).await;
    assert!(why.contains("there is a next generation of the read models"), "{why}");
    to.ok(&["replay", "projections", "--swap", "--yes"]).await.unwrap();
    let (_, why) = refused(to, &["tenant", "import", "--from", out, "--as", "two"]).await;
    assert!(why.contains("what was live before the last swap is still there"), "{why}");
    to.ok(&["replay", "projections", "--drop", "--yes"]).await.unwrap();
}

#[tokio::test]
async fn a_tenant_is_the_same_in_another_installation_and_nobody_outside_hears_of_it() {
    let (from, dir) = (furnished().await, tempfile::tempdir().unwrap());
    let file = dir.path().join("acme.jsonl");
    let dry = ["tenant", "export", "--tenant", "acme", "--dry-run"];
    let said = from.ok(&dry).await.unwrap();
    assert!(said.contains("turn") && said.ends_with("nothing was written (dry run)\n"), "{said}");
    assert!(!file.exists());
    // What a killed run left is begun anew.
    std::fs::write(dir.path().join("acme.jsonl.part"), "{\"line\":").unwrap();
    let there = exported(&from, "acme", &file).await;
    assert!(!dir.path().join("acme.jsonl.part").exists());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    assert_eq!(there[0]["format"], "konstruct.tenant.export");
    assert_eq!(there[0]["tenant"], "acme");
    let said = words(&there);
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said.iter().any(|words| words.contains("is the parcel blue?")), "{said:?}");
    nothing_else(&std::fs::read_to_string(&file).unwrap());
    let noted = "select count(*) from operator_log where action = 'conversations.read' \
                 and tenant = 'acme' and detail->>'export' like '%acme.jsonl'";
    assert_eq!(number(&from, noted).await, 1);
    let out = file.to_str().unwrap();
    let verified = from.ok(&["tenant", "export", "verify", out]).await.unwrap();
    assert!(verified.contains("the export of `acme`, "), "{verified}");
    let again = ["tenant", "export", "--tenant", "acme", "--out", out];
    let (_, why) = refused(&from, &again).await;
    assert_eq!(why, format!("error: {out} is there already; nothing was written\n"));

    let mut to = Installation::prepare().await.unwrap();
    to.run("all").await.unwrap();
    let heard = (to.slack.see(|world| world.calls().count()), to.llm.requests().len());
    let dry = to.ok(&["tenant", "import", "--from", out, "--dry-run"]).await.unwrap();
    assert!(dry.contains("`acme` is not imported (dry run)"), "{dry}");
    let (_, why) = refused(&to, &["tenant", "import", "--from", out]).await;
    assert!(why.contains("nobody is there to ask; say `--yes`"), "{why}");
    assert_eq!(stored(&to).await, (0, 0), "nothing was changed");

    let said = import(&to, &file, &["--by", "olga"]).await;
    assert!(said.starts_with("`acme` is imported: "), "{said}");
    assert!(said.contains("slack-T0ACME") && said.contains("to be connected again"), "{said}");
    let shown = "select count(*) from p_agent where tenant_id = 'acme' and version = 1";
    let projected = || async { Ok(number(&to, shown).await == 1) };
    until(PATIENCE, "the services know its agent", projected).await.unwrap();
    let noted = "select count(*) from operator_log where action = 'tenant.imported' \
                 and tenant = 'acme' and detail->>'by' = 'olga'";
    assert_eq!(number(&to, noted).await, 1);

    let here = exported(&to, "acme", &dir.path().join("here.jsonl")).await;
    assert_eq!(rows(&here), rows(&there), "threads, messages, memory, usage");
    assert_eq!(entries(&here)[1..], entries(&there), "the tenant, its agents and their versions");
    let agents = ["agent", "list", "--tenant", "acme", "--json"];
    assert_eq!(to.ok(&agents).await.unwrap(), from.ok(&agents).await.unwrap());
    let sealed = "select count(*) from turn where tenant_id = 'acme' and text ? 'sealed'";
    assert_eq!(number(&to, sealed).await, 4, "with the key that it has here");
    assert_eq!(stored(&to).await.1, 0, "nothing is on EVENTS");
    let now = (to.slack.see(|world| world.calls().count()), to.llm.requests().len());
    assert_eq!(now, heard, "nobody was called");

    // A second run has nothing to do.
    let before = stored(&to).await;
    let said = import(&to, &file, &[]).await;
    assert!(said.starts_with("`acme` was imported before; there was nothing to do"), "{said}");
    assert_eq!(stored(&to).await, before);
    refused_beside_generations(&to, out).await;

    // Once its workspace is connected, its agents answer.
    to.kill("all").await.unwrap();
    to.apply(&acme()).await.unwrap();
    to.run("all").await.unwrap();
    to.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
    to.slack.link(Gateway::new(&to.gateway(), SIGNING_SECRET), true);
    ask(&to, &mention(&to, "T0ACME", "are you there?").unwrap()).await.unwrap();
}

#[tokio::test]
async fn under_another_slug_it_is_another_tenant_and_a_slug_that_is_taken_is_refused() {
    let (it, dir) = (furnished().await, tempfile::tempdir().unwrap());
    let file = dir.path().join("acme.jsonl");
    let there = exported(&it, "acme", &file).await;
    let out = file.to_str().unwrap();
    let start = ["tenant", "import", "--from", out, "--yes"];
    let as_it_was: [&str; 0] = [];
    for (slug, more) in [("acme", &as_it_was[..]), ("beta", &["--as", "beta"][..])] {
        let (_, why) = refused(&it, &[&start[..], more].concat()).await;
        let want = format!(
            "error: there is, or was, a tenant `{slug}` here: say `--as` and another slug\n"
        );
        assert_eq!(why, want);
    }
    import(&it, &file, &["--as", "acme-two"]).await;
    let here = exported(&it, "acme-two", &dir.path().join("two.jsonl")).await;
    assert_eq!(words(&here), words(&there));
    let of = |lines: &[Value]| lines.iter().filter(|line| line["line"] == "row").count();
    assert_eq!(of(&here), of(&there));
    let tenants = it.ok(&["tenant", "list", "--json"]).await.unwrap();
    let tenants: Value = serde_json::from_str(&tenants).unwrap();
    let slugs: Vec<_> = tenants.as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(slugs, ["acme", "acme-two", "beta"]);
    // The first one has its workspace, and is answered.
    ask(&it, &mention(&it, "T0ACME", "still there?").unwrap()).await.unwrap();
}

/// Rows that are written while others are erased would be there after the receipt.
#[tokio::test]
async fn nothing_is_imported_while_something_of_its_slug_is_erased() {
    let (it, dir) = (furnished().await, tempfile::tempdir().unwrap());
    let file = dir.path().join("acme.jsonl");
    exported(&it, "acme", &file).await;
    let before = stored(&it).await;
    let db = it.database.database().await.unwrap();
    let erasing = Alone::take(&db, "erase/acme-two", "host/1").await.unwrap().unwrap();
    let args = ["tenant", "import", "--from", file.to_str().unwrap(), "--as", "acme-two", "--yes"];
    let (_, why) = refused(&it, &args).await;
    assert_eq!(
        why,
        "error: tenant `acme-two` is being imported or erased from: host/1 is at it just now; \
         nothing was done\n"
    );
    assert_eq!(stored(&it).await, before);
    drop(erasing);
    import(&it, &file, &["--as", "acme-two"]).await;
}

/// Between taking the slug and the rows: somebody holds a table until it is dead.
#[tokio::test]
async fn one_that_is_killed_in_the_middle_is_done_by_the_next_run() {
    let (from, dir) = (furnished().await, tempfile::tempdir().unwrap());
    let file = dir.path().join("acme.jsonl");
    let there = exported(&from, "acme", &file).await;
    let to = Installation::prepare().await.unwrap();
    let mut client = raw(&to.database.superuser_url()).await.unwrap();
    let held = client.transaction().await.unwrap();
    held.batch_execute("lock table p_usage in exclusive mode").await.unwrap();
    let args = ["tenant", "import", "--from", file.to_str().unwrap(), "--yes"];
    let mut importing = to.command(&args);
    let mut importing = importing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = || async { Ok(number(&to, "select count(*) from p_conversation").await == 1) };
    until(PATIENCE, "its threads are there", begun).await.unwrap();
    importing.kill().await.unwrap();
    held.rollback().await.unwrap();
    let shown = to.ok(&["tenant", "show", "--tenant", "acme", "--json"]).await.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["tenant"]["status"], "suspended", "half of one serves nobody");
    assert_eq!(shown["agents"], json!([]));

    let said = import(&to, &file, &[]).await;
    assert!(said.starts_with("`acme` is imported (an earlier run had begun): "), "{said}");
    let here = exported(&to, "acme", &dir.path().join("here.jsonl")).await;
    assert_eq!(rows(&here), rows(&there), "nothing is missing or there twice");
    assert_eq!(entries(&here)[1..], entries(&there));
    let shown = to.ok(&["tenant", "show", "--tenant", "acme", "--json"]).await.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["tenant"]["status"], "active");
}

#[tokio::test]
async fn a_file_that_is_not_whole_is_refused_and_changes_nothing() {
    let (it, dir) = (furnished().await, tempfile::tempdir().unwrap());
    let file = dir.path().join("acme.jsonl");
    exported(&it, "acme", &file).await;
    let whole = std::fs::read_to_string(&file).unwrap();
    let (first, rest) = whole.split_once('\n').unwrap();
    let bad = dir.path().join("bad.jsonl");
    let out = bad.to_str().unwrap();
    let before = stored(&it).await;
    let row = |table: &str, row: Value| json!({ "line": "row", "table": table, "row": row });
    let cases = [
        (whole.split_inclusive('\n').take(5).collect(), "it was cut off"),
        (whole.replace("is the parcel blue?", "is the parcel red?"), "it was damaged or changed"),
        (
            format!("{}\n{rest}", first.replace("\"version\":1", "\"version\":9")),
            "it has format version 9; this program reads version 1",
        ),
        (
            format!("{first}\n{}\n", row("secret", json!({}))),
            "line 2: a table that is not exported",
        ),
        (
            format!("{first}\n{}\n", row("turn", json!({ "message_id": "../x" }))),
            "line 2: an id in it is none",
        ),
        (String::new(), "it does not begin with the manifest of an export"),
    ];
    for (text, want) in cases {
        std::fs::write(&bad, text).unwrap();
        let args = ["tenant", "import", "--from", out, "--as", "x", "--yes"];
        let (_, why) = refused(&it, &args).await;
        assert!(why.starts_with(&format!("error: {out} cannot be used: ")), "{why}");
        assert!(why.contains(want), "{why}");
    }
    assert_eq!(stored(&it).await, before);
    let left = "select count(*) from turn where tenant_id = 'x'";
    assert_eq!(number(&it, left).await, 0);
}
