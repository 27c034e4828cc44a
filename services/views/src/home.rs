//! Is everything fine, and what needs somebody?

use std::time::Duration;

use domain::{
    access::{Permission, Principal},
    budget::NEAR_PERCENT,
    day::Day,
};
use schemas::{
    AgentId, Connection, ConnectionId, ConnectionStatus, MessageId, Tenant, TenantId, TenantStatus,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{
    Purpose,
    projections::Counts,
    views::{home, roster, tenants},
};

use crate::{
    AgentState, BudgetUse, Standing, ViewError, Views, Vitals,
    budget::{Used, spent, worth_knowing},
};

/// How far back the health of a tenant looks.
const HEALTH: Duration = Duration::from_hours(24);

/// The most tenants that are named on the installation's page, for each reason.
const DOUBTS_MAX: u32 = 20;

/// A tenant at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The tenant.
    pub tenant: Tenant,
    /// Counts: of doubts now, of failures and throttling in the last 24 hours, of use today and this
    /// month (UTC).
    pub vitals: Vitals,
    /// Connections in use.
    pub connections: u32,
    /// Connections that were taken away by the chat system's side and not made again.
    pub removed: Vec<Connection>,
    /// How far the read models are on the log, for a page that knows how long the log is.
    pub readers: Vec<Reader>,
    /// What needs somebody, the worst first.
    pub attention: Vec<Attention>,
    /// The five steps of the first day, in order.
    pub steps: Vec<Step>,
}

/// The installation at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationHome {
    /// Tenants that are served.
    pub tenants: u64,
    /// What all used today (UTC).
    pub today: Counts,
    /// What all used this month (UTC).
    pub month: Counts,
    /// The tenants with replies in doubt, and how many; those with the most first, 20 at most.
    pub uncertain: Vec<(Tenant, u64)>,
    /// The tenants whose budget of this month (UTC) is used to 80 per cent or more; the furthest first,
    /// 20 at most.
    pub budgets: Vec<BudgetUse>,
    /// How far the read models are.
    pub readers: Vec<Reader>,
}

/// How far a reader of the log has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// Which, e.g. `project-events`.
    pub name: String,
    /// The last place on its stream that is in the read models. Its lag is the stream's last less this.
    pub seq: u64,
}

/// Something that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// What.
    pub kind: AttentionKind,
    /// How many; of a budget, how many per cent are used.
    pub count: u64,
    /// More of it, e.g. the reason, or whose budget of which period; empty where there is no more, as of
    /// the tenant's budget of the month.
    pub detail: String,
    /// Where to look.
    pub target: Target,
}

/// What needs somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// The tenant is not served.
    TenantSuspended,
    /// A budget is used up.
    BudgetSpent,
    /// A workspace took its permission back.
    ConnectionRemoved,
    /// A workspace is connected to an agent that does not answer.
    NobodyAnswers,
    /// Replies may or may not have arrived.
    RepliesUncertain,
    /// Conversations wait for a person, or are with one.
    WithPerson,
    /// Messages failed in the last 24 hours.
    MessagesFailed,
    /// A budget is nearly used up.
    BudgetNear,
    /// Messages were over a limit in the last 24 hours.
    MessagesThrottled,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The tenant's own page.
    Tenant,
    /// The agents.
    Agents,
    /// An agent.
    Agent(AgentId),
    /// The connections.
    Connections,
    /// A connection.
    Connection(ConnectionId),
    /// Threads that stand so.
    Conversations(Option<Standing>),
    /// The trace of a message.
    Message(MessageId),
}

/// A step of the first day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub kind: StepKind,
    /// Whether it is done.
    pub done: bool,
    /// Where to do it, or to see that it is done.
    pub target: Target,
}

/// The steps of the first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// The tenant is there.
    TenantCreated,
    /// An agent answers.
    AgentPublished,
    /// A workspace is connected.
    ChannelConnected,
    /// Somebody wrote.
    FirstMessage,
    /// Somebody was answered.
    FirstAnswer,
}

