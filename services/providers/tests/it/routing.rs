//! Over several deployments and groups.

use std::time::Duration;

use konstruct_tests::fake_llm::{Behaviour, FakeLlm, Fault};
use providers::{
    AttemptStart, Cause, FailureClass, NotStarted, Recorder, Request, Router, Turn, Unrecorded,
    Vendor,
};
use schemas::{BudgetMet, BudgetPeriod};
use tokio::time::Instant;

use crate::world::{QUICK, ask, deployment, hasty, request, router, story};

const FALLBACKS: &str = "[fallbacks]\nquality = ['fast']\n";

/// Two deployments of `quality` and one of `fast`, each of another vendor.
async fn three() -> (Router, [FakeLlm; 3]) {
    let mut fakes = Vec::new();
    for _ in 0..3 {
        fakes.push(FakeLlm::start().await.unwrap());
    }
    let toml = [
        deployment("quality", "a", Vendor::OpenAi, &fakes[0].url()),
        deployment("quality", "b", Vendor::Anthropic, &fakes[1].url()),
        deployment("fast", "c", Vendor::Ollama, &fakes[2].url()),
        FALLBACKS.to_owned(),
        QUICK.to_owned(),
    ];
    (router(&toml.concat()), fakes.try_into().unwrap())
}

#[tokio::test]
async fn the_first_that_answers_wins_and_the_rest_is_not_asked() {
    let (router, [a, b, c]) = three().await;
    let completed = ask(&router, &request()).await.unwrap();
    assert_eq!(completed.deployment, "quality/a");
    assert_eq!((a.requests().len(), b.requests().len(), c.requests().len()), (1, 0, 0));
}

#[tokio::test]
async fn it_falls_back_within_the_group_and_then_to_the_next() {
    let (router, [a, b, c]) = three().await;
    a.always(Behaviour::status(401, ""));
    b.always(Behaviour::fault(Fault::Stall));
    c.always(Behaviour::text("from the third"));
    let completed = ask(&router, &hasty()).await.unwrap();
    assert_eq!(completed.answer.text, "from the third");
    assert_eq!(
        story(&completed.attempts),
        ["quality/a credential_dead", "quality/b timed_out", "fast/c completed"]
    );
    assert_eq!(completed.cost.amount, None, "the second may have been billed");
}

#[tokio::test]
async fn the_budget_of_attempts_holds_over_all_groups() {
    let (router, fakes) = three().await;
    for fake in &fakes {
        fake.always(Behaviour::status(500, ""));
    }
    let exhausted = ask(&router, &request()).await.unwrap_err();
    assert_eq!(exhausted.attempts.len(), 6);
    let asked: Vec<_> = fakes.iter().map(|fake| fake.requests().len()).collect();
    assert_eq!(asked, [3, 3, 0]);
    let shown = exhausted.to_string();
    assert!(shown.starts_with("no answer from `quality`: transient; quality/a after "), "{shown}");
    assert!(shown.contains("transient: the vendor rejected the request, status 500"), "{shown}");
}

