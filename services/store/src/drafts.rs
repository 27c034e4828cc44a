//! The drafts that operators work on, saved as they type. Each save is a revision; whoever edited an
//! older one is told, and what they began with is kept for a while.

use schemas::{AgentConfig, AgentId, Timestamp};

use crate::{StoreError, TenantTx, row, session::Params};

/// How many revisions of a draft are kept: who has not saved for longer merges by hand.
pub const REVISIONS_MAX: u32 = 20;

const LOAD: &str = "
    select revision, base_version, fields, updated_by, updated_at_ms from agent_draft
     where tenant_id = $1 and agent_id = $2";
const REVISION: &str = "
    select fields from agent_draft_revision
     where tenant_id = $1 and agent_id = $2 and revision = $3";
/// Nothing comes back if it is not at the revision that this follows.
const SAVE: &str = "
    insert into agent_draft as was
        (tenant_id, agent_id, revision, base_version, fields, updated_by, updated_at_ms)
    values ($1, $2, $3::int + 1, $4, $5, $6, $7)
    on conflict (tenant_id, agent_id) do update set revision = excluded.revision,
        fields = excluded.fields,
        updated_by = excluded.updated_by, updated_at_ms = excluded.updated_at_ms
     where was.revision = $3
    returning revision";
const KEEP: &str = "
    insert into agent_draft_revision (tenant_id, agent_id, revision, fields)
    values ($1, $2, $3, $4) on conflict do nothing";
const FORGET: &str = "
    delete from agent_draft_revision where tenant_id = $1 and agent_id = $2 and revision <= $3";
const REBASE: &str =
    "update agent_draft set base_version = $3 where tenant_id = $1 and agent_id = $2";

/// A draft as it was saved last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRow {
    /// Counts from 1, one up with each save.
    pub revision: u32,
    /// The published version that it goes beyond; 0 for none.
    pub base_version: u32,
    /// What it says.
    pub fields: AgentConfig,
    /// Who saved it.
    pub updated_by: String,
    /// When.
    pub updated_at: Timestamp,
}

/// A draft to save.
#[derive(Clone, Copy, Debug)]
pub struct Save<'a> {
    /// The revision it was made from; 0 where nothing was saved yet and it was made from `begun`.
    pub follows: u32,
    /// What the first revision was made from.
    pub begun: &'a AgentConfig,
    /// Of the first revision; later ones keep it. See [`DraftRow`].
    pub base_version: u32,
    /// See [`DraftRow`].
    pub fields: &'a AgentConfig,
    /// Who saves it.
    pub by: &'a str,
    /// When.
    pub at: Timestamp,
}

/// The draft of an agent, if one was saved.
pub async fn load(tx: &mut TenantTx, agent: &AgentId) -> Result<Option<DraftRow>, StoreError> {
    let tenant = tx.tenant().clone();
    let row = tx.query_opt(LOAD, &[&tenant.as_str(), &agent.as_str()]).await?;
    let read = |row: tokio_postgres::Row| {
        Ok(DraftRow {
            revision: row::count(row.try_get::<_, i32>(0)?.into())?,
            base_version: row::count(row.try_get::<_, i32>(1)?.into())?,
            fields: row::json(&row, 2)?,
            updated_by: row.try_get(3)?,
            updated_at: row::at(&row, 4)?,
        })
    };
    row.map(read).transpose()
}

/// What a revision said, if it is not too old; 0 is what the first was made from.
pub async fn revision(
    tx: &mut TenantTx,
    agent: &AgentId,
    revision: u32,
) -> Result<Option<AgentConfig>, StoreError> {
    let tenant = tx.tenant().clone();
    let params: Params<'_> = &[&tenant.as_str(), &agent.as_str(), &row::small(revision)];
    let row = tx.query_opt(REVISION, params).await?;
    row.map(|row| row::json(&row, 0)).transpose()
}

/// Saves a draft and commits. Says its revision; nothing if somebody else has saved one since.
pub async fn save(
    mut tx: TenantTx,
    agent: &AgentId,
    save: Save<'_>,
) -> Result<Option<u32>, StoreError> {
    let tenant = tx.tenant().clone();
    let (tenant, agent) = (tenant.as_str(), agent.as_str());
    let (follows, fields) = (save.follows, row::to_json(save.fields)?);
    let (before, base, at) =
        (row::small(follows), row::small(save.base_version), save.at.as_millis());
    let params: Params<'_> = &[&tenant, &agent, &before, &base, &fields, &save.by, &at];
    let Some(saved) = tx.query_opt(SAVE, params).await? else { return Ok(None) };
    let now: i32 = saved.try_get(0)?;
    if follows == 0 {
        tx.execute(KEEP, &[&tenant, &agent, &0, &row::to_json(save.begun)?]).await?;
    }
    tx.execute(KEEP, &[&tenant, &agent, &now, &fields]).await?;
    let oldest = now.saturating_sub(row::small(REVISIONS_MAX));
    tx.execute(FORGET, &[&tenant, &agent, &oldest]).await?;
    tx.commit().await?;
    Ok(Some(row::count(now.into())?))
}

/// What is published now is this draft: it goes beyond that version.
pub async fn rebase(tx: &mut TenantTx, agent: &AgentId, version: u32) -> Result<(), StoreError> {
    let tenant = tx.tenant().clone();
    tx.execute(REBASE, &[&tenant.as_str(), &agent.as_str(), &row::small(version)]).await?;
    Ok(())
}
