//! Tools, as people write them.

use std::collections::BTreeMap;

use schemas::directory::{HttpMethod, TOOL_TIMEOUT_SECONDS_DEFAULT};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    secret::Secret,
    tool::{WishedHeader, WishedKind},
};

/// A tool: what it says is all there is to it. Only headers that are left out stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredTool {
    /// Its id.
    pub slug: String,
    /// When and what for, as the model is told.
    #[serde(default)]
    pub description: String,
    /// The HTTP request that it is.
    #[serde(default)]
    pub http: Option<DesiredHttp>,
    /// The server of the Model Context Protocol that it is.
    #[serde(default)]
    pub mcp: Option<DesiredMcp>,
    /// What goes with each request; what is said is all of it.
    #[serde(default)]
    pub headers: Option<BTreeMap<String, DesiredHeader>>,
    /// Whether it may stand in a private network.
    #[serde(default)]
    pub allow_private: bool,
    /// How long a call takes at the most.
    #[serde(default = "timeout_default")]
    pub timeout_seconds: u32,
    /// Whether it is taken away. A tool that is named is there unless this is said.
    #[serde(default)]
    pub removed: bool,
}

/// One HTTP request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredHttp {
    /// Its method.
    #[serde(default = "get")]
    pub method: HttpMethod,
    /// Where to, with arguments in braces.
    pub url: String,
    /// A JSON schema of the arguments.
    #[serde(default = "no_arguments")]
    pub arguments: Value,
}

/// A server of the Model Context Protocol.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredMcp {
    /// Its address.
    pub url: String,
    /// Which of its tools are offered; all of them if none is named.
    #[serde(default)]
    pub tools: Vec<String>,
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum DesiredHeader {
    /// A text, which is no secret.
    Text(String),
    /// A secret.
    Secret(DesiredSecret),
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredSecret {
    /// It, with `${NAME}` for what the environment's variable has; the one that is there if unsaid.
    #[serde(default)]
    pub secret: Option<Secret>,
}

impl DesiredTool {
    /// How it is called; nothing where that is not said, or said twice.
    pub(in crate::plan) fn kind(&self) -> Option<WishedKind> {
        match (self.http.clone(), self.mcp.clone()) {
            (Some(DesiredHttp { method, url, arguments }), None) => {
                Some(WishedKind::Http { method, url, arguments })
            }
            (None, Some(DesiredMcp { url, tools })) => Some(WishedKind::Mcp { url, tools }),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }
}

impl From<DesiredHeader> for WishedHeader {
    fn from(header: DesiredHeader) -> Self {
        match header {
            DesiredHeader::Text(text) => WishedHeader::Text(text),
            DesiredHeader::Secret(DesiredSecret { secret: Some(secret) }) => {
                WishedHeader::Secret(secret)
            }
            DesiredHeader::Secret(DesiredSecret { secret: None }) => WishedHeader::Kept,
        }
    }
}

const fn timeout_default() -> u32 {
    TOOL_TIMEOUT_SECONDS_DEFAULT
}

const fn get() -> HttpMethod {
    HttpMethod::Get
}

fn no_arguments() -> Value {
    json!({ "type": "object", "properties": {} })
}
