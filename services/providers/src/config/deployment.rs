//! One deployment: a model at a vendor, with its limits and its key.

use std::time::Duration;

use reqwest::Url;

use super::{Lookup, file::DeploymentToml};
use crate::{Prices, Request, Secret, Vendor, health::Allowance, ollama, vendor::header_value};

/// The most tokens one attempt generates, where the settings say nothing. Models that reason spend
/// it on that too. Half of a small context window.
const OUTPUT_TOKENS: u32 = 4096;

/// The largest weight.
const WEIGHT_MAX: u32 = 1_000;

/// The longest any clock may be set to.
const CLOCK_S_MAX: u64 = 3600;

/// A model at a vendor, ready to be called.
#[derive(Clone, Debug)]
pub struct Deployment {
    pub(crate) name: String,
    pub(crate) vendor: Vendor,
    pub(crate) model: String,
    /// Without a trailing slash.
    pub(crate) base_url: String,
    pub(crate) api_key: Option<Secret>,
    /// What else shares its key, and so its quota.
    pub(crate) credential: String,
    pub(crate) max_output_tokens: u32,
    pub(crate) context_window: Option<u32>,
    pub(crate) clocks: Clocks,
    pub(crate) keep_alive: Duration,
    pub(crate) takes_temperature: bool,
    /// It ends its answers where it is told to.
    pub(crate) takes_stop: bool,
    pub(crate) token_param: TokenParam,
    pub(crate) weight: u32,
    pub(crate) abilities: Abilities,
    pub(crate) allowance: Allowance,
    /// What it costs, where that is not as the table of all says.
    pub(crate) own_prices: Option<Prices>,
    /// Whose it is, where it is a tenant's.
    pub(crate) is_of_tenant: bool,
}

/// What a model can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// To call tools.
    pub tools: bool,
    /// To answer in JSON of a given schema.
    pub json_schema: bool,
    /// To look at pictures.
    pub vision: bool,
}

/// Four clocks less one: the time to connect is the client's, see [`crate::ClientSettings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// From the request to the first token.
    pub first_token: Duration,
    /// The same when the model may have to be loaded first (Ollama).
    pub cold_load: Duration,
    /// Between two pieces of the stream.
    pub idle: Duration,
    /// The whole attempt.
    pub total: Duration,
}

/// What the limit of tokens is called: reasoning models of OpenAI refuse the old name, and some
/// compatible servers do not know the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenParam {
    MaxTokens,
    MaxCompletionTokens,
}

impl Deployment {
    /// `group/name`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose wire format it speaks.
    pub fn vendor(&self) -> Vendor {
        self.vendor
    }

    /// The model asked for.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The size of prompt and answer together, in tokens, if it is known.
    pub fn context_window(&self) -> Option<u32> {
        self.context_window
    }

    /// The most tokens one attempt generates.
    pub fn max_output_tokens(&self) -> u32 {
        self.max_output_tokens
    }

    /// Whether it can take the request: it has what is asked for, and the prompt is not certainly
    /// longer than its window.
    pub(crate) fn can(&self, request: &Request) -> bool {
        let fits = self.context_window.is_none_or(|window| request.tokens_at_least() <= window);
        fits && self.has_what(request)
    }

    /// Whether it has what is asked for, however long that is.
    pub(crate) fn has_what(&self, request: &Request) -> bool {
        let needs = request.needs();
        let has = self.abilities;
        (!needs.tools || has.tools)
            && (!needs.json_schema || has.json_schema)
            && (!needs.vision || has.vision)
    }

    /// The prices that hold for it: its own before those of all.
    pub(crate) fn prices<'a>(&'a self, of_all: &'a Prices) -> &'a Prices {
        self.own_prices.as_ref().unwrap_or(of_all)
    }

    /// Whether it is the same model at the same place, under whatever name.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.credential == other.credential && self.model == other.model
    }
}

