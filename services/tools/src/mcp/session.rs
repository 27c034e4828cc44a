//! One conversation with a server of the Model Context Protocol, over streamable HTTP.
//!
//! It lasts for one question: what a server keeps of a client is its own business, and one that
//! forgets, restarts or never answers costs the one call.

use std::time::Duration;

use providers::{Frames, Framing};
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde_json::{Value, json};

use crate::{client::refused, outcome::Failed};

/// The most that is read in one conversation, in bytes.
pub const SESSION_BYTES_MAX: usize = 1 << 20;

/// The most messages that a server says before it answers.
const MESSAGES_MAX: usize = 256;

/// How long a server has to hear that a conversation is over.
const END_MAX: Duration = Duration::from_secs(2);

/// The longest name of a session.
const SESSION_ID_BYTES_MAX: usize = 512;

/// What we speak, the one we ask for first. None of them differs in what we say.
const VERSIONS: [&str; 4] = ["2025-06-18", "2025-11-25", "2025-03-26", "2024-11-05"];

const SESSION_ID: &str = "mcp-session-id";

/// Why a conversation broke, for the model to read. What the server said is in it unmasked.
pub(super) struct Broke(pub(super) Failed, pub(super) String);

/// A conversation.
pub(super) struct Session<'a> {
    client: &'a Client,
    url: Url,
    headers: HeaderMap,
    id: Option<HeaderValue>,
    /// What both speak, once that is known.
    version: Option<&'static str>,
    asked: u64,
    pub(super) bytes: usize,
}

impl<'a> Session<'a> {
    /// Begins one. `headers` go with every request.
    pub(super) async fn begin(
        client: &'a Client,
        url: Url,
        headers: HeaderMap,
    ) -> Result<Self, Broke> {
        let mut session =
            Self { client, url, headers, id: None, version: None, asked: 0, bytes: 0 };
        let [first, ..] = VERSIONS;
        let hello = json!({
            "protocolVersion": first,
            "capabilities": {},
            "clientInfo": { "name": "konstruct", "version": env!("CARGO_PKG_VERSION") },
        });
        let result = session.ask("initialize", hello).await?;
        let said = result.get("protocolVersion").and_then(Value::as_str);
        let known = VERSIONS.into_iter().find(|version| Some(*version) == said);
        let unknown = || protocol("speaks a version that is not known here");
        session.version = Some(known.ok_or_else(unknown)?);
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        session.say(&ready).await?;
        Ok(session)
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Broke> {
        self.asked += 1;
        let question =
            json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
        let response = self.post(&question).await?;
        if self.id.is_none() && method == "initialize" {
            let id = response.headers().get(SESSION_ID);
            self.id = id.filter(|id| id.len() <= SESSION_ID_BYTES_MAX).cloned();
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match kind.to_ascii_lowercase().as_str() {
            "application/json" => self.whole(response).await,
            "text/event-stream" => self.stream(response).await,
            _ => Err(protocol("answered with something that is neither JSON nor a stream")),
        }
    }

    /// One answer, or several messages with the answer among them.
    async fn whole(&mut self, mut response: Response) -> Result<Value, Broke> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| broke_off())? {
            self.count(chunk.len())?;
            body.extend_from_slice(&chunk);
        }
        let answer = self.message(&body).await?;
        answer.ok_or_else(|| protocol("did not answer what it was asked"))
    }

    async fn stream(&mut self, mut response: Response) -> Result<Value, Broke> {
        let mut frames = Frames::new(Framing::Events);
        let mut messages = 0;
        while let Some(chunk) = response.chunk().await.map_err(|_| broke_off())? {
            self.count(chunk.len())?;
            let mut rest = &*chunk;
            while let Some(frame) = frames.next(&mut rest).map_err(|_| too_long())? {
                // An event without data keeps the line open and says nothing.
                if frame.trim_ascii().is_empty() {
                    continue;
                }
                messages += 1;
                if MESSAGES_MAX < messages {
                    return Err(protocol("says much and does not answer"));
                }
                if let Some(answer) = self.message(&frame).await? {
                    return Ok(answer);
                }
            }
        }
        let last = frames.finish().map_err(|_| too_long())?;
        let last = last.filter(|frame| !frame.trim_ascii().is_empty());
        let answer = match last {
            Some(frame) => self.message(&frame).await?,
            None => None,
        };
        answer.ok_or_else(broke_off)
    }