#[tokio::test]
async fn the_deadline_holds_over_all_attempts() {
    let (router, fakes) = three().await;
    for fake in &fakes {
        fake.always(Behaviour { headers_ms: 60_000, ..Behaviour::default() });
    }
    let started = Instant::now();
    let deadline = started + Duration::from_millis(700);
    let result = router.complete("quality", &hasty(), deadline, &Unrecorded).await;
    assert_eq!(result.unwrap_err().attempts.len(), 2);
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_passed_deadline_asks_nobody() {
    let (router, fakes) = three().await;
    let result = router.complete("quality", &request(), Instant::now(), &Unrecorded).await;
    assert!(matches!(result.unwrap_err().cause, Cause::OutOfTime));
    assert!(fakes.iter().all(|fake| fake.requests().is_empty()));
}

#[tokio::test]
async fn an_unknown_group_is_said_to_be_one() {
    let (router, _fakes) = three().await;
    let deadline = Instant::now() + Duration::from_secs(1);
    let exhausted = router.complete("qualty", &request(), deadline, &Unrecorded).await.unwrap_err();
    assert_eq!(exhausted.to_string(), "no answer from `qualty`: there is no such group");
    assert!(!exhausted.is_temporary());
}

#[tokio::test]
async fn a_refusal_is_not_got_around() {
    let (router, [a, b, c]) = three().await;
    a.always(Behaviour::fault(Fault::EndReason("content_filter".to_owned())));
    let exhausted = ask(&router, &request()).await.unwrap_err();
    assert_eq!(exhausted.class(), Some(FailureClass::Refused));
    assert_eq!((b.requests().len(), c.requests().len()), (0, 0));
}

#[tokio::test]
async fn what_time_may_mend_is_decisive() {
    let (router, [a, b, c]) = three().await;
    a.always(Behaviour::status(401, ""));
    b.always(Behaviour::status(429, "").header("retry-after", "120"));
    c.always(Behaviour::status(404, ""));
    let exhausted = ask(&router, &request()).await.unwrap_err();
    assert_eq!(exhausted.class(), Some(FailureClass::RateLimited));
    assert!(exhausted.is_temporary() && exhausted.retry_at.is_some());
}

#[tokio::test]
async fn a_dead_key_is_not_tried_at_the_next_deployment() {
    let fake = FakeLlm::start().await.unwrap();
    let toml = [
        deployment("quality", "a", Vendor::OpenAi, &fake.url()),
        deployment("quality", "b", Vendor::OpenAi, &fake.url()),
        QUICK.to_owned(),
    ];
    let router = router(&toml.concat());
    fake.always(Behaviour::status(401, ""));
    let exhausted = ask(&router, &request()).await.unwrap_err();
    assert_eq!(story(&exhausted.attempts), ["quality/a credential_dead"]);
}

#[tokio::test]
async fn the_same_model_is_not_asked_again_under_another_name() {
    let fake = FakeLlm::start().await.unwrap();
    let same = |group| deployment(group, "a", Vendor::OpenAi, &fake.url());
    let toml = [same("quality"), same("fast"), FALLBACKS.to_owned(), QUICK.to_owned()];
    let router = router(&toml.concat());
    fake.always(Behaviour::status(404, ""));
    assert_eq!(ask(&router, &request()).await.unwrap_err().attempts.len(), 1);
}

/// Its store is down.
struct Down;

#[derive(Debug, thiserror::Error)]
#[error("the database is away")]
struct Away;

impl Recorder for Down {
    type Error = Away;

    async fn starting(&self, _attempt: &AttemptStart) -> Result<(), NotStarted<Away>> {
        Err(Away.into())
    }
}

/// Pays for one call.
#[derive(Default)]
struct Once(std::sync::atomic::AtomicU32);

impl Recorder for Once {
    type Error = std::convert::Infallible;

    async fn starting(
        &self,
        attempt: &AttemptStart,
    ) -> Result<(), NotStarted<std::convert::Infallible>> {
        assert!(attempt.worst_cost.is_none(), "the fake's model has no price");
        if self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
            return Ok(());
        }
        Err(NotStarted::OverBudget(BudgetMet {
            agent: None,
            period: BudgetPeriod::Day,
            limit_micros: 5,
            resets_at: None,
        }))
    }
}

#[tokio::test]
async fn what_a_budget_has_no_room_for_ends_the_request_with_what_was_paid_before() {
    let (router, fakes) = three().await;
    fakes[0].always(Behaviour::status(404, ""));
    let deadline = Instant::now() + Duration::from_secs(1);
    let asked = router.complete("quality", &request(), deadline, &Once::default()).await;
    let exhausted = asked.unwrap_err();
    assert!(!exhausted.is_temporary(), "it is not asked again");
    assert!(matches!(exhausted.cause, Cause::OverBudget(_)));
    assert_eq!(exhausted.attempts.len(), 1);
    let asked = fakes.map(|fake| fake.requests().len());
    assert_eq!(asked, [1, 0, 0]);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_paid_for() {
    let (router, fakes) = three().await;
    let deadline = Instant::now() + Duration::from_secs(1);
    let exhausted = router.complete("quality", &request(), deadline, &Down).await.unwrap_err();
    assert!(exhausted.is_temporary());
    assert_eq!(
        exhausted.to_string(),
        "no answer from `quality`: the attempt could not be recorded: the database is away"
    );
    assert!(fakes.iter().all(|fake| fake.requests().is_empty()));
}

#[tokio::test]
async fn blank_turns_are_left_out_and_claude_is_given_a_first_user_turn() {
    let (router, [a, b, _c]) = three().await;
    let turns = vec![Turn::user("  "), Turn::assistant("so I said"), Turn::user("go on")];
    let request = Request { system: String::new(), turns, ..request() };
    a.always(Behaviour::status(404, ""));
    ask(&router, &request).await.unwrap();
    let rest = [("assistant", "so I said"), ("user", "go on")];
    assert_eq!(a.requests()[0].turns(), rest);
    let opened = [&[("user", "(Earlier messages are left out.)")], rest.as_slice()].concat();
    assert_eq!(b.requests()[0].turns(), opened);
    assert!(b.requests()[0].body.get("system").is_none());
}

#[tokio::test]
async fn many_at_once_each_get_their_own_answer() {
    let (router, [a, _b, _c]) = three().await;
    a.always(Behaviour { token_ms: 1, ..Behaviour::default() });
    let ask = |n: usize| {
        let turns = vec![Turn::user(format!("question {n}"))];
        let request = Request { turns, ..request() };
        let router = &router;
        async move {
            let deadline = Instant::now() + Duration::from_secs(10);
            let done = router.complete("quality", &request, deadline, &Unrecorded).await.unwrap();
            assert_eq!(done.answer.text, format!("echo: question {n}"));
        }
    };
    futures::future::join_all((0..100).map(ask)).await;
}
