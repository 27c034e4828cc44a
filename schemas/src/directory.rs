//! Who exists: tenants, their agents with the tools and models these use, and their connections to
//! workspaces.
//!
//! A directory event carries the whole new state, so that the last event of a subject is enough.

mod model;
mod tool;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::model::{
    ModelChoice, ModelDeployment, ModelGroup, ModelGroupStatus, ModelPrice, ModelVendor,
};
pub use self::tool::{
    Endpoint, HttpMethod, HttpTool, McpServer, TOOL_TIMEOUT_SECONDS_DEFAULT, Tool, ToolHeader,
    ToolKind, ToolStatus,
};
use crate::{AgentId, Budget, ChannelKind, ConnectionId, TenantId, Text, Timestamp, text};

/// Messages a minute, and the burst, when nobody chose otherwise.
pub const MESSAGES_PER_MINUTE_DEFAULT: u32 = 30;

/// How long an agent follows a thread after its last message, when nobody chose otherwise.
pub const FOLLOW_MINUTES_DEFAULT: u32 = 30;

/// The longest follow time; the engagements bucket keeps its entries this long.
pub const FOLLOW_MINUTES_MAX: u32 = 24 * 60;

/// The most days that a tenant's conversations are kept: the log keeps no event for longer.
pub const KEEP_DAYS_MAX: u32 = 30;

/// The days that the installation keeps conversations of a tenant that does not say.
pub const KEPT_DAYS: u32 = 31;

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Author {
    /// The door it came through: `apply`, `cli`, `portal`, `api`, or the channel, e.g. `slack`.
    pub via: String,
    /// The operator, where one is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tenant {
    /// The slug; it never changes.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// How much it may ask.
    #[serde(default)]
    pub limits: Limits,
    /// How much it may cost.
    #[serde(default, skip_serializing_if = "Budget::is_unset")]
    pub budget: Budget,
    /// Whether it is served.
    pub status: TenantStatus,
}

/// How many messages a tenant may send its agents, and how long they are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Messages a minute over all channels; the burst is the same number.
    pub messages_per_minute: u32,
    /// Messages a minute per kind of channel, where narrower.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub per_channel: BTreeMap<ChannelKind, u32>,
    /// Days that conversations are kept, from 1 to [`KEEP_DAYS_MAX`]; as long as the installation keeps
    /// them if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages_per_minute: MESSAGES_PER_MINUTE_DEFAULT,
            per_channel: BTreeMap::new(),
            keep_days: None,
        }
    }
}

/// Whether a tenant is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantStatus {
    /// It is.
    Active,
    /// Not for now: nothing of its data is touched, nothing is answered.
    Suspended,
    /// Never again; the entry stays as a tombstone so that the slug is not reused by accident.
    Deleted,
}

/// An AI employee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// The slug; it never changes.
    pub id: AgentId,
    /// What is being worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<AgentConfig>,
    /// What answers people. Nothing does until it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// How much it may cost. No part of its configuration: it holds from now on, whatever version
    /// answers.
    #[serde(default, skip_serializing_if = "Budget::is_unset")]
    pub budget: Budget,
    /// Whether it has left: a retired agent answers nobody.
    #[serde(default)]
    pub retired: bool,
}

/// The configuration that answers people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Published {
    /// Counts from 1, one up with each publication.
    pub version: u32,
    /// The configuration.
    pub config: AgentConfig,
    /// Why it was published.
    #[serde(
        default,
        deserialize_with = "text::bare_or_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub note: Option<Text>,
}

/// Everything that makes an agent answer as it does. Texts are sealed with the tenant's data key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentConfig {
    /// What people call it.
    pub name: String,
    /// Its position, e.g. "Support lead".
    pub role: String,
    /// What it is there for.
    pub job_description: Text,
    /// What it does and does not do.
    pub statement_of_work: Text,
    /// How it sounds.
    pub persona: Text,
    /// What else the model is told.
    pub system_prompt: Text,
    /// The model group that answers for it, e.g. `quality`.
    pub model: String,
    /// The tools it may use, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// When it hands over to a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalation: Vec<EscalationRule>,
    /// How long it follows a thread after the last message, in minutes.
    pub follow_minutes: u32,
}

/// When an agent hands over to a person, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationRule {
    /// What sets it off.
    pub when: EscalationTrigger,
    /// The channel of the workspace that is told.
    pub to_channel: String,
}

/// What makes an agent hand over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EscalationTrigger {
    /// One of these words is said.
    Keywords(#[serde(deserialize_with = "text::bare_or_not")] Vec<Text>),
    /// The person asks for a human being.
    AskedForHuman,
    /// The person sounds upset.
    Sentiment,
    /// A tool failed.
    ToolFailure,
    /// The budget is spent.
    Budget,
}

/// A tenant's presence in one workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// See [`ConnectionId`].
    pub id: ConnectionId,
    /// The chat system.
    pub channel: ChannelKind,
    /// The app whose installation this is; `default` is the installation's own.
    pub app: String,
    /// The workspace, e.g. Slack's team id.
    pub workspace: String,
    /// The user the agent appears as there.
    pub bot_user: String,
    /// Who answers.
    pub agent: AgentId,
    /// The secret that holds the token, by name; never the token.
    pub token: String,
    /// Whether it is in use.
    pub status: ConnectionStatus,
}

/// Whether a connection is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionStatus {
    /// It is.
    Active,
    /// It was taken away.
    Removed {
        /// Why, e.g. `operator`, `app_uninstalled`, `tokens_revoked`.
        reason: String,
        /// When.
        at: Timestamp,
    },
}

/// Who holds a workspace of an app. One subject each, so that two tenants can never both hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// The chat system.
    pub channel: ChannelKind,
    /// The app.
    pub app: String,
    /// The workspace.
    pub workspace: String,
    /// The connection that holds it; nobody after a release.
    pub holder: Option<ConnectionId>,
}
