//! Each test is a story: what fails, and what is tried next.

use expect_test::{Expect, expect};

use super::*;

/// Two with one key, then one of another vendor.
const ROUTES: [(&str, &str, Option<u32>); 3] =
    [("a", "key 1", Some(8000)), ("b", "key 1", Some(32_000)), ("c", "key 2", None)];

fn failure(class: FailureClass, retry_after_s: Option<u64>) -> Failure {
    let retry_after = retry_after_s.map(Duration::from_secs);
    Failure { retry_after, ..Failure::new(class, "a test says so") }
}

/// Attempts fail as told, one after the other, each after no time at all, with jitter at its most.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(failures: &[Failure], want: Expect) {
    let candidates = ROUTES.map(|(_, credential, context_window)| {
        let opens_at = None;
        Candidate { credential, context_window, opens_at }
    });
    let mut plan = Plan::new(Retries::default(), candidates.into_iter());
    let start = Instant::now();
    let deadline = start + Duration::from_mins(1);
    let (mut now, mut log) = (start, String::new());
    for failure in failures {
        let Step::Try { candidate, wait } = plan.next(now, deadline) else {
            log.push_str("stop\n");
            break;
        };
        now += wait;
        let at = (now - start).as_secs_f64();
        log = format!("{log}{at} s: {} {}\n", ROUTES[candidate].0, failure.class);
        plan.failed(candidate, failure, Moment { now, jitter: 1.0, can_grow: true });
    }
    if let Some(at) = plan.retry_at() {
        log = format!("{log}retry at {} s\n", (at - start).as_secs());
    }
    want.assert_eq(&log);
}

#[test]
fn a_fault_is_retried_with_growing_pauses_then_the_next_is_tried() {
    check(
        &vec![failure(FailureClass::Transient, None); 7],
        expect![[r#"
            0 s: a transient
            0.5 s: a transient
            1.5 s: a transient
            1.5 s: b transient
            2 s: b transient
            3 s: b transient
            stop
        "#]],
    );
}

#[test]
fn a_rate_limit_sends_us_elsewhere_and_back_when_the_time_has_come() {
    check(
        &[
            failure(FailureClass::RateLimited, Some(20)),
            failure(FailureClass::RateLimited, Some(10)),
            failure(FailureClass::TimedOut, None),
            failure(FailureClass::RateLimited, Some(300)),
            failure(FailureClass::BadRequest, None),
            failure(FailureClass::BadRequest, None),
        ],
        expect![[r#"
            0 s: a rate_limited
            0 s: b rate_limited
            0 s: c timed_out
            10 s: b rate_limited
            20 s: a bad_request
            stop
            retry at 310 s
        "#]],
    );
}

#[test]
fn a_long_wait_is_not_stayed_for() {
    check(
        &[failure(FailureClass::Overloaded, Some(30)), failure(FailureClass::TimedOut, None)],
        expect![[r#"
            0 s: a overloaded
            0 s: b timed_out
            retry at 30 s
        "#]],
    );
}

#[test]
fn a_silent_route_is_left_at_once() {
    check(
        &vec![failure(FailureClass::TimedOut, None); 4],
        expect![[r#"
            0 s: a timed_out
            0 s: b timed_out
            0 s: c timed_out
            stop
        "#]],
    );
}

#[test]
fn no_quota_and_a_dead_key_close_all_that_share_the_key() {
    for class in [FailureClass::QuotaExhausted, FailureClass::CredentialDead] {
        let failures = vec![failure(class, None); 3];
        let want = format!("0 s: a {class}\n0 s: c {class}\nstop\n");
        let mut want_file = expect![""];
        want_file.data = Box::leak(want.into_boxed_str());
        check(&failures, want_file);
    }
}

#[test]
fn a_long_prompt_goes_to_a_larger_window_only() {
    check(
        &vec![failure(FailureClass::ContextTooLong, None); 4],
        expect![[r#"
            0 s: a context_too_long
            0 s: b context_too_long
            0 s: c context_too_long
            stop
        "#]],
    );
    check(
        &[failure(FailureClass::TimedOut, None), failure(FailureClass::ContextTooLong, None)],
        expect![[r#"
            0 s: a timed_out
            0 s: b context_too_long
        "#]],
    );
}

#[test]
fn a_refusal_ends_it() {
    check(
        &vec![failure(FailureClass::Refused, None); 2],
        expect![[r#"
            0 s: a refused
            stop
        "#]],
    );
}

#[test]
fn an_empty_answer_is_tried_once_more() {
    check(
        &vec![failure(FailureClass::Empty, None); 3],
        expect![[r#"
            0 s: a empty
            0.5 s: a empty
            0.5 s: b empty
        "#]],
    );
}

#[test]
fn a_starved_answer_is_tried_again_only_with_more_tokens() {
    let starved = Failure { starved: true, ..failure(FailureClass::Empty, None) };
    for (can_grow, want) in [(true, 0), (false, 1)] {
        let candidate = Candidate { credential: "", context_window: None, opens_at: None };
        let mut plan =
            Plan::new(Retries::default(), vec![candidate.clone(), candidate].into_iter());
        let now = Instant::now();
        let deadline = now + Duration::from_mins(1);
        plan.next(now, deadline);
        plan.failed(0, &starved, Moment { now, jitter: 0.0, can_grow });
        let wait = Duration::ZERO;
        assert_eq!(plan.next(now, deadline), Step::Try { candidate: want, wait });
    }
}

#[test]
fn nothing_starts_at_the_deadline() {
    let now = Instant::now();
    let candidate = Candidate { credential: "", context_window: None, opens_at: None };
    let mut plan = Plan::new(Retries::default(), [candidate].into_iter());
    assert_eq!(plan.next(now, now), Step::Stop);
    let deadline = now + Duration::from_millis(400);
    assert_ne!(plan.next(now, deadline), Step::Stop);
    let moment = Moment { now, jitter: 1.0, can_grow: true };
    plan.failed(0, &failure(FailureClass::Transient, None), moment);
    assert_eq!(plan.next(now, deadline), Step::Stop, "the pause ends after it");
}

#[test]
fn pauses_are_bounded_by_chance_and_by_the_setting() {
    let retries = Retries::default();
    assert_eq!(pause(retries, 1, 0.0), Duration::ZERO);
    assert_eq!(pause(retries, 3, 0.5), Duration::from_secs(1));
    assert_eq!(pause(retries, 40, 1.0), retries.pause_max);
    assert_eq!(pause(retries, u32::MAX, 7.0), retries.pause_max);
}
