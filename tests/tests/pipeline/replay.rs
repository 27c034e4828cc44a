//! Recorded turns that are asked again: nobody hears of it, and what differs is said.

use std::{
    collections::BTreeMap,
    process::{Output, Stdio},
};

use konstruct_tests::{
    fake_llm::{Behaviour, Fault},
    postgres::raw,
    wait::until,
};
use serde_json::{Value, json};

use crate::{Installation, Log, PATIENCE, ask, budgets, mention, reply_to, running_acme, tools};

const SHADOW: [&str; 8] =
    ["replay", "shadow", "--json", "--tenant", "acme", "--agent", "mara", "--candidate"];

/// The command line of a replay.
fn shadow<'a>(candidate: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    SHADOW.iter().copied().chain([candidate]).chain(more.iter().copied()).collect()
}

fn json(output: &Output) -> anyhow::Result<Value> {
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).map_err(|error| anyhow::anyhow!("{error}: {said}"))
}

/// Runs a replay to its end; it must be done.
async fn replayed(it: &Installation, candidate: &str, more: &[&str]) -> anyhow::Result<Value> {
    let output = it.output(&shadow(candidate, more)).await?;
    let report = json(&output)?;
    anyhow::ensure!(output.status.success(), "{report:#}");
    Ok(report)
}

/// Waits until the read models have so many turns, and so many that cannot be asked again.
async fn recorded(it: &Installation, turns: u64, unplayable: u64) -> anyhow::Result<()> {
    let known = || async {
        let output = it.output(&shadow("1", &["--last", "50", "--dry-run"])).await?;
        let Ok(said) = json(&output) else { return Ok(false) };
        Ok(said["turns"] == turns && said["unplayable"] == unplayable)
    };
    until(PATIENCE, "the turns are recorded", known).await
}

/// What the log of operators says of looks at what people of `acme` said.
async fn opened(it: &Installation) -> anyhow::Result<Vec<Value>> {
    let sql = "select detail from operator_log
                where action = 'conversations.read' and tenant = 'acme'";
    let opened = raw(&it.database.superuser_url()).await?.query(sql, &[]).await?;
    Ok(opened.iter().map(|it| it.get(0)).collect())
}

/// What stands in every table that a replay must leave alone.
async fn tables(it: &Installation) -> anyhow::Result<BTreeMap<String, String>> {
    let client = raw(&it.database.superuser_url()).await?;
    let names = "select tablename::text from pg_tables where schemaname = 'public'
                    and tablename not in ('replay_run', 'replay_case', 'trial_usage', 'trial_month',
                                          'trial_change', 'operator_log')";
    let mut found = BTreeMap::new();
    for row in client.query(names, &[]).await? {
        let name: String = row.get(0);
        let sql = format!(
            "select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {name} t"
        );
        found.insert(name, client.query_one(&sql, &[]).await?.get(0));
    }
    Ok(found)
}

/// The same, once nothing of what was killed is under way in the database any more.
async fn settled(it: &Installation) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = tables(it).await?;
    loop {
        let again = tables(it).await?;
        if again == found {
            return Ok(found);
        }
        found = again;
    }
}

/// Calls, those of unknown cost, and cost of replays.
async fn used(it: &Installation) -> anyhow::Result<[i64; 3]> {
    let client = raw(&it.database.superuser_url()).await?;
    let sql = "select coalesce(sum(replayed_calls), 0)::bigint,
                      coalesce(sum(replayed_unpriced), 0)::bigint,
                      coalesce(sum(replayed_cost_micros), 0)::bigint from trial_usage";
    let row = client.query_one(sql, &[]).await?;
    Ok([row.get(0), row.get(1), row.get(2)])
}

/// Two turns of one thread, answered, and nobody at work any more.
async fn talked() -> anyhow::Result<(Installation, Log)> {
    let it = running_acme().await?;
    let mut log = Log::open(&it, "EVENTS").await?;
    let root = mention(&it, "T0ACME", "what is new?")?;
    ask(&it, &root).await?;
    ask(&it, &reply_to(&it, &root, "and what else?")?).await?;
    log.until("reply.delivered", 2).await?;
    it.slack.echoes_delivered().await;
    recorded(&it, 2, 0).await?;
    Ok((it, log))
}

