//! The settings as they are written, and the way from there to [`Models`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{ConfigError, Deployment, Lookup, Models, deployment};
use crate::{Prices, choose::Choice, health::Rest, plan::Retries, prices::PricesToml};

/// Model settings as they are written. To be put inside a larger file with `#[serde(flatten)]`, or
/// parsed alone by [`Models::from_toml`].
///
/// ```toml
/// [[models.quality]]
/// name = "sonnet"                       # unique in its group
/// vendor = "anthropic"                  # openai, anthropic or ollama
/// model = "claude-sonnet-5-5"
/// api_key_env = "ANTHROPIC_API_KEY"     # the variable, never the key
/// base_url = "https://api.anthropic.com"  # this one is its default
/// max_output_tokens = 4096              # the most that one attempt may generate
/// context_window = 1000000              # tokens; unknown if left out
/// weight = 1                            # its part of the calls, where the group chooses by weight
/// tools = true                          # what it can do; a request that needs more goes elsewhere
/// json_schema = true
/// vision = true
/// requests_per_minute = 500             # the vendor's limits, kept so that they are not run into
/// tokens_per_minute = 200000
///
/// [fallbacks]
/// quality = ["fast"]                    # their deployments, but not their fallbacks
///
/// [choose]
/// quality = "order"                     # order, latency, weight or cheapest
///
/// [retries]
/// attempts_max = 6                      # of one request, over all groups
/// tries_per_deployment = 3
/// rest_ms = 5000                        # how long what failed thrice is left alone at first
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ModelsToml {
    /// Deployments by group.
    #[serde(default)]
    pub(crate) models: BTreeMap<String, Vec<DeploymentToml>>,
    /// The groups to try after a group, in order.
    #[serde(default)]
    pub(crate) fallbacks: BTreeMap<String, Vec<String>>,
    /// What each group chooses by; in the order written, where nothing is said.
    #[serde(default)]
    pub(crate) choose: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) retries: RetriesToml,
    /// Prices that are not in our table, or not as it says.
    #[serde(default)]
    pub(crate) prices: Option<PricesToml>,
}

/// One deployment as it is written. Durations in seconds.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct DeploymentToml {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub vendor: String,
    #[serde(default)]
    pub model: String,
    pub base_url: Option<String>,
    pub api_key_env: Option<String>,
    pub max_output_tokens: Option<u32>,
    pub context_window: Option<u32>,
    pub first_token_s: Option<u64>,
    pub cold_load_s: Option<u64>,
    pub idle_s: Option<u64>,
    pub total_s: Option<u64>,
    pub keep_alive_s: Option<u64>,
    pub temperature: Option<bool>,
    pub token_param: Option<String>,
    pub weight: Option<u32>,
    pub tools: Option<bool>,
    pub json_schema: Option<bool>,
    pub vision: Option<bool>,
    pub requests_per_minute: Option<u32>,
    pub tokens_per_minute: Option<u32>,
    /// Misspelled settings, so that all of them are named.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, toml::Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct RetriesToml {
    pub attempts_max: Option<u32>,
    pub tries_per_deployment: Option<u32>,
    pub pause_ms: Option<u64>,
    pub pause_ms_max: Option<u64>,
    pub rest_ms: Option<u64>,
    pub rest_ms_max: Option<u64>,
    #[serde(flatten)]
    pub unknown: BTreeMap<String, toml::Value>,
}

