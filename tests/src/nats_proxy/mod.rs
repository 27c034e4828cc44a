//! A line between one service and nats-server that stops at an exact operation.
//!
//! The service is told to connect here. All passes, until the test names a [`Point`]: then the line
//! is held there, or what is meant is left out, and the test is told. So a process can be killed
//! after its event was stored and before its ack has left, each time and not by chance.

mod frame;
mod point;

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use self::frame::Frame;
pub use self::point::Point;

/// The line. It is cut when dropped.
#[derive(Debug)]
pub struct NatsProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// What becomes of an operation at the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// It waits, and all that comes after it in its direction, until the line is released.
    Hold,
    /// It is left out; all else passes.
    LeaveOut,
}

#[derive(Debug)]
struct Shared {
    armed: Mutex<Option<(Point, Act)>>,
    /// The subjects of events under way to the service, by where their acks go.
    under_way: Mutex<HashMap<String, String>>,
    met: watch::Sender<usize>,
    released: watch::Sender<bool>,
    cut: watch::Sender<()>,
}

impl NatsProxy {
    /// A line to the server at that URL.
    pub async fn start(url: &str) -> anyhow::Result<Self> {
        let upstream = url.strip_prefix("nats://").context("not a NATS URL")?.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            armed: Mutex::new(None),
            under_way: Mutex::default(),
            met: watch::Sender::new(0),
            released: watch::Sender::new(true),
            cut: watch::Sender::new(()),
        });
        let server = tokio::spawn(serve(listener, upstream, Arc::clone(&shared)));
        Ok(Self { address, shared, server })
    }

    /// Where the service connects.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Holds the first operation at that point, and all that comes after it in its direction.
    pub fn hold(&self, point: Point) {
        self.arm(point, Act::Hold);
    }

    /// Leaves out every operation at that point, and nothing else.
    pub fn leave_out(&self, point: Point) {
        self.arm(point, Act::LeaveOut);
    }

    /// Lets everything pass, what is held first.
    pub fn release(&self) {
        *self.shared.armed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.shared.released.send_replace(true);
    }

    /// Cuts every connection, and what is held is gone for good; who connects anew passes.
    pub fn cut(&self) {
        self.shared.cut.send_replace(());
        self.release();
    }

    /// Waits until so many operations were held or left out since the point was named.
    pub async fn met(&self, count: usize, within: Duration) -> anyhow::Result<()> {
        let mut met = self.shared.met.subscribe();
        let waited = tokio::time::timeout(within, met.wait_for(|met| count <= *met)).await;
        let so_far = *self.shared.met.borrow();
        waited.with_context(|| format!("{so_far} of {count} came to the point"))??;
        Ok(())
    }

    fn arm(&self, point: Point, act: Act) {
        self.shared.met.send_replace(0);
        self.shared.released.send_replace(false);
        *self.shared.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some((point, act));
    }
}

impl Drop for NatsProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, upstream: String, shared: Arc<Shared>) {
    let mut lines = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        // While the server is away a client is taken and dropped, which it knows how to meet.
        let Ok(server) = TcpStream::connect(&upstream).await else { continue };
        lines.spawn(line(client, server, Arc::clone(&shared)));
        while lines.try_join_next().is_some() {}
    }
}

/// Both directions. When one side is gone, so is the other: nobody mistakes a dead one for alive.
async fn line(client: TcpStream, server: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut cut = shared.cut.subscribe();
    tokio::select! {
        // Before a pump may see that it was released.
        biased;
        _ = cut.changed() => Ok(()),
        ended = pump(from_client, to_server, &shared) => ended,
        ended = pump(from_server, to_client, &shared) => ended,
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    loop {
        while let Some(frame) = frame::take(&mut buffer)? {
            match shared.meet(&frame) {
                None => {}
                Some(Act::LeaveOut) => continue,
                Some(Act::Hold) => shared.held(&mut from, &mut buffer).await?,
            }
            to.write_all(&frame.bytes).await?;
        }
        if from.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

impl Shared {
    /// What becomes of it, if it is at the point.
    fn meet(&self, frame: &Frame) -> Option<Act> {
        let message = frame.message.as_ref()?;
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reply) = message.reply.as_ref().filter(|_| message.is_delivered) {
            under_way.insert(reply.clone(), message.subject.clone());
        }
        let about = under_way.remove(&message.subject);
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, act) =
            armed.as_ref().filter(|(point, _)| point.is_at(message, about.as_deref()))?;
        let act = *act;
        if act == Act::Hold {
            *armed = None;
        }
        self.met.send_modify(|met| *met += 1);
        Some(act)
    }

    /// Until the line is released, or its side is gone. What comes meanwhile waits behind.
    async fn held(&self, from: &mut OwnedReadHalf, buffer: &mut BytesMut) -> io::Result<()> {
        let mut released = self.released.subscribe();
        loop {
            tokio::select! {
                _ = released.wait_for(|released| *released) => return Ok(()),
                read = from.read_buf(buffer) => if read? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                },
            }
        }
    }
}
