//! Tools that a tenant's agents may use.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Timestamp, ToolId};

/// How long a call takes at the most, in seconds, when nobody chose otherwise.
pub const TOOL_TIMEOUT_SECONDS_DEFAULT: u32 = 10;

/// Something that an agent may use: a call over HTTP, or a server of tools.
///
/// It is configuration and no message: it holds no words of people, and secrets by name only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// The slug, by which agents name it; it never changes.
    pub id: ToolId,
    /// When and what for, as the model is told.
    pub description: String,
    /// How it is called.
    pub kind: ToolKind,
    /// Whether it is there.
    pub status: ToolStatus,
}

/// How a tool is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// By one HTTP request.
    Http(HttpTool),
    /// Through a server of the Model Context Protocol, which may have many tools.
    Mcp(McpServer),
}

/// A tool that is one HTTP request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpTool {
    /// The request's method.
    pub method: HttpMethod,
    /// Where to, with arguments in braces: `https://api.example/orders/{order}?full={full}`.
    /// Arguments that it does not name are the body, as a JSON object.
    pub url: String,
    /// A JSON schema of the arguments: an object.
    pub arguments: Value,
    /// See [`Endpoint`].
    #[serde(flatten)]
    pub endpoint: Endpoint,
}

/// A server of the Model Context Protocol, spoken to over streamable HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpServer {
    /// Its one address.
    pub url: String,
    /// Which of its tools are offered, by its own names; all of them if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// See [`Endpoint`].
    #[serde(flatten)]
    pub endpoint: Endpoint,
}

/// How the other side is spoken to, whichever kind of tool it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Endpoint {
    /// What goes with each request, by the header's name in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, ToolHeader>,
    /// Whether it may stand in a network that the installation allows for that. Without, it must be
    /// on the public internet.
    #[serde(default)]
    pub allow_private: bool,
    /// How long a call takes at the most.
    #[serde(default = "timeout_default")]
    pub timeout_seconds: u32,
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolHeader {
    /// This, which is no secret.
    Text(String),
    /// What the tenant's secret of this name says.
    Secret(String),
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// Reads; has no body.
    Get,
    /// Does something; its body is JSON.
    Post,
    /// Puts something in a place; its body is JSON.
    Put,
    /// Changes something; its body is JSON.
    Patch,
    /// Takes something away; has no body.
    Delete,
}

/// Whether a tool is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// It is.
    Active,
    /// It was taken away, and its secrets are gone.
    Removed {
        /// When.
        at: Timestamp,
    },
}

impl Tool {
    /// Its address, or the template of one.
    pub fn url(&self) -> &str {
        match &self.kind {
            ToolKind::Http(http) => &http.url,
            ToolKind::Mcp(server) => &server.url,
        }
    }

    /// How the other side is spoken to.
    pub fn endpoint(&self) -> &Endpoint {
        match &self.kind {
            ToolKind::Http(http) => &http.endpoint,
            ToolKind::Mcp(server) => &server.endpoint,
        }
    }

    /// The names of the secrets that it uses.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.endpoint().headers.values().filter_map(|header| match header {
            ToolHeader::Secret(name) => Some(name.as_str()),
            ToolHeader::Text(_) => None,
        })
    }
}

impl HttpMethod {
    /// As it stands in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            HttpMethod::Get => "GET",
            HttpMethod::Post => "POST",
            HttpMethod::Put => "PUT",
            HttpMethod::Patch => "PATCH",
            HttpMethod::Delete => "DELETE",
        }
    }

    /// Whether a request has a body.
    pub const fn has_body(self) -> bool {
        match self {
            HttpMethod::Post | HttpMethod::Put | HttpMethod::Patch => true,
            HttpMethod::Get | HttpMethod::Delete => false,
        }
    }
}

const fn timeout_default() -> u32 {
    TOOL_TIMEOUT_SECONDS_DEFAULT
}
