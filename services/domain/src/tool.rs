//! Tools: what of a declaration can be had, and what every agent can use without one.
//!
//! Calling them is the work of the crate `tools`.

pub mod built_in;
mod check;
mod headers;
pub mod results;
pub mod template;

use std::collections::BTreeMap;

use schemas::{
    Tool, ToolId, ToolStatus,
    directory::{Endpoint, HttpMethod, HttpTool, McpServer, ToolKind},
};
use serde_json::Value;

use self::{headers::Headers, template::UrlTemplate};
use crate::{fields::FieldProblem, secret::Secret};

/// Tells the time; every agent may have it.
pub const CURRENT_TIME: &str = "current_time";

/// Hands the conversation over to a person; where an agent has rules of escalation.
pub const HAND_OFF: &str = "hand_off_to_human";

/// What is there without being declared. A slug has no `_`, so no declared tool has such a name.
pub const BUILT_IN: [&str; 2] = [CURRENT_TIME, HAND_OFF];

/// In place of a name that a model was not offered: it may be anything, and stands unsealed in events and
/// logs. No tool is called so, since no slug has a `_`.
pub const NO_SUCH_TOOL: &str = "no_such_tool";

/// The most rounds of tools for one answer; after them the model answers with what it has.
pub const ROUNDS_MAX: usize = 8;

/// The most calls of tools for one answer.
pub const CALLS_MAX: usize = 24;

/// The most tools of a tenant.
pub const TOOLS_OF_TENANT_MAX: usize = 100;

/// The longest description, in bytes: the model reads it with every message.
pub const DESCRIPTION_BYTES_MAX: usize = 2_000;

/// The longest template of an address, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 2_000;

/// The longest schema of arguments, in bytes of JSON: the model reads it with every message.
pub const ARGUMENTS_BYTES_MAX: usize = 16 * 1024;

/// The deepest schema of arguments.
pub const ARGUMENTS_DEPTH_MAX: usize = 16;

/// The most headers of a tool.
pub const HEADERS_MAX: usize = 20;

/// The longest value of a header, in bytes.
pub const HEADER_BYTES_MAX: usize = 4_096;

/// The shortest secret, in bytes: a shorter one could not be told from other words of an answer.
pub const SECRET_BYTES_MIN: usize = 6;

/// The longest that a call may take, in seconds.
pub const TIMEOUT_SECONDS_MAX: u32 = 60;

/// The most tools that are named of one server.
pub const SERVER_TOOLS_MAX: usize = 64;

/// A tool as somebody asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishedTool {
    /// When and what for.
    pub description: String,
    /// How it is called.
    pub kind: WishedKind,
    /// What goes with each request, all of it; nothing where that stays as it is.
    pub headers: Option<BTreeMap<String, WishedHeader>>,
    /// Whether it may stand in a private network.
    pub allow_private: bool,
    /// How long a call takes at the most.
    pub timeout_seconds: u32,
}

/// How a tool is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WishedKind {
    /// By one HTTP request; see [`HttpTool`].
    #[expect(missing_docs, reason = "the fields of `HttpTool`, documented there")]
    Http { method: HttpMethod, url: String, arguments: Value },
    /// Through a server; see [`McpServer`].
    #[expect(missing_docs, reason = "the fields of `McpServer`, documented there")]
    Mcp { url: String, tools: Vec<String> },
}

/// What a header is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WishedHeader {
    /// This, which is no secret.
    Text(String),
    /// This, which nobody may see.
    Secret(Secret),
    /// The secret that it says already.
    Kept,
}

/// How a wish becomes a tool.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// Ends the names of the secrets that are set; no other command has it.
    pub unique: &'a str,
    /// Whether the tenant's secret of that name is this one already.
    pub has_secret: &'a dyn Fn(&str, &Secret) -> bool,
    /// What is wrong with a JSON schema, to be read after `arguments`.
    pub schema_problem: &'a dyn Fn(&Value) -> Option<String>,
}

/// A tool that can be had, and the secrets that it names for the first time.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) tool: Tool,
    /// Header, name and secret.
    pub(crate) secrets: Vec<(String, String, Secret)>,
}

/// Whether a name can stand among an agent's tools: one that is built in, or a tool that is there.
pub fn is_known<'a>(name: &str, find: impl FnOnce(&ToolId) -> Option<&'a Tool>) -> bool {
    BUILT_IN.contains(&name) || name.parse().ok().and_then(|id| find(&id)).is_some_and(is_active)
}

/// Whether it was not taken away.
pub fn is_active(tool: &Tool) -> bool {
    match tool.status {
        ToolStatus::Active => true,
        ToolStatus::Removed { .. } => false,
    }
}

/// The names among an agent's tools that nothing answers to.
pub fn unknown_tools<'a>(
    names: &[String],
    find: impl Fn(&ToolId) -> Option<&'a Tool>,
) -> Vec<FieldProblem> {
    let unknown = names.iter().filter(|name| !is_known(name, &find));
    let problem = |name: &String| {
        let name: String = name.chars().take(64).collect();
        FieldProblem::new("tools", format!("names `{name}`, and there is no such tool"))
    };
    unknown.map(problem).collect()
}

/// A tool that is as somebody asks for it, or all that is wrong with that. `known` is what has this id
/// now.
pub(crate) fn make(
    id: &ToolId,
    wish: WishedTool,
    known: Option<&Tool>,
    making: &Making<'_>,
) -> Result<Made, Vec<FieldProblem>> {
    let known = known.filter(|tool| is_active(tool));
    let mut problems = check::description(&wish.description);
    problems.extend(check::slug(id).filter(|_| known.is_none()));
    problems.extend(check::timeout(wish.timeout_seconds));
    problems.extend(match &wish.kind {
        WishedKind::Http { method, url, arguments } => {
            check::http((*method, url), arguments, (wish.allow_private, making))
        }
        WishedKind::Mcp { url, tools } => check::server(url, tools, wish.allow_private),
    });
    let (WishedKind::Http { url, .. } | WishedKind::Mcp { url, .. }) = &wish.kind;
    let headers = Headers { id, known, is_moved: is_moved(known, url), making };
    let (headers, secrets, wrong) = headers.make(wish.headers);
    problems.extend(wrong);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (allow_private, timeout_seconds) = (wish.allow_private, wish.timeout_seconds);
    let endpoint = Endpoint { headers, allow_private, timeout_seconds };
    let kind = match wish.kind {
        WishedKind::Http { method, url, arguments } => {
            ToolKind::Http(HttpTool { method, url, arguments, endpoint })
        }
        WishedKind::Mcp { url, tools } => ToolKind::Mcp(McpServer { url, tools, endpoint }),
    };
    let description = wish.description.trim().to_owned();
    let tool = Tool { id: id.clone(), description, kind, status: ToolStatus::Active };
    Ok(Made { tool, secrets })
}

/// Whether the tool is to call another host, or the same in another way.
fn is_moved(known: Option<&Tool>, url: &str) -> bool {
    let origin = |url: &str| {
        let template = UrlTemplate::parse(url).ok()?;
        Some((template.is_tls(), template.host().to_owned(), template.port()))
    };
    known.is_some_and(|tool| origin(tool.url()) != origin(url))
}

fn too_long(max: usize) -> String {
    format!("is longer than {max} bytes")
}

#[cfg(test)]
mod tests;
