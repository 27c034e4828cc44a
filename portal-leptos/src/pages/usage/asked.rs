//! What usage is asked for, as it stands in the address.

use domain::day::Day;
use schemas::Timestamp;
use serde::Deserialize;
use views::{Group, PlatformGroup, UsageRow};

use crate::pages::{address::Address, dates};

/// Days that are shown when nobody chose, today included.
const DAYS: i64 = 30;

/// The most days that are shown at once.
pub(super) const DAYS_MAX: i64 = 366;

/// What the usage is added up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Day,
    Agent,
    Version,
    Model,
    Tenant,
}

impl By {
    pub(super) const fn word(self) -> &'static str {
        match self {
            By::Day => "day",
            By::Agent => "agent",
            By::Version => "version",
            By::Model => "model",
            By::Tenant => "tenant",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            By::Day => "Day",
            By::Agent => "Agent",
            By::Version => "Version",
            By::Model => "Model",
            By::Tenant => "Tenant",
        }
    }

    /// As a tenant's usage is added up.
    pub(super) const fn group(self) -> Option<Group> {
        match self {
            By::Day => Some(Group::Day),
            By::Agent => Some(Group::Agent),
            By::Version => Some(Group::Version),
            By::Model => Some(Group::Model),
            By::Tenant => None,
        }
    }

    /// As the installation's is.
    pub(super) const fn platform_group(self) -> Option<PlatformGroup> {
        match self {
            By::Day => Some(PlatformGroup::Day),
            By::Model => Some(PlatformGroup::Model),
            By::Tenant => Some(PlatformGroup::Tenant),
            By::Agent | By::Version => None,
        }
    }
}

/// What is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Measure {
    #[default]
    Cost,
    Messages,
    Tokens,
    Latency,
}

impl Measure {
    pub(super) const ALL: [Measure; 4] =
        [Measure::Cost, Measure::Messages, Measure::Tokens, Measure::Latency];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Measure::Cost => "cost",
            Measure::Messages => "messages",
            Measure::Tokens => "tokens",
            Measure::Latency => "latency",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Measure::Cost => "Cost",
            Measure::Messages => "Messages",
            Measure::Tokens => "Tokens",
            Measure::Latency => "Time to an answer",
        }
    }

    /// The parts that are drawn of a sum, with their names.
    pub(super) fn of(self, row: &UsageRow) -> Vec<(&'static str, u64)> {
        let counts = &row.counts;
        match self {
            Measure::Cost => vec![("Cost", counts.cost_micros)],
            Measure::Messages => vec![
                ("Answered", counts.answered),
                ("Failed", counts.failed),
                ("Over a limit", counts.throttled),
            ],
            Measure::Tokens => {
                vec![("Read", counts.input_tokens), ("Written", counts.output_tokens)]
            }
            Measure::Latency => vec![
                ("Half within", row.latency_ms_p50.unwrap_or(0)),
                ("95 of 100 within", row.latency_ms_p95.unwrap_or(0)),
            ],
        }
    }
}

/// From a day to a day, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Day,
    pub(super) to: Day,
    /// What was wrong with what was filled in; then it is the days nobody chose.
    pub(super) problem: Option<String>,
}

impl Span {
    /// Every day of it.
    pub(super) fn days(&self) -> impl Iterator<Item = Day> + use<> {
        let (from, to) = (self.from, self.to);
        (0..=DAYS_MAX).map(move |at| from.plus(at)).take_while(move |day| *day <= to)
    }
}

/// What was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    by: String,
    show: String,
    pub(super) view: String,
    pub(super) from: String,
    pub(super) to: String,
}

impl Asked {
    /// The days. Those that cannot be shown are said, and the newest are shown instead.
    pub(super) fn span(&self, now: Timestamp) -> Span {
        let today = Day::of(now);
        let usual = |problem| Span { from: today.plus(1 - DAYS), to: today, problem };
        let read = |text: &str, other| match text.trim() {
            "" => Some(other),
            text => dates::parse(text),
        };
        let Some(to) = read(&self.to, today) else {
            return usual(Some("The last day is no date like 2026-11-21.".to_owned()));
        };
        let Some(from) = read(&self.from, to.plus(1 - DAYS)) else {
            return usual(Some("The first day is no date like 2026-11-21.".to_owned()));
        };
        if to < from {
            return usual(Some("The last day comes before the first.".to_owned()));
        }
        if from.plus(DAYS_MAX - 1) < to {
            return usual(Some(format!("Choose {DAYS_MAX} days or fewer.")));
        }
        Span { from, to, problem: None }
    }

    /// What it is added up by: the first that there is, when nobody chose.
    pub(super) fn by(&self, all: &[By]) -> By {
        all.iter().copied().find(|by| by.word() == self.by).unwrap_or(By::Day)
    }

    pub(super) fn measure(&self) -> Measure {
        Measure::ALL.into_iter().find(|it| it.word() == self.show).unwrap_or_default()
    }

    pub(super) fn is_table(&self) -> bool {
        self.view == "table"
    }

    /// The same page with something else chosen.
    pub(super) fn on(&self, page: Address, by: By, measure: Measure, is_table: bool) -> String {
        page.with("by", by.word())
            .with("show", measure.word())
            .with("view", if is_table { "table" } else { "" })
            .with("from", &self.from)
            .with("to", &self.to)
            .done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str) -> (u32, u32, Option<String>) {
        let asked = Asked { from: from.to_owned(), to: to.to_owned(), ..Asked::default() };
        let now = Day::new(20_261_121).unwrap().start();
        let span = asked.span(now);
        (span.from.number(), span.to.number(), span.problem)
    }

    #[test]
    fn days_that_cannot_be_shown_are_said_and_the_newest_are_shown() {
        assert_eq!(span("", ""), (20_261_023, 20_261_121, None));
        assert_eq!(span("2026-11-01", "2026-11-03"), (20_261_101, 20_261_103, None));
        assert_eq!(span("", "2026-03-02"), (20_260_201, 20_260_302, None));
        for (from, to) in [("x", ""), ("", "x"), ("2026-11-03", "2026-11-01"), ("2020-01-01", "")] {
            let (from, to, problem) = span(from, to);
            assert_eq!((from, to, problem.is_some()), (20_261_023, 20_261_121, true));
        }
    }

    #[test]
    fn a_span_has_every_day_once() {
        let day = |number| Day::new(number).unwrap();
        let span = Span { from: day(20_240_228), to: day(20_240_301), problem: None };
        let days: Vec<_> = span.days().map(Day::number).collect();
        assert_eq!(days, [20_240_228, 20_240_229, 20_240_301]);
    }

    #[test]
    fn what_is_not_there_to_choose_is_the_day() {
        let by = |word: &str| Asked { by: word.to_owned(), ..Asked::default() };
        assert_eq!(by("tenant").by(&[By::Day, By::Agent]), By::Day);
        assert_eq!(by("agent").by(&[By::Day, By::Agent]), By::Agent);
    }
}
