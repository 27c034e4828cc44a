//! Model groups that a tenant has of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ModelGroupId, Timestamp};

/// A group of models that answer for a tenant's agents, in the place of the installation's group of
/// that name.
///
/// It is configuration and no message: it holds no words of people, and keys by name only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelGroup {
    /// Its name, by which agents choose it; it never changes.
    pub id: ModelGroupId,
    /// Which of its deployments is asked first.
    pub choose: ModelChoice,
    /// The groups that are asked after it, in order: the tenant's, else the installation's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
    /// Models at vendors.
    pub deployments: Vec<ModelDeployment>,
    /// Whether it is there.
    pub status: ModelGroupStatus,
}

/// A model at a vendor. What is left out is as for a deployment of the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelDeployment {
    /// What it is called; unique in its group.
    pub name: String,
    /// Whose wire format it speaks.
    pub vendor: ModelVendor,
    /// The model asked for, as its vendor calls it.
    pub model: String,
    /// Where it is, if not at its vendor's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The name of the tenant's secret that is its key; a server of one's own may need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its part of the calls, where the group chooses by weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// The size of prompt and answer together, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u32>,
    /// The most tokens that one attempt may generate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u32>,
    /// The vendor's limit of requests, kept so that it is not run into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// The vendor's limit of tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u32>,
    /// Whether it calls tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    /// Whether it answers in JSON of a given schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_schema: Option<bool>,
    /// Whether it looks at pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vision: Option<bool>,
    /// What it costs, where that is not as the installation's table of prices says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<ModelPrice>,
}

/// What tokens of a model cost, in micro-dollars for a million of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelPrice {
    /// Those of a prompt.
    pub input: u64,
    /// Those of an answer.
    pub output: u64,
    /// Those of a prompt that were read from a cache; without it, the cost of such a call is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
}

/// A wire format of language models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModelVendor {
    /// OpenAI's chat completions, as many servers speak them.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Ollama's chat.
    Ollama,
}

/// Which deployment of a group is asked first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModelChoice {
    /// The order in which they are written.
    #[default]
    Order,
    /// The faster of two random ones: peak-EWMA of the time to the first token, times the calls under
    /// way (power of two choices).
    Latency,
    /// By chance, in proportion to their weights.
    Weight,
    /// The cheapest for this request; one without a price comes last.
    Cheapest,
}

/// Whether a group is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelGroupStatus {
    /// It is.
    Active,
    /// It was taken away, and its keys are gone; the installation's of that name answers, if it has one.
    Removed {
        /// When.
        at: Timestamp,
    },
}

impl ModelGroup {
    /// The names of the secrets that are its keys.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.deployments.iter().filter_map(|deployment| deployment.key.as_deref())
    }
}

impl ModelVendor {
    /// All of them.
    pub const ALL: [ModelVendor; 3] =
        [ModelVendor::OpenAi, ModelVendor::Anthropic, ModelVendor::Ollama];

    /// As it stands in settings and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            ModelVendor::OpenAi => "openai",
            ModelVendor::Anthropic => "anthropic",
            ModelVendor::Ollama => "ollama",
        }
    }
}

impl ModelChoice {
    /// All of them.
    pub const ALL: [ModelChoice; 4] =
        [ModelChoice::Order, ModelChoice::Latency, ModelChoice::Weight, ModelChoice::Cheapest];

    /// As it stands in settings and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            ModelChoice::Order => "order",
            ModelChoice::Latency => "latency",
            ModelChoice::Weight => "weight",
            ModelChoice::Cheapest => "cheapest",
        }
    }
}
