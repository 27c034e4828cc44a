//! Wraps every data key with the current master key.

use crate::{
    Platform, PlatformTx, Purpose, StoreError,
    keys::{Masters, Wrapped},
};

/// Keys in one transaction.
const KEYS_MAX: i64 = 500;

const LEFT: &str = "
    select tenant_id, wrapped, master_fingerprint from tenant_key
     where master_fingerprint <> $1 and wrapped is not null
     order by tenant_id limit $2 for update";
const WRITE: &str = "
    update tenant_key set wrapped = made.wrapped, master_fingerprint = $3
      from unnest($1::text[], $2::text[]) as made (tenant_id, wrapped)
     where tenant_key.tenant_id = made.tenant_id and tenant_key.wrapped is not null";

/// Wraps anew every key that is not wrapped with the current master key, and says how many there
/// were. Services go on meanwhile, as long as they know both master keys. If it is interrupted, a
/// second run does the rest.
pub async fn rotate(
    platform: &Platform,
    masters: &Masters,
    actor: &str,
) -> Result<u64, StoreError> {
    let mut done = 0;
    loop {
        let mut tx = platform.begin(Purpose::RotateMasterKey, actor).await?;
        let some = rotate_some(&mut tx, masters).await?;
        tx.commit().await?;
        if some == 0 {
            return Ok(done);
        }
        done += some;
    }
}

async fn rotate_some(tx: &mut PlatformTx, masters: &Masters) -> Result<u64, StoreError> {
    let current = masters.fingerprint();
    let (mut tenants, mut wrapped) = (Vec::new(), Vec::new());
    for row in tx.query(LEFT, &[&current, &KEYS_MAX]).await? {
        let old = Wrapped::read(&row)?;
        let key = masters.unwrap(&old.tenant, &old.key, &old.fingerprint)?;
        wrapped.push(masters.wrap(&old.tenant, &key).0);
        tenants.push(String::from(old.tenant));
    }
    if tenants.is_empty() {
        return Ok(0);
    }
    tx.execute(WRITE, &[&tenants, &wrapped, &current]).await
}
