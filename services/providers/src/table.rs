//! The deployments of each group with what is known of them, in the order in which a request tries
//! them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use crate::{
    Deployment, Models, Prices, Request, WorstCost,
    call::Limits,
    choose::{self, Choice, Eligible},
    config::TokenParam,
    health::{Credential, Health},
    meter::Names,
    plan::{Candidate, Retries},
    quirks::Quirks,
    status::DeploymentStatus,
};

/// One set of settings at work.
pub(crate) struct Table {
    pub(crate) retries: Retries,
    pub(crate) prices: Prices,
    groups: BTreeMap<String, Group>,
    nodes: HashMap<Identity, Arc<Node>>,
}

/// A group and those it falls back to, in order; each with its deployments.
struct Group(Vec<Tier>);

struct Tier {
    choice: Choice,
    routes: Vec<Route>,
}

/// A deployment in a group.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) node: Arc<Node>,
    /// When it may be called, if it rested as the request came.
    pub(crate) opens_at: Option<Instant>,
}

/// A model at a place with a key, under whatever names.
type Identity = (String, String);

/// What is known of it, over all groups.
pub(crate) struct Node {
    pub(crate) health: Health,
    credential: Arc<Credential>,
    /// Until when the model is known to be loaded (Ollama).
    warm_until: Mutex<Option<Instant>>,
    /// What it turned out not to take, asked as these settings say.
    quirks: Mutex<(Way, Quirks)>,
    tally: Mutex<Tally>,
    pub(crate) names: Names,
}

/// What a refusal may teach to do otherwise.
type Way = (TokenParam, bool);

/// What was known before of deployments that a table has too.
#[derive(Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    /// By a table whose own settings go on to hold for them.
    pub(crate) shared: Option<&'a Table>,
    /// By the table whose place this one takes.
    pub(crate) before: Option<&'a Table>,
}

/// What was counted since the process began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub calls: u64,
    pub failures: u64,
    /// In micro-dollars.
    pub spent: u64,
}

impl Table {
    /// Those settings, with what is `known` of deployments that they have too.
    pub(crate) fn new(models: &Models, known: Known<'_>) -> Self {
        let mut table = Self {
            retries: models.retries,
            prices: models.prices.clone(),
            groups: BTreeMap::new(),
            nodes: HashMap::new(),
        };
        for group in models.groups.keys() {
            let group = (group.clone(), table.group(models, group, known));
            table.groups.extend([group]);
        }
        table
    }

    /// The routes of a group for a request, in the order in which they are tried; nothing for a group
    /// that is not there. A deployment whose window is certainly too small is left out.
    pub(crate) fn routes(
        &self,
        group: &str,
        (request, tokens): (&Request, u32),
        now: Instant,
        mut dice: impl FnMut() -> f64,
    ) -> Option<Vec<Route>> {
        let mut routes = Vec::new();
        for tier in &self.groups.get(group)?.0 {
            let fits = |route: &&Route| route.deployment.can(request);
            let fitting: Vec<&Route> = tier.routes.iter().filter(fits).collect();
            let eligible = |route: &&Route| Eligible {
                standing: route.node.health.standing(tokens, now),
                weight: route.deployment.weight,
                price: self.price(&route.deployment, request, tokens),
            };
            let eligible: Vec<Eligible> = fitting.iter().map(eligible).collect();
            for at in choose::order(tier.choice, &eligible, &mut dice) {
                let Some((route, eligible)) = fitting.get(at).zip(eligible.get(at)) else {
                    continue;
                };
                let opens_at = eligible.standing.opens_at;
                routes.push(Route { opens_at, ..(*route).clone() });
            }
        }
        Some(routes)
    }

    /// The largest window of those that can be asked in a group; nothing where one does not say.
    pub(crate) fn window(&self, group: &str, request: &Request) -> Option<u32> {
        let routes = self.groups.get(group)?.0.iter().flat_map(|tier| &tier.routes);
        let able = routes.map(|route| &route.deployment).filter(|it| it.has_what(request));
        let largest = able.map(|it| it.context_window).reduce(|one, other| Some(one?.max(other?)));
        largest.flatten()
    }

