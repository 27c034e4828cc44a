//! Tools that a tenant's agents may use.

use std::collections::BTreeMap;

use desk::{DeskError, FieldProblem, ToolUser, WishedHeader, WishedKind, WishedTool};
use domain::secret::Secret;
use schemas::{
    TenantId, ToolId,
    directory::{HttpMethod, TOOL_TIMEOUT_SECONDS_DEFAULT, ToolHeader, ToolKind},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// A tool.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tool {
    /// The slug, by which agents name it; it never changes.
    #[schema(example = "orders")]
    pub(crate) id: String,
    /// The agents that answer people and may use it.
    pub(crate) used_by: Vec<String>,
    /// What it is; it can be sent back as it stands.
    pub(crate) config: ToolConfig,
}

/// All tools of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tools {
    /// In the order of their slugs.
    pub(crate) items: Vec<Tool>,
}

/// What a tool is: either one HTTP request or a server of the Model Context Protocol.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "description": "Looks up an order by its number.",
    "http": {
        "method": "GET",
        "url": "https://api.acme.example/orders/{order}",
        "arguments": {
            "type": "object",
            "properties": { "order": { "type": "string" } },
            "required": ["order"]
        }
    },
    "headers": { "authorization": { "secret": "Bearer …" }, "accept-language": "en" },
    "timeout_seconds": 10
}))]
pub(crate) struct ToolConfig {
    /// When and what for: the model reads it.
    pub(crate) description: String,
    /// The HTTP request that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http: Option<HttpRequest>,
    /// The server that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mcp: Option<McpServer>,
    /// What goes with each request, all of it; left out, it stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<BTreeMap<String, Header>>,
    /// Whether it may stand in a private network that the installation has opened to tools.
    #[serde(default)]
    pub(crate) allow_private: bool,
    /// How long a call takes at the most.
    #[serde(default = "timeout_default")]
    #[schema(minimum = 1, maximum = 60)]
    pub(crate) timeout_seconds: u32,
}

/// One HTTP request.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpRequest {
    /// Its method; GET if it is not said. GET and DELETE have no body.
    #[serde(default)]
    pub(crate) method: Method,
    /// Where to, with arguments in braces. What it does not name is the body, as JSON.
    #[schema(example = "https://api.acme.example/orders/{order}")]
    pub(crate) url: String,
    /// A JSON schema of an object: what the model has to say.
    #[serde(default = "no_arguments")]
    #[schema(value_type = Object)]
    pub(crate) arguments: Value,
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    /// Reads.
    #[default]
    Get,
    /// Does something.
    Post,
    /// Puts something in a place.
    Put,
    /// Changes something.
    Patch,
    /// Takes something away.
    Delete,
}

/// A server of the Model Context Protocol, over streamable HTTP.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct McpServer {
    /// Its address.
    #[schema(example = "https://crm.acme.example/mcp")]
    pub(crate) url: String,
    /// Which of its tools are offered; all of them if none is named.
    #[serde(default)]
    pub(crate) tools: Vec<String>,
}

/// What a header says: a text, or an object with a secret.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Header {
    /// This, which everybody may read.
    Text(String),
    /// A secret; `{}` is the one that is there.
    Secret(HeaderSecret),
}

/// A secret. It is sealed under the tenant's key and never shown.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderSecret {
    /// It, whole, e.g. `Bearer …`; left out, the one that is there stays.
    // `skip_serializing` would leave it out of the description too.
    #[serde(default, skip_serializing_if = "super::always", serialize_with = "super::unsaid")]
    #[schema(value_type = Option<String>, format = Password, write_only)]
    pub(crate) secret: Option<Secret>,
}

/// What a path of a tool names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfTool {
    /// The tenant's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "acme")]
    pub(crate) tenant: TenantId,
    /// The tool's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "orders")]
    pub(crate) tool: ToolId,
}

const fn timeout_default() -> u32 {
    TOOL_TIMEOUT_SECONDS_DEFAULT
}

fn no_arguments() -> Value {
    json!({ "type": "object", "properties": {} })
}

impl Tool {
    pub(crate) fn new(tool: schemas::Tool, users: Vec<ToolUser>) -> Self {
        let used_by = users.into_iter().filter(|user| user.answers);
        Self {
            id: tool.id.to_string(),
            used_by: used_by.map(|user| user.agent.to_string()).collect(),
            config: tool.into(),
        }
    }
}

