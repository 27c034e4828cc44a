//! The file of wishes, as people write it.

use std::collections::BTreeMap;

use schemas::{
    ChannelKind, Limits,
    directory::{EscalationRule, FOLLOW_MINUTES_DEFAULT, MESSAGES_PER_MINUTE_DEFAULT},
};
use serde::Deserialize;

use crate::{
    config::{MODEL_DEFAULT, PERSONA_DEFAULT},
    directory::APP_DEFAULT,
    secret::Secret,
};

/// `tenants.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    /// The tenants it speaks of; others stay as they are.
    #[serde(default)]
    pub tenants: Vec<DesiredTenant>,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredTenant {
    /// Its id.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// How much it may ask.
    #[serde(default)]
    pub limits: DesiredLimits,
    /// Whether it is not served; unsaid, that stays as it is.
    #[serde(default)]
    pub suspended: Option<bool>,
    /// Its agents; others stay as they are.
    #[serde(default)]
    pub agents: Vec<DesiredAgent>,
    /// Its connections; others stay as they are.
    #[serde(default)]
    pub connections: Vec<DesiredConnection>,
}

/// Limits of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DesiredLimits {
    /// Messages a minute over all channels.
    pub messages_per_minute: u32,
    /// Messages a minute per kind of channel.
    pub per_channel: BTreeMap<ChannelKind, u32>,
}

/// An agent: what it says is published.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredAgent {
    /// Its id.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// Its position.
    #[serde(default)]
    pub role: String,
    /// What it is there for.
    #[serde(default)]
    pub job_description: String,
    /// What it does and does not do.
    #[serde(default)]
    pub statement_of_work: String,
    /// How it sounds.
    #[serde(default = "persona_default")]
    pub persona: String,
    /// What else the model is told.
    #[serde(default)]
    pub system_prompt: String,
    /// The model group that answers for it.
    #[serde(default = "model_default")]
    pub model: String,
    /// The tools it may use.
    #[serde(default)]
    pub tools: Vec<String>,
    /// When it hands over to a person.
    #[serde(default)]
    pub escalation: Vec<EscalationRule>,
    /// How long it follows a thread, in minutes.
    #[serde(default = "follow_minutes_default")]
    pub follow_minutes: u32,
    /// Whether it has left.
    #[serde(default)]
    pub retired: bool,
}

/// A connection to a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredConnection {
    /// The chat system.
    pub channel: ChannelKind,
    /// The app installed there.
    #[serde(default = "app_default")]
    pub app: String,
    /// The workspace.
    pub team_id: String,
    /// The user the agent appears as.
    #[serde(default)]
    pub bot_user_id: String,
    /// The token, or `${NAME}` of the environment's variable that has it.
    #[serde(default)]
    pub bot_token: Option<Secret>,
    /// Who answers, by slug.
    #[serde(default)]
    pub agent: String,
    /// Whether it is taken away.
    #[serde(default)]
    pub removed: bool,
}

impl Default for DesiredLimits {
    fn default() -> Self {
        Self { messages_per_minute: MESSAGES_PER_MINUTE_DEFAULT, per_channel: BTreeMap::new() }
    }
}

impl From<DesiredLimits> for Limits {
    fn from(limits: DesiredLimits) -> Self {
        Self { messages_per_minute: limits.messages_per_minute, per_channel: limits.per_channel }
    }
}

fn persona_default() -> String {
    PERSONA_DEFAULT.to_owned()
}

fn model_default() -> String {
    MODEL_DEFAULT.to_owned()
}

fn follow_minutes_default() -> u32 {
    FOLLOW_MINUTES_DEFAULT
}

fn app_default() -> String {
    APP_DEFAULT.to_owned()
}
