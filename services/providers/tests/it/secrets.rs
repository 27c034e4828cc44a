//! No key, prompt or answer is in a log line, an error or an event's attempts, whatever goes wrong: every
//! way to fail, with all that libraries log beside ours.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::{Arc, Mutex, Once},
};

use konstruct_tests::fake_llm::{Behaviour, Called, FakeLlm, Fault, Say};
use providers::{Delta, Models, Unrecorded, Vendor};
use tokio::time::Instant;
use tracing_subscriber::{
    Layer as _, filter::dynamic_filter_fn, fmt, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::world::{KEY, QUICK, SECRET, ask, deployment, hasty, request, router};

/// What the model says, which is nobody's business either.
const ANSWER: &str = "a raise is due";

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

thread_local! {
    /// Where this thread's lines go; a test has a thread of its own.
    static HEARD: RefCell<Option<Log>> = const { RefCell::new(None) };
}

fn is_heard() -> bool {
    HEARD.with_borrow(Option::is_some)
}

/// Everything is logged from now on, by everybody on this thread. One subscriber for the process: what
/// is set for a thread alone may miss a line that another thread met first.
fn listen() -> Log {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let lines = fmt::layer()
            .with_ansi(false)
            .with_writer(|| HEARD.with_borrow(|log| log.clone().unwrap_or_default()));
        let all = lines.with_filter(dynamic_filter_fn(|_, _| is_heard()));
        tracing_subscriber::registry().with(all).init();
    });
    let log = Log::default();
    HEARD.set(Some(log.clone()));
    log
}

