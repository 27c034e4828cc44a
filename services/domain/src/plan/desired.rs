//! The file of wishes, as people write it. What is left out stays as it is; of what is new, it has
//! its default.

mod model;
mod tool;

use std::collections::BTreeMap;

use schemas::{Budget, ChannelKind, Limits};
use serde::Deserialize;

pub use self::model::DesiredModelGroup;
pub use self::tool::{DesiredHeader, DesiredHttp, DesiredMcp, DesiredSecret, DesiredTool};
use crate::{
    config::{OpenConfig, OpenRule},
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
    /// How much it may cost; unsaid, that stays as it is.
    #[serde(default)]
    pub budget: Option<DesiredBudget>,
    /// Whether it is not served; unsaid, that stays as it is.
    #[serde(default)]
    pub suspended: Option<bool>,
    /// The model groups of its own; others stay as they are.
    #[serde(default)]
    pub models: Vec<DesiredModelGroup>,
    /// The tools that its agents may use; others stay as they are.
    #[serde(default)]
    pub tools: Vec<DesiredTool>,
    /// Its agents; others stay as they are.
    #[serde(default)]
    pub agents: Vec<DesiredAgent>,
    /// Its connections; others stay as they are.
    #[serde(default)]
    pub connections: Vec<DesiredConnection>,
}

/// Limits of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DesiredLimits {
    /// Messages a minute over all channels.
    pub messages_per_minute: Option<u32>,
    /// Messages a minute per kind of channel; what is said is all of them.
    pub per_channel: Option<BTreeMap<ChannelKind, u32>>,
    /// Days that conversations are kept.
    pub keep_days: Option<u32>,
}

/// A budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredBudget {
    /// Millionths of a dollar in a calendar day; none if unsaid.
    #[serde(default)]
    pub daily_micros: Option<u64>,
    /// Millionths of a dollar in a calendar month; none if unsaid.
    #[serde(default)]
    pub monthly_micros: Option<u64>,
}

impl From<DesiredBudget> for Budget {
    fn from(DesiredBudget { daily_micros, monthly_micros }: DesiredBudget) -> Self {
        Self { daily_micros, monthly_micros }
    }
}

impl DesiredLimits {
    /// These, and what is left out as it is.
    pub(super) fn over(self, known: Limits) -> Limits {
        Limits {
            messages_per_minute: self.messages_per_minute.unwrap_or(known.messages_per_minute),
            per_channel: self.per_channel.unwrap_or(known.per_channel),
            keep_days: self.keep_days.or(known.keep_days),
        }
    }
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
    pub role: Option<String>,
    /// What it is there for.
    #[serde(default)]
    pub job_description: Option<String>,
    /// What it does and does not do.
    #[serde(default)]
    pub statement_of_work: Option<String>,
    /// How it sounds.
    #[serde(default)]
    pub persona: Option<String>,
    /// What else the model is told.
    #[serde(default)]
    pub system_prompt: Option<String>,
    /// The model group that answers for it.
    #[serde(default)]
    pub model: Option<String>,
    /// The tools it may use.
    #[serde(default)]
    pub tools: Option<Vec<String>>,
    /// When it hands over to a person.
    #[serde(default)]
    pub escalation: Option<Vec<OpenRule>>,
    /// How long it follows a thread, in minutes.
    #[serde(default)]
    pub follow_minutes: Option<u32>,
    /// How much it may cost; unsaid, that stays as it is.
    #[serde(default)]
    pub budget: Option<DesiredBudget>,
    /// Whether it has left. An agent that is named is there unless this is said.
    #[serde(default)]
    pub retired: bool,
}

impl DesiredAgent {
    /// Whether it leaves something to the texts that are there already.
    pub(super) fn leaves_out_texts(&self) -> bool {
        let texts =
            [&self.job_description, &self.statement_of_work, &self.persona, &self.system_prompt];
        texts.into_iter().any(Option::is_none) || self.escalation.is_none()
    }

    /// This, and what is left out as it is.
    pub fn over(self, known: OpenConfig) -> OpenConfig {
        OpenConfig {
            name: self.name,
            role: self.role.unwrap_or(known.role),
            job_description: self.job_description.unwrap_or(known.job_description),
            statement_of_work: self.statement_of_work.unwrap_or(known.statement_of_work),
            persona: self.persona.unwrap_or(known.persona),
            system_prompt: self.system_prompt.unwrap_or(known.system_prompt),
            model: self.model.unwrap_or(known.model),
            tools: self.tools.unwrap_or(known.tools),
            escalation: self.escalation.unwrap_or(known.escalation),
            follow_minutes: self.follow_minutes.unwrap_or(known.follow_minutes),
        }
    }
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
    pub bot_user_id: Option<String>,
    /// The token, or `${NAME}` of the environment's variable that has it.
    #[serde(default)]
    pub bot_token: Option<Secret>,
    /// Who answers, by slug.
    #[serde(default)]
    pub agent: Option<String>,
    /// Whether it is taken away. A connection that is named is there unless this is said.
    #[serde(default)]
    pub removed: bool,
}

fn app_default() -> String {
    APP_DEFAULT.to_owned()
}
