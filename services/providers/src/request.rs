//! What one asks of a model and what it answers, the same for every vendor.

use std::{fmt, time::Duration};

use domain::prompt::{self, Prompt};
use schemas::usage::Usage;

/// Who said a turn of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A person.
    User,
    /// The model.
    Assistant,
}

/// One turn of the conversation.
#[derive(Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// What was said. A blank turn is not sent: vendors refuse it.
    pub text: String,
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
#[derive(Clone, PartialEq)]
pub struct Request {
    /// The instructions.
    pub system: String,
    /// The conversation, oldest turn first; the last one is the person's.
    pub turns: Vec<Turn>,
    /// The most tokens to generate; a deployment may allow fewer.
    pub max_output_tokens: u32,
    /// Sent to deployments that accept one.
    pub temperature: Option<f32>,
    /// In place of the deployment's own.
    pub timeouts: Timeouts,
}

impl Request {
    /// Asks what the prompt asks, with the deployment's own clocks and temperature.
    pub fn of_prompt(prompt: &Prompt, max_output_tokens: u32) -> Self {
        let turns = prompt.turns.iter().map(|turn| Turn {
            role: match turn.role {
                prompt::Role::User => Role::User,
                prompt::Role::Assistant => Role::Assistant,
            },
            text: turn.text.clone(),
        });
        Self {
            system: prompt.system.clone(),
            turns: turns.collect(),
            max_output_tokens,
            temperature: None,
            timeouts: Timeouts::default(),
        }
    }
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It was done.
    Stop,
    /// It met the limit of tokens, so the text ends early.
    Length,
    /// Something else that its vendor counts as an end.
    Other,
}

/// A whole answer.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// The text; never blank.
    pub text: String,
    /// The model, as the vendor reports it.
    pub model: String,
    /// The vendor's count of tokens, where it gave one.
    pub usage: Option<Usage>,
    /// Why it ended.
    pub finish: Finish,
}

// `Debug` by hand: people's words must not reach a log through `{:?}`.

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Turn({:?}, {} bytes)", self.role, self.text.len())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("system_bytes", &self.system.len())
            .field("turns", &self.turns)
            .field("max_output_tokens", &self.max_output_tokens)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("text_bytes", &self.text.len())
            .field("model", &self.model)
            .field("finish", &self.finish)
            .finish_non_exhaustive()
    }
}
