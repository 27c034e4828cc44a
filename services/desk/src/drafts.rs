//! Drafts: what operators are working on, saved as they type.

use domain::{
    access::{Permission, Principal},
    command::agent,
    config::OpenConfig,
    draft::{Merged, merge},
    fields,
    seal::Sealing,
};
use schemas::{Agent, AgentConfig, AgentId, TenantId, TenantStatus, Timestamp};
use store::drafts::{self, DraftRow, Save};
use tracing::warn;

use crate::{Desk, DeskError, Written};

/// How often a save that met another one is tried again.
const TRIES_MAX: u32 = 5;

/// A draft, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Which one: the next save says it. 0 where nothing was saved yet.
    pub revision: u32,
    /// The published version that it goes beyond; 0 for none.
    pub base_version: u32,
    /// What it says.
    pub fields: OpenConfig,
    /// Who saved it, and when.
    pub updated: Option<(String, Timestamp)>,
}

/// What answers people while somebody works on a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Its version; 0 where none was published yet.
    pub version: u32,
    /// What it says, if there is one.
    pub config: Option<OpenConfig>,
    /// Whether the agent has left: then nothing answers.
    pub retired: bool,
}

/// What became of a save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Autosaved {
    /// It is kept.
    Saved {
        /// The next save says it.
        revision: u32,
    },
    /// Somebody else had saved other fields: both are kept, and `fields` is what the form shows now.
    Merged {
        /// The next save says it.
        revision: u32,
        /// What both made of it.
        fields: Box<OpenConfig>,
    },
    /// Somebody else has saved the same fields: theirs are kept, and a person decides. A save that says
    /// their revision then stands.
    Conflict(Box<DraftConflict>),
}

/// Two drafts that cannot both stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftConflict {
    /// That of `theirs`.
    pub revision: u32,
    /// Mine and theirs, and the fields in which they meet.
    pub merged: Merged,
    /// What is kept.
    pub theirs: OpenConfig,
    /// What mine began with, if it is still known.
    pub base: Option<OpenConfig>,
}

/// What a draft is seen with.
struct Eyes<'a> {
    tenant: &'a TenantId,
    agent: &'a Agent,
    sealing: Sealing,
}

impl Eyes<'_> {
    fn open(&self, config: &AgentConfig) -> Result<OpenConfig, DeskError> {
        OpenConfig::open(config, self.tenant, &self.agent.id, &self.sealing).map_err(|error| {
            warn!(tenant = %self.tenant, agent = %self.agent.id, %error, "an agent does not open");
            DeskError::Unavailable
        })
    }

    fn seal(&self, config: &OpenConfig) -> AgentConfig {
        config.seal(self.tenant, &self.agent.id, &self.sealing)
    }

    /// What somebody who has saved nothing yet begins with.
    fn begun(&self) -> Result<OpenConfig, DeskError> {
        let published = self.agent.published.as_ref().map(|published| &published.config);
        match self.agent.draft.as_ref().or(published) {
            Some(config) => self.open(config),
            None => Ok(OpenConfig::named(self.agent.id.as_str())),
        }
    }
}

impl Desk {
    /// What is being worked on: what was saved last, else what is published.
    pub async fn draft(
        &self,
        by: &Principal,
        tenant: &TenantId,
        agent: &AgentId,
    ) -> Result<Draft, DeskError> {
        by.require(Permission::AgentsRead, tenant)?;
        let agent = self.agent(tenant, agent)?;
        let eyes = Eyes { tenant, agent: &agent, sealing: self.sealing(tenant).await? };
        let mut tx = self.parts().db.tenant(tenant).await?;
        match drafts::load(&mut tx, &agent.id).await? {
            Some(row) => Ok(Draft {
                revision: row.revision,
                base_version: row.base_version,
                fields: eyes.open(&row.fields)?,
                updated: Some((row.updated_by, row.updated_at)),
            }),
            None => Ok(Draft {
                revision: 0,
                base_version: agent::version_of(&agent),
                fields: eyes.begun()?,
                updated: None,
            }),
        }
    }

    /// What answers people now.
    pub async fn live(
        &self,
        by: &Principal,
        tenant: &TenantId,
        agent: &AgentId,
    ) -> Result<Live, DeskError> {
        by.require(Permission::AgentsRead, tenant)?;
        let agent = self.agent(tenant, agent)?;
        let eyes = Eyes { tenant, agent: &agent, sealing: self.sealing(tenant).await? };
        let published = agent.published.as_ref();
        let config = published.map(|published| eyes.open(&published.config)).transpose()?;
        Ok(Live { version: agent::version_of(&agent), config, retired: agent.retired })
    }

