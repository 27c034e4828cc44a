//! How a tenant and its agents stood at an instant, and the changes around it.

use domain::{
    access::{Permission, Principal},
    difference::OpenAgent,
    past::{Stood, of_agent, of_connection, of_group, of_tool},
};
use schemas::{Agent, AgentId, OperatorId, Tenant, TenantId, Timestamp};
use store::{
    TenantTx,
    changes::{ChangeRow, EntityRef},
    past::{self, MomentRow},
};

use crate::{
    ViewError, Views,
    audit::{Eyes, Unreadable},
};

/// The most changes that are told on either side of an instant.
pub const MOMENTS_MAX: u32 = 12;

/// The most things of one page of all that a tenant had.
pub const THERE_MAX: u32 = 25;

/// How something stood at an instant, how it stands now, and the changes around that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past<T> {
    /// The changes.
    pub moments: Moments,
    /// How it stood; nothing before its first change.
    pub then: Option<T>,
    /// How it stands; nothing where no change is known.
    pub now: Option<T>,
}

/// The changes of something around an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moments {
    /// The one that holds, by its place on the stream.
    pub held: Option<u64>,
    /// The nearest after it, the newest first.
    pub newer: Vec<Moment>,
    /// Whether there are newer ones still.
    pub has_newer: bool,
    /// The nearest up to it, the newest first. The first of them is the one that holds, unless clocks
    /// differed or it was imported.
    pub older: Vec<Moment>,
    /// Whether there are older ones still.
    pub has_older: bool,
}

/// A change: when, by whom, and what was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Its place on the stream `DIRECTORY`; later is larger.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// By whom, where somebody was signed in.
    pub operator: Option<OperatorId>,
    /// Through which door, e.g. `portal`.
    pub via: String,
    /// What was done, e.g. `agent.published`.
    pub kind: String,
    /// The version that was published, if that is what was done.
    pub version: Option<u32>,
}

/// A page of what a tenant had at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct There {
    /// In the order of what they are called.
    pub lines: Vec<ThereLine>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// Something that a tenant had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThereLine {
    /// What it is: `agent`, `connection`, `tool` or `model_group`.
    pub what: String,
    /// Its id.
    pub id: String,
    /// What people called it.
    pub name: String,
    /// How it stood.
    pub stood: Stood,
}

impl Moments {
    /// The change that holds at the instant.
    pub fn in_force(&self) -> Option<&Moment> {
        self.older.iter().find(|it| Some(it.seq) == self.held)
    }

    /// The last change that came earlier than the newest one up to the instant. What was changed within one
    /// millisecond is one step.
    pub fn previous(&self) -> Option<&Moment> {
        let newest = self.older.first()?;
        self.older.iter().find(|it| it.at < newest.at)
    }

    /// The first change after the instant.
    pub fn following(&self) -> Option<&Moment> {
        self.newer.last()
    }

    fn of(held: Option<u64>, older: Vec<MomentRow>, newer: Vec<MomentRow>) -> Self {
        let (older, has_older) = listed(older);
        let (mut newer, has_newer) = listed(newer);
        newer.reverse();
        Self { held, newer, has_newer, older, has_older }
    }
}

impl Views {
    /// How an agent stood at an instant.
    pub async fn agent_past(
        &self,
        principal: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Past<OpenAgent>, ViewError> {
        principal.require(Permission::AgentsRead, tenant)?;
        let sealing = self.sealing(tenant, now).await?;
        let mut tx = self.tx(tenant).await?;
        let Past { moments, then, now } = around(&mut tx, EntityRef::Agent(agent), at).await?;
        let eyes = Eyes { tenant, sealing: &sealing };
        let open = |row: ChangeRow| -> Result<OpenAgent, ViewError> {
            eyes.open(&row.left()?).map_err(|Unreadable| ViewError::not_found())
        };
        let (then, now) = (then.map(open).transpose()?, now.map(open).transpose()?);
        Ok(Past { moments, then, now })
    }

    /// How a tenant itself stood at an instant.
    pub async fn tenant_past(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<Past<Tenant>, ViewError> {
        principal.require(Permission::TenantRead, tenant)?;
        let mut tx = self.tx(tenant).await?;
        let Past { moments, then, now } = around(&mut tx, EntityRef::Tenant, at).await?;
        let read = |row: ChangeRow| row.left();
        let (then, now) = (then.map(read).transpose()?, now.map(read).transpose()?);
        Ok(Past { moments, then, now })
    }

    /// What a tenant had at an instant: agents, connections, tools, model groups. `after` is
    /// [`There::next`] of the page before.
    pub async fn there(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        at: Timestamp,
        after: &str,
    ) -> Result<There, ViewError> {
        principal.require(Permission::AgentsRead, tenant)?;
        principal.require(Permission::ChannelsRead, tenant)?;
        // No text of the database has that, and it says so by an error.
        if after.contains('\0') {
            return Err(ViewError::Cursor);
        }
        let mut tx = self.tx(tenant).await?;
        let mut rows = past::there(&mut tx, at, after, THERE_MAX + 1).await?;
        let has_more = (THERE_MAX as usize) < rows.len();
        rows.truncate(THERE_MAX as usize);
        let next = rows.last().filter(|_| has_more).map(|row| row.entity.clone());
        let lines = rows.iter().map(line).collect::<Result<_, _>>()?;
        Ok(There { lines, next })
    }
}

async fn around(
    tx: &mut TenantTx,
    entity: EntityRef<'_>,
    at: Timestamp,
) -> Result<Past<ChangeRow>, ViewError> {
    let entity = entity.to_string();
    let older = past::until(tx, &entity, at, MOMENTS_MAX + 1).await?;
    let newer = past::after(tx, &entity, at, MOMENTS_MAX + 1).await?;
    let then = past::held(tx, &entity, at).await?;
    let now = past::last(tx, &entity).await?;
    let held = then.as_ref().map(|row| row.seq);
    Ok(Past { moments: Moments::of(held, older, newer), then, now })
}

fn listed(mut rows: Vec<MomentRow>) -> (Vec<Moment>, bool) {
    let has_more = (MOMENTS_MAX as usize) < rows.len();
    rows.truncate(MOMENTS_MAX as usize);
    (rows.into_iter().map(Moment::from).collect(), has_more)
}

impl From<MomentRow> for Moment {
    fn from(row: MomentRow) -> Self {
        Self {
            seq: row.seq,
            at: row.at,
            operator: row.author_operator.and_then(|id| id.parse().ok()),
            via: row.author_via,
            kind: row.kind,
            version: row.version,
        }
    }
}

fn line(row: &ChangeRow) -> Result<ThereLine, ViewError> {
    let (what, id) = row.entity.split_once(':').ok_or_else(ViewError::not_found)?;
    let (name, stood) = match what {
        "agent" => {
            let agent: Agent = row.left()?;
            (called(&agent), of_agent(&agent))
        }
        "connection" => (None, of_connection(&row.left()?)),
        "tool" => (None, of_tool(&row.left()?)),
        "model_group" => (None, of_group(&row.left()?)),
        // No other kind of thing is ever written.
        _ => return Err(ViewError::not_found()),
    };
    let name = name.unwrap_or_else(|| id.to_owned());
    Ok(ThereLine { what: what.to_owned(), id: id.to_owned(), name, stood })
}

/// What people called an agent, if it had a name.
fn called(agent: &Agent) -> Option<String> {
    let config = agent.published.as_ref().map(|it| &it.config).or(agent.draft.as_ref())?;
    let name = config.name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
