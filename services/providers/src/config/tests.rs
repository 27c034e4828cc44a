use std::sync::Arc;

use expect_test::{Expect, expect};
use schemas::{
    ModelGroup,
    directory::ModelDeployment,
    usage::{MicroDollars, Usage},
};

use super::*;
use crate::{Secret, Vendor};

fn lookup(name: &str) -> Option<String> {
    let key = match name {
        "OPENAI_API_KEY" => "sk-test",
        "BROKEN_KEY" => "line\nbreak",
        "BLANK" => " ",
        _ => return None,
    };
    Some(key.to_owned())
}

/// What the settings come to, or what is wrong with them, one problem a line.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(result: Result<Models, ConfigError>, want: Expect) {
    let text = match result {
        Ok(models) => models
            .groups()
            .flat_map(|group| models.deployments(group))
            .map(|d| {
                let key = if d.api_key.is_some() { "key" } else { "no key" };
                let param = d.token_param;
                format!("{} {} {} {} {key} {param:?}", d.name, d.vendor, d.model, d.base_url)
            })
            .collect::<Vec<_>>(),
        Err(ConfigError(problems)) => problems,
    };
    want.assert_eq(&(text.join("\n") + "\n"));
}

#[track_caller]
fn check_toml(text: &str, want: Expect) {
    check(Models::from_toml(text, &lookup), want);
}

#[track_caller]
fn check_env(set: &[(&str, &str)], want: Expect) {
    let lookup =
        |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    check(Models::from_env(&lookup), want);
}

