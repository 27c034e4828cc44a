//! From the names that an agent has to what the model is offered.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::tool::is_active;
use futures::future::join_all;
use schemas::{Tool, ToolId, directory::ToolKind};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};

use crate::{
    Tools,
    built_in::BuiltIn,
    mcp::{Listed, Server, Unlisted},
    outcome::{Failed, Said, bounded},
    places::BUSY,
    schema::Schema,
    toolbox::{Entry, Kind, Missing, Toolbox, Wanted},
    way::Way,
};

/// The most tools that a model is offered.
const OFFERED_MAX: usize = 128;

/// The longest name that all vendors take, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// How long a server has to say what it has: somebody waits for an answer.
const LIST_MAX: Duration = Duration::from_secs(5);

/// The longest schema of arguments that is offered, in bytes of JSON.
const SCHEMA_BYTES_MAX: usize = 16 * 1024;

impl Tools {
    /// What an agent may use while it answers one message. A tool that cannot be had is left out, and
    /// [`Toolbox::missing`] says why: an agent without one of its tools still answers.
    pub async fn toolbox(&self, wanted: Wanted<'_>) -> Toolbox {
        let mut toolbox = Toolbox {
            inner: Arc::clone(&self.0),
            tenant: wanted.tenant.clone(),
            secrets: wanted.secrets.clone(),
            offered: Vec::new(),
            entries: BTreeMap::new(),
            missing: Vec::new(),
        };
        let found: Vec<_> = wanted.names.iter().map(|name| found(name, wanted.declared)).collect();
        // Servers are asked all at once.
        let listed = join_all(found.iter().map(|found| self.listed(found, &wanted))).await;
        for ((name, found), listed) in wanted.names.iter().zip(found).zip(listed) {
            match (found, listed) {
                (Found::BuiltIn(built_in), _) => {
                    toolbox.offer(name, built_in.offered(), Kind::BuiltIn(built_in));
                }
                (Found::Declared(tool), listed) => toolbox.declared(name, &tool, listed),
                (Found::Nothing, _) => {
                    toolbox.misses(name, Failed::Unknown, "there is no such tool");
                }
            }
        }
        toolbox
    }

    /// What a server has; nothing for what is no server.
    async fn listed(&self, found: &Found, wanted: &Wanted<'_>) -> Option<Listed> {
        let Found::Declared(tool) = found else { return None };
        let ToolKind::Mcp(declared) = &tool.kind else { return None };
        if let Some(listed) = self.0.listings.get(wanted.tenant, tool) {
            return Some(listed);
        }
        let listed = match self.0.way(tool, &wanted.secrets) {
            Err(said) => Err(said),
            Ok(Way { caller, headers, mask }) => {
                let server = Server { declared, headers, mask: &mask };
                let until = wanted.deadline.min(Instant::now() + LIST_MAX);
                let Ok(Ok(_place)) = timeout_at(until, self.0.places.take(wanted.tenant)).await
                else {
                    // Not kept: it was not asked.
                    return Some(Err(Unlisted { why: Failed::Busy, text: BUSY.into() }));
                };
                match timeout_at(until, server.list(caller)).await {
                    Ok(listed) => listed,
                    Err(_) => {
                        let text = "The server did not say in time what it has.";
                        Err(Said::failed(Failed::Timeout, text))
                    }
                }
            }
        };
        let listed: Listed = listed.map(Arc::from).map_err(|said| Unlisted {
            why: said.failed.unwrap_or(Failed::Protocol),
            text: bounded(&said.text, 300).into(),
        });
        self.0.listings.put(wanted.tenant, tool, listed.clone());
        Some(listed)
    }
}

enum Found {
    BuiltIn(BuiltIn),
    Declared(Arc<Tool>),
    Nothing,
}

fn found(name: &str, declared: &[Arc<Tool>]) -> Found {
    if let Some(built_in) = BuiltIn::named(name) {
        return Found::BuiltIn(built_in);
    }
    let id = name.parse::<ToolId>().ok();
    let tool = declared.iter().find(|tool| Some(&tool.id) == id.as_ref() && is_active(tool));
    tool.map_or(Found::Nothing, |tool| Found::Declared(Arc::clone(tool)))
}

