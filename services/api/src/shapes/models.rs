//! Model groups that a tenant has of its own.

use desk::{WishedDeployment, WishedModelGroup};
use domain::secret::Secret;
use schemas::{
    ModelGroupId, TenantId,
    directory::{ModelChoice, ModelDeployment, ModelPrice, ModelVendor},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A model group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelGroup {
    /// Its name, by which agents choose it; it never changes.
    #[schema(example = "quality")]
    pub(crate) id: String,
    /// The deployments that have a key, by name.
    pub(crate) with_key: Vec<String>,
    /// What it is; it can be sent back as it stands.
    pub(crate) config: ModelGroupConfig,
}

/// All model groups that a tenant may choose from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelGroups {
    /// Its own, in the order of their names.
    pub(crate) items: Vec<ModelGroup>,
    /// The names of the installation's.
    pub(crate) of_installation: Vec<String>,
}

/// What a model group is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "choose": "order",
    "fallbacks": ["fast"],
    "deployments": [
        { "name": "claude", "vendor": "anthropic", "model": "claude-sonnet-5-5", "key": "sk-ant-…" }
    ]
}))]
pub(crate) struct ModelGroupConfig {
    /// Which deployment is asked first.
    #[serde(default)]
    pub(crate) choose: Choice,
    /// The groups that are asked after it, in order: the tenant's, else the installation's.
    #[serde(default)]
    #[schema(max_items = 8)]
    pub(crate) fallbacks: Vec<String>,
    /// Models at vendors.
    #[schema(min_items = 1, max_items = 8)]
    pub(crate) deployments: Vec<Deployment>,
}

/// Which deployment of a group is asked first.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ModelChoice)]
pub(crate) enum Choice {
    /// The one that stands first.
    #[default]
    Order,
    /// The faster of two by chance, by the time to the first token.
    Latency,
    /// By chance, in proportion to their weights.
    Weight,
    /// The cheapest for the request.
    Cheapest,
}

/// A model at a vendor. What is left out is as for the installation's.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModelDeployment)]
pub(crate) struct Deployment {
    /// What it is called; unique in its group.
    #[schema(example = "claude")]
    pub(crate) name: String,
    /// Whose wire format it speaks.
    pub(crate) vendor: Vendor,
    /// The model, as its vendor calls it.
    #[schema(example = "claude-sonnet-5-5")]
    pub(crate) model: String,
    /// Where it is, if not at its vendor's own address; for those who run the installation to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base_url: Option<String>,
    /// What it proves itself with. It is sealed and never shown; left out, the one that is there stays.
    // `skip_serializing` would leave it out of the description too.
    #[serde(default, skip_serializing_if = "super::always", serialize_with = "super::unsaid")]
    #[schema(value_type = Option<String>, format = Password, write_only)]
    pub(crate) key: Option<Secret>,
    /// Its part of the calls, where the group chooses by weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub(crate) weight: Option<u32>,
    /// The size of prompt and answer together, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) context_window: Option<u32>,
    /// The most tokens that one attempt may generate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_output_tokens: Option<u32>,
    /// The vendor's limit of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requests_per_minute: Option<u32>,
    /// The vendor's limit of tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tokens_per_minute: Option<u32>,
    /// Whether it calls tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tools: Option<bool>,
    /// Whether it answers in JSON of a given schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) json_schema: Option<bool>,
    /// Whether it looks at pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vision: Option<bool>,
    /// What it costs, where that is not as the installation's table of prices says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<Price>,
}

/// A wire format of language models.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ModelVendor)]
pub(crate) enum Vendor {
    /// OpenAI's chat completions, as many servers speak them.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Ollama's chat.
    Ollama,
}

/// What tokens cost, in micro-dollars for a million of them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModelPrice)]
pub(crate) struct Price {
    /// Those of a prompt.
    pub(crate) input: u64,
    /// Those of an answer.
    pub(crate) output: u64,
    /// Those of a prompt that were read from a cache; left out, the cost of such a call is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cache_read: Option<u64>,
}

/// What a path of a model group names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfModelGroup {
    /// The tenant's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "acme")]
    pub(crate) tenant: TenantId,
    /// The group's name.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "quality")]
    pub(crate) group: ModelGroupId,
}

