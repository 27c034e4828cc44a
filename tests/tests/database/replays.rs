//! Replays: what is written of them stands, costs what it costs, and goes.

use domain::{config::OpenConfig, day::Day, seal::Sealing};
use konstruct_tests::postgres::raw;
use schemas::{
    AgentConfig, AgentId, OperatorId, Text, Timestamp,
    usage::{Attempt, AttemptOutcome, Cost, MicroDollars, Usage},
};
use store::{
    Database,
    prune::prune,
    replays::{
        self, After, At, Calling, CaseTest, GarbledTest, Hold, LastAsked, NewCase, NewRun, NoRoom,
        Over, Part, SavedTest, Which,
    },
    trials,
    views::usage::{self, Group},
};

use crate::{World, at, message, tenant, world};

const DAY_MS: i64 = 24 * 3_600_000;

fn mara() -> AgentId {
    "mara".parse().unwrap()
}

fn text(words: &str) -> Text {
    Text::Plain(words.to_owned())
}

fn of_draft<'a>(agent: &'a AgentId, config: &'a AgentConfig) -> NewRun<'a> {
    NewRun {
        id: "run",
        agent,
        candidate: "the draft",
        config,
        baseline: false,
        judge: None,
        budget_micros: None,
        made_by: None,
        of_tests: false,
        at: at(0),
    }
}

/// A run of two turns, one of which cannot be asked.
async fn made(db: &Database, slug: &str, budget_micros: Option<u64>, at: Timestamp) {
    let (tenant, agent) = (tenant(slug), mara());
    let config = OpenConfig::named("Mara").seal(&tenant, &agent, &Sealing::Off);
    let run = NewRun { baseline: true, budget_micros, at, ..of_draft(&agent, &config) };
    let cases = [
        NewCase { message: message("m2"), frozen: Ok(text("frozen")), test: None },
        NewCase { message: message("m1"), frozen: Err("erased"), test: None },
    ];
    let mut tx = db.tenant(&tenant).await.unwrap();
    replays::make(&mut tx, &run, &cases).await.unwrap();
    tx.commit().await.unwrap();
}

fn calling(agent: &AgentId, worst_micros: u64) -> Calling<'_> {
    let day = Day::of(at(0));
    Calling { run: Some("run"), day, agent, model: "m", worst_micros, call: None }
}

fn over(attempts: &[Attempt], correction_micros: i64) -> Over<'_> {
    Over { holder: "holder", attempts, correction_micros }
}

fn attempt(cost: Option<u64>) -> Attempt {
    let usage = Usage { input_tokens: Some(7), output_tokens: Some(3), ..Usage::default() };
    Attempt {
        index: 0,
        deployment: "quality/a".to_owned(),
        vendor: "openai".to_owned(),
        model: "m".to_owned(),
        outcome: AttemptOutcome::Completed,
        latency_ms: 5,
        first_token_ms: None,
        usage: Some(usage),
        cost: Cost { amount: cost.map(MicroDollars), price_version: "test".to_owned() },
    }
}

#[tokio::test]
async fn the_first_word_on_a_turn_stands_and_a_run_ends_and_goes_on() {
    let World { db, test: _kept, .. } = world().await;
    let acme = tenant("acme");
    made(&db, "acme", Some(10), at(0)).await;
    for (words, differs) in [("first", true), ("second", false)] {
        let tx = db.tenant(&acme).await.unwrap();
        let part = Part::Candidate { differs };
        replays::keep(tx, ("run", 0), part, &text(words)).await.unwrap();
    }
    let mut tx = db.tenant(&acme).await.unwrap();
    let cases = replays::cases(&mut tx, "run").await.unwrap();
    assert_eq!(cases[0].candidate, Some(text("first")));
    assert_eq!((&cases[0].baseline, &cases[0].frozen), (&None, &Some(text("frozen"))));
    assert_eq!(cases[1].unplayable.as_deref(), Some("erased"));

    let of = |holder| At { run: "run", holder };
    assert!(replays::take(&mut tx, of("first"), None, (at(0), at(4))).await.unwrap());
    let why = Some("stopped by its budget");
    assert!(replays::end(&mut tx, of("first"), why, at(5)).await.unwrap());
    let run = replays::find(&mut tx, "run").await.unwrap().unwrap();
    assert_eq!((run.state.as_str(), run.ended_at), ("stopped", Some(at(5))));
    assert_eq!((run.cases, run.unplayable, run.asked, run.differ), (2, 1, 1, Some(1)));
    assert!(replays::take(&mut tx, of("second"), None, (at(5), at(9))).await.unwrap());
    let run = replays::find(&mut tx, "run").await.unwrap().unwrap();
    assert_eq!((run.state.as_str(), run.why, run.budget_micros), ("open", None, Some(10)));
    let third = replays::take(&mut tx, of("third"), Some(20), (at(8), at(19))).await.unwrap();
    assert!(!third, "it is held");
    assert!(replays::take(&mut tx, of("third"), Some(20), (at(9), at(19))).await.unwrap());
    assert!(
        !replays::end(&mut tx, of("second"), None, at(9)).await.unwrap(),
        "not theirs any more"
    );
    assert!(replays::end(&mut tx, of("third"), None, at(6)).await.unwrap());
    let runs = replays::runs(&mut tx, 9).await.unwrap();
    assert_eq!((runs[0].state.as_str(), runs[0].budget_micros), ("done", Some(20)));
    tx.commit().await.unwrap();

    let mut tx = db.tenant(&tenant("beta")).await.unwrap();
    assert_eq!(replays::find(&mut tx, "run").await.unwrap(), None, "another tenant's");
    assert_eq!(replays::cases(&mut tx, "run").await.unwrap(), []);
}

