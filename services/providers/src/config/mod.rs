//! Which models there are: parsed once, whole, with every problem named at once.

mod deployment;
mod environment;
mod file;
mod own;

use std::collections::BTreeMap;

pub use deployment::Deployment;
pub(crate) use deployment::TokenParam;
pub use file::ModelsToml;
pub use own::deployment_problems;

use crate::{Prices, choose::Choice, health::Rest, plan::Retries};

/// Looks a setting up by name; the environment in `main`, a map in tests.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Everything that is wrong with the model settings, so that one restart fixes it.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("bad model settings: {}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

/// The model groups, what each falls back to, how failures are retried, and the prices.
#[derive(Clone, Debug)]
pub struct Models {
    pub(crate) groups: BTreeMap<String, Vec<Deployment>>,
    pub(crate) fallbacks: BTreeMap<String, Vec<String>>,
    pub(crate) choices: BTreeMap<String, Choice>,
    pub(crate) retries: Retries,
    pub(crate) rest: Rest,
    pub(crate) prices: Prices,
}

impl Models {
    /// Models from a TOML text: see [`ModelsToml`] for its form. Keys come from `lookup`.
    pub fn from_toml(text: &str, lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let parsed: Result<ModelsToml, _> = toml::from_str(text);
        parsed.map_err(|error| ConfigError(vec![error.to_string()]))?.resolve(lookup)
    }

    /// Groups `quality` and `fast` of whatever vendors' customary variables are set:
    /// `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `OPENAI_MODEL`; `ANTHROPIC_API_KEY`,
    /// `ANTHROPIC_BASE_URL`, `ANTHROPIC_MODEL`; `OLLAMA_HOST`, `OLLAMA_MODEL`. In that order.
    pub fn from_env(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        environment::models(lookup)?.resolve(lookup)
    }

    /// The names of the groups, in alphabetical order.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    /// The deployments of a group itself, in the order they are tried.
    pub fn deployments(&self, group: &str) -> &[Deployment] {
        self.groups.get(group).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests;
