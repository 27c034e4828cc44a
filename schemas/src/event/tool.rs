//! The tools that were called for an answer, as events tell of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Text;

/// What a model asked of tools at one time, before it went on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolRound {
    /// What it said beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Text>,
    /// The calls, in its order.
    pub calls: Vec<ToolCalled>,
}

/// One call of a tool and what came of it. Its texts are sealed with the tenant's data key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolCalled {
    /// The model's id for it; ours where its vendor gives none.
    pub id: String,
    /// The tool, by the name that the model was offered.
    pub tool: String,
    /// What it was called with: a JSON object, as text.
    pub arguments: Text,
    /// What came of it.
    pub outcome: ToolOutcome,
}

/// What came of a call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolOutcome {
    /// What the model read of it.
    pub text: Text,
    /// Why it did not work, in one word, e.g. `timeout`; `uncertain` where a crash came between the call
    /// and its answer, and it may not be made twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}