    /// What one call of a request can cost at the most, whichever deployment of the group takes it.
    pub(crate) fn worst(&self, group: &str, request: &Request) -> WorstCost {
        self.worst_of(group, request, request.tokens())
    }

    /// The same with a prompt of so many tokens.
    pub(crate) fn worst_of(&self, group: &str, request: &Request, tokens: u32) -> WorstCost {
        let tiers = self.groups.get(group).map(|group| group.0.as_slice()).unwrap_or_default();
        let routes = tiers.iter().flat_map(|tier| &tier.routes);
        let fitting = routes.map(|route| &route.deployment).filter(|it| it.can(request));
        let cost = |it: &Arc<Deployment>| {
            let written = request.max_output_tokens.clamp(1, it.max_output_tokens);
            it.prices(&self.prices).worst(it.vendor, &it.model, tokens, written)
        };
        let costs: Vec<_> = fitting.map(cost).collect();
        if costs.is_empty() {
            return WorstCost::NoneFits;
        }
        let known: Option<Vec<_>> = costs.into_iter().collect();
        known.and_then(|known| known.into_iter().max()).map_or(WorstCost::Unknown, WorstCost::Known)
    }

    /// The names of the groups.
    pub(crate) fn groups(&self) -> Vec<String> {
        self.groups.keys().cloned().collect()
    }

    /// How the deployments of each group itself stand.
    pub(crate) fn status(&self, now: Instant) -> Vec<DeploymentStatus> {
        let own = self.groups.values().filter_map(|group| group.0.first());
        let routes = own.flat_map(|tier| &tier.routes);
        routes.map(|route| DeploymentStatus::of(route, now)).collect()
    }

    /// What the request would cost there at the most, in micro-dollars.
    fn price(&self, deployment: &Deployment, request: &Request, tokens: u32) -> Option<u64> {
        let output = request.max_output_tokens.min(deployment.max_output_tokens);
        let prices = deployment.prices(&self.prices);
        prices.estimate(deployment.vendor, &deployment.model, tokens, output)
    }

    fn group(&mut self, models: &Models, group: &str, known: Known<'_>) -> Group {
        let others = models.fallbacks.get(group).into_iter().flatten().map(String::as_str);
        let mut tiers: Vec<Tier> = Vec::new();
        for name in std::iter::once(group).chain(others) {
            let mut routes: Vec<Route> = Vec::new();
            for deployment in models.deployments(name) {
                let is_known = tiers
                    .iter()
                    .flat_map(|tier| &tier.routes)
                    .chain(&routes)
                    .any(|route| route.deployment.is_same(deployment));
                if !is_known {
                    let node = self.node(deployment, models, known);
                    let deployment = Arc::new(deployment.clone());
                    routes.push(Route { deployment, node, opens_at: None });
                }
            }
            let choice = models.choices.get(name).copied().unwrap_or_default();
            tiers.push(Tier { choice, routes });
        }
        Group(tiers)
    }

    fn node(&mut self, of: &Deployment, models: &Models, known: Known<'_>) -> Arc<Node> {
        let identity = (of.credential.clone(), of.model.clone());
        if let Some(node) = self.nodes.get(&identity) {
            return Arc::clone(node);
        }
        let shared = known.shared.and_then(|it| it.nodes.get(&identity));
        let before = known.before.and_then(|it| it.nodes.get(&identity));
        let node = match (shared, before) {
            (Some(node), _) => Arc::clone(node),
            (None, Some(node)) => {
                node.adjust(of, models);
                Arc::clone(node)
            }
            (None, None) => {
                let credential = self.credential(&of.credential, known);
                let health = Health::new(models.rest, of.allowance, Arc::clone(&credential));
                Arc::new(Node {
                    health,
                    credential,
                    warm_until: Mutex::default(),
                    quirks: Mutex::new((way(of), Quirks::default())),
                    tally: Mutex::default(),
                    names: Names::default(),
                })
            }
        };
        self.nodes.insert(identity, Arc::clone(&node));
        node
    }

