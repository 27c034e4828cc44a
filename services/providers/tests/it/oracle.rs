//! The same bytes of vendors read by the crate `genai` and by ours: the same text, calls, end and counts.
//!
//! `oracle/bytes` has the fake vendor's answers, which `UPDATE_EXPECT=1` records anew; what `genai` reads
//! in them is in `oracle/genai.json`, which `cargo run --manifest-path tests/oracle/Cargo.toml` writes.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use expect_test::expect_file;
use konstruct_tests::fake_llm::{Behaviour, Called, FakeLlm, Fault, Say};
use providers::{Answer, Finish, Vendor};
use serde_json::{Value, json};

use crate::world::{ask, deployment, request, router};

/// Where we read something else than `genai`, and why.
const OTHERWISE: [(&str, &str, &str); 5] = [
    ("openai-long-whole", "text", "it takes blanks off the end, in this form alone"),
    (
        "ollama-call-stream",
        "finish",
        "Ollama says `stop`; that it waits for results is what it means",
    ),
    ("ollama-calls-stream", "finish", "the same"),
    ("ollama-call-whole", "finish", "the same"),
    ("ollama-calls-whole", "finish", "the same"),
];

/// What each vendor is asked for.
fn cases(vendor: Vendor) -> Vec<(&'static str, Behaviour)> {
    let length = match vendor {
        Vendor::OpenAi | Vendor::Ollama => "length",
        Vendor::Anthropic => "max_tokens",
    };
    let cut = Some(Fault::EndReason(length.to_owned()));
    let call = |name: &str, arguments: &str| Called {
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    };
    let calls = |text: &str, calls| Behaviour {
        say: Say::Calls { text: text.to_owned(), calls },
        ..Behaviour::default()
    };
    let look = || call("look", r#"{"order":"A 7","lines":[1,2],"note":"größer 🙂"}"#);
    vec![
        ("text", Behaviour::text("Grüße 🙂 from\nthe \"shop\" & <co>")),
        ("long", Behaviour::text(&"word after word ".repeat(100))),
        ("cut", Behaviour { fault: cut, ..Behaviour::text("as far as it") }),
        ("call", calls("", vec![look()])),
        ("calls", calls("Let me see.", vec![look(), call("now", "{}")])),
    ]
}

/// All of them in both forms, by name.
fn all() -> Vec<(String, Vendor, Behaviour)> {
    let of = |vendor: Vendor| {
        cases(vendor).into_iter().flat_map(move |(case, behaviour)| {
            ["stream", "whole"].map(|form| {
                let unstreamed = form == "whole";
                (
                    format!("{vendor}-{case}-{form}"),
                    vendor,
                    Behaviour { unstreamed, ..behaviour.clone() },
                )
            })
        })
    };
    Vendor::ALL.into_iter().flat_map(of).collect()
}

/// The bytes of an answer.
async fn recorded(vendor: Vendor, behaviour: Behaviour) -> anyhow::Result<String> {
    let fake = FakeLlm::start().await?;
    fake.script([behaviour]);
    let path = match vendor {
        Vendor::OpenAi => "/v1/chat/completions",
        Vendor::Anthropic => "/v1/messages",
        Vendor::Ollama => "/api/chat",
    };
    let body = json!({
        "model": "m", "stream": true, "messages": [{ "role": "user", "content": "hi" }],
    });
    let answer = reqwest::Client::new().post(fake.url() + path).json(&body).send().await?;
    Ok(answer.error_for_status()?.text().await?)
}

/// What the router reads in those bytes.
async fn read(vendor: Vendor, bytes: &str) -> anyhow::Result<Value> {
    let fake = FakeLlm::start().await?;
    fake.script([Behaviour::status(200, bytes)]);
    let asked = ask(&router(&deployment("quality", "a", vendor, &fake.url())), &request()).await?;
    let Answer { text, calls, usage, finish, .. } = asked.answer;
    let usage = usage.context("no counts")?;
    let mut told = Vec::new();
    for call in calls {
        let arguments: Value = serde_json::from_str(&call.arguments)?;
        // Ollama's have none that both could read.
        let id = (vendor != Vendor::Ollama).then_some(&call.id);
        told.push(json!({ "id": id, "name": call.name, "arguments": arguments }));
    }
    let finish = match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Calls => "calls",
        Finish::Other => "other",
    };
    let (input, output) = (usage.input_tokens, usage.output_tokens);
    Ok(json!({
        "text": text, "calls": told, "finish": finish, "input": input, "output": output,
    }))
}

#[tokio::test]
async fn we_read_what_genai_reads() -> anyhow::Result<()> {
    // Another test may have done it, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oracle");
    let genai = std::fs::read_to_string(dir.join("genai.json"))?;
    let genai: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&genai)?;
    let all = all();
    assert_eq!(genai.len(), all.len(), "each is read by both");
    for (name, vendor, behaviour) in all {
        let bytes = recorded(vendor, behaviour).await?;
        expect_file![format!("oracle/bytes/{name}.txt")].assert_eq(&bytes);
        let ours = read(vendor, &bytes).await.with_context(|| name.clone())?;
        let theirs = genai.get(&name).with_context(|| name.clone())?;
        for (field, theirs) in theirs {
            let is_it = |(of, what, _why): &(&str, &str, &str)| *of == name && what == field;
            let otherwise = OTHERWISE.iter().any(is_it);
            assert_eq!(&ours[field] != theirs, otherwise, "{name}: {field} {ours} {theirs}");
        }
    }
    Ok(())
}
