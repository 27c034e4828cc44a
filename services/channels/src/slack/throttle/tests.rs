use proptest::prelude::*;

use super::*;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn take(throttle: &Throttle, workspace: &str, channel: &str, now: Duration) -> Result<u64, u64> {
    let turn = throttle.reserve(workspace, Method::PostMessage, Some(channel), now);
    turn.map(|wait| wait.as_secs()).map_err(|wait| wait.as_secs())
}

#[test]
fn a_channel_gets_a_burst_and_then_one_a_second() {
    let throttle = Throttle::new(Pacing::Slack);
    let waits: Vec<_> = (0..12).map(|_| take(&throttle, "T1", "C1", s(0))).collect();
    let mut want: Vec<Result<u64, u64>> = vec![Ok(0); 5];
    want.extend([Ok(1), Ok(2), Ok(3), Ok(4), Ok(5), Err(6), Err(6)]);
    assert_eq!(waits, want);
    assert_eq!(take(&throttle, "T1", "C2", s(0)), Ok(0), "another channel");
    assert_eq!(take(&throttle, "T2", "C1", s(0)), Ok(0), "the same channel of another workspace");
    assert_eq!(take(&throttle, "T1", "C1", s(20)), Ok(0), "later");
}

#[test]
fn a_429_holds_one_method_of_one_workspace() {
    for pacing in [Pacing::Slack, Pacing::Unpaced] {
        let throttle = Throttle::new(pacing);
        throttle.hold("T1", Method::PostMessage, s(30));
        let now = throttle.started.elapsed();
        let reserve = |workspace, method| throttle.reserve(workspace, method, None, now);
        assert!(
            reserve("T1", Method::PostMessage).is_err_and(|wait| wait <= s(30) && s(29) < wait)
        );
        assert_eq!(reserve("T1", Method::Update), Ok(s(0)));
        assert_eq!(reserve("T2", Method::PostMessage), Ok(s(0)));
        let later = throttle.reserve("T1", Method::PostMessage, None, now + s(31));
        assert_eq!(later, Ok(s(0)));
    }
}

#[test]
fn a_shorter_hold_does_not_end_a_longer_one() {
    let throttle = Throttle::new(Pacing::Slack);
    throttle.hold("T1", Method::Update, s(30));
    throttle.hold("T1", Method::Update, s(1));
    let now = throttle.started.elapsed();
    assert!(throttle.reserve("T1", Method::Update, None, now + s(20)).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_short_wait_is_slept_and_a_long_one_is_told() {
    let throttle = Throttle::new(Pacing::Slack);
    throttle.hold("T1", Method::Update, s(4));
    let before = Instant::now();
    assert_eq!(throttle.turn("T1", Method::Update, None).await, Ok(()));
    assert_eq!(before.elapsed(), s(4));
    throttle.hold("T1", Method::Update, s(6));
    assert_eq!(throttle.turn("T1", Method::Update, None).await, Err(s(6)));
    assert_eq!(before.elapsed(), s(4));
}

#[test]
fn the_map_is_bounded_and_keeps_the_longest_holds() {
    let throttle = Throttle::new(Pacing::Slack);
    throttle.hold("T-held", Method::Update, s(3600));
    for n in 0..SLOTS_MAX + 10 {
        take(&throttle, &format!("T{n}"), "C1", s(0)).unwrap();
        assert!(throttle.slots().len() <= SLOTS_MAX);
    }
    let now = throttle.started.elapsed();
    assert!(throttle.reserve("T-held", Method::Update, None, now).is_err());
}

proptest! {
    /// In any window, no more turns than the burst and what the window pays back.
    #[test]
    fn never_more_than_the_pace(gaps_ms in prop::collection::vec(0_u64..2_000, 1..200)) {
        let throttle = Throttle::new(Pacing::Slack);
        let (mut now, mut turns) = (s(0), Vec::new());
        for gap in gaps_ms {
            now += Duration::from_millis(gap);
            if let Ok(wait) = throttle.reserve("T1", Method::PostMessage, Some("C1"), now) {
                turns.push(now + wait);
            }
        }
        for (i, first) in turns.iter().enumerate() {
            for (j, last) in turns.iter().enumerate().skip(i) {
                let allowed = u128::from(CHANNEL_PACE.burst) + last.saturating_sub(*first).as_millis() / 1000;
                prop_assert!(((j - i) as u128) < allowed, "{first:?} {last:?}");
            }
        }
    }
}