impl From<schemas::ModelGroup> for ModelGroup {
    fn from(group: schemas::ModelGroup) -> Self {
        let with_key = group.deployments.iter().filter(|it| it.key.is_some());
        Self {
            id: group.id.to_string(),
            with_key: with_key.map(|it| it.name.clone()).collect(),
            config: ModelGroupConfig {
                choose: group.choose.into(),
                fallbacks: group.fallbacks,
                deployments: group.deployments.into_iter().map(Deployment::from).collect(),
            },
        }
    }
}

impl From<ModelDeployment> for Deployment {
    fn from(it: ModelDeployment) -> Self {
        Self {
            name: it.name,
            vendor: it.vendor.into(),
            model: it.model,
            base_url: it.base_url,
            key: None,
            weight: it.weight,
            context_window: it.context_window,
            max_output_tokens: it.max_output_tokens,
            requests_per_minute: it.requests_per_minute,
            tokens_per_minute: it.tokens_per_minute,
            tools: it.tools,
            json_schema: it.json_schema,
            vision: it.vision,
            price: it.price.map(Price::from),
        }
    }
}

impl From<Deployment> for WishedDeployment {
    fn from(it: Deployment) -> Self {
        Self {
            name: it.name,
            vendor: it.vendor.into(),
            model: it.model,
            base_url: it.base_url,
            key: it.key,
            weight: it.weight,
            context_window: it.context_window,
            max_output_tokens: it.max_output_tokens,
            requests_per_minute: it.requests_per_minute,
            tokens_per_minute: it.tokens_per_minute,
            tools: it.tools,
            json_schema: it.json_schema,
            vision: it.vision,
            price: it.price.map(ModelPrice::from),
        }
    }
}

impl From<ModelGroupConfig> for WishedModelGroup {
    fn from(config: ModelGroupConfig) -> Self {
        let ModelGroupConfig { choose, fallbacks, deployments } = config;
        let deployments = deployments.into_iter().map(WishedDeployment::from).collect();
        Self { choose: choose.into(), fallbacks, deployments }
    }
}

/// From one enumeration to another with the same words, and back.
macro_rules! same_words {
    ($ours:ident, $theirs:ident: $($word:ident),+) => {
        impl From<$theirs> for $ours {
            fn from(it: $theirs) -> Self {
                match it { $($theirs::$word => $ours::$word),+ }
            }
        }
        impl From<$ours> for $theirs {
            fn from(it: $ours) -> Self {
                match it { $($ours::$word => $theirs::$word),+ }
            }
        }
    };
}

same_words!(Choice, ModelChoice: Order, Latency, Weight, Cheapest);
same_words!(Vendor, ModelVendor: OpenAi, Anthropic, Ollama);

impl From<ModelPrice> for Price {
    fn from(ModelPrice { input, output, cache_read }: ModelPrice) -> Self {
        Self { input, output, cache_read }
    }
}

impl From<Price> for ModelPrice {
    fn from(Price { input, output, cache_read }: Price) -> Self {
        Self { input, output, cache_read }
    }
}

#[cfg(test)]
mod tests {
    use domain::model::{DEPLOYMENTS_MAX, FALLBACKS_MAX};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_bounds_that_are_described_are_those_that_hold() {
        let described = json!(<ModelGroupConfig as utoipa::PartialSchema>::schema());
        let most = |field: &str| described["properties"][field]["maxItems"].clone();
        assert_eq!(
            (most("fallbacks"), most("deployments")),
            (json!(FALLBACKS_MAX), json!(DEPLOYMENTS_MAX))
        );
    }

    #[test]
    fn a_key_is_read_and_never_written() {
        let said =
            json!({ "name": "gpt", "vendor": "openai", "model": "gpt-5.5", "key": "sk-s3cret" });
        let read: Deployment = serde_json::from_value(said).unwrap();
        assert!(!format!("{read:?}").contains("s3cret"), "{read:?}");
        let shown = json!({ "name": "gpt", "vendor": "openai", "model": "gpt-5.5" });
        assert_eq!(json!(read), shown);
        let wished = WishedDeployment::from(read);
        assert_eq!(wished.key.map(|key| key.expose().to_owned()).as_deref(), Some("sk-s3cret"));
    }
}
