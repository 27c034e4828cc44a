//! A tenant is erased: from the streams, the bucket, every table, and for good.

use std::process::Stdio;

use async_nats::jetstream;
use futures::TryStreamExt as _;
use konstruct_tests::{
    installation::Installation,
    postgres::{TestDatabase, raw},
};
use serde_json::{Value, json};
use store::{Purpose, check::walls, projections};

use crate::{Log, PATIENCE, ask, mention, running_both, trace, until};

/// Nothing is under way in these tests.
pub(crate) const ERASE: [&str; 8] =
    ["tenant", "erase", "--tenant", "acme", "--yes", "acme", "--settle", "0"];

/// Tenants `acme` and `beta`, each with a story that the read models have.
async fn furnished() -> Installation {
    let it = running_both().await.unwrap();
    for workspace in ["T0ACME", "T0BETA"] {
        ask(&it, &mention(&it, workspace, "hello").unwrap()).await.unwrap();
    }
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 2).await.unwrap();
    for story in log.stories("message.accepted") {
        trace(&it, story, "reply.delivered").await.unwrap();
    }
    it
}

/// How many messages a stream has on the subjects that a filter finds.
pub(crate) async fn on(it: &Installation, stream: &str, filter: &str) -> usize {
    let jetstream = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    let stream = jetstream.get_stream(stream).await.unwrap();
    let subjects = stream.info_with_subjects(filter).await.unwrap();
    let subjects: Vec<_> = subjects.try_collect().await.unwrap();
    subjects.into_iter().map(|(_, count): (String, usize)| count).sum()
}

/// Publishes what nobody can read.
pub(crate) async fn unread(it: &Installation, subject: &'static str, payload: String) {
    let jetstream = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    jetstream.publish(subject, payload.into()).await.unwrap().await.unwrap();
}

/// The tables that have rows of a tenant, with how many; those of other generations with their schema.
pub(crate) async fn rows(database: &TestDatabase, tenant: &str) -> Vec<String> {
    let client = raw(&database.superuser_url()).await.unwrap();
    let mut found = Vec::new();
    for table in walls::tenant_tables(&client).await.unwrap() {
        let sql = format!("select count(*) from {table} where tenant_id = $1");
        let count: i64 = client.query_one(&sql, &[&tenant]).await.unwrap().get(0);
        if 0 < count {
            found.push(format!("{table} {count}"));
        }
    }
    found
}

/// What may be left: the key's tombstone, and what derives from that of the tenant and from the last
/// word on its workspace, in any generation.
pub(crate) fn is_tombstone(row: &str) -> bool {
    let row = row.rsplit('.').next().unwrap_or(row);
    let left = ["tenant_key 1", "p_tenant 1", "p_change 1", "p_change 2", "p_event 1", "p_event 2"];
    left.contains(&row)
}

/// Secrets, turns and messages of the other tenant, which nothing adds to meanwhile.
async fn of_beta(it: &Installation) -> Vec<i64> {
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let mut counts = Vec::new();
    for table in ["secret", "turn", "p_message"] {
        let sql = format!("select count(*) from {table} where tenant_id = 'beta'");
        counts.push(client.query_one(&sql, &[]).await.unwrap().get(0));
    }
    counts
}

/// `before` and `after` of a store in a receipt.
fn line(signed: &Value, store: &str) -> (u64, u64) {
    let stores = signed["receipt"]["stores"].as_array().unwrap();
    let line = stores.iter().find(|line| line["store"] == store).unwrap();
    (line["before"].as_u64().unwrap(), line["after"].as_u64().unwrap())
}

