//! An agent's configuration with its texts opened.

mod field;

use std::fmt;

use schemas::{
    AgentConfig, AgentId, TenantId, Text,
    directory::{EscalationRule, EscalationTrigger, FOLLOW_MINUTES_DEFAULT},
};
use serde::Deserialize;

pub use self::field::{Field, Value};
use crate::seal::{OpenError, Owner, Sealing};

/// How an agent sounds when nobody chose otherwise.
pub const PERSONA_DEFAULT: &str = "professional and warm";

/// The model group that answers when nobody chose otherwise.
pub const MODEL_DEFAULT: &str = "quality";

/// [`AgentConfig`], opened. Never on the log; see there for the fields.
#[expect(missing_docs, reason = "the fields are those of `AgentConfig`, documented there")]
#[derive(Clone, PartialEq, Eq)]
pub struct OpenConfig {
    pub name: String,
    pub role: String,
    pub job_description: String,
    pub statement_of_work: String,
    pub persona: String,
    pub system_prompt: String,
    pub model: String,
    pub tools: Vec<String>,
    pub escalation: Vec<OpenRule>,
    pub follow_minutes: u32,
}

/// [`EscalationRule`], opened. Never on the log; see there for the fields.
#[expect(missing_docs, reason = "the fields are those of `EscalationRule`, documented there")]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenRule {
    pub when: OpenTrigger,
    pub to_channel: String,
}

/// [`EscalationTrigger`], opened; see there.
#[expect(missing_docs, reason = "the variants are those of `EscalationTrigger`, documented there")]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub enum OpenTrigger {
    Keywords(Vec<String>),
    AskedForHuman,
    Sentiment,
    ToolFailure,
    Budget,
}

/// As people write it: in YAML, an enum with a value would want a tag.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "not one of `{ keywords: […] }`, `asked_for_human`, `sentiment`, `tool_failure`, \
                 `budget`"
)]
enum Written {
    Keywords { keywords: Vec<String> },
    Word(Word),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    AskedForHuman,
    Sentiment,
    ToolFailure,
    Budget,
}

impl From<Written> for OpenTrigger {
    fn from(written: Written) -> Self {
        match written {
            Written::Keywords { keywords } => OpenTrigger::Keywords(keywords),
            Written::Word(Word::AskedForHuman) => OpenTrigger::AskedForHuman,
            Written::Word(Word::Sentiment) => OpenTrigger::Sentiment,
            Written::Word(Word::ToolFailure) => OpenTrigger::ToolFailure,
            Written::Word(Word::Budget) => OpenTrigger::Budget,
        }
    }
}

impl OpenRule {
    fn open_with<E>(
        rule: &EscalationRule,
        open: impl Fn(&Text) -> Result<String, E>,
    ) -> Result<Self, E> {
        let when = match &rule.when {
            EscalationTrigger::Keywords(words) => {
                OpenTrigger::Keywords(words.iter().map(open).collect::<Result<_, _>>()?)
            }
            EscalationTrigger::AskedForHuman => OpenTrigger::AskedForHuman,
            EscalationTrigger::Sentiment => OpenTrigger::Sentiment,
            EscalationTrigger::ToolFailure => OpenTrigger::ToolFailure,
            EscalationTrigger::Budget => OpenTrigger::Budget,
        };
        Ok(Self { when, to_channel: rule.to_channel.clone() })
    }

    fn seal(&self, owner: Owner<'_>, sealing: &Sealing) -> EscalationRule {
        let when = match &self.when {
            OpenTrigger::Keywords(words) => {
                let seal = |word: &String| sealing.seal(owner, word);
                EscalationTrigger::Keywords(words.iter().map(seal).collect())
            }
            OpenTrigger::AskedForHuman => EscalationTrigger::AskedForHuman,
            OpenTrigger::Sentiment => EscalationTrigger::Sentiment,
            OpenTrigger::ToolFailure => EscalationTrigger::ToolFailure,
            OpenTrigger::Budget => EscalationTrigger::Budget,
        };
        EscalationRule { when, to_channel: self.to_channel.clone() }
    }
}

impl OpenConfig {
    /// An agent of that name with everything else as nobody chose it.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            role: String::new(),
            job_description: String::new(),
            statement_of_work: String::new(),
            persona: PERSONA_DEFAULT.to_owned(),
            system_prompt: String::new(),
            model: MODEL_DEFAULT.to_owned(),
            tools: Vec::new(),
            escalation: Vec::new(),
            follow_minutes: FOLLOW_MINUTES_DEFAULT,
        }
    }

    /// Opens what [`Self::seal`] sealed.
    pub fn open(
        config: &AgentConfig,
        tenant: &TenantId,
        agent: &AgentId,
        sealing: &Sealing,
    ) -> Result<Self, OpenError> {
        let owner = Owner { tenant, of: agent.as_str() };
        Self::open_with(config, |text| sealing.open(owner, text))
    }

    /// Opens with whatever opens a text.
    pub fn open_with<E>(
        config: &AgentConfig,
        open: impl Fn(&Text) -> Result<String, E>,
    ) -> Result<Self, E> {
        Ok(Self {
            name: config.name.clone(),
            role: config.role.clone(),
            job_description: open(&config.job_description)?,
            statement_of_work: open(&config.statement_of_work)?,
            persona: open(&config.persona)?,
            system_prompt: open(&config.system_prompt)?,
            model: config.model.clone(),
            tools: config.tools.clone(),
            escalation: config
                .escalation
                .iter()
                .map(|rule| OpenRule::open_with(rule, &open))
                .collect::<Result<_, _>>()?,
            follow_minutes: config.follow_minutes,
        })
    }

    /// The configuration for the log; its texts belong to the agent.
    pub fn seal(&self, tenant: &TenantId, agent: &AgentId, sealing: &Sealing) -> AgentConfig {
        let owner = Owner { tenant, of: agent.as_str() };
        AgentConfig {
            name: self.name.clone(),
            role: self.role.clone(),
            job_description: sealing.seal(owner, &self.job_description),
            statement_of_work: sealing.seal(owner, &self.statement_of_work),
            persona: sealing.seal(owner, &self.persona),
            system_prompt: sealing.seal(owner, &self.system_prompt),
            model: self.model.clone(),
            tools: self.tools.clone(),
            escalation: self.escalation.iter().map(|rule| rule.seal(owner, sealing)).collect(),
            follow_minutes: self.follow_minutes,
        }
    }

    /// The fields in which the two differ, by name.
    pub fn difference(&self, other: &Self) -> Vec<&'static str> {
        self.fields_changed(other).into_iter().map(Field::as_str).collect()
    }
}

/// As a person reads it.
impl fmt::Display for OpenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.when {
            OpenTrigger::Keywords(words) => write!(f, "one of {} is said", words.join(", "))?,
            OpenTrigger::AskedForHuman => f.write_str("a person is asked for")?,
            OpenTrigger::Sentiment => f.write_str("somebody sounds upset")?,
            OpenTrigger::ToolFailure => f.write_str("a tool failed")?,
            OpenTrigger::Budget => f.write_str("the budget is spent")?,
        }
        write!(f, " -> {}", self.to_channel)
    }
}

/// What a tenant told its agent does not belong into logs.
impl fmt::Debug for OpenConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenConfig")
            .field("name", &self.name)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}
