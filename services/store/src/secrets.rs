//! Tokens and the like, sealed with the tenant's data key. Events name them; only here they are.

use domain::{seal, secret::Secret};
use schemas::{TenantId, Timestamp};

use crate::{Database, Keys, StoreError};

const PUT: &str = "
    insert into secret (tenant_id, name, sealed, updated_at_ms) values ($1, $2, $3, $4)
    on conflict (tenant_id, name) do update
       set sealed = excluded.sealed, updated_at_ms = excluded.updated_at_ms";
const GET: &str = "select sealed from secret where tenant_id = $1 and name = $2";
const REMOVE: &str = "delete from secret where tenant_id = $1 and name = $2";

/// The secrets of all tenants. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    db: Database,
    keys: Keys,
}

impl Secrets {
    /// Secrets sealed with `keys`.
    pub fn new(db: Database, keys: Keys) -> Self {
        Self { db, keys }
    }

    /// Keeps a secret under a name, in place of what was there.
    pub async fn put(
        &self,
        tenant: &TenantId,
        name: &str,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = self.keys.get(tenant, now).await?;
        let sealed = seal::seal_secret(&key, tenant, name, secret);
        let (tx, at) = (self.db.tenant(tenant).await?, now.as_millis());
        tx.last(PUT, &[&tenant.as_str(), &name, &sealed, &at]).await?;
        Ok(())
    }

    /// The secret of that name, if there is one.
    pub async fn get(
        &self,
        tenant: &TenantId,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Secret>, StoreError> {
        let tx = self.db.tenant(tenant).await?;
        let found = tx.last(GET, &[&tenant.as_str(), &name]).await?;
        let Some(row) = found.rows.first() else { return Ok(None) };
        let key = self.keys.get(tenant, now).await?;
        let secret = seal::open_secret(&key, tenant, name, row.try_get(0)?);
        secret.map(Some).map_err(|error| StoreError::Seal(format!("secret `{name}`: {error}")))
    }

    /// Deletes the secret of that name. Says whether there was one.
    pub async fn remove(&self, tenant: &TenantId, name: &str) -> Result<bool, StoreError> {
        let tx = self.db.tenant(tenant).await?;
        Ok(tx.last(REMOVE, &[&tenant.as_str(), &name]).await?.affected == 1)
    }
}
