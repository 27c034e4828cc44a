//! Whoever asked leaves in the middle: the call to the vendor ends, which the fake vendor bears witness
//! to, and what was made until then is told. Dropping a future is how one leaves.

use std::{sync::Mutex, time::Duration};

use konstruct_tests::fake_llm::{Behaviour, FakeLlm, Fault};
use providers::{AttemptStart, DeploymentState, NotStarted, Recorder, Router, Vendor};
use schemas::usage::Attempt;
use tokio::{sync::mpsc, time::Instant};

use crate::world::{QUICK, deployment, request, router, story};

const PATIENCE: Duration = Duration::from_secs(10);

/// What it is told when somebody leaves.
#[derive(Default)]
struct Told(Mutex<Vec<Vec<Attempt>>>);

impl Recorder for Told {
    type Error = std::convert::Infallible;

    async fn starting(&self, _attempt: &AttemptStart) -> Result<(), NotStarted<Self::Error>> {
        Ok(())
    }

    fn left(&self, attempts: &[Attempt]) {
        self.0.lock().unwrap().push(attempts.to_vec());
    }
}

impl Told {
    /// The attempts of the one who left.
    fn once(&self) -> Vec<Attempt> {
        let told = std::mem::take(&mut *self.0.lock().unwrap());
        let [attempts] =
            <[Vec<Attempt>; 1]>::try_from(told).expect("one left, and is told of once");
        attempts
    }
}

/// Two deployments of one vendor at one fake.
async fn two(vendor: Vendor) -> (Router, FakeLlm) {
    let fake = FakeLlm::start().await.unwrap();
    let deployment = |name| deployment("quality", name, vendor, &fake.url());
    let router = router(&[&*deployment("a"), &deployment("b"), QUICK].concat());
    (router, fake)
}

/// How one asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Whole,
    Streamed,
}

/// Asks, and leaves once the reply is held, and what it said is shown.
async fn leave(router: &Router, fake: &FakeLlm, form: Form, spoke: bool) -> Told {
    let (told, request, deadline) = (Told::default(), request(), Instant::now() + PATIENCE);
    let (shown, mut seen) = mpsc::unbounded_channel();
    let on = |delta| drop(shown.send(delta));
    let asked = async {
        match form {
            Form::Whole => router.complete("quality", &request, deadline, &told).await,
            Form::Streamed => router.stream("quality", &request, deadline, &told, on).await,
        }
    };
    let held = async {
        fake.held(1, PATIENCE).await.unwrap();
        if spoke && form == Form::Streamed {
            seen.recv().await.unwrap();
        }
    };
    tokio::select! {
        ended = asked => panic!("it is held: {ended:?}"),
        () = held => {}
    }
    told
}

#[tokio::test]
async fn whoever_leaves_ends_the_call_and_it_is_told() {
    let before = Behaviour::fault(Fault::StallAfter(0));
    let amid = Behaviour { held: true, ..Behaviour::text("one two three") };
    for vendor in Vendor::ALL {
        for (behaviour, spoke) in [(&before, false), (&amid, true)] {
            for form in [Form::Whole, Form::Streamed] {
                let case = format!("{vendor}, {form:?}, spoke: {spoke}");
                let (router, fake) = two(vendor).await;
                fake.always(behaviour.clone());
                let told = leave(&router, &fake, form, spoke).await.once();
                fake.left(1, PATIENCE).await.unwrap();
                assert_eq!(story(&told), ["quality/a cancelled"], "{case}");
                assert_eq!(told[0].cost.amount, None, "{case}: it may have been billed");
                assert_eq!(fake.requests().len(), 1, "{case}: nobody else is asked");
                let read = told[0].usage.as_ref().and_then(|usage| usage.input_tokens);
                if !spoke {
                    assert_eq!((told[0].first_token_ms, read), (None, None), "{case}");
                } else if form == Form::Streamed {
                    assert!(told[0].first_token_ms.is_some(), "{case}");
                    // It counts the prompt before it speaks; the others count at the end.
                    let early = vendor == Vendor::Anthropic;
                    assert_eq!(read, early.then_some(9), "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn whoever_leaves_says_nothing_of_the_vendor() {
    let (router, fake) = two(Vendor::OpenAi).await;
    fake.always(Behaviour { held: true, ..Behaviour::text("one two three") });
    leave(&router, &fake, Form::Streamed, true).await;
    let status = router.status().remove(0);
    assert_eq!((status.state, status.in_flight), (DeploymentState::Open, 0));
    assert_eq!((status.calls, status.failures, status.first_token_ms), (1, 1, None));
}

#[tokio::test]
async fn whoever_leaves_between_two_attempts_has_made_the_first() {
    let fake = FakeLlm::start().await.unwrap();
    let router = router(&deployment("quality", "a", Vendor::OpenAi, &fake.url()));
    fake.always(Behaviour::status(503, "").header("retry-after", "5"));
    let (told, request) = (Told::default(), request());
    let asked = router.complete("quality", &request, Instant::now() + PATIENCE, &told);
    tokio::select! {
        ended = asked => panic!("it was asked to wait: {ended:?}"),
        () = ended(&router) => {}
    }
    assert_eq!(story(&told.once()), ["quality/a overloaded"]);
}

#[tokio::test]
async fn whoever_was_not_asked_for_anything_left_nothing() {
    let (router, fake) = two(Vendor::OpenAi).await;
    let (told, request) = (Told::default(), request());
    router.complete("quality", &request, Instant::now() + PATIENCE, &told).await.unwrap();
    fake.always(Behaviour::status(404, ""));
    router.complete("quality", &request, Instant::now() + PATIENCE, &told).await.unwrap_err();
    drop(router.complete("quality", &request, Instant::now() + PATIENCE, &told));
    assert!(told.0.lock().unwrap().is_empty(), "who stays to the end has not left");
}

/// Returns once an attempt is over.
async fn ended(router: &Router) {
    while router.status()[0].calls == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
