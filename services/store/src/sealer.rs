//! Whether and with what a tenant's texts are sealed.

use domain::seal::Sealing;
use schemas::{TenantId, Timestamp};

use crate::{Keys, StoreError};

/// Seals and opens what people write. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    keys: Keys,
    seals: bool,
}

impl Sealer {
    /// Seals with `keys`, unless the installation encrypts its disks only and turned it off.
    pub fn new(keys: Keys, seals: bool) -> Self {
        Self { keys, seals }
    }

    /// What a tenant's texts are sealed and opened with. What was sealed before it was turned off
    /// still opens.
    pub async fn of(&self, tenant: &TenantId, now: Timestamp) -> Result<Sealing, StoreError> {
        let key = self.keys.get(tenant, now).await?;
        Ok(if self.seals { Sealing::On(key) } else { Sealing::OpensOnly(key) })
    }

    /// What new texts of a tenant are sealed with, for whoever opens none. Where sealing is off, no
    /// database is asked.
    pub async fn to_seal(&self, tenant: &TenantId, now: Timestamp) -> Result<Sealing, StoreError> {
        if self.seals { self.of(tenant, now).await } else { Ok(Sealing::Off) }
    }
}
