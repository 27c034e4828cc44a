//! Models without a settings file: from the vendors' customary variables.

use std::collections::BTreeMap;

use super::{
    ConfigError, Lookup,
    file::{DeploymentToml, ModelsToml},
};

/// Model names are those the vendors' model pages recommend for each use, in copies of November
/// 2026: <https://developers.openai.com/docs/models>, <https://platform.claude.com/docs/en/models>.
/// `(quality, fast)`.
const OPENAI: (&str, &str) = ("gpt-5.5", "gpt-5.4-mini");
const ANTHROPIC: (&str, &str) = ("claude-sonnet-5-5", "claude-haiku-5-5");
const OLLAMA: (&str, &str) = ("llama3.2", "llama3.2");

/// Ollama's port.
const OLLAMA_PORT: &str = "11434";

pub(super) fn models(lookup: Lookup<'_>) -> Result<ModelsToml, ConfigError> {
    let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
    let mut settings = ModelsToml::default();
    let vendors = [openai(&set)?, anthropic(&set), ollama(&set)];
    for (quality, fast) in vendors.into_iter().flatten() {
        settings.models.entry("quality".to_owned()).or_default().push(quality);
        settings.models.entry("fast".to_owned()).or_default().push(fast);
    }
    if settings.models.is_empty() {
        let problem = "no model: set `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` or `OLLAMA_HOST`";
        return Err(ConfigError(vec![problem.to_owned()]));
    }
    settings.fallbacks = BTreeMap::from([
        ("quality".to_owned(), vec!["fast".to_owned()]),
        ("fast".to_owned(), vec!["quality".to_owned()]),
    ]);
    Ok(settings)
}

type Pair = Option<(DeploymentToml, DeploymentToml)>;

fn openai(set: Lookup<'_>) -> Result<Pair, ConfigError> {
    let elsewhere = set("OPENAI_BASE_URL").is_some_and(|url| !url.contains("//api.openai.com"));
    if elsewhere && set("OPENAI_MODEL").is_none() {
        let problem = "`OPENAI_MODEL` must be set: the server at `OPENAI_BASE_URL` is not OpenAI's";
        return Err(ConfigError(vec![problem.to_owned()]));
    }
    Ok(hosted(set, "openai", OPENAI))
}

fn anthropic(set: Lookup<'_>) -> Pair {
    hosted(set, "anthropic", ANTHROPIC)
}

/// A vendor of which a key or an address is set.
fn hosted(set: Lookup<'_>, vendor: &str, models: (&str, &str)) -> Pair {
    let variable = |suffix: &str| format!("{}_{suffix}", vendor.to_uppercase());
    let api_key_env = Some(variable("API_KEY")).filter(|name| set(name).is_some());
    let base_url = set(&variable("BASE_URL"));
    if api_key_env.is_none() && base_url.is_none() {
        return None;
    }
    let base = DeploymentToml {
        name: vendor.to_owned(),
        vendor: vendor.to_owned(),
        base_url,
        api_key_env,
        ..DeploymentToml::default()
    };
    Some(pair(&base, set(&variable("MODEL")).as_deref(), models))
}

fn ollama(set: Lookup<'_>) -> Pair {
    let base = DeploymentToml {
        name: "ollama".to_owned(),
        vendor: "ollama".to_owned(),
        base_url: Some(ollama_url(set("OLLAMA_HOST")?.trim())),
        ..DeploymentToml::default()
    };
    Some(pair(&base, set("OLLAMA_MODEL").as_deref(), OLLAMA))
}

fn pair(
    base: &DeploymentToml,
    model: Option<&str>,
    (quality, fast): (&str, &str),
) -> (DeploymentToml, DeploymentToml) {
    let of =
        |usual: &str| DeploymentToml { model: model.unwrap_or(usual).to_owned(), ..base.clone() };
    (of(quality), of(fast))
}

/// `OLLAMA_HOST` as Ollama's own client reads it: the scheme and the port may be missing, and the
/// address a server listens on everywhere is called on loopback (`envconfig/config.go`).
fn ollama_url(host: &str) -> String {
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", host));
    let rest = rest.trim_end_matches('/');
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let has_port = authority.rsplit(']').next().is_some_and(|tail| tail.contains(':'));
    let port = match (has_port, host.contains("://")) {
        (true, _) | (false, true) => String::new(),
        (false, false) => format!(":{OLLAMA_PORT}"),
    };
    let authority = match authority.strip_prefix("0.0.0.0") {
        Some(port) => format!("127.0.0.1{port}"),
        None if authority.starts_with(':') => format!("127.0.0.1{authority}"),
        None => authority.to_owned(),
    };
    format!("{scheme}://{authority}{port}{path}")
}
