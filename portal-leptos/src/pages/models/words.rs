//! Models in words.

use portal_ui::{Choice, format::counted};
use schemas::directory::{ModelChoice, ModelDeployment, ModelPrice, ModelVendor};

use crate::pages::amounts::typed_price;

/// Which deployment is asked first.
pub(super) const fn choice(choose: ModelChoice) -> &'static str {
    match choose {
        ModelChoice::Order => "The first in the list, then the next",
        ModelChoice::Latency => "The one that answers faster",
        ModelChoice::Weight => "One by chance, by their weights",
        ModelChoice::Cheapest => "The cheapest for the request",
    }
}

/// Whose model it is.
pub(super) const fn vendor(vendor: ModelVendor) -> &'static str {
    match vendor {
        ModelVendor::OpenAi => "OpenAI",
        ModelVendor::Anthropic => "Anthropic",
        ModelVendor::Ollama => "Ollama",
    }
}

/// The ways to choose, as a form offers them.
pub(super) fn choices() -> Vec<Choice> {
    ModelChoice::ALL.map(|it| Choice::new(it.as_str(), choice(it))).into()
}

/// The vendors, as a form offers them.
pub(super) fn vendors() -> Vec<Choice> {
    ModelVendor::ALL.map(|it| Choice::new(it.as_str(), vendor(it))).into()
}

/// Whether there is a key.
pub(super) const fn key(deployment: &ModelDeployment) -> &'static str {
    if deployment.key.is_some() { "a key is stored" } else { "no key" }
}

/// What of a deployment is not as usual, by the names of the form.
pub(super) fn unusual(it: &ModelDeployment) -> Vec<(&'static str, String)> {
    let tokens = |count: u32| counted(count.into(), "token", "tokens");
    let flag = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let all = [
        ("Address", it.base_url.clone()),
        ("Weight", it.weight.map(|weight| weight.to_string())),
        ("Prompt and answer together", it.context_window.map(tokens)),
        ("Longest answer", it.max_output_tokens.map(tokens)),
        ("Requests a minute", it.requests_per_minute.map(|most| most.to_string())),
        ("Tokens a minute", it.tokens_per_minute.map(|most| most.to_string())),
        ("Calls tools", it.tools.map(flag)),
        ("Answers in JSON", it.json_schema.map(flag)),
        ("Looks at pictures", it.vision.map(flag)),
        ("Price of a million tokens", it.price.map(price)),
    ];
    all.into_iter().filter_map(|(name, said)| Some((name, said?))).collect()
}

fn price(price: ModelPrice) -> String {
    let ModelPrice { input, output, cache_read } = price;
    let dollars = |micros| format!("${}", typed_price(micros));
    let cached = cache_read.map(|it| format!(", {} read from a cache", dollars(it)));
    format!("{} read, {} written{}", dollars(input), dollars(output), cached.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_as_usual_is_not_said() {
        let plain = json!({ "name": "gpt", "vendor": "openai", "model": "gpt-5.5", "key": "k" });
        let plain: ModelDeployment = serde_json::from_value(plain).unwrap();
        assert!(unusual(&plain).is_empty());
        let price = ModelPrice { input: 2_500_000, output: 15_000_000, cache_read: Some(75_000) };
        let own = ModelDeployment {
            context_window: Some(200_000),
            vision: Some(false),
            price: Some(price),
            ..plain
        };
        let said = unusual(&own);
        let said: Vec<_> = said.iter().map(|(name, said)| (*name, &**said)).collect();
        let want = [
            ("Prompt and answer together", "200,000 tokens"),
            ("Looks at pictures", "no"),
            ("Price of a million tokens", "$2.5 read, $15 written, $0.075 read from a cache"),
        ];
        assert_eq!(said, want);
    }
}
