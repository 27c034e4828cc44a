//! What a model said when it asked for tools, as the ledger keeps it for whoever goes on after a crash.

use providers::{Answer, Kept, ToolCall, Turn, Vendor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A model's words and calls, with what its vendor wants back.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) text: String,
    pub(crate) calls: Vec<AskedCall>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<AskedKept>,
}

/// One call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskedCall {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct AskedKept {
    vendor: String,
    model: String,
    blocks: Vec<Value>,
}

impl Asked {
    pub(crate) fn of(answer: &Answer) -> Self {
        let call = |call: &ToolCall| AskedCall {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        };
        let kept = answer.kept.as_ref().map(|kept| AskedKept {
            vendor: kept.vendor.as_str().to_owned(),
            model: kept.model.clone(),
            blocks: kept.blocks.clone(),
        });
        Self { text: answer.text.clone(), calls: answer.calls.iter().map(call).collect(), kept }
    }

    /// As the next request has it. What a vendor wants back that we do not know any more is left out.
    pub(crate) fn turn(&self) -> Turn {
        let call = |call: &AskedCall| ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        };
        let kept = self.kept.as_ref().and_then(|kept| {
            let vendor = Vendor::ALL.into_iter().find(|it| it.as_str() == kept.vendor)?;
            Some(Kept { vendor, model: kept.model.clone(), blocks: kept.blocks.clone() })
        });
        Turn::Assistant {
            text: self.text.clone(),
            calls: self.calls.iter().map(call).collect(),
            kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use providers::Finish;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_goes_back_word_for_word() {
        let answer = Answer {
            text: "Let me look.".to_owned(),
            calls: vec![ToolCall {
                id: "call_1".to_owned(),
                name: "orders".to_owned(),
                arguments: r#"{"id":7}"#.to_owned(),
            }],
            kept: Some(Kept {
                vendor: Vendor::Anthropic,
                model: "claude-sonnet-4-5".to_owned(),
                blocks: vec![json!({ "type": "thinking", "signature": "c2ln" })],
            }),
            model: "claude-sonnet-4-5-20250929".to_owned(),
            usage: None,
            finish: Finish::Calls,
        };
        let written = serde_json::to_string(&Asked::of(&answer)).unwrap();
        let read: Asked = serde_json::from_str(&written).unwrap();
        let Answer { text, calls, kept, .. } = answer;
        assert!(read.turn() == Turn::Assistant { text, calls, kept }, "{written}");
    }
}
