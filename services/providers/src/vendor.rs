//! The vendors, and what each has to know: how to ask, and how to read the stream that comes back.

use std::{fmt, str::FromStr};

use reqwest::header::{HeaderName, HeaderValue};
use schemas::usage::Usage;

use crate::{
    Answer, Deployment, Failure, FailureClass, Request, Secret, anthropic, frames::Framing, ollama,
    openai, reading::Stage,
};

/// A wire format. "OpenAI" is everything that speaks its chat completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// Chat completions: OpenAI and all that is compatible.
    OpenAi,
    /// Messages.
    Anthropic,
    /// Ollama's own `/api/chat`, not its OpenAI-compatible endpoint, which cuts prompts silently.
    Ollama,
}

impl Vendor {
    /// Every vendor.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Ollama];

    /// The name in settings, events and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
        }
    }

    pub(crate) fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::OpenAi => &openai::OpenAi,
            Self::Anthropic => &anthropic::Anthropic,
            Self::Ollama => &ollama::Ollama,
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Vendor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|vendor| vendor.as_str() == text);
        found.ok_or_else(|| format!("unknown vendor `{text}` (openai, anthropic or ollama)"))
    }
}

/// How one vendor is spoken to.
pub(crate) trait Dialect: Send + Sync {
    /// The HTTP call that asks for a streamed answer of at most that many tokens.
    fn call(&self, to: &Deployment, ask: &Request, output_tokens: u32) -> Result<Call, Failure>;
    /// How the stream is cut into frames.
    fn framing(&self) -> Framing;
    /// An answer of which nothing is known yet.
    fn draft(&self) -> Box<dyn Draft>;
}

/// An answer in the making: frames in, an answer or a failure out. Pure.
pub(crate) trait Draft: Send {
    /// Takes the next frame. Looks for an error before anything else.
    fn read(&mut self, frame: &[u8]) -> Result<(), Failure>;
    /// How far it is.
    fn stage(&self) -> Stage;
    /// The text so far; it only grows.
    fn text(&self) -> &str;
    /// What the vendor has counted so far.
    fn usage(&self) -> Option<Usage>;
    /// The answer, if the stream held a whole one.
    fn finish(self: Box<Self>) -> Result<Answer, Failure>;
}

/// One HTTP POST.
pub(crate) struct Call {
    /// Appended to the deployment's base URL.
    pub path: &'static str,
    /// Those the vendor needs beside the content type.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// JSON.
    pub body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(path: &'static str, body: &impl serde::Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(body).map_err(|_cannot_happen_for_plain_data| {
            Failure::new(FailureClass::BadRequest, "the request cannot be written as JSON")
        })?;
        Ok(Self { path, headers: Vec::new(), body })
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
        self.headers.push((name, value));
        self
    }

    /// A header that holds a key: marked, so that no library prints it.
    pub(crate) fn key(
        mut self,
        name: &'static str,
        prefix: &str,
        key: Option<&Secret>,
    ) -> Result<Self, Failure> {
        let Some(key) = key else { return Ok(self) };
        let mut value = header_value(prefix, key).ok_or_else(|| {
            Failure::new(FailureClass::CredentialDead, "the key cannot stand in a header")
        })?;
        value.set_sensitive(true);
        self.headers.push((HeaderName::from_static(name), value));
        Ok(self)
    }
}

/// The header's value, unless the key has characters that no header may hold.
pub(crate) fn header_value(prefix: &str, key: &Secret) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{prefix}{}", key.expose())).ok()
}
