use super::*;

const LOOK: Duration = Duration::from_millis(500);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A breaker that has just opened, with jitter at its most.
fn opened(now: Instant) -> Breaker {
    let mut breaker = Breaker::new(Rest::default());
    for _ in 0..FAILURES_MAX {
        assert_eq!(breaker.opens_at(now, LOOK), None);
        breaker.failed(now, 1.0);
    }
    breaker
}

#[tokio::test(start_paused = true)]
async fn three_failures_in_a_row_open_it_and_a_success_between_does_not_count_on() {
    let now = Instant::now();
    let mut breaker = Breaker::new(Rest::default());
    for _ in 0..10 {
        breaker.failed(now, 1.0);
        breaker.failed(now, 1.0);
        breaker.passed();
    }
    assert_eq!(breaker.opens_at(now, LOOK), None);
    assert_eq!(opened(now).opens_at(now, LOOK), Some(now + seconds(5)));
}

#[tokio::test(start_paused = true)]
async fn one_call_probes_and_the_others_wait_for_it() {
    let now = Instant::now();
    let mut breaker = opened(now);
    let later = now + seconds(5);
    assert_eq!(breaker.opens_at(later, LOOK), None);
    assert_eq!(breaker.enter(later), Entry::Probe);
    assert_eq!(breaker.opens_at(later, LOOK), Some(later + LOOK));
    breaker.gave_up();
    assert_eq!(breaker.enter(later), Entry::Probe, "the next one is the probe");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_rests_twice_as_long_up_to_a_bound() {
    let now = Instant::now();
    let mut breaker = opened(now);
    let (mut at, mut rests) = (now + seconds(5), Vec::new());
    for _ in 0..6 {
        assert_eq!(breaker.enter(at), Entry::Probe);
        breaker.failed(at, 1.0);
        let opens = breaker.opens_at(at, LOOK).unwrap();
        rests.push((opens - at).as_secs());
        at = opens;
    }
    assert_eq!(rests, [10, 20, 40, 60, 60, 60]);
    assert_eq!(breaker.enter(at), Entry::Probe);
    breaker.passed();
    assert_eq!(breaker.opens_at(at, LOOK), None);
    let mut shares = vec![breaker.share()];
    for _ in 0..3 {
        breaker.passed();
        shares.push(breaker.share());
    }
    assert_eq!(format!("{shares:?}"), "[0.25, 0.5, 1.0, 1.0]");
    for _ in 0..FAILURES_MAX {
        breaker.failed(at, 1.0);
    }
    assert_eq!(breaker.opens_at(at, LOOK), Some(at + seconds(5)), "it was whole again");
}

#[tokio::test(start_paused = true)]
async fn while_it_comes_back_one_failure_is_enough() {
    let now = Instant::now();
    let mut breaker = opened(now);
    assert_eq!(breaker.enter(now + seconds(5)), Entry::Probe);
    breaker.passed();
    breaker.failed(now + seconds(6), 1.0);
    assert_eq!(breaker.opens_at(now + seconds(6), LOOK), Some(now + seconds(16)));
}

#[tokio::test(start_paused = true)]
async fn a_rest_that_was_asked_for_is_kept_and_never_made_shorter() {
    let now = Instant::now();
    let mut breaker = Breaker::new(Rest::default());
    breaker.refused(now, Some(seconds(90)), 1.0);
    breaker.refused(now, Some(seconds(10)), 1.0);
    assert_eq!(breaker.opens_at(now, LOOK), Some(now + seconds(90)));
    let mut unsaid = Breaker::new(Rest::default());
    unsaid.refused(now, None, 0.0);
    assert_eq!(unsaid.opens_at(now, LOOK), Some(now + Duration::from_millis(2_500)));
}
