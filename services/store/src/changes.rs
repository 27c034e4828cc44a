//! Who changed what in the directory, and how it was before. A read model, written by the projector.

use schemas::{
    Agent, AgentId, Author, ConnectionId, Envelope, Event, EventId, ModelGroupId, Timestamp,
    ToolId, event::Entry,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio_postgres::{Row, types::ToSql};

use crate::{StoreError, TenantTx, row};

/// The most rows of any list.
const ROWS_MAX: u32 = 500;

const CHANGES: &str = "
    select to_jsonb(c) - 'tenant_id' from p_change c
     where tenant_id = $1 and seq < $2 and ($3::text is null or entity = $3)
       and ($4::text is null or author_operator = $4) and ($5::text is null or kind = $5)
     order by seq desc limit $6";
/// The same, each with the change of the same entity before it.
const CHANGES_AND_BEFORE: &str = "
    select to_jsonb(c) - 'tenant_id',
           (select to_jsonb(b) - 'tenant_id' from p_change b
             where b.tenant_id = $1 and b.entity = c.entity and b.seq < c.seq
             order by b.seq desc limit 1)
      from p_change c
     where tenant_id = $1 and seq < $2 and ($3::text is null or entity = $3)
       and ($4::text is null or author_operator = $4) and ($5::text is null or kind = $5)
     order by seq desc limit $6";
const BEFORE: &str = "
    select to_jsonb(c) - 'tenant_id' from p_change c
     where tenant_id = $1 and entity = $2 and seq < $3 order by seq desc limit 1";
const VERSIONS: &str = "
    select to_jsonb(c) - 'tenant_id' from p_change c
     where tenant_id = $1 and entity = $2 and version is not null and version < $3
     order by version desc limit $4";
const VERSION: &str = "
    select to_jsonb(c) - 'tenant_id' from p_change c
     where tenant_id = $1 and entity = $2 and version = $3 order by seq desc limit 1";

const UNTIL: &str = "
    select to_jsonb(c) - 'tenant_id' from p_change c
     where tenant_id = $1 and time_ms <= $2 order by seq desc limit $3";

/// What a tenant brought to the directory, and the last of it that is known.
const FILLED: &str = "
    select coalesce(sum(bytes + $3), 0)::bigint,
           coalesce(sum(bytes + $3) filter (where $2 <= time_ms), 0)::bigint,
           coalesce(max(seq), 0)
      from p_change where tenant_id = $1";

/// What an event of the directory takes beside its state: envelope, author, headers.
pub const EVENT_BYTES: u64 = 1024;

/// One change of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Its place on the stream `DIRECTORY`.
    pub seq: u64,
    /// The event.
    pub event_id: EventId,
    /// Its topic, e.g. `agent.published`.
    pub kind: String,
    /// What was changed; see [`EntityRef`].
    pub entity: String,
    /// Through which door.
    pub author_via: String,
    /// By whom, where somebody was signed in.
    pub author_operator: Option<String>,
    /// When, in milliseconds.
    pub time_ms: i64,
    /// The version that was published, if that is what it says.
    pub version: Option<u32>,
    /// The whole new state: a `schemas::Tenant`, `Agent`, `Connection`, `Tool` or
    /// `ModelGroup`; texts are sealed.
    pub state: Value,
}

/// What is changed, as it stands in a [`ChangeRow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityRef<'a> {
    /// The tenant itself.
    Tenant,
    /// One of its agents.
    Agent(&'a AgentId),
    /// One of its connections.
    Connection(&'a ConnectionId),
    /// One of its tools.
    Tool(&'a ToolId),
    /// One of its model groups.
    ModelGroup(&'a ModelGroupId),
}

impl std::fmt::Display for EntityRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            EntityRef::Tenant => f.write_str("tenant"),
            EntityRef::Agent(id) => write!(f, "agent:{id}"),
            EntityRef::Connection(id) => write!(f, "connection:{id}"),
            EntityRef::Tool(id) => write!(f, "tool:{id}"),
            EntityRef::ModelGroup(id) => write!(f, "model_group:{id}"),
        }
    }
}

impl ChangeRow {
    /// What an event of the directory at `seq` changes; nothing for every other event, nor for the claim
    /// of a workspace, which its connection tells already.
    pub fn of(seq: u64, envelope: &Envelope) -> Option<Self> {
        let (entity, state) = match envelope.event.entry()? {
            Entry::Tenant(tenant) => (EntityRef::Tenant, serde_json::to_value(tenant)),
            Entry::Agent(agent) => (EntityRef::Agent(&agent.id), serde_json::to_value(agent)),
            Entry::Connection(connection) => {
                (EntityRef::Connection(&connection.id), serde_json::to_value(connection))
            }
            Entry::Tool(tool) => (EntityRef::Tool(&tool.id), serde_json::to_value(tool)),
            Entry::ModelGroup(group) => {
                (EntityRef::ModelGroup(&group.id), serde_json::to_value(group))
            }
            Entry::Claim(_) => return None,
        };
        let Author { via, operator } = envelope.event.author()?.clone();
        let version = if let Event::AgentPublished(data) = &envelope.event {
            data.agent.published.as_ref().map(|published| published.version)
        } else {
            None
        };
        Some(Self {
            seq,
            event_id: envelope.id.clone(),
            kind: envelope.event.kind().topic().to_owned(),
            entity: entity.to_string(),
            author_via: via,
            author_operator: operator,
            time_ms: envelope.time.as_millis(),
            version,
            state: state.ok()?,
        })
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.time_ms)
    }

    /// The agent as this change left it, if it is about one.
    pub fn agent(&self) -> Result<Option<Agent>, StoreError> {
        if !self.entity.starts_with("agent:") {
            return Ok(None);
        }
        self.left().map(Some)
    }

    /// What it left, as what it is about.
    pub fn left<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        let left = serde_json::from_value(self.state.clone());
        // The error would quote what it found.
        left.map_err(|_| StoreError::row("JSON of another shape"))
    }
}

