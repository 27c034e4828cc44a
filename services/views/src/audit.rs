//! Who changed what in the directory, and how it was before.

use domain::{
    access::{Permission, Principal},
    config::OpenConfig,
    difference::{self, FieldChange, OpenAgent},
    seal::Sealing,
};
use schemas::{Agent, Connection, ModelGroup, OperatorId, Tenant, TenantId, Timestamp, Tool};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::changes::{self, ChangeRow};

use crate::{ViewError, Views};

/// The most changes of one page.
const PAGE_MAX: u32 = 200;

/// Which changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeFilter {
    /// Of this: `tenant`, `agent:mara`, `connection:slack-T0ACME`.
    pub entity: Option<String>,
    /// By this operator.
    pub operator: Option<String>,
    /// Of this topic, e.g. `agent.published`.
    pub kind: Option<String>,
}

/// A page of changes, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The changes.
    pub changes: Vec<Change>,
    /// Where the next page begins, if there is one.
    pub next: Option<u64>,
}

/// Which page of the changes.
#[derive(Clone, Copy, Debug)]
pub struct ChangesPage {
    /// [`Changes::next`] of the page before; nothing for the newest.
    pub before: Option<u64>,
    /// The most changes, 1 to 200.
    pub limit: u32,
    /// The time.
    pub now: Timestamp,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
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
    /// To what: `tenant`, `agent:mara`, `connection:slack-T0ACME`.
    pub entity: String,
    /// The version that was published, if that is what was done.
    pub version: Option<u32>,
    /// What is not as it was, field by field.
    pub fields: Vec<Changed>,
    /// Whether its texts do not open, since the tenant's key is gone; then no field is shown.
    pub is_sealed: bool,
}

/// A field that is not as it was.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its name, as in files and in the API.
    pub field: String,
    /// What it was; nothing where there was nothing before.
    pub before: Option<String>,
    /// What it is.
    pub after: String,
    /// Whether it is a text of many lines.
    pub long: bool,
}

impl Views {
    /// A tenant's changes, each with what was there before it.
    pub async fn changes(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        filter: &ChangeFilter,
        page: ChangesPage,
    ) -> Result<Changes, ViewError> {
        principal.require(Permission::AuditRead, tenant)?;
        let ChangesPage { before, limit, now } = page;
        let limit = limit.clamp(1, PAGE_MAX);
        let sealing = self.sealing(tenant, now).await?;
        let mut tx = self.tx(tenant).await?;
        let rows = changes::Filter {
            entity: filter.entity.as_deref(),
            operator: filter.operator.as_deref(),
            kind: filter.kind.as_deref(),
            before_seq: before,
        };
        let mut found = changes::changes_and_before(&mut tx, &rows, limit + 1).await?;
        let has_more = (limit as usize) < found.len();
        found.truncate(limit as usize);
        let next = found.last().filter(|_| has_more).map(|(row, _)| row.seq);
        let eyes = Eyes { tenant, sealing: &sealing };
        let changes = found.into_iter().map(|(row, before)| eyes.change(row, before.as_ref()));
        Ok(Changes { changes: changes.collect(), next })
    }
}

/// With which a tenant's texts are read.
pub(crate) struct Eyes<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) sealing: &'a Sealing,
}

impl Eyes<'_> {
    fn change(&self, row: ChangeRow, before: Option<&ChangeRow>) -> Change {
        let fields = self.fields(&row, before);
        Change {
            seq: row.seq,
            at: row.at(),
            operator: row.author_operator.as_deref().and_then(|it| it.parse().ok()),
            via: row.author_via,
            kind: row.kind,
            entity: row.entity,
            version: row.version,
            is_sealed: fields.is_none(),
            fields: fields.unwrap_or_default().into_iter().map(Changed::from).collect(),
        }
    }

    /// What differs; nothing if one side does not open.
    fn fields(&self, row: &ChangeRow, before: Option<&ChangeRow>) -> Option<Vec<FieldChange>> {
        let entity = row.entity.as_str();
        if entity == "tenant" {
            let (before, after) = states::<Tenant>(row, before)?;
            return Some(difference::of_tenant(before.as_ref(), &after));
        }
        if entity.starts_with("connection:") {
            let (before, after) = states::<Connection>(row, before)?;
            return Some(difference::of_connection(before.as_ref(), &after));
        }
        if entity.starts_with("tool:") {
            let (before, after) = states::<Tool>(row, before)?;
            return Some(difference::of_tool(before.as_ref(), &after));
        }
        if entity.starts_with("model_group:") {
            let (before, after) = states::<ModelGroup>(row, before)?;
            return Some(difference::of_model_group(before.as_ref(), &after));
        }
        let (before, after) = states::<Agent>(row, before)?;
        let before = before.map(|before| self.open(&before)).map_or(Ok(None), |it| it.map(Some));
        match (before, self.open(&after)) {
            (Ok(before), Ok(after)) => Some(difference::of_agent(before.as_ref(), &after)),
            (Err(Unreadable), _) | (_, Err(Unreadable)) => None,
        }
    }

    pub(crate) fn open(&self, agent: &Agent) -> Result<OpenAgent, Unreadable> {
        let open = |config| {
            OpenConfig::open(config, self.tenant, &agent.id, self.sealing).map_err(|error| {
                tracing::warn!(tenant = %self.tenant, agent = %agent.id, %error, "an agent does not open");
                Unreadable
            })
        };
        let draft = agent.draft.as_ref().map(open).transpose()?;
        let published = agent.published.as_ref();
        let published = published.map(|it| Ok((it.version, open(&it.config)?))).transpose()?;
        Ok(OpenAgent { draft, published, budget: agent.budget, retired: agent.retired })
    }
}

/// A text that does not open.
pub(crate) struct Unreadable;

fn states<T: DeserializeOwned>(
    row: &ChangeRow,
    before: Option<&ChangeRow>,
) -> Option<(Option<T>, T)> {
    let read = |row: &ChangeRow| serde_json::from_value(row.state.clone()).ok();
    let after = read(row)?;
    match before {
        None => Some((None, after)),
        Some(before) => Some((Some(read(before)?), after)),
    }
}

impl From<FieldChange> for Changed {
    fn from(change: FieldChange) -> Self {
        let FieldChange { field, before, after, long } = change;
        Self { field: field.to_owned(), before, after, long }
    }
}

/// What a tenant told its agent does not belong into logs.
impl std::fmt::Debug for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changed").field("field", &self.field).finish_non_exhaustive()
    }
}
