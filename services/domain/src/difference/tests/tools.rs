//! Tools, field by field.

use schemas::{
    Timestamp,
    directory::{Endpoint, HttpMethod, HttpTool, McpServer},
};
use serde_json::json;

use super::*;

fn tool(secret: &str) -> Tool {
    let headers = [
        ("accept-language", ToolHeader::Text("en".to_owned())),
        ("authorization", ToolHeader::Secret(secret.to_owned())),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
    let endpoint = Endpoint { headers, allow_private: false, timeout_seconds: 10 };
    let arguments = json!({ "type": "object" });
    let url = "https://api.acme.example/".to_owned();
    Tool {
        id: "orders".parse().unwrap(),
        description: "Looks up an order.".to_owned(),
        kind: ToolKind::Http(HttpTool { method: HttpMethod::Get, url, arguments, endpoint }),
        status: ToolStatus::Active,
    }
}

#[test]
fn a_tool_field_by_field_and_no_name_of_a_secret() {
    let before = tool("tool:orders/authorization/u1");
    check(of_tool(Some(&before), &before), expect![""]);
    check(
        of_tool(Some(&before), &tool("tool:orders/authorization/u2")),
        expect![[r#"headers: Some("a secret") -> "another secret""#]],
    );
    let endpoint =
        Endpoint { allow_private: true, timeout_seconds: 20, ..before.endpoint().clone() };
    let server =
        McpServer { url: "https://crm.acme.example/".to_owned(), tools: Vec::new(), endpoint };
    let status = ToolStatus::Removed { at: Timestamp::from_millis(0) };
    let after = Tool { kind: ToolKind::Mcp(server), status, ..before.clone() };
    check(
        of_tool(Some(&before), &after),
        expect![[r#"
            method: Some("GET") -> "MCP"
            url: Some("https://api.acme.example/") -> "https://crm.acme.example/"
            arguments: Some("{\n  \"type\": \"object\"\n}") -> ""
            tools: Some("none") -> "all"
            allow_private: Some("no") -> "yes"
            timeout_seconds: Some("10") -> "20"
            status: Some("active") -> "removed""#]],
    );
    let shown = shown(&of_tool(None, &before));
    assert!(shown.contains("authorization: a secret") && !shown.contains("u1"), "{shown}");
}
