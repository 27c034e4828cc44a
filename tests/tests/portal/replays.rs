//! What people asked before is asked again of a draft, from the publish sheet to a report; and answers are
//! kept as tests.

use std::time::Duration;

use konstruct_tests::{browser::Browser, fake_llm::Behaviour, postgres::raw, wait::until};
use serde_json::Value;

use crate::{
    catalogue::Who,
    furnished::House,
    visitor::{Visitor, hidden, text_of},
};

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

const MARA: &str = "/t/acme/agents/mara";

/// Requests of the draft's and of what answered: two turns of each.
const CALLS: usize = 2 * 2;

#[tokio::test]
async fn from_the_publish_sheet_to_a_report_that_can_be_taken_along() -> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let browser = Browser::start(&house.it.portal()).await?;
    people.let_in(&browser, Who::Operator).await?;
    browser.go(&format!("{MARA}/publish")).await?;
    browser.see("Your last 20 conversations, re-answered").await?;
    browser.press("See what that takes").await?;
    browser.at(&format!("{MARA}/replays/new")).await?;
    browser.see("that much is set aside for it, and it stops there").await?;
    let asked = house.it.llm.requests().len();
    browser.press("Ask 2 answers again").await?;
    browser.see("Tick it to have them asked").await?;
    assert_eq!(house.it.llm.requests().len(), asked, "nobody was asked without a word");

    browser.click("input[name=sure]").await?;
    browser.press("Ask 2 answers again").await?;
    browser.see("They are being asked again.").await?;
    // It shows how far it is by itself.
    browser.see("2 of 2 answers asked again, 2 otherwise than people got.").await?;
    browser.see("Done").await?;
    browser.see("echo: ").await?;
    browser.press("Changed only").await?;
    browser.see("Candidate: similarity").await?;
    browser.press("Its trace, with a link to the conversation").await?;
    browser.see("Where the time went").await?;
    assert_eq!(house.it.llm.requests().len(), asked + CALLS, "each turn of both, once");
    browser.quiet(&["422"]).await?;

    let op = people.of(Who::Operator)?;
    let list = op.read(&format!("{MARA}/replays")).await?;
    assert!(list.contains("by you") && list.contains("2 of 2"), "{list}");
    let run = newest(&list);
    let report: Value = op.get(&format!("{run}/report.json")).await?.json().await?;
    assert_eq!(
        (&report["run"]["state"], &report["candidate"]["asked"]),
        (&"done".into(), &2.into())
    );
    let answer = op.get(&format!("{run}/report.md")).await?;
    assert_eq!(answer.headers()["content-type"], "text/markdown; charset=utf-8");
    let markdown = answer.text().await?;
    assert!(markdown.starts_with("# Replay acme-"), "{markdown}");
    assert!(markdown.contains("**The candidate**: answered"), "{markdown}");
    Ok(())
}

