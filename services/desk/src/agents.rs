//! Agents.

use domain::{
    access::{Permission, Principal},
    budget::Budgets,
    command::{
        Refused,
        agent::{self, DraftAfter, Publication},
    },
    config::OpenConfig,
    directory::Directory,
    fields::FieldProblem,
    model::{answers, unknown},
};
use schemas::{AgentId, Budget, TenantId, Text};
use store::{changes, drafts};
use tracing::warn;

use crate::{Desk, DeskError, Written};

/// A draft that is to answer people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The revision of the draft that was looked at; another one is a conflict.
    pub revision: u32,
    /// Why, if anybody says.
    pub note: String,
    /// The version that answered when it was looked at, 0 for none; another one is a conflict.
    pub expected_version: u32,
}

impl Desk {
    /// An agent comes, with everything but its name as nobody chose it. It answers nobody yet.
    pub async fn create_agent(
        &self,
        by: &Principal,
        tenant: &TenantId,
        slug: &str,
        name: &str,
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let config = OpenConfig::named(name.trim());
        self.change_texts(by, tenant, |directory| agent::create(directory, tenant, slug, config))
            .await
    }

    /// It may cost more or less. Whoever pays says so; nothing is published for it.
    pub async fn set_agent_budget(
        &self,
        by: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        budget: Budget,
    ) -> Result<Written, DeskError> {
        by.require(Permission::TenantsManage, tenant)?;
        self.change(by, tenant, |directory| agent::set_budget(directory, tenant, agent, budget))
            .await
    }

    /// What pays for what an agent says.
    pub fn budgets(
        &self,
        by: &Principal,
        tenant: &TenantId,
        agent: &AgentId,
    ) -> Result<Budgets, DeskError> {
        by.require(Permission::AgentsRead, tenant)?;
        let agent = self.agent(tenant, agent)?;
        let known = self.parts().directory.read(|it| it.tenant(tenant).cloned());
        Ok(Budgets::of(known.as_ref().ok_or(Refused::NotFound)?, Some(&agent)))
    }

    /// A draft is kept on the log, because somebody said so. It may be unfinished. What is kept already
    /// is not kept again.
    pub async fn save_draft(
        &self,
        by: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        config: OpenConfig,
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let kept = self.kept(tenant, agent).await?;
        self.change_texts(by, tenant, |directory| {
            agent::save_draft(directory, (tenant, agent), kept.as_ref(), config)
        })
        .await
    }

    /// The draft answers people from now on, as the next version.
    pub async fn publish(
        &self,
        by: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        publish: Publish,
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let draft = self.draft(by, tenant, agent).await?;
        if draft.revision != publish.revision {
            let what = "somebody else changed the draft meanwhile: look at it again, then publish";
            return Err(DeskError::Conflict { what: what.to_owned() });
        }
        let publication = Publication {
            config: draft.fields,
            note: note(&publish.note),
            expected: publish.expected_version,
            draft: DraftAfter::Published,
        };
        let written = self.publish_as(by, (tenant, agent), publication).await?;
        let mut tx = self.parts().db.tenant(tenant).await?;
        let version = publish.expected_version.saturating_add(1);
        let rebased = match drafts::rebase(&mut tx, agent, version).await {
            Ok(()) => tx.commit().await,
            Err(error) => Err(error),
        };
        if let Err(error) = rebased {
            warn!(%tenant, %agent, %error, "a draft says an older version than it goes beyond");
        }
        Ok(written)
    }

    /// A whole configuration answers people from now on, as the next version. Drafts stay as they are.
    pub async fn publish_config(
        &self,
        by: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        config: OpenConfig,
        (text, expected): (&str, u32),
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let publication =
            Publication { config, note: note(text), expected, draft: DraftAfter::Stays };
        self.publish_as(by, (tenant, agent), publication).await
    }

    /// What an earlier version was answers again, as the next version. Drafts stay as they are.
    pub async fn restore(
        &self,
        by: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        version: u32,
        text: &str,
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let expected = agent::version_of(&self.agent(tenant, agent)?);
        let mut tx = self.parts().db.tenant(tenant).await?;
        let found = changes::agent_version(&mut tx, agent, version).await?;
        drop(tx);
        let published = found.map(|row| row.agent()).transpose()?.flatten();
        let published = published.and_then(|agent| agent.published).ok_or(DeskError::NotFound)?;
        let sealing = self.sealing(tenant).await?;
        let config = OpenConfig::open(&published.config, tenant, agent, &sealing);
        let config = config.map_err(|error| {
            warn!(%tenant, %agent, version, %error, "a version does not open");
            DeskError::Unavailable
        })?;
        let publication =
            Publication { config, note: note(text), expected, draft: DraftAfter::Stays };
        self.publish_as(by, (tenant, agent), publication).await
    }

    /// It answers nobody any more. Publishing a version brings it back.
    pub async fn retire_agent(
        &self,
        by: &Principal,
        tenant: &TenantId,
        agent: &AgentId,
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        self.change(by, tenant, |directory| agent::retire(directory, tenant, agent)).await
    }

    async fn publish_as(
        &self,
        by: &Principal,
        (tenant, agent): (&TenantId, &AgentId),
        publication: Publication,
    ) -> Result<Written, DeskError> {
        self.change_texts(by, tenant, |directory| {
            let unknown = self.unknown_model(directory, tenant, &publication.config.model);
            let decided = agent::publish(directory, tenant, agent, publication);
            match (unknown, decided) {
                (None, decided) => decided,
                (Some(unknown), Ok(_)) => Err(Refused::Invalid(vec![unknown])),
                (Some(unknown), Err(Refused::Invalid(mut problems))) => {
                    problems.push(unknown);
                    Err(Refused::Invalid(problems))
                }
                (Some(_), refused) => refused,
            }
        })
        .await
    }

    /// That no model group of that name answers for a tenant, where it is known which there are.
    fn unknown_model(
        &self,
        directory: &Directory,
        tenant: &TenantId,
        name: &str,
    ) -> Option<FieldProblem> {
        let models = self.parts().models.as_ref()?;
        let answers = answers(directory, tenant, name, &|name| models.is_of_installation(name));
        (!answers && !name.trim().is_empty()).then(|| unknown(name))
    }
}

/// A note without a word is none.
fn note(text: &str) -> Option<Text> {
    let text = text.trim();
    (!text.is_empty()).then(|| Text::Plain(text.to_owned()))
}