#[test]
fn a_file_names_groups_and_deployments() {
    check_toml(
        r#"
        [[models.quality]]
        name = "local"
        vendor = "openai"
        model = "smollm2"
        base_url = "http://127.0.0.1:1/v1/"
        max_output_tokens = 256
        context_window = 4096

        [[models.quality]]
        name = "hosted"
        vendor = "openai"
        model = "gpt-5.5"
        api_key_env = "OPENAI_API_KEY"

        [[models.fast]]
        name = "home"
        vendor = "ollama"
        model = "llama3.2"

        [fallbacks]
        quality = ["fast"]
        "#,
        expect![[r#"
            fast/home ollama llama3.2 http://127.0.0.1:11434 no key MaxTokens
            quality/local openai smollm2 http://127.0.0.1:1/v1 no key MaxTokens
            quality/hosted openai gpt-5.5 https://api.openai.com/v1 key MaxCompletionTokens
        "#]],
    );
}

#[test]
fn every_problem_is_named_at_once() {
    check_toml(
        r#"
        [[models.quality]]
        name = "a"
        vendor = "openai"
        model = "m"

        [[models.quality]]
        name = "a"
        vendor = "skynet"
        model = ""
        max_tokens = 5

        [[models.quality]]
        name = "b c"
        vendor = "anthropic"
        model = "m"
        base_url = "ftp://u:geheim@example.com"
        api_key_env = "NOT_THERE"
        max_output_tokens = 0
        total_s = 0
        cold_load_s = 5
        token_param = "tokens"

        [[models.quality]]
        name = "d"
        vendor = "anthropic"
        model = "m"
        base_url = "https://u:geheim@example.com"
        api_key_env = "BROKEN_KEY"

        [[models.quality]]
        name = "e"
        vendor = "ollama"
        model = "m"
        base_url = "localhost"
        api_key_env = "BLANK"
        context_window = 100
        max_output_tokens = 100

        [fallbacks]
        quality = ["quality", "fats"]

        [retries]
        attempts_max = 0
        patience = 1
        "#,
        expect![[r#"
            models.quality: two are named `a`
            fallbacks.quality: there is no group `fats`
            fallbacks.quality: it names itself
            models.quality `a`: `api_key_env` is needed: the name of the variable with the key
            models.quality `a`: `model` must be 1 to 200 characters
            models.quality `a`: unknown setting `max_tokens`
            models.quality `a`: unknown vendor `skynet` (openai, anthropic or ollama)
            models.quality `a`: `api_key_env` is needed: the name of the variable with the key
            models.quality `b c`: the name must be 1 to 64 of a-z, 0-9, `-`, `_`, `.`
            models.quality `b c`: `base_url` must be http:// or https:// with a host
            models.quality `b c`: `NOT_THERE` is not set
            models.quality `b c`: `token_param` must be `max_tokens` or `max_completion_tokens`
            models.quality `b c`: `cold_load_s` is for Ollama
            models.quality `b c`: `total_s` must be 1 to 3600 seconds
            models.quality `b c`: `max_output_tokens` must be at least 1 and below `context_window`
            models.quality `d`: `base_url` must not hold a password: the key has a place of its own
            models.quality `d`: `BROKEN_KEY` has characters that a key cannot have
            models.quality `e`: `base_url`: relative URL without a base
            models.quality `e`: `BLANK` is not set
            models.quality `e`: `max_output_tokens` must be at least 1 and below `context_window`
            retries: unknown setting `patience`
            retries: `attempts_max` must be 1 to 50
        "#]],
    );
}

#[test]
fn an_empty_file_is_a_problem() {
    check_toml(
        "",
        expect![[r#"
        there are no models: a `[[models.<group>]]` is needed
    "#]],
    );
}

#[test]
fn no_key_is_ever_shown() {
    let toml = "[[models.q]]\nname='x'\nvendor='openai'\nmodel='m'\napi_key_env='OPENAI_API_KEY'";
    let models = Models::from_toml(toml, &lookup).unwrap();
    let shown = format!("{models:?}");
    assert!(shown.contains("Secret(…)") && !shown.contains("sk-test"), "{shown}");
}

#[test]
fn the_environment_alone_is_enough() {
    check_env(
        &[("OPENAI_API_KEY", "sk"), ("ANTHROPIC_API_KEY", "sk"), ("OLLAMA_HOST", "0.0.0.0")],
        expect![[r#"
            fast/openai openai gpt-5.4-mini https://api.openai.com/v1 key MaxCompletionTokens
            fast/anthropic anthropic claude-haiku-5-5 https://api.anthropic.com key MaxTokens
            fast/ollama ollama llama3.2 http://127.0.0.1:11434 no key MaxTokens
            quality/openai openai gpt-5.5 https://api.openai.com/v1 key MaxCompletionTokens
            quality/anthropic anthropic claude-sonnet-5-5 https://api.anthropic.com key MaxTokens
            quality/ollama ollama llama3.2 http://127.0.0.1:11434 no key MaxTokens
        "#]],
    );
    check_env(
        &[("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1"), ("OPENAI_MODEL", "smollm2")],
        expect![[r#"
            fast/openai openai smollm2 http://127.0.0.1:8080/v1 no key MaxTokens
            quality/openai openai smollm2 http://127.0.0.1:8080/v1 no key MaxTokens
        "#]],
    );
}

#[test]
fn the_environment_may_lack_something() {
    check_env(
        &[("OPENAI_API_KEY", "")],
        expect![[r#"
            no model: set `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` or `OLLAMA_HOST`
        "#]],
    );
    check_env(
        &[("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1")],
        expect![[r#"
            `OPENAI_MODEL` must be set: the server at `OPENAI_BASE_URL` is not OpenAI's
        "#]],
    );
}

#[test]
fn an_ollama_host_is_read_as_ollama_reads_it() {
    let cases = [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("gpu.local", "http://gpu.local:11434"),
        ("https://gpu.local", "https://gpu.local"),
        ("http://gpu.local:1/ollama/", "http://gpu.local:1/ollama"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
    ];
    for (host, want) in cases {
        let lookup = |name: &str| (name == "OLLAMA_HOST").then(|| host.to_owned());
        let models = Models::from_env(&lookup).unwrap();
        assert_eq!(models.deployments("fast")[0].base_url, want, "{host}");
    }
}

// === a tenant's own ===

/// The installation's `quality` and `fast`, each with one deployment.
fn installation() -> Models {
    let settings = r#"
        [[models.quality]]
        name = "gpt"
        vendor = "openai"
        model = "gpt-5.5"
        api_key_env = "OPENAI_API_KEY"

        [[models.fast]]
        name = "mini"
        vendor = "openai"
        model = "gpt-5.4-mini"
        api_key_env = "OPENAI_API_KEY"

        [fallbacks]
        fast = ["quality"]
    "#;
    Models::from_toml(settings, &lookup).unwrap()
}

fn own(json: serde_json::Value) -> Arc<ModelGroup> {
    Arc::new(serde_json::from_value(json).unwrap())
}

fn tenant() -> schemas::TenantId {
    "acme".parse().unwrap()
}

#[test]
fn a_tenants_group_takes_the_place_of_the_installations() {
    let quality = own(serde_json::json!({
        "id": "quality", "choose": "latency", "status": "active",
        "deployments": [
            { "name": "claude", "vendor": "anthropic", "model": "claude-sonnet-5-5", "key": "k1" },
            { "name": "lost", "vendor": "anthropic", "model": "claude-opus-5", "key": "k2" },
        ],
    }));
    let key = |name: &str| (name == "k1").then(|| Secret::from("sk-of-acme".to_owned()));
    let (models, left_out) = installation().with_own(&tenant(), &[quality], &key);
    let names = |group: &str| -> Vec<String> {
        models.deployments(group).iter().map(|it| it.name().to_owned()).collect()
    };
    assert_eq!(names("quality"), ["quality/claude"]);
    assert_eq!(names("fast"), ["fast/mini"], "what it does not have is the installation's");
    assert_eq!(left_out, ["`lost`: `k2` is not set"]);
    let claude = models.deployments("quality").first().unwrap();
    assert_eq!(claude.api_key.as_ref().map(Secret::expose), Some("sk-of-acme"));
    assert_eq!(claude.credential, "acme anthropic https://api.anthropic.com k1");
}

#[test]
fn the_rules_of_the_installations_deployments_hold_for_a_tenants() {
    let wrong = serde_json::json!({
        "name": "a b", "vendor": "openai", "model": " ", "base_url": "ftp://x", "weight": 0,
        "context_window": 100, "max_output_tokens": 200, "tokens_per_minute": 0,
        "price": { "input": 1_000_000_000_001_u64, "output": 1 },
    });
    let wrong: ModelDeployment = serde_json::from_value(wrong).unwrap();
    let key = Secret::from("line\nbreak".to_owned());
    expect![[r#"
        `a b`: `price` must be at most 1000000000000
        `a b`: `model` must not begin or end with white space
        `a b`: the name must be 1 to 64 of a-z, 0-9, `-`, `_`, `.`
        `a b`: `model` must be 1 to 200 characters
        `a b`: `base_url` must be http:// or https:// with a host
        `a b`: `key` has characters that a key cannot have
        `a b`: `weight` must be 1 to 1000
        `a b`: `requests_per_minute` and `tokens_per_minute` must be at least 1
        `a b`: `max_output_tokens` must be at least 1 and below `context_window`"#]]
    .assert_eq(&deployment_problems(&wrong, Some(&key)).join("\n"));
    let right = serde_json::json!({ "name": "a", "vendor": "openai", "model": "gpt-5.5" });
    let right: ModelDeployment = serde_json::from_value(right).unwrap();
    assert_eq!(deployment_problems(&right, None), [] as [String; 0]);
}

#[test]
fn what_a_tenant_says_that_a_model_costs_holds_for_that_deployment_alone() {
    let priced = own(serde_json::json!({
        "id": "own", "choose": "order", "status": "active",
        "deployments": [{
            "name": "gpt", "vendor": "openai", "model": "gpt-5.5", "key": "k1",
            "price": { "input": 1_000_000, "output": 2_000_000 },
        }],
    }));
    let key = |_: &str| Some(Secret::from("sk-of-acme".to_owned()));
    let base = installation();
    let (models, _) = base.with_own(&tenant(), &[priced], &key);
    let cost = |group: &str| {
        let deployment = models.deployments(group).first().unwrap();
        deployment.prices(&models.prices).cost(Vendor::OpenAi, "gpt-5.5", Some(&tokens(10)))
    };
    assert_eq!(cost("own").amount, Some(MicroDollars(30)));
    assert_eq!(cost("own").price_version, format!("own+{}", base.prices.version()));
    let theirs = base.prices.cost(Vendor::OpenAi, "gpt-5.5", Some(&tokens(10)));
    assert_ne!(theirs.amount, Some(MicroDollars(30)));
    assert_eq!(cost("quality"), theirs, "what the installation pays for costs what it costs");
}

fn tokens(number: u64) -> Usage {
    Usage { input_tokens: Some(number), output_tokens: Some(number), ..Usage::default() }
}
