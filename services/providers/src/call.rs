//! One attempt: sends the request, reads the stream, keeps the clocks. Dropping the future ends the
//! connection, so that nobody generates for a caller who left.

use std::time::{Duration, SystemTime};

use reqwest::{Client, Response};
use tokio::time::{Instant, timeout_at};

use crate::{
    Answer, Deployment, Failure, FailureClass, Request,
    classify::Report,
    echo::Echo,
    reading::{Reading, Stage},
    retry_after::{retry_after, should_retry},
    run::Heard,
    stops::Stops,
    stream::Watch,
    vendor::Call,
};

/// How much of an error's body is read, in bytes.
const ERROR_BYTES_MAX: usize = 64 << 10;

/// How long a finished answer waits for its count of tokens and the end of the stream.
const LINGER: Duration = Duration::from_secs(2);

/// How long, and how much of it, a stream is read on once its answer is there: its connection serves the next
/// answer only if it was read to its end.
const DRAIN: Duration = Duration::from_secs(1);
const DRAIN_BYTES_MAX: usize = 16 << 10;

/// What came of an attempt.
pub(crate) struct Tried {
    pub result: Result<Answer, Failure>,
    /// From the request to the end.
    pub latency: Duration,
    /// From the request to the first token.
    pub first_token: Option<Duration>,
}

/// When each clock runs out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub first_token: Duration,
    pub idle: Duration,
    /// The end of the whole attempt; not after the deadline of the request.
    pub total_at: Instant,
}

/// One call of a deployment, watched.
pub(crate) struct Exchange<'w, W> {
    started: Instant,
    limits: Limits,
    heard: &'w Heard,
    watch: &'w mut W,
    /// Where the answer ends, as far as its vendor does not see to that.
    stops: Stops,
}

impl<'w, W: Watch> Exchange<'w, W> {
    /// One that starts now.
    pub(crate) fn new(limits: Limits, heard: &'w Heard, watch: &'w mut W) -> Self {
        Self { started: Instant::now(), limits, heard, watch, stops: Stops::default() }
    }

    /// Calls the deployment once.
    pub(crate) async fn attempt(
        mut self,
        client: &Client,
        to: &Deployment,
        ask: &Request,
        output_tokens: u32,
    ) -> Tried {
        let dialect = to.vendor.dialect();
        self.stops = Stops::untold(to, ask);
        let result = match dialect.call(to, ask, output_tokens) {
            Err(failure) => Err(Failure { unbilled: true, ..failure }),
            Ok(call) => self.run(client, to, call, Reading::new(dialect)).await,
        };
        Tried { result, latency: self.started.elapsed(), first_token: self.heard.first_token() }
    }

    async fn run(
        &mut self,
        client: &Client,
        to: &Deployment,
        call: Call,
        reading: Reading,
    ) -> Result<Answer, Failure> {
        let response = self.send(client, to, call).await?;
        let echo = Echo::of(to.api_key.as_ref());
        if !response.status().is_success() {
            return Err(self.rejected(response, echo).await);
        }
        let answer = self.read(response, reading, echo).await?;
        let mut answer = self.stops.cut(answer)?;
        // What the last frame said is in the answer only.
        self.watch.so_far(&answer.text);
        if answer.model.is_empty() {
            answer.model.clone_from(&to.model);
        }
        if let Some(kept) = &mut answer.kept {
            kept.model.clone_from(&to.model);
        }
        Ok(answer)
    }

    async fn send(
        &self,
        client: &Client,
        to: &Deployment,
        call: Call,
    ) -> Result<Response, Failure> {
        let url = format!("{}{}", to.base_url, call.path);
        let request = client
            .post(url)
            .headers(call.headers.into_iter().collect())
            .header("content-type", "application/json")
            .body(call.body);
        let (limit, detail) = self.limit(Stage::Silent, self.started);
        match timeout_at(limit, request.send()).await {
            Err(_elapsed) => Err(Failure::new(FailureClass::TimedOut, detail)),
            Ok(sent) => sent.map_err(|error| unsent(&error)),
        }
    }