/// Which changes.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    /// Of this entity; see [`EntityRef`].
    pub entity: Option<&'a str>,
    /// By this operator.
    pub operator: Option<&'a str>,
    /// Of this topic.
    pub kind: Option<&'a str>,
    /// Before this place on the stream: the last of the page before.
    pub before_seq: Option<u64>,
}

/// A tenant's changes, the newest first.
pub async fn changes(
    tx: &mut TenantTx,
    filter: &Filter<'_>,
    limit: u32,
) -> Result<Vec<ChangeRow>, StoreError> {
    read(&found(tx, CHANGES, filter, limit).await?)
}

/// The same, each with what was there before it.
pub async fn changes_and_before(
    tx: &mut TenantTx,
    filter: &Filter<'_>,
    limit: u32,
) -> Result<Vec<(ChangeRow, Option<ChangeRow>)>, StoreError> {
    let rows = found(tx, CHANGES_AND_BEFORE, filter, limit).await?;
    rows.iter().map(|row| Ok((row::json(row, 0)?, row::json_opt(row, 1)?))).collect()
}

async fn found(
    tx: &mut TenantTx,
    sql: &'static str,
    filter: &Filter<'_>,
    limit: u32,
) -> Result<Vec<Row>, StoreError> {
    let tenant = tx.tenant().clone();
    let before = filter.before_seq.map_or(i64::MAX, row::big);
    let limit = i64::from(limit.min(ROWS_MAX));
    let params: &[&(dyn ToSql + Sync)] =
        &[&tenant.as_str(), &before, &filter.entity, &filter.operator, &filter.kind, &limit];
    tx.query(sql, params).await
}

/// What was changed last at an instant, the newest first.
pub async fn until(
    tx: &mut TenantTx,
    at: Timestamp,
    limit: u32,
) -> Result<Vec<ChangeRow>, StoreError> {
    let (tenant, limit) = (tx.tenant().clone(), i64::from(limit.min(ROWS_MAX)));
    read(&tx.query(UNTIL, &[&tenant.as_str(), &at.as_millis(), &limit]).await?)
}

/// How much a tenant has brought to the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// All of it, in bytes.
    pub total: u64,
    /// What came at the given time or later.
    pub since: u64,
    /// The last change that is in these sums.
    pub seq: u64,
}

/// What the tenant has brought, and how much of it since then. [`EVENT_BYTES`] are counted with each.
pub async fn brought(tx: &mut TenantTx, since: Timestamp) -> Result<Brought, StoreError> {
    let tenant = tx.tenant().clone();
    let (since, each) = (since.as_millis(), row::big(EVENT_BYTES));
    let found = tx.query_opt(FILLED, &[&tenant.as_str(), &since, &each]).await?;
    let row = found.ok_or_else(|| StoreError::row("a sum without a row"))?;
    Ok(Brought {
        total: row::count(row.try_get(0)?)?,
        since: row::count(row.try_get(1)?)?,
        seq: row::count(row.try_get(2)?)?,
    })
}

/// The change of the same entity before that at `seq`: what was there before it.
pub async fn before_of(
    tx: &mut TenantTx,
    entity: &str,
    seq: u64,
) -> Result<Option<ChangeRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let rows = tx.query(BEFORE, &[&tenant.as_str(), &entity, &row::big(seq)]).await?;
    Ok(read(&rows)?.pop())
}

/// The published versions of an agent before version `before`, the newest first.
pub async fn agent_versions(
    tx: &mut TenantTx,
    agent: &AgentId,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<ChangeRow>, StoreError> {
    let (tenant, entity) = (tx.tenant().clone(), EntityRef::Agent(agent).to_string());
    let before = before.map_or(i32::MAX, row::small);
    let limit = i64::from(limit.min(ROWS_MAX));
    let params: &[&(dyn ToSql + Sync)] = &[&tenant.as_str(), &entity, &before, &limit];
    read(&tx.query(VERSIONS, params).await?)
}

/// A published version of an agent.
pub async fn agent_version(
    tx: &mut TenantTx,
    agent: &AgentId,
    version: u32,
) -> Result<Option<ChangeRow>, StoreError> {
    let (tenant, entity) = (tx.tenant().clone(), EntityRef::Agent(agent).to_string());
    let params: &[&(dyn ToSql + Sync)] = &[&tenant.as_str(), &entity, &row::small(version)];
    Ok(read(&tx.query(VERSION, params).await?)?.pop())
}

fn read(rows: &[Row]) -> Result<Vec<ChangeRow>, StoreError> {
    rows.iter().map(|row| row::json(row, 0)).collect()
}