#[tokio::test]
async fn whoever_is_at_a_run_hears_that_it_was_stopped_and_holds_it_until_they_end_it() {
    let World { db, test: _kept, .. } = world().await;
    made(&db, "acme", None, at(0)).await;
    let mut tx = db.tenant(&tenant("acme")).await.unwrap();
    let (one, two) = (At { run: "run", holder: "one" }, At { run: "run", holder: "two" });
    assert!(replays::take(&mut tx, one, None, (at(0), at(10))).await.unwrap());
    assert_eq!(replays::hold(&mut tx, one, at(20)).await.unwrap(), Hold::Open);
    let run = replays::find(&mut tx, "run").await.unwrap().unwrap();
    assert_eq!((run.is_held(at(19)), run.is_held(at(20))), (true, false));

    assert!(replays::stop(&mut tx, "run", "stopped by an operator", at(11)).await.unwrap());
    assert!(!replays::stop(&mut tx, "run", "again", at(12)).await.unwrap(), "it is not open");
    assert_eq!(replays::hold(&mut tx, one, at(30)).await.unwrap(), Hold::Stopped);
    assert!(!replays::take(&mut tx, two, None, (at(29), at(40))).await.unwrap(), "still held");
    let why = Some("stopped by an operator");
    assert!(replays::end(&mut tx, one, why, at(13)).await.unwrap());
    assert!(replays::take(&mut tx, two, None, (at(14), at(40))).await.unwrap());
    // Whoever was held up meanwhile is told, and takes nothing from whoever is at it now.
    assert_eq!(replays::hold(&mut tx, one, at(90)).await.unwrap(), Hold::Lost);
    assert!(!replays::end(&mut tx, one, None, at(15)).await.unwrap());
    let run = replays::find(&mut tx, "run").await.unwrap().unwrap();
    assert_eq!((run.state.as_str(), run.held_until), ("open", at(40)));
    tx.commit().await.unwrap();

    let mut tx = db.tenant(&tenant("beta")).await.unwrap();
    assert_eq!(replays::hold(&mut tx, two, at(90)).await.unwrap(), Hold::Lost, "another tenant's");
    assert!(!replays::stop(&mut tx, "run", "no", at(90)).await.unwrap(), "another tenant's");
    assert!(!replays::take(&mut tx, two, None, (at(90), at(99))).await.unwrap());
}

#[tokio::test]
async fn of_two_who_begin_with_an_agent_at_once_one_does() {
    let World { db, test: _kept, .. } = world().await;
    let acme = tenant("acme");
    made(&db, "acme", None, at(0)).await;
    let mut first = db.tenant(&acme).await.unwrap();
    assert!(replays::may_begin(&mut first, (&mara(), false), at(1)).await.unwrap());
    let of = At { run: "run", holder: "first" };
    assert!(replays::take(&mut first, of, None, (at(1), at(9))).await.unwrap());
    let second = async |of_tests: bool, now: i64| {
        let mut tx = db.tenant(&acme).await.unwrap();
        replays::may_begin(&mut tx, (&mara(), of_tests), at(now)).await.unwrap()
    };
    let (may_second, ()) = tokio::join!(second(false, 2), async { first.commit().await.unwrap() });
    assert!(!may_second, "it waited, and hears of the first");
    assert!(second(true, 2).await, "tests are another matter");
    assert!(second(false, 9).await, "whoever was at it is gone");
    let mut tx = db.tenant(&acme).await.unwrap();
    let noor = "noor".parse().unwrap();
    assert!(replays::may_begin(&mut tx, (&noor, false), at(2)).await.unwrap());
}

