//! One person is erased: from the stream, the bucket and every table, and what others said stays whole.

use std::process::Stdio;

use konstruct_tests::{
    fake_llm::Behaviour, fake_slack::Spoken, installation::Installation, postgres::raw,
};
use serde_json::{Value, json};
use store::alone::Alone;

use crate::{
    BOT, Log, PATIENCE, ask,
    erase::{on, unread},
    export::number,
    heard, mention, running_both, trace, until,
};

/// Who is erased; `mention` speaks as her.
pub(crate) const ANN: &str = "U0ANN";
/// Who writes in the same thread.
const BEN: &str = "U0BEN";

pub(crate) const ERASE: [&str; 7] = ["person", "erase", "--tenant", "acme", ANN, "--yes", ANN];

/// Ann asks, and Ben in her thread; Ann asks elsewhere too, and somebody of another tenant by her id.
async fn talked() -> (Installation, Spoken) {
    let it = running_both().await.unwrap();
    let root = mention(&it, "T0ACME", "my number is seven").unwrap();
    ask(&it, &root).await.unwrap();
    ask(&it, &of_ben(&it, &root, "and mine is nine")).await.unwrap();
    ask(&it, &mention(&it, "T0ACME", "what else is there?").unwrap()).await.unwrap();
    ask(&it, &mention(&it, "T0BETA", "hello from beta").unwrap()).await.unwrap();
    settled(&it, 4).await;
    (it, root)
}

fn of_ben(it: &Installation, root: &Spoken, text: &str) -> Spoken {
    let text = format!("<@{BOT}> {text}");
    it.slack.spoken("T0ACME", "C1", BEN, &text).unwrap().in_thread(&root.ts)
}

/// So many messages are at their end, in the read models too, and Slack has delivered every echo.
async fn settled(it: &Installation, messages: usize) {
    let mut log = Log::open(it, "EVENTS").await.unwrap();
    log.until("reply.delivered", messages).await.unwrap();
    it.slack.echoes_delivered().await;
    for story in log.stories("message.accepted") {
        trace(it, story, "reply.delivered").await.unwrap();
    }
}

/// What the log has at this moment.
async fn log(it: &Installation) -> Vec<Value> {
    let mut log = Log::open(it, "EVENTS").await.unwrap();
    let there = log.stream.info().await.unwrap().state.messages;
    log.read(there).await.unwrap();
    log.events
}

/// The tenant's events that name somebody.
async fn naming(it: &Installation, person: &str, tenant: &str) -> usize {
    let quoted = format!("\"{person}\"");
    let is_so = |it: &&Value| it["tenantid"] == tenant && it.to_string().contains(&quoted);
    log(it).await.iter().filter(is_so).count()
}

/// The tables with rows of a tenant that name somebody.
pub(crate) async fn tables_naming(it: &Installation, person: &str, tenant: &str) -> Vec<String> {
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let mut found = Vec::new();
    for table in store::check::walls::tenant_tables(&client).await.unwrap() {
        let sql =
            format!("select count(*) from {table} t where tenant_id = $1 and t::text like $2");
        let like = format!("%{person}%");
        let count: i64 = client.query_one(&sql, &[&tenant, &like]).await.unwrap().get(0);
        if 0 < count {
            found.push(table);
        }
    }
    found
}

/// `before` and `after` of a store in a receipt.
fn line(signed: &Value, store: &str) -> (u64, u64) {
    let stores = signed["receipt"]["stores"].as_array().unwrap();
    let line = stores.iter().find(|line| line["store"] == store).unwrap();
    (line["before"].as_u64().unwrap(), line["after"].as_u64().unwrap())
}