impl Toolbox {
    fn declared(&mut self, name: &str, tool: &Arc<Tool>, listed: Option<Listed>) {
        match (&tool.kind, listed) {
            (ToolKind::Http(http), _) => {
                let offered = providers::Tool {
                    name: name.to_owned(),
                    description: tool.description.clone(),
                    parameters: http.arguments.clone(),
                };
                self.offer(name, offered, Kind::Http(Arc::clone(tool)));
            }
            (ToolKind::Mcp(_), Some(Ok(listed))) => {
                for theirs in listed.iter() {
                    let offered = providers::Tool {
                        name: name_of(name, &theirs.name),
                        description: theirs.description.clone(),
                        parameters: theirs.parameters.clone(),
                    };
                    let kind = Kind::Mcp(Arc::clone(tool), theirs.name.clone());
                    self.offer(name, offered, kind);
                }
            }
            (ToolKind::Mcp(_), Some(Err(Unlisted { why, text }))) => self.misses(name, why, &text),
            (ToolKind::Mcp(_), None) => {
                self.misses(name, Failed::Unknown, "it was not asked what it has");
            }
        }
    }

    /// A name that is said twice is offered once.
    fn offer(&mut self, of: &str, tool: providers::Tool, kind: Kind) {
        if self.entries.contains_key(&tool.name) {
            return;
        }
        // A server's own name of it is for whoever reads the sentence, and in no log.
        let which = match &kind {
            Kind::BuiltIn(_) | Kind::Http(_) => String::new(),
            Kind::Mcp(_, theirs) => format!("its `{}`: ", bounded(theirs, 128)),
        };
        if OFFERED_MAX <= self.offered.len() {
            let text = format!("{which}there are more than {OFFERED_MAX} tools");
            return self.misses(of, Failed::TooLong, &text);
        }
        let is_object = tool.parameters.get("type").is_some_and(|it| it == "object");
        if !is_object || SCHEMA_BYTES_MAX < tool.parameters.to_string().len() {
            let text = format!("{which}no object of arguments of at most {SCHEMA_BYTES_MAX} bytes");
            return self.misses(of, Failed::Arguments, &text);
        }
        match Schema::read(&tool.parameters) {
            Ok(schema) => {
                self.entries.insert(tool.name.clone(), Entry { kind, schema });
                self.offered.push(tool);
            }
            Err(problem) => {
                let text = format!("{which}the schema of arguments {problem}");
                self.misses(of, Failed::Arguments, &text);
            }
        }
    }

    fn misses(&mut self, name: &str, why: Failed, text: &str) {
        let (name, text) = (bounded(name, 200), bounded(text, 400));
        self.missing.push(Missing { name, why, text });
    }
}

/// A server's tool by a name that every vendor takes: `server__tool`. A slug has no `_`, so no two
/// servers meet; what does not fit ends with a hash of what it was, so no two tools do.
fn name_of(server: &str, tool: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let whole = format!("{server}__{tool}");
    if tool.chars().all(plain) && whole.len() <= NAME_BYTES_MAX {
        return whole;
    }
    let hash = hex::encode(Sha256::digest(tool.as_bytes()));
    let end = format!("_{}", hash.get(..8).unwrap_or_default());
    let fitting = whole.chars().map(|c| if plain(c) { c } else { '_' });
    fitting.take(NAME_BYTES_MAX - end.len()).chain(end.chars()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_servers_tool_has_a_name_that_vendors_take() {
        assert_eq!(name_of("crm", "find_customer"), "crm__find_customer");
        assert_eq!(name_of("crm", "find.customer"), "crm__find_customer_c3086b29");
        assert_eq!(name_of("crm", &"x".repeat(70)).len(), NAME_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn no_two_tools_share_a_name(
            server in "[a-z0-9][a-z0-9-]{0,39}", a in "\\PC{1,128}", b in "[a-z_.]{1,90}", other in "[a-z]{1,5}",
        ) {
            for tool in [&a, &b] {
                let name = name_of(&server, tool);
                prop_assert!((1..=NAME_BYTES_MAX).contains(&name.len()), "{}", name);
                prop_assert!(name.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-')));
                prop_assert!(domain::tool::BUILT_IN.iter().all(|built_in| *built_in != name));
            }
            prop_assert_eq!(a == b, name_of(&server, &a) == name_of(&server, &b));
            prop_assert_eq!(server == other, name_of(&server, &b) == name_of(&other, &b));
        }
    }
}