#[tokio::test]
async fn a_run_stops_where_an_operator_says_so_and_goes_on_with_what_is_missing()
-> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let (op, viewer) = (people.of(Who::Operator)?, people.of(Who::Viewer)?);
    let llm = &house.it.llm;
    let asked = llm.requests().len();
    llm.script([Behaviour { held: true, ..Behaviour::default() }]);
    let run = started(op).await?;
    llm.held(1, PATIENCE).await?;
    let page = op.get(&run).await?;
    assert_eq!(page.headers()["refresh"], "5", "it says by itself how far it is");
    let page = page.text().await?;
    assert!(page.contains("Under way") && page.contains("0 of 2 answers"), "{page}");
    let looked = viewer.read(&run).await?;
    assert!(!looked.contains(&format!("{run}/stop")), "a viewer stops nothing: {looked}");
    let answer = op.post(&format!("{run}/resume"), &[]).await?;
    assert_eq!(answer.status(), 303);
    assert!(said(&answer).contains("is%20being%20asked"), "{}", said(&answer));

    op.post(&format!("{run}/stop"), &[]).await?;
    let stopped = op.read(&run).await?;
    assert!(stopped.contains("Stopped by an operator"), "{stopped}");
    llm.release();
    nobody_at(&house, &run).await?;
    assert_eq!(llm.requests().len(), asked + CALLS / 2, "a turn began after the word to stop");
    assert_eq!(op.post(&format!("{run}/resume"), &[]).await?.status(), 303);
    let done = || async { Ok(op.read(&run).await?.contains(">Done<")) };
    until(PATIENCE, "it goes on to its end", done).await?;
    assert_eq!(llm.requests().len(), asked + CALLS, "no turn was asked twice");

    let log = raw(&house.it.database.superuser_url()).await?;
    let sql = "select action, detail->>'agent' from operator_log
                where tenant = 'acme' and action in ('replay.started', 'replay.stopped')";
    let told = log.query(sql, &[]).await?;
    let told: Vec<(String, String)> = told.iter().map(|it| (it.get(0), it.get(1))).collect();
    let count = |action: &str| told.iter().filter(|it| it.0 == action && it.1 == "mara").count();
    assert_eq!((count("replay.started"), count("replay.stopped")), (2, 1), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn a_request_that_comes_twice_makes_one_run_and_a_tenant_has_two_under_way()
-> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let op = people.of(Who::Operator)?;
    let llm = &house.it.llm;
    let asked = llm.requests().len();
    let held = || Behaviour { held: true, ..Behaviour::default() };
    llm.script([held()]);
    let list = format!("{MARA}/replays");
    let at_most = hidden(&op.read(&format!("{list}/new")).await?, "at_most")?;
    let form = [("at_most", &*at_most), ("sure", "yes")];
    let (one, other) = tokio::join!(op.post(&list, &form), op.post(&list, &form));
    let (begun, refused) = match (one?, other?) {
        (one, other) if one.status() == 303 => (one, other),
        (one, other) => (other, one),
    };
    assert_eq!((begun.status().as_u16(), refused.status().as_u16()), (303, 422));
    let refused = text_of(refused).await?;
    assert!(refused.contains("Its answers are being asked again already"), "{refused}");
    let run = begun.headers()["location"].to_str()?.to_owned();
    let log = raw(&house.it.database.superuser_url()).await?;
    let sql = "select count(*) from replay_run where agent_id = 'mara' and not of_tests";
    assert_eq!(log.query_one(sql, &[]).await?.get::<_, i64>(0), 2, "the furnished one and this");

    // Its tests are another matter, but a tenant has no third place.
    llm.held(1, PATIENCE).await?;
    llm.script([held()]);
    assert_eq!(op.post(&format!("{MARA}/tests/run"), &[("sure", "yes")]).await?.status(), 303);
    llm.held(2, PATIENCE).await?;
    let refused = op.post(&list, &form).await?;
    assert_eq!(refused.status(), 422);
    let refused = text_of(refused).await?;
    let want = "As many replays of this tenant as may be are under way";
    assert!(refused.contains(want), "{refused}");
    llm.release();
    nobody_at(&house, &run).await?;
    let over = || async { Ok(llm.requests().len() == asked + CALLS + 2) };
    until(PATIENCE, "the turns of one run, and the test with its judge", over).await?;
    Ok(())
}

#[tokio::test]
async fn a_run_whose_process_ended_says_so_and_goes_on() -> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let op = people.of(Who::Operator)?;
    let run = house.address("{run}");
    let asked = house.it.llm.requests().len();
    let broke = "update replay_run set state = 'open', ended_at_ms = null, held_until_ms = 0;
                 update replay_case set candidate = null where place = 0";
    raw(&house.it.database.superuser_url()).await?.batch_execute(broke).await?;
    let page = op.get(&run).await?;
    assert!(!page.headers().contains_key("refresh"), "nothing comes by itself");
    let page = page.text().await?;
    assert!(page.contains("It was interrupted") && page.contains("Go on"), "{page}");
    op.post(&format!("{run}/resume"), &[("more", "0")]).await?;
    let done = || async { Ok(op.read(&run).await?.contains(">Done<")) };
    until(PATIENCE, "it goes on to its end", done).await?;
    assert_eq!(house.it.llm.requests().len(), asked + 1, "what was missing, and nothing else");
    Ok(())
}

