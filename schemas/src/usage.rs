//! What a call to a model used and cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Money in millionths of a US dollar.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct MicroDollars(pub u64);

/// Tokens, as the vendor counted them. What it does not report is not known, which is not zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// All tokens of the prompt, those read from a cache and written to one included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// All tokens of the answer, reasoning included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Prompt tokens read from the vendor's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<u64>,
    /// Prompt tokens written to the vendor's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Answer tokens spent on reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// The vendor's own usage object.
    #[serde(default)]
    pub raw: serde_json::Value,
}

/// What something cost, and by which price table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Unknown where the model has no price: unknown is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<MicroDollars>,
    /// The version of the price table.
    pub price_version: String,
}

/// One call to a vendor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Counts from 0 within one completion.
    pub index: u32,
    /// The deployment called.
    pub deployment: String,
    /// Its vendor, e.g. `openai`.
    pub vendor: String,
    /// Its model, as configured.
    pub model: String,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// From the request to the end, in milliseconds.
    pub latency_ms: u64,
    /// From the request to the first token, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// What the vendor counted, where it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What it cost.
    #[serde(default)]
    pub cost: Cost,
}

/// What came of one call to a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// A whole answer.
    Completed,
    /// None.
    Failed {
        /// The class of failure, e.g. `rate_limited`.
        class: String,
    },
}
