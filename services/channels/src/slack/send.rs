//! Slack's Web API. One request each; what came of it is read in one place.

use std::time::Duration;

use domain::{
    effect::{Rejection, SendOutcome},
    secret::Secret,
};
use reqwest::redirect::Policy;
use schemas::{ChannelKind, EffectId, Place};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    API_URL, EFFECT_EVENT,
    answer::{Answer, BYTES_MAX, outcome_of_error, read},
    find,
    throttle::{Method, Pacing, Throttle},
    wording::with_words,
};
use crate::{Call, Found, Identity, Outbound, Sending, Wording};

/// How long a connection may take to open.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// How long a call may take as a whole.
const TOTAL_MAX: Duration = Duration::from_secs(10);

/// How long an unused connection is kept: less than Slack's side keeps it, so that a request seldom
/// meets one that is being closed, which would leave it in doubt.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// How many unused connections are kept.
const IDLE_COUNT_MAX: usize = 64;

/// How Slack is spoken to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where its Web API is; the methods' names are appended.
    pub api_url: String,
    /// Whether we keep to its published limits.
    pub pacing: Pacing,
    /// How long a call may take as a whole.
    pub total: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { api_url: API_URL.to_owned(), pacing: Pacing::Slack, total: TOTAL_MAX }
    }
}

/// Why Slack cannot be spoken to with these settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Not an address.
    #[error("`{0}` is not an http(s) address")]
    Url(String),
    /// No HTTP client could be made.
    #[error("no HTTP client: {0}")]
    Client(#[source] reqwest::Error),
}

/// A Slack app's voice. Make one for the process: it holds the connections and keeps the pace.
pub struct SlackOut {
    http: reqwest::Client,
    api_url: String,
    throttle: Throttle,
}

impl SlackOut {
    /// The process must have a rustls crypto provider by now.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let Settings { api_url, pacing, total } = settings;
        let api_url = api_url.trim().trim_end_matches('/').to_owned();
        let parsed = reqwest::Url::parse(&api_url).ok();
        let usable = |url: &reqwest::Url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
        };
        if !parsed.as_ref().is_some_and(usable) {
            return Err(SetupError::Url(api_url));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_MAX.min(total))
            .timeout(total)
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_COUNT_MAX)
            // A redirected POST may arrive twice, and would carry the token elsewhere.
            .redirect(Policy::none())
            .user_agent(concat!("konstruct/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(SetupError::Client)?;
        Ok(Self { http, api_url, throttle: Throttle::new(pacing) })
    }

    /// Calls a method that takes JSON.
    async fn call(
        &self,
        token: &Secret,
        workspace: &str,
        method: Method,
        body: &Value,
    ) -> Result<Answer, SendOutcome> {
        let channel = body.get("channel").and_then(Value::as_str);
        self.turn(workspace, method, channel).await?;
        let request = self.http.post(self.url(method)).json(body);
        self.send(request, token, workspace, method).await
    }

    /// Calls a method that reads, and takes its arguments in the address.
    pub(super) async fn get(
        &self,
        token: &Secret,
        workspace: &str,
        method: Method,
        query: &(impl Serialize + Sync + ?Sized),
    ) -> Result<Answer, SendOutcome> {
        self.turn(workspace, method, None).await?;
        let request = self.http.get(self.url(method)).query(query);
        self.send(request, token, workspace, method).await
    }

    async fn turn(
        &self,
        workspace: &str,
        method: Method,
        channel: Option<&str>,
    ) -> Result<(), SendOutcome> {
        let turn = self.throttle.turn(workspace, method, channel).await;
        turn.map_err(|wait| {
            metrics::counter!("konstruct_slack_paced_total", "method" => method.path())
                .increment(1);
            SendOutcome::RetryAfter(wait)
        })
    }

    /// The one place where a request leaves.
    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        token: &Secret,
        workspace: &str,
        method: Method,
    ) -> Result<Answer, SendOutcome> {
        let sent = request.bearer_auth(token.expose()).send().await;
        let answer = match sent {
            Ok(response) => read(response, BYTES_MAX).await,
            Err(error) => Err(outcome_of_error(&error)),
        };
        if let Err(SendOutcome::RetryAfter(wait)) = &answer {
            self.throttle.hold(workspace, method, *wait);
        }
        let outcome = label(answer.as_ref().err());
        metrics::counter!("konstruct_slack_calls_total", "method" => method.path(), "outcome" => outcome)
            .increment(1);
        answer
    }

    fn url(&self, method: Method) -> String {
        format!("{}/{}", self.api_url, method.path())
    }

    async fn post(&self, call: Call<'_>, wording: Wording<'_>) -> SendOutcome {
        let mut body = json!({
            "channel": call.place.channel,
            "metadata": metadata(call.effect),
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if let (Some(thread), Some(body)) = (thread_of(call.place), body.as_object_mut()) {
            body.insert("thread_ts".to_owned(), thread.into());
        }
        let body = with_words(body, wording);
        let answer = self.call_in(call, Method::PostMessage, &body).await;
        sent(answer, |answer| answer.ts.clone())
    }

    async fn announce(
        &self,
        token: &Secret,
        workspace: &str,
        channel: &str,
        text: &str,
    ) -> SendOutcome {
        let body = json!({ "channel": channel, "text": text });
        let answer = self.call(token, workspace, Method::PostMessage, &body).await;
        sent(answer, |answer| answer.ts.clone())
    }

    async fn update(&self, call: Call<'_>, ts: &str, wording: Wording<'_>) -> SendOutcome {
        let (channel, metadata) = (&call.place.channel, metadata(call.effect));
        let body = json!({ "channel": channel, "ts": ts, "metadata": metadata });
        let body = with_words(body, wording);
        let answer = self.call_in(call, Method::Update, &body).await;
        sent(answer, |_| Some(ts.to_owned()))
    }

    async fn delete(&self, call: Call<'_>, ts: &str) -> SendOutcome {
        let body = json!({ "channel": call.place.channel, "ts": ts });
        let answer = self.call_in(call, Method::Delete, &body).await;
        let outcome = sent(answer, |_| Some(ts.to_owned()));
        let gone = SendOutcome::Rejected {
            code: "message_not_found".to_owned(),
            class: Rejection::Target,
        };
        if outcome == gone { SendOutcome::Sent(ts.to_owned()) } else { outcome }
    }

    async fn tell(&self, call: Call<'_>, user: &str, text: &str) -> SendOutcome {
        let body = json!({
            "channel": call.place.channel,
            "thread_ts": call.place.thread,
            "user": user,
            "text": text,
        });
        let answer = self.call_in(call, Method::PostEphemeral, &body).await;
        sent(answer, |answer| answer.message_ts.clone())
    }

    /// <https://docs.slack.dev/reference/methods/chat.getPermalink>
    async fn link(
        &self,
        token: &Secret,
        (workspace, channel): (&str, &str),
        ts: &str,
    ) -> Option<String> {
        let query = [("channel", channel), ("message_ts", ts)];
        let answer = self.get(token, workspace, Method::Permalink, &query).await.ok()?;
        answer.permalink.filter(|link| link.starts_with("https://"))
    }

    async fn call_in(
        &self,
        call: Call<'_>,
        method: Method,
        body: &Value,
    ) -> Result<Answer, SendOutcome> {
        self.call(call.token, &call.place.workspace, method, body).await
    }

    async fn whoami(&self, token: &Secret, workspace: &str) -> Result<Identity, SendOutcome> {
        let answer = self.call(token, workspace, Method::AuthTest, &json!({})).await?;
        let missing = || SendOutcome::Ambiguous("auth.test names nobody".to_owned());
        Ok(Identity {
            workspace: answer.team_id.or(answer.enterprise_id).ok_or_else(missing)?,
            workspace_name: answer.team.unwrap_or_default(),
            bot_user: answer.user_id.ok_or_else(missing)?,
            bot_id: answer.bot_id,
        })
    }
}

/// Nothing for what stands in a channel in the open.
pub(super) fn thread_of(place: &Place) -> Option<&str> {
    Some(place.thread.as_str()).filter(|thread| !thread.is_empty())
}

/// No secrets in here: every app and person of the workspace can read it.
fn metadata(effect: &EffectId) -> Value {
    json!({ "event_type": EFFECT_EVENT, "event_payload": { "effect": effect } })
}

/// A success that does not say where the message is has happened, and we cannot say where.
fn sent(
    answer: Result<Answer, SendOutcome>,
    ts: impl FnOnce(&Answer) -> Option<String>,
) -> SendOutcome {
    match answer {
        Err(outcome) => outcome,
        Ok(answer) => match ts(&answer) {
            Some(ts) => SendOutcome::Sent(ts),
            None => SendOutcome::Ambiguous("ok without a timestamp".to_owned()),
        },
    }
}

fn label(outcome: Option<&SendOutcome>) -> &'static str {
    match outcome {
        None | Some(SendOutcome::Sent(_)) => "ok",
        Some(SendOutcome::Rejected { .. }) => "rejected",
        Some(SendOutcome::NotSent(_)) => "not_sent",
        Some(SendOutcome::RetryAfter(_)) => "retry_after",
        Some(SendOutcome::Ambiguous(_)) => "ambiguous",
    }
}

