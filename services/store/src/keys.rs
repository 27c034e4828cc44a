//! The tenants' data keys: made when first needed, kept wrapped by the master key, held in memory
//! for a while.

mod cache;
mod masters;

use std::sync::Arc;

use domain::seal::{DataKey, KEY_LEN};
use schemas::{TenantId, Timestamp};

use self::cache::Cache;
pub use self::masters::Masters;
use crate::{Database, StoreError, row};

/// How many keys are held in memory, when nobody chose otherwise.
pub const KEYS_MAX_DEFAULT: usize = 10_000;

/// The first one to need it makes it; everybody else gets that one.
const MAKE: &str = "
    insert into tenant_key (tenant_id, wrapped, master_fingerprint, created_at_ms)
    values ($1, $2, $3, $4) on conflict do nothing";
const FIND: &str = "select wrapped, master_fingerprint from tenant_key where tenant_id = $1";
/// The row stays as a tombstone: nobody makes a new key for an erased tenant by accident.
const FORGET: &str = "
    insert into tenant_key (tenant_id, wrapped, master_fingerprint, created_at_ms, forgotten_at_ms)
    values ($1, null, '', $2, $2)
    on conflict (tenant_id) do update
       set wrapped = null, forgotten_at_ms = $2 where tenant_key.wrapped is not null";

/// The keys of all tenants. Cheap to clone; clones share what they hold.
#[derive(Clone)]
pub struct Keys {
    db: Database,
    masters: Arc<Masters>,
    cache: Arc<Cache>,
}

impl Keys {
    /// Keys wrapped by `masters`, at most `held` of them in memory at a time.
    pub fn new(db: Database, masters: Masters, held: usize) -> Self {
        Self { db, masters: Arc::new(masters), cache: Arc::new(Cache::new(held)) }
    }

    /// The key of a tenant. Made if there is none yet, refused if it is gone for good. However
    /// many ask at once, the database is asked once.
    pub async fn get(&self, tenant: &TenantId, now: Timestamp) -> Result<DataKey, StoreError> {
        self.cache.get(tenant, self.load(tenant, now)).await
    }

    /// Erases a tenant's key; see [`forget`].
    pub async fn forget(&self, tenant: &TenantId, now: Timestamp) -> Result<(), StoreError> {
        forget(&self.db, tenant, now).await?;
        self.evict(tenant);
        Ok(())
    }

    /// Takes a key out of memory, for instance when word comes that its tenant was erased.
    pub fn evict(&self, tenant: &TenantId) {
        self.cache.remove(tenant);
    }

    async fn load(&self, tenant: &TenantId, now: Timestamp) -> Result<DataKey, StoreError> {
        if let Some(key) = self.find(tenant).await? {
            return Ok(key);
        }
        let key = DataKey::new(rand::random::<[u8; KEY_LEN]>());
        let (wrapped, fingerprint) = self.masters.wrap(tenant, &key);
        let (tx, at) = (self.db.tenant(tenant).await?, now.as_millis());
        tx.last(MAKE, &[&tenant.as_str(), &wrapped, &fingerprint, &at]).await?;
        let found = self.find(tenant).await?;
        found.ok_or_else(|| StoreError::row("a key vanished"))
    }

    async fn find(&self, tenant: &TenantId) -> Result<Option<DataKey>, StoreError> {
        let found = self.db.tenant(tenant).await?.last(FIND, &[&tenant.as_str()]).await?;
        let Some(row) = found.rows.first() else { return Ok(None) };
        let Some(wrapped) = row.try_get::<_, Option<&str>>(0)? else {
            return Err(StoreError::KeyGone(tenant.clone()));
        };
        self.masters.unwrap(tenant, wrapped, row.try_get(1)?).map(Some)
    }
}

/// Erases a tenant's key, and with it every text and secret that was sealed with it: in tables,
/// streams and backups alike. Who holds it in memory forgets it by [`Keys::evict`], else within five
/// minutes, or an hour while the database is away. Erased twice, it is erased.
pub async fn forget(db: &Database, tenant: &TenantId, now: Timestamp) -> Result<(), StoreError> {
    let tx = db.tenant(tenant).await?;
    tx.last(FORGET, &[&tenant.as_str(), &now.as_millis()]).await?;
    Ok(())
}

/// Whether a tenant has a key that was not erased.
pub async fn is_there(db: &Database, tenant: &TenantId) -> Result<bool, StoreError> {
    let found = db.tenant(tenant).await?.last(FIND, &[&tenant.as_str()]).await?;
    let Some(row) = found.rows.first() else { return Ok(false) };
    Ok(row.try_get::<_, Option<&str>>(0)?.is_some())
}

/// One key in the table, for rotation.
pub(crate) struct Wrapped {
    pub(crate) tenant: TenantId,
    pub(crate) key: String,
    pub(crate) fingerprint: String,
}

impl Wrapped {
    pub(crate) fn read(row: &tokio_postgres::Row) -> Result<Self, StoreError> {
        Ok(Self { tenant: row::id(row, 0)?, key: row.try_get(1)?, fingerprint: row.try_get(2)? })
    }
}
