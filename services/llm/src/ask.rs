//! What is asked: OpenAI's request as ours. What we do not know is ignored, as OpenAI's clients expect
//! of servers; what would change the answer and cannot be had is refused.

mod wire;

use providers::{Image, Request, Schema, Tool, ToolCall, ToolChoice, Turn};
use serde_json::{Value, json};

use crate::problem::Problem;
use wire::{
    Ask, AskCall, AskFunction, AskTool, Content, Message, NamedSchema, Part, ResponseFormat, Stop,
    ToolFunction,
};

/// The most tokens an answer has where the request says nothing.
const OUTPUT_TOKENS: u32 = 4096;

/// The most turns of one conversation.
const TURNS_MAX: usize = 2_000;

/// The most tools of one request.
const TOOLS_MAX: usize = 128;

/// The most texts that end an answer: as many as OpenAI takes.
const STOPS_MAX: usize = 4;

/// The longest of them, in bytes: of each piece of a stream it is asked whether it may begin one.
const STOP_BYTES_MAX: usize = 256;

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
    let ask = wire::parse(body)?;
    refuse(&ask)?;
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
        stop: stop(ask.stop)?,
        ..Request::default()
    };
    let count = ask.stream_options.is_some_and(|options| options.include_usage);
    Ok(Asked { group: ask.model, request, stream: ask.stream, count })
}

/// What would change the answer and cannot be had, and what is too much.
fn refuse(ask: &Ask) -> Result<(), Problem> {
    if ask.n.is_some_and(|n| n != 1) {
        return Err(Problem::invalid("n", "Only one answer is given to a request."));
    }
    if ask.logprobs {
        return Err(Problem::invalid("logprobs", "They cannot be had."));
    }
    if !ask.logit_bias.is_empty() {
        return Err(Problem::invalid("logit_bias", "It cannot be had."));
    }
    if TURNS_MAX < ask.messages.len() {
        return Err(Problem::invalid("messages", format!("There are more than {TURNS_MAX}.")));
    }
    if TOOLS_MAX < ask.tools.len() {
        return Err(Problem::invalid("tools", format!("There are more than {TOOLS_MAX}.")));
    }
    Ok(())
}

fn stop(stop: Option<Stop>) -> Result<Vec<String>, Problem> {
    let stops = match stop {
        None => Vec::new(),
        Some(Stop::One(text)) => vec![text],
        Some(Stop::Many(texts)) => texts,
    };
    if STOPS_MAX < stops.len() {
        return Err(Problem::invalid("stop", format!("There are more than {STOPS_MAX}.")));
    }
    if stops.iter().any(|stop| STOP_BYTES_MAX < stop.len()) {
        let problem = format!("One is longer than {STOP_BYTES_MAX} bytes.");
        return Err(Problem::invalid("stop", problem));
    }
    if stops.iter().any(String::is_empty) {
        return Err(Problem::invalid("stop", "An empty text ends nothing."));
    }
    Ok(stops)
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
            _ => {
                let message = "It is system, developer, user, assistant or tool.";
                return Err(Problem::invalid(&format!("{place}.role"), message));
            }
        }
    }
    // What is blank is not sent, so that it cannot be answered either.
    let says = |turn: &Turn| !matches!(turn, Turn::Assistant { .. }) && !turn.is_blank();
    let ends_blank = |turn: &Turn| matches!(turn, Turn::User { .. }) && turn.is_blank();
    if !turns.iter().any(says) || turns.last().is_some_and(ends_blank) {
        return Err(Problem::invalid("messages", "There is nothing to answer."));
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
    let parameters = parameters.unwrap_or_else(|| json!({ "type": "object", "properties": {} }));
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
            let message =
                "It is `text`, or `json_schema` with a schema; `json_object` cannot be had.";
            Err(Problem::invalid("response_format", message))
        }
    }
}

#[cfg(test)]
mod tests;