#[tokio::test]
async fn an_agents_runs_come_in_pages_and_none_twice() {
    let World { db, test: _kept, .. } = world().await;
    let (acme, agent) = (tenant("acme"), mara());
    let config = OpenConfig::named("Mara").seal(&acme, &agent, &Sealing::Off);
    let ada: OperatorId = "o1".parse().unwrap();
    let mut tx = db.tenant(&acme).await.unwrap();
    for (id, made) in [("a", 1), ("b", 2), ("c", 2), ("d", 3)] {
        let made_by = Some(&ada);
        let run = NewRun { id, made_by, at: at(made), ..of_draft(&agent, &config) };
        replays::make(&mut tx, &run, &[]).await.unwrap();
        let id = format!("tests-{id}");
        let tests = NewRun { id: &id, of_tests: true, ..run };
        replays::make(&mut tx, &tests, &[]).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut last: Option<replays::RunRow> = None;
    loop {
        let after = last.as_ref().map(|it| After { made_at: it.made_at, run: &it.id });
        let page = replays::of_agent(&mut tx, &agent, after, 2).await.unwrap();
        let Some(end) = page.last().cloned() else { break };
        seen.extend(page.into_iter().map(|it| (it.id, it.made_by)));
        last = Some(end);
    }
    let want = ["d", "b", "c", "a"].map(|id| (id.to_owned(), Some(ada.clone())));
    assert_eq!(seen, want);
    let other = "noor".parse().unwrap();
    assert_eq!(replays::of_agent(&mut tx, &other, None, 9).await.unwrap(), []);
    let newest = replays::newest_of_tests(&mut tx, &agent).await.unwrap().unwrap();
    assert_eq!((newest.id.as_str(), newest.of_tests), ("tests-d", true), "and of tests, one");
    assert_eq!(replays::newest_of_tests(&mut tx, &other).await.unwrap(), None);
}

#[tokio::test]
async fn a_run_costs_no_more_than_it_may_and_what_is_not_used_is_room_again() {
    let World { db, test: _kept, .. } = world().await;
    let (acme, agent) = (tenant("acme"), mara());
    made(&db, "acme", Some(10), at(0)).await;
    let start = async |worst| {
        let tx = db.tenant(&acme).await.unwrap();
        replays::starting(tx, calling(&agent, worst), over(&[], 0)).await.unwrap()
    };
    let end = async |attempt: Attempt, correction| {
        let tx = db.tenant(&acme).await.unwrap();
        replays::ended(tx, calling(&agent, 0), over(&[attempt], correction)).await.unwrap();
    };
    let spent = async || {
        let mut tx = db.tenant(&acme).await.unwrap();
        replays::find(&mut tx, "run").await.unwrap().unwrap().spent_micros
    };
    assert_eq!(start(11).await, Err(NoRoom::Run));
    assert_eq!((start(8).await, spent().await), (Ok(()), 8));
    assert_eq!(start(3).await, Err(NoRoom::Run));
    end(attempt(Some(6)), -2).await;
    assert_eq!((spent().await, start(4).await), (6, Ok(())));
    // Nobody knows what it cost: it counts at its worst.
    end(attempt(None), 0).await;
    assert_eq!(spent().await, 10);

    let day = Day::of(at(0));
    let mut tx = db.tenant(&acme).await.unwrap();
    assert_eq!(trials::calls(&mut tx, day).await.unwrap(), 0, "they are no trials");
    let lines = usage::of_tenant(&mut tx, Group::Version, day, day).await.unwrap();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    let counts = line.counts;
    assert_eq!((line.key.as_str(), counts.messages, counts.unpriced), ("mara replay", 0, 1));
    assert_eq!((counts.input_tokens, counts.output_tokens, counts.cost_micros), (14, 6, 6));
    let lines = usage::of_tenant(&mut tx, Group::Agent, day, day).await.unwrap();
    assert_eq!((lines[0].key.as_str(), lines[0].counts.cost_micros), ("mara", 6));
}

#[tokio::test]
async fn what_calls_cost_takes_the_place_of_their_worst_before_the_next_of_their_request() {
    let World { db, test: _kept, .. } = world().await;
    let (acme, agent) = (tenant("acme"), mara());
    made(&db, "acme", Some(10), at(0)).await;
    let start = async |over: Over<'_>| {
        let tx = db.tenant(&acme).await.unwrap();
        replays::starting(tx, calling(&agent, 8), over).await.unwrap()
    };
    let spent = async || {
        let mut tx = db.tenant(&acme).await.unwrap();
        replays::find(&mut tx, "run").await.unwrap().unwrap().spent_micros
    };
    assert_eq!(start(over(&[], 0)).await, Ok(()));
    let first = [attempt(Some(5))];
    assert_eq!(start(over(&first, -3)).await, Err(NoRoom::Run));
    assert_eq!(spent().await, 8, "what is refused corrects nothing");
    let first = [attempt(Some(1))];
    assert_eq!((start(over(&first, -7)).await, spent().await), (Ok(()), 9));
    // One that cost more than was guessed counts for what it cost.
    let both = [attempt(Some(1)), attempt(Some(11))];
    let tx = db.tenant(&acme).await.unwrap();
    replays::ended(tx, calling(&agent, 0), over(&both, 3)).await.unwrap();
    assert_eq!(spent().await, 12);
}