    /// What a message means: the answer to the last question, if it is that.
    async fn message(&mut self, bytes: &[u8]) -> Result<Option<Value>, Broke> {
        let message: Value =
            serde_json::from_slice(bytes).map_err(|_| protocol("says what is not JSON"))?;
        // Before 2025-06-18 several could come as one.
        let messages = if let Value::Array(messages) = message { messages } else { vec![message] };
        for message in messages.into_iter().take(MESSAGES_MAX) {
            if message.get("method").is_some() {
                self.asked_by_server(&message).await?;
                continue;
            }
            if message.get("id").and_then(Value::as_u64) != Some(self.asked) {
                continue;
            }
            if let Some(error) = message.get("error") {
                let text = error.get("message").and_then(Value::as_str).unwrap_or("no reason");
                return Err(Broke(Failed::Tool, format!("The server refused: {text}")));
            }
            let result = message.get("result").cloned();
            return result.map(Some).ok_or_else(|| protocol("answered without a result"));
        }
        Ok(None)
    }

    /// A server may ask whether we are there. It may also want a model, files or a person, and has
    /// none of them from us.
    async fn asked_by_server(&mut self, message: &Value) -> Result<(), Broke> {
        let Some(id) = message.get("id").filter(|id| id.is_u64() || id.is_string()) else {
            return Ok(());
        };
        let answer = if message.get("method").and_then(Value::as_str) == Some("ping") {
            json!({ "jsonrpc": "2.0", "id": id, "result": {} })
        } else {
            let error = json!({ "code": -32601, "message": "not offered by this client" });
            json!({ "jsonrpc": "2.0", "id": id, "error": error })
        };
        self.say(&answer).await
    }

    /// Says what has no answer.
    async fn say(&mut self, message: &Value) -> Result<(), Broke> {
        self.post(message).await.map(drop)
    }

    async fn post(&mut self, message: &Value) -> Result<Response, Broke> {
        let request = self.request(Method::POST).header(CONTENT_TYPE, "application/json");
        let response =
            request.body(message.to_string()).send().await.map_err(|error| {
                match refused(&error) {
                    Some(why) => Broke(Failed::Refused, format!("Not called: {why}.")),
                    None => Broke(Failed::Network, "The server cannot be reached.".to_owned()),
                }
            })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "The server does not let us in",
            status if status.is_redirection() => "The server points elsewhere, where we do not go",
            _ => "The server refused",
        };
        let text = format!("{text} (HTTP {}).", status.as_u16());
        Err(Broke(Failed::Status(status.as_u16()), text))
    }

    fn request(&self, method: Method) -> RequestBuilder {
        let mut request = self
            .client
            .request(method, self.url.clone())
            .headers(self.headers.clone())
            .header(ACCEPT, "application/json, text/event-stream");
        if let Some(version) = self.version {
            request = request.header("mcp-protocol-version", version);
        }
        match &self.id {
            Some(id) => request.header(SESSION_ID, id),
            None => request,
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), Broke> {
        self.bytes = self.bytes.saturating_add(bytes);
        if SESSION_BYTES_MAX < self.bytes { Err(too_long()) } else { Ok(()) }
    }
}

/// However it ends, also in the middle of an answer, the server is told; nobody waits for that.
impl Drop for Session<'_> {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.id.is_some() {
            let bye = self.request(Method::DELETE).timeout(END_MAX).send();
            runtime.spawn(async move { drop(bye.await) });
        }
    }
}

pub(super) fn protocol(what: &str) -> Broke {
    Broke(Failed::Protocol, format!("The server {what}."))
}

fn broke_off() -> Broke {
    Broke(Failed::Network, "The server broke off its answer.".to_owned())
}

fn too_long() -> Broke {
    let text = format!("The server said more than {SESSION_BYTES_MAX} bytes.");
    Broke(Failed::TooLong, text)
}
