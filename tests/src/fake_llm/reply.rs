//! What every dialect needs to write a reply, and the steps it is written in.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, Bytes};
use futures::stream;
use serde_json::Value;

use super::{
    gate::Gate,
    script::{Behaviour, Fault, Recorded, Say},
};

/// One step of a streamed body.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Nothing for a while.
    Wait(Duration),
    /// Some bytes.
    Send(Bytes),
    /// Nothing until the gate opens.
    Hold,
    /// Nothing for ever.
    Stall,
    /// The connection breaks.
    Reset,
}

/// A reply to write: what is said and how it ends.
pub(super) struct Reply {
    pub model: String,
    pub text: String,
    pub input_tokens: usize,
    pub output_tokens: usize,
    pub behaviour: Behaviour,
}

/// How one vendor writes the parts of a stream.
pub(super) trait Dialect {
    /// Before the first token.
    fn open(&self, reply: &Reply) -> String;
    /// One token.
    fn token(&self, reply: &Reply, token: &str) -> String;
    /// The end marker.
    fn end(&self, reply: &Reply, reason: Option<&str>) -> String;
    /// What follows the end marker.
    fn close(&self, reply: &Reply) -> String;
    /// An error inside the stream.
    fn error(&self, kind: &str, message: &str) -> String;
    /// A frame that cannot be read.
    fn malformed(&self) -> &'static str;
    /// The answer in one piece, for `stream: false`.
    fn whole(&self, reply: &Reply, reason: Option<&str>) -> Value;
}

impl Reply {
    pub(super) fn new(request: &Recorded, behaviour: Behaviour) -> Self {
        let text = match &behaviour.say {
            Say::Echo => format!("echo: {}", request.last_user()),
            Say::Text(text) => text.clone(),
        };
        let asked = request.turns().into_iter().map(|(_, text)| text);
        let asked = asked.chain([request.system()]).map(|text| text.split_whitespace().count());
        Self {
            model: request.model().to_owned(),
            input_tokens: asked.sum(),
            output_tokens: text.split_whitespace().count(),
            text,
            behaviour,
        }
    }

    /// The steps of a stream.
    pub(super) fn steps(&self, dialect: &dyn Dialect) -> Vec<Step> {
        let mut steps = vec![send(dialect.open(self))];
        let mut pause = self.behaviour.first_token_ms;
        for token in self.text.split_inclusive(' ') {
            steps.push(Step::Wait(Duration::from_millis(pause)));
            steps.push(send(dialect.token(self, token)));
            if self.behaviour.held && steps.len() == 3 {
                steps.push(Step::Hold);
            }
            pause = self.behaviour.token_ms;
        }
        let (end, close) = (|reason| send(dialect.end(self, reason)), send(dialect.close(self)));
        match &self.behaviour.fault {
            None | Some(Fault::Status { .. }) => steps.extend([end(None), close]),
            Some(Fault::EndReason(reason)) => steps.extend([end(Some(reason)), close]),
            Some(Fault::NoClose) => steps.push(end(None)),
            Some(Fault::StallAfterEnd) => steps.extend([end(None), Step::Stall]),
            Some(Fault::Cut) => {}
            Some(Fault::Reset) => steps.push(Step::Reset),
            Some(Fault::Stall) => steps.push(Step::Stall),
            Some(Fault::Malformed) => steps.push(send(dialect.malformed().to_owned())),
            Some(Fault::Huge) => {
                let open = Bytes::from_static(b"data: \"");
                steps.push(Step::Send(open));
                let filling = Bytes::from(vec![b'x'; 1 << 20]);
                steps.extend(std::iter::repeat_n(Step::Send(filling), 64));
            }
            Some(Fault::ErrorInside { kind, message }) => {
                steps.push(send(dialect.error(kind, message)));
            }
        }
        steps
    }

    /// The reason for `stream: false`, where the script gives one.
    pub(super) fn reason(&self) -> Option<&str> {
        match &self.behaviour.fault {
            Some(Fault::EndReason(reason)) => Some(reason),
            _ => None,
        }
    }
}

fn send(text: String) -> Step {
    Step::Send(Bytes::from(text))
}

/// A body that takes those steps.
pub(super) fn body(steps: Vec<Step>, gate: Arc<Gate>) -> Body {
    Body::from_stream(stream::unfold((steps.into_iter(), gate), |(mut steps, gate)| async move {
        loop {
            match steps.next()? {
                Step::Wait(pause) => tokio::time::sleep(pause).await,
                Step::Send(bytes) => return Some((Ok(bytes), (steps, gate))),
                Step::Hold => gate.pass().await,
                Step::Stall => std::future::pending::<()>().await,
                Step::Reset => {
                    // So that what was sent is on its way before the connection goes.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    let reset = std::io::Error::other("scripted reset");
                    return Some((Err(reset), (steps, gate)));
                }
            }
        }
    }))
}
