use serde_json::json;

use super::*;

fn read_json(value: &Value) -> Result<Asked, Problem> {
    read(value.to_string().as_bytes())
}

#[test]
fn a_plain_question_is_read() {
    let asked = read_json(&json!({
        "model": "quality", "max_tokens": 50, "temperature": 0.5, "user": "u1", "seed": 7,
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "developer", "content": [{ "type": "text", "text": "Be kind." }] },
            { "role": "user", "content": "hi" },
        ],
    }));
    let Asked { group, request, stream, count } = asked.unwrap();
    assert_eq!((group.as_str(), stream, count), ("quality", false, false));
    let want = Request {
        system: "Be brief.\n\nBe kind.".to_owned(),
        turns: vec![Turn::user("hi")],
        max_output_tokens: 50,
        temperature: Some(0.5),
        ..Request::default()
    };
    assert!(request == want, "{request:?}");
}

#[test]
fn calls_and_their_results_are_read() {
    let call = json!({ "id": "c1", "type": "function",
        "function": { "name": "look", "arguments": "{\"q\":1}" } });
    let asked = read_json(&json!({
        "model": "fast", "stream": true, "stream_options": { "include_usage": true },
        "tools": [{ "type": "function", "function": { "name": "look" } }],
        "tool_choice": { "type": "function", "function": { "name": "look" } },
        "messages": [
            { "role": "user", "content": "look it up" },
            { "role": "assistant", "content": null, "tool_calls": [call] },
            { "role": "tool", "tool_call_id": "c1", "content": "42" },
        ],
    }));
    let Asked { request, stream, count, .. } = asked.unwrap();
    assert!(stream && count);
    assert_eq!(request.tool_choice, ToolChoice::Named("look".to_owned()));
    let result = Turn::Tool {
        call: "c1".to_owned(),
        name: "look".to_owned(),
        content: "42".to_owned(),
        failed: false,
    };
    assert!(request.turns.get(2) == Some(&result), "{request:?}");
    assert_eq!(request.tools[0].parameters, json!({ "type": "object", "properties": {} }));
}

#[track_caller]
fn refused(change: &Value, param: &str, message: &str) {
    let mut ask = json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] });
    ask.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let problem = read_json(&ask).unwrap_err();
    assert_eq!(problem, Problem::invalid(param, message));
}

#[test]
fn what_cannot_be_had_is_refused_by_name() {
    refused(&json!({ "n": 2 }), "n", "Only one answer is given to a request.");
    refused(&json!({ "logprobs": true }), "logprobs", "They cannot be had.");
    refused(&json!({ "logit_bias": { "50256": -100 } }), "logit_bias", "It cannot be had.");
    refused(&json!({ "messages": [] }), "messages", "There is nothing to answer.");
    refused(
        &json!({ "messages": [{ "role": "robot", "content": "hi" }] }),
        "messages[0].role",
        "It is system, developer, user, assistant or tool.",
    );
    refused(
        &json!({ "messages": [{ "role": "tool", "tool_call_id": "x", "content": "hi" }] }),
        "messages[0].tool_call_id",
        "No call has this id.",
    );
    let picture = json!({ "type": "image_url", "image_url": { "url": "https://a.example/x.png" } });
    refused(
        &json!({ "messages": [{ "role": "user", "content": [picture] }] }),
        "messages[0].content.image_url",
        "Send the picture itself, as `data:image/…;base64,…`: none is fetched.",
    );
    refused(
        &json!({ "response_format": { "type": "json_object" } }),
        "response_format",
        "It is `text`, or `json_schema` with a schema; `json_object` cannot be had.",
    );
}