/// Every sum of what was used.
pub(crate) async fn sums(it: &Installation) -> Vec<String> {
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let mut all = Vec::new();
    for table in ["p_usage", "p_month", "p_day"] {
        let sql = format!("select t::text from {table} t order by 1");
        let rows = client.query(&sql, &[]).await.unwrap();
        all.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    all
}

#[tokio::test]
async fn an_erased_person_is_gone_and_the_threads_of_others_are_whole() {
    let (it, root) = talked().await;
    let before = (sums(&it).await, naming(&it, BEN, "acme").await, naming(&it, ANN, "beta").await);
    assert!(0 < naming(&it, ANN, "acme").await);

    let dry = it.ok(&["person", "erase", "--tenant", "acme", ANN, "--dry-run"]).await.unwrap();
    assert!(dry.contains("EVENTS") && dry.ends_with("nothing was erased (dry run)\n"), "{dry}");
    let unsure = it.output(&["person", "erase", "--tenant", "acme", ANN, "--yes", BEN]).await;
    let said = String::from_utf8(unsure.unwrap().stderr).unwrap();
    let want = "error: this cannot be undone: say `--yes U0ANN` too; nothing was erased\n";
    assert_eq!(said, want);
    assert!(0 < naming(&it, ANN, "acme").await, "nothing was erased yet");

    let dir = tempfile::tempdir().unwrap();
    let receipt = dir.path().join("ann.json");
    let receipt = receipt.to_str().unwrap();
    let with = [&ERASE[..], &["--receipt", receipt, "--by", "olga@example.com"]].concat();
    let said = it.ok(&with).await.unwrap();
    assert!(said.ends_with("`U0ANN` of tenant `acme` is erased\n"), "{said}");

    assert_eq!(naming(&it, ANN, "acme").await, 0);
    assert_eq!(tables_naming(&it, ANN, "acme").await, Vec::<String>::new());
    assert_eq!(sums(&it).await, before.0, "what was used stays");
    assert_eq!(naming(&it, BEN, "acme").await, before.1, "Ben has lost nothing");
    assert_eq!(naming(&it, ANN, "beta").await, before.2, "she is somebody else there");

    let signed: Value = serde_json::from_slice(&std::fs::read(receipt).unwrap()).unwrap();
    assert_eq!(signed["receipt"]["person"], ANN);
    assert_eq!(signed["receipt"]["asked_by"], "olga@example.com");
    assert_eq!(signed["receipt"]["resumed"], false);
    for store in ["EVENTS", "engagements", "turn", "completion", "reply", "effect", "p_message"] {
        let (had, has) = line(&signed, store);
        assert!(0 < had && has == 0, "{store}: {had}, then {has}");
    }
    let verified = it.ok(&["tenant", "receipt", "verify", receipt]).await.unwrap();
    assert!(verified.starts_with("the receipt of `U0ANN` of `acme`, "), "{verified}");
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let noted = "select detail::text from operator_log where action = 'person.erased'";
    let noted: String = client.query_one(noted, &[]).await.unwrap().get(0);
    assert!(noted.contains("olga@example.com") && !noted.contains(ANN), "{noted}");

    // Ben goes on in the thread: the model reads what he said, and nothing of hers.
    ask(&it, &of_ben(&it, &root, "which one was mine?")).await.unwrap();
    let shown = format!("{:?}", it.llm.requests().last().unwrap().turns());
    assert!(shown.contains("and mine is nine"), "{shown}");
    assert!(!shown.contains("seven") && !shown.contains(ANN), "{shown}");
    // And she is answered like anybody new.
    ask(&it, &mention(&it, "T0ACME", "hello, I am new here").unwrap()).await.unwrap();
    settled(&it, 4).await;
    assert!(tables_naming(&it, ANN, "acme").await.contains(&"p_message".to_owned()));
}

#[tokio::test]
async fn a_rebuild_brings_nobody_back_and_finds_every_sum() {
    let (it, _root) = talked().await;
    let before = sums(&it).await;
    it.ok(&ERASE).await.unwrap();
    let built = it.ok(&["replay", "projections", "--yes", "--json"]).await.unwrap();
    let built: Value = serde_json::from_str(&built).unwrap();
    assert_eq!(built["is_equal"], true, "{built:#}");
    it.ok(&["replay", "projections", "--swap", "--yes"]).await.unwrap();
    assert_eq!(sums(&it).await, before);
    assert_eq!(tables_naming(&it, ANN, "acme").await, Vec::<String>::new());
}

/// A test that Ben's answer is kept as has her words in its history.
#[tokio::test]
async fn kept_turns_go_with_the_words_that_are_in_their_history() {
    let (it, _root) = talked().await;
    let told = log(&it).await;
    let message = |sender: &str| {
        let is_so = |it: &&Value| {
            let data = &it["data"]["message"];
            it["tenantid"] == "acme" && data["sender"] == sender && data["sent_at"] != Value::Null
        };
        let found = told.iter().find(is_so).unwrap();
        found["correlationid"].as_str().unwrap().to_owned()
    };
    let kept =
        ["test", "add", "--tenant", "acme", "--agent", "mara", "--contains", "x", "--message"];
    for sender in [ANN, BEN] {
        it.ok(&[&kept[..], &[message(sender).as_str()]].concat()).await.unwrap();
    }
    let signed = it.ok(&[&ERASE[..], &["--json"]].concat()).await.unwrap();
    let signed: Value = serde_json::from_str(&signed).unwrap();
    assert_eq!(line(&signed, "saved_test.frozen"), (2, 0));
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let left: i64 = client.query_one("select count(*) from saved_test", &[]).await.unwrap().get(0);
    assert_eq!(left, 0);
}

/// What nobody can read is hers by what it still says; what says nothing is counted.
#[tokio::test]
async fn what_cannot_be_read_goes_too_or_is_counted() {
    let (it, _root) = talked().await;
    let told = log(&it).await;
    let of = |sender: &str| {
        let is_so = |it: &&Value| {
            it["type"] == "konstruct.message.admitted.v1"
                && it["tenantid"] == "acme"
                && it["data"]["message"]["sender"] == sender
        };
        let mut event = told.iter().find(is_so).unwrap().clone();
        event["id"] = format!("e-unread-{sender}").into();
        event["data"]["message"]["text"] = 12_345.into();
        event.to_string()
    };
    for payload in [of(ANN), of(BEN), r#"{"specversion":"1.0","id":"x"}"#.to_owned()] {
        unread(&it, "events.00.acme.message.admitted", payload).await;
    }
    let set_aside = || async { Ok(on(&it, "DEADLETTERS", "deadletters.*.acme").await == 6) };
    until(PATIENCE, "two consumers set aside three of them", set_aside).await.unwrap();
    let before = naming(&it, BEN, "acme").await;
    let unclear = json!([{ "store": "EVENTS", "entries": 1 }]);
    let dry = ["person", "erase", "--tenant", "acme", ANN, "--dry-run", "--json"];
    let dry: Value = serde_json::from_str(&it.ok(&dry).await.unwrap()).unwrap();
    assert_eq!(dry["unclear"], unclear);

    let signed = it.ok(&[&ERASE[..], &["--json"]].concat()).await.unwrap();
    let signed: Value = serde_json::from_str(&signed).unwrap();
    assert_eq!(line(&signed, "DEADLETTERS"), (2, 0));
    assert_eq!(signed["receipt"]["unclear"], unclear);
    assert_eq!(signed["receipt"]["open"], 0);
    assert_eq!(naming(&it, ANN, "acme").await, 0);
    assert_eq!(naming(&it, BEN, "acme").await, before, "Ben has lost nothing");
    assert_eq!(on(&it, "DEADLETTERS", "deadletters.*.acme").await, 4);
    let listed = it.ok(&["deadletters", "ls", "--json"]).await.unwrap();
    assert!(!listed.contains(ANN) && !listed.contains("12345"), "{listed}");
    let said = it.ok(&ERASE).await.unwrap();
    let want = "of EVENTS, 1 may be theirs too: it cannot be read, or its event is gone, and nothing says \
                whose it is; it goes by its age\n";
    assert!(said.contains(want), "{said}");
}

/// Between the log and the rows: somebody holds a table until it is dead. What there was is in the receipt's
/// place, and in the receipt of the run that ends it.
#[tokio::test]
async fn the_receipt_of_a_run_that_goes_on_has_what_there_was_before_the_first() {
    let (it, _root) = talked().await;
    let dir = tempfile::tempdir().unwrap();
    let receipt = dir.path().join("ann.json");
    let receipt = receipt.to_str().unwrap();
    let with = [&ERASE[..], &["--receipt", receipt]].concat();
    let dry = ["person", "erase", "--tenant", "acme", ANN, "--dry-run", "--json"];
    let dry: Value = serde_json::from_str(&it.ok(&dry).await.unwrap()).unwrap();
    let events = dry["stores"].as_array().unwrap().iter().find(|it| it["store"] == "EVENTS");
    let events = events.unwrap()["entries"].as_u64().unwrap();

    let mut client = raw(&it.database.superuser_url()).await.unwrap();
    let held = client.transaction().await.unwrap();
    held.batch_execute("lock table turn in exclusive mode").await.unwrap();
    let mut erasing = it.command(&with);
    let mut erasing = erasing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let waits = "select count(*) from pg_stat_activity
                  where wait_event_type = 'Lock' and query like 'select erase_stories(%'";
    let is_there = || async { Ok(number(&it, waits).await == 1) };
    until(PATIENCE, "it waits for the rows", is_there).await.unwrap();
    assert_eq!(naming(&it, ANN, "acme").await, 0, "the log has nothing of hers any more");
    erasing.kill().await.ok();
    held.rollback().await.unwrap();
    let refused = it.output(&["tenant", "receipt", "verify", receipt]).await.unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("it says what there was as an erasure began, and that did not end"),
        "{said}"
    );
    // Its file is nobody else's.
    let bens = ["person", "erase", "--tenant", "acme", BEN, "--yes", BEN, "--receipt", receipt];
    let refused = it.output(&bens).await.unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("File exists"), "{refused:?}");

    it.ok(&with).await.unwrap();
    let signed: Value = serde_json::from_slice(&std::fs::read(receipt).unwrap()).unwrap();
    assert_eq!(signed["receipt"]["what"], "konstruct.person.erased");
    assert_eq!(signed["receipt"]["resumed"], true);
    assert_eq!(line(&signed, "EVENTS"), (events, 0));
    it.ok(&["tenant", "receipt", "verify", receipt]).await.unwrap();
    let said = it.ok(&ERASE).await.unwrap();
    assert!(
        said.contains("nothing of theirs was found: a run that was killed before may"),
        "{said}"
    );
}

