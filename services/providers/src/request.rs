//! What one asks of a model, the same for every vendor.

use std::{fmt, time::Duration};

use domain::prompt::{self, Prompt, estimate_tokens};
use serde_json::Value;

use crate::{Kept, ToolCall};

/// Tokens that a vendor adds to each turn and tool for its own marks, guessed on the safe side.
const MARK_TOKENS: u32 = 8;

/// Tokens of a picture, guessed on the safe side.
const IMAGE_TOKENS: u32 = 1_600;

/// No model makes more than so many bytes into one token on average: a prompt has at least that
/// part of its bytes in tokens.
const BYTES_PER_TOKEN_MAX: usize = 8;

/// A turn of the conversation.
#[derive(Clone, PartialEq)]
pub enum Turn {
    /// What a person said. Blank and without a picture, it is not sent: vendors refuse it.
    User {
        /// Their words.
        text: String,
        /// What they show.
        images: Vec<Image>,
    },
    /// What the model said.
    Assistant {
        /// Its words; may be empty where it called tools.
        text: String,
        /// The tools it called. The turns after it hold their results, in the same order.
        calls: Vec<ToolCall>,
        /// What its vendor wants back.
        kept: Option<Kept>,
    },
    /// What a tool answered.
    Tool {
        /// The id of the call.
        call: String,
        /// The tool's name.
        name: String,
        /// Its answer, for the model to read.
        content: String,
        /// It did not work, and the answer says why.
        failed: bool,
    },
}

/// A picture, as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// E.g. `image/png`.
    pub media_type: String,
    /// Its bytes in base64.
    pub base64: String,
}

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// 1 to 64 of letters, digits, `_` and `-`.
    pub name: String,
    /// When and what for.
    pub description: String,
    /// A JSON schema of its arguments: an object.
    pub parameters: Value,
}

/// The form of an answer that is read by a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// 1 to 64 of letters, digits, `_` and `-`.
    pub name: String,
    /// A JSON schema.
    pub schema: Value,
}

/// Whether tools are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model thinks fit.
    #[default]
    Auto,
    /// None, though they are known.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(String),
}

/// Limits of time for one attempt that are narrower or wider than the deployment's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// From the request to the first token, a cold load included.
    pub first_token: Option<Duration>,
    /// Between two pieces of the stream.
    pub idle: Option<Duration>,
    /// The whole attempt.
    pub total: Option<Duration>,
}

/// What one asks of a model.
#[derive(Clone, Default, PartialEq)]
pub struct Request {
    /// The instructions.
    pub system: String,
    /// The conversation, oldest turn first; the last one is a person's or a tool's.
    pub turns: Vec<Turn>,
    /// The tools it may call.
    pub tools: Vec<Tool>,
    /// Whether it calls them.
    pub tool_choice: ToolChoice,
    /// The form of the answer, where it must be JSON.
    pub schema: Option<Schema>,
    /// The most tokens to generate; a deployment may allow fewer.
    pub max_output_tokens: u32,
    /// Sent to deployments that accept one.
    pub temperature: Option<f32>,
    /// The answer ends before any of these texts; none of them is in it. Where a vendor takes none, or
    /// not such a one, we end it: what the model says after that is read, so that it is counted, and
    /// dropped.
    pub stop: Vec<String>,
    /// In place of the deployment's own.
    pub timeouts: Timeouts,
    /// The most attempts, where the settings would allow more: what another form of this request left
    /// of its budget ([`crate::Exhausted::attempts_left`]).
    pub attempts_max: Option<u32>,
}

/// What a deployment must be able to do for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    pub tools: bool,
    pub json_schema: bool,
    pub vision: bool,
}

