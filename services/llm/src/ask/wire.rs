//! The JSON of `POST /v1/chat/completions`, as far as it is read.
//!
//! Source: <https://developers.openai.com/api/reference/resources/chat>.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, error::Category};

use crate::problem::Problem;

/// A request as it is sent.
#[derive(Deserialize)]
pub(super) struct Ask {
    pub model: String,
    pub messages: Vec<Message>,
    #[serde(default, deserialize_with = "nothing_is_default")]
    pub stream: bool,
    pub stream_options: Option<StreamOptions>,
    pub max_tokens: Option<u32>,
    pub max_completion_tokens: Option<u32>,
    pub temperature: Option<f32>,
    pub stop: Option<Stop>,
    pub n: Option<u32>,
    #[serde(default, deserialize_with = "nothing_is_default")]
    pub logprobs: bool,
    #[serde(default, deserialize_with = "nothing_is_default")]
    pub logit_bias: Map<String, Value>,
    #[serde(default, deserialize_with = "nothing_is_default")]
    pub tools: Vec<AskTool>,
    pub tool_choice: Option<Value>,
    pub response_format: Option<ResponseFormat>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Stop {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
pub(super) struct StreamOptions {
    #[serde(default, deserialize_with = "nothing_is_default")]
    pub include_usage: bool,
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub role: String,
    pub content: Option<Content>,
    #[serde(default, deserialize_with = "nothing_is_default")]
    pub tool_calls: Vec<AskCall>,
    pub tool_call_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part {
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
pub(super) struct ImageUrl {
    pub url: String,
}

#[derive(Deserialize)]
pub(super) struct AskCall {
    pub id: String,
    pub function: AskFunction,
}

#[derive(Deserialize)]
pub(super) struct AskFunction {
    pub name: String,
    #[serde(default, deserialize_with = "nothing_is_default")]
    pub arguments: String,
}

#[derive(Deserialize)]
pub(super) struct AskTool {
    pub function: ToolFunction,
}

#[derive(Deserialize)]
pub(super) struct ToolFunction {
    pub name: String,
    #[serde(default, deserialize_with = "nothing_is_default")]
    pub description: String,
    pub parameters: Option<Value>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ResponseFormat {
    Text,
    JsonSchema {
        json_schema: NamedSchema,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(super) struct NamedSchema {
    pub name: String,
    pub schema: Value,
}

/// Clients send back what they were given, with `null` for what is not there.
fn nothing_is_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// Reads a body, or names the field that cannot be read.
pub(super) fn parse(body: &[u8]) -> Result<Ask, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let ask = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        match error.classify() {
            Category::Data => wrong(&path, &error.to_string()),
            Category::Io | Category::Syntax | Category::Eof => not_json(&error),
        }
    })?;
    json.end().map_err(|error| not_json(&error))?;
    Ok(ask)
}

fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::invalid("body", format!("It is no JSON from line {line}, column {column} on."))
}

/// What serde says is wrong, without the value that is.
fn wrong(path: &str, said: &str) -> Problem {
    if let Some(rest) = said.strip_prefix("missing field `") {
        let name = rest.split('`').next().unwrap_or_default();
        let field = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
        return Problem::invalid(&field, "It is missing.");
    }
    let field = if path == "." { "body" } else { path };
    let expected = said.rsplit_once(", expected ").map(|(_, rest)| rest);
    let expected = expected.and_then(|rest| rest.split(" at line ").next());
    let message = expected.map_or_else(
        || "It cannot be read.".to_owned(),
        |expected| format!("It cannot be read; expected {expected}."),
    );
    Problem::invalid(field, message)
}
