//! What one agent may use while it answers one message.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use domain::secret::Secret;
use metrics::counter;
use schemas::{
    TenantId, Timestamp, Tool,
    directory::{HttpMethod, ToolKind},
};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use crate::{
    Inner,
    built_in::BuiltIn,
    http::{Call, REQUEST_BYTES_MAX},
    mcp::Server,
    outcome::{Failed, Outcome, Said},
    places::BUSY,
    schema::Schema,
    way::Way,
};

/// What a toolbox is made of.
pub struct Wanted<'a> {
    /// Whose agent it is.
    pub tenant: &'a TenantId,
    /// The agent's tools, by name.
    pub names: &'a [String],
    /// The tenant's tools.
    pub declared: &'a [Arc<Tool>],
    /// The tenant's secrets that these name, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Until when servers may say what they have.
    pub deadline: Instant,
}

/// What one agent may use while it answers one message.
pub struct Toolbox {
    pub(crate) inner: Arc<Inner>,
    pub(crate) tenant: TenantId,
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) offered: Vec<providers::Tool>,
    pub(crate) entries: BTreeMap<String, Entry>,
    pub(crate) missing: Vec<Missing>,
}

/// A tool that the agent names and that is not offered, or one of a server that it names.
#[derive(Clone, PartialEq, Eq)]
pub struct Missing {
    /// As the agent names it.
    pub name: String,
    /// Why, in a word that is fit for logs.
    pub why: Failed,
    /// The same in a sentence, for an operator. A server's own words may be in it, no secret is.
    pub text: String,
}

/// A tool, as it is called.
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) schema: Schema,
}

pub(crate) enum Kind {
    BuiltIn(BuiltIn),
    Http(Arc<Tool>),
    /// By the server's own name.
    Mcp(Arc<Tool>, String),
}

impl Toolbox {
    /// What the model is offered.
    pub fn offered(&self) -> &[providers::Tool] {
        &self.offered
    }

    /// What the agent names and does not have today.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Whether there is a tool of that name.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Whether calling that tool twice is calling it once: what only reads, by its method (RFC 9110
    /// section 9.2.1), what is built in, and what does not exist. Of a server's tools nobody knows.
    pub fn is_repeatable(&self, name: &str) -> bool {
        match self.entries.get(name).map(|entry| &entry.kind) {
            None | Some(Kind::BuiltIn(_)) => true,
            Some(Kind::Http(tool)) => match &tool.kind {
                ToolKind::Http(http) => http.method == HttpMethod::Get,
                ToolKind::Mcp(_) => false,
            },
            Some(Kind::Mcp(..)) => false,
        }
    }

    /// Calls a tool with what the model says, a JSON object as text. It ends by `deadline`, or sooner
    /// where the declaration says so; it waits no longer than it may take for a place among those under
    /// way. Calling twice does it twice: whoever calls keeps a ledger.
    pub async fn call(
        &self,
        name: &str,
        arguments: &str,
        deadline: Instant,
        now: Timestamp,
    ) -> Outcome {
        let began = Instant::now();
        let said = self.said(name, arguments, (began, deadline), now).await;
        let outcome = said.failed.map_or("well", Failed::as_str);
        counter!("konstruct_tool_calls_total", "outcome" => outcome).increment(1);
        said.timed(began.elapsed())
    }

    async fn said(
        &self,
        name: &str,
        arguments: &str,
        (began, deadline): (Instant, Instant),
        now: Timestamp,
    ) -> Said {
        let Some(entry) = self.entries.get(name) else {
            let name: String = name.chars().take(64).collect();
            return Said::failed(Failed::Unknown, format!("There is no tool `{name}`."));
        };
        let arguments = match read(arguments, &entry.schema) {
            Ok(arguments) => arguments,
            Err(problem) => {
                let text = format!("Not called, since the arguments do not fit: {problem}");
                return Said::failed(Failed::Arguments, text);
            }
        };
        let (tool, remote) = match &entry.kind {
            Kind::BuiltIn(built_in) => return built_in.call(&arguments, now),
            Kind::Http(tool) => (tool, None),
            Kind::Mcp(tool, remote) => (tool, Some(remote.as_str())),
        };
        let seconds = Duration::from_secs(tool.endpoint().timeout_seconds.into());
        let taking = self.inner.places.take(&self.tenant);
        let Ok(Ok(_place)) = timeout_at(deadline.min(began + seconds), taking).await else {
            return Said::failed(Failed::Busy, BUSY);
        };
        // What does something has its whole time for it, however long it waited.
        let began = Instant::now();
        let until = deadline.min(began + seconds);
        let calling = self.outside(tool, remote, &arguments);
        timeout_at(until, calling).await.unwrap_or_else(|_| {
            let text = format!("The tool did not answer within {} s.", (until - began).as_secs());
            Said::failed(Failed::Timeout, text)
        })
    }

    async fn outside(
        &self,
        tool: &Arc<Tool>,
        remote: Option<&str>,
        arguments: &Map<String, Value>,
    ) -> Said {
        let way = match self.inner.way(tool, &self.secrets) {
            Ok(way) => way,
            Err(said) => return said,
        };
        let Way { caller, headers, mask } = way;
        match (&tool.kind, remote) {
            (ToolKind::Http(http), _) => {
                Call { tool: http, headers, mask: &mask }.make(caller, arguments).await
            }
            (ToolKind::Mcp(declared), remote) => {
                let server = Server { declared, headers, mask: &mask };
                let said = server.call(caller, remote.unwrap_or_default(), arguments).await;
                if matches!(said.failed, Some(Failed::Tool | Failed::Protocol)) {
                    // It may not be there any more.
                    self.inner.listings.forget(&self.tenant, &tool.id);
                }
                said
            }
        }
    }
}

// `Debug` by hand: what servers say must not reach a log through `{:?}`.

impl fmt::Debug for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, why, .. } = self;
        f.debug_struct("Missing").field("name", name).field("why", why).finish_non_exhaustive()
    }
}

/// The arguments, if they are what the tool wants; what is wrong with them, for the model.
fn read(text: &str, schema: &Schema) -> Result<Map<String, Value>, String> {
    if REQUEST_BYTES_MAX < text.len() {
        return Err(format!("they are more than {REQUEST_BYTES_MAX} bytes"));
    }
    let arguments = match text.trim() {
        "" => Map::new(),
        text => match serde_json::from_str(text) {
            Ok(Value::Object(arguments)) => arguments,
            Ok(_) => return Err("they are no JSON object".to_owned()),
            Err(error) => return Err(format!("they are no JSON: {error}")),
        },
    };
    schema.check(&arguments)?;
    Ok(arguments)
}