#[tokio::test]
async fn a_trial_and_a_replay_of_a_day_are_told_apart() {
    let World { db, test: _kept, .. } = world().await;
    let (acme, agent, day) = (tenant("acme"), mara(), Day::of(at(0)));
    let tx = db.tenant(&acme).await.unwrap();
    trials::starting(tx, (day, &agent), "m", None).await.unwrap().unwrap();
    let tx = db.tenant(&acme).await.unwrap();
    trials::ended(tx, (day, &agent), "trial", &[attempt(Some(5))]).await.unwrap();
    let tx = db.tenant(&acme).await.unwrap();
    let test = Calling { run: None, ..calling(&agent, 9) };
    replays::starting(tx, test, over(&[], 0)).await.unwrap().unwrap();
    let tx = db.tenant(&acme).await.unwrap();
    replays::ended(tx, test, over(&[attempt(Some(4))], 0)).await.unwrap();
    let mut tx = db.tenant(&acme).await.unwrap();
    let lines = usage::of_tenant(&mut tx, Group::Version, day, day).await.unwrap();
    let told: Vec<_> = lines.iter().map(|it| (it.key.as_str(), it.counts.cost_micros)).collect();
    assert_eq!(told, [("mara draft", 5), ("mara replay", 4)]);
    assert_eq!(trials::calls(&mut tx, day).await.unwrap(), 1);
    let all = usage::of_tenant(&mut tx, Group::Day, day, day).await.unwrap();
    assert_eq!((all.len(), all[0].counts.cost_micros), (1, 9));
}

#[tokio::test]
async fn a_replay_goes_with_its_turns_after_31_days_and_a_test_stays() {
    let World { db, platform, test: _kept, .. } = world().await;
    let acme = tenant("acme");
    made(&db, "acme", None, at(0)).await;
    let test = SavedTest {
        id: "test".to_owned(),
        message: message("m2"),
        frozen: text("frozen"),
        checks: text("checks"),
        made_at: at(0),
    };
    let mut tx = db.tenant(&acme).await.unwrap();
    replays::save(&mut tx, &mara(), &test).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(prune(&platform, "test", at(30 * DAY_MS)).await.unwrap().replays, 0);
    assert_eq!(prune(&platform, "test", at(32 * DAY_MS)).await.unwrap().replays, 1);
    let mut tx = db.tenant(&acme).await.unwrap();
    assert_eq!(replays::runs(&mut tx, 9).await.unwrap(), []);
    assert_eq!(replays::cases(&mut tx, "run").await.unwrap(), []);
    assert_eq!(replays::saved(&mut tx, &mara(), Which::All).await.unwrap(), [Ok(test)]);
    let noor = "noor".parse().unwrap();
    assert!(!replays::forget(&mut tx, Some(&noor), "test").await.unwrap(), "another agent's");
    assert!(replays::forget(&mut tx, Some(&mara()), "test").await.unwrap());
    assert!(!replays::forget(&mut tx, None, "test").await.unwrap());
}

