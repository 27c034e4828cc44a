//! A connection serves one answer after the other, though an answer is handed on as soon as it is whole and
//! its stream ends a moment later.

use std::{sync::Arc, time::Duration};

use providers::Vendor;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::timeout,
};

use crate::world::{ask, deployment, request, router};

const PATIENCE: Duration = Duration::from_secs(10);

/// An answer in OpenAI's words, all but the end of its stream.
const ANSWER: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const FRAMES: &str = concat!(
    "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"},",
    "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
);
const END: &str = "0\r\n\r\n";

/// A vendor that ends a stream when it is told to, once for each time.
struct Late {
    url: String,
    /// How many connections there were, one word each.
    opened: mpsc::UnboundedReceiver<()>,
    /// Those that the other side closed.
    closed: mpsc::UnboundedReceiver<()>,
    ends: Arc<Semaphore>,
}

impl Late {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (opening, opened) = mpsc::unbounded_channel();
        let (closing, closed) = mpsc::unbounded_channel();
        let ends = Arc::new(Semaphore::new(0));
        let permits = Arc::clone(&ends);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (closing, permits) = (closing.clone(), Arc::clone(&permits));
                opening.send(()).unwrap();
                tokio::spawn(async move {
                    serve(stream, &permits).await;
                    closing.send(()).unwrap_or(());
                });
            }
        });
        Self { url, opened, closed, ends }
    }
}

/// Answers until the other side leaves.
async fn serve(mut stream: TcpStream, ends: &Semaphore) {
    while read_request(&mut stream).await {
        let chunk = format!("{:x}\r\n{FRAMES}\r\n", FRAMES.len());
        if stream.write_all(format!("{ANSWER}{chunk}").as_bytes()).await.is_err() {
            return;
        }
        let mut byte = [0];
        tokio::select! {
            permit = ends.acquire() => permit.unwrap().forget(),
            _gone = stream.peek(&mut byte) => return,
        }
        if stream.write_all(END.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Whether there was one, with its body.
async fn read_request(stream: &mut TcpStream) -> bool {
    let (mut read, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return false,
            Ok(many) => read.extend_from_slice(&piece[..many]),
        }
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length.unwrap().parse::<usize>().unwrap() <= body.len() {
            return true;
        }
    }
}

#[tokio::test]
async fn a_stream_that_ends_behind_its_answer_leaves_its_connection_to_the_next_one() {
    let mut vendor = Late::start().await;
    let router = router(&deployment("quality", "a", Vendor::OpenAi, &vendor.url));
    let mut opened = 0;
    // The next one may come before the end was read; then it has a connection of its own.
    for asked in 1..=100 {
        assert_eq!(ask(&router, &request()).await.unwrap().answer.text, "hello");
        vendor.ends.add_permits(1);
        while vendor.opened.try_recv().is_ok() {
            opened += 1;
        }
        if opened < asked {
            return;
        }
    }
    panic!("each of 100 answers had a connection of its own");
}

#[tokio::test]
async fn a_stream_that_never_ends_is_left() {
    let mut vendor = Late::start().await;
    let router = router(&deployment("quality", "a", Vendor::OpenAi, &vendor.url));
    assert_eq!(ask(&router, &request()).await.unwrap().answer.text, "hello");
    timeout(PATIENCE, vendor.closed.recv()).await.expect("it is left in a second");
}
