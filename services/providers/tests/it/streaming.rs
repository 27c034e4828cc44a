//! Answers that are shown while they are made.

use std::{sync::LazyLock, time::Duration};

use konstruct_tests::fake_llm::{Behaviour, FakeLlm, Fault, Say};
use proptest::prelude::*;
use providers::{Completed, Delta, Exhausted, Finish, Request, Router, Unrecorded, Vendor};
use tokio::{runtime::Runtime, sync::mpsc, time::Instant};

use crate::world::{Notes, QUICK, SECRET, deployment, hasty, request, router};

/// Two deployments of one vendor at one fake.
async fn two(vendor: Vendor) -> (Router, FakeLlm) {
    let fake = FakeLlm::start().await.unwrap();
    let deployment = |name| deployment("quality", name, vendor, &fake.url());
    let router = router(&[&*deployment("a"), &deployment("b"), QUICK].concat());
    (router, fake)
}

/// Asks, and returns all that was shown.
async fn watch(router: &Router, request: &Request) -> (Vec<Delta>, Result<Completed, Exhausted>) {
    let mut shown = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(10);
    let on = |delta| shown.push(delta);
    let result = router.stream("quality", request, deadline, &Unrecorded, on).await;
    (shown, result)
}

/// What was shown, a text for each start.
fn texts(shown: &[Delta]) -> Vec<String> {
    let mut texts = vec![String::new()];
    for delta in shown {
        match delta {
            Delta::Text(more) => texts.last_mut().unwrap().push_str(more),
            Delta::Restart => texts.push(String::new()),
        }
    }
    texts
}

#[tokio::test]
async fn text_is_shown_before_the_answer_is_whole() {
    for vendor in Vendor::ALL {
        let (router, fake) = two(vendor).await;
        fake.script([Behaviour { held: true, ..Behaviour::text("one two three") }]);
        let (sender, mut shown) = mpsc::unbounded_channel();
        let request = request();
        let deadline = Instant::now() + Duration::from_secs(10);
        let on = |delta| drop(sender.send(delta));
        let asked = router.stream("quality", &request, deadline, &Unrecorded, on);
        let looked = async {
            // The rest is held until somebody has seen this.
            let first = tokio::time::timeout(Duration::from_secs(10), shown.recv()).await;
            fake.release();
            first.ok().flatten()
        };
        let (completed, first) = tokio::join!(asked, looked);
        assert_eq!(first, Some(Delta::Text("one ".to_owned())), "{vendor}");
        assert_eq!(completed.unwrap().answer.text, "one two three", "{vendor}");
    }
}

#[tokio::test]
async fn a_broken_attempt_is_taken_back_before_the_next_begins() {
    for vendor in Vendor::ALL {
        for fault in [Fault::Cut, Fault::Reset, Fault::Stall] {
            let (router, fake) = two(vendor).await;
            let broken = Behaviour { fault: Some(fault), ..Behaviour::text("half an ans") };
            fake.script([broken, Behaviour::text("the answer")]);
            let mut request = request();
            request.timeouts.idle = Some(Duration::from_millis(200));
            let (shown, completed) = watch(&router, &request).await;
            assert_eq!(completed.unwrap().answer.text, "the answer");
            assert_eq!(texts(&shown), ["half an ans", "the answer"], "{vendor}");
        }
    }
}

#[tokio::test]
async fn what_breaks_before_its_first_word_is_not_noticed() {
    for vendor in Vendor::ALL {
        let (router, fake) = two(vendor).await;
        let mute = Behaviour { fault: Some(Fault::Cut), ..Behaviour::text("") };
        fake.script([Behaviour::status(500, ""), mute]);
        let (shown, completed) = watch(&router, &request()).await;
        assert_eq!(completed.unwrap().attempts.len(), 3);
        assert_eq!(texts(&shown), [format!("echo: {SECRET}")], "{vendor}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_shown_too() {
    let whole = r#"{"model":"m","choices":[{"index":0,"finish_reason":"stop",
        "message":{"role":"assistant","content":"all at once"}}]}"#;
    let (router, fake) = two(Vendor::OpenAi).await;
    fake.script([Behaviour::status(200, &whole.replace('\n', ""))]);
    let (shown, completed) = watch(&router, &request()).await;
    assert_eq!(completed.unwrap().answer.text, "all at once");
    assert_eq!(shown, [Delta::Text("all at once".to_owned())]);
}

#[test]
fn a_delta_does_not_print_what_was_said() {
    assert_eq!(format!("{:?}", Delta::Text(SECRET.to_owned())), "Text(17 bytes)");
}

