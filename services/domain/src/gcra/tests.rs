//! Timelines: when messages come, and what becomes of them.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

fn quota(per_minute: u32) -> Quota {
    Quota { per_minute: NonZeroU32::new(per_minute).unwrap() }
}

/// Each line is a run of equal fates.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(arrivals: &[(i64, usize, u32)], want: Expect) {
    let (mut tat, mut log) = (None, String::new());
    for &(second, count, per_minute) in arrivals {
        let (mut admitted, mut waits) = (0, Vec::new());
        for _ in 0..count {
            match admit(quota(per_minute), tat, at(second * 1000)) {
                Decision::Admitted(next) => {
                    tat = Some(next);
                    admitted += 1;
                }
                Decision::Throttled { retry_at } => {
                    waits.push(retry_at.as_millis() - at(second * 1000).as_millis());
                }
            }
        }
        waits.dedup();
        let waits: Vec<_> = waits.iter().map(|wait| format!("wait {wait} ms")).collect();
        log = format!("{log}{second} s: {admitted} admitted {}\n", waits.join(", "));
    }
    want.assert_eq(&log.replace(" \n", "\n"));
}

#[test]
fn thirty_at_once_then_one_every_two_seconds() {
    check(
        &[(0, 31, 30), (1, 1, 30), (2, 2, 30), (62, 31, 30)],
        expect![[r"
            0 s: 30 admitted wait 2000 ms
            1 s: 0 admitted wait 1000 ms
            2 s: 1 admitted wait 2000 ms
            62 s: 30 admitted wait 2000 ms
        "]],
    );
}

#[test]
fn seven_a_minute_are_never_eight() {
    check(
        &[(0, 8, 7), (8, 1, 7), (9, 2, 7), (3600, 8, 7)],
        expect![[r#"
            0 s: 7 admitted wait 8572 ms
            8 s: 0 admitted wait 572 ms
            9 s: 1 admitted wait 8143 ms
            3600 s: 7 admitted wait 8572 ms
        "#]],
    );
}

#[test]
fn a_clock_that_goes_back_earns_nothing() {
    check(
        &[(60, 30, 30), (30, 1, 30), (62, 2, 30)],
        expect![[r"
            60 s: 30 admitted
            30 s: 0 admitted wait 32000 ms
            62 s: 1 admitted wait 2000 ms
        "]],
    );
}

#[test]
fn another_quota_applies_at_once() {
    check(
        &[(0, 31, 30), (0, 1, 60), (1, 2, 60), (1, 1, 1), (61, 2, 1)],
        expect![[r"
            0 s: 30 admitted wait 2000 ms
            0 s: 0 admitted wait 1000 ms
            1 s: 1 admitted wait 1000 ms
            1 s: 0 admitted wait 60000 ms
            61 s: 1 admitted wait 60000 ms
        "]],
    );
}

#[test]
fn both_limits_are_spent_or_neither() {
    let now = at(0);
    let level = |per_minute, tat| Level { per_minute, tat };
    let spent = Some(Tat((now.as_millis() + 60_000) * 1000));
    let throttled =
        |limit, per_minute, wait| Verdict::Throttled { limit, per_minute, retry_at: at(wait) };
    let (tenant, channel) = (LimitScope::Tenant, LimitScope::Channel);
    let cases = [
        (level(30, spent), Some(level(30, None)), throttled(tenant, 30, 2_000)),
        (level(30, None), Some(level(10, spent)), throttled(channel, 10, 6_000)),
        (level(30, spent), Some(level(10, spent)), throttled(channel, 10, 6_000)),
        (level(10, spent), Some(level(30, spent)), throttled(tenant, 10, 6_000)),
        (level(30, spent), Some(level(30, spent)), throttled(tenant, 30, 2_000)),
        (level(30, spent), None, throttled(tenant, 30, 2_000)),
        (level(0, None), None, throttled(tenant, 0, 60_000)),
        (level(30, None), Some(level(0, None)), throttled(channel, 0, 60_000)),
    ];
    for (tenant, channel, want) in cases {
        assert_eq!(admit_both(tenant, channel, now), want, "{tenant:?} {channel:?}");
    }
    let next = |seconds: i64| Tat((now.as_millis() + seconds * 1000) * 1000);
    let both = Verdict::Admitted { tenant: next(2), channel: Some(next(6)) };
    assert_eq!(admit_both(level(30, None), Some(level(10, None)), now), both);
}

#[test]
fn a_person_is_told_once_for_each_reset_and_once_a_minute() {
    let told = |at_ms, retry_ms| Some(Told { at: at(at_ms), retry_at: at(retry_ms) });
    let cases = [
        (None, 0, true),
        (told(0, 2_000), 0, false),
        (told(0, 2_000), 2_000, false),
        (told(0, 2_000), 59_999, false),
        (told(0, 2_000), 60_000, true),
        (told(0, 90_000), 60_000, false),
        (told(0, 90_000), 90_000, true),
        (told(5_000, 6_000), 0, false),
    ];
    for (last, now, want) in cases {
        assert_eq!(tells(last, at(now)), want, "{last:?} {now}");
    }
}

proptest! {
    /// In no window passes more than the burst and what the window earns.
    #[test]
    fn never_more_than_the_burst_and_the_rate(
        per_minute in 1..200_u32,
        gaps in prop::collection::vec(0..5_000_i64, 1..300),
    ) {
        let (mut now, mut tat, mut passed) = (0, None, Vec::new());
        for gap in gaps {
            now += gap;
            if let Decision::Admitted(next) = admit(quota(per_minute), tat, at(now)) {
                prop_assert!(tat < Some(next), "the state goes back");
                tat = Some(next);
                passed.push(now);
            }
        }
        for (first, from) in passed.iter().enumerate() {
            for (count, to) in passed[first..].iter().enumerate() {
                let earned = (to - from) * i64::from(per_minute) / 60_000;
                prop_assert!(i64::try_from(count).unwrap() < i64::from(per_minute) + earned);
            }
        }
    }

    /// Whoever waits as told gets through, and nobody sooner.
    #[test]
    fn retry_at_is_the_first_instant_that_passes(per_minute in 1..200_u32, ahead in 0..60_000_i64) {
        let tat = Some(Tat((at(ahead).as_millis()) * 1000));
        if let Decision::Throttled { retry_at } = admit(quota(per_minute), tat, at(0)) {
            let before = Timestamp::from_millis(retry_at.as_millis() - 1);
            prop_assert!(matches!(admit(quota(per_minute), tat, retry_at), Decision::Admitted(_)));
            let too_early = admit(quota(per_minute), tat, before);
            prop_assert!(!matches!(too_early, Decision::Admitted(_)));
        }
    }

    #[test]
    fn a_clock_that_goes_back_never_admits_more(
        per_minute in 1..50_u32,
        jumps in prop::collection::vec(-60_000..60_000_i64, 1..200),
    ) {
        let (mut now, mut latest, mut tat, mut passed) = (0, 0, None, 0_i64);
        for jump in jumps {
            now = (now + jump).max(0);
            latest = latest.max(now);
            if let Decision::Admitted(next) = admit(quota(per_minute), tat, at(now)) {
                tat = Some(next);
                passed += 1;
            }
        }
        prop_assert!(passed <= i64::from(per_minute) + latest * i64::from(per_minute) / 60_000);
    }
}
