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
    let ended = loop {
        tokio::select! {
            biased;
            Some(delta) = heard.recv() => match delta {
                Delta::Text(text) => {
                    if send.send(chunks.text(&text)).await.is_err() {
                        return Ok(());
                    }
                }
                Delta::Restart => break None,
            },
            ended = &mut call => break Some(ended),
        }
    };
    drop(call);
    if let Some(ended) = &ended {
        record.end(ended);
    }
    while let (Some(_), Ok(Delta::Text(text))) = (&ended, heard.try_recv()) {
        if send.send(chunks.text(&text)).await.is_err() {
            return Ok(());
        }
    }
    let last = match ended {
        Some(Ok(completed)) => chunks.end(&completed, asked.count),
        Some(Err(exhausted)) if !chunks.committed => {
            return Err(Problem::exhausted(&exhausted, Instant::now()));
        }
        Some(Err(_)) | None => Chunks::broken(&Problem::interrupted()),
    };
    // Whoever reads no more is told nothing.
    drop(send.send(last).await);
    Ok(())
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
