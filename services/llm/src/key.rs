//! Who asks: the key in `Authorization`, and nothing else.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use accounts::ApiToken;
use axum::http::{HeaderMap, header};
use domain::access::{Permission, Principal};
use schemas::TenantId;
use tokio::time::Instant;

use crate::{Llm, problem::Problem};

/// How every key begins; see `accounts::ApiToken`.
const PREFIX: &str = "konstruct_";

/// The longest text that may be one.
const KEY_BYTES_MAX: usize = 100;

/// How long a key is taken for good without a look at the database: so long a revoked one still opens.
const KNOWN: Duration = Duration::from_secs(5);

/// The most keys that are remembered.
const KNOWN_MAX: usize = 10_000;

/// Keys that were looked up a moment ago, by their SHA-256.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<[u8; 32], (TenantId, Instant)>>);

impl Known {
    fn find(&self, hash: &[u8; 32], now: Instant) -> Option<TenantId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|(_, until)| now < *until).map(|(tenant, _)| tenant.clone())
    }

    fn keep(&self, hash: [u8; 32], tenant: &TenantId, now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if KNOWN_MAX <= known.len() {
            known.retain(|_, (_, until)| now < *until);
        }
        if known.len() < KNOWN_MAX {
            known.insert(hash, (tenant.clone(), now + KNOWN));
        }
    }
}

/// The tenant that is asked for; its operators' keys alone may spend its money.
pub(crate) async fn tenant(llm: &Llm, headers: &HeaderMap) -> Result<TenantId, Problem> {
    let key = bearer(headers).ok_or_else(Problem::key)?;
    let (hash, now) = (key.sha256(), Instant::now());
    if let Some(tenant) = llm.keys.find(&hash, now) {
        return Ok(tenant);
    }
    let found = llm.parts.accounts.principal_of_key(&key, llm.parts.clock.now()).await;
    let principal = found.map_err(|error| {
        tracing::warn!(%error, "a key cannot be looked up");
        Problem::away()
    })?;
    let tenant = of(&principal.ok_or_else(Problem::key)?)?;
    llm.keys.keep(hash, &tenant, now);
    Ok(tenant)
}

/// The one tenant of a key.
fn of(principal: &Principal) -> Result<TenantId, Problem> {
    let mut tenants = principal.tenants.keys();
    let (Some(tenant), None) = (tenants.next(), tenants.next()) else {
        return Err(Problem::forbidden());
    };
    let may = principal.require(Permission::AgentsWrite, tenant);
    may.map_err(|_denied| Problem::forbidden())?;
    Ok(tenant.clone())
}

fn bearer(headers: &HeaderMap) -> Option<ApiToken> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    let may_be_one = key.starts_with(PREFIX) && key.len() <= KEY_BYTES_MAX;
    (scheme.eq_ignore_ascii_case("bearer") && may_be_one).then(|| ApiToken::from(key.to_owned()))
}
