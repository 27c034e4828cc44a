//! What the crate `genai` reads in recorded answers of vendors, for the router's own reading to be compared
//! with: `cargo run --manifest-path tests/oracle/Cargo.toml`.
//!
//! It reads `services/providers/tests/it/oracle/bytes/VENDOR-CASE-FORM.txt` and writes `genai.json` beside
//! that directory. `providers`' test `oracle` records the bytes, and compares.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, bail};
use futures::StreamExt as _;
use genai::{
    Client, ModelIden, ModelSpec, ServiceTarget,
    adapter::AdapterKind,
    chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, StopReason, ToolCall, Usage},
    resolver::{AuthData, Endpoint},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    // The second time it is there already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let dir =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services/providers/tests/it/oracle");
    let mut read = BTreeMap::new();
    for entry in fs::read_dir(dir.join("bytes"))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).context("a name")?.to_owned();
        let answer = answer(&name, fs::read(&path)?).await.with_context(|| name.clone())?;
        read.insert(name, answer);
    }
    let read = serde_json::to_string_pretty(&read)? + "\n";
    fs::write(dir.join("genai.json"), read)?;
    Ok(())
}

/// What it reads in one recorded answer.
async fn answer(name: &str, body: Vec<u8>) -> anyhow::Result<Value> {
    let parts: Vec<&str> = name.split('-').collect();
    let [vendor, _case, form] = parts.as_slice() else { bail!("it is VENDOR-CASE-FORM") };
    let (adapter, path) = match *vendor {
        "openai" => (AdapterKind::OpenAI, "/v1/"),
        "anthropic" => (AdapterKind::Anthropic, "/v1/"),
        "ollama" => (AdapterKind::Ollama, "/"),
        other => bail!("unknown vendor {other}"),
    };
    let kind = match (*form, *vendor) {
        ("whole", _) => "application/json",
        (_, "ollama") => "application/x-ndjson",
        _ => "text/event-stream",
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}{path}", listener.local_addr()?);
    let serve = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        said_all(&mut stream).await?;
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await?;
        anyhow::Ok(())
    });
    let target = ModelSpec::Target(ServiceTarget {
        model: ModelIden::new(adapter, "m"),
        endpoint: Endpoint::from_owned(endpoint),
        auth: AuthData::Key("none".to_owned()),
    });
    let client = Client::builder().build()?;
    let question = ChatRequest::new(vec![ChatMessage::user("hi")]);
    let options = ChatOptions::default()
        .with_capture_usage(true)
        .with_capture_content(true)
        .with_capture_tool_calls(true);
    let read = if *form == "whole" {
        let answer = client.exec_chat(target, question, Some(&options)).await?;
        let text = answer.content.joined_texts().unwrap_or_default();
        let calls = answer.tool_calls().into_iter().map(|it| call(vendor, it)).collect();
        told(text, calls, answer.stop_reason.as_ref(), &answer.usage)
    } else {
        let mut stream = client.exec_chat_stream(target, question, Some(&options)).await?.stream;
        let (mut text, mut end) = (String::new(), None);
        while let Some(event) = stream.next().await {
            match event? {
                ChatStreamEvent::Chunk(chunk) => text.push_str(&chunk.content),
                ChatStreamEvent::End(last) => end = Some(last),
                _ => {}
            }
        }
        let end = end.context("no end")?;
        let calls = end
            .captured_tool_calls()
            .unwrap_or_default()
            .into_iter()
            .map(|it| call(vendor, it))
            .collect();
        let usage = end.captured_usage.clone().unwrap_or_default();
        told(text, calls, end.captured_stop_reason.as_ref(), &usage)
    };
    serve.await??;
    Ok(read)
}

/// Reads a request to its end.
async fn said_all(stream: &mut TcpStream) -> anyhow::Result<()> {
    let mut said = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await?;
        said.extend_from_slice(piece.get(..count).unwrap_or_default());
        let text = String::from_utf8_lossy(&said).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if count == 0 {
                bail!("it said nothing");
            }
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().ok())?
        });
        if length.unwrap_or(0) <= body.len() {
            return Ok(());
        }
    }
}

/// A call. Of Ollama's, the crate makes up ids by chance.
fn call(vendor: &str, call: &ToolCall) -> Value {
    let id = (vendor != "ollama").then_some(&call.call_id);
    json!({ "id": id, "name": call.fn_name, "arguments": call.fn_arguments })
}

fn told(text: String, calls: Vec<Value>, stop: Option<&StopReason>, usage: &Usage) -> Value {
    let finish = match stop {
        Some(StopReason::Completed(_) | StopReason::StopSequence(_)) => "stop",
        Some(StopReason::MaxTokens(_)) => "length",
        Some(StopReason::ToolCall(_)) => "calls",
        Some(StopReason::ContentFilter(_)) => "refused",
        Some(StopReason::Other(_)) => "other",
        None => "none",
    };
    let (input, output) = (usage.prompt_tokens, usage.completion_tokens);
    json!({ "text": text, "calls": calls, "finish": finish, "input": input, "output": output })
}
