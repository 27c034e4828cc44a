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

    /// What a tenant's texts are sealed and opened with.
    pub async fn of(&self, tenant: &TenantId, now: Timestamp) -> Result<Sealing, StoreError> {
        if self.seals {
            self.keys.get(tenant, now).await.map(Sealing::On)
        } else {
            Ok(Sealing::Off)
        }
    }
}