impl Turn {
    /// A person's words.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { text: text.into(), images: Vec::new() }
    }

    /// The model's words.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::Assistant { text: text.into(), calls: Vec::new(), kept: None }
    }

    /// Whether there is nothing in it that could be sent.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::User { text, images } => text.trim().is_empty() && images.is_empty(),
            Self::Assistant { text, calls, .. } => text.trim().is_empty() && calls.is_empty(),
            Self::Tool { .. } => false,
        }
    }

    /// Its words, arguments and results.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let (text, calls) = match self {
            Self::User { text, .. } => (text, [].as_slice()),
            Self::Assistant { text, calls, .. } => (text, calls.as_slice()),
            Self::Tool { content, .. } => (content, [].as_slice()),
        };
        std::iter::once(text.as_str()).chain(calls.iter().map(|call| call.arguments.as_str()))
    }

    fn images(&self) -> &[Image] {
        match self {
            Self::User { images, .. } => images,
            Self::Assistant { .. } | Self::Tool { .. } => &[],
        }
    }
}

impl Request {
    /// Asks what the prompt asks, with the deployment's own clocks and temperature.
    pub fn of_prompt(prompt: &Prompt, max_output_tokens: u32) -> Self {
        let turns = prompt.turns.iter().map(|turn| match turn.role {
            prompt::Role::User => Turn::user(&turn.text),
            prompt::Role::Assistant => Turn::assistant(&turn.text),
        });
        Self {
            system: prompt.system.clone(),
            turns: turns.collect(),
            max_output_tokens,
            ..Self::default()
        }
    }

    /// What it takes to answer.
    pub(crate) fn needs(&self) -> Needs {
        let calls = |turn: &Turn| match turn {
            Turn::Assistant { calls, .. } => !calls.is_empty(),
            Turn::Tool { .. } => true,
            Turn::User { .. } => false,
        };
        Needs {
            tools: !self.tools.is_empty() || self.turns.iter().any(calls),
            json_schema: self.schema.is_some(),
            vision: self.turns.iter().any(|turn| !turn.images().is_empty()),
        }
    }

    /// The prompt's tokens, guessed on the safe side. Linear in its length.
    pub fn tokens(&self) -> u32 {
        let turn = |turn: &Turn| {
            let words: u32 = turn.texts().map(estimate_tokens).fold(0, u32::saturating_add);
            let images = u32::try_from(turn.images().len()).unwrap_or(u32::MAX);
            words.saturating_add(images.saturating_mul(IMAGE_TOKENS)).saturating_add(MARK_TOKENS)
        };
        let tool = |tool: &Tool| {
            let written = tool.parameters.to_string();
            let all = [tool.name.as_str(), &tool.description, &written];
            all.into_iter().map(estimate_tokens).fold(MARK_TOKENS, u32::saturating_add)
        };
        let turns = self.turns.iter().map(turn).fold(0, u32::saturating_add);
        let tools = self.tools.iter().map(tool).fold(0, u32::saturating_add);
        estimate_tokens(&self.system).saturating_add(turns).saturating_add(tools)
    }

    /// The prompt has no fewer tokens than that.
    pub(crate) fn tokens_at_least(&self) -> u32 {
        let turns = self.turns.iter().flat_map(Turn::texts).map(str::len);
        let bytes = turns.fold(self.system.len(), usize::saturating_add);
        u32::try_from(bytes / BYTES_PER_TOKEN_MAX).unwrap_or(u32::MAX)
    }
}

// `Debug` by hand: people's words must not reach a log through `{:?}`.

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { text, images } => {
                write!(f, "User({} bytes, {} images)", text.len(), images.len())
            }
            Self::Assistant { text, calls, .. } => {
                write!(f, "Assistant({} bytes, {} calls)", text.len(), calls.len())
            }
            Self::Tool { name, content, .. } => write!(f, "Tool({name}, {} bytes)", content.len()),
        }
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({}, {} bytes)", self.media_type, self.base64.len())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("system_bytes", &self.system.len())
            .field("turns", &self.turns)
            .field("tools", &self.tools.len())
            .field("max_output_tokens", &self.max_output_tokens)
            .finish_non_exhaustive()
    }
}