impl Outbound for SlackOut {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Slack
    }

    fn post<'a>(&'a self, call: Call<'a>, wording: Wording<'a>) -> Sending<'a, SendOutcome> {
        Box::pin(self.post(call, wording))
    }

    fn announce<'a>(
        &'a self,
        token: &'a Secret,
        workspace: &'a str,
        channel: &'a str,
        text: &'a str,
    ) -> Sending<'a, SendOutcome> {
        Box::pin(self.announce(token, workspace, channel, text))
    }

    fn update<'a>(
        &'a self,
        call: Call<'a>,
        ts: &'a str,
        wording: Wording<'a>,
    ) -> Sending<'a, SendOutcome> {
        Box::pin(self.update(call, ts, wording))
    }

    fn delete<'a>(&'a self, call: Call<'a>, ts: &'a str) -> Sending<'a, SendOutcome> {
        Box::pin(self.delete(call, ts))
    }

    fn tell<'a>(
        &'a self,
        call: Call<'a>,
        user: &'a str,
        text: &'a str,
    ) -> Sending<'a, SendOutcome> {
        Box::pin(self.tell(call, user, text))
    }

    fn find<'a>(&'a self, call: Call<'a>, bot_user: &'a str) -> Sending<'a, Found> {
        Box::pin(find::find(self, call, bot_user))
    }

    fn link<'a>(
        &'a self,
        token: &'a Secret,
        place: (&'a str, &'a str),
        ts: &'a str,
    ) -> Sending<'a, Option<String>> {
        Box::pin(self.link(token, place, ts))
    }

    fn whoami<'a>(
        &'a self,
        token: &'a Secret,
        workspace: &'a str,
    ) -> Sending<'a, Result<Identity, SendOutcome>> {
        Box::pin(self.whoami(token, workspace))
    }
}
