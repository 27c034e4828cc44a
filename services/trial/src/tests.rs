//! Drafts that are tried, with the real router, and a vendor that is played.

use std::{collections::BTreeMap, sync::Arc};

use domain::day::Day;
use domain::{
    access::{PlatformRole, TenantRole},
    budget::{Budgets, Scope},
    config::{OpenConfig, OpenRule, OpenTrigger},
    prompt::Speaker,
};
use konstruct_tests::{
    fake_llm::{Behaviour, FakeLlm, Fault},
    postgres::TestDatabase,
    wait::until,
};
use providers::{ClientSettings, Router, client};
use schemas::{
    BudgetPeriod,
    usage::{AttemptOutcome, MicroDollars},
};
use store::{
    spend, trials,
    views::usage::{self, Group},
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn person(text: &str) -> (Speaker, String) {
    (Speaker::Person { id: "ada".to_owned(), name: Some("Ada".to_owned()) }, text.to_owned())
}

fn agent(text: &str) -> (Speaker, String) {
    (Speaker::Agent, text.to_owned())
}

fn input(newest: &str) -> TrialInput {
    let mut config = OpenConfig::named("Mara");
    config.system_prompt = "Never mention the moon.".to_owned();
    TrialInput {
        config,
        agent: "mara".parse().unwrap(),
        tenant_name: "Acme Ltd".to_owned(),
        status: TenantStatus::Active,
        budgets: Budgets::default(),
        history: vec![person("hi"), agent("hello")],
        newest: person(newest),
        at: NOW,
    }
}

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn operator(role: TenantRole) -> Principal {
    Principal {
        operator: "ada".parse().unwrap(),
        via: "portal",
        platform: None,
        tenants: BTreeMap::from([(acme(), role)]),
    }
}

/// A trial with its database, which goes with its value, and its vendor.
async fn trial() -> (World, FakeLlm) {
    trial_within(Bounds::default()).await
}

struct World {
    trial: Trial,
    db: Database,
    _database: TestDatabase,
}

impl std::ops::Deref for World {
    type Target = Trial;

    fn deref(&self) -> &Trial {
        &self.trial
    }
}

impl World {
    /// What the tenant's trials used: calls, those of unknown cost, tokens in and out, cost.
    async fn used(&self) -> [u64; 4] {
        let day = Day::of(NOW);
        let mut tx = self.db.tenant(&acme()).await.unwrap();
        let calls = trials::calls(&mut tx, day).await.unwrap();
        let rows = usage::of_tenant(&mut tx, Group::Version, day, day).await.unwrap();
        let [line] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!(line.key, "mara draft");
        let counts = line.counts;
        assert_eq!((counts.messages, counts.answered), (0, 0), "a trial is no message");
        [calls, counts.unpriced, counts.input_tokens + counts.output_tokens, counts.cost_micros]
    }
}

async fn trial_within(bounds: Bounds) -> (World, FakeLlm) {
    // The second test in this process finds it installed, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let fake = FakeLlm::start().await.unwrap();
    let models = format!(
        "[[models.quality]]\nname = 'a'\nvendor = 'openai'\nmodel = 'm'\n\
         base_url = '{}/v1'\n[retries]\npause_ms = 1\npause_ms_max = 2\n\
         [prices]\nversion = 'test'\n\
         [[prices.models]]\nvendor = 'openai'\nmodel = 'm'\ninput = 1_000_000\n\
         output = 2_000_000\nsource = 'test'\nas_of = '2026-11-21'\n",
        fake.url()
    );
    let models = providers::Models::from_toml(&models, &|_| None).unwrap();
    let router = Router::from_config(&models, client(&ClientSettings::default()).unwrap());
    let database = TestDatabase::create().await.unwrap();
    let db = database.database().await.unwrap();
    let trial = Trial::new(Models::alone(Arc::new(router)), db.clone(), bounds);
    (World { trial, db, _database: database }, fake)
}

async fn ask(trial: &Trial, input: TrialInput) -> Result<TrialAnswer, TrialError> {
    let operator = operator(TenantRole::Operator);
    trial.answer(&operator, &acme(), input, |_| {}).await
}

#[tokio::test]
async fn a_draft_answers_as_it_would_in_slack() {
    let (trial, fake) = trial().await;
    let mut shown = String::new();
    let on = |delta| match delta {
        Delta::Text(more) => shown.push_str(&more),
        Delta::Restart => shown.clear(),
    };
    let ada = operator(TenantRole::Operator);
    let answer = trial.answer(&ada, &acme(), input("what is new?"), on).await.unwrap();
    assert_eq!((answer.text.as_str(), shown.as_str()), ("echo: what is new?", &*answer.text));
    assert_eq!((answer.deployment.as_str(), answer.model.as_str()), ("quality/a", "m"));
    assert_eq!(answer.builder, BUILDER_VERSION);
    let sent = &fake.requests()[0];
    let built = prompt::build(PromptInput {
        agent: &input("").config,
        tenant_name: "Acme Ltd",
        history: &input("x").talk().unwrap().history,
        newest: &input("what is new?").talk().unwrap().newest,
        older_exist: false,
        budget_tokens: THREAD_TOKENS_MAX,
        may_hand_over: false,
    });
    assert_eq!(sent.system(), built.system, "what the model was shown is what people's models are");
    assert_eq!(sent.system(), answer.prompt.system);
    assert!(sent.system().contains("Never mention the moon."));
    let turns = [("user", "hi"), ("assistant", "hello"), ("user", "what is new?")];
    assert_eq!(sent.turns(), turns);
    let usage = answer.usage.unwrap();
    let words = sent.system().split_whitespace().count() + 5;
    assert_eq!(usage.input_tokens, Some(words as u64));
    let cost = words as u64 + 2 * 4;
    assert_eq!(answer.cost.amount, Some(MicroDollars(cost)));
    assert!(answer.first_token_ms.unwrap() <= answer.latency_ms);
    assert_eq!(trial.used().await, [1, 0, words as u64 + 4, cost], "the tenant sees what it cost");
}

#[tokio::test]
async fn a_draft_is_not_told_of_a_tool_that_it_does_not_have() {
    let (trial, fake) = trial().await;
    let mut asked = input("a human, please");
    let when = OpenTrigger::AskedForHuman;
    asked.config.escalation = vec![OpenRule { when, to_channel: "C1".to_owned() }];
    let ada = operator(TenantRole::Operator);
    trial.answer(&ada, &acme(), asked, |_| {}).await.unwrap();
    let sent = &fake.requests()[0];
    assert!(!sent.system().contains("hand_off_to_human"), "{}", sent.system());
    assert!(sent.body.get("tools").is_none());
}

#[tokio::test]
async fn only_who_designs_agents_of_the_tenant_may_try_one() {
    let (trial, fake) = trial().await;
    let beta = "beta".parse().unwrap();
    let engineer = Principal {
        platform: Some(PlatformRole::Engineer),
        tenants: BTreeMap::new(),
        ..operator(TenantRole::Viewer)
    };
    let cases = [
        (operator(TenantRole::Viewer), acme(), Denied::Forbidden),
        (operator(TenantRole::Operator), beta, Denied::NotFound),
        (engineer, acme(), Denied::Forbidden),
    ];
    for (who, tenant, want) in cases {
        let denied = trial.answer(&who, &tenant, input("hi"), |_| {}).await.unwrap_err();
        assert!(matches!(denied, TrialError::Denied(denied) if denied == want), "{denied:?}");
    }
    assert_eq!(fake.requests(), [], "nobody was asked");
}

#[tokio::test]
async fn texts_are_bounded_and_old_turns_left_out() {
    let (trial, fake) = trial().await;
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    assert!(matches!(ask(&trial, input(&long)).await, Err(TrialError::TooLong)));
    let history = vec![agent(&long)];
    let said_before = TrialInput { history, ..input("hi") };
    assert!(matches!(ask(&trial, said_before).await, Err(TrialError::TooLong)));
    assert!(matches!(ask(&trial, input(" \n")).await, Err(TrialError::Empty)));
    assert_eq!(fake.requests(), []);

    let history = (0..HISTORY_MAX + 2).map(|n| person(&format!("turn-{n}."))).collect();
    let answer = ask(&trial, TrialInput { history, ..input("hi") }).await.unwrap();
    assert!(answer.prompt.truncated);
    let shown = answer.prompt.turns[0].text.as_str();
    assert!(!shown.contains("turn-1.") && shown.contains("turn-2."), "{shown}");
}

#[tokio::test]
async fn one_question_at_a_time_and_ten_a_minute() {
    let (trial, fake) = trial().await;
    fake.script([Behaviour { held: true, ..Behaviour::text("one two") }]);
    let first = ask(&trial, input("hi"));
    let second = async {
        fake.held(1, Duration::from_secs(10)).await.unwrap();
        let busy = ask(&trial, input("hi")).await.unwrap_err();
        fake.release();
        busy
    };
    let (first, busy) = tokio::join!(first, second);
    assert_eq!(first.unwrap().text, "one two");
    assert!(matches!(busy, TrialError::Busy), "{busy:?}");
    for _ in 1..10 {
        ask(&trial, input("hi")).await.unwrap();
    }
    let often = ask(&trial, input("hi")).await.unwrap_err();
    let TrialError::TooOften { retry_at } = often else { panic!("{often:?}") };
    assert_eq!(retry_at, NOW.plus(Duration::from_secs(6)));
    assert_eq!(fake.requests().len(), 10);
}

#[tokio::test]
async fn whoever_leaves_may_ask_again() {
    let (trial, fake) = trial().await;
    fake.script([Behaviour::fault(Fault::Stall)]);
    let (sender, shown) = tokio::sync::oneshot::channel();
    let mut sender = Some(sender);
    let ada = operator(TenantRole::Operator);
    let on = |_| {
        if let Some(sender) = sender.take() {
            sender.send(()).unwrap();
        }
    };
    let tenant = acme();
    let asked = trial.answer(&ada, &tenant, input("hi"), on);
    tokio::select! {
        _ = asked => panic!("it stalls"),
        seen = shown => seen.unwrap(),
    }
    assert_eq!(trial.used().await[..2], [1, 1], "what it cost is not known, and that is said");
    assert_eq!(ask(&trial, input("again")).await.unwrap().text, "echo: again");
    assert_eq!(trial.used().await[..2], [2, 1]);
}

#[tokio::test]
async fn nobody_is_asked_for_a_tenant_that_is_suspended() {
    let (trial, fake) = trial().await;
    let suspended = TrialInput { status: TenantStatus::Suspended, ..input("hi") };
    assert!(matches!(ask(&trial, suspended).await, Err(TrialError::Suspended)));
    assert_eq!(fake.requests(), []);
}

#[tokio::test]
async fn a_tenants_trials_end_with_their_day() {
    let (trial, fake) = trial_within(Bounds { calls_per_day: 2, ..Bounds::default() }).await;
    for _ in 0..2 {
        ask(&trial, input("hi")).await.unwrap();
    }
    let over = ask(&trial, input("hi")).await;
    assert!(matches!(over, Err(TrialError::DayIsOver)), "{over:?}");
    assert_eq!(fake.requests().len(), 2);
    let tomorrow = NOW.plus(Duration::from_hours(24));
    ask(&trial, TrialInput { at: tomorrow, ..input("hi") }).await.unwrap();
}

/// The agent has a budget of the day.
fn budgeted(daily_micros: u64) -> TrialInput {
    let budget = schemas::Budget { daily_micros: Some(daily_micros), monthly_micros: None };
    let id = "mara".parse().unwrap();
    let agent = schemas::Agent { id, draft: None, published: None, budget, retired: false };
    TrialInput { budgets: Budgets::of_agent(&agent), ..input("hi") }
}

#[tokio::test]
async fn whoever_leaves_frees_the_room_in_the_budget_that_it_held() {
    let (trial, fake) = trial().await;
    fake.script([Behaviour { held: true, ..Behaviour::text("one two") }]);
    let sum = async || {
        let mut tx = trial.db.tenant(&acme()).await.unwrap();
        let agent = Some("mara".parse().unwrap());
        let scope = Scope::new(agent, BudgetPeriod::Day, Day::of(NOW));
        let known = spend::of(&mut tx, &[scope]).await.unwrap();
        (known[0].1.settled, known[0].1.reserved)
    };
    let held = async {
        fake.held(1, PATIENCE).await.unwrap();
        sum().await
    };
    let (ada, tenant) = (operator(TenantRole::Operator), acme());
    let (settled, reserved) = tokio::select! {
        _ = trial.answer(&ada, &tenant, budgeted(1_000_000), |_| {}) => panic!("it is held"),
        before = held => before,
    };
    assert!(settled == 0 && 0 < reserved, "{settled} settled, {reserved} reserved");
    // What it cost is not known: it counts at its worst.
    let is_settled = || async { Ok(sum().await == (reserved, 0)) };
    until(PATIENCE, "the call is settled", is_settled).await.unwrap();
    assert_eq!(trial.used().await[..2], [1, 1]);
}

#[tokio::test]
async fn what_a_budget_has_no_room_for_is_not_asked_nor_counted() {
    let (trial, fake) = trial().await;
    ask(&trial, budgeted(1_000_000)).await.unwrap();
    let [calls, unpriced, _, cost] = trial.used().await;
    assert!(calls == 1 && unpriced == 0 && 0 < cost, "{cost}");
    // One micro-dollar is left.
    let over = ask(&trial, budgeted(cost + 1)).await;
    assert!(matches!(over, Err(TrialError::OverBudget(_))), "{over:?}");
    assert_eq!(fake.requests().len(), 1);
    assert_eq!(trial.used().await[0], 1);
}

#[tokio::test]
async fn where_no_model_answers_all_attempts_are_told() {
    let (trial, fake) = trial().await;
    fake.always(Behaviour::status(401, ""));
    let failed = ask(&trial, input("my secret")).await.unwrap_err();
    let shown = format!("{failed} {failed:?}");
    assert!(!shown.contains("my secret") && !shown.contains("moon"), "{shown}");
    let TrialError::NoAnswer(exhausted) = failed else { panic!("{shown}") };
    let [attempt] = exhausted.attempts.as_slice() else { panic!("{shown}") };
    let class = "credential_dead".to_owned();
    assert_eq!(attempt.outcome, AttemptOutcome::Failed { class });
    assert_eq!(trial.used().await, [1, 0, 0, 0], "it was called, and took nothing");
}
