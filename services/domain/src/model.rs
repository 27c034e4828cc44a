//! Model groups that a tenant has of its own: what of a wish can be had.
//!
//! Asking them is the work of the crate `providers`, which also knows what is wrong with a deployment.

use std::{collections::BTreeSet, sync::Arc};

use schemas::{
    AgentId, ModelGroup, ModelGroupId, ModelGroupStatus, Tenant, TenantId, TenantStatus,
    directory::{ModelChoice, ModelDeployment, ModelPrice, ModelVendor},
};
use serde::Deserialize;

use crate::{directory::Directory, fields::FieldProblem, secret::Secret};

/// The most model groups of a tenant's own.
pub const GROUPS_OF_TENANT_MAX: usize = 20;

/// The most deployments of one group.
pub const DEPLOYMENTS_MAX: usize = 8;

/// The most groups that are asked after one.
pub const FALLBACKS_MAX: usize = 8;

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 4_096;

/// A model group as somebody asks for it: all there is to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishedModelGroup {
    /// Which deployment is asked first.
    pub choose: ModelChoice,
    /// The groups that are asked after it.
    pub fallbacks: Vec<String>,
    /// Models at vendors.
    pub deployments: Vec<WishedDeployment>,
}

/// A deployment as somebody asks for it; see [`ModelDeployment`].
#[expect(missing_docs, reason = "the fields of `ModelDeployment`, documented there")]
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WishedDeployment {
    pub name: String,
    pub vendor: ModelVendor,
    pub model: String,
    #[serde(default)]
    pub base_url: Option<String>,
    /// What it proves itself with; unsaid, it keeps the key that a deployment of its name has.
    #[serde(default)]
    pub key: Option<Secret>,
    #[serde(default)]
    pub weight: Option<u32>,
    #[serde(default)]
    pub context_window: Option<u32>,
    #[serde(default)]
    pub max_output_tokens: Option<u32>,
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    #[serde(default)]
    pub tokens_per_minute: Option<u32>,
    #[serde(default)]
    pub tools: Option<bool>,
    #[serde(default)]
    pub json_schema: Option<bool>,
    #[serde(default)]
    pub vision: Option<bool>,
    #[serde(default)]
    pub price: Option<ModelPrice>,
}

/// How a wish becomes a model group.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// Ends the names of the keys that are set; no other command has it.
    pub unique: &'a str,
    /// Whether the tenant's secret of that name is this one already.
    pub has_secret: &'a dyn Fn(&str, &Secret) -> bool,
    /// All that is wrong with a deployment, in sentences that begin with its name, whatever its key.
    pub problems: &'a dyn Fn(&ModelDeployment, Option<&Secret>) -> Vec<String>,
    /// Whether the installation has a group of that name.
    pub is_of_installation: &'a dyn Fn(&str) -> bool,
}

/// Whether there is a model group of that name.
pub(crate) type IsGroup<'a> = &'a dyn Fn(&str) -> bool;

/// A group that can be had, and the keys that it names for the first time.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) group: ModelGroup,
    /// Deployment, name and secret.
    pub(crate) secrets: Vec<(String, String, Secret)>,
}

/// Whether it was not taken away.
pub fn is_active(group: &ModelGroup) -> bool {
    match group.status {
        ModelGroupStatus::Active => true,
        ModelGroupStatus::Removed { .. } => false,
    }
}

/// Whether a group of that name answers for a tenant: one of its own, or the installation's.
pub fn answers(
    directory: &Directory,
    tenant: &TenantId,
    name: &str,
    is_of_installation: &dyn Fn(&str) -> bool,
) -> bool {
    let id = name.parse::<ModelGroupId>().ok();
    let own = id.and_then(|id| directory.model_group(tenant, &id));
    own.is_some_and(|group| is_active(group)) || is_of_installation(name)
}

