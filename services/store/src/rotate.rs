//! Wraps every data key with the current master key, and seals with it what belongs to no tenant.

use schemas::OperatorId;

use crate::{
    Platform, PlatformTx, Purpose, StoreError,
    accounts::operators::totp_name,
    keys::{Masters, Wrapped},
    row,
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

const FACTORS: &str = "
    select id, totp_sealed from operator
     where totp_sealed is not null and split_part(totp_sealed, '.', 1) <> $1
     order by id for update";
const FACTOR: &str = "update operator set totp_sealed = $2 where id = $1";

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
            break;
        }
        done += some;
    }
    Ok(done + rotate_factors(platform, masters).await?)
}

/// Seals the second factors of operators anew.
async fn rotate_factors(platform: &Platform, masters: &Masters) -> Result<u64, StoreError> {
    let mut tx = platform.accounts().await?;
    let mut done = 0;
    for row in tx.query(FACTORS, &[&masters.fingerprint()]).await? {
        let (id, old): (OperatorId, &str) = (row::id(&row, 0)?, row.try_get(1)?);
        let name = totp_name(&id);
        let sealed = masters.seal_own(&name, &masters.open_own(&name, old)?);
        done += tx.execute(FACTOR, &[&id.as_str(), &sealed]).await?;
    }
    tx.commit().await?;
    Ok(done)
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
