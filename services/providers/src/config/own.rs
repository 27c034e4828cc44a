//! A tenant's own groups, over those of the installation.

use std::{collections::BTreeMap, sync::Arc};

use schemas::{
    ModelGroup, TenantId,
    directory::{ModelDeployment, ModelPrice},
};

use super::{Deployment, Models, deployment, file::DeploymentToml};
use crate::{Secret, prices::Price};

/// The highest price of a tenant's own, in micro-dollars for a million tokens: sums of it stay sums.
const PRICE_MAX: u64 = 1_000_000_000_000;

/// The longest address of a tenant's own.
const URL_BYTES_MAX: usize = 2_048;

/// A key in the place of one that is not shown.
const SOME_KEY: &str = "a-key";

/// All that is wrong with a deployment of a tenant, in sentences that begin with its name, by the rules
/// that hold for the installation's. Whether it needs a key is not among them.
pub fn deployment_problems(written: &ModelDeployment, key: Option<&Secret>) -> Vec<String> {
    let key = key.map_or(SOME_KEY, Secret::expose).to_owned();
    let settings = DeploymentToml { api_key_env: Some("key".to_owned()), ..settings(written) };
    let mut problems = bounds(written);
    let resolved = deployment::resolve("own", &place(written), settings, &|_| Some(key.clone()));
    problems.extend(resolved.err().unwrap_or_default());
    problems
}

/// What is wrong where a tenant has less room than whoever writes the installation's file.
fn bounds(written: &ModelDeployment) -> Vec<String> {
    let place = place(written);
    let prices = written.price.map(|it| [Some(it.input), Some(it.output), it.cache_read]);
    let dearest = prices.into_iter().flatten().flatten().max();
    let url = written.base_url.as_deref().unwrap_or_default();
    let wrong = [
        (PRICE_MAX < dearest.unwrap_or(0), format!("`price` must be at most {PRICE_MAX}")),
        (URL_BYTES_MAX < url.len(), format!("`base_url` must be at most {URL_BYTES_MAX} bytes")),
        (
            written.model.trim() != written.model,
            "`model` must not begin or end with white space".to_owned(),
        ),
    ];
    let wrong = wrong.into_iter().filter(|(is_wrong, _)| *is_wrong);
    wrong.map(|(_, problem)| format!("{place}: {problem}")).collect()
}

impl Models {
    /// These, with a tenant's own groups in the place of those of the same names; a price that one of them
    /// has is its own alone. `key` has the keys, by name. With it comes what cannot be called, and is left
    /// out: whose key is gone.
    pub fn with_own(
        &self,
        tenant: &TenantId,
        groups: &[Arc<ModelGroup>],
        key: &dyn Fn(&str) -> Option<Secret>,
    ) -> (Self, Vec<String>) {
        let (mut models, mut left_out) = (self.clone(), Vec::new());
        for group in groups {
            let name = group.id.to_string();
            let mut deployments = Vec::new();
            for written in &group.deployments {
                match own(tenant, &name, written, key) {
                    Ok(deployment) => deployments.push(Deployment {
                        own_prices: written.price.map(|it| self.prices.under(price(written, it))),
                        ..deployment
                    }),
                    Err(problems) => left_out.extend(problems),
                }
            }
            models.groups.insert(name.clone(), deployments);
            models.choices.insert(name.clone(), group.choose);
            models.fallbacks.insert(name, group.fallbacks.clone());
        }
        (models, left_out)
    }
}

/// A deployment with its key. What it shares health and quota with is of the same tenant: no two tenants'
/// keys are ever taken for one.
fn own(
    tenant: &TenantId,
    group: &str,
    written: &ModelDeployment,
    key: &dyn Fn(&str) -> Option<Secret>,
) -> Result<Deployment, Vec<String>> {
    let lookup = |name: &str| key(name).map(|key| key.expose().to_owned());
    let resolved = deployment::resolve(group, &place(written), settings(written), &lookup)?;
    let credential = format!("{tenant} {}", resolved.credential);
    Ok(Deployment { credential, is_of_tenant: true, ..resolved })
}

/// As if it stood in the settings, with the secret's name for the variable's.
fn settings(written: &ModelDeployment) -> DeploymentToml {
    DeploymentToml {
        name: written.name.clone(),
        vendor: written.vendor.as_str().to_owned(),
        model: written.model.clone(),
        base_url: written.base_url.clone(),
        api_key_env: written.key.clone(),
        max_output_tokens: written.max_output_tokens,
        context_window: written.context_window,
        weight: written.weight,
        tools: written.tools,
        json_schema: written.json_schema,
        vision: written.vision,
        requests_per_minute: written.requests_per_minute,
        tokens_per_minute: written.tokens_per_minute,
        unknown: BTreeMap::new(),
        ..DeploymentToml::default()
    }
}

/// What a problem begins with.
fn place(written: &ModelDeployment) -> String {
    let name: String = written.name.chars().take(64).collect();
    format!("`{name}`")
}

fn price(of: &ModelDeployment, said: ModelPrice) -> Price {
    Price::own(of.vendor.as_str(), &of.model, said)
}
