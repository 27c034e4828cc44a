//! What a test can make the fake do, and what the fake remembers.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many requests are remembered.
pub const RECORDED_MAX: usize = 10_000;

/// What one request gets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// Only for a request whose last user turn has this in it.
    pub when: Option<String>,
    /// The text.
    pub say: Say,
    /// How long the status line waits.
    pub headers_ms: u64,
    /// How long the first token waits, after the status line.
    pub first_token_ms: u64,
    /// How long each further token waits.
    pub token_ms: u64,
    /// Whether it waits after its first token until [`super::FakeLlm::release`].
    pub held: bool,
    /// What goes wrong.
    pub fault: Option<Fault>,
}

/// What is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Say {
    /// `echo: ` and the last user turn.
    #[default]
    Echo,
    /// This, which may be empty.
    Text(String),
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Another status than 200.
    Status {
        /// The status.
        status: u16,
        /// More headers.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// The body as it is.
        #[serde(default)]
        body: String,
    },
    /// 200, all of the text, and then an error where the end should be.
    ErrorInside {
        /// The vendor's name for it.
        kind: String,
        /// Its sentence.
        message: String,
    },
    /// All of the text, and then a clean end of the body without the vendor's end marker.
    Cut,
    /// All of the text, and then the connection breaks.
    Reset,
    /// All of the text, and then nothing, for ever.
    Stall,
    /// The end marker, and then nothing, for ever: neither a count of tokens nor a close.
    StallAfterEnd,
    /// The end marker, but not what usually follows it.
    NoClose,
    /// A frame that is not JSON.
    Malformed,
    /// One frame without an end.
    Huge,
    /// The end marker with this reason in place of the usual one.
    EndReason(String),
}

impl Behaviour {
    /// That text.
    pub fn text(text: &str) -> Self {
        Self { say: Say::Text(text.to_owned()), ..Self::default() }
    }

    /// An echo with that fault.
    pub fn fault(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// That status with that body.
    pub fn status(status: u16, body: &str) -> Self {
        Self::fault(Fault::Status { status, headers: Vec::new(), body: body.to_owned() })
    }

    /// With one header more, if it is a status.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Some(Fault::Status { headers, .. }) = &mut self.fault {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The path, e.g. `/v1/messages`.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Value,
}

impl Recorded {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The model asked for.
    pub fn model(&self) -> &str {
        self.body.get("model").and_then(Value::as_str).unwrap_or_default()
    }

    /// The system prompt, wherever the vendor has it.
    pub fn system(&self) -> &str {
        let own = self.body.get("system").and_then(Value::as_str);
        own.or_else(|| self.said_by("system").next()).unwrap_or_default()
    }

    /// What the person said last.
    pub fn last_user(&self) -> &str {
        self.said_by("user").last().unwrap_or_default()
    }

    /// The turns as `(role, text)`, the system prompt left out.
    pub fn turns(&self) -> Vec<(&str, &str)> {
        self.messages().filter(|(role, _)| *role != "system").collect()
    }

    fn said_by(&self, who: &str) -> impl Iterator<Item = &str> {
        self.messages().filter_map(move |(role, text)| (role == who).then_some(text))
    }

    fn messages(&self) -> impl Iterator<Item = (&str, &str)> {
        let messages = self.body.get("messages").and_then(Value::as_array);
        messages.into_iter().flatten().filter_map(|message| {
            let text = |key| message.get(key).and_then(Value::as_str);
            Some((text("role")?, text("content")?))
        })
    }
}

/// What the fake will do and has seen.
#[derive(Debug, Default)]
pub(super) struct State {
    pub script: VecDeque<Behaviour>,
    pub standard: Behaviour,
    pub recorded: VecDeque<Recorded>,
}

impl State {
    /// Notes a request and says what it gets.
    pub(super) fn meet(&mut self, request: &Recorded) -> Behaviour {
        if RECORDED_MAX <= self.recorded.len() {
            self.recorded.pop_front();
        }
        self.recorded.push_back(request.clone());
        let said = request.last_user();
        let fits = |b: &Behaviour| b.when.as_ref().is_none_or(|part| said.contains(part.as_str()));
        let at = self.script.iter().position(fits);
        at.and_then(|at| self.script.remove(at)).unwrap_or_else(|| self.standard.clone())
    }
}
