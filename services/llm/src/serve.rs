//! The two routes, and the listener.

use std::{convert::Infallible, sync::Arc, task::Poll};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
    serve::ListenerExt as _,
};
use futures::stream;
use providers::{Delta, Router};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, mpsc},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::warn;

use crate::{
    Llm, Parts, REQUEST_MAX,
    answer::{self, Header},
    ask::{self, Asked},
    chunks::Chunks,
    key,
    problem::Problem,
    record::Record,
};

/// Pieces of one stream that wait for a slow reader; then the model waits too.
const PIECES_MAX: usize = 64;

/// `POST /v1/chat/completions`.
pub(crate) async fn complete(
    State(llm): State<Llm>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let tenant = key::tenant(&llm, &headers).await?;
    let body = body.map_err(|rejection| Problem::unread(rejection.status()))?;
    let asked = ask::read(&body)?;
    drop(body);
    let place = Arc::clone(&llm.places).try_acquire_owned();
    let place = place.map_err(|_none_left| Problem::busy())?;
    let now = llm.parts.clock.now();
    let header = Header {
        id: format!("chatcmpl-{}", hex::encode(rand::random::<[u8; 12]>())),
        created: now.as_millis() / 1_000,
        model: asked.group.clone(),
    };
    let router = llm.parts.models.of(&tenant).await.map_err(|error| {
        warn!(%tenant, %error, "the tenant's own models cannot be looked up");
        Problem::no_models()
    })?;
    let record = Record::new(&llm, tenant);
    if asked.stream {
        return streamed((router, record), asked, header, place).await;
    }
    let deadline = Instant::now() + REQUEST_MAX;
    let completed = router.complete(&asked.group, &asked.request, deadline, &record).await;
    record.end(&completed);
    let completed =
        completed.map_err(|exhausted| Problem::exhausted(&exhausted, Instant::now()))?;
    drop(place);
    Ok(Json(answer::whole(&header, &completed)).into_response())
}

/// The answer as it comes. The response waits for its first piece: what fails before that has a status of
/// its own, as if nothing were streamed. The call ends with its reader, who may hang up before the first
/// piece as well as after it.
async fn streamed(
    (router, record): (Arc<Router>, Record),
    asked: Asked,
    header: Header,
    place: OwnedSemaphorePermit,
) -> Result<Response, Problem> {
    let (send, mut receive) = mpsc::channel::<String>(PIECES_MAX);
    let call = AbortOnDropHandle::new(tokio::spawn(async move {
        let _place = place;
        follow((&router, record), &asked, Chunks::new(header), &send).await
    }));
    let Some(first) = receive.recv().await else {
        // It ended and said nothing.
        let why = call.await.ok().and_then(Result::err);
        return Err(why.unwrap_or_else(Problem::interrupted));
    };
    let mut first = Some(first);
    let pieces = stream::poll_fn(move |cx| {
        // Held for as long as somebody reads.
        let _call = &call;
        let piece = match first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => receive.poll_recv(cx),
        };
        piece.map(|piece| piece.map(Ok::<_, Infallible>))
    });
    let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((kind, Body::from_stream(pieces)).into_response())
}

/// Makes one stream. After its first word there is no other deployment for it; the problem is where it
/// has none. What waits for a slow reader is bounded by the answer itself.
async fn follow(
    (router, record): (&Router, Record),
    asked: &Asked,
    mut chunks: Chunks,
    send: &mpsc::Sender<String>,
) -> Result<(), Problem> {
    let (said, mut heard) = mpsc::unbounded_channel();
    let on = move |delta| drop(said.send(delta));
    let deadline = Instant::now() + REQUEST_MAX;
    let mut call = Box::pin(router.stream(&asked.group, &asked.request, deadline, &record, on));
    let mut ended = loop {
        tokio::select! {
            biased;
            Some(delta) = heard.recv() => match joined(Some(delta), &mut heard, chunks.committed) {
                Some(text) if text.is_empty() => {}
                Some(text) => {
                    if send.send(chunks.text(&text)).await.is_err() {
                        return Ok(());
                    }
                }
                None => break None,
            },
            ended = &mut call => break Some(ended),
        }
    };
    drop(call);
    if let Some(ended) = &ended {
        record.end(ended);
    }
    let rest = joined(None, &mut heard, chunks.committed);
    if rest.is_none() {
        ended = None;
    }
    let last = match ended {
        Some(Ok(completed)) => {
            let rest = rest.filter(|text| !text.is_empty()).map(|text| chunks.text(&text));
            rest.unwrap_or_default() + &chunks.end(&completed, asked.count)
        }
        Some(Err(exhausted)) if !chunks.committed => {
            return Err(Problem::exhausted(&exhausted, Instant::now()));
        }
        Some(Err(_)) | None => Chunks::broken(&Problem::interrupted()),
    };
    // Whoever reads no more is told nothing.
    drop(send.send(last).await);
    Ok(())
}

/// That and all that waits behind it, as one text: a piece for each would be written for each. What nobody
/// was sent may begin anew unseen; nothing where what was sent is void.
fn joined(
    first: Option<Delta>,
    heard: &mut mpsc::UnboundedReceiver<Delta>,
    committed: bool,
) -> Option<String> {
    let mut text = String::new();
    let mut next = first.or_else(|| heard.try_recv().ok());
    while let Some(delta) = next {
        match delta {
            Delta::Text(more) => text.push_str(&more),
            Delta::Restart if committed => return None,
            Delta::Restart => text.clear(),
        }
        next = heard.try_recv().ok();
    }
    Some(text)
}

/// `GET /v1/models`: the model groups of the installation and the tenant's own.
pub(crate) async fn models(
    State(llm): State<Llm>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let tenant = key::tenant(&llm, &headers).await?;
    let groups = llm.parts.models.groups(&tenant);
    let models = groups.into_iter().map(
        |group| json!({ "id": group, "object": "model", "created": 0, "owned_by": "konstruct" }),
    );
    Ok(Json(json!({ "object": "list", "data": models.collect::<Vec<_>>() })))
}

/// Serves until it is asked to stop.
pub async fn run(
    listener: TcpListener,
    parts: Parts,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    // A token is a small piece: it must not wait for the next one.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let serve = axum::serve(listener, crate::router(parts));
    serve.with_graceful_shutdown(stop.cancelled_owned()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(deltas: &[&str], committed: bool) -> Option<String> {
        let (said, mut heard) = mpsc::unbounded_channel();
        for delta in deltas {
            let delta = match *delta {
                "anew" => Delta::Restart,
                text => Delta::Text(text.to_owned()),
            };
            said.send(delta).unwrap();
        }
        joined(None, &mut heard, committed)
    }

    #[test]
    fn what_waits_is_one_piece_and_never_of_two_answers() {
        assert_eq!(after(&["one", " two", " three"], true).as_deref(), Some("one two three"));
        assert_eq!(after(&["one", "anew", "uno", " dos"], false).as_deref(), Some("uno dos"));
        assert_eq!(after(&["one", "anew"], false).as_deref(), Some(""));
        assert_eq!(after(&["one", "anew", "uno"], true), None);
        assert_eq!(after(&[], true).as_deref(), Some(""));
    }
}