#[tokio::test]
async fn a_turn_that_is_given_up_counts_as_that_and_not_as_asked() {
    let World { db, test: _kept, .. } = world().await;
    let acme = tenant("acme");
    made(&db, "acme", None, at(0)).await;
    let tx = db.tenant(&acme).await.unwrap();
    replays::keep(tx, ("run", 0), Part::Candidate { differs: true }, &text("first")).await.unwrap();
    let mut tx = db.tenant(&acme).await.unwrap();
    // The first reason stands.
    replays::give_up(&mut tx, "run", &[0, 1], "unreadable").await.unwrap();
    let cases = replays::cases(&mut tx, "run").await.unwrap();
    let reasons: Vec<_> = cases.iter().map(|case| case.unplayable.as_deref()).collect();
    assert_eq!(reasons, [Some("unreadable"), Some("erased")]);
    let run = replays::find(&mut tx, "run").await.unwrap().unwrap();
    assert_eq!((run.cases, run.unplayable, run.asked, run.differ), (2, 2, 0, Some(0)));
}

/// More than goes into one statement.
#[tokio::test]
async fn a_large_run_of_tests_is_written_whole_and_in_order() {
    let World { db, test: _kept, .. } = world().await;
    let (acme, agent) = (tenant("acme"), mara());
    let config = OpenConfig::named("Mara").seal(&acme, &agent, &Sealing::Off);
    let run = NewRun { of_tests: true, ..of_draft(&agent, &config) };
    let case = |nth: usize| NewCase {
        message: message(&format!("m{nth}")),
        frozen: Ok(text(&format!("{nth} {}", "x".repeat(300_000)))),
        test: Some(CaseTest {
            id: format!("test{nth}"),
            checks: Some(text(&format!("checks {nth}"))),
        }),
    };
    let cases: Vec<_> = (0..12).map(case).collect();
    let mut tx = db.tenant(&acme).await.unwrap();
    replays::make(&mut tx, &run, &cases).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.tenant(&acme).await.unwrap();
    let found = replays::cases(&mut tx, "run").await.unwrap();
    assert_eq!(found.len(), 12);
    for ((found, case), place) in found.iter().zip(&cases).zip(0..) {
        assert_eq!((found.place, &found.message), (place, &case.message));
        assert_eq!((found.frozen.as_ref(), &found.test), (case.frozen.as_ref().ok(), &case.test));
    }
    assert!(replays::find(&mut tx, "run").await.unwrap().unwrap().of_tests);

    // Of one whose words are erased it is still known which test it was.
    replays::erase_case(&mut tx, ("run", 3)).await.unwrap();
    let found = replays::cases(&mut tx, "run").await.unwrap().swap_remove(3);
    assert_eq!((found.frozen, found.unplayable.as_deref()), (None, Some("erased")));
    assert_eq!(found.test, Some(CaseTest { id: "test3".to_owned(), checks: None }));
}

#[tokio::test]
async fn who_saves_a_test_hears_of_those_that_there_are() {
    let World { db, test: _kept, .. } = world().await;
    let test = |id: &str, of: &str| SavedTest {
        id: id.to_owned(),
        message: message(of),
        frozen: text("frozen"),
        checks: text(id),
        made_at: at(0),
    };
    let mut tx = db.tenant(&tenant("acme")).await.unwrap();
    for test in [test("one", "m1"), test("two", "m2"), test("three", "m2")] {
        replays::save(&mut tx, &mara(), &test).await.unwrap();
    }
    let found = replays::before_saving(&mut tx, &mara(), &message("m2")).await.unwrap();
    let of = |id: &str| (id.to_owned(), text(id));
    assert_eq!(found, (3, vec![of("three"), of("two")]));
    let some = Which::Some { after: 1, most: 1 };
    let found = replays::saved(&mut tx, &mara(), some).await.unwrap();
    assert_eq!(found, [Ok(test("three", "m2"))], "in the order of their names");
    let found = replays::saved(&mut tx, &mara(), Which::One("two")).await.unwrap();
    assert_eq!(found, [Ok(test("two", "m2"))]);
    let noor = "noor".parse().unwrap();
    assert_eq!(replays::saved(&mut tx, &noor, Which::One("two")).await.unwrap(), []);
    let found = replays::before_saving(&mut tx, &noor, &message("m2")).await.unwrap();
    assert_eq!(found, (0, Vec::new()));
    tx.commit().await.unwrap();
    let mut tx = db.tenant(&tenant("beta")).await.unwrap();
    assert_eq!(replays::count_saved(&mut tx, &mara()).await.unwrap(), 0, "another tenant's");
}

