//! The list, going on: server-sent events, one for each line.
//!
//! The id of an event is its sequence on the log, so a browser that comes back says where it was. The
//! session is asked for again and again: a stream ends with it.

use std::{convert::Infallible, time::Duration};

use accounts::{SessionToken, Signed};
use axum::{
    Extension,
    extract::{Path, Query},
    http::{HeaderMap, HeaderValue, Method},
    response::{
        IntoResponse as _, Response,
        sse::{Event, Sse},
    },
};
use domain::access::Permission;
use runtime::live::{Happened, Look, News};
use schemas::TenantId;
use serde::Deserialize;
use tokio::time::Instant;

use super::words::{Group, line};
use crate::server::{Portal, csrf, error::PageError, render::Cx};

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
    Path(tenant): Path<TenantId>,
    Query(wanted): Query<Wanted>,
    Extension(token): Extension<SessionToken>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    // It changes nothing, and yet no other site may hold one open in somebody's name.
    csrf::check(&Method::POST, &headers, &cx.portal.origin).map_err(|_| PageError::Foreign)?;
    let back = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let look = cx.portal.live.look(&cx.signed.session, &tenant, back.or(wanted.after));
    let look = look.ok_or(PageError::TooMany)?;
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
            self.beat_at = Some(Instant::now() + BEAT);
            return Some(Event::default().retry(RETRY).comment("here"));
        };
        loop {
            match tokio::time::timeout_at(beat_at, self.look.next()).await {
                Ok(Some(News::Happened(happened))) => {
                    if let Some(event) = self.event(&happened).await {
                        return Some(event);
                    }
                }
                Ok(Some(News::Missed)) => {
                    return Some(Event::default().event("missed").data("reload"));
                }
                Ok(None) => return None,
                Err(_) => {
                    self.beat_at = Some(Instant::now() + BEAT);
                    return self.may_go_on().await.then(|| Event::default().comment("here"));
                }
            }
        }
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