/// That an agent names a group that there is not.
pub fn unknown(name: &str) -> FieldProblem {
    let name: String = name.chars().take(64).collect();
    FieldProblem::new("model", format!("names `{name}`, and there is no such model group"))
}

/// The agents that are to answer people by a group that there is not, and nobody answers for: what they
/// are published with would be refused today.
pub fn without_group(
    directory: &Directory,
    is_of_installation: &dyn Fn(&str) -> bool,
) -> Vec<(TenantId, AgentId)> {
    let tenants = directory.tenants().into_iter();
    let tenants = tenants.filter(|tenant| tenant.status != TenantStatus::Deleted);
    let of = |tenant: &Arc<Tenant>| {
        let agents = directory.agents(&tenant.id).into_iter().filter(|agent| !agent.retired);
        let stranded = agents.filter(|agent| {
            let model = agent.published.as_ref().map(|it| it.config.model.as_str());
            model.is_some_and(|it| !answers(directory, &tenant.id, it, is_of_installation))
        });
        let tenant = tenant.id.clone();
        stranded.map(|agent| (tenant.clone(), agent.id.clone())).collect::<Vec<_>>()
    };
    tenants.flat_map(of).collect()
}

/// A group that is as somebody asks for it, or all that is wrong with that. `known` is what has this id
/// now, `is_there` says which groups there are beside it.
pub(crate) fn make(
    id: &ModelGroupId,
    wish: WishedModelGroup,
    (known, is_there): (Option<&ModelGroup>, IsGroup<'_>),
    making: &Making<'_>,
) -> Result<Made, Vec<FieldProblem>> {
    let known = known.filter(|group| is_active(group));
    let mut problems: Vec<_> = slug(id).filter(|_| known.is_none()).into_iter().collect();
    problems.extend(fallbacks(id, &wish.fallbacks, is_there));
    problems.extend(number(wish.deployments.len()));
    let (mut names, mut deployments, mut secrets) = (BTreeSet::new(), Vec::new(), Vec::new());
    let all: Vec<_> = wish.deployments.iter().map(|it| it.name.clone()).collect();
    for wished in wish.deployments.into_iter().take(DEPLOYMENTS_MAX) {
        let before = known
            .and_then(|group| named(group, &wished.name).or_else(|| renamed(group, &wished, &all)));
        let (deployment, new) = keyed(id, wished, before, making, &mut problems);
        if !names.insert(deployment.name.clone()) {
            problems.push(wrong(format!("has two that are named `{}`", short(&deployment.name))));
        }
        secrets.extend(new.map(|secret| {
            let kept_as = deployment.key.clone().unwrap_or_default();
            (deployment.name.clone(), kept_as, secret)
        }));
        deployments.push(deployment);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let (choose, fallbacks) = (wish.choose, wish.fallbacks);
    let status = ModelGroupStatus::Active;
    let group = ModelGroup { id: id.clone(), choose, fallbacks, deployments, status };
    Ok(Made { group, secrets })
}

/// The deployment with the name of its key, and the key if it is a new one.
fn keyed(
    group: &ModelGroupId,
    wished: WishedDeployment,
    before: Option<&ModelDeployment>,
    making: &Making<'_>,
    problems: &mut Vec<FieldProblem>,
) -> (ModelDeployment, Option<Secret>) {
    let (mut deployment, key) = wished.split();
    let name = short(&deployment.name);
    let kept = before.and_then(|before| before.key.clone());
    let is_moved = before.is_some_and(|before| is_elsewhere(before, &deployment));
    let kept = kept
        .filter(|kept| key.as_ref().is_none_or(|key| (making.has_secret)(kept, key) && !is_moved));
    if kept.is_some() && is_moved {
        let moved = "whose key must be said again, since it is called elsewhere";
        problems.push(wrong(format!("has `{name}`, {moved}")));
    }
    let new = key.filter(|_| kept.is_none());
    let named = |_: &Secret| format!("model:{group}/{}/{}", deployment.name, making.unique);
    deployment.key = kept.or_else(|| new.as_ref().map(named));
    let is_own = deployment.base_url.is_some() || deployment.vendor == ModelVendor::Ollama;
    if deployment.key.is_none() && !is_own {
        problems.push(wrong(format!("has `{name}`, which needs a key")));
    }
    if new.as_ref().is_some_and(|secret| KEY_BYTES_MAX < secret.expose().len()) {
        let problem = format!("has `{name}` with a key that is longer than {KEY_BYTES_MAX} bytes");
        problems.push(wrong(problem));
    }
    problems.extend((making.problems)(&deployment, new.as_ref()).into_iter().map(wrong));
    (deployment, new)
}

impl WishedDeployment {
    /// What it is to be, without a key, and the key.
    fn split(self) -> (ModelDeployment, Option<Secret>) {
        let deployment = ModelDeployment {
            name: self.name,
            vendor: self.vendor,
            model: self.model,
            base_url: self.base_url,
            key: None,
            weight: self.weight,
            context_window: self.context_window,
            max_output_tokens: self.max_output_tokens,
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            tools: self.tools,
            json_schema: self.json_schema,
            vision: self.vision,
            price: self.price,
        };
        (deployment, self.key)
    }
}

/// Whether a deployment would take a key to another place: nobody's key goes along unseen.
fn is_elsewhere(before: &ModelDeployment, after: &ModelDeployment) -> bool {
    before.vendor != after.vendor || before.base_url != after.base_url
}

fn named<'a>(group: &'a ModelGroup, name: &str) -> Option<&'a ModelDeployment> {
    group.deployments.iter().find(|deployment| deployment.name == name)
}