#[test]
fn null_is_as_good_as_nothing() {
    let asked = read_json(&json!({
        "model": "m", "stream": null, "stream_options": { "include_usage": null }, "stop": null,
        "max_tokens": null, "max_completion_tokens": null, "temperature": null, "n": null,
        "logprobs": null, "logit_bias": null, "tool_choice": null, "response_format": null,
        "tools": [{ "function": { "name": "look", "description": null, "parameters": null } }],
        "messages": [
            { "role": "user", "content": "hi", "tool_calls": null, "tool_call_id": null },
            { "role": "assistant", "content": "hello", "refusal": null, "tool_calls": null },
            { "role": "assistant", "content": null,
              "tool_calls": [{ "id": "c1", "function": { "name": "look", "arguments": null } }] },
            { "role": "tool", "tool_call_id": "c1", "content": null },
        ],
    }));
    let Asked { request, stream, count, .. } = asked.unwrap();
    assert!(!stream && !count);
    assert!(request.turns[1] == Turn::assistant("hello"), "{request:?}");
    assert_eq!(request.turns.len(), 4);
    assert_eq!((request.max_output_tokens, request.stop.len()), (OUTPUT_TOKENS, 0));
    assert_eq!(request.tools[0].parameters, json!({ "type": "object", "properties": {} }));
    assert!(read_json(&json!({ "model": "m", "tools": null, "messages": null })).is_err());
}

#[test]
fn an_answer_ends_where_it_is_told_to() {
    let stops = |stop: Value| {
        let messages = json!([{ "role": "user", "content": "hi" }]);
        let asked = read_json(&json!({ "model": "m", "messages": messages, "stop": stop }));
        asked.map(|asked| asked.request.stop)
    };
    assert_eq!(stops(json!("END")), Ok(vec!["END".to_owned()]));
    assert_eq!(stops(json!(["a", "b"])), Ok(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(stops(json!([])), Ok(Vec::new()));
    refused(&json!({ "stop": ["a", "b", "c", "d", "e"] }), "stop", "There are more than 4.");
    refused(&json!({ "stop": "" }), "stop", "An empty text ends nothing.");
    refused(&json!({ "stop": "x".repeat(257) }), "stop", "One is longer than 256 bytes.");
    refused(&json!({ "stop": 7 }), "stop", "It cannot be read.");
}

#[test]
fn a_field_that_cannot_be_read_is_named_and_not_quoted() {
    refused(&json!({ "model": 7 }), "model", "It cannot be read; expected a string.");
    refused(
        &json!({ "messages": "secret" }),
        "messages",
        "It cannot be read; expected a sequence.",
    );
    refused(
        &json!({ "messages": [{ "role": 7, "content": "hi" }] }),
        "messages[0].role",
        "It cannot be read; expected a string.",
    );
    refused(&json!({ "messages": [{ "content": "hi" }] }), "messages[0].role", "It is missing.");
    refused(
        &json!({ "messages": [{ "role": "user", "content": 7 }] }),
        "messages[0].content",
        "It cannot be read.",
    );
    let problem = read(b"{\"model\": ").unwrap_err();
    let message = "It is no JSON from line 1, column 10 on.";
    assert_eq!(problem, Problem::invalid("body", message));
    let problem = read(b"{\"model\": \"m\"}").unwrap_err();
    assert_eq!(problem, Problem::invalid("messages", "It is missing."));
}

#[test]
fn what_says_nothing_is_not_asked() {
    let user = |text: &str| json!({ "role": "user", "content": text });
    let assistant = json!({ "role": "assistant", "content": "hello" });
    for messages in [
        json!([user("")]),
        json!([user(" \n")]),
        json!([{ "role": "system", "content": "Be brief." }]),
        json!([assistant]),
        json!([user("hi"), assistant, user("")]),
    ] {
        refused(&json!({ "messages": messages }), "messages", "There is nothing to answer.");
    }
}

#[test]
fn a_picture_comes_with_the_request() {
    let picture =
        json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } });
    let parts = json!([{ "type": "text", "text": "what is it?" }, picture]);
    let asked =
        read_json(&json!({ "model": "m", "messages": [{ "role": "user", "content": parts }] }));
    let shown = Image { media_type: "image/png".to_owned(), base64: "AAAA".to_owned() };
    let want = Turn::User { text: "what is it?".to_owned(), images: vec![shown] };
    assert!(asked.unwrap().request.turns == [want]);
}