impl ModelsToml {
    /// Whether nothing is said of models at all, so that the environment may say it.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty() && self.fallbacks.is_empty()
    }

    /// Checks it all and looks up the keys.
    pub fn resolve(self, lookup: Lookup<'_>) -> Result<Models, ConfigError> {
        let mut problems = self.problems();
        let mut groups = BTreeMap::new();
        for (group, written) in self.models {
            let mut deployments = Vec::new();
            for deployment in written {
                let place = format!("models.{group} `{}`", deployment.name);
                match deployment::resolve(&group, &place, deployment, lookup) {
                    Ok(deployment) => deployments.push(deployment),
                    Err(found) => problems.extend(found),
                }
            }
            groups.insert(group, deployments);
        }
        let choices = choices(&self.choose, &groups, &mut problems);
        let (retries, rest) = retries(&self.retries, &mut problems);
        let prices = Prices::built_in().and_then(|prices| prices.overlaid(self.prices));
        match prices {
            Ok(prices) if problems.is_empty() => {
                let fallbacks = self.fallbacks;
                Ok(Models { groups, fallbacks, choices, retries, rest, prices })
            }
            Ok(_) => Err(ConfigError(problems)),
            Err(problem) => {
                problems.push(problem);
                Err(ConfigError(problems))
            }
        }
    }

    /// What is wrong with the whole, each deployment aside.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.models.is_empty() {
            problems.push("there are no models: a `[[models.<group>]]` is needed".to_owned());
        }
        for (group, deployments) in &self.models {
            if deployments.is_empty() {
                problems.push(format!("models.{group}: it has no deployments"));
            }
            let mut names = BTreeSet::new();
            for name in deployments.iter().map(|deployment| &deployment.name) {
                if !names.insert(name) {
                    problems.push(format!("models.{group}: two are named `{name}`"));
                }
            }
        }
        for (group, others) in &self.fallbacks {
            for name in std::iter::once(group).chain(others) {
                if !self.models.contains_key(name) {
                    problems.push(format!("fallbacks.{group}: there is no group `{name}`"));
                }
            }
            if others.contains(group) {
                problems.push(format!("fallbacks.{group}: it names itself"));
            }
        }
        problems
    }
}

fn choices(
    written: &BTreeMap<String, String>,
    groups: &BTreeMap<String, Vec<Deployment>>,
    problems: &mut Vec<String>,
) -> BTreeMap<String, Choice> {
    let mut choices = BTreeMap::new();
    for (group, word) in written {
        if !groups.contains_key(group) {
            problems.push(format!("choose.{group}: there is no group `{group}`"));
        }
        match Choice::ALL.into_iter().find(|choice| choice.as_str() == word) {
            Some(choice) => drop(choices.insert(group.clone(), choice)),
            None => problems.push(format!(
                "choose.{group}: `{word}` must be order, latency, weight or cheapest"
            )),
        }
    }
    choices
}

fn retries(written: &RetriesToml, problems: &mut Vec<String>) -> (Retries, Rest) {
    for name in written.unknown.keys() {
        problems.push(format!("retries: unknown setting `{name}`"));
    }
    let (standard, rest) = (Retries::default(), Rest::default());
    let mut within = |name: &str, value: Option<u64>, standard: u64, lo: u64, hi: u64| {
        let value = value.unwrap_or(standard);
        if !(lo..=hi).contains(&value) {
            problems.push(format!("retries: `{name}` must be {lo} to {hi}"));
        }
        value
    };
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let attempts = written.attempts_max.map(u64::from);
    let tries = written.tries_per_deployment.map(u64::from);
    let retries = Retries {
        attempts_max: count(within("attempts_max", attempts, 6, 1, 50)),
        tries_per_deployment: count(within("tries_per_deployment", tries, 3, 1, 10)),
        pause: millis(within("pause_ms", written.pause_ms, as_millis(standard.pause), 1, 60_000)),
        pause_max: millis(within(
            "pause_ms_max",
            written.pause_ms_max,
            as_millis(standard.pause_max),
            1,
            60_000,
        )),
    };
    let hour = 3_600_000;
    let first = within("rest_ms", written.rest_ms, as_millis(rest.first), 1, hour);
    let max = within("rest_ms_max", written.rest_ms_max, as_millis(rest.max), 1, hour);
    (retries, Rest { first: millis(first), max: millis(max) })
}

fn millis(millis: u64) -> std::time::Duration {
    std::time::Duration::from_millis(millis)
}

fn as_millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