    /// The draft of that revision is given up for what is published. What it said is among the draft's
    /// revisions for a while.
    pub async fn discard_draft(
        &self,
        by: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        revision: u32,
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let known = self.agent(tenant, agent)?;
        if let Some(published) = &known.published {
            let eyes = Eyes { tenant, agent: &known, sealing: self.sealing(tenant).await? };
            let mut tx = self.parts().db.tenant(tenant).await?;
            let saved = drafts::load(&mut tx, agent).await?;
            drop(tx);
            if saved.as_ref().map_or(0, |row| row.revision) != revision {
                return Err(changed_meanwhile());
            }
            if saved.is_some() {
                let fields = eyes.open(&published.config)?;
                let saved = self.save(by, &eyes, revision, &fields).await?;
                saved.ok_or_else(changed_meanwhile)?;
                let mut tx = self.parts().db.tenant(tenant).await?;
                drafts::rebase(&mut tx, agent, published.version).await?;
                tx.commit().await?;
            }
        }
        self.change(by, tenant, |directory| agent::discard_draft(directory, tenant, agent)).await
    }

    /// Keeps what an operator has typed, made from the draft of `base_revision`. It may be unfinished.
    pub async fn autosave(
        &self,
        by: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        base_revision: u32,
        mine: OpenConfig,
    ) -> Result<Autosaved, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let problems = fields::draft(&mine);
        if !problems.is_empty() {
            return Err(DeskError::Invalid(problems));
        }
        let agent = self.agent(tenant, agent)?;
        let eyes = Eyes { tenant, agent: &agent, sealing: self.sealing(tenant).await? };
        for _ in 0..TRIES_MAX {
            if let Some(saved) = self.try_save(by, &eyes, base_revision, &mine).await? {
                return Ok(saved);
            }
        }
        warn!(%tenant, agent = %agent.id, "a draft is saved by others again and again");
        Err(DeskError::Unavailable)
    }

    /// Saves unless somebody else does meanwhile.
    async fn try_save(
        &self,
        by: &Principal,
        eyes: &Eyes<'_>,
        base_revision: u32,
        mine: &OpenConfig,
    ) -> Result<Option<Autosaved>, DeskError> {
        let mut tx = self.parts().db.tenant(eyes.tenant).await?;
        let saved = drafts::load(&mut tx, &eyes.agent.id).await?;
        let Some(theirs) = saved.filter(|theirs| theirs.revision != base_revision) else {
            let revision = self.save(by, eyes, base_revision, mine).await?;
            return Ok(revision.map(|revision| Autosaved::Saved { revision }));
        };
        let base = drafts::revision(&mut tx, &eyes.agent.id, base_revision).await?;
        drop(tx);
        let base = base.map(|base| eyes.open(&base)).transpose()?;
        let DraftRow { revision, fields, .. } = theirs;
        let theirs = eyes.open(&fields)?;
        let merged = merge(base.as_ref(), mine, &theirs);
        if !merged.conflicts.is_empty() {
            let conflict = DraftConflict { revision, merged, theirs, base };
            return Ok(Some(Autosaved::Conflict(Box::new(conflict))));
        }
        let fields = merged.config;
        if fields == theirs {
            return Ok(Some(Autosaved::Merged { revision, fields: Box::new(fields) }));
        }
        let revision = self.save(by, eyes, revision, &fields).await?;
        Ok(revision.map(|revision| Autosaved::Merged { revision, fields: Box::new(fields) }))
    }

    async fn save(
        &self,
        by: &Principal,
        eyes: &Eyes<'_>,
        follows: u32,
        fields: &OpenConfig,
    ) -> Result<Option<u32>, DeskError> {
        let tx = self.parts().db.tenant(eyes.tenant).await?;
        let save = Save {
            follows,
            begun: &eyes.seal(&eyes.begun()?),
            base_version: agent::version_of(eyes.agent),
            fields: &eyes.seal(fields),
            by: by.operator.as_str(),
            at: self.parts().clock.now(),
        };
        Ok(drafts::save(tx, &eyes.agent.id, save).await?)
    }

    /// The draft that is on the log.
    pub(crate) async fn kept(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
    ) -> Result<Option<OpenConfig>, DeskError> {
        let agent = self.agent(tenant, agent)?;
        let eyes = Eyes { tenant, agent: &agent, sealing: self.sealing(tenant).await? };
        agent.draft.as_ref().map(|draft| eyes.open(draft)).transpose()
    }

    /// An agent of a tenant that is still there.
    pub(crate) fn agent(&self, tenant: &TenantId, agent: &AgentId) -> Result<Agent, DeskError> {
        let found = self.parts().directory.read(|directory| {
            let known = directory.tenant(tenant)?;
            let there = known.status != TenantStatus::Deleted;
            directory.agent(tenant, agent).filter(|_| there).map(|agent| Agent::clone(agent))
        });
        found.ok_or(DeskError::NotFound)
    }
}

fn changed_meanwhile() -> DeskError {
    let what = "somebody else changed the draft meanwhile: look at it again, then decide";
    DeskError::Conflict { what: what.to_owned() }
}