impl Views {
    /// A tenant at a glance.
    pub async fn home(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Home, ViewError> {
        principal.require(Permission::TenantRead, tenant)?;
        let mut tx = self.tx(tenant).await?;
        let today = Day::of(now);
        let found = tenants::one(&mut tx, today).await?.ok_or_else(ViewError::not_found)?.tenant;
        let vitals = home::vitals(&mut tx, now.minus(HEALTH), today).await?;
        let agents = roster::agents(&mut tx, today).await?;
        let connections = roster::connections(&mut tx, now.minus(HEALTH)).await?;
        let answering: Vec<_> = agents
            .iter()
            .filter(|line| AgentState::of(&line.agent) == AgentState::Published)
            .map(|line| &line.agent.id)
            .collect();
        let (active, gone): (Vec<_>, Vec<_>) = connections
            .iter()
            .map(|line| &line.connection)
            .partition(|it| it.status == ConnectionStatus::Active);
        let removed: Vec<_> = gone.into_iter().filter(|it| is_lost(it, &active)).collect();
        let readers = home::readers(&mut tx).await?.into_iter().map(Reader::from).collect();
        let mute = active.iter().filter(|it| !answering.contains(&&it.agent));
        let steps = [
            (StepKind::TenantCreated, true, Target::Tenant),
            (StepKind::AgentPublished, !answering.is_empty(), Target::Agents),
            (StepKind::ChannelConnected, !active.is_empty(), Target::Connections),
            (StepKind::FirstMessage, vitals.was_written_to, Target::Conversations(None)),
            (
                StepKind::FirstAnswer,
                vitals.has_answered,
                Target::Conversations(Some(Standing::Answered)),
            ),
        ];
        let used = spent(&mut tx, (&found, &vitals), &agents, today).await?;
        Ok(Home {
            attention: attention((&found, used), &vitals, &removed, mute.copied()),
            connections: u32::try_from(active.len()).unwrap_or(u32::MAX),
            removed: removed.into_iter().cloned().collect(),
            readers,
            steps: steps.map(|(kind, done, target)| Step { kind, done, target }).into(),
            vitals,
            tenant: found,
        })
    }

    /// The installation at a glance.
    pub async fn installation(
        &self,
        principal: &Principal,
        now: Timestamp,
    ) -> Result<InstallationHome, ViewError> {
        principal.require_platform(Permission::UsageRead)?;
        let mut tx = self.across(principal, Purpose::List).await?;
        let (today, month, tenants) = home::sums(&mut tx, Day::of(now)).await?;
        let uncertain = home::doubts(&mut tx, DOUBTS_MAX).await?;
        let budgets = home::budgets(&mut tx, Day::of(now), (NEAR_PERCENT, DOUBTS_MAX)).await?;
        let budgets = budgets.into_iter().filter_map(|(tenant, spent)| {
            let percent = worth_knowing(tenant.budget.monthly_micros, spent)?;
            Some(BudgetUse { tenant, percent })
        });
        let budgets = budgets.collect();
        let readers = home::readers_of_all(&mut tx).await?.into_iter().map(Reader::from).collect();
        Ok(InstallationHome { tenants, today, month, uncertain, budgets, readers })
    }
}

/// Whether a connection went though no operator took it away, and its workspace has no other.
fn is_lost(gone: &Connection, active: &[&Connection]) -> bool {
    let again = |it: &&&Connection| it.workspace == gone.workspace && it.channel == gone.channel;
    matches!(&gone.status, ConnectionStatus::Removed { reason, .. } if reason != "operator")
        && active.iter().find(again).is_none()
}

fn attention<'a>(
    (tenant, used): (&Tenant, Vec<Used>),
    vitals: &Vitals,
    removed: &[&Connection],
    mute: impl Iterator<Item = &'a Connection>,
) -> Vec<Attention> {
    use AttentionKind as Kind;
    let mut all = Vec::new();
    let mut add = |kind, count, detail: &str, target| {
        if count != 0 {
            all.push(Attention { kind, count, detail: detail.to_owned(), target });
        }
    };
    let is_suspended = tenant.status == TenantStatus::Suspended;
    add(Kind::TenantSuspended, u64::from(is_suspended), "", Target::Tenant);
    let (spent, near): (Vec<_>, Vec<_>) = used.into_iter().partition(|it| 100 <= it.percent);
    for Used { percent, detail, target } in spent {
        add(Kind::BudgetSpent, percent, &detail, target);
    }
    for it in removed {
        let reason = match &it.status {
            ConnectionStatus::Removed { reason, .. } => reason,
            ConnectionStatus::Active => "",
        };
        add(Kind::ConnectionRemoved, 1, reason, Target::Connection(it.id.clone()));
    }
    for it in mute {
        add(Kind::NobodyAnswers, 1, it.id.as_str(), Target::Agent(it.agent.clone()));
    }
    let uncertain = Target::Conversations(Some(Standing::Uncertain));
    add(Kind::RepliesUncertain, vitals.uncertain, "", uncertain);
    let with_person = Target::Conversations(Some(Standing::WithPerson));
    add(Kind::WithPerson, vitals.with_person, "", with_person);
    let failed = match (&vitals.last_failed, vitals.failed) {
        (Some(message), 1) => Target::Message(message.clone()),
        _ => Target::Conversations(Some(Standing::Failed)),
    };
    add(Kind::MessagesFailed, vitals.failed, "", failed);
    for Used { percent, detail, target } in near {
        add(Kind::BudgetNear, percent, &detail, target);
    }
    let throttled = Target::Conversations(Some(Standing::Throttled));
    add(Kind::MessagesThrottled, vitals.throttled, "", throttled);
    all
}

impl From<(String, u64)> for Reader {
    fn from((name, seq): (String, u64)) -> Self {
        Self { name, seq }
    }
}
