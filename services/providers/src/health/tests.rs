use super::*;

fn health(allowance: Allowance) -> Health {
    Health::new(Rest::default(), allowance, Arc::default())
}

fn outcome(failure: Option<&Failure>) -> Outcome<'_> {
    Outcome {
        failure,
        first_token: Some(Duration::from_millis(80)),
        cold: false,
        tokens: None,
        now: Instant::now(),
        jitter: 1.0,
    }
}

fn fail(health: &Health, class: FailureClass, retry_after_s: Option<u64>) {
    let retry_after = retry_after_s.map(Duration::from_secs);
    let failure = Failure { retry_after, ..Failure::new(class, "a test says so") };
    health.enter(10, Instant::now()).unwrap().done(outcome(Some(&failure)));
}

fn opens_in(health: &Health) -> Option<u64> {
    let now = Instant::now();
    health.standing(10, now).opens_at.map(|at| (at - now).as_secs())
}

#[tokio::test(start_paused = true)]
async fn each_class_says_what_it_says_and_no_more() {
    use FailureClass as C;
    for (class, asked, want) in [
        (C::RateLimited, Some(30), Some(30)),
        (C::RateLimited, None, Some(5)),
        (C::Overloaded, Some(30), Some(30)),
        (C::Overloaded, None, None),
        (C::Transient, None, None),
        (C::QuotaExhausted, None, Some(600)),
        (C::QuotaExhausted, Some(3_600), Some(3_600)),
        (C::CredentialDead, None, Some(300)),
        (C::Refused, None, None),
        (C::BadRequest, None, None),
        (C::ContextTooLong, None, None),
        (C::Empty, None, None),
    ] {
        let health = health(Allowance::default());
        fail(&health, class, asked);
        assert_eq!(opens_in(&health), want, "{class} {asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_request_never_opens_a_breaker() {
    let health = health(Allowance::default());
    for class in [FailureClass::Refused, FailureClass::BadRequest, FailureClass::Empty] {
        for _ in 0..20 {
            fail(&health, class, None);
        }
    }
    assert_eq!(opens_in(&health), None);
}

#[tokio::test(start_paused = true)]
async fn a_dead_key_rests_for_all_that_use_it() {
    let credential: Arc<Credential> = Arc::default();
    let [one, other] = [(); 2]
        .map(|()| Health::new(Rest::default(), Allowance::default(), Arc::clone(&credential)));
    fail(&one, FailureClass::CredentialDead, None);
    assert_eq!(opens_in(&other), Some(300));
    fail_after(&one, &other, Duration::from_mins(5));
}

/// After its rest one call probes the key, whichever deployment makes it.
fn fail_after(one: &Health, other: &Health, rest: Duration) {
    let later = Instant::now() + rest;
    let probe = other.enter(10, later).unwrap();
    assert!(one.enter(10, later).is_err(), "the probe is under way");
    drop(probe);
    assert!(one.enter(10, later).is_ok(), "it left without a word");
}

#[tokio::test(start_paused = true)]
async fn cold_loads_and_failures_are_no_samples_of_latency() {
    let health = health(Allowance::default());
    let done = |cold, failure: Option<&Failure>| {
        let ticket = health.enter(10, Instant::now()).unwrap();
        ticket.done(Outcome { cold, ..outcome(failure) });
        health.standing(10, Instant::now()).first_token
    };
    assert_eq!(done(true, None), None);
    let timeout = Failure::new(FailureClass::TimedOut, "no first token in time");
    for _ in 0..10 {
        assert_eq!(done(true, Some(&timeout)), None);
    }
    assert_eq!(opens_in(&health), None, "a model that loads is not broken");
    assert_eq!(done(false, Some(&timeout)), None);
    assert_eq!(done(false, None), Some(Duration::from_millis(80)));
}

#[tokio::test(start_paused = true)]
async fn calls_under_way_are_counted_until_they_end_or_are_left() {
    let health = health(Allowance::default());
    let in_flight = || health.standing(10, Instant::now()).in_flight;
    let one = health.enter(10, Instant::now()).unwrap();
    let other = health.enter(10, Instant::now()).unwrap();
    assert_eq!(in_flight(), 2);
    one.done(outcome(None));
    drop(other);
    assert_eq!(in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_settings_is_not_run_into() {
    let health = health(Allowance { requests: Some(2), tokens: Some(1_000) });
    let enter = |tokens| health.enter(tokens, Instant::now());
    enter(100).unwrap().done(Outcome { tokens: Some(900), ..outcome(None) });
    assert!(enter(200).is_err(), "a hundred tokens are left of this minute");
    drop(enter(50).unwrap());
    let refused = enter(10).unwrap_err();
    assert_eq!((refused - Instant::now()).as_secs(), 30, "two calls a minute");
}
