//! Secrets that tools and models name: there before an event names them, gone when none does.

use domain::{access::Principal, plan::Change, seal::Sealing};
use schemas::TenantId;
use store::StoreError;
use tracing::warn;

use crate::{Desk, DeskError, Written, write::Command};

impl Desk {
    /// Keeps the secrets of these changes and writes their events; then those go that nothing names.
    pub(crate) async fn write_with_secrets(
        &self,
        (by, tenant): (&Principal, &TenantId),
        command: Command,
        changes: &[Change],
    ) -> Result<Written, DeskError> {
        if let Err(error) = self.put(tenant, changes).await {
            self.forget(tenant, changes.iter().filter_map(new_secret).collect()).await;
            return Err(error.into());
        }
        let done = self.write((by, tenant), command, changes, &Sealing::Off).await;
        let no_use: Vec<&str> = match &done {
            Ok(_) => changes.iter().flat_map(Change::forgets).collect(),
            // Whether an event names them is not known: they stay.
            Err(DeskError::Unavailable) => Vec::new(),
            Err(_) => changes.iter().filter_map(new_secret).collect(),
        };
        self.forget(tenant, no_use).await;
        done
    }

    async fn forget(&self, tenant: &TenantId, names: Vec<&str>) {
        for name in names {
            if let Err(error) = self.parts().secrets.remove(tenant, name).await {
                warn!(%tenant, name, %error, "a secret that is of no use stays");
            }
        }
    }

    async fn put(&self, tenant: &TenantId, changes: &[Change]) -> Result<(), StoreError> {
        let now = self.parts().clock.now();
        for change in changes {
            if let Change::SecretSet { name, value, .. } = change {
                self.parts().secrets.put(tenant, name, value, now).await?;
            }
        }
        Ok(())
    }
}

fn new_secret(change: &Change) -> Option<&str> {
    if let Change::SecretSet { name, .. } = change { Some(name) } else { None }
}
