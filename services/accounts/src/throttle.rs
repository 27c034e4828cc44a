//! How long a try waits after others that failed. Long, where account and address are the same; by
//! the account alone, wherever tries come from, for seconds only: whoever has many addresses is held
//! up, and nobody who knows an e-mail keeps its owner out.

use std::time::Duration;

use schemas::Timestamp;
use store::accounts::throttle::Tries;

/// So many tries cost nothing.
pub const FREE: u32 = 5;
/// The first wait; each further one is twice as long.
pub const WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest wait.
pub const WAIT_MAX: Duration = Duration::from_mins(15);
/// The longest wait by tries that anybody can make in somebody else's name.
pub const WAIT_MAX_BY_OTHERS: Duration = Duration::from_secs(30);
/// After so long without a try, it begins anew.
pub const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

/// What is remembered once a try at `now` is let through, or until when none is: `longest` is the most
/// that the next one waits. It is counted before anybody knows how it ends, so that tries at the same
/// moment are not free.
pub fn admit(tries: Tries, now: Timestamp, longest: Duration) -> Result<Tries, Timestamp> {
    if now < tries.until {
        return Err(tries.until);
    }
    let old = FORGOTTEN_AFTER < now.since(tries.last_at);
    let count = if old { 1 } else { tries.count.saturating_add(1) };
    let until = if count < FREE { now } else { now.plus(wait(count).min(longest)) };
    Ok(Tries { count, last_at: now, until })
}

fn wait(count: u32) -> Duration {
    let doublings = count.saturating_sub(FREE).min(16);
    WAIT_MIN.saturating_mul(1 << doublings)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use expect_test::expect;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn five_are_free_and_then_each_wait_is_twice_the_last_up_to_15_minutes() {
        let (mut tries, mut now, mut lines) = (Tries::default(), at(0), String::new());
        for _ in 0..18 {
            tries = admit(tries, now, WAIT_MAX).unwrap();
            let waits = tries.until.since(now).as_secs();
            _ = writeln!(lines, "try {}: then {waits} s", tries.count);
            now = now.plus(Duration::from_secs(waits));
        }
        expect![[r"
            try 1: then 0 s
            try 2: then 0 s
            try 3: then 0 s
            try 4: then 0 s
            try 5: then 1 s
            try 6: then 2 s
            try 7: then 4 s
            try 8: then 8 s
            try 9: then 16 s
            try 10: then 32 s
            try 11: then 64 s
            try 12: then 128 s
            try 13: then 256 s
            try 14: then 512 s
            try 15: then 900 s
            try 16: then 900 s
            try 17: then 900 s
            try 18: then 900 s
        "]]
        .assert_eq(&lines);
    }

    #[test]
    fn where_others_may_try_too_the_wait_stays_short() {
        let tries = Tries { count: 40, last_at: at(0), until: at(30) };
        let longest = WAIT_MAX_BY_OTHERS;
        assert_eq!(admit(tries, at(30), longest).unwrap().until, at(30 + 30));
        let tries = Tries { count: 7, ..tries };
        assert_eq!(admit(tries, at(30), longest).unwrap().until, at(30 + 8));
    }

    #[test]
    fn whoever_waits_is_told_until_when_and_a_try_meanwhile_adds_nothing() {
        let tries = Tries { count: 7, last_at: at(0), until: at(4) };
        assert_eq!(admit(tries, at(3), WAIT_MAX), Err(at(4)));
        assert_eq!(admit(tries, at(4), WAIT_MAX).unwrap().until, at(4 + 8));
    }

    #[test]
    fn nothing_is_for_good() {
        let tries = Tries { count: u32::MAX, last_at: at(0), until: at(900) };
        assert_eq!(admit(tries, at(900), WAIT_MAX).unwrap().until, at(900 + 900));
        assert_eq!(admit(tries, at(24 * 3600 + 1), WAIT_MAX).unwrap().count, 1);
    }
}