/// What was erased stands in it, and nobody may change a word of it.
async fn the_receipt_holds(it: &Installation, receipt: &str) {
    let signed: Value = serde_json::from_slice(&std::fs::read(receipt).unwrap()).unwrap();
    assert_eq!(signed["receipt"]["tenant"], "acme");
    assert_eq!(signed["receipt"]["asked_by"], "olga@example.com");
    assert_eq!(signed["receipt"]["resumed"], false);
    assert_eq!(line(&signed, "tenant_key"), (1, 0));
    for store in ["EVENTS", "DIRECTORY", "engagements", "turn", "secret", "p_message"] {
        let (before, after) = line(&signed, store);
        assert!(0 < before && after == 0, "{store}: {before}, then {after}");
    }
    let verified = it.ok(&["tenant", "receipt", "verify", receipt]).await.unwrap();
    assert!(verified.starts_with("the receipt of `acme`, "), "{verified}");

    // Whoever lost the file has it again, and whoever is shown one has the key from us.
    let copy = format!("{receipt}.copy");
    let shown = ["tenant", "receipt", "show", "--tenant", "acme"];
    let printed = it.ok(&[&shown[..], &["--receipt", &copy]].concat()).await.unwrap();
    let written = std::fs::read_to_string(receipt).unwrap();
    assert_eq!((&printed, &std::fs::read_to_string(&copy).unwrap()), (&written, &written));
    let key = it.ok(&["tenant", "receipt", "key"]).await.unwrap();
    assert_eq!(Value::from(key), signed["signature"]["public_key"]);
    let none = it.output(&["tenant", "receipt", "again", "--tenant", "beta"]).await.unwrap();
    let said = String::from_utf8_lossy(&none.stderr);
    assert_eq!(said, "error: there is no receipt of `beta`: it was not erased here\n");
    let forged = std::fs::read_to_string(receipt).unwrap().replace("\"acme\"", "\"beta\"");
    std::fs::write(receipt, forged).unwrap();
    let refused = it.output(&["tenant", "receipt", "verify", receipt]).await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(said, "error: it was changed after it was signed\n");
}

/// The read models are made once more, of all that the log has.
async fn rebuild(it: &mut Installation) {
    it.kill("all").await.unwrap();
    let platform = it.database.platform().await.unwrap();
    let readers = [nats::PROJECT_EVENTS.name, nats::PROJECT_DIRECTORY.name];
    let mut tx = platform.begin(Purpose::Rebuild, "test").await.unwrap();
    projections::clear(&mut tx, &readers).await.unwrap();
    tx.commit().await.unwrap();
    it.run("projector").await.unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let sql = "select count(*) from p_message where tenant_id = 'beta' and state = 'delivered'";
    let rebuilt = || async { Ok(client.query_one(sql, &[]).await?.get::<_, i64>(0) == 2) };
    until(PATIENCE, "beta is there again", rebuilt).await.unwrap();
    let sql = "select count(*) from p_tenant where tenant_id = 'acme' and status = 'deleted'";
    let rebuilt = || async { Ok(client.query_one(sql, &[]).await?.get::<_, i64>(0) == 1) };
    until(PATIENCE, "and the tombstone", rebuilt).await.unwrap();
}

#[tokio::test]
async fn an_erased_tenant_is_gone_from_every_store_and_no_rebuild_brings_it_back() {
    let mut it = furnished().await;
    let theirs = (on(&it, "EVENTS", "events.*.beta.>").await, of_beta(&it).await);
    assert!(0 < on(&it, "KV_engagements", "$KV.engagements.acme.>").await);

    let dry = it.ok(&["tenant", "erase", "--tenant", "acme", "--dry-run"]).await.unwrap();
    assert!(dry.contains("EVENTS") && dry.ends_with("nothing was erased (dry run)\n"), "{dry}");
    let unsure = it.output(&["tenant", "erase", "--tenant", "acme", "--yes", "beta"]).await;
    let unsure = unsure.unwrap();
    assert!(!unsure.status.success());
    let said = String::from_utf8_lossy(&unsure.stderr);
    let want = "error: this cannot be undone: say `--yes acme` too; nothing was erased\n";
    assert_eq!(said, want);
    assert!(0 < on(&it, "EVENTS", "events.*.acme.>").await, "nothing was erased yet");

    let dir = tempfile::tempdir().unwrap();
    let receipt = dir.path().join("acme.json");
    let receipt = receipt.to_str().unwrap();
    let with = [&ERASE[..], &["--receipt", receipt, "--by", "olga@example.com"]].concat();
    let said = it.ok(&with).await.unwrap();
    assert!(said.ends_with("tenant `acme` is erased\n"), "{said}");

    assert_eq!(on(&it, "EVENTS", "events.*.acme.>").await, 0);
    assert_eq!(on(&it, "KV_engagements", "$KV.engagements.acme.>").await, 0);
    assert_eq!(on(&it, "DIRECTORY", "directory.acme.>").await, 1, "the tombstone");
    assert_eq!(on(&it, "DIRECTORY", "claims.slack.default.T0ACME").await, 1, "who let it go");
    let left = rows(&it.database, "acme").await;
    assert!(left.iter().all(|row| is_tombstone(row)), "{left:?}");
    let shown = it.ok(&["tenant", "show", "--tenant", "acme", "--json"]).await.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["tenant"]["name"], "acme", "and not `acme Ltd`");
    assert_eq!(shown["tenant"]["status"], "deleted");
    assert_eq!((&shown["agents"], &shown["connections"]), (&json!([]), &json!([])));

    the_receipt_holds(&it, receipt).await;

    // The neighbour has lost nothing, and is answered.
    assert!(theirs.0 <= on(&it, "EVENTS", "events.*.beta.>").await);
    assert_eq!(of_beta(&it).await, theirs.1);
    ask(&it, &mention(&it, "T0BETA", "still there?").unwrap()).await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 2).await.unwrap();

    rebuild(&mut it).await;
    assert_eq!(rows(&it.database, "acme").await, left, "a rebuild gives the same");
}

