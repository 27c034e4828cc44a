//! A router over fakes, and the pieces its tests are made of.

use std::{sync::Mutex, time::Duration};

use konstruct_tests::fake_llm::FakeLlm;
use providers::{
    AttemptStart, ClientSettings, Completed, Exhausted, FailureClass, Models, NotStarted, Recorder,
    Request, Router, Timeouts, Turn, Vendor, client,
};
use schemas::usage::{Attempt, AttemptOutcome};
use tokio::time::Instant;

/// The key in every header, which must not be in anything else.
pub(crate) const KEY: &str = "sk-very-secret-key-4711";

/// What the person says, which must not be in any error.
pub(crate) const SECRET: &str = "my salary is 4711";

/// One deployment in TOML; the fake at that address.
pub(crate) fn deployment(group: &str, name: &str, vendor: Vendor, url: &str) -> String {
    let path = match vendor {
        Vendor::OpenAi => "/v1",
        Vendor::Anthropic | Vendor::Ollama => "",
    };
    format!(
        "[[models.{group}]]\nname = '{name}'\nvendor = '{vendor}'\nmodel = 'model-{name}'\n\
         base_url = '{url}{path}'\napi_key_env = 'KEY'\nmax_output_tokens = 200\n\
         context_window = 4096\n"
    )
}

/// Retries without noticeable pauses.
pub(crate) const QUICK: &str =
    "[retries]\npause_ms = 1\npause_ms_max = 2\nrest_ms = 2\nrest_ms_max = 4\n";

/// A router over those settings.
pub(crate) fn router(toml: &str) -> Router {
    // The second test in this process finds it installed, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let key = |name: &str| (name == "KEY").then(|| KEY.to_owned());
    let models = Models::from_toml(toml, &key).unwrap();
    Router::from_config(&models, client(&ClientSettings::default()).unwrap())
}

/// A question with clocks that a busy machine does not run out of.
pub(crate) fn request() -> Request {
    Request {
        system: "You are Mara.".to_owned(),
        turns: vec![Turn::user("hi"), Turn::assistant("hello"), Turn::user(SECRET)],
        max_output_tokens: 100,
        timeouts: Timeouts {
            first_token: Some(Duration::from_secs(10)),
            idle: Some(Duration::from_secs(10)),
            total: Some(Duration::from_secs(10)),
        },
        ..Request::default()
    }
}

/// The same with clocks that a test can wait for.
pub(crate) fn hasty() -> Request {
    let timeouts = Timeouts {
        first_token: Some(Duration::from_millis(500)),
        idle: Some(Duration::from_millis(300)),
        total: Some(Duration::from_millis(700)),
    };
    Request { timeouts, ..request() }
}

/// Remembers what it was told.
#[derive(Default)]
pub(crate) struct Notes(pub Mutex<Vec<AttemptStart>>);

impl Recorder for Notes {
    type Error = std::convert::Infallible;

    async fn starting(&self, attempt: &AttemptStart) -> Result<(), NotStarted<Self::Error>> {
        self.0.lock().unwrap().push(attempt.clone());
        Ok(())
    }
}

/// Asks group `quality`, with ten seconds to answer. Checks what holds of every outcome.
pub(crate) async fn ask(router: &Router, request: &Request) -> Result<Completed, Exhausted> {
    let notes = Notes::default();
    let deadline = Instant::now() + Duration::from_secs(10);
    let result = router.complete("quality", request, deadline, &notes).await;
    let (attempts, shown) = match &result {
        Ok(completed) => (&completed.attempts, format!("{completed:?}")),
        Err(exhausted) => (&exhausted.attempts, format!("{exhausted} {exhausted:?}")),
    };
    let told: Vec<_> = notes.0.lock().unwrap().iter().map(|n| n.deployment.clone()).collect();
    let made: Vec<_> = attempts.iter().map(|attempt| attempt.deployment.clone()).collect();
    assert_eq!(told, made, "each attempt was told of before it was made");
    for secret in [KEY, SECRET, "Mara", "127.0.0.1"] {
        assert!(!shown.contains(secret), "`{secret}` in {shown}");
    }
    result
}

/// The attempts as `deployment outcome`.
pub(crate) fn story(attempts: &[Attempt]) -> Vec<String> {
    let outcome = |attempt: &Attempt| match &attempt.outcome {
        AttemptOutcome::Completed => "completed".to_owned(),
        AttemptOutcome::Failed { class } => class.clone(),
    };
    attempts.iter().map(|a| format!("{} {}", a.deployment, outcome(a))).collect()
}

/// Asks a single deployment that is tried once, and returns the class of its failure.
pub(crate) async fn class_of(vendor: Vendor, fake: &FakeLlm) -> FailureClass {
    let once = "[retries]\nattempts_max = 1\n";
    let router = router(&(deployment("quality", "a", vendor, &fake.url()) + once));
    ask(&router, &request()).await.unwrap_err().class().unwrap()
}