/// Checks one deployment; on failure everything that is wrong with it, each said to be at `place`.
pub(super) fn resolve(
    group: &str,
    place: &str,
    written: DeploymentToml,
    lookup: Lookup<'_>,
) -> Result<Deployment, Vec<String>> {
    let mut problems = Problems::new((group, place), &written);
    let vendor = problems.note(written.vendor.parse::<Vendor>());
    let base_url = vendor.and_then(|vendor| {
        let url = written.base_url.as_deref().unwrap_or_else(|| default_url(vendor));
        problems.note(base_url(url))
    });
    let api_key = key(&written, lookup, &mut problems);
    let token_param = token_param(&written, &mut problems);
    let clocks = clocks(&written, vendor, &mut problems);
    let keep_alive = problems.seconds("keep_alive_s", written.keep_alive_s, 1800);
    let known_window = (vendor == Some(Vendor::Ollama)).then_some(ollama::CONTEXT_WINDOW);
    let context_window = written.context_window.or(known_window);
    let weight = written.weight.unwrap_or(1);
    if !(1..=WEIGHT_MAX).contains(&weight) {
        problems.push(&format!("`weight` must be 1 to {WEIGHT_MAX}"));
    }
    let allowance =
        Allowance { requests: written.requests_per_minute, tokens: written.tokens_per_minute };
    if allowance.requests == Some(0) || allowance.tokens == Some(0) {
        problems.push("`requests_per_minute` and `tokens_per_minute` must be at least 1");
    }
    let usual_output = context_window.map_or(OUTPUT_TOKENS, |all| OUTPUT_TOKENS.min(all / 2));
    let max_output_tokens = written.max_output_tokens.unwrap_or(usual_output);
    if max_output_tokens == 0 || context_window.is_some_and(|window| window <= max_output_tokens) {
        problems.push("`max_output_tokens` must be at least 1 and below `context_window`");
    }
    let (Some(vendor), Some(base_url)) = (vendor, base_url) else { return Err(problems.found) };
    if !problems.found.is_empty() {
        return Err(problems.found);
    }
    Ok(Deployment {
        name: format!("{group}/{}", written.name),
        vendor,
        takes_stop: vendor != Vendor::OpenAi || !reasons(&written.model),
        takes_temperature: written
            .temperature
            .unwrap_or_else(|| takes_temperature(vendor, &written.model)),
        credential: format!(
            "{vendor} {base_url} {}",
            written.api_key_env.as_deref().unwrap_or_default()
        ),
        weight,
        allowance,
        abilities: Abilities {
            tools: written.tools.unwrap_or(true),
            json_schema: written.json_schema.unwrap_or(true),
            // What runs on one's own machine seldom has eyes.
            vision: written.vision.unwrap_or(vendor != Vendor::Ollama),
        },
        token_param: token_param.unwrap_or_else(|| usual_token_param(&base_url, &written.model)),
        model: written.model,
        base_url,
        api_key,
        max_output_tokens,
        context_window,
        clocks,
        keep_alive,
        own_prices: None,
        is_of_tenant: false,
    })
}

/// Gathers problems, each with the place it is at.
struct Problems {
    place: String,
    found: Vec<String>,
}

impl Problems {
    /// With what is wrong with the names.
    fn new((group, place): (&str, &str), written: &DeploymentToml) -> Self {
        let mut problems = Self { place: place.to_owned(), found: Vec::new() };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        for (what, name) in [("group", group), ("name", written.name.as_str())] {
            if !(1..=64).contains(&name.len()) || !name.chars().all(plain) {
                problems.push(&format!("the {what} must be 1 to 64 of a-z, 0-9, `-`, `_`, `.`"));
            }
        }
        if !(1..=200).contains(&written.model.trim().len()) {
            problems.push("`model` must be 1 to 200 characters");
        }
        for name in written.unknown.keys() {
            problems.push(&format!("unknown setting `{name}`"));
        }
        problems
    }

