//! What was used and what it cost.

use std::ops::RangeInclusive;

use domain::{
    access::{Permission, Principal},
    day::Day,
    latency::quantile,
};
use schemas::TenantId;
use serde::{Deserialize, Serialize};
use store::{
    Purpose,
    projections::Counts,
    views::usage::{self, Group, PlatformGroup, UsageLine},
};

use crate::{ViewError, Views};

/// The most tenants that are named, those that cost most.
pub const TENANTS_MAX: u32 = 200;

/// Usage over some days, in parts and together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The first day.
    pub from: Day,
    /// The last day, included.
    pub to: Day,
    /// The parts. By day in its order; days without any are left out.
    pub rows: Vec<UsageRow>,
    /// All of them together; its key is empty.
    pub total: UsageRow,
}

/// A sum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    /// A day (`20261121`), an agent, an agent and its version (`mara 3`) or what was tried of it
    /// (`mara draft`) or replayed (`mara replay`), a model or a tenant. Empty where it is not known, as of a message that was over
    /// a limit.
    pub key: String,
    /// What was used.
    pub counts: Counts,
    /// The mean time to an answer, in milliseconds, where there are any.
    pub latency_ms_mean: Option<u64>,
    /// Half of the answers came within this, in milliseconds; to the width of a bucket.
    pub latency_ms_p50: Option<u64>,
    /// 95 of 100 answers came within this, in milliseconds; to the width of a bucket.
    pub latency_ms_p95: Option<u64>,
}

impl Views {
    /// A tenant's usage over some days.
    pub async fn usage(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        group: Group,
        days: RangeInclusive<Day>,
    ) -> Result<Usage, ViewError> {
        principal.require(Permission::UsageRead, tenant)?;
        let (from, to) = days.into_inner();
        let lines = usage::of_tenant(&mut self.tx(tenant).await?, group, from, to).await?;
        Ok(Usage::of(from, to, lines))
    }

    /// The installation's. By tenant it is that of the month in which the last day is, and of the 200
    /// that cost most in it; the total is that of all.
    pub async fn usage_of_all(
        &self,
        principal: &Principal,
        group: PlatformGroup,
        days: RangeInclusive<Day>,
    ) -> Result<Usage, ViewError> {
        principal.require_platform(Permission::UsageRead)?;
        let (from, to) = days.into_inner();
        let mut tx = self.across(principal, Purpose::List).await?;
        let rows = match group {
            PlatformGroup::Tenant => TENANTS_MAX,
            PlatformGroup::Day | PlatformGroup::Model => store::views::ROWS_MAX,
        };
        let lines = usage::of_all(&mut tx, group, from, to, rows).await?;
        if group != PlatformGroup::Tenant {
            return Ok(Usage::of(from, to, lines));
        }
        // There may be more tenants than rows; the sum is that of all.
        let (from, to) = (to.first_of_month(), to.last_of_month());
        let rows = store::views::ROWS_MAX;
        let all = usage::of_all(&mut tx, PlatformGroup::Day, from, to, rows).await?;
        Ok(Usage { total: Usage::of(from, to, all).total, ..Usage::of(from, to, lines) })
    }
}

impl Usage {
    fn of(from: Day, to: Day, lines: Vec<UsageLine>) -> Self {
        let mut total = UsageLine::default();
        for line in &lines {
            total.counts = total.counts.plus(line.counts);
            total.latency_ms_sum += line.latency_ms_sum;
            if total.latency_buckets.len() < line.latency_buckets.len() {
                total.latency_buckets.resize(line.latency_buckets.len(), 0);
            }
            for (sum, more) in total.latency_buckets.iter_mut().zip(&line.latency_buckets) {
                *sum += more;
            }
        }
        let rows = lines.into_iter().map(UsageRow::from).collect();
        Self { from, to, rows, total: total.into() }
    }
}

impl From<UsageLine> for UsageRow {
    fn from(line: UsageLine) -> Self {
        let UsageLine { key, counts, latency_ms_sum, latency_buckets } = line;
        let answers: u64 = latency_buckets.iter().sum();
        Self {
            key,
            counts,
            latency_ms_mean: latency_ms_sum.checked_div(answers),
            latency_ms_p50: quantile(&latency_buckets, 50),
            latency_ms_p95: quantile(&latency_buckets, 95),
        }
    }
}
