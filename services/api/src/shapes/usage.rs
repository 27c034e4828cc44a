//! What was used and what it cost.

use domain::day::Day;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use views::{Group, UsageRow};

use crate::problem::ApiError;

/// How many days are added up when nobody chose, today included.
const DAYS_DEFAULT: i64 = 30;

/// What usage is added up by.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// By day.
    Day,
    /// By agent.
    Agent,
    /// By agent and version.
    Version,
    /// By model.
    Model,
}

/// What the installation's usage is added up by.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlatformBy {
    /// By day.
    Day,
    /// By model.
    Model,
    /// By tenant, over the month in which the last day is: the 200 that cost most; without latencies.
    Tenant,
}

/// Usage over some days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// The first day (UTC).
    #[schema(format = Date, example = "2026-11-01")]
    pub(crate) from: String,
    /// The last day, included.
    #[schema(format = Date, example = "2026-11-30")]
    pub(crate) to: String,
    /// The parts. Days without any are left out.
    pub(crate) items: Vec<UsageItem>,
    /// All of them together; its key is empty.
    pub(crate) total: UsageItem,
}

/// A sum.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageItem {
    /// A day, an agent, an agent and its version (`mara 3`) or what was tried
    /// of it (`mara draft`) or replayed (`mara replay`), a model or a tenant. Empty where it is not
    /// known, as of a message that was over a limit.
    #[schema(example = "mara")]
    pub(crate) key: String,
    /// Messages of which it was decided what comes of them.
    pub(crate) messages: u64,
    /// Messages that a model answered.
    pub(crate) answered: u64,
    /// Messages without an answer, and answers that nobody could be given.
    pub(crate) failed: u64,
    /// Messages over a limit.
    pub(crate) throttled: u64,
    /// Messages whose cost is not known, or not of every call; it is not in the sum. Of trials and
    /// programs, calls.
    pub(crate) unpriced: u64,
    /// Tokens of prompts.
    pub(crate) input_tokens: u64,
    /// Tokens of answers.
    pub(crate) output_tokens: u64,
    /// What it cost, in millionths of a dollar.
    pub(crate) cost_micros: u64,
    /// The mean time to an answer, in milliseconds.
    pub(crate) latency_ms_mean: Option<u64>,
    /// 95 of 100 answers came within this, in milliseconds.
    pub(crate) latency_ms_p95: Option<u64>,
}

/// Which usage of a tenant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// What it is added up by; by day if it is not said.
    pub(crate) by: Option<By>,
    /// The first day (UTC); 30 days before the last if it is not said.
    #[param(format = Date)]
    pub(crate) from: Option<String>,
    /// The last day, included; today if it is not said.
    #[param(format = Date)]
    pub(crate) to: Option<String>,
}

/// Which usage of the installation.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlatformWhich {
    /// What it is added up by; by day if it is not said.
    pub(crate) by: Option<PlatformBy>,
    /// The first day (UTC); 30 days before the last if it is not said.
    #[param(format = Date)]
    pub(crate) from: Option<String>,
    /// The last day, included; today if it is not said.
    #[param(format = Date)]
    pub(crate) to: Option<String>,
}

/// The days that were asked for.
pub(crate) fn days(
    from: Option<&str>,
    to: Option<&str>,
    today: Day,
) -> Result<std::ops::RangeInclusive<Day>, ApiError> {
    let to = to.map_or(Ok(today), |text| day("to", text))?;
    let from = from.map_or(Ok(to.plus(1 - DAYS_DEFAULT)), |text| day("from", text))?;
    Ok(from..=to)
}

fn day(field: &str, text: &str) -> Result<Day, ApiError> {
    let number = text.replace('-', "").parse().ok();
    let day = number.and_then(Day::new).filter(|day| written(*day) == text);
    day.ok_or_else(|| ApiError::field(field, "is no day such as 2026-11-21"))
}

/// A day as ISO 8601 writes it.
fn written(day: Day) -> String {
    let number = day.number();
    format!("{:04}-{:02}-{:02}", number / 10_000, number / 100 % 100, number % 100)
}

impl From<By> for Group {
    fn from(by: By) -> Self {
        match by {
            By::Day => Group::Day,
            By::Agent => Group::Agent,
            By::Version => Group::Version,
            By::Model => Group::Model,
        }
    }
}

impl From<PlatformBy> for views::PlatformGroup {
    fn from(by: PlatformBy) -> Self {
        match by {
            PlatformBy::Day => views::PlatformGroup::Day,
            PlatformBy::Model => views::PlatformGroup::Model,
            PlatformBy::Tenant => views::PlatformGroup::Tenant,
        }
    }
}

impl Usage {
    /// `by_day` where the keys are days.
    pub(crate) fn of(usage: views::Usage, by_day: bool) -> Self {
        let item = |row: UsageRow| {
            let day = row.key.parse().ok().and_then(Day::new).filter(|_| by_day);
            UsageItem {
                key: day.map_or(row.key, written),
                messages: row.counts.messages,
                answered: row.counts.answered,
                failed: row.counts.failed,
                throttled: row.counts.throttled,
                unpriced: row.counts.unpriced,
                input_tokens: row.counts.input_tokens,
                output_tokens: row.counts.output_tokens,
                cost_micros: row.counts.cost_micros,
                latency_ms_mean: row.latency_ms_mean,
                latency_ms_p95: row.latency_ms_p95,
            }
        };
        Self {
            from: written(usage.from),
            to: written(usage.to),
            items: usage.rows.into_iter().map(item).collect(),
            total: item(usage.total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days_of_the_calendar() {
        let today = Day::new(20_261_121).unwrap();
        let asked = |from, to| {
            days(from, to, today)
                .map(|it| format!("{} {}", written(*it.start()), written(*it.end())))
        };
        assert_eq!(asked(None, None).unwrap(), "2026-10-23 2026-11-21");
        assert_eq!(asked(Some("2024-02-29"), Some("2024-03-01")).unwrap(), "2024-02-29 2024-03-01");
        for text in ["2026-02-29", "20261121", "2026-1-1", "", "today"] {
            assert!(matches!(asked(Some(text), None), Err(ApiError::Invalid(_))), "{text}");
        }
    }
}
