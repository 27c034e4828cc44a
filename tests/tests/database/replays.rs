//! Replays: what is written of them stands, costs what it costs, and goes.

use domain::{config::OpenConfig, day::Day, seal::Sealing};
use konstruct_tests::postgres::raw;
use schemas::{
    AgentId, Text, Timestamp,
    usage::{Attempt, AttemptOutcome, Cost, MicroDollars, Usage},
};
use store::{
    Database,
    prune::prune,
    replays::{
        self, Calling, CaseTest, GarbledTest, NewCase, NewRun, NoRoom, Over, Part, SavedTest,
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

/// A run of two turns, one of which cannot be asked.
async fn made(db: &Database, slug: &str, budget_micros: Option<u64>, at: Timestamp) {
    let (tenant, agent) = (tenant(slug), mara());
    let config = OpenConfig::named("Mara").seal(&tenant, &agent, &Sealing::Off);
    let run = NewRun {
        id: "run",
        agent: &agent,
        candidate: "the draft",
        config: &config,
        baseline: true,
        judge: None,
        budget_micros,
        of_tests: false,
        at,
    };
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
    for words in ["first", "second"] {
        let tx = db.tenant(&acme).await.unwrap();
        replays::keep(tx, ("run", 0), Part::Candidate, &text(words)).await.unwrap();
    }
    let mut tx = db.tenant(&acme).await.unwrap();
    let cases = replays::cases(&mut tx, "run").await.unwrap();
    assert_eq!(cases[0].candidate, Some(text("first")));
    assert_eq!((&cases[0].baseline, &cases[0].frozen), (&None, &Some(text("frozen"))));
    assert_eq!(cases[1].unplayable.as_deref(), Some("erased"));

    replays::end(&mut tx, "run", Some("stopped by its budget"), at(5)).await.unwrap();
    let run = replays::find(&mut tx, "run").await.unwrap().unwrap();
    assert_eq!((run.state.as_str(), run.ended_at), ("stopped", Some(at(5))));
    assert_eq!((run.cases, run.unplayable, run.asked), (2, 1, 1));
    replays::open(&mut tx, "run", None).await.unwrap();
    let run = replays::find(&mut tx, "run").await.unwrap().unwrap();
    assert_eq!((run.state.as_str(), run.why, run.budget_micros), ("open", None, Some(10)));
    replays::open(&mut tx, "run", Some(20)).await.unwrap();
    replays::end(&mut tx, "run", None, at(6)).await.unwrap();
    let runs = replays::runs(&mut tx, 9).await.unwrap();
    assert_eq!((runs[0].state.as_str(), runs[0].budget_micros), ("done", Some(20)));
    tx.commit().await.unwrap();

    let mut tx = db.tenant(&tenant("beta")).await.unwrap();
    assert_eq!(replays::find(&mut tx, "run").await.unwrap(), None, "another tenant's");
    assert_eq!(replays::cases(&mut tx, "run").await.unwrap(), []);
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
    assert_eq!(replays::saved(&mut tx, &mara()).await.unwrap(), [Ok(test)]);
    assert!(replays::forget(&mut tx, "test").await.unwrap());
    assert!(!replays::forget(&mut tx, "test").await.unwrap());
}

#[tokio::test]
async fn a_turn_that_is_given_up_counts_as_that_and_not_as_asked() {
    let World { db, test: _kept, .. } = world().await;
    let acme = tenant("acme");
    made(&db, "acme", None, at(0)).await;
    let tx = db.tenant(&acme).await.unwrap();
    replays::keep(tx, ("run", 0), Part::Candidate, &text("first")).await.unwrap();
    let mut tx = db.tenant(&acme).await.unwrap();
    // The first reason stands.
    replays::give_up(&mut tx, "run", &[0, 1], "unreadable").await.unwrap();
    let cases = replays::cases(&mut tx, "run").await.unwrap();
    let reasons: Vec<_> = cases.iter().map(|case| case.unplayable.as_deref()).collect();
    assert_eq!(reasons, [Some("unreadable"), Some("erased")]);
    let run = replays::find(&mut tx, "run").await.unwrap().unwrap();
    assert_eq!((run.cases, run.unplayable, run.asked), (2, 2, 0));
}

/// More than goes into one statement.
#[tokio::test]
async fn a_large_run_of_tests_is_written_whole_and_in_order() {
    let World { db, test: _kept, .. } = world().await;
    let (acme, agent) = (tenant("acme"), mara());
    let config = OpenConfig::named("Mara").seal(&acme, &agent, &Sealing::Off);
    let run = NewRun {
        id: "run",
        agent: &agent,
        candidate: "the draft",
        config: &config,
        baseline: false,
        judge: None,
        budget_micros: None,
        of_tests: true,
        at: at(0),
    };
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
    let found = replays::saved(&mut tx, &mara()).await.unwrap();
    let one = GarbledTest { id: "one".to_owned(), message: message("m2"), made_at: at(1) };
    assert_eq!(found, [Err(one), Ok(test("two", 2))]);
}