/// What a deployment was called before, where the one at its place is the only one that goes: its key
/// goes nowhere else.
fn renamed<'a>(
    group: &'a ModelGroup,
    wished: &WishedDeployment,
    all: &[String],
) -> Option<&'a ModelDeployment> {
    let goes = |it: &&ModelDeployment| !all.contains(&it.name);
    let is_there =
        |it: &&ModelDeployment| it.vendor == wished.vendor && it.base_url == wished.base_url;
    let mut going = group.deployments.iter().filter(goes).filter(is_there);
    let found = going.next();
    found.filter(|_| going.next().is_none())
}

/// In the portal, `…/models/new` is the page where groups are made, and would hide one of that name.
fn slug(id: &ModelGroupId) -> Option<FieldProblem> {
    let problem = "cannot be `new`: that is the address of the page where groups are made";
    (id.as_str() == "new").then(|| FieldProblem::new("slug", problem))
}

fn number(deployments: usize) -> Option<FieldProblem> {
    let problem = match deployments {
        0 => "has none: a group needs a model".to_owned(),
        _ if DEPLOYMENTS_MAX < deployments => format!("has more than {DEPLOYMENTS_MAX}"),
        _ => return None,
    };
    Some(wrong(problem))
}

fn fallbacks(id: &ModelGroupId, names: &[String], is_there: IsGroup<'_>) -> Vec<FieldProblem> {
    let problem = |problem: String| FieldProblem::new("fallbacks", problem);
    let mut problems = Vec::new();
    if FALLBACKS_MAX < names.len() {
        problems.push(problem(format!("has more than {FALLBACKS_MAX}")));
    }
    let mut seen = BTreeSet::new();
    for name in names.iter().take(FALLBACKS_MAX) {
        let shown = short(name);
        if name == id.as_str() {
            problems.push(problem("names the group itself".to_owned()));
        } else if !seen.insert(name) {
            problems.push(problem(format!("names `{shown}` twice")));
        } else if !is_there(name) {
            problems.push(problem(format!("names `{shown}`, and there is no such group")));
        }
    }
    problems
}

fn wrong(problem: String) -> FieldProblem {
    FieldProblem::new("deployments", problem)
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests;