    /// The state of a key, shared by all that use it.
    fn credential(&self, name: &str, known: Known<'_>) -> Arc<Credential> {
        let before = [known.shared, known.before].into_iter().flatten();
        let here = self.nodes.iter().chain(before.flat_map(|it| &it.nodes));
        let mut held = here.filter(|((credential, _), _)| credential == name);
        held.next().map_or_else(Arc::default, |(_, node)| Arc::clone(&node.credential))
    }
}

/// How a deployment is asked, by its settings.
fn way(of: &Deployment) -> Way {
    (of.token_param, of.takes_temperature)
}

impl Route {
    pub(crate) fn candidate(&self) -> Candidate<'_> {
        Candidate {
            credential: &self.deployment.credential,
            context_window: self.deployment.context_window,
            opens_at: self.opens_at,
        }
    }

    /// The deployment as it turned out to be.
    pub(crate) fn deployment(&self) -> Cow<'_, Deployment> {
        let quirks = self.node.quirks().1;
        if quirks == Quirks::default() {
            return Cow::Borrowed(&self.deployment);
        }
        let mut deployment = Deployment::clone(&self.deployment);
        deployment.token_param = quirks.token_param.unwrap_or(deployment.token_param);
        deployment.takes_temperature &= !quirks.no_temperature;
        deployment.takes_stop &= !quirks.no_stop;
        Cow::Owned(deployment)
    }

    /// The clocks of an attempt that starts now, and whether the model may have to be loaded first.
    pub(crate) fn limits(&self, request: &Request, deadline: Instant) -> (Limits, bool) {
        let (own, asked) = (self.deployment.clocks, request.timeouts);
        let now = Instant::now();
        let cold = own.cold_load != own.first_token && !self.node.is_warm(now);
        let first_token = if cold { own.cold_load } else { own.first_token };
        let total_at = now.checked_add(asked.total.unwrap_or(own.total));
        let limits = Limits {
            first_token: asked.first_token.unwrap_or(first_token),
            idle: asked.idle.unwrap_or(own.idle),
            total_at: total_at.map_or(deadline, |at| at.min(deadline)),
        };
        (limits, cold)
    }
}

impl Node {
    fn is_warm(&self, now: Instant) -> bool {
        let warm = self.warm_until.lock().unwrap_or_else(PoisonError::into_inner);
        warm.is_some_and(|until| now < until)
    }

    pub(crate) fn tally(&self) -> Tally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call.
    pub(crate) fn count(&self, answered: bool, cost: Option<u64>) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.calls = tally.calls.saturating_add(1);
        tally.failures = tally.failures.saturating_add(u64::from(!answered));
        tally.spent = tally.spent.saturating_add(cost.unwrap_or(0));
    }

    /// Remembers what a refusal taught; whether any of it is new.
    pub(crate) fn learn(&self, quirks: Quirks) -> bool {
        self.quirks().1.learn(quirks)
    }

    /// Takes other settings. What was learnt of a deployment that is asked otherwise now is forgotten.
    fn adjust(&self, to: &Deployment, models: &Models) {
        self.health.adjust(models.rest, to.allowance);
        let mut quirks = self.quirks();
        if quirks.0 != way(to) {
            *quirks = (way(to), Quirks::default());
        }
    }

    fn quirks(&self) -> MutexGuard<'_, (Way, Quirks)> {
        self.quirks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A model that has answered stays loaded for as long as we asked; after a failure nothing is
    /// known.
    pub(crate) fn heard(&self, answered: bool, keep_alive: std::time::Duration) {
        let until = answered.then(|| Instant::now() + keep_alive);
        *self.warm_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.groups.keys()).finish()
    }
}