#[tokio::test]
async fn a_run_whose_cost_nobody_was_shown_goes_on_at_the_command_line_alone() -> anyhow::Result<()>
{
    let (house, people) = House::furnished().await?;
    let op = people.of(Who::Operator)?;
    let run = house.address("{run}");
    let asked = house.it.llm.requests().len();
    let log = raw(&house.it.database.superuser_url()).await?;
    let broke = "update replay_run set state = 'open', ended_at_ms = null, held_until_ms = 0;
                 update replay_case set candidate = null where place = 0";
    log.batch_execute(broke).await?;
    let page = op.read(&run).await?;
    assert!(page.contains("Go on; it may cost $"), "what is left of its budget: {page}");

    log.batch_execute("update replay_run set made_by = null, budget_micros = null").await?;
    let name = run.rsplit('/').next().unwrap_or_default();
    let command = format!("It has no budget: `konstruct replay shadow --resume {name} --budget");
    let page = op.read(&run).await?;
    assert!(page.contains(&command) && !page.contains(&format!("{run}/resume")), "{page}");
    let refused = op.post(&format!("{run}/resume"), &[("more", "0")]).await?;
    assert!(said(&refused).contains("It%20has%20no%20budget"), "{}", said(&refused));
    let sql = "select count(*) from replay_run where held_until_ms > 0";
    assert_eq!(log.query_one(sql, &[]).await?.get::<_, i64>(0), 0, "nobody took it up");
    assert_eq!(house.it.llm.requests().len(), asked, "nobody was asked");
    Ok(())
}

