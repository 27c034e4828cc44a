//! What a model is offered and reads when a turn is asked again.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    replay::{Call, End, Outcome, Person, Said},
    tool::results::{CUT, RESULTS_BYTES_MAX},
};
use providers::{CALLS_OF_ANSWER_MAX, Finish, ToolCall};
use schemas::{
    Agent, Budget, Limits, Tenant, TenantStatus, ToolStatus,
    directory::{Endpoint, HttpMethod, HttpTool, McpServer},
};

use super::*;
use crate::estimate::growth;

fn tool(id: &str, kind: ToolKind) -> Arc<schemas::Tool> {
    let (id, description) = (id.parse().unwrap(), format!("Knows of {id}."));
    Arc::new(schemas::Tool { id, description, kind, status: ToolStatus::Active })
}

/// An agent whose tenant declares the request `orders` and the server `crm`.
fn who() -> Employee {
    let endpoint = Endpoint { headers: BTreeMap::new(), allow_private: false, timeout_seconds: 10 };
    let arguments = json!({ "type": "object", "properties": { "order": { "type": "string" } } });
    let url = "https://acme.example/{order}".to_owned();
    let method = HttpMethod::Get;
    let http = HttpTool { method, url, arguments, endpoint: endpoint.clone() };
    let url = "https://crm.acme.example/mcp".to_owned();
    let mcp = McpServer { url, tools: Vec::new(), endpoint };
    let (tenant, agent) = ("acme".parse().unwrap(), "mara".parse().unwrap());
    let status = TenantStatus::Active;
    let (name, limits, budget) = ("Acme Ltd".to_owned(), Limits::default(), Budget::default());
    Employee {
        tenant: Arc::new(Tenant { id: tenant, name, limits, budget, status }),
        agent: Arc::new(Agent { id: agent, draft: None, published: None, budget, retired: false }),
        tools: vec![tool("orders", ToolKind::Http(http)), tool("crm", ToolKind::Mcp(mcp))],
    }
}

fn config(tools: &[&str]) -> OpenConfig {
    let tools = tools.iter().map(|name| (*name).to_owned()).collect();
    OpenConfig { tools, ..OpenConfig::named("Mara") }
}

/// A turn whose model was offered these tools, and called `orders` and a tool that there is not.
fn frozen(offered: &[&str]) -> Frozen {
    let call = |tool: &str, arguments: &str, text: &str, failed: Option<&str>| {
        let [tool, arguments, text] = [tool, arguments, text].map(str::to_owned);
        Call { tool, arguments, text, failed: failed.map(str::to_owned) }
    };
    let calls = vec![
        call("orders", r#"{"order":"A7"}"#, "on its way", None),
        call(NO_SUCH_TOOL, "{}", "There is no tool `made_up`.", Some("unknown")),
    ];
    let person = Some(Person { id: "U1".to_owned(), name: None });
    let (message, text) = ("m1".parse().unwrap(), "where is A7?".to_owned());
    let end = End::Answered("It is on its way.".to_owned());
    let (version, model) = (Some(1), "m".to_owned());
    Frozen {
        tenant_name: "Acme Ltd".to_owned(),
        history: Vec::new(),
        newest: Said { message, revision: 0, person, text },
        older_exist: false,
        max_output_tokens: 100,
        offered: offered.iter().map(|name| (*name).to_owned()).collect(),
        calls,
        version: 1,
        builder: prompt::BUILDER_VERSION,
        recorded: Outcome {
            end,
            calls: Vec::new(),
            version,
            model,
            cost_micros: Some(1),
            latency_ms: 1,
        },
    }
}

fn answer(calls: &[(&str, &str)]) -> Answer {
    let call = |(nth, (name, arguments)): (usize, &(&str, &str))| ToolCall {
        id: format!("call_{nth}"),
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
    };
    Answer {
        text: String::new(),
        calls: calls.iter().enumerate().map(call).collect(),
        kept: None,
        model: "m".to_owned(),
        usage: None,
        finish: Finish::Calls,
    }
}

#[test]
fn what_is_declared_is_offered_and_of_a_server_what_was_offered_then() {
    let (who, config) = (who(), config(&["orders", "crm", "current_time", "gone"]));
    let frozen = frozen(&["orders", "crm__find_customer", "other__x"]);
    let request = Talk::new(&who, &frozen, &config).request(false);
    let names: Vec<_> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["orders", "crm__find_customer", "current_time"]);
    assert_eq!(request.tools[1].parameters, json!({ "type": "object" }));
    assert_eq!(request.tools[0].description, "Knows of orders.");
    assert_eq!(request.tool_choice, ToolChoice::Auto);
    let last = Talk::new(&who, &frozen, &config).request(true);
    assert_eq!(last.tool_choice, ToolChoice::None);
    let bare = Talk::new(&who, &frozen, &OpenConfig::named("Mara")).request(true);
    assert_eq!((bare.tools.len(), bare.tool_choice), (0, ToolChoice::Auto));
}

