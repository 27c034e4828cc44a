//! Servers of the Model Context Protocol: which tools they have, and calling one.

mod listing;
mod session;

use domain::tool::template::UrlTemplate;
use providers::Tool;
use reqwest::{Url, header::HeaderMap};
use schemas::directory::McpServer;
use serde_json::{Map, Value, json};

pub(crate) use self::listing::{Listed, Listings, Unlisted};
pub use self::session::SESSION_BYTES_MAX;
use self::session::{Broke, Session, protocol};
use crate::{
    client::Caller,
    mask::Mask,
    outcome::{Failed, Said, bounded},
};

/// The most tools of one server that are offered.
pub const SERVER_TOOLS_MAX: usize = 64;

/// The longest description that is offered, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 2_000;

/// The most pages of a list that are read.
const PAGES_MAX: usize = 10;

/// A server, ready to be asked.
pub(crate) struct Server<'a> {
    pub(crate) declared: &'a McpServer,
    pub(crate) headers: HeaderMap,
    pub(crate) mask: &'a Mask,
}

impl Server<'_> {
    /// Its tools, by its own names; only those that the declaration names, if it names some. One whose
    /// name or schema repeats a secret is left out: changed, it would be another tool.
    pub(crate) async fn list(&self, caller: &Caller) -> Result<Vec<Tool>, Said> {
        let mut session = self.begin(caller).await?;
        let mut tools = pages(&mut session).await.map_err(|broke| self.masked(broke))?;
        let named = &self.declared.tools;
        tools.retain(|tool| {
            let is_named = named.is_empty() || named.contains(&tool.name);
            let schema = || tool.parameters.to_string();
            is_named && !self.mask.is_in(&tool.name) && !self.mask.is_in(&schema())
        });
        tools.truncate(SERVER_TOOLS_MAX);
        for tool in &mut tools {
            let description = self.mask.apply(&tool.description, false);
            tool.description = bounded(&description, DESCRIPTION_BYTES_MAX);
        }
        Ok(tools)
    }

    /// Calls one of its tools. Whoever calls bounds the time.
    pub(crate) async fn call(
        &self,
        caller: &Caller,
        name: &str,
        arguments: &Map<String, Value>,
    ) -> Said {
        let mut session = match self.begin(caller).await {
            Ok(session) => session,
            Err(said) => return said,
        };
        let params = json!({ "name": name, "arguments": arguments });
        let result = session.ask("tools/call", params).await;
        let bytes = session.bytes;
        match result {
            Ok(result) => {
                let (text, failed) = read(&result);
                Said { text: self.mask.apply(&text, false), failed, bytes }
            }
            Err(broke) => Said { bytes, ..self.masked(broke) },
        }
    }

    async fn begin<'c>(&self, caller: &'c Caller) -> Result<Session<'c>, Said> {
        let cannot = || Said::failed(Failed::Refused, "The server's address cannot be used.");
        let template = UrlTemplate::parse(&self.declared.url).map_err(|_| cannot())?;
        let text = template.fill(&Map::new()).map_err(|_| cannot())?;
        let url = Url::parse(&text).map_err(|_| cannot())?;
        let client = caller
            .client(&url)
            .map_err(|why| Said::failed(Failed::Refused, format!("Not called: {why}.")))?;
        let session = Session::begin(client, url, self.headers.clone()).await;
        session.map_err(|broke| self.masked(broke))
    }

    fn masked(&self, Broke(why, text): Broke) -> Said {
        Said::failed(why, self.mask.apply(&text, false))
    }
}

async fn pages(session: &mut Session<'_>) -> Result<Vec<Tool>, Broke> {
    let mut tools: Vec<Tool> = Vec::new();
    let mut params = json!({});
    for _ in 0..PAGES_MAX {
        let page = session.ask("tools/list", params).await?;
        let listed = page.get("tools").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| protocol("has a list of tools that is none"))?;
        tools.extend(listed.iter().filter_map(tool));
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(cursor) => params = json!({ "cursor": cursor }),
            None => break,
        }
    }
    Ok(tools)
}

/// One that has no name or no schema is none.
fn tool(listed: &Value) -> Option<Tool> {
    let text = |name: &str| listed.get(name).and_then(Value::as_str);
    let name = text("name").filter(|name| !name.is_empty() && name.len() <= 128)?;
    let description = text("description").or(text("title")).unwrap_or_default();
    let parameters = listed.get("inputSchema").filter(|it| it.is_object())?;
    let (name, description) = (name.to_owned(), description.to_owned());
    Some(Tool { name, description, parameters: parameters.clone() })
}

/// What a result says to a reader of text.
fn read(result: &Value) -> (String, Option<Failed>) {
    let failed = result.get("isError").and_then(Value::as_bool) == Some(true);
    let failed = failed.then_some(Failed::Tool);
    let content = result.get("content").and_then(Value::as_array);
    let parts: Vec<_> = content.into_iter().flatten().filter_map(part).collect();
    let text = match result.get("structuredContent") {
        Some(structured) if parts.is_empty() => structured.to_string(),
        Some(_) | None => parts.join("\n"),
    };
    let text = if text.is_empty() { "Done, and nothing was answered.".to_owned() } else { text };
    (text, failed)
}

fn part(content: &Value) -> Option<String> {
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match content.get("type").and_then(Value::as_str)? {
        "text" => text(content, "text"),
        "resource" => {
            let resource = content.get("resource")?;
            text(resource, "text").or_else(|| Some("[a file that is not text]".to_owned()))
        }
        "resource_link" => text(content, "uri").map(|uri| format!("[see {uri}]")),
        "image" => Some("[an image, which cannot be read here]".to_owned()),
        "audio" => Some("[a recording, which cannot be heard here]".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_read_as_text() {
        let check = |result: Value, want: &str, failed: Option<Failed>| {
            assert_eq!(read(&result), (want.to_owned(), failed), "{result}");
        };
        let text = |text: &str| json!({ "type": "text", "text": text });
        check(json!({ "content": [text("a"), text("b")] }), "a\nb", None);
        check(json!({ "content": [text("no")], "isError": true }), "no", Some(Failed::Tool));
        check(json!({ "structuredContent": { "a": 1 } }), r#"{"a":1}"#, None);
        check(json!({ "content": [text("a")], "structuredContent": { "a": 1 } }), "a", None);
        let none = "Done, and nothing was answered.";
        for odd in [
            json!({}),
            json!(null),
            json!([]),
            json!({ "content": "x" }),
            json!({ "content": [1, {}] }),
        ] {
            check(odd, none, None);
        }
        let odd = json!({ "content": [
            { "type": "image", "data": "AAAA" },
            { "type": "resource", "resource": { "text": "in a file" } },
            { "type": "resource_link", "uri": "file:///x" },
            { "type": "dance" },
        ] });
        check(odd, "[an image, which cannot be read here]\nin a file\n[see file:///x]", None);
    }

    #[test]
    fn a_tool_has_a_name_and_a_schema() {
        let schema = json!({ "type": "object" });
        let listed = json!({ "name": "find", "title": "Find", "inputSchema": schema });
        assert_eq!(tool(&listed).unwrap().description, "Find");
        for odd in [
            json!({}),
            json!({ "name": "", "inputSchema": {} }),
            json!({ "name": "x" }),
            json!("x"),
        ] {
            assert_eq!(tool(&odd), None);
        }
    }
}