/// Of events that cannot be read their subjects say whose they are, and so whose their dead letters are,
/// those too that an older version put under nobody's subject.
#[tokio::test]
async fn dead_letters_of_what_cannot_be_read_go_with_their_tenant() {
    let it = furnished().await;
    let event = json!({
        "specversion": "1.0", "id": "e1", "source": "konstruct/x", "time": "2026-11-21T09:30:00.000Z",
        "type": "konstruct.message.SECRETWORD.v1", "tenantid": "acme", "correlationid": "m1", "data": {},
    });
    unread(&it, "events.00.acme.message.admitted", event.to_string()).await;
    let set_aside = || async { Ok(on(&it, "DEADLETTERS", "deadletters.*.acme").await == 2) };
    until(PATIENCE, "two consumers set it aside", set_aside).await.unwrap();
    let listed = it.ok(&["deadletters", "ls", "--json"]).await.unwrap();
    assert!(listed.contains("unknown event type") && !listed.contains("SECRETWORD"), "{listed}");
    for (sequence, subject) in [(7, "events.00.acme.x"), (8, "events.00.beta.x"), (9, "events")] {
        let letter = json!({
            "consumer": "completion", "stream": "EVENTS", "sequence": sequence, "subject": subject,
            "tenant": null, "event": null, "attempts": 1, "reason": "-",
            "at": "2026-11-21T09:30:00.000Z",
        });
        unread(&it, "deadletters.completion.-", letter.to_string()).await;
    }

    let signed = it.ok(&[&ERASE[..], &["--json"]].concat()).await.unwrap();
    let signed: Value = serde_json::from_str(&signed).unwrap();
    assert_eq!(line(&signed, "DEADLETTERS"), (3, 0));
    let unclear = json!([{ "store": "DEADLETTERS", "entries": 1 }]);
    assert_eq!((&signed["receipt"]["unclear"], &signed["receipt"]["open"]), (&unclear, &json!(0)));
    assert_eq!(on(&it, "DEADLETTERS", "deadletters.*.acme").await, 0);
    assert_eq!(on(&it, "DEADLETTERS", "deadletters.*.-").await, 2, "beta's, and nobody's");
}