#[test]
fn a_model_reads_what_is_on_record_and_nothing_else() {
    let (who, config, frozen) = (who(), config(&["orders"]), frozen(&["orders"]));
    let mut talk = Talk::new(&who, &frozen, &config);
    let wanted = answer(&[("orders", r#"{ "order": "A7" }"#), ("made_up", "{}")]);
    assert!(talk.play(&wanted).is_ok());
    let request = talk.request(false);
    let [Turn::User { .. }, Turn::Assistant { calls, .. }, found, missing] = &request.turns[..]
    else {
        panic!("{:?}", request.turns)
    };
    assert_eq!(calls.len(), 2);
    let read = |content: &str, nth: usize, name: &str, failed| Turn::Tool {
        call: format!("call_{nth}"),
        name: name.to_owned(),
        content: content.to_owned(),
        failed,
    };
    assert_eq!(*found, read("on its way", 0, "orders", false));
    assert_eq!(*missing, read("There is no tool `made_up`.", 1, "made_up", true));
    let failed: Vec<_> =
        talk.told[0].calls.iter().map(|call| call.outcome.failed.as_deref()).collect();
    assert_eq!(failed, [None, Some("unknown")]);

    let other = answer(&[("orders", r#"{"order":"B1"}"#)]);
    let unrecorded = talk.play(&other).unwrap_err();
    assert_eq!(unrecorded, Called::new("orders", r#"{"order":"B1"}"#));
    assert_eq!(talk.calls.len(), 2, "what was not answered was not called");
}

/// What the model read of tools, in order.
fn read(talk: &Talk<'_>) -> Vec<(String, bool)> {
    let tool = |turn: &Turn| match turn {
        Turn::Tool { content, failed, .. } => Some((content.clone(), *failed)),
        Turn::User { .. } | Turn::Assistant { .. } => None,
    };
    talk.request(false).turns.iter().filter_map(tool).collect()
}

#[test]
fn a_call_too_many_is_not_answered_from_the_record() {
    let (who, config, frozen) = (who(), config(&["orders"]), frozen(&["orders"]));
    let mut talk = Talk::new(&who, &frozen, &config);
    let wanted = vec![("orders", r#"{"order":"A7"}"#); CALLS_MAX - 1];
    assert!(talk.play(&answer(&wanted)).is_ok());
    assert!(!talk.is_over());
    // The last two would not be on record either.
    let wanted = [("orders", r#"{"order":"A7"}"#), ("orders", "{}"), ("refund", "{}")];
    assert!(talk.play(&answer(&wanted)).is_ok());
    assert!(talk.is_over());
    let read = read(&talk);
    assert_eq!(read.len(), CALLS_MAX + 2);
    assert!(read[..CALLS_MAX].iter().all(|it| *it == ("on its way".to_owned(), false)));
    let too_many = ("Not called: that was one call too many for one answer.".to_owned(), true);
    assert!(read[CALLS_MAX..].iter().all(|it| *it == too_many), "{read:?}");
    let failed = talk.told[1].calls.iter().map(|call| call.outcome.failed.as_deref());
    assert_eq!(failed.collect::<Vec<_>>(), [None, Some("limit"), Some("limit")]);
    assert_eq!(talk.calls.len(), CALLS_MAX + 2, "as what was recorded tells of them");
}

#[test]
fn a_model_reads_no_more_of_the_record_than_of_tools() {
    let (who, config) = (who(), config(&["orders"]));
    let mut frozen = frozen(&["orders"]);
    frozen.calls[0].text = "x".repeat(RESULTS_BYTES_MAX - 10);
    let mut talk = Talk::new(&who, &frozen, &config);
    let wanted = answer(&[("orders", r#"{"order":"A7"}"#)]);
    for _ in 0..3 {
        assert!(talk.play(&wanted).is_ok());
    }
    let lengths: Vec<_> = read(&talk).iter().map(|(text, _)| text.len()).collect();
    assert_eq!(lengths, [RESULTS_BYTES_MAX - 10, 10 + CUT.len(), CUT.len()]);
}

#[test]
fn a_talk_grows_by_no_more_than_is_estimated() {
    let (who, config) = (who(), config(&["orders"]));
    let (short, long) = ("on its way".to_owned(), "x".repeat(RESULTS_BYTES_MAX));
    let texts = [short, long, "ü".repeat(RESULTS_BYTES_MAX / 3)];
    let counts = [1, 3, CALLS_MAX - 1, CALLS_OF_ANSWER_MAX];
    for (text, count) in texts.iter().flat_map(|text| counts.map(|count| (text, count))) {
        let mut frozen = frozen(&["orders"]);
        frozen.max_output_tokens = 1_000;
        frozen.calls[0].text.clone_from(text);
        let mut talk = Talk::new(&who, &frozen, &config);
        let first = talk.request(false).tokens();
        // The arguments of a call are four tokens of what the model says.
        let said = "word".repeat(1_000 - 4 * count);
        let calls = vec![("orders", r#"{"order":"A7"}"#); count];
        let answer = Answer { text: said, ..answer(&calls) };
        while !talk.is_over() {
            assert!(talk.play(&answer).is_ok());
        }
        let grown = talk.request(true).tokens() - first;
        let most = growth(&frozen);
        assert!(grown <= most, "{grown} of {most}: {} bytes, {count} calls", text.len());
    }
}
