//! The two routes, and the listener.

use std::{
    convert::Infallible,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
    serve::ListenerExt as _,
};
use futures::{future::BoxFuture, stream};
use providers::{Delta, Router};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, mpsc},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
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
/// its own, as if nothing were streamed. Whoever reads drives the call, in the same task, and it ends with
/// them: they may hang up before the first piece as well as after it.
async fn streamed(
    (router, record): (Arc<Router>, Record),
    asked: Asked,
    header: Header,
    place: OwnedSemaphorePermit,
) -> Result<Response, Problem> {
    // The model waits for a slow reader.
    let (send, receive) = mpsc::channel::<String>(1);
    let call = Box::pin(async move {
        let _place = place;
        follow((&router, record), &asked, Chunks::new(header), &send).await
    });
    let mut answering = Answering { call: Some(call), receive, problem: None };
    let Some(first) = poll_fn(|cx| answering.poll(cx)).await else {
        // It ended and said nothing.
        return Err(answering.problem.unwrap_or_else(Problem::interrupted));
    };
    let mut first = Some(first);
    let pieces = stream::poll_fn(move |cx| {
        let piece = match first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => answering.poll(cx),
        };
        piece.map(|piece| piece.map(Ok::<_, Infallible>))
    });
    let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((kind, Body::from_stream(pieces)).into_response())
}

/// A call, and what it has said that nobody has read yet.
struct Answering {
    /// Until it has ended.
    call: Option<BoxFuture<'static, Result<(), Problem>>>,
    receive: mpsc::Receiver<String>,
    /// Why it ended without a word.
    problem: Option<Problem>,
}

impl Answering {
    /// The next piece; nothing once that was all.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<String>> {
        if let Some(call) = &mut self.call
            && let Poll::Ready(ended) = call.as_mut().poll(cx)
        {
            self.problem = ended.err();
            self.call = None;
        }
        self.receive.poll_recv(cx)
    }
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
            ended = &mut call => break Some(ended),
            Some(delta) = heard.recv() => {
                let come = Come::of(Some(delta), &mut heard, chunks.committed);
                let piece = chunks.texts(&come.text);
                if !piece.is_empty() && send.send(piece).await.is_err() {
                    return Ok(());
                }
                if come.is_void {
                    break None;
                }
            }
        }
    };
    drop(call);
    if let Some(ended) = &ended {
        record.end(ended);
    }
    let rest = match &ended {
        Some(_) => Come::of(None, &mut heard, chunks.committed),
        None => Come { text: String::new(), is_void: true },
    };
    let last = match ended {
        Some(Ok(completed)) if !rest.is_void => {
            chunks.texts(&rest.text) + &chunks.end(&completed, asked.count)
        }
        Some(Err(exhausted)) if !chunks.committed => {
            return Err(Problem::exhausted(&exhausted, Instant::now()));
        }
        Some(Ok(_) | Err(_)) | None => {
            chunks.texts(&rest.text) + &Chunks::broken(&Problem::interrupted())
        }
    };
    // Whoever reads no more is told nothing.
    drop(send.send(last).await);
    Ok(())
}

/// What has come of an answer since somebody looked last, as one text: a piece for each would be written
/// for each.
#[derive(Debug, PartialEq, Eq)]
struct Come {
    text: String,
    /// All that was sent is void.
    is_void: bool,
}

impl Come {
    /// That delta and all that waits behind it. What nobody was sent begins anew unseen.
    fn of(
        first: Option<Delta>,
        heard: &mut mpsc::UnboundedReceiver<Delta>,
        committed: bool,
    ) -> Self {
        let mut text = String::new();
        let mut next = first.or_else(|| heard.try_recv().ok());
        while let Some(delta) = next {
            match delta {
                Delta::Text(more) => text.push_str(&more),
                Delta::Restart if committed => return Self { text, is_void: true },
                Delta::Restart => text.clear(),
            }
            next = heard.try_recv().ok();
        }
        Self { text, is_void: false }
    }
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

    fn come(deltas: &[&str], committed: bool) -> (String, bool) {
        let (said, mut heard) = mpsc::unbounded_channel();
        for delta in deltas {
            let delta = match *delta {
                "anew" => Delta::Restart,
                text => Delta::Text(text.to_owned()),
            };
            said.send(delta).unwrap();
        }
        let Come { text, is_void } = Come::of(None, &mut heard, committed);
        (text, is_void)
    }

    #[test]
    fn what_waits_is_one_piece_and_never_of_two_answers() {
        let is = |text: &str, is_void| (text.to_owned(), is_void);
        assert_eq!(come(&["one", " two", " three"], true), is("one two three", false));
        assert_eq!(come(&["one", "anew", "uno", " dos"], false), is("uno dos", false));
        assert_eq!(come(&["one", "anew"], false), is("", false));
        assert_eq!(come(&["one", "anew", "uno"], true), is("one", true));
        assert_eq!(come(&[], true), is("", false));
    }
}
