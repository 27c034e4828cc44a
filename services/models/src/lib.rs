//! Which models answer for a tenant: the installation's, with the tenant's own groups in the place of
//! those of the same names.
//!
//! What an operator changes is an event of the directory, and holds from the next request on; requests
//! under way end as they began. What is known of a deployment (its breaker, its latency) stays while it
//! does.
//!
//! **Invariant:** a tenant's key is opened for its own requests only, and is in no event, log or error.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use providers::{DeploymentStatus, Router, Secret};
use runtime::{Clock, DirectoryWatch};
use schemas::{ModelGroup, TenantId};
use store::{StoreError, secrets::Secrets};
use tracing::warn;

/// Tenants with models of their own that are kept ready; of more, those that asked longest ago are made
/// ready again when they ask.
const READY_MAX: usize = 1_000;

/// How often the groups are looked at again, where they change while their keys are read.
const LOOKS_MAX: usize = 3;

/// The models of all tenants. Cheap to clone.
#[derive(Clone)]
pub struct Models(Arc<Inner>);

struct Inner {
    /// Of whoever has no models of their own.
    router: Arc<Router>,
    /// Where tenants' own come from; nothing, where there are none.
    own: Option<Source>,
}

struct Source {
    settings: RwLock<Settings>,
    directory: DirectoryWatch,
    secrets: Secrets,
    clock: Clock,
    ready: Mutex<Ready>,
}

/// The installation's settings, and how often they were others.
#[derive(Clone)]
struct Settings {
    models: Arc<providers::Models>,
    turn: u64,
}

#[derive(Default)]
struct Ready {
    tenants: HashMap<TenantId, Own>,
    /// Counts what is asked, so that the one that asked longest ago is known.
    asked: u64,
}

/// The router of one tenant, and what it was made of.
struct Own {
    groups: Vec<Arc<ModelGroup>>,
    turn: u64,
    router: Arc<Router>,
    asked: u64,
}

impl Models {
    /// The installation's models, and whatever tenants add to them. The router is over those settings.
    pub fn new(
        (router, models): (Arc<Router>, providers::Models),
        (directory, secrets, clock): (DirectoryWatch, Secrets, Clock),
    ) -> Self {
        let settings = RwLock::new(Settings { models: Arc::new(models), turn: 0 });
        let own = Some(Source { settings, directory, secrets, clock, ready: Mutex::default() });
        Self(Arc::new(Inner { router, own }))
    }

    /// The installation's models alone, for all tenants.
    pub fn alone(router: Arc<Router>) -> Self {
        Self(Arc::new(Inner { router, own: None }))
    }

    /// The installation's own.
    pub fn of_installation(&self) -> &Arc<Router> {
        &self.0.router
    }

    /// The router that answers for a tenant. What an operator changed before is in it; a key that cannot
    /// be read is an error, since another's is never taken in its place.
    pub async fn of(&self, tenant: &TenantId) -> Result<Arc<Router>, StoreError> {
        let Some(own) = &self.0.own else { return Ok(Arc::clone(&self.0.router)) };
        own.router(&self.0.router, tenant).await
    }

    /// The names of the groups that a tenant may choose from, in alphabetical order.
    pub fn groups(&self, tenant: &TenantId) -> Vec<String> {
        let mut names = self.0.router.groups();
        let own = self.0.own.iter().flat_map(|own| own.groups(tenant));
        names.extend(own.map(|group| group.id.to_string()));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether the installation has a group of that name.
    pub fn is_of_installation(&self, name: &str) -> bool {
        self.0.router.groups().iter().any(|group| group == name)
    }

    /// How the installation's deployments stand, and those of tenants that asked lately: these with the
    /// tenant's name before theirs, like `acme: quality/claude`.
    pub fn status(&self) -> Vec<DeploymentStatus> {
        let mut all = self.0.router.status();
        let Some(own) = &self.0.own else { return all };
        for (tenant, own) in &own.ready().tenants {
            let is_own = |it: &DeploymentStatus| {
                let group = it.deployment.split('/').next().unwrap_or_default();
                own.groups.iter().any(|own| own.id.as_str() == group)
            };
            let status = own.router.status().into_iter().filter(is_own);
            all.extend(status.map(|it| DeploymentStatus {
                deployment: format!("{tenant}: {}", it.deployment),
                ..it
            }));
        }
        all
    }

    /// Takes other settings of the installation from the next request on.
    pub fn replace(&self, models: providers::Models) {
        let Some(own) = &self.0.own else { return self.0.router.replace(&models) };
        let mut settings = own.settings.write().unwrap_or_else(PoisonError::into_inner);
        self.0.router.replace(&models);
        *settings = Settings { models: Arc::new(models), turn: settings.turn + 1 };
    }

    /// Lets go of a tenant's keys.
    pub fn forget(&self, tenant: &TenantId) {
        if let Some(own) = &self.0.own {
            own.ready().tenants.remove(tenant);
        }
    }
}

impl Source {
    async fn router(
        &self,
        base: &Arc<Router>,
        tenant: &TenantId,
    ) -> Result<Arc<Router>, StoreError> {
        let mut groups = self.groups(tenant);
        if groups.is_empty() {
            // Whoever has no models of their own any more leaves no key behind.
            self.ready().tenants.remove(tenant);
            return Ok(Arc::clone(base));
        }
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner).clone();
        let before = match self.find(tenant, &groups, settings.turn) {
            Ok(router) => return Ok(router),
            Err(before) => before,
        };
        let mut keys = self.keys(tenant, &groups).await?;
        // A key that was replaced meanwhile is gone: then the groups are others.
        for _ in 0..LOOKS_MAX {
            let now = self.groups(tenant);
            if is_same(&groups, &now) {
                break;
            }
            groups = now;
            keys = self.keys(tenant, &groups).await?;
        }
        let key = |name: &str| keys.get(name).cloned();
        let (models, left_out) = settings.models.with_own(tenant, &groups, &key);
        for problem in left_out {
            warn!(%tenant, problem, "a model cannot be called");
        }
        let router = Arc::new(Router::beside(base, &models, before.as_deref()));
        Ok(self.keep(tenant, groups, settings.turn, router))
    }

