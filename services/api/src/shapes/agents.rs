//! Agents, their drafts and their versions.

use domain::config::{MODEL_DEFAULT, OpenConfig, OpenRule, OpenTrigger, PERSONA_DEFAULT};
use schemas::{Timestamp, directory::FOLLOW_MINUTES_DEFAULT};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use views::{AgentLine, VersionLine};

/// Everything that makes an agent answer as it does.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Mara", "role": "Support lead", "job_description": "Answers questions about orders.",
    "persona": "warm, brief", "model": "quality",
    "escalation": [{ "when": { "keywords": ["refund"] }, "to_channel": "#support" }]
}))]
pub(crate) struct Config {
    /// What people call it.
    pub(crate) name: String,
    /// Its position.
    #[serde(default)]
    pub(crate) role: String,
    /// What it is there for.
    #[serde(default)]
    pub(crate) job_description: String,
    /// What it does and does not do.
    #[serde(default)]
    pub(crate) statement_of_work: String,
    /// How it sounds.
    #[serde(default = "persona")]
    pub(crate) persona: String,
    /// What else the model is told.
    #[serde(default)]
    pub(crate) system_prompt: String,
    /// The model group that answers for it.
    #[serde(default = "model")]
    pub(crate) model: String,
    /// The tools it may use, by name.
    #[serde(default)]
    pub(crate) tools: Vec<String>,
    /// When it hands over to a person.
    #[serde(default)]
    pub(crate) escalation: Vec<Rule>,
    /// How long it follows a thread after the last message, in minutes; 1440 at most.
    #[serde(default = "follow_minutes")]
    pub(crate) follow_minutes: u32,
}

/// When an agent hands over to a person, and to whom.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// What sets it off.
    pub(crate) when: Trigger,
    /// The channel of the workspace that is told.
    pub(crate) to_channel: String,
}

/// What makes an agent hand over.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trigger {
    /// One of these words is said.
    Keywords(Vec<String>),
    /// The person asks for a human being.
    AskedForHuman,
    /// The person sounds upset.
    Sentiment,
    /// A tool failed.
    ToolFailure,
    /// The budget is spent.
    Budget,
}

/// An agent in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentItem {
    /// The slug; it never changes.
    #[schema(example = "mara")]
    pub(crate) id: String,
    /// What people call it.
    #[schema(example = "Mara")]
    pub(crate) name: String,
    /// Its position.
    pub(crate) role: String,
    /// Whether it answers.
    pub(crate) state: State,
    /// The version that answers, where one was published.
    pub(crate) version: Option<u32>,
    /// The model group that answers for it.
    pub(crate) model: String,
    /// Messages of the last 7 days, today included.
    pub(crate) messages_week: u64,
    /// What they cost, in millionths of a dollar.
    pub(crate) cost_micros_week: u64,
}

/// Whether an agent answers.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Not yet: it was never published.
    Draft,
    /// It does.
    Published,
    /// Not any more.
    Retired,
}

/// All agents of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Agents {
    /// Those that have left come last.
    pub(crate) items: Vec<AgentItem>,
}

/// An agent with all that it says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Agent {
    /// As it is in the list.
    #[serde(flatten)]
    pub(crate) item: AgentItem,
    /// What answers people, where a version was published.
    pub(crate) published: Option<Config>,
    /// What is being worked on: what was saved last, else what is published.
    pub(crate) draft: Draft,
}

/// What is being worked on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Draft {
    /// One up with each save; 0 where nothing was saved yet.
    pub(crate) revision: u32,
    /// The published version that it goes beyond; 0 for none.
    pub(crate) base_version: u32,
    /// What it says.
    pub(crate) config: Config,
    /// When it was saved last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) saved_at: Option<Timestamp>,
}

/// An agent to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "slug": "mara", "name": "Mara" }))]
pub(crate) struct NewAgent {
    /// 1 to 40 of a-z, 0-9 and `-`; it never changes.
    pub(crate) slug: String,
    /// What people call it.
    pub(crate) name: String,
}

/// Why a version is published.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "note": "Knows about returns." }))]
pub(crate) struct Note {
    /// For people who look at the versions later.
    #[serde(default)]
    pub(crate) note: String,
}

