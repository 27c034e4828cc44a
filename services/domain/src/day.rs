//! A day of the calendar in UTC, as usage is counted by.

use std::fmt;

use schemas::Timestamp;
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A day, written as the number 20261121: numbers come in the order of days, and show as what they are.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Day(u32);

impl Day {
    /// The day of an instant.
    pub fn of(at: Timestamp) -> Self {
        Self::of_days(at.as_millis().div_euclid(DAY_MS))
    }

    /// A day by its number, e.g. 20261121; the 31st of a shorter month is a day of the next.
    pub fn new(number: u32) -> Option<Self> {
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
        let real = (1970..=9999).contains(&year) && (1..=12).contains(&month);
        (real && (1..=31).contains(&day)).then(|| Self::of_days(Self(number).days()))
    }

    /// As it stands in tables: 20261121.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Its month: 202611.
    pub const fn month(self) -> u32 {
        self.0 / 100
    }

    /// The first day of its month.
    #[must_use]
    pub const fn first_of_month(self) -> Self {
        Self(self.month() * 100 + 1)
    }

    /// The last day of its month.
    #[must_use]
    pub fn last_of_month(self) -> Self {
        self.first_of_month().plus(31).first_of_month().plus(-1)
    }

    /// So many days later, or earlier.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        Self::of_days(self.days().saturating_add(days))
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        Timestamp::from_millis(self.days().saturating_mul(DAY_MS))
    }

    /// Days since the epoch. Years begin in March, so that the odd day of February is their last
    /// (Howard Hinnant, `chrono`-compatible low-level date algorithms).
    fn days(self) -> i64 {
        let (year, month, day) =
            (i64::from(self.0 / 10_000), i64::from(self.0 / 100 % 100), i64::from(self.0 % 100));
        let year = if month <= 2 { year - 1 } else { year };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    fn of_days(days: i64) -> Self {
        let days = days.clamp(0, 2_932_896) + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * years + years / 4 - years / 100);
        let march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march + 2) / 5 + 1;
        let month = if march < 10 { march + 3 } else { march - 9 };
        let year = era * 400 + years + i64::from(month <= 2);
        Self(u32::try_from(year * 10_000 + month * 100 + day).unwrap_or_default())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the calendar that instants are written by.
    #[test]
    fn every_day_is_the_one_its_instants_show() {
        for days in (0..2_932_896).step_by(17).chain([0, 2_932_896]) {
            let start = Timestamp::from_millis(days * DAY_MS);
            let last = Timestamp::from_millis((days + 1) * DAY_MS - 1);
            let day = Day::of(start);
            assert_eq!(day.to_string(), start.to_string()[..10]);
            assert_eq!((Day::of(last), day.start()), (day, start));
            assert_eq!(Day::new(day.number()), Some(day));
        }
    }

    #[test]
    fn days_follow_each_other_over_the_ends_of_months() {
        let day = Day::new(20_240_228).unwrap();
        let next: Vec<_> = (0..3).map(|days| day.plus(days).number()).collect();
        assert_eq!(next, [20_240_228, 20_240_229, 20_240_301]);
        assert_eq!((day.plus(-31).number(), day.month()), (20_240_128, 202_402));
        assert_eq!(day.first_of_month().number(), 20_240_201);
        assert_eq!(day.last_of_month().number(), 20_240_229);
        let none = [0, 20_241_301, 20_240_100, 19_691_231].map(Day::new);
        assert_eq!(none, [None; 4]);
    }
}