#[tokio::test]
async fn a_process_that_is_told_to_end_leaves_a_run_that_another_goes_on_with() -> anyhow::Result<()>
{
    let (mut house, people) = House::furnished().await?;
    let op = people.of(Who::Operator)?;
    let asked = house.it.llm.requests().len();
    house.it.llm.script([Behaviour { held: true, ..Behaviour::default() }]);
    let run = started(op).await?;
    house.it.llm.held(1, PATIENCE).await?;
    told_to_end(&house).await?;
    house.it.llm.release();
    assert!(house.it.ended("all").await?.success(), "{}", house.it.said("all"));
    assert_eq!(house.it.llm.requests().len(), asked + 1, "a call began after the word to end");
    let name = run.rsplit('/').next().unwrap_or_default();
    let (why, held, kept) = let_go(&house, name).await?;
    assert_eq!((why.as_str(), held), ("stopped: interrupted", 0), "nobody holds it");
    assert_eq!(kept, 1, "what was under way is paid for, and stands");

    house.it.run("all").await?;
    let page = op.get(&run).await?;
    assert!(!page.headers().contains_key("refresh"), "nothing comes by itself");
    let page = page.text().await?;
    assert!(page.contains("It was interrupted") && page.contains("Go on"), "{page}");
    assert_eq!(op.post(&format!("{run}/resume"), &[("more", "0")]).await?.status(), 303);
    let done = || async { Ok(op.read(&run).await?.contains(">Done<")) };
    until(PATIENCE, "it goes on to its end", done).await?;
    assert_eq!(house.it.llm.requests().len(), asked + CALLS, "each turn of both, once");
    Ok(())
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_off_and_its_test_is_asked_by_another_process()
-> anyhow::Result<()> {
    let (mut house, people) = House::furnished().await?;
    let (op, viewer) = (people.of(Who::Operator)?, people.of(Who::Viewer)?);
    let asked = house.it.llm.requests().len();
    let answer = || Behaviour::text("Your parcel comes on Friday.");
    let (held, verdict) = (Behaviour { held: true, ..answer() }, Behaviour::text("PASS\nPolite."));
    house.it.llm.script([held, answer(), verdict]);
    let started = op.post(&format!("{MARA}/tests/run"), &[("sure", "yes")]).await?;
    assert_eq!(started.status(), 303);
    house.it.llm.held(1, PATIENCE).await?;
    told_to_end(&house).await?;
    // Nobody releases it.
    assert!(house.it.ended("all").await?.success(), "{}", house.it.said("all"));
    let log = raw(&house.it.database.superuser_url()).await?;
    let sql = "select run_id from replay_run where of_tests";
    let name: String = log.query_one(sql, &[]).await?.get(0);
    let (why, held, kept) = let_go(&house, &name).await?;
    assert_eq!((why.as_str(), held, kept), ("stopped: interrupted", 0, 0));
    let reserved = "select count(*) from reservation where holder like 'replay-%'";
    assert_eq!(log.query_one(reserved, &[]).await?.get::<_, i64>(0), 0, "room for others");

    house.it.run("all").await?;
    let list = format!("{MARA}/tests");
    let page = viewer.read(&list).await?;
    assert!(page.contains("The last run was interrupted"), "{page}");
    assert!(page.contains("0 of 1 test of the draft asked"), "{page}");
    assert!(!page.contains("/tests/resume"), "a viewer goes on with nothing");
    let resume = format!("{MARA}/tests/resume");
    assert!(op.read(&list).await?.contains(&format!("action=\"{resume}\"")));
    assert_eq!(op.post(&resume, &[]).await?.status(), 303);
    let passes = || async { Ok(op.read(&list).await?.contains("Passes")) };
    until(PATIENCE, "the test passes", passes).await?;
    assert_eq!(house.it.llm.requests().len(), asked + 3, "the cut call, the answer and its judge");
    let over = || async { Ok(!op.get(&list).await?.headers().contains_key("refresh")) };
    until(PATIENCE, "the run is over", over).await?;
    let twice = op.post(&resume, &[]).await?;
    assert!(said(&twice).contains("nothing%20is%20left"), "{}", said(&twice));
    assert!(!op.read(&list).await?.contains("interrupted"), "nothing is left of that");
    let sql = "select detail->>'replay' from operator_log where action = 'replay.resumed'";
    let noted: String = log.query_one(sql, &[]).await?.get(0);
    assert_eq!(noted, name);
    Ok(())
}

#[tokio::test]
async fn an_answer_is_kept_as_a_test_and_removed() -> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let (op, viewer) = (people.of(Who::Operator)?, people.of(Who::Viewer)?);
    let conversation = op.read(&house.address("{conversation}")).await?;
    let keep = house.address("{keep}");
    assert!(conversation.contains(&format!("href=\"{keep}\"")), "{conversation}");
    let looked = viewer.read(&house.address("{conversation}")).await?;
    assert!(!looked.contains("Keep as a test"), "a viewer keeps nothing");

    let message = hidden(&op.read(&keep).await?, "message")?;
    let new = format!("{MARA}/tests/new");
    for (field, text, why) in [
        ("contains", "", "A test has 1 to 20 checks"),
        ("matches", "(", "A pattern cannot be read, or is too large"),
    ] {
        let answer = op.post(&new, &[("message", &*message), (field, text)]).await?;
        assert_eq!(answer.status(), 422);
        let page = answer.text().await?;
        assert!(page.contains(why), "{page}");
    }
    let form = [("message", &*message), ("lacks", "sorry"), ("calls", "order-status")];
    for _twice in 0..2 {
        assert_eq!(op.post(&new, &form).await?.status(), 303);
    }
    let list = viewer.read(&format!("{MARA}/tests")).await?;
    for shown in ["does not contain `sorry`", "calls the tool `order-status`", &*message] {
        assert!(list.contains(shown), "{shown}: {list}");
    }
    assert!(!list.contains("/remove"), "a viewer removes nothing");
    assert_eq!(
        list.matches("does not contain `sorry`").count(),
        1,
        "what comes twice is kept once"
    );

    let test = house.address("{test}");
    let elsewhere = format!("{}/remove", test.replace("/mara/", "/donau/"));
    let gone = op.post(&elsewhere, &[("sure", "yes")]).await?;
    assert!(said(&gone).contains("It%20was%20gone%20already"), "it is no test of that agent");
    assert!(op.read(&format!("{MARA}/tests")).await?.contains("contains `Friday`"));
    for _twice in 0..2 {
        let answer = op.post(&format!("{test}/remove"), &[("sure", "yes")]).await?;
        assert_eq!(answer.status(), 303);
    }
    let left = op.read(&format!("{MARA}/tests")).await?;
    assert!(!left.contains("contains `Friday`") && left.contains("sorry"), "{left}");
    Ok(())
}