#[tokio::test]
async fn what_answers_shows_no_difference_and_nobody_hears_of_it() -> anyhow::Result<()> {
    let (mut it, mut log) = talked().await?;
    let then: Vec<_> = it.llm.requests().iter().map(|it| it.body["messages"].clone()).collect();
    it.kill("all").await?;
    let stored = log.stored().await?;
    let before = settled(&it).await?;
    let called = it.slack.see(|world| world.calls().count());
    let opened_before = opened(&it).await?.len();

    let report = replayed(&it, "1", &["--last", "10"]).await?;

    for who in ["candidate", "baseline"] {
        let sums = &report[who];
        assert_eq!((&sums["asked"], &sums["exact"]), (&2.into(), &2.into()), "{who}: {sums}");
        assert_eq!(sums["similarity"], 1.0, "{who}: {sums}");
        for none in ["refused", "tools_changed", "hand_offs_changed", "unrecorded", "failed"] {
            assert_eq!(sums[none], 0, "{who}: {sums}");
        }
    }
    let newest = &report["cases"][0];
    assert_eq!(newest["question"], "and what else?", "{newest}");
    assert_eq!(newest["recorded"]["text"], newest["candidate"]["text"]);
    assert_eq!((&newest["version"], &newest["baseline"]["version"]), (&1.into(), &1.into()));
    let asked = it.llm.requests();
    assert_eq!(asked.len(), 2 + 2 * 2, "each turn of the candidate and of what answered");
    for request in asked.iter().skip(2) {
        assert!(then.contains(&request.body["messages"]), "asked with what was asked with then");
    }

    assert_eq!(it.slack.see(|world| world.calls().count()), called, "Slack was called");
    assert_eq!(log.stored().await?, stored, "something was published");
    assert_eq!(tables(&it).await?, before);
    assert_eq!(used(&it).await?[..2], [4, 4], "its model has no price");
    let opened = opened(&it).await?;
    assert_eq!(opened.len(), opened_before + 1, "a replay is one look at what people said");
    assert!(opened.iter().all(|it| *it == json!({ "replays": "mara" })), "{opened:?}");
    let run = report["run"]["id"].as_str().unwrap_or_default();
    let runs: Value =
        serde_json::from_str(&it.ok(&["replay", "runs", "--tenant", "acme", "--json"]).await?)?;
    assert_eq!((&runs[0]["id"], &runs[0]["state"]), (&run.into(), &"done".into()));
    let page = it.ok(&["replay", "show", run, "--markdown"]).await?;
    assert!(page.contains("> and what else?") && page.contains("> echo: "), "{page}");
    let text = it.ok(&["replay", "show", run]).await?;
    assert!(text.contains("the same, word for word                  2             2"), "{text}");
    Ok(())
}

#[tokio::test]
async fn what_people_wrote_is_sealed_in_what_is_kept() -> anyhow::Result<()> {
    let (it, _log) = talked().await?;
    replayed(&it, "1", &["--last", "1", "--no-baseline"]).await?;
    let client = raw(&it.database.superuser_url()).await?;
    let row = client.query_one("select string_agg(c::text, '') from replay_case c", &[]).await?;
    let kept: String = row.get(0);
    assert!(kept.contains("sealed") && !kept.contains("what else"), "{kept}");
    Ok(())
}

#[tokio::test]
async fn another_prompt_is_asked_with_the_same_talk_and_what_differs_is_said() -> anyhow::Result<()>
{
    let (it, _log) = talked().await?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("pirate.yaml");
    std::fs::write(&file, "slug: mara\nname: Mara\nsystem_prompt: Speak like a pirate.\n")?;
    let before = it.llm.requests().len();
    it.llm.script([Behaviour::text("Ahoy, nothing.")]);

    let report = replayed(&it, &file.to_string_lossy(), &["--last", "1"]).await?;

    assert_eq!(report["candidate"]["exact"], 0, "{report:#}");
    assert_eq!(report["baseline"]["exact"], 1, "{report:#}");
    assert_eq!(report["cases"][0]["candidate"]["text"], "Ahoy, nothing.");
    let alike = report["candidate"]["similarity"].as_f64().unwrap_or(1.0);
    assert!(alike < 0.5, "{report:#}");
    let requests = it.llm.requests();
    let [candidate, baseline] = &requests[before..] else { panic!("{}", requests.len() - before) };
    assert!(candidate.system().contains("Speak like a pirate."));
    assert!(!baseline.system().contains("pirate"), "the version that answered");
    assert_eq!(candidate.turns(), baseline.turns());
    Ok(())
}