#[tokio::test]
async fn a_garbled_test_hides_no_other() {
    let World { db, test: database, .. } = world().await;
    let acme = tenant("acme");
    let test = |id: &str, millis| SavedTest {
        id: id.to_owned(),
        message: message("m2"),
        frozen: text("frozen"),
        checks: text("checks"),
        made_at: at(millis),
    };
    let mut tx = db.tenant(&acme).await.unwrap();
    for test in [test("one", 1), test("two", 2)] {
        replays::save(&mut tx, &mara(), &test).await.unwrap();
    }
    tx.commit().await.unwrap();
    let admin = raw(&database.superuser_url()).await.unwrap();
    let garbled = "update saved_test set frozen = '7' where test_id = 'one'";
    assert_eq!(admin.execute(garbled, &[]).await.unwrap(), 1);
    let mut tx = db.tenant(&acme).await.unwrap();
    let found = replays::saved(&mut tx, &mara(), Which::All).await.unwrap();
    let one = GarbledTest { id: "one".to_owned(), message: message("m2"), made_at: at(1) };
    assert_eq!(found, [Err(one), Ok(test("two", 2))]);
}

/// A run of one test, called as the run is.
async fn made_of_test(db: &Database, id: &str, at: Timestamp) {
    let (acme, agent) = (tenant("acme"), mara());
    let config = OpenConfig::named("Mara").seal(&acme, &agent, &Sealing::Off);
    let run = NewRun { id, candidate: id, of_tests: true, at, ..of_draft(&agent, &config) };
    let test = CaseTest { id: "test".to_owned(), checks: Some(text("checks")) };
    let case = NewCase { message: message("m2"), frozen: Ok(text("frozen")), test: Some(test) };
    let mut tx = db.tenant(&acme).await.unwrap();
    replays::make(&mut tx, &run, &[case]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_test_has_the_word_of_the_newest_run_that_says_anything_of_it() {
    let World { db, test: _kept, .. } = world().await;
    let acme = tenant("acme");
    for (id, made) in [("first", 1), ("second", 2)] {
        made_of_test(&db, id, at(made)).await;
    }
    for (part, words) in [(Part::Candidate { differs: true }, "said"), (Part::Verdict, "checked")] {
        let tx = db.tenant(&acme).await.unwrap();
        replays::keep(tx, ("first", 0), part, &text(words)).await.unwrap();
    }
    let first = LastAsked {
        test: "test".to_owned(),
        candidate: "first".to_owned(),
        why: None,
        outcome: Some(text("said")),
        checked: Some(text("checked")),
        asked_at: at(1),
    };
    let mut tx = db.tenant(&acme).await.unwrap();
    assert_eq!(replays::last_asked(&mut tx, &mara()).await.unwrap(), [first]);
    assert!(!replays::is_tested(&mut tx, &mara(), at(5)).await.unwrap(), "nobody is at it");

    let second = At { run: "second", holder: "one" };
    assert!(replays::take(&mut tx, second, None, (at(5), at(9))).await.unwrap());
    assert!(replays::is_tested(&mut tx, &mara(), at(8)).await.unwrap());
    assert!(!replays::is_tested(&mut tx, &mara(), at(9)).await.unwrap(), "whoever was is gone");
    assert!(replays::end(&mut tx, second, Some("stopped by its budget"), at(7)).await.unwrap());
    assert!(!replays::is_tested(&mut tx, &mara(), at(8)).await.unwrap());
    let last = replays::last_asked(&mut tx, &mara()).await.unwrap();
    let [last] = &last[..] else { panic!("{last:?}") };
    assert_eq!((last.candidate.as_str(), &last.outcome, &last.checked), ("second", &None, &None));
    assert_eq!(last.why.as_deref(), Some("stopped by its budget"));
    let other = "noor".parse().unwrap();
    assert_eq!(replays::last_asked(&mut tx, &other).await.unwrap(), []);
    tx.commit().await.unwrap();
    let mut tx = db.tenant(&tenant("beta")).await.unwrap();
    assert_eq!(replays::last_asked(&mut tx, &mara()).await.unwrap(), [], "another tenant's");
}
