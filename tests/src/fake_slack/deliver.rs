//! Delivering events to a gateway as Slack does: signed, each attempt with a fresh timestamp, and
//! again with retry headers while the gateway does not say 200.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// How long Slack waits for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// Where events go.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// E.g. `http://127.0.0.1:8001/slack/events`.
    pub url: String,
    /// What it expects events to be signed with.
    pub signing_secret: String,
    /// The waits before each retry. Slack's are 0, one and five minutes.
    pub retries: Vec<Duration>,
}

impl Gateway {
    /// The gateway at that address (`/slack/events` is appended), with retries that fit a test.
    pub fn new(base_url: &str, signing_secret: &str) -> Self {
        Self {
            url: format!("{}/slack/events", base_url.trim_end_matches('/')),
            signing_secret: signing_secret.to_owned(),
            retries: [0, 200, 1_000].map(Duration::from_millis).to_vec(),
        }
    }

    /// Other waits before the retries; none of them, no retries.
    #[must_use]
    pub fn retries(mut self, waits: &[Duration]) -> Self {
        self.retries = waits.to_vec();
        self
    }

    /// Delivers until the gateway says 200, as often as Slack would.
    pub async fn deliver(&self, http: &reqwest::Client, event: &Value) -> Delivery {
        let mut attempts = Vec::new();
        let mut retry = None;
        for number in 0..=self.retries.len() {
            let attempt = self.attempt(http, event, retry.take()).await;
            retry = attempt.retry_reason().map(|reason| (number + 1, reason));
            attempts.push(attempt);
            match (&retry, self.retries.get(number)) {
                (Some(_), Some(wait)) => tokio::time::sleep(*wait).await,
                (Some(_) | None, _) => break,
            }
        }
        Delivery { attempts }
    }

    /// Delivers it once, as retry `number` for `reason` where there is one.
    pub async fn attempt(
        &self,
        http: &reqwest::Client,
        event: &Value,
        retry: Option<(usize, &'static str)>,
    ) -> Attempt {
        let body = event.to_string();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp = since.as_secs().to_string();
        let mut request = http
            .post(&self.url)
            .timeout(ANSWER_MAX)
            .header("content-type", "application/json")
            .header("user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
            .header("x-slack-request-timestamp", &timestamp)
            .header("x-slack-signature", sign(&self.signing_secret, &timestamp, body.as_bytes()));
        if let Some((number, reason)) = retry {
            request = request
                .header("x-slack-retry-num", number.to_string())
                .header("x-slack-retry-reason", reason);
        }
        match request.body(body).send().await {
            Err(error) if error.is_timeout() => Attempt::Silent("http_timeout"),
            Err(_) => Attempt::Silent("connection_failed"),
            Ok(response) => {
                let status = response.status().as_u16();
                let no_retry = response.headers().get("x-slack-no-retry").is_some();
                Attempt::Answered {
                    status,
                    no_retry,
                    body: response.text().await.unwrap_or_default(),
                }
            }
        }
    }
}

/// `v0=` and the hex of HMAC-SHA256 over `v0:timestamp:body`.
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    for part in [b"v0:", timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// In their order.
    pub attempts: Vec<Attempt>,
}

impl Delivery {
    /// Whether the gateway took it.
    pub fn is_taken(&self) -> bool {
        self.attempts.last().and_then(Attempt::status) == Some(200)
    }

    /// The statuses, where there were any.
    pub fn statuses(&self) -> Vec<Option<u16>> {
        self.attempts.iter().map(Attempt::status).collect()
    }
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The gateway answered.
    Answered {
        /// Its status.
        status: u16,
        /// Whether it asked for no retry.
        no_retry: bool,
        /// Its words.
        body: String,
    },
    /// It did not; Slack's name for why.
    Silent(&'static str),
}

impl Attempt {
    /// The status, where there is one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Attempt::Answered { status, .. } => Some(*status),
            Attempt::Silent(_) => None,
        }
    }

    /// Why Slack tries again, if it does.
    fn retry_reason(&self) -> Option<&'static str> {
        match self {
            Attempt::Answered { status: 200..=299, .. }
            | Attempt::Answered { no_retry: true, .. } => None,
            Attempt::Answered { .. } => Some("http_error"),
            Attempt::Silent(reason) => Some(reason),
        }
    }
}
