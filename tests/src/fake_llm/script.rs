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
    /// Comments (blank lines, with Ollama) before the first token, as proxies keep a line open.
    pub keep_alives: u32,
    /// The body is sent in pieces of that many bytes, wherever they fall; 0 for one piece a frame.
    pub piece_bytes: usize,
    /// Answers in one piece, whatever was asked for.
    pub unstreamed: bool,
    /// Another content type than the vendor's.
    pub content_type: Option<String>,
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
    /// Calls of tools, after that text.
    Calls {
        /// May be empty.
        text: String,
        /// One or more.
        calls: Vec<Called>,
    },
    /// The calls in that script, until the request holds as many results; then the text of the last
    /// result. A model that uses its tools.
    CallsThenResult(Vec<Called>),
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// The tool.
    pub name: String,
    /// Its arguments, as the model writes them: JSON, if all is well.
    pub arguments: String,
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
    /// So many tokens of the text, and then a clean end of the body.
    CutAfter(usize),
    /// So many tokens of the text, and then nothing, for ever; with 0, not even what stands before.
    StallAfter(usize),
    /// What opens a stream comes twice.
    OpenedTwice,
    /// After half of the text, the stream begins again, with another text.
    Spliced(String),
    /// The body goes on for ever in tokens.
    Endless,
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

    /// What tools answered since the person spoke last, in order.
    pub fn results(&self) -> Vec<String> {
        let messages = self.body.get("messages").and_then(Value::as_array);
        let mut results = Vec::new();
        for message in messages.into_iter().flatten() {
            let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
            let content = message.get("content").unwrap_or(&Value::Null);
            if role == "tool" {
                results.push(content.as_str().unwrap_or_default().to_owned());
            } else if role == "user" {
                let parts = content.as_array().into_iter().flatten();
                let kind =
                    |part: &&Value| part.get("type").and_then(Value::as_str) == Some("tool_result");
                let found: Vec<String> = parts
                    .filter(kind)
                    .filter_map(|part| part.get("content").and_then(Value::as_str))
                    .map(str::to_owned)
                    .collect();
                if found.is_empty() {
                    results.clear();
                }
                results.extend(found);
            }
        }
        results
    }

    fn said_by(&self, who: &str) -> impl Iterator<Item = &str> {
        self.messages().filter_map(move |(role, text)| (role == who).then_some(text))
    }

    fn messages(&self) -> impl Iterator<Item = (&str, &str)> {
        let messages = self.body.get("messages").and_then(Value::as_array);
        messages.into_iter().flatten().filter_map(|message| {
            let role = message.get("role").and_then(Value::as_str)?;
            let content = message.get("content")?;
            // Of a list of parts, the first words.
            let mut parts = content.as_array().into_iter().flatten();
            let words = || parts.find_map(|part| part.get("text").and_then(Value::as_str));
            Some((role, content.as_str().or_else(words)?))
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
