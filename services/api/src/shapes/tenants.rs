//! Tenants.

use schemas::{ChannelKind, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use views::{AgentSpend, TenantLine};

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tenant {
    /// The slug; it never changes.
    #[schema(example = "acme")]
    pub(crate) id: String,
    /// What people call it.
    #[schema(example = "Acme Ltd")]
    pub(crate) name: String,
    /// Whether it is served.
    pub(crate) status: Status,
    /// How much it may ask.
    pub(crate) limits: Limits,
    /// How much it may cost.
    pub(crate) budget: Budget,
    /// Agents that have not left.
    pub(crate) agents: u32,
    /// Connections in use.
    pub(crate) connections: u32,
    /// Messages that were decided today (UTC).
    pub(crate) messages_today: u64,
    /// What this month (UTC) has cost, in millionths of a dollar.
    pub(crate) cost_micros_month: u64,
}

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It is.
    Active,
    /// Not for now.
    Suspended,
    /// Never again.
    Deleted,
}

/// How many messages a tenant may send its agents, and how long they are kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "messages_per_minute": 60, "per_channel": { "slack": 30 } }))]
pub(crate) struct Limits {
    /// Messages a minute over all channels; the burst is the same number.
    pub(crate) messages_per_minute: u32,
    /// Messages a minute for each kind of channel, where narrower.
    #[serde(default)]
    pub(crate) per_channel: PerChannel,
    /// Days that conversations are kept, from 1 to 30. What is older and finished is erased within minutes:
    /// words, answers, traces and the memory of threads; sums of usage, saved tests, threads that a colleague
    /// has and what is in doubt stay. Left out, they are kept as long as the installation keeps them, which is 31 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keep_days: Option<u32>,
}

/// Messages a minute for each kind of channel.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerChannel {
    /// Slack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) slack: Option<u32>,
}

/// How much a tenant, or an agent, may cost. What there is no room for is not asked of a model, and from
/// 80 per cent on there is a word of warning.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "daily_micros": 5_000_000, "monthly_micros": 50_000_000 }))]
pub(crate) struct Budget {
    /// Millionths of a dollar in a calendar day (UTC); as much as it takes if none.
    pub(crate) daily_micros: Option<u64>,
    /// Millionths of a dollar in a calendar month (UTC); as much as it takes if none.
    pub(crate) monthly_micros: Option<u64>,
}

/// What an agent may cost, and what it has cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentBudget {
    /// What it may.
    pub(crate) budget: Budget,
    /// What today (UTC) has cost, in millionths of a dollar.
    pub(crate) spent_today_micros: u64,
    /// What this month (UTC) has cost, in millionths of a dollar.
    pub(crate) spent_month_micros: u64,
}

impl From<schemas::Budget> for Budget {
    fn from(budget: schemas::Budget) -> Self {
        let schemas::Budget { daily_micros, monthly_micros } = budget;
        Self { daily_micros, monthly_micros }
    }
}

impl From<Budget> for schemas::Budget {
    fn from(Budget { daily_micros, monthly_micros }: Budget) -> Self {
        Self { daily_micros, monthly_micros }
    }
}

/// A page of tenants.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tenants {
    /// In the order of their slugs.
    pub(crate) items: Vec<Tenant>,
    /// Where the next page begins, if there is one: send it as `after`.
    pub(crate) next: Option<String>,
}

/// Which tenants.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// A part of the slug or the name.
    pub(crate) search: Option<String>,
    /// Only those; else all that were not deleted.
    pub(crate) status: Option<Status>,
    /// `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    pub(crate) after: Option<TenantId>,
    /// The most of one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
}

/// A tenant to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "slug": "acme", "name": "Acme Ltd" }))]
pub(crate) struct NewTenant {
    /// 1 to 40 of a-z, 0-9 and `-`; it never changes.
    pub(crate) slug: String,
    /// What people call it.
    pub(crate) name: String,
    /// How much it may ask; 30 messages a minute if it is not said.
    #[serde(default)]
    pub(crate) limits: Option<Limits>,
}

/// A name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Acme International" }))]
pub(crate) struct Name {
    /// What people call it.
    pub(crate) name: String,
}

/// So that nothing is deleted by accident.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    /// The slug, once more.
    pub(crate) confirm: String,
}

impl From<AgentSpend> for AgentBudget {
    fn from(spend: AgentSpend) -> Self {
        Self {
            budget: spend.budget.into(),
            spent_today_micros: spend.today_micros,
            spent_month_micros: spend.month_micros,
        }
    }
}

impl From<TenantLine> for Tenant {
    fn from(line: TenantLine) -> Self {
        let TenantLine { tenant, agents, connections, messages_today, cost_micros_month } = line;
        Self {
            id: tenant.id.to_string(),
            name: tenant.name,
            status: tenant.status.into(),
            limits: tenant.limits.into(),
            budget: tenant.budget.into(),
            agents,
            connections,
            messages_today,
            cost_micros_month,
        }
    }
}

impl From<schemas::TenantStatus> for Status {
    fn from(status: schemas::TenantStatus) -> Self {
        match status {
            schemas::TenantStatus::Active => Status::Active,
            schemas::TenantStatus::Suspended => Status::Suspended,
            schemas::TenantStatus::Deleted => Status::Deleted,
        }
    }
}

impl From<Status> for schemas::TenantStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => schemas::TenantStatus::Active,
            Status::Suspended => schemas::TenantStatus::Suspended,
            Status::Deleted => schemas::TenantStatus::Deleted,
        }
    }
}

impl From<schemas::Limits> for Limits {
    fn from(limits: schemas::Limits) -> Self {
        let slack = limits.per_channel.get(&ChannelKind::Slack).copied();
        Self {
            messages_per_minute: limits.messages_per_minute,
            per_channel: PerChannel { slack },
            keep_days: limits.keep_days,
        }
    }
}

impl From<Limits> for schemas::Limits {
    fn from(limits: Limits) -> Self {
        let slack = limits.per_channel.slack.map(|it| (ChannelKind::Slack, it));
        Self {
            messages_per_minute: limits.messages_per_minute,
            per_channel: slack.into_iter().collect(),
            keep_days: limits.keep_days,
        }
    }
}