    fn push(&mut self, problem: &str) {
        self.found.push(format!("{}: {problem}", self.place));
    }

    fn note<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|problem| self.push(&problem)).ok()
    }

    fn seconds(&mut self, name: &str, value: Option<u64>, usual: u64) -> Duration {
        let value = value.unwrap_or(usual);
        if !(1..=CLOCK_S_MAX).contains(&value) {
            self.push(&format!("`{name}` must be 1 to {CLOCK_S_MAX} seconds"));
        }
        Duration::from_secs(value)
    }
}

fn default_url(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::OpenAi => "https://api.openai.com/v1",
        Vendor::Anthropic => "https://api.anthropic.com",
        Vendor::Ollama => "http://127.0.0.1:11434",
    }
}

fn base_url(text: &str) -> Result<String, String> {
    // The text is not repeated: it may hold a password.
    let url = Url::parse(text).map_err(|error| format!("`base_url`: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("`base_url` must be http:// or https:// with a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "`base_url` must not hold a password: the key has a place of its own".to_owned()
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("`base_url` must end with its path".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn key(written: &DeploymentToml, lookup: Lookup<'_>, problems: &mut Problems) -> Option<Secret> {
    let Some(name) = &written.api_key_env else {
        if written.base_url.is_none() && written.vendor != Vendor::Ollama.as_str() {
            problems.push("`api_key_env` is needed: the name of the variable with the key");
        }
        return None;
    };
    let Some(key) = lookup(name).filter(|key| !key.trim().is_empty()) else {
        problems.push(&format!("`{name}` is not set"));
        return None;
    };
    let key = Secret::from(key.trim().to_owned());
    if header_value("Bearer ", &key).is_none() {
        problems.push(&format!("`{name}` has characters that a key cannot have"));
    }
    Some(key)
}

/// An Ollama may have to load the model first, from a slow disk, and a client that gives up aborts
/// the load (ollama/ollama issue 7408): so its cold clock is long.
fn clocks(written: &DeploymentToml, vendor: Option<Vendor>, problems: &mut Problems) -> Clocks {
    let first = problems.seconds("first_token_s", written.first_token_s, 60);
    let cold = match vendor {
        Some(Vendor::Ollama) => problems.seconds("cold_load_s", written.cold_load_s, 300),
        Some(Vendor::OpenAi | Vendor::Anthropic) | None => {
            if written.cold_load_s.is_some() {
                problems.push("`cold_load_s` is for Ollama");
            }
            first
        }
    };
    Clocks {
        first_token: first,
        cold_load: cold,
        idle: problems.seconds("idle_s", written.idle_s, 30),
        total: problems.seconds("total_s", written.total_s, 600),
    }
}

fn token_param(written: &DeploymentToml, problems: &mut Problems) -> Option<TokenParam> {
    match written.token_param.as_deref() {
        None => None,
        Some("max_tokens") => Some(TokenParam::MaxTokens),
        Some("max_completion_tokens") => Some(TokenParam::MaxCompletionTokens),
        Some(_) => {
            problems.push("`token_param` must be `max_tokens` or `max_completion_tokens`");
            None
        }
    }
}

fn usual_token_param(base_url: &str, model: &str) -> TokenParam {
    if base_url == default_url(Vendor::OpenAi) || reasons(model) {
        TokenParam::MaxCompletionTokens
    } else {
        TokenParam::MaxTokens
    }
}

/// Reasoning models of OpenAI, and Claude from Opus 4.7 and Sonnet 5 on, refuse a temperature; what
/// Ollama runs takes one.
fn takes_temperature(vendor: Vendor, model: &str) -> bool {
    match vendor {
        Vendor::OpenAi => !reasons(model),
        Vendor::Anthropic => false,
        Vendor::Ollama => true,
    }
}

fn reasons(model: &str) -> bool {
    let mut families = ["gpt-5", "gpt-6", "o1", "o3", "o4"].into_iter();
    families.any(|family| model.starts_with(family))
}