impl From<schemas::Tool> for ToolConfig {
    fn from(tool: schemas::Tool) -> Self {
        let schemas::Tool { description, kind, .. } = tool;
        let (http, mcp, endpoint) = match kind {
            ToolKind::Http(it) => {
                let (method, url) = (it.method.into(), it.url);
                (Some(HttpRequest { method, url, arguments: it.arguments }), None, it.endpoint)
            }
            ToolKind::Mcp(it) => {
                (None, Some(McpServer { url: it.url, tools: it.tools }), it.endpoint)
            }
        };
        let header = |header| match header {
            ToolHeader::Text(text) => Header::Text(text),
            ToolHeader::Secret(_) => Header::Secret(HeaderSecret { secret: None }),
        };
        let headers = endpoint.headers.into_iter().map(|(name, it)| (name, header(it)));
        Self {
            description,
            http,
            mcp,
            headers: Some(headers.collect()),
            allow_private: endpoint.allow_private,
            timeout_seconds: endpoint.timeout_seconds,
        }
    }
}

impl TryFrom<ToolConfig> for WishedTool {
    type Error = DeskError;

    fn try_from(config: ToolConfig) -> Result<Self, Self::Error> {
        let ToolConfig { description, http, mcp, headers, allow_private, timeout_seconds } = config;
        let kind = match (http, mcp) {
            (Some(HttpRequest { method, url, arguments }), None) => {
                WishedKind::Http { method: method.into(), url, arguments }
            }
            (None, Some(McpServer { url, tools })) => WishedKind::Mcp { url, tools },
            (None, None) => {
                return Err(wrong("http", "is missing, and so is `mcp`: one is needed"));
            }
            (Some(_), Some(_)) => return Err(wrong("mcp", "is there beside `http`: say one")),
        };
        let headers = headers.map(|headers| {
            headers.into_iter().map(|(name, header)| (name, header.into())).collect()
        });
        Ok(Self { description, kind, headers, allow_private, timeout_seconds })
    }
}

fn wrong(field: &'static str, problem: &str) -> DeskError {
    DeskError::Invalid(vec![FieldProblem::new(field, problem)])
}

impl From<Header> for WishedHeader {
    fn from(header: Header) -> Self {
        match header {
            Header::Text(text) => WishedHeader::Text(text),
            Header::Secret(HeaderSecret { secret: Some(secret) }) => WishedHeader::Secret(secret),
            Header::Secret(HeaderSecret { secret: None }) => WishedHeader::Kept,
        }
    }
}

impl From<HttpMethod> for Method {
    fn from(method: HttpMethod) -> Self {
        match method {
            HttpMethod::Get => Method::Get,
            HttpMethod::Post => Method::Post,
            HttpMethod::Put => Method::Put,
            HttpMethod::Patch => Method::Patch,
            HttpMethod::Delete => Method::Delete,
        }
    }
}

impl From<Method> for HttpMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => HttpMethod::Get,
            Method::Post => HttpMethod::Post,
            Method::Put => HttpMethod::Put,
            Method::Patch => HttpMethod::Patch,
            Method::Delete => HttpMethod::Delete,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::tool::TIMEOUT_SECONDS_MAX;

    use super::*;

    #[test]
    fn the_longest_wait_that_is_described_is_the_one_that_holds() {
        let described = json!(<ToolConfig as utoipa::PartialSchema>::schema());
        let timeout = &described["properties"]["timeout_seconds"];
        assert_eq!(timeout["maximum"], TIMEOUT_SECONDS_MAX);
    }

    #[test]
    fn a_secret_is_read_and_never_written() {
        let said = json!({ "x-region": "eu", "authorization": { "secret": "Bearer s3cret" } });
        let headers: BTreeMap<String, Header> = serde_json::from_value(said).unwrap();
        let shown = json!(headers).to_string();
        assert_eq!(shown, r#"{"authorization":{},"x-region":"eu"}"#);
        assert!(!format!("{headers:?}").contains("s3cret"), "{headers:?}");
        let back: BTreeMap<String, Header> = serde_json::from_str(&shown).unwrap();
        let kept = back.into_values().map(WishedHeader::from);
        assert_eq!(
            kept.collect::<Vec<_>>(),
            [WishedHeader::Kept, WishedHeader::Text("eu".to_owned())]
        );
    }
}