    /// The keys of these groups, by their names.
    async fn keys(
        &self,
        tenant: &TenantId,
        groups: &[Arc<ModelGroup>],
    ) -> Result<HashMap<String, Secret>, StoreError> {
        let now = self.clock.now();
        let mut keys = HashMap::new();
        for name in groups.iter().flat_map(|group| group.secrets()) {
            if let Some(key) = self.secrets.get(tenant, name, now).await? {
                keys.insert(name.to_owned(), key);
            }
        }
        Ok(keys)
    }

    fn groups(&self, tenant: &TenantId) -> Vec<Arc<ModelGroup>> {
        self.directory
            .read(|directory| directory.model_groups(tenant).into_iter().map(Arc::clone).collect())
    }

    /// The router that is ready, or the one that was.
    fn find(
        &self,
        tenant: &TenantId,
        groups: &[Arc<ModelGroup>],
        turn: u64,
    ) -> Result<Arc<Router>, Option<Arc<Router>>> {
        let mut ready = self.ready();
        ready.asked += 1;
        let asked = ready.asked;
        let Some(own) = ready.tenants.get_mut(tenant) else { return Err(None) };
        own.asked = asked;
        let router = Arc::clone(&own.router);
        if own.turn == turn && is_same(&own.groups, groups) {
            Ok(router)
        } else {
            Err(Some(router))
        }
    }

    /// Keeps a router ready, and returns the one to ask: of several that were made at once all ask the
    /// first, so that its breakers and limits count for all. What is not true any more is not kept.
    /// Whoever has no models of their own any more goes, with their keys. Takes a look at each tenant that
    /// is ready, and happens after a change only.
    fn keep(
        &self,
        tenant: &TenantId,
        groups: Vec<Arc<ModelGroup>>,
        turn: u64,
        router: Arc<Router>,
    ) -> Arc<Router> {
        let mut ready = self.ready();
        if let Some(known) = ready.tenants.get(tenant)
            && known.turn == turn
            && is_same(&known.groups, &groups)
        {
            return Arc::clone(&known.router);
        }
        let is_older = ready.tenants.get(tenant).is_some_and(|known| turn < known.turn);
        if is_older || !is_same(&groups, &self.groups(tenant)) {
            return router;
        }
        ready.tenants.retain(|tenant, _| !self.groups(tenant).is_empty());
        let own = Own { groups, turn, router: Arc::clone(&router), asked: ready.asked };
        ready.tenants.insert(tenant.clone(), own);
        if READY_MAX < ready.tenants.len() {
            let oldest = ready.tenants.iter().min_by_key(|(_, own)| own.asked);
            if let Some(oldest) = oldest.map(|(tenant, _)| tenant.clone()) {
                ready.tenants.remove(&oldest);
            }
        }
        router
    }

    fn ready(&self) -> MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether nothing was changed: the directory keeps an entry as long as no event changes it.
fn is_same(before: &[Arc<ModelGroup>], now: &[Arc<ModelGroup>]) -> bool {
    before.len() == now.len()
        && before.iter().zip(now).all(|(before, now)| Arc::ptr_eq(before, now))
}
