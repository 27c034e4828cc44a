//! People who speak: signed requests, and a client that does no more than it must, since it shares
//! the machine with what it measures.

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use konstruct_tests::{
    fake_slack::{Spoken, Team, sign},
    installation::SIGNING_SECRET,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Slack waits as long.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// Slack delivers so often.
const ATTEMPTS_MAX: usize = 4;

/// Slack's pauses are longer; the load should come.
const AGAIN_PAUSE: Duration = Duration::from_millis(200);

/// Stands for the timestamp in a template, in both ways it is written.
const TS: &str = "1111111111.111111";
const TS_PLAIN: &str = "1111111111111111";

/// The last timestamp given out, in microseconds.
static LAST_TS_US: AtomicU64 = AtomicU64::new(0);

/// A direct message whose timestamp is still open.
pub(crate) struct Template {
    body: String,
    host: String,
}

impl Template {
    /// Something said to the employee, in a thread where one is given.
    pub(crate) fn new(gateway: &str, team: &Team, channel: &str, thread: Option<&str>) -> Self {
        let text = "please look up when the order of last Tuesday will arrive";
        let mut spoken = Spoken::new(team, channel, "U0ANN", text, TS);
        if let Some(root) = thread {
            spoken = spoken.in_thread(root);
        }
        let host = gateway.trim_start_matches("http://").to_owned();
        Self { body: spoken.message().to_string(), host }
    }

    /// The signed request of a message with this timestamp.
    pub(crate) fn request(&self, ts: &str) -> Bytes {
        let body = self.body.replace(TS, ts).replace(TS_PLAIN, &ts.replace('.', ""));
        let now = now_us() / 1_000_000;
        let signature = sign(SIGNING_SECRET, &now.to_string(), body.as_bytes());
        Bytes::from(format!(
            "POST /slack/events HTTP/1.1\r\n\
             host: {}\r\n\
             content-type: application/json\r\n\
             user-agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n\
             x-slack-request-timestamp: {now}\r\n\
             x-slack-signature: {signature}\r\n\
             content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        ))
    }
}

/// A timestamp that nobody had before: about now, and rising.
pub(crate) fn next_ts() -> String {
    let now = now_us();
    let next = |last: u64| now.max(last + 1);
    let last =
        LAST_TS_US.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
    let us = next(last.unwrap_or_default());
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// What became of a message at the gateway's door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Whether it was taken in the end.
    pub(crate) taken: bool,
    /// How often it was not.
    pub(crate) refusals: usize,
}

/// One connection to the gateway, kept open.
pub(crate) struct Line {
    address: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Line {
    pub(crate) fn new(gateway: &str) -> Self {
        let address = gateway.trim_start_matches("http://").to_owned();
        Self { address, stream: None, buffer: Vec::new() }
    }

    /// Delivers once.
    pub(crate) async fn try_deliver(&mut self, request: &[u8]) -> bool {
        let status = tokio::time::timeout(ANSWER_MAX, self.exchange(request)).await;
        let status = status.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if status.is_err() {
            self.stream = None;
        }
        status.is_ok_and(|status| status == 200)
    }

    /// Delivers until it is taken, as often as Slack would.
    pub(crate) async fn deliver(&mut self, request: &[u8]) -> Sent {
        let mut sent = Sent::default();
        for attempt in 0..ATTEMPTS_MAX {
            if self.try_deliver(request).await {
                sent.taken = true;
                break;
            }
            sent.refusals += 1;
            if attempt + 1 < ATTEMPTS_MAX {
                tokio::time::sleep(AGAIN_PAUSE).await;
            }
        }
        sent
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(&self.address).await?;
                stream.set_nodelay(true)?;
                none.insert(stream)
            }
        };
        stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(status) = whole(&self.buffer)? {
                return Ok(status);
            }
        }
    }
}

/// The status of an answer, once all of it is there.
fn whole(answer: &[u8]) -> io::Result<Option<u16>> {
    let Some(head_bytes) = answer.windows(4).position(|it| it == b"\r\n\r\n") else {
        return Ok(None);
    };
    let invalid = |_| io::Error::from(io::ErrorKind::InvalidData);
    let head = answer.get(..head_bytes).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    let length: usize = length.unwrap_or("0").parse().map_err(invalid)?;
    let is_whole = head_bytes + 4 + length <= answer.len();
    Ok(if is_whole { Some(status.parse().map_err(invalid)?) } else { None })
}

/// Connections to lend.
pub(crate) struct Lines {
    gateway: String,
    free: Mutex<Vec<Line>>,
}

impl Lines {
    pub(crate) fn new(gateway: &str) -> Self {
        Self { gateway: gateway.to_owned(), free: Mutex::default() }
    }

    /// Delivers over a free connection, or a new one.
    pub(crate) async fn deliver(&self, request: &[u8]) -> Sent {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut line = free.unwrap_or_else(|| Line::new(&self.gateway));
        let sent = line.deliver(request).await;
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        sent
    }
}