/// Nobody waits for an answer that takes too long; the sweeper takes it when it comes.
#[tokio::test]
async fn what_comes_late_goes_too() {
    let mut it = running_both().await.unwrap();
    it.llm.script([Behaviour { held: true, ..Behaviour::text("the late answer") }]);
    let root = mention(&it, "T0ACME", "my number is seven").unwrap();
    heard(&it, &root).await.unwrap();
    it.llm.held(1, PATIENCE).await.unwrap();
    let said = it.ok(&[&ERASE[..], &["--settle", "0"]].concat()).await.unwrap();
    let want = "messages that were open when settling ended: 1; the sweeper takes what comes of them yet\n";
    assert!(said.contains(want), "{said}");
    assert_eq!(naming(&it, ANN, "acme").await, 0);

    it.llm.release();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    it.slack.echoes_delivered().await;
    assert!(0 < naming(&it, ANN, "acme").await, "the answer comes all the same");
    it.kill("all").await.unwrap();
    let last = log.stored().await.unwrap();
    let last = i64::try_from(last).unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    it.run("projector").await.unwrap();
    let place = "select seq from checkpoint where name = 'project-events'";
    let read = || async { Ok(client.query_one(place, &[]).await?.get::<_, i64>(0) == last) };
    until(PATIENCE, "the projector has read it", read).await.unwrap();

    it.run("sweeper").await.unwrap();
    let gone = || async { Ok(naming(&it, ANN, "acme").await == 0) };
    until(PATIENCE, "the sweeper takes it", gone).await.unwrap();
    let none = || async { Ok(tables_naming(&it, ANN, "acme").await.is_empty()) };
    until(PATIENCE, "and its rows", none).await.unwrap();
    let stories = "
        select count(*) from p_event where tenant_id = 'acme' and stream = 'EVENTS'";
    let left: i64 = client.query_one(stories, &[]).await.unwrap().get(0);
    assert_eq!(left, 0, "echoes of what was sent too");
    let names = "select count(*) from erased_name";
    let names: i64 = client.query_one(names, &[]).await.unwrap().get(0);
    assert!(0 < names, "what comes later still is known");
}

