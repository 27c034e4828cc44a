//! The list, going on: server-sent events, one for each line.
//!
//! The id of an event is its sequence on the log, so a browser that comes back says where it was. The
//! session is asked for again and again, however much happens: a stream ends with it.

use std::{convert::Infallible, pin::pin, time::Duration};

use accounts::{SessionToken, Signed};
use axum::{
    extract::{Path, Query},
    http::{HeaderMap, HeaderValue, Method},
    response::{
        IntoResponse as _, Response,
        sse::{Event, Sse},
    },
};
use domain::access::Permission;
use runtime::live::{Happened, Look, News, NotNow};
use schemas::{TenantId, Timestamp};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::words::{Group, line};
use crate::server::{Portal, csrf, error::PageError, render::Cx, session::Visited};

/// How often the stream says that it lives, and asks whether it still may.
const BEAT: Duration = Duration::from_secs(15);

/// What the browser waits before it comes back.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    kind: String,
    after: Option<u64>,
}

pub(super) async fn follow(
    cx: Cx,
    Visited(visit): Visited,
    Path(tenant): Path<TenantId>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    // It changes nothing, and yet no other site may hold one open in somebody's name.
    csrf::check(&Method::POST, &headers, &cx.portal.origin).map_err(|_| PageError::Foreign)?;
    let back = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    // The route's guard has let the request through, so there is a session.
    let token = visit.session().cloned().ok_or(PageError::Internal)?;
    let from = (&tenant, back.or(wanted.after));
    let look = cx.portal.live.look(&cx.signed.session, from, cx.now());
    let look = look.map_err(|not_now| match not_now {
        NotNow::TooMany => PageError::TooMany,
        NotNow::TooOften { retry_at } => PageError::TooOften {
            // Rounded up: what comes too early is refused again.
            wait_s: retry_at.since(cx.now()).as_secs().saturating_add(1),
        },
    })?;
    let (who, detail) = (&cx.signed.principal, json!({ "activity": "live" }));
    cx.portal.accounts.note_read(who, &tenant, detail, &visit).await?;
    let group = Group::parse(&wanted.kind);
    let tail =
        Tail { portal: cx.portal, signed: cx.signed, token, tenant, group, look, beat_at: None };
    let events = futures::stream::unfold(tail, |mut tail| async move {
        let event = tail.next().await?;
        Some((Ok::<_, Infallible>(event), tail))
    });
    let mut response = Sse::new(events).into_response();
    // A proxy that gathers answers would hold these back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// One stream.
struct Tail {
    portal: Portal,
    signed: Signed,
    token: SessionToken,
    tenant: TenantId,
    group: Group,
    look: Look,
    /// When to say next that it lives; nothing before it has said so once.
    beat_at: Option<Instant>,
}

impl Tail {
    async fn next(&mut self) -> Option<Event> {
        let Some(beat_at) = self.beat_at else {
            self.beat_at = Some(self.next_beat());
            return Some(Event::default().retry(RETRY).comment("here"));
        };
        loop {
            let came = first(beat_at, pin!(self.look.next())).await;
            match came {
                First::News(Some(News::Happened(happened))) => {
                    if let Some(event) = self.event(&happened).await {
                        return Some(event);
                    }
                }
                First::News(Some(News::Missed)) => {
                    return Some(Event::default().event("missed").data("reload"));
                }
                First::News(None) => return None,
                First::Beat => {
                    if !self.may_go_on().await {
                        return None;
                    }
                    self.beat_at = Some(self.next_beat());
                    return Some(Event::default().comment("here"));
                }
            }
        }
    }

    /// When to say next that it lives: no later than the session ends.
    fn next_beat(&self) -> Instant {
        Instant::now() + pause(self.portal.clock.now(), self.signed.expires_at)
    }

    /// The line, if it is one of those that are shown and it can be read now.
    async fn event(&self, happened: &Happened) -> Option<Event> {
        let envelope = &happened.envelope;
        if !self.group.has(envelope.event.kind().topic()) {
            return None;
        }
        let (who, now) = (&self.signed.principal, self.portal.clock.now());
        let found = (happened.sequence, &**envelope);
        let found = self.portal.views.happened(who, &self.tenant, found, now).await.ok()?;
        let event = Event::default().id(happened.sequence.to_string());
        event.json_data(line(&self.tenant, found)).ok()
    }

    /// Whether there is still somebody signed in who may see this.
    async fn may_go_on(&mut self) -> bool {
        let now = self.portal.clock.now();
        if self.signed.expires_at <= now {
            return false;
        }
        match self.portal.accounts.still_signed(&self.token, now).await {
            Ok(Some(signed)) => {
                self.signed = signed;
                let who = &self.signed.principal;
                who.require(Permission::ConversationsRead, &self.tenant).is_ok()
            }
            // Nobody; or the database is away: the browser comes back, and is asked who it is.
            Ok(None) | Err(_) => false,
        }
    }
}

/// What comes first.
#[derive(Debug, PartialEq, Eq)]
enum First<T> {
    /// It is time to say that it lives, and to ask whether it may.
    Beat,
    /// There is news.
    News(T),
}

/// The time for a beat goes before news that is there: else a busy tenant's stream would never be asked.
async fn first<T>(beat_at: Instant, news: impl Future<Output = T>) -> First<T> {
    if beat_at <= Instant::now() {
        return First::Beat;
    }
    let came = tokio::time::timeout_at(beat_at, news).await;
    came.map_or(First::Beat, First::News)
}

/// How long until the next beat.
fn pause(now: Timestamp, expires_at: Timestamp) -> Duration {
    BEAT.min(expires_at.since(now))
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn a_beat_comes_in_time_however_much_happens() {
        let now = Instant::now();
        assert_eq!(first(now + BEAT, ready(1)).await, First::News(1));
        assert_eq!(first(now, ready(2)).await, First::Beat);
        assert_eq!(first(now, std::future::pending::<()>()).await, First::Beat);
    }

    #[test]
    fn no_stream_outlives_its_session() {
        let at = Timestamp::from_millis;
        for (now, expires_at, want_s) in
            [(0, 60_000, 15), (0, 9_000, 9), (9_000, 9_000, 0), (9_000, 0, 0)]
        {
            let want = Duration::from_secs(want_s);
            assert_eq!(pause(at(now), at(expires_at)), want, "{now} {expires_at}");
        }
    }
}