/// A version in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionItem {
    /// Counts from 1.
    #[schema(example = 3)]
    pub(crate) version: u32,
    /// Why it was published, if anybody said.
    pub(crate) note: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) published_at: Timestamp,
    /// Through which door.
    #[schema(example = "portal")]
    pub(crate) via: String,
    /// By whom, where somebody was signed in.
    pub(crate) operator: Option<String>,
}

/// Versions of an agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Versions {
    /// The newest first; 100 at most.
    pub(crate) items: Vec<VersionItem>,
    /// Where the next page begins, if there may be one: send it as `before`.
    pub(crate) next: Option<u32>,
}

/// A version with all that it says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Version {
    /// As it is in the list.
    #[serde(flatten)]
    pub(crate) item: VersionItem,
    /// What it says.
    pub(crate) config: Config,
}

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Before {
    /// `next` of the page before.
    pub(crate) before: Option<u32>,
}

/// What a path of a version names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfVersion {
    /// The tenant's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "acme")]
    pub(crate) tenant: schemas::TenantId,
    /// The agent's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "mara")]
    pub(crate) agent: schemas::AgentId,
    /// Which version.
    #[param(minimum = 1, maximum = 2_147_483_647_i64, example = 1)]
    pub(crate) version: u32,
}

fn persona() -> String {
    PERSONA_DEFAULT.to_owned()
}

fn model() -> String {
    MODEL_DEFAULT.to_owned()
}

fn follow_minutes() -> u32 {
    FOLLOW_MINUTES_DEFAULT
}

impl From<AgentLine> for AgentItem {
    fn from(line: AgentLine) -> Self {
        let state = match line.state {
            views::AgentState::Draft => State::Draft,
            views::AgentState::Published => State::Published,
            views::AgentState::Retired => State::Retired,
        };
        Self {
            id: line.id.to_string(),
            name: line.name,
            role: line.role,
            state,
            version: line.version,
            model: line.model,
            messages_week: line.messages_week,
            cost_micros_week: line.cost_micros_week,
        }
    }
}

impl From<desk::Draft> for Draft {
    fn from(draft: desk::Draft) -> Self {
        Self {
            revision: draft.revision,
            base_version: draft.base_version,
            config: draft.fields.into(),
            saved_at: draft.updated.map(|(_, at)| at),
        }
    }
}

impl From<VersionLine> for VersionItem {
    fn from(line: VersionLine) -> Self {
        Self {
            version: line.version,
            note: line.note,
            published_at: line.at,
            via: line.via,
            operator: line.operator.map(|it| it.to_string()),
        }
    }
}

impl From<OpenConfig> for Config {
    fn from(it: OpenConfig) -> Self {
        let rule = |rule: OpenRule| {
            let when = match rule.when {
                OpenTrigger::Keywords(words) => Trigger::Keywords(words),
                OpenTrigger::AskedForHuman => Trigger::AskedForHuman,
                OpenTrigger::Sentiment => Trigger::Sentiment,
                OpenTrigger::ToolFailure => Trigger::ToolFailure,
                OpenTrigger::Budget => Trigger::Budget,
            };
            Rule { when, to_channel: rule.to_channel }
        };
        Self {
            name: it.name,
            role: it.role,
            job_description: it.job_description,
            statement_of_work: it.statement_of_work,
            persona: it.persona,
            system_prompt: it.system_prompt,
            model: it.model,
            tools: it.tools,
            escalation: it.escalation.into_iter().map(rule).collect(),
            follow_minutes: it.follow_minutes,
        }
    }
}

impl From<Config> for OpenConfig {
    fn from(it: Config) -> Self {
        let rule = |rule: Rule| {
            let when = match rule.when {
                Trigger::Keywords(words) => OpenTrigger::Keywords(words),
                Trigger::AskedForHuman => OpenTrigger::AskedForHuman,
                Trigger::Sentiment => OpenTrigger::Sentiment,
                Trigger::ToolFailure => OpenTrigger::ToolFailure,
                Trigger::Budget => OpenTrigger::Budget,
            };
            OpenRule { when, to_channel: rule.to_channel }
        };
        Self {
            name: it.name,
            role: it.role,
            job_description: it.job_description,
            statement_of_work: it.statement_of_work,
            persona: it.persona,
            system_prompt: it.system_prompt,
            model: it.model,
            tools: it.tools,
            escalation: it.escalation.into_iter().map(rule).collect(),
            follow_minutes: it.follow_minutes,
        }
    }
}