#[tokio::test]
async fn whoever_is_no_person_or_of_no_tenant_is_not_erased() {
    let it = running_both().await.unwrap();
    let refused = async |args: &[&str]| {
        let output = it.output(&[&["person", "erase", "--tenant"][..], args].concat()).await;
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    assert_eq!(
        refused(&["acme", "Ann Smith", "--yes", "Ann Smith"]).await,
        "error: `Ann Smith` is no person: only letters, digits, `-` and `_` may stand in it, \
         e.g. `U123ABC`\n"
    );
    assert_eq!(
        refused(&["nobody", ANN, "--yes", ANN]).await,
        "error: there is no tenant `nobody`\n"
    );
    let said = it.ok(&ERASE).await.unwrap();
    assert!(said.ends_with("`U0ANN` of tenant `acme` is erased\n"), "nothing was there: {said}");
}

/// The sweeper, a person's erasure or a tenant's: whichever comes first keeps the others from that tenant.
#[tokio::test]
async fn whoever_erases_something_of_a_tenant_is_alone_with_it() {
    let it = running_both().await.unwrap();
    let db = it.database.database().await.unwrap();
    let first = Alone::take(&db, "erase/acme", "host/1").await.unwrap().unwrap();
    let tenant = ["tenant", "erase", "--tenant", "acme", "--yes", "acme", "--settle", "0"];
    for args in [&ERASE[..], &tenant[..]] {
        let refused = it.output(args).await.unwrap();
        assert_eq!(
            String::from_utf8(refused.stderr).unwrap(),
            "error: tenant `acme` is being imported or erased from: host/1 is at it just now; \
             nothing was done\n"
        );
    }
    it.ok(&["person", "erase", "--tenant", "beta", ANN, "--yes", ANN]).await.unwrap();
    drop(first);
    let said = it.ok(&ERASE).await.unwrap();
    assert!(said.ends_with("`U0ANN` of tenant `acme` is erased\n"), "{said}");
}
