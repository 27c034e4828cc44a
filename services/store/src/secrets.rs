//! Tokens and the like, sealed with the tenant's data key. Events name them; only here they are.

use std::sync::Arc;

use domain::{seal, secret::Secret};
use schemas::{TenantId, Timestamp};
use tokio_postgres::Row;

use crate::{
    Database, Keys, StoreError,
    gather::{Gather, Work, rows_of_each},
};

const PUT: &str = "
    insert into secret (tenant_id, name, sealed, updated_at_ms) values ($1, $2, $3, $4)
    on conflict (tenant_id, name) do update
       set sealed = excluded.sealed, updated_at_ms = excluded.updated_at_ms";
const GET: &str = "select name, sealed from secret where tenant_id = $1 and name = any($2)";
const REMOVE: &str = "delete from secret where tenant_id = $1 and name = $2";

/// The secrets of all tenants. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    db: Database,
    keys: Keys,
    sealed: Gather<Sealed>,
}

/// Reads what is sealed. Nothing of it is held here; `delivery::Tokens` holds what is opened for 30 s.
struct Sealed {
    db: Database,
}

impl Work for Sealed {
    type Ask = (TenantId, String);
    type Answer = Option<String>;

    async fn run(&self, asks: &[Self::Ask]) -> Result<Vec<Self::Answer>, StoreError> {
        let found = rows_of_each(&self.db, asks, |(tenant, name)| (tenant, name.as_str()), GET);
        let found = found.await?;
        let sealed = |rows: &Vec<Arc<Row>>| rows.first().map(|row| row.try_get(1)).transpose();
        found.iter().map(|rows| Ok(sealed(rows)?)).collect()
    }
}

impl Secrets {
    /// Secrets sealed with `keys`.
    pub fn new(db: Database, keys: Keys) -> Self {
        let sealed = Gather::start(Sealed { db: db.clone() });
        Self { db, keys, sealed }
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
        let sealed = self.sealed.ask((tenant.clone(), name.to_owned())).await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let key = self.keys.get(tenant, now).await?;
        let secret = seal::open_secret(&key, tenant, name, &sealed);
        secret.map(Some).map_err(|error| StoreError::Seal(format!("secret `{name}`: {error}")))
    }

    /// Deletes the secret of that name. Says whether there was one.
    pub async fn remove(&self, tenant: &TenantId, name: &str) -> Result<bool, StoreError> {
        let tx = self.db.tenant(tenant).await?;
        Ok(tx.last(REMOVE, &[&tenant.as_str(), &name]).await?.affected == 1)
    }
}
