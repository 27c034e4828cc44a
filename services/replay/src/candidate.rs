//! What is asked in the place of what answered: a draft, a version, or a file.

use domain::{config::OpenConfig, fields, plan::DesiredAgent, seal::Sealing, tool::unknown_tools};
use schemas::{AgentConfig, ToolId, directory::Published};
use store::{changes, drafts};

use crate::{Employee, Replay, ReplayError};

/// What somebody wants asked.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// What is being worked on.
    Draft,
    /// What is or was published.
    Version(u32),
    /// What is published, as it is.
    Published,
    /// An agent as it stands in a tenants' file; what it leaves out is as published.
    File {
        /// The file's name, for people.
        name: String,
        /// What it says.
        agent: Box<DesiredAgent>,
    },
}

impl Wanted {
    /// What is called so: `draft`, `published`, or a version by its number.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "draft" => Some(Self::Draft),
            "published" => Some(Self::Published),
            // Not `+3`, which a number may be written like.
            version if version.bytes().all(|it| it.is_ascii_digit()) => {
                version.parse().ok().map(Self::Version)
            }
            _ => None,
        }
    }
}

/// A configuration that is asked.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Which one, for people.
    pub label: String,
    /// Its version, if it has one.
    pub version: Option<u32>,
    /// All of it.
    pub config: OpenConfig,
}

impl Replay {
    /// The configuration that is wanted: one that answered, or one that an agent could be published with.
    pub async fn candidate(
        &self,
        who: &Employee,
        wanted: Wanted,
    ) -> Result<Candidate, ReplayError> {
        let sealing = self.sealer.of(&who.tenant.id, self.now()).await?;
        let open = |config: &AgentConfig| who.open(config, &sealing);
        let candidate = match wanted {
            Wanted::Draft => {
                let config = self.draft(who).await?.ok_or(ReplayError::NoDraft)?;
                Candidate { label: "the draft".to_owned(), version: None, config: open(&config)? }
            }
            Wanted::Version(version) => {
                let found = self.version(who, version).await?;
                published(&found.ok_or(ReplayError::NoVersion(version))?, open)?
            }
            Wanted::Published => published(who.published()?, open)?,
            Wanted::File { name, agent } => {
                let known = match &who.agent.published {
                    Some(published) => open(&published.config)?,
                    None => OpenConfig::named(&agent.name),
                };
                let (label, config) = (format!("the file {name}"), agent.over(known));
                Candidate { label, version: None, config }
            }
        };
        if !self.models.groups(&who.tenant.id).contains(&candidate.config.model) {
            return Err(ReplayError::NoGroup(candidate.config.model));
        }
        // What answered once may be asked whatever is wrong with it now.
        if candidate.version.is_none() {
            sound(who, &candidate.config)?;
        }
        Ok(candidate)
    }

    /// A version, if it is known.
    pub(crate) async fn version(
        &self,
        who: &Employee,
        version: u32,
    ) -> Result<Option<Published>, ReplayError> {
        if let Some(published) = who.agent.published.as_ref().filter(|it| it.version == version) {
            return Ok(Some(published.clone()));
        }
        let mut tx = self.db.tenant(&who.tenant.id).await?;
        let row = changes::agent_version(&mut tx, &who.agent.id, version).await?;
        let agent = row.map(|row| row.agent()).transpose()?.flatten();
        Ok(agent.and_then(|agent| agent.published))
    }

    /// What was saved last, by hand or by name.
    async fn draft(&self, who: &Employee) -> Result<Option<AgentConfig>, ReplayError> {
        let mut tx = self.db.tenant(&who.tenant.id).await?;
        let saved = drafts::load(&mut tx, &who.agent.id).await?.map(|row| row.fields);
        Ok(saved.or_else(|| who.agent.draft.clone()))
    }
}

impl Employee {
    pub(crate) fn published(&self) -> Result<&Published, ReplayError> {
        self.agent.published.as_ref().ok_or(ReplayError::NotPublished)
    }

    pub(crate) fn open(
        &self,
        config: &AgentConfig,
        sealing: &Sealing,
    ) -> Result<OpenConfig, ReplayError> {
        Ok(OpenConfig::open(config, &self.tenant.id, &self.agent.id, sealing)?)
    }
}

/// Whether the agent could be published with it.
fn sound(who: &Employee, config: &OpenConfig) -> Result<(), ReplayError> {
    let find = |id: &ToolId| who.tools.iter().find(|it| it.id == *id).map(|it| &**it);
    let mut problems = fields::config(config);
    problems.extend(unknown_tools(&config.tools, find));
    if problems.is_empty() {
        return Ok(());
    }
    Err(ReplayError::Candidate(problems.iter().map(ToString::to_string).collect()))
}

fn published(
    found: &Published,
    open: impl Fn(&AgentConfig) -> Result<OpenConfig, ReplayError>,
) -> Result<Candidate, ReplayError> {
    let Published { version, config, .. } = found;
    let (label, config) = (format!("version {version}"), open(config)?);
    Ok(Candidate { label, version: Some(*version), config })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_has_a_name() {
        assert!(matches!(Wanted::named("draft"), Some(Wanted::Draft)));
        assert!(matches!(Wanted::named("published"), Some(Wanted::Published)));
        assert!(matches!(Wanted::named("3"), Some(Wanted::Version(3))));
        for none in ["", "Draft", "-1", "+3", "3.5", "mara.yaml", "99999999999"] {
            assert!(Wanted::named(none).is_none(), "{none}");
        }
    }
}