#[tokio::test]
async fn an_agent_has_so_many_tests_in_pages_and_no_more() -> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let op = people.of(Who::Operator)?;
    let message = hidden(&op.read(&house.address("{keep}")).await?, "message")?;
    let more = "insert into saved_test
                select tenant_id, test_id || n, agent_id, message_id, frozen, checks, made_at_ms + n
                  from saved_test, generate_series(1, 199) n";
    let log = raw(&house.it.database.superuser_url()).await?;
    log.batch_execute(more).await?;
    let removable = |page: &str| page.matches("/remove\"").count();
    let first = op.read(&format!("{MARA}/tests")).await?;
    assert_eq!(removable(&first), 25);
    assert!(first.contains("/tests?from=25\"") && !first.contains("rel=\"prev\""), "{first}");
    let last = op.read(&format!("{MARA}/tests?from=9999")).await?;
    assert_eq!(removable(&last), 25);
    assert!(last.contains("/tests?from=150\"") && !last.contains("rel=\"next\""), "{last}");
    let one_more = [("message", &*message), ("contains", "carrier")];
    let refused = op.post(&format!("{MARA}/tests/new"), &one_more).await?;
    assert_eq!(refused.status(), 422);
    let refused = text_of(refused).await?;
    assert!(refused.contains("The agent has 200 tests, which is the most"), "{refused}");
    assert!(refused.contains(">\ncarrier</textarea>"), "what was typed comes back: {refused}");
    Ok(())
}

#[tokio::test]
async fn all_tests_are_run_and_each_says_what_came_of_it() -> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let (op, viewer) = (people.of(Who::Operator)?, people.of(Who::Viewer)?);
    let llm = &house.it.llm;
    let run = format!("{MARA}/tests/run");
    let list = format!("{MARA}/tests");
    let plan = op.read(&run).await?;
    assert!(plan.contains("Run 1 test") && plan.contains("to models at the most"), "{plan}");
    let asked = llm.requests().len();
    assert_eq!(op.post(&run, &[]).await?.status(), 422);
    assert_eq!(llm.requests().len(), asked, "nobody was asked without a word");

    // The furnished test wants both words, and a judge who finds it polite.
    let answer = Behaviour::text("Your parcel comes on Friday.");
    llm.script([Behaviour { held: true, ..answer }, Behaviour::text("PASS\nIt is polite.")]);
    assert_eq!(op.post(&run, &[("sure", "yes")]).await?.status(), 303);
    llm.held(1, PATIENCE).await?;
    let page = viewer.get(&list).await?;
    assert_eq!(page.headers()["refresh"], "5", "it shows by itself what comes");
    let page = page.text().await?;
    assert!(page.contains("The tests are being run") && !page.contains("Run them"), "{page}");
    assert!(!page.contains("contains `Friday`"), "without a word of anybody: {page}");
    let all = viewer.get(&format!("{list}?show=all")).await?;
    assert!(!all.headers().contains_key("refresh"), "nobody who reads loses their place");
    let all = text_of(all).await?;
    assert!(all.contains("contains `Friday`") && all.contains("The tests are being run"), "{all}");
    let twice = op.post(&run, &[("sure", "yes")]).await?;
    assert_eq!(twice.status(), 422);
    let twice = twice.text().await?;
    assert!(twice.contains("Its tests are being asked: wait until that is over"), "{twice}");
    llm.release();
    let passes = || async { Ok(viewer.read(&list).await?.contains("Passes")) };
    until(PATIENCE, "the test passes", passes).await?;
    let over = || async { Ok(!viewer.get(&list).await?.headers().contains_key("refresh")) };
    until(PATIENCE, "the run is over", over).await?;

    // The echo says nothing of a Friday; a judge who echoes has no verdict.
    assert_eq!(op.post(&run, &[("candidate", "published"), ("sure", "yes")]).await?.status(), 303);
    let fails = || async { Ok(viewer.read(&list).await?.contains("Fails: ")) };
    until(PATIENCE, "the test fails", fails).await?;
    let page = viewer.read(&list).await?;
    assert!(page.contains("Does not hold: contains `Friday`"), "{page}");
    assert_eq!(llm.requests().len(), asked + 2 * 2, "each time the answer and its judge");
    let replays = op.read(&format!("{MARA}/replays")).await?;
    assert_eq!(replays.matches("id=\"run-").count(), 1, "runs of tests are not among them");
    Ok(())
}

