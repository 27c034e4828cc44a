//! Tools called over real HTTP: where calls go and where not, and what comes of others' mistakes.

// For clippy, which takes helpers of tests for tests only where this stands.
#![cfg(test)]

mod http;
mod places;
mod servers;

use std::{
    collections::BTreeMap,
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::secret::Secret;
use konstruct_tests::fake_tools::FakeTools;
use schemas::{
    TenantId, Timestamp, Tool, ToolStatus,
    directory::{Endpoint, HttpMethod, HttpTool, McpServer, ToolHeader, ToolKind},
};
use serde_json::{Value, json};
use tokio::time::Instant;
use tools::{Outcome, Settings, Toolbox, Tools, Wanted};

/// The secret of every tool here.
const KEY: &str = "s3cret-of-acme/1";

/// An installation with its tools, and somebody's server.
struct Shop {
    fake: FakeTools,
    tools: Tools,
    looked: Arc<Mutex<Vec<String>>>,
}

/// The addresses of a name, the next time it is looked up.
type Names = BTreeMap<&'static str, Vec<Vec<IpAddr>>>;

impl Shop {
    /// Tools that may go to this machine, if their declaration says so; `api.acme.example` is it.
    async fn open() -> Self {
        let here = vec!["127.0.0.1".parse().unwrap()];
        let settings =
            Settings { open: vec!["127.0.0.0/8".parse().unwrap()], ..Settings::default() };
        Self::with(settings, BTreeMap::from([("api.acme.example", vec![here])])).await
    }

    /// Whoever looks a name up gets the first of its answers, and the last one from then on.
    async fn with(settings: Settings, names: Names) -> Self {
        _ = rustls::crypto::ring::default_provider().install_default();
        let looked = Arc::new(Mutex::new(Vec::new()));
        let (names, log) = (Arc::new(Mutex::new(names)), Arc::clone(&looked));
        let lookup: tools::Lookup = Arc::new(move |name: String| {
            log.lock().unwrap().push(name.clone());
            let mut names = names.lock().unwrap();
            let answers = names.get_mut(name.as_str());
            let found = answers.map(|answers| match answers.len() {
                1 => answers[0].clone(),
                _ => answers.remove(0),
            });
            let found = found.ok_or_else(|| io::Error::other("no such name"));
            Box::pin(std::future::ready(found))
        });
        let tools = Tools::new(Settings { lookup, ..settings }).unwrap();
        Self { fake: FakeTools::start().await.unwrap(), tools, looked }
    }

    /// An address on the server, by a name.
    fn at(&self, path: &str) -> String {
        format!("http://api.acme.example:{}{path}", self.fake.port())
    }

    /// What an agent has whose tools are these.
    async fn toolbox(&self, declared: &[Tool]) -> Toolbox {
        let names: Vec<_> = declared.iter().map(|tool| tool.id.to_string()).collect();
        self.toolbox_of(&names, declared).await
    }

    async fn toolbox_of(&self, names: &[String], declared: &[Tool]) -> Toolbox {
        let declared: Vec<_> = declared.iter().cloned().map(Arc::new).collect();
        let kept_as = declared.iter().flat_map(|tool| tool.secrets().map(str::to_owned));
        let secret = |name| (name, Secret::from(format!("Bearer {KEY}")));
        let wanted = Wanted {
            tenant: &acme(),
            names,
            declared: &declared,
            secrets: kept_as.map(secret).collect(),
            deadline: soon(),
        };
        self.tools.toolbox(wanted).await
    }

    /// Calls the only tool with these arguments.
    async fn call(&self, tool: &Tool, arguments: Value) -> Outcome {
        let toolbox = self.toolbox(std::slice::from_ref(tool)).await;
        call(&toolbox, tool.id.as_str(), &arguments).await
    }
}

async fn call(toolbox: &Toolbox, name: &str, arguments: &Value) -> Outcome {
    let now = Timestamp::from_millis(0);
    let outcome = toolbox.call(name, &arguments.to_string(), soon(), now).await;
    let all = format!("{outcome:?} {}", outcome.text);
    assert!(!all.contains("s3cret"), "a secret: {all}");
    outcome
}

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

/// Longer than anything here takes that works.
fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

fn endpoint(header: &str) -> Endpoint {
    let kept_as = format!("tool:orders/{header}/u1");
    let headers = BTreeMap::from([(header.to_owned(), ToolHeader::Secret(kept_as))]);
    Endpoint { headers, allow_private: true, timeout_seconds: 30 }
}

fn of_kind(id: &str, kind: ToolKind) -> Tool {
    let (id, description) = (id.parse().unwrap(), "Does something.".to_owned());
    Tool { id, description, kind, status: ToolStatus::Active }
}

/// A tool of one request whose every argument is in the address, or in the body.
fn http(method: HttpMethod, url: &str) -> Tool {
    let arguments = json!({ "type": "object" });
    let endpoint = endpoint("authorization");
    let http = HttpTool { method, url: url.to_owned(), arguments, endpoint };
    of_kind("orders", ToolKind::Http(http))
}

fn get(url: &str) -> Tool {
    http(HttpMethod::Get, url)
}

fn mcp(id: &str, url: &str) -> Tool {
    let endpoint = endpoint("x-api-key");
    of_kind(id, ToolKind::Mcp(McpServer { url: url.to_owned(), tools: Vec::new(), endpoint }))
}

/// The same, with something else.
fn with(tool: Tool, change: impl FnOnce(&mut Endpoint)) -> Tool {
    let mut tool = tool;
    match &mut tool.kind {
        ToolKind::Http(http) => change(&mut http.endpoint),
        ToolKind::Mcp(server) => change(&mut server.endpoint),
    }
    tool
}