/// One attempt of a script.
fn behaviour() -> impl Strategy<Value = Behaviour> {
    let word = proptest::sample::select(vec!["Grüße ", "a ", "\n", "🦀 ", "longer-word ", " "]);
    let text = proptest::collection::vec(word, 0..6).prop_map(|words| words.concat());
    let inside =
        |kind: &str| Fault::ErrorInside { kind: kind.to_owned(), message: "Overloaded".to_owned() };
    let faults = proptest::sample::select(vec![
        None,
        Some(Fault::Cut),
        Some(Fault::Reset),
        Some(Fault::Stall),
        Some(Fault::Malformed),
        Some(Fault::NoClose),
        Some(inside("overloaded_error")),
        Some(inside("api_error")),
        Some(Fault::Status { status: 500, headers: Vec::new(), body: String::new() }),
    ]);
    (text, faults, 0_u64..2).prop_map(|(text, fault, token_ms)| Behaviour {
        say: Say::Text(text),
        token_ms,
        fault,
        ..Behaviour::default()
    })
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// What is shown last is the answer, and each text shown is of one attempt alone.
    #[test]
    fn texts_of_two_attempts_never_mix(
        vendor in proptest::sample::select(Vendor::ALL.to_vec()),
        script in proptest::collection::vec(behaviour(), 1..6),
    ) {
        let said: Vec<String> = script.iter().map(|behaviour| match &behaviour.say {
            Say::Text(text) => text.clone(),
            Say::Echo | Say::Calls { .. } | Say::CallsThenResult(_) => String::new(),
        }).chain([format!("echo: {SECRET}")]).collect();
        let (shown, result) = RUNTIME.block_on(async {
            let (router, fake) = two(vendor).await;
            fake.script(script);
            let mut request = request();
            request.timeouts.idle = Some(Duration::from_millis(100));
            watch(&router, &request).await
        });
        prop_assert!(!shown.contains(&Delta::Text(String::new())));
        let texts = texts(&shown);
        let mut attempts = said.iter();
        for text in texts.iter().filter(|text| !text.is_empty()) {
            let one = attempts.any(|said| said.starts_with(text.as_str()));
            prop_assert!(one, "{:?} of {:?}", texts, said);
        }
        if let Ok(completed) = result {
            prop_assert_eq!(texts.last(), Some(&completed.answer.text));
        }
    }
}

/// Where a vendor does not end an answer, we do: in the stream and in the whole.
#[tokio::test]
async fn an_answer_ends_where_it_was_told_to_though_its_vendor_refuses_to_be_told() {
    let fake = FakeLlm::start().await.unwrap();
    let openai = router(&(deployment("quality", "a", Vendor::OpenAi, &fake.url()) + QUICK));
    let refusal = r#"{"error":{"code":"unsupported_parameter","message":"Unsupported parameter: 'stop' is not supported with this model."}}"#;
    let long = Behaviour::text("one two END three END");
    fake.script([Behaviour::status(400, refusal), long.clone(), long]);
    let asked = Request { stop: vec!["END".to_owned()], ..request() };
    for attempts in [2, 1] {
        let (shown, result) = watch(&openai, &asked).await;
        let Completed { answer, attempts: made, .. } = result.unwrap();
        assert_eq!((answer.text.as_str(), answer.finish), ("one two ", Finish::Stop));
        assert_eq!(texts(&shown), ["one two "]);
        assert_eq!(made.len(), attempts, "what was refused is remembered");
        assert!(answer.usage.is_some(), "what was made is counted");
    }
    let sent: Vec<_> = fake.requests().iter().map(|it| it.body["stop"].clone()).collect();
    let (told, untold) = (serde_json::json!(["END"]), serde_json::Value::Null);
    assert_eq!(sent, [told, untold.clone(), untold]);
}

#[tokio::test]
async fn white_space_that_ends_an_answer_is_not_told_to_who_refuses_it() {
    let fake = FakeLlm::start().await.unwrap();
    let anthropic = router(&(deployment("quality", "a", Vendor::Anthropic, &fake.url()) + QUICK));
    fake.script([Behaviour::text("one two\n\nthree END four")]);
    let stop = vec!["\n\n".to_owned(), "END".to_owned()];
    let (shown, result) = watch(&anthropic, &Request { stop, ..request() }).await;
    let answer = result.unwrap().answer;
    assert_eq!((answer.text.as_str(), answer.finish), ("one two", Finish::Stop));
    assert_eq!(texts(&shown), ["one two"]);
    assert_eq!(fake.requests()[0].body["stop_sequences"], serde_json::json!(["END"]));
}

/// Nobody pays for another vendor whose words nobody would be shown.
#[tokio::test]
async fn whoever_leaves_as_the_words_become_void_has_no_other_deployment_asked() {
    let (router, fake) = two(Vendor::OpenAi).await;
    let silent = Behaviour { fault: Some(Fault::StallAfter(1)), ..Behaviour::text("one two") };
    fake.always(silent);
    let (sender, mut shown) = mpsc::unbounded_channel();
    let (request, notes) = (hasty(), Notes::default());
    let deadline = Instant::now() + Duration::from_secs(10);
    let on = |delta| drop(sender.send(delta));
    {
        let mut asked = std::pin::pin!(router.stream("quality", &request, deadline, &notes, on));
        loop {
            tokio::select! {
                biased;
                ended = &mut asked => panic!("{ended:?}"),
                Some(delta) = shown.recv() => if delta == Delta::Restart { break },
            }
        }
    }
    assert_eq!(notes.0.lock().unwrap().len(), 1, "the second attempt was begun");
}
