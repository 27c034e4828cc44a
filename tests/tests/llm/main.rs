//! `konstruct llm` as a stock OpenAI client meets it: real NATS and PostgreSQL, a fake vendor.

// For clippy, which takes helpers of tests for tests only where this stands.
#![cfg(test)]

mod budget;
mod errors;
mod memory;
mod metrics;
mod own;
mod status;
mod streams;

use accounts::{Accounts, Grant, Visit};
use anyhow::Context as _;
use domain::{
    access::{PlatformRole, TenantRole},
    seal::MasterKey,
};
use konstruct_tests::installation::{Installation, MASTER_KEY, acme, free_port};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use schemas::Timestamp;
use serde_json::{Value, json};
use store::keys::Masters;

/// A running `konstruct llm` with tenant `acme` and a key of its operator.
struct House {
    it: Installation,
    client: Client,
    base: String,
    key: String,
}

impl House {
    async fn new() -> anyhow::Result<Self> {
        Self::with_model("fake-model").await
    }

    async fn with_model(model: &str) -> anyhow::Result<Self> {
        let mut it = Installation::prepare().await?;
        it.apply(&acme()).await?;
        let port = free_port()?;
        it.settings.insert("OPENAI_MODEL".to_owned(), model.to_owned());
        it.settings.insert("KONSTRUCT_LLM_LISTEN".to_owned(), format!("127.0.0.1:{port}"));
        it.run("llm").await?;
        let key = key(&it, &Grant::Tenant("acme".parse()?, TenantRole::Operator)).await?;
        let base = format!("http://127.0.0.1:{port}/v1");
        Ok(Self { it, client: Client::new(), base, key })
    }

    fn post(&self, body: &Value) -> RequestBuilder {
        let url = format!("{}/chat/completions", self.base);
        self.client.post(url).bearer_auth(&self.key).json(body)
    }

    async fn ask(&self, body: &Value) -> anyhow::Result<Response> {
        Ok(self.post(body).send().await?)
    }
}

async fn key(it: &Installation, grant: &Grant) -> anyhow::Result<String> {
    let masters = Masters::new(MasterKey::parse(MASTER_KEY)?, Vec::new());
    let accounts = Accounts::new(it.database.platform().await?, masters, None, &it.portal());
    let visit = Visit::new(Timestamp::from_millis(0), "127.0.0.1", "test");
    let made = accounts.make_api_key(&Accounts::console()?, "a test", grant, &visit).await?;
    Ok(made.key.expose().to_owned())
}

fn question() -> Value {
    json!({ "model": "quality", "messages": [{ "role": "user", "content": "how are you?" }] })
}

#[tokio::test]
async fn a_question_is_answered_in_openais_shape() -> anyhow::Result<()> {
    let house = House::new().await?;
    let answer = house.ask(&question()).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await?;
    assert!(answer["id"].as_str().context("no id")?.starts_with("chatcmpl-"));
    assert_eq!(
        (&answer["object"], &answer["model"]),
        (&json!("chat.completion"), &json!("quality"))
    );
    let message = json!({ "role": "assistant", "content": "echo: how are you?", "refusal": null });
    assert_eq!(answer["choices"][0]["message"], message);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["usage"]["prompt_tokens"], 3);
    assert_eq!(answer["usage"]["completion_tokens"], 4);
    assert_eq!(answer["usage"]["total_tokens"], 7);
    assert_eq!(house.it.llm.requests()[0].model(), "fake-model");
    Ok(())
}

/// As `message.model_dump()` of OpenAI's own client writes an answer.
#[tokio::test]
async fn an_answer_goes_back_with_null_for_what_was_not_in_it() -> anyhow::Result<()> {
    let house = House::new().await?;
    let body = json!({
        "model": "quality", "stream": null, "tools": null, "stop": ["END"],
        "messages": [
            { "role": "user", "content": "how are you?" },
            { "role": "assistant", "content": "fine", "refusal": null, "annotations": null,
              "audio": null, "function_call": null, "tool_calls": null },
            { "role": "user", "content": "good" },
        ],
    });
    let answer: Value = house.ask(&body).await?.error_for_status()?.json().await?;
    assert_eq!(answer["choices"][0]["message"]["content"], "echo: good");
    assert_eq!(house.it.llm.requests()[0].body["stop"], json!(["END"]));
    Ok(())
}

#[tokio::test]
async fn the_model_groups_are_the_models() -> anyhow::Result<()> {
    let house = House::new().await?;
    let url = format!("{}/models", house.base);
    let models: Value = house.client.get(url).bearer_auth(&house.key).send().await?.json().await?;
    let names: Vec<_> =
        models["data"].as_array().into_iter().flatten().map(|it| &it["id"]).collect();
    assert_eq!(names, ["fast", "quality"]);
    Ok(())
}

#[tokio::test]
async fn only_keys_of_a_tenants_operators_open_it() -> anyhow::Result<()> {
    let house = House::new().await?;
    let acme = "acme".parse()?;
    let viewer = key(&house.it, &Grant::Tenant(acme, TenantRole::Viewer)).await?;
    let engineer = key(&house.it, &Grant::Platform(PlatformRole::Engineer)).await?;
    for (key, status, code) in [
        ("konstruct_nobody", 401, "invalid_api_key"),
        ("sk-other", 401, "invalid_api_key"),
        (viewer.as_str(), 403, "forbidden"),
        (engineer.as_str(), 403, "forbidden"),
    ] {
        let url = format!("{}/chat/completions", house.base);
        let answer = house.client.post(url).bearer_auth(key).json(&question()).send().await?;
        assert_eq!(answer.status().as_u16(), status, "{key}");
        let answer: Value = answer.json().await?;
        assert_eq!(answer["error"]["code"], code);
    }
    assert!(house.it.llm.requests().is_empty(), "nobody's money was spent");
    Ok(())
}