/// Between its messages and its rows: somebody holds a table until it is dead.
#[tokio::test]
async fn one_that_is_killed_in_the_middle_is_done_by_the_next_run() {
    let it = furnished().await;
    let mut client = raw(&it.database.superuser_url()).await.unwrap();
    let held = client.transaction().await.unwrap();
    held.batch_execute("lock table turn in exclusive mode").await.unwrap();
    let mut erasing = it.command(&ERASE);
    let mut erasing = erasing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let purged = || async { Ok(on(&it, "EVENTS", "events.*.acme.>").await == 0) };
    until(PATIENCE, "its messages are gone", purged).await.unwrap();
    let second = it.output(&ERASE).await.unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.starts_with("error: tenant `acme` is being imported or erased from: "), "{said}");
    assert!(said.ends_with(" is at it just now; nothing was done\n"), "{said}");
    erasing.kill().await.ok();
    let left = rows(&it.database, "acme").await;
    assert!(left.iter().any(|row| row.starts_with("turn ")), "{left:?}");
    held.rollback().await.unwrap();

    let signed = it.ok(&[&ERASE[..], &["--json"]].concat()).await.unwrap();
    let signed: Value = serde_json::from_str(&signed).unwrap();
    assert_eq!(signed["receipt"]["resumed"], true);
    assert_eq!(line(&signed, "EVENTS"), (0, 0), "gone by the first run");
    let (before, after) = line(&signed, "turn");
    assert!(0 < before && after == 0, "{before}, then {after}");
    let left = rows(&it.database, "acme").await;
    assert!(left.iter().all(|row| is_tombstone(row)), "{left:?}");
}

#[tokio::test]
async fn what_comes_back_by_a_restored_backup_is_erased_by_a_second_run() {
    let it = furnished().await;
    it.ok(&ERASE).await.unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let restored = "
        insert into secret (tenant_id, name, sealed, updated_at_ms) values ('acme', 'x', 'x', 0);
        update tenant_key set wrapped = 'x', forgotten_at_ms = null where tenant_id = 'acme';";
    client.batch_execute(restored).await.unwrap();

    let signed = it.ok(&[&ERASE[..], &["--json"]].concat()).await.unwrap();
    let signed: Value = serde_json::from_str(&signed).unwrap();
    assert_eq!(signed["receipt"]["resumed"], true);
    assert_eq!(line(&signed, "secret"), (1, 0));
    assert_eq!(line(&signed, "tenant_key"), (1, 0));
    assert_eq!(line(&signed, "EVENTS"), (0, 0));
    let left = rows(&it.database, "acme").await;
    assert!(left.iter().all(|row| is_tombstone(row)), "{left:?}");
}

/// What is deleted may have the very entry that an erasure leaves.
#[tokio::test]
async fn a_tenant_that_was_only_deleted_was_not_begun_with() {
    let it = running_both().await.unwrap();
    let plain = "tenants:\n  - { slug: plain, name: plain }\n";
    it.apply(plain).await.unwrap();
    let sample = include_str!("../../../schemas/samples/tenant.deleted.v1.json");
    let mut deleted: Value = serde_json::from_str(sample).unwrap();
    deleted["tenantid"] = "plain".into();
    let limits = serde_json::to_value(schemas::Limits::default()).unwrap();
    deleted["data"]["tenant"] =
        json!({ "id": "plain", "name": "plain", "limits": limits, "status": "deleted" });
    let jetstream = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    let published = jetstream.publish("directory.plain.tenant", deleted.to_string().into()).await;
    published.unwrap().await.unwrap();
    let erase =
        ["tenant", "erase", "--tenant", "plain", "--yes", "plain", "--settle", "0", "--json"];
    let signed: Value = serde_json::from_str(&it.ok(&erase).await.unwrap()).unwrap();
    assert_eq!(signed["receipt"]["resumed"], false, "{signed:#}");
    let again: Value = serde_json::from_str(&it.ok(&erase).await.unwrap()).unwrap();
    assert_eq!(again["receipt"]["resumed"], true);
}

#[tokio::test]
async fn only_a_tenant_that_was_there_is_erased_and_its_slug_is_not_used_again() {
    let it = furnished().await;
    let nobody = it.output(&["tenant", "erase", "--tenant", "nobody", "--yes", "nobody"]).await;
    let said = String::from_utf8(nobody.unwrap().stderr).unwrap();
    assert_eq!(said, "error: there is no tenant `nobody`\n");
    it.ok(&ERASE).await.unwrap();
    let again = it.apply(&konstruct_tests::installation::acme()).await.unwrap_err().to_string();
    assert!(again.contains("acme"), "{again}");
}