#[tokio::test]
async fn tests_stop_where_an_operator_says_so_and_both_ways_to_go_on_are_named()
-> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let (op, viewer) = (people.of(Who::Operator)?, people.of(Who::Viewer)?);
    let (llm, list) = (&house.it.llm, format!("{MARA}/tests"));
    let message = hidden(&op.read(&house.address("{keep}")).await?, "message")?;
    let second = [("message", &*message), ("contains", "echo")];
    assert_eq!(op.post(&format!("{list}/new"), &second).await?.status(), 303);
    let asked = llm.requests().len();
    llm.script([Behaviour { held: true, ..Behaviour::default() }]);
    assert_eq!(op.post(&format!("{list}/run"), &[("sure", "yes")]).await?.status(), 303);
    llm.held(1, PATIENCE).await?;
    assert!(op.read(&list).await?.contains("Stop them"));
    assert!(!viewer.read(&list).await?.contains("Stop them"), "a viewer stops nothing");
    let stop = format!("{list}/stop");
    let stopped = op.post(&stop, &[]).await?;
    assert!(said(&stopped).contains("They%20stop%20once"), "{}", said(&stopped));
    let twice = op.post(&stop, &[]).await?;
    assert!(said(&twice).contains("They%20had%20ended%20already"), "{}", said(&twice));
    llm.release();
    let log = raw(&house.it.database.superuser_url()).await?;
    let run = "select run_id from replay_run where of_tests";
    let run: String = log.query_one(run, &[]).await?.get(0);
    nobody_at(&house, &run).await?;
    assert_eq!(llm.requests().len(), asked + 2, "one test with its judge, and no other");
    let page = op.read(&list).await?;
    let command = format!("konstruct test --resume {run}");
    for shown in ["Stopped by an operator", "1 of 2 tests of the draft asked", &*command] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(page.contains("Go on; it may cost $"), "{page}");
    assert_eq!(op.post(&format!("{list}/resume"), &[]).await?.status(), 303);
    nobody_at(&house, &run).await?;
    assert_eq!(llm.requests().len(), asked + 3, "and what was missing");
    let sql = "select detail->>'replay' from operator_log where action = 'replay.stopped'";
    assert_eq!(log.query_one(sql, &[]).await?.get::<_, String>(0), run);
    Ok(())
}

/// Asks the process to end, and waits until its runs have heard it.
async fn told_to_end(house: &House) -> anyhow::Result<()> {
    let pid = house.it.pid("all").unwrap_or_default().to_string();
    let mut kill = tokio::process::Command::new("kill");
    anyhow::ensure!(kill.args(["-TERM", &pid]).status().await?.success(), "no process {pid}");
    let heard = || async { Ok(house.it.said("all").contains("letting go of replays")) };
    until(PATIENCE, "its runs heard it", heard).await
}

/// Why a run stopped, until when it is held, and how many turns of it have the candidate's answer.
async fn let_go(house: &House, run: &str) -> anyhow::Result<(String, i64, i64)> {
    let sql = "select why, held_until_ms,
                      (select count(candidate) from replay_case c where c.run_id = r.run_id)
                 from replay_run r where run_id = $1 and state = 'stopped'";
    let log = raw(&house.it.database.superuser_url()).await?;
    let row = log.query_one(sql, &[&run]).await?;
    Ok((row.get(0), row.get(1), row.get(2)))
}

/// Has the draft asked the last answers; the address of the run.
async fn started(op: &Visitor) -> anyhow::Result<String> {
    let at_most = hidden(&op.read(&format!("{MARA}/replays/new")).await?, "at_most")?;
    let form = [("at_most", &*at_most), ("sure", "yes")];
    let answer = op.post(&format!("{MARA}/replays"), &form).await?;
    anyhow::ensure!(answer.status() == 303, "{}", answer.text().await?);
    Ok(answer.headers()["location"].to_str()?.to_owned())
}

/// Waits until nobody asks a run any more.
async fn nobody_at(house: &House, run: &str) -> anyhow::Result<()> {
    let name = run.rsplit('/').next().unwrap_or_default();
    let log = raw(&house.it.database.superuser_url()).await?;
    let sql = "select held_until_ms = 0 from replay_run where run_id = $1";
    let free = || async { Ok(log.query_one(sql, &[&name]).await?.get::<_, bool>(0)) };
    until(PATIENCE, "nobody asks it", free).await
}

/// The first run of a list.
fn newest(list: &str) -> String {
    let (_, rest) = list.split_once(&format!("href=\"{MARA}/replays/acme-")).expect("a run");
    format!("{MARA}/replays/acme-{}", rest.split('"').next().unwrap_or_default())
}

/// What the next page says, as its cookie has it.
fn said(answer: &reqwest::Response) -> String {
    let cookies = answer.headers().get_all("set-cookie").iter();
    cookies.filter_map(|it| it.to_str().ok()).collect()
}
