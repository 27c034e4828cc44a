//! The published versions of an agent.

use domain::{
    access::{Permission, Principal},
    config::OpenConfig,
    seal::{Owner, Sealing},
};
use schemas::{AgentId, OperatorId, TenantId, Timestamp, directory::Published};
use store::changes::{self, ChangeRow};
use tracing::warn;

use crate::{ViewError, Views};

/// The most versions of one page.
pub const VERSIONS_MAX: u32 = 100;

/// A version of an agent, and how it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionLine {
    /// Which one.
    pub version: u32,
    /// Why it was published, if anybody said.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Through which door.
    pub via: String,
    /// By whom, where somebody was signed in.
    pub operator: Option<OperatorId>,
}

/// A version with all that it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Which one, and how it came.
    pub line: VersionLine,
    /// What it said.
    pub config: OpenConfig,
}

impl Views {
    /// The versions of an agent before version `before`, the newest first.
    pub async fn versions(
        &self,
        principal: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        before: Option<u32>,
        now: Timestamp,
    ) -> Result<Vec<VersionLine>, ViewError> {
        principal.require(Permission::AgentsRead, tenant)?;
        let mut tx = self.tx(tenant).await?;
        let rows = changes::agent_versions(&mut tx, agent, before, VERSIONS_MAX).await?;
        drop(tx);
        let sealing = self.sealing(tenant, now).await?;
        let owner = Owner { tenant, of: agent.as_str() };
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(published) = published(&row)? {
                lines.push(line(&row, &published, owner, &sealing));
            }
        }
        Ok(lines)
    }

    /// One version of an agent.
    pub async fn version(
        &self,
        principal: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        version: u32,
        now: Timestamp,
    ) -> Result<Version, ViewError> {
        principal.require(Permission::AgentsRead, tenant)?;
        let mut tx = self.tx(tenant).await?;
        let row = changes::agent_version(&mut tx, agent, version).await?;
        drop(tx);
        let row = row.ok_or_else(ViewError::not_found)?;
        let published = published(&row)?.ok_or_else(ViewError::not_found)?;
        let sealing = self.sealing(tenant, now).await?;
        let config = OpenConfig::open(&published.config, tenant, agent, &sealing);
        let config = config.map_err(|error| {
            warn!(%tenant, %agent, version, %error, "a version does not open");
            ViewError::not_found()
        })?;
        let owner = Owner { tenant, of: agent.as_str() };
        Ok(Version { line: line(&row, &published, owner, &sealing), config })
    }
}

fn published(row: &ChangeRow) -> Result<Option<Published>, ViewError> {
    Ok(row.agent()?.and_then(|agent| agent.published))
}

fn line(
    row: &ChangeRow,
    published: &Published,
    owner: Owner<'_>,
    sealing: &Sealing,
) -> VersionLine {
    let operator = row.author_operator.as_ref().and_then(|id| id.parse().ok());
    VersionLine {
        version: published.version,
        note: published.note.as_ref().and_then(|note| sealing.open(owner, note).ok()),
        at: row.at(),
        via: row.author_via.clone(),
        operator,
    }
}
