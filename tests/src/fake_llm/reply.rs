//! What every dialect needs to write a reply, and the steps it is written in.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, Bytes};
use futures::stream;
use serde_json::Value;

use super::{
    gate::Gate,
    script::{Behaviour, Called, Fault, Recorded, Say},
    server::pause,
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
    /// The vendor's name for it.
    pub id: &'static str,
    pub model: String,
    pub text: String,
    pub calls: Vec<Called>,
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
    /// A call of a tool, in pieces where the vendor has pieces.
    fn call(&self, reply: &Reply, at: usize, call: &Called) -> String;
    /// A comment, which means nothing.
    fn comment(&self) -> &'static str {
        ": keep-alive\n\n"
    }
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
        let (text, calls) = match &behaviour.say {
            Say::Echo => (format!("echo: {}", request.last_user()), Vec::new()),
            Say::Text(text) => (text.clone(), Vec::new()),
            Say::Calls { text, calls } => (text.clone(), calls.clone()),
            Say::CallsThenResult(calls) => {
                let results = request.results();
                match results.last().filter(|_| calls.len() <= results.len()) {
                    Some(last) => (last.clone(), Vec::new()),
                    None => {
                        let next = calls.get(results.len()).cloned();
                        (String::new(), next.into_iter().collect())
                    }
                }
            }
        };
        let asked = request.turns().into_iter().map(|(_, text)| text);
        let asked = asked.chain([request.system()]).map(|text| text.split_whitespace().count());
        Self {
            id: "1",
            model: request.model().to_owned(),
            input_tokens: asked.sum(),
            output_tokens: text.split_whitespace().count(),
            text,
            calls,
            behaviour,
        }
    }

    /// The steps of a stream.
    pub(super) fn steps(&self, dialect: &dyn Dialect) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.behaviour.fault == Some(Fault::StallAfter(0)) {
            return vec![Step::Stall];
        }
        let comments = usize::try_from(self.behaviour.keep_alives).unwrap_or(0);
        steps.extend(std::iter::repeat_n(send(dialect.comment().to_owned()), comments));
        steps.push(send(dialect.open(self)));
        if self.behaviour.fault == Some(Fault::OpenedTwice) {
            steps.push(send(dialect.open(self)));
        }
        let tokens: Vec<&str> = self.text.split_inclusive(' ').collect();
        let said = match &self.behaviour.fault {
            Some(Fault::CutAfter(said) | Fault::StallAfter(said)) => *said,
            Some(Fault::Spliced(_)) => tokens.len().div_ceil(2),
            _ => tokens.len(),
        };
        let mut pause = self.behaviour.first_token_ms;
        for (at, token) in tokens.iter().take(said).enumerate() {
            steps.push(Step::Wait(Duration::from_millis(pause)));
            steps.push(send(dialect.token(self, token)));
            if self.behaviour.held && at == 0 {
                steps.push(Step::Hold);
            }
            pause = self.behaviour.token_ms;
        }
        for (at, call) in self.calls.iter().enumerate() {
            steps.push(send(dialect.call(self, at, call)));
        }
        steps.extend(self.ending(dialect));
        self.in_pieces(steps)
    }

    /// What comes after the text.
    fn ending(&self, dialect: &dyn Dialect) -> Vec<Step> {
        let (end, close) = (|reason| send(dialect.end(self, reason)), send(dialect.close(self)));
        match &self.behaviour.fault {
            None | Some(Fault::Status { .. } | Fault::OpenedTwice) => vec![end(None), close],
            Some(Fault::EndReason(reason)) => vec![end(Some(reason)), close],
            Some(Fault::NoClose) => vec![end(None)],
            Some(Fault::StallAfterEnd) => vec![end(None), Step::Stall],
            Some(Fault::Cut | Fault::CutAfter(_)) => Vec::new(),
            Some(Fault::Reset) => vec![Step::Reset],
            Some(Fault::Stall | Fault::StallAfter(_)) => vec![Step::Stall],
            Some(Fault::Malformed) => vec![send(dialect.malformed().to_owned())],
            Some(Fault::Spliced(other)) => {
                let other = self.another(other);
                let steps = [dialect.open(&other), dialect.token(&other, &other.text)];
                let ending = [dialect.end(&other, None), dialect.close(&other)];
                steps.into_iter().chain(ending).map(send).collect()
            }
            Some(Fault::Endless) => {
                let token = dialect.token(self, &"word ".repeat(2_000));
                std::iter::repeat_n(send(token), 2_000).collect()
            }
            Some(Fault::Huge) => {
                let open = Bytes::from_static(b"data: \"");
                let filling = Step::Send(Bytes::from(vec![b'x'; 1 << 20]));
                let filling = std::iter::repeat_n(filling, 64);
                std::iter::once(Step::Send(open)).chain(filling).collect()
            }
            Some(Fault::ErrorInside { kind, message }) => {
                vec![send(dialect.error(kind, message))]
            }
        }
    }

    /// Another reply by the same model.
    fn another(&self, text: &str) -> Self {
        Self {
            id: "2",
            model: self.model.clone(),
            text: text.to_owned(),
            calls: Vec::new(),
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            behaviour: Behaviour::default(),
        }
    }

    /// The same bytes in other pieces.
    fn in_pieces(&self, steps: Vec<Step>) -> Vec<Step> {
        let size = self.behaviour.piece_bytes;
        if size == 0 {
            return steps;
        }
        let cut = |step: Step| match step {
            Step::Send(bytes) => bytes
                .chunks(size)
                .flat_map(|piece| {
                    // A moment between them, or they are one again on the way.
                    let sent = Step::Send(Bytes::copy_from_slice(piece));
                    [sent, Step::Wait(Duration::from_millis(1))]
                })
                .collect(),
            other @ (Step::Wait(_) | Step::Hold | Step::Stall | Step::Reset) => vec![other],
        };
        steps.into_iter().flat_map(cut).collect()
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
                Step::Wait(time) => pause(time).await,
                Step::Send(bytes) => return Some((Ok(bytes), (steps, gate))),
                Step::Hold => gate.pass().await,
                Step::Stall => gate.stall().await,
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
