//! What is asked: OpenAI's request as ours. What we do not know is ignored, as OpenAI's clients expect
//! of servers; what would change the answer and cannot be had is refused.

use providers::{Image, Request, Schema, Tool, ToolCall, ToolChoice, Turn};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::Problem;

/// The most tokens an answer has where the request says nothing.
const OUTPUT_TOKENS: u32 = 4096;

/// The most turns of one conversation.
const TURNS_MAX: usize = 2_000;

/// The most tools of one request.
const TOOLS_MAX: usize = 128;

/// A request as it is sent.
#[derive(Deserialize)]
pub(crate) struct Ask {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    stream: bool,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    temperature: Option<f32>,
    n: Option<u32>,
    #[serde(default)]
    tools: Vec<AskTool>,
    tool_choice: Option<Value>,
    response_format: Option<ResponseFormat>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
    #[serde(default)]
    tool_calls: Vec<AskCall>,
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text {
        text: String,
    },
    ImageUrl {
        image_url: ImageUrl,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct ImageUrl {
    url: String,
}

#[derive(Deserialize)]
struct AskCall {
    id: String,
    function: AskFunction,
}

#[derive(Deserialize)]
struct AskFunction {
    name: String,
    #[serde(default)]
    arguments: String,
}

#[derive(Deserialize)]
struct AskTool {
    function: ToolFunction,
}

#[derive(Deserialize)]
struct ToolFunction {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default = "no_parameters")]
    parameters: Value,
}

fn no_parameters() -> Value {
    serde_json::json!({ "type": "object", "properties": {} })
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat {
    Text,
    JsonSchema {
        json_schema: NamedSchema,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct NamedSchema {
    name: String,
    schema: Value,
}

/// What is asked, and how it is to be answered.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The model group.
    pub group: String,
    /// The question.
    pub request: Request,
    /// As it comes.
    pub stream: bool,
    /// With a count of tokens at the end of the stream.
    pub count: bool,
}

/// Reads a request; the first thing that is wrong with it.
pub(crate) fn read(body: &[u8]) -> Result<Asked, Problem> {
    let ask: Ask = serde_json::from_slice(body)
        .map_err(|error| Problem::invalid("body", format!("This is not a request: {error}")))?;
    if ask.n.is_some_and(|n| n != 1) {
        return Err(Problem::invalid("n", "Only one answer is given to a request."));
    }
    if TURNS_MAX < ask.messages.len() {
        return Err(Problem::invalid("messages", format!("There are more than {TURNS_MAX}.")));
    }
    if TOOLS_MAX < ask.tools.len() {
        return Err(Problem::invalid("tools", format!("There are more than {TOOLS_MAX}.")));
    }
    let (system, turns) = conversation(ask.messages)?;
    let most = ask.max_completion_tokens.or(ask.max_tokens).unwrap_or(OUTPUT_TOKENS);
    let request = Request {
        system,
        turns,
        tools: ask.tools.into_iter().map(tool).collect(),
        tool_choice: choice(ask.tool_choice.as_ref())?,
        schema: schema(ask.response_format)?,
        max_output_tokens: most.max(1),
        temperature: ask.temperature,
        ..Request::default()
    };
    let count = ask.stream_options.is_some_and(|options| options.include_usage);
    Ok(Asked { group: ask.model, request, stream: ask.stream, count })
}

fn conversation(messages: Vec<Message>) -> Result<(String, Vec<Turn>), Problem> {
    let (mut system, mut turns) = (Vec::new(), Vec::new());
    for (at, message) in messages.into_iter().enumerate() {
        let place = format!("messages[{at}]");
        let (text, images) = content(&place, message.content)?;
        match message.role.as_str() {
            "system" | "developer" => system.push(text),
            "user" => turns.push(Turn::User { text, images }),
            "assistant" => {
                let calls = message.tool_calls.into_iter().map(|call| {
                    let AskCall { id, function: AskFunction { name, arguments } } = call;
                    ToolCall { id, name, arguments }
                });
                turns.push(Turn::Assistant { text, calls: calls.collect(), kept: None });
            }
            "tool" => turns.push(result(&place, &turns, message.tool_call_id, text)?),
            other => {
                let message = format!("`{other}` is not a role.");
                return Err(Problem::invalid(&format!("{place}.role"), message));
            }
        }
    }
    if turns.iter().all(|turn| matches!(turn, Turn::Assistant { .. })) {
        return Err(Problem::invalid("messages", "Nobody says anything."));
    }
    Ok((system.join("\n\n"), turns))
}

/// The result of a call that was made before.
fn result(
    place: &str,
    turns: &[Turn],
    id: Option<String>,
    content: String,
) -> Result<Turn, Problem> {
    let param = format!("{place}.tool_call_id");
    let id = id.ok_or_else(|| Problem::invalid(&param, "It is missing."))?;
    let mut calls = turns.iter().rev().filter_map(|turn| match turn {
        Turn::Assistant { calls, .. } => calls.iter().find(|call| call.id == id),
        Turn::User { .. } | Turn::Tool { .. } => None,
    });
    let call = calls.next().ok_or_else(|| Problem::invalid(&param, "No call has this id."))?;
    Ok(Turn::Tool { call: id.clone(), name: call.name.clone(), content, failed: false })
}

fn content(place: &str, content: Option<Content>) -> Result<(String, Vec<Image>), Problem> {
    let parts = match content {
        None => return Ok((String::new(), Vec::new())),
        Some(Content::Text(text)) => return Ok((text, Vec::new())),
        Some(Content::Parts(parts)) => parts,
    };
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text { text } => texts.push(text),
            Part::ImageUrl { image_url } => images.push(image(place, &image_url.url)?),
            Part::Other => {
                let message = "Only text and pictures can be said.";
                return Err(Problem::invalid(&format!("{place}.content"), message));
            }
        }
    }
    Ok((texts.join("\n"), images))
}

/// Pictures come with the request: nothing is fetched for a caller.
fn image(place: &str, url: &str) -> Result<Image, Problem> {
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let (media_type, base64) = data.ok_or_else(|| {
        let message = "Send the picture itself, as `data:image/…;base64,…`: none is fetched.";
        Problem::invalid(&format!("{place}.content.image_url"), message)
    })?;
    Ok(Image { media_type: media_type.to_owned(), base64: base64.to_owned() })
}

fn tool(tool: AskTool) -> Tool {
    let ToolFunction { name, description, parameters } = tool.function;
    Tool { name, description, parameters }
}

fn choice(choice: Option<&Value>) -> Result<ToolChoice, Problem> {
    let Some(choice) = choice else { return Ok(ToolChoice::Auto) };
    match choice.as_str() {
        Some("auto") => Ok(ToolChoice::Auto),
        Some("none") => Ok(ToolChoice::None),
        Some("required") => Ok(ToolChoice::Required),
        _ => {
            let name = choice.pointer("/function/name").and_then(Value::as_str);
            let name = name.ok_or_else(|| {
                Problem::invalid("tool_choice", "It is auto, none, required or a function.")
            })?;
            Ok(ToolChoice::Named(name.to_owned()))
        }
    }
}

fn schema(format: Option<ResponseFormat>) -> Result<Option<Schema>, Problem> {
    match format {
        None | Some(ResponseFormat::Text) => Ok(None),
        Some(ResponseFormat::JsonSchema { json_schema: NamedSchema { name, schema } }) => {
            Ok(Some(Schema { name, schema }))
        }
        Some(ResponseFormat::Other) => {
            let message = "It is text, or json_schema with a schema.";
            Err(Problem::invalid("response_format", message))
        }
    }
}

#[cfg(test)]
mod tests;