#[tokio::test]
async fn what_was_taken_back_is_counted_and_not_asked() -> anyhow::Result<()> {
    let it = running_acme().await?;
    let root = mention(&it, "T0ACME", "my number is seven")?;
    ask(&it, &root).await?;
    ask(&it, &reply_to(&it, &root, "what is my number?")?).await?;
    ask(&it, &mention(&it, "T0ACME", "another thread")?).await?;
    recorded(&it, 3, 0).await?;
    assert!(it.slack.deliver(&root.deleted(&format!("{}8", root.ts))).await?.is_taken());
    recorded(&it, 1, 2).await?;
    let report = replayed(&it, "1", &["--last", "10"]).await?;
    assert_eq!(report["not_replayable"], serde_json::json!({ "erased": 2 }));
    for case in [1, 2] {
        let because = &report["cases"][case]["because"];
        assert_eq!(because, "it, or a turn before it, was taken back since", "{report:#}");
    }
    assert_eq!(report["candidate"]["asked"], 1);
    Ok(())
}

#[tokio::test]
async fn tools_answer_from_the_record_and_an_unrecorded_call_ends_its_turn() -> anyhow::Result<()> {
    let (it, outside) = tools::running_equipped().await?;
    let mut log = Log::open(&it, "EVENTS").await?;
    it.llm.script([
        tools::calls(&[("orders", r#"{"order":"A 7"}"#)]),
        Behaviour::text("It is on its way."),
    ]);
    ask(&it, &mention(&it, "T0ACME", "where is order A 7?")?).await?;
    log.until("reply.delivered", 1).await?;
    recorded(&it, 1, 0).await?;
    let (called, asked) = (outside.asked().len(), it.llm.requests().len());

    it.llm.script([
        tools::calls(&[("orders", r#"{ "order" : "A 7" }"#)]),
        Behaviour::text("It is on its way."),
    ]);
    let same = replayed(&it, "1", &["--last", "1", "--no-baseline"]).await?;
    assert_eq!(
        (&same["candidate"]["exact"], &same["candidate"]["tools_changed"]),
        (&1.into(), &0.into())
    );
    let requests = it.llm.requests();
    let [_, read] = &requests[asked..] else { panic!("{}", requests.len()) };
    assert!(read.body["messages"].to_string().contains("/echo/A%207"), "what the tool said then");

    it.llm.script([tools::calls(&[("refund", r#"{"order":"A 7"}"#)])]);
    let other = replayed(&it, "1", &["--last", "1", "--no-baseline"]).await?;
    assert_eq!(other["candidate"]["unrecorded"], 1, "{other:#}");
    assert_eq!(
        other["cases"][0]["candidate"]["end"],
        r#"asked for a tool call that was not recorded: refund({"order":"A 7"})"#
    );
    assert_eq!(outside.asked().len(), called, "a tool was called");
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_the_vendors_word() -> anyhow::Result<()> {
    let (it, _log) = talked().await?;
    it.llm.always(Behaviour::fault(Fault::EndReason("content_filter".to_owned())));
    let report = replayed(&it, "1", &["--last", "1", "--no-baseline"]).await?;
    assert_eq!(report["candidate"]["refused"], 1, "{report:#}");
    Ok(())
}

#[tokio::test]
async fn a_judge_compares_what_differs() -> anyhow::Result<()> {
    let (it, _log) = talked().await?;
    it.llm.script([Behaviour::text("Nothing."), Behaviour::text("SAME\nBoth say little.")]);
    let more = ["--last", "1", "--judge", "quality"];
    let report = replayed(&it, "1", &more).await?;
    let newest = &report["cases"][0];
    assert_eq!(newest["verdict"]["verdict"], "same", "{newest:#}");
    assert_eq!(newest["verdict"]["reason"], "Both say little.");
    assert_eq!(newest["baseline_verdict"]["reason"], "the same words", "nobody was asked");
    let judge = it.llm.requests().into_iter().find(|it| it.system().contains("You compare two"));
    let asked = judge.map(|it| it.last_user().to_owned()).unwrap_or_default();
    assert!(asked.contains("echo: and what else?") && asked.contains("Nothing."), "{asked}");
    assert!(report["judge_is_told"].as_str().is_some_and(|it| it.contains("You compare two")));
    Ok(())
}

#[tokio::test]
async fn a_budget_stops_it_and_it_goes_on_with_what_is_missing() -> anyhow::Result<()> {
    let (it, _dir) = budgets::running(&konstruct_tests::installation::acme()).await?;
    for question in ["first", "second", "third"] {
        ask(&it, &mention(&it, "T0ACME", question)?).await?;
    }
    recorded(&it, 3, 0).await?;
    let before = it.llm.requests().len();

    // An answer costs ten micro-dollars at the most, and costs that.
    let more = ["--last", "3", "--no-baseline", "--budget", "0.000020"];
    let output = it.output(&shadow("1", &more)).await?;
    assert!(!output.status.success());
    let report = json(&output)?;
    let run = &report["run"];
    assert_eq!((&run["state"], &run["why"]), (&"stopped".into(), &"stopped by its budget".into()));
    assert_eq!((&run["asked"], &run["spent_micros"]), (&2.into(), &20.into()));
    assert_eq!(it.llm.requests().len(), before + 2);
    assert_eq!(used(&it).await?, [2, 0, 20]);

    let id = run["id"].as_str().unwrap_or_default();
    let resume = ["replay", "shadow", "--json", "--resume", id, "--budget", "0.00003"];
    let report = json(&it.output(&resume).await?)?;
    let run = &report["run"];
    assert_eq!((&run["state"], &run["asked"]), (&"done".into(), &3.into()), "{run}");
    assert_eq!(it.llm.requests().len(), before + 3, "only what was missing");
    assert_eq!(report["candidate"]["exact"], 3);

    json(&it.output(&resume).await?)?;
    assert_eq!(it.llm.requests().len(), before + 3, "nothing was missing");
    assert_eq!(used(&it).await?, [3, 0, 30]);
    Ok(())
}

#[tokio::test]
async fn a_kept_test_passes_until_an_answer_does_not_fit() -> anyhow::Result<()> {
    let (it, log) = talked().await?;
    let message = log.message_of("message.received").unwrap_or_default().to_owned();
    let add = ["test", "add", "--tenant", "acme", "--agent", "mara", "--message", &message];
    let checks = ["--contains", "ECHO", "--lacks", "moon", "--matches", r"new\?$"];
    let added: Vec<_> = add.into_iter().chain(checks).collect();
    let id = it.ok(&added).await?.trim().to_owned();
    let of = ["--tenant", "acme", "--agent", "mara"];
    let listed = it.ok(&["test", "ls", "--tenant", "acme", "--agent", "mara"]).await?;
    assert!(listed.contains(&id) && listed.contains("contains `ECHO`"), "{listed}");

    let run: Vec<_> = ["test", "run"].into_iter().chain(of).collect();
    let said = it.ok(&run).await?;
    assert!(said.ends_with("1 tests of version 1, 0 failed\n"), "{said}");
    it.llm.always(Behaviour::text("The moon."));
    let plain: Vec<_> = ["test"].into_iter().chain(of).collect();
    let output = it.output(&plain).await?;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout)?;
    for line in ["FAIL contains `ECHO`", "FAIL does not contain `moon`", r"FAIL matches `new\?$`"] {
        assert!(said.contains(line), "{said}");
    }

    it.ok(&["test", "rm", &id]).await?;
    let gone = it.output(&["test", "rm", &id]).await?;
    let error = String::from_utf8(gone.stderr)?;
    assert!(error.contains(&format!("there is no test `{id}`")), "{error}");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_asked_is_said_before_anything_is() -> anyhow::Result<()> {
    let (it, _log) = talked().await?;
    let before = it.llm.requests().len();
    let cases: [(&str, &[&str], &str); 5] = [
        ("draft", &["--last", "1"], "the agent has no draft"),
        ("9", &["--last", "1"], "the agent has no version 9"),
        ("1", &["--last", "0"], "`--last`: from 1 to 1000"),
        ("1", &[], "say which turns: `--last N`, or `--from TIME`"),
        ("1", &["--last", "1", "--judge", "nobody"], "there is no model group `nobody`"),
    ];
    for (candidate, more, want) in cases {
        let output = it.output(&shadow(candidate, more)).await?;
        let said = String::from_utf8(output.stderr)?;
        assert!(!output.status.success() && said.contains(want), "{said}");
    }
    assert_eq!(it.llm.requests().len(), before);
    Ok(())
}

/// The name of the newest replay.
async fn newest(it: &Installation) -> anyhow::Result<String> {
    let runs = it.ok(&["replay", "runs", "--tenant", "acme", "--json"]).await?;
    let runs: Value = serde_json::from_str(&runs)?;
    Ok(runs[0]["id"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn interrupted_in_a_call_it_settles_it_and_two_never_go_on_at_once() -> anyhow::Result<()> {
    let budget = "    budget: { daily_micros: 1000 }\n    limits:";
    let yaml = konstruct_tests::installation::acme().replace("    limits:", budget);
    let (it, _dir) = budgets::running(&yaml).await?;
    ask(&it, &mention(&it, "T0ACME", "first")?).await?;
    recorded(&it, 1, 0).await?;
    let client = raw(&it.database.superuser_url()).await?;
    let reserved = "select count(*) from reservation where holder like 'replay-%'";
    let before = it.llm.requests().len();
    it.llm.always(Behaviour { held: true, ..Behaviour::text("one two") });
    let mut command = it.command(&shadow("1", &["--last", "1", "--no-baseline"]));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    it.llm.held(1, PATIENCE).await?;
    assert_eq!(client.query_one(reserved, &[]).await?.get::<_, i64>(0), 1);

    let id = newest(&it).await?;
    let resume = ["replay", "shadow", "--json", "--resume", &id];
    let second = it.output(&resume).await?;
    let said = String::from_utf8(second.stderr)?;
    let held = "it is being asked; where whoever asked was killed, it can go on in half a minute\n";
    assert!(!second.status.success() && said.ends_with(held), "{said}");
    assert_eq!(it.llm.requests().len(), before + 1, "nobody was asked twice");

    let pid = child.id().unwrap_or_default().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status()?.success());
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await??;
    assert_eq!(ended.code(), Some(1), "it has not done what was asked for");
    assert_eq!(client.query_one(reserved, &[]).await?.get::<_, i64>(0), 0, "room for others");
    let sql = "select state || ': ' || why, held_until_ms from replay_run";
    let ended = client.query_one(sql, &[]).await?;
    let (state, held): (String, i64) = (ended.get(0), ended.get(1));
    assert_eq!((state.as_str(), held), ("stopped: stopped: interrupted", 0), "it is let go of");

    it.llm.always(Behaviour::text("one two three four five six seven eight nine ten"));
    let report = json(&it.output(&resume).await?)?;
    assert_eq!((&report["run"]["state"], &report["run"]["asked"]), (&"done".into(), &1.into()));
    Ok(())
}

#[tokio::test]
async fn a_turn_that_does_not_open_any_more_is_counted_and_not_paid_again() -> anyhow::Result<()> {
    let (it, _log) = talked().await?;
    let report = replayed(&it, "1", &["--last", "2", "--no-baseline"]).await?;
    let id = report["run"]["id"].as_str().unwrap_or_default();
    let client = raw(&it.database.superuser_url()).await?;
    // It opens, and is something else.
    let garbled = "update replay_case set candidate = frozen where place = 0";
    assert_eq!(client.execute(garbled, &[]).await?, 1);
    let before = it.llm.requests().len();
    for _ in 0..2 {
        let resume = ["replay", "shadow", "--json", "--resume", id];
        let report = json(&it.output(&resume).await?)?;
        let run = &report["run"];
        assert_eq!((&run["state"], &run["turns"]), (&"done".into(), &2.into()), "{run}");
        assert_eq!((&run["asked"], &run["not_replayable"]), (&1.into(), &1.into()), "{run}");
        assert_eq!(report["not_replayable"], json!({ "unreadable": 1 }));
    }
    assert_eq!(it.llm.requests().len(), before, "somebody paid again");
    let text = it.ok(&["replay", "show", id]).await?;
    assert!(text.contains("2 turns: 1 asked, 0 not yet, 1 cannot be"), "{text}");
    Ok(())
}

#[tokio::test]
async fn tests_keep_to_a_budget_and_go_on_and_none_hides_another() -> anyhow::Result<()> {
    let (it, _dir) = budgets::running(&konstruct_tests::installation::acme()).await?;
    for question in ["first", "second"] {
        ask(&it, &mention(&it, "T0ACME", question)?).await?;
    }
    recorded(&it, 2, 0).await?;
    let mut log = Log::open(&it, "EVENTS").await?;
    log.until("reply.delivered", 2).await?;
    let of = ["--tenant", "acme", "--agent", "mara"];
    let mut kept = Vec::new();
    for message in log.stories("message.accepted") {
        let add = ["--message", message, "--contains", "one two"];
        let added = it.ok(&[&["test", "add"][..], &of, &add].concat()).await?;
        kept.push(added.trim().to_owned());
    }
    let before = it.llm.requests().len();
    let tests = async |more: &[&str]| {
        let output = it.output(&[&["test", "--json"][..], more].concat()).await?;
        anyhow::Ok((output.status.code(), json(&output)?))
    };

    let (_, would) = tests(&[&of[..], &["--dry-run"]].concat()).await?;
    let estimate = &would["estimate"];
    assert_eq!((&estimate["turns"], &estimate["micros_max"]), (&2.into(), &20.into()), "{would}");
    assert_eq!(it.llm.requests().len(), before);

    // An answer costs ten micro-dollars.
    let (code, report) = tests(&[&of[..], &["--budget", "0.00001"]].concat()).await?;
    assert_eq!((code, &report["run"]["why"]), (Some(1), &"stopped by its budget".into()));
    assert_eq!((&report["failed"], &report["unknown"]), (&0.into(), &1.into()), "{report:#}");
    assert_eq!(it.llm.requests().len(), before + 1);

    let id = report["run"]["id"].as_str().unwrap_or_default();
    for _ in 0..2 {
        let (code, report) = tests(&["--resume", id, "--budget", "0.00002"]).await?;
        assert_eq!((code, &report["unknown"]), (Some(0), &0.into()), "{report:#}");
        let passed = report["tests"].as_array().map(|tests| {
            let of = |test: &Value| (test["id"].clone(), test["passed"].clone());
            tests.iter().map(of).collect::<Vec<_>>()
        });
        let want: Vec<_> = kept.iter().map(|id| (json!(id), json!(true))).collect();
        assert_eq!(passed, Some(want));
        assert_eq!(it.llm.requests().len(), before + 2, "only what was missing");
    }
    let other = it.output(&["replay", "shadow", "--resume", id]).await?;
    let said = String::from_utf8(other.stderr)?;
    let want =
        format!("`{id}` is a run of tests: `konstruct test --resume {id}` goes on with it\n");
    assert!(said.ends_with(&want), "{said}");

    let client = raw(&it.database.superuser_url()).await?;
    let garbled = "update saved_test set checks = frozen where test_id = $1";
    assert_eq!(client.execute(garbled, &[&kept[0]]).await?, 1);
    let (code, report) = tests(&of).await?;
    assert_eq!((code, &report["failed"]), (Some(1), &0.into()), "{report:#}");
    assert_eq!(report["tests"].as_array().map(Vec::len), Some(1), "the other one ran");
    let unreadable = &report["unreadable"][0];
    assert_eq!(
        (&unreadable["id"], &unreadable["why"]),
        (&json!(kept[0]), &"a text of it does not open".into())
    );
    let listed = it.ok(&[&["test", "ls"][..], &of].concat()).await?;
    assert!(listed.contains("cannot be read: a text of it does not open"), "{listed}");
    assert!(listed.contains("contains `one two`"), "{listed}");
    Ok(())
}
