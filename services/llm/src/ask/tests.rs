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
    refused(&json!({ "messages": [] }), "messages", "Nobody says anything.");
    refused(
        &json!({ "messages": [{ "role": "robot", "content": "hi" }] }),
        "messages[0].role",
        "`robot` is not a role.",
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
        "It is text, or json_schema with a schema.",
    );
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