/// Bodies of errors that quote the request.
fn quoting() -> Vec<Behaviour> {
    let body = |place: &str| format!(r#"{{"error":{{"{place}":"{KEY}","message":"{SECRET}"}}}}"#);
    let statuses = [400, 401, 403, 404, 413, 429, 500, 503];
    let bodies = [
        body("code"),
        body("type"),
        body("status"),
        format!(r#"{{"error":"Incorrect API key provided: {KEY}, you said {SECRET}"}}"#),
        format!(r#"{{"headers":{{"authorization":"Bearer {KEY}","x-api-key":"{KEY}"}}}}"#),
        format!("<html>authorization: Bearer {KEY}\n{SECRET}</html>"),
    ];
    let each = |body: &String| statuses.map(|status| Behaviour::status(status, body));
    bodies.iter().flat_map(each).collect()
}

/// Answers that break, end oddly, or quote the request.
fn odd() -> Vec<Behaviour> {
    let says = |text: &str, fault| Behaviour { fault, ..Behaviour::text(text) };
    let inside = |kind: &str, message: &str| {
        Some(Fault::ErrorInside { kind: kind.to_owned(), message: message.to_owned() })
    };
    let call = Called { name: KEY.to_owned(), arguments: format!(r#"{{"q":"{KEY}"}}"#) };
    let calls = Say::Calls { text: String::new(), calls: vec![call] };
    vec![
        says(ANSWER, None),
        says(ANSWER, Some(Fault::Cut)),
        says(ANSWER, Some(Fault::Reset)),
        says(ANSWER, Some(Fault::Stall)),
        says(ANSWER, Some(Fault::Malformed)),
        says(ANSWER, Some(Fault::EndReason(KEY.to_owned()))),
        says(ANSWER, Some(Fault::Spliced(KEY.to_owned()))),
        says(ANSWER, inside("api_error", &format!("{KEY} said {SECRET}"))),
        says(ANSWER, inside(KEY, SECRET)),
        says(&format!("your key is {KEY}"), None),
        Behaviour { say: calls, ..Behaviour::default() },
        Behaviour { unstreamed: true, ..Behaviour::text(&format!("authorization: {KEY}")) },
        Behaviour { piece_bytes: 5, ..Behaviour::text(&format!("{KEY} is your key")) },
        Behaviour::status(307, "").header("location", &format!("http://127.0.0.1:9/?key={KEY}")),
        Behaviour::status(429, "").header("retry-after", KEY),
        Behaviour::status(401, "").header("www-authenticate", &format!("Bearer {KEY}")),
    ]
}

/// Asks whole and streamed; [`ask`] looks at the outcome, and this at what was shown.
async fn meet(vendor: Vendor, behaviour: &Behaviour) -> anyhow::Result<()> {
    let fake = FakeLlm::start().await?;
    fake.always(behaviour.clone());
    let once = "[retries]\nattempts_max = 1\n";
    let toml = deployment("quality", "a", vendor, &fake.url()) + once;
    let asked = ask(&router(&toml), &hasty()).await;
    let attempts = match &asked {
        Ok(completed) => &completed.attempts,
        Err(exhausted) => &exhausted.attempts,
    };
    let written = serde_json::to_string(attempts)?;
    assert!(!written.contains(KEY), "{behaviour:?}: {written}");
    if let Ok(completed) = &asked {
        let answer = &completed.answer;
        let calls: String = answer.calls.iter().map(|it| it.arguments.as_str()).collect();
        let said = [&answer.text, &answer.model, &calls].map(String::as_str).concat();
        assert!(!said.contains(KEY), "{behaviour:?}: {said}");
    }
    let mut shown = String::new();
    let on = |delta| match delta {
        Delta::Text(more) => shown.push_str(&more),
        Delta::Restart => shown.push('\n'),
    };
    let (deadline, request) = (Instant::now() + std::time::Duration::from_secs(10), hasty());
    let streamed = router(&toml).stream("quality", &request, deadline, &Unrecorded, on).await;
    assert!(!shown.contains(KEY), "{behaviour:?}: {shown}");
    assert_eq!(streamed.is_ok(), asked.is_ok(), "{behaviour:?}");
    let sent = fake.requests()[0].headers.iter().any(|(_, value)| value.contains(KEY));
    assert!(sent, "it is the key that was sent");
    Ok(())
}

#[tokio::test]
async fn no_failure_lets_a_key_out() -> anyhow::Result<()> {
    let log = listen();
    for vendor in Vendor::ALL {
        for behaviour in quoting().iter().chain(&odd()) {
            meet(vendor, behaviour).await?;
        }
        // Nobody is there.
        let gone = FakeLlm::start().await?.url();
        let router = router(&(deployment("quality", "a", vendor, &gone) + QUICK));
        ask(&router, &request()).await.unwrap_err();
        assert!(!format!("{router:?} {:?}", router.status()).contains(KEY));
    }
    let text = log.text();
    for line in text.lines() {
        for secret in [KEY, SECRET, ANSWER, "Mara"] {
            assert!(!line.contains(secret), "{line}");
        }
    }
    for heard in
        ["a model gave no answer", "hyper", "TRACE", "credential_dead", "our key came back"]
    {
        assert!(text.contains(heard), "nothing of {heard} was logged");
    }
    Ok(())
}

#[test]
fn a_key_that_no_header_can_hold_is_refused_and_not_shown() {
    let toml = deployment("quality", "a", Vendor::OpenAi, "http://127.0.0.1:9");
    let refused = Models::from_toml(&toml, &|_| Some(format!("{KEY}\nx-other: 1"))).unwrap_err();
    let shown = format!("{refused} {refused:?}");
    assert!(shown.contains("characters that a key cannot have") && !shown.contains(KEY), "{shown}");
}

/// The log lines of a call say by the conventions' names whom it asked, and what came of it.
#[tokio::test]
async fn a_log_line_names_the_call_by_the_conventions() -> anyhow::Result<()> {
    let log = listen();
    let fake = FakeLlm::start().await?;
    fake.script([Behaviour::status(401, "")]);
    let router = router(&deployment("quality", "a", Vendor::Anthropic, &fake.url()));
    ask(&router, &request()).await.unwrap_err();
    let text = log.text();
    let line = text.lines().find(|line| line.contains("a model gave no answer")).unwrap();
    for field in [
        r#"gen_ai.operation.name="chat""#,
        r#"gen_ai.provider.name="anthropic""#,
        r#"gen_ai.request.model="model-a""#,
        r#"error.type="credential_dead""#,
    ] {
        assert!(line.contains(field), "{field} in {line}");
    }
    Ok(())
}