    /// Reads a response that is not a success; what of its body comes in time decides the class.
    async fn rejected(&self, mut response: Response, mut echo: Echo<'_>) -> Failure {
        let status = response.status().as_u16();
        let wait = retry_after(status, response.headers(), SystemTime::now());
        let should_retry = should_retry(response.headers());
        let (limit, _) = self.limit(Stage::Speaking, Instant::now());
        let mut body = Vec::new();
        while body.len() < ERROR_BYTES_MAX {
            let Ok(Ok(Some(bytes))) = timeout_at(limit, response.chunk()).await else { break };
            if echo.hears(&bytes) {
                // The status alone must do.
                body.clear();
                break;
            }
            body.extend(bytes.iter().take(ERROR_BYTES_MAX.saturating_sub(body.len())));
        }
        Failure { retry_after: wait, should_retry, ..Report::of_body(&body).rejected(status) }
    }

    async fn read(
        &mut self,
        response: Response,
        mut reading: Reading,
        echo: Echo<'_>,
    ) -> Result<Answer, Failure> {
        let read = self.listen(response, &mut reading, echo).await;
        // With what was counted before it broke.
        let usage = || reading.usage().map(Box::new);
        read.map_err(|failure| Failure { usage: usage(), ..failure })?;
        reading.finish()
    }

    async fn listen(
        &mut self,
        mut response: Response,
        reading: &mut Reading,
        mut echo: Echo<'_>,
    ) -> Result<(), Failure> {
        let mut listening = Listening { reading, heard: self.heard, is_cut: true };
        let (mut stage, mut spoke) = (Stage::Silent, false);
        let mut heard_at = self.started;
        while stage != Stage::Closed {
            let (limit, detail) = self.limit(stage, heard_at);
            let piece = match timeout_at(limit, response.chunk()).await {
                Ok(Ok(piece)) => Ok(piece),
                Ok(Err(_)) => Err(Failure::new(FailureClass::Transient, "the connection broke")),
                Err(_elapsed) => Err(Failure::new(FailureClass::TimedOut, detail)),
            };
            let bytes = match piece {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                // The answer is whole; only its count of tokens or the closing did not come.
                Err(_) if stage == Stage::Complete => break,
                Err(failure) => return Err(failure),
            };
            if echo.hears(&bytes) {
                let detail = "our key came back in the answer";
                return Err(Failure::new(FailureClass::BadRequest, detail));
            }
            heard_at = Instant::now();
            stage = listening.reading.push(&bytes)?;
            self.watch.so_far(self.stops.shown(listening.reading.text()));
            if stage != Stage::Silent && !std::mem::replace(&mut spoke, true) {
                self.heard.spoke(self.started.elapsed());
            }
        }
        listening.is_cut = false;
        if stage == Stage::Closed {
            tokio::spawn(drain(response));
        }
        Ok(())
    }

    /// The clock that runs at that stage: when it runs out, and what is said then.
    fn limit(&self, stage: Stage, heard_at: Instant) -> (Instant, &'static str) {
        let Limits { first_token, idle, total_at } = self.limits;
        let (clock, detail) = match stage {
            Stage::Silent => (self.started.checked_add(first_token), "no first token in time"),
            Stage::Speaking => (heard_at.checked_add(idle), "the stream went silent"),
            Stage::Complete | Stage::Closed => (heard_at.checked_add(LINGER), "it did not close"),
        };
        match clock {
            Some(clock) if clock < total_at => (clock, detail),
            Some(_) | None => (total_at, "the attempt took too long"),
        }
    }
}

/// Reads what is behind the answer, as a rule nothing but the end of the stream. Nobody waits for it.
async fn drain(mut response: Response) {
    let until = Instant::now().checked_add(DRAIN);
    let (Some(until), mut left) = (until, DRAIN_BYTES_MAX) else { return };
    while let Ok(Ok(Some(bytes))) = timeout_at(until, response.chunk()).await {
        let Some(rest) = left.checked_sub(bytes.len()) else { return };
        left = rest;
    }
}

/// A stream being read. Dropped in the middle, it leaves behind what was counted.
struct Listening<'r> {
    reading: &'r mut Reading,
    heard: &'r Heard,
    is_cut: bool,
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        if self.is_cut {
            self.heard.counted(self.reading.usage());
        }
    }
}

/// The error itself is not kept: it names the address, which may hold what it should not.
fn unsent(error: &reqwest::Error) -> Failure {
    let (class, detail, unbilled) = if error.is_connect() && error.is_timeout() {
        (FailureClass::TimedOut, "no connection in time", true)
    } else if error.is_connect() {
        (FailureClass::Transient, "no connection", true)
    } else if error.is_builder() {
        (FailureClass::BadRequest, "the request cannot be sent", true)
    } else {
        (FailureClass::Transient, "the connection broke before an answer came", false)
    };
    Failure { unbilled, ..Failure::new(class, detail) }
}
