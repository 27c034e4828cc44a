//! Which message something in a chat system belongs to.

use schemas::{EffectId, MessageId, TenantId};

use crate::{PlatformTx, StoreError, TenantTx, row};

const OF_EFFECT: &str = "select message_id from effect where tenant_id = $1 and effect_id = $2";
/// What was sent stands at its own timestamp, or in the place of what it was put into.
const SENT: &str = "
    select message_id from effect
     where tenant_id = $1 and ($2::text is null or channel = $2)
       and (target_ts = $3 or (state = 'sent' and detail = $3))
     order by planned_at_ms, effect_id limit 1";
const SAID: &str = "
    select message_id from p_message
     where tenant_id = $1 and ($2::text is null or reference #>> '{place,channel}' = $2)
       and reference ->> 'ts' = $3
     order by received_at_ms, message_id limit 1";
/// What we sent ourselves comes back under an id of its own, which is no message's.
const IS_SAID: &str = "
    select from p_event
     where tenant_id = $1 and correlation_id = $2 and stream = 'EVENTS' and effect_id is null
     limit 1";
/// A look into an index for each.
const AMONG: &str = "
    select asked.tenant, asked.message from unnest($1::text[], $2::text[]) as asked (tenant, message)
     where exists (select from p_event e
                    where e.tenant_id = asked.tenant and e.correlation_id = asked.message
                      and e.stream = 'EVENTS' and e.effect_id is null)
     limit 1";

/// The message that an effect was made for.
pub async fn of_effect(
    tx: &mut TenantTx,
    effect: &EffectId,
) -> Result<Option<MessageId>, StoreError> {
    let tenant = tx.tenant().clone();
    let row = tx.query_opt(OF_EFFECT, &[&tenant.as_str(), &effect.as_str()]).await?;
    row.map(|row| row::id(&row, 0)).transpose()
}

/// The message that something was sent for which stands at a timestamp, else the one that stands there
/// itself. It looks through all that the tenant has on record: no index has timestamps.
pub async fn at(
    tx: &mut TenantTx,
    channel: Option<&str>,
    ts: &str,
) -> Result<Option<MessageId>, StoreError> {
    let tenant = tx.tenant().clone();
    for sql in [SENT, SAID] {
        if let Some(row) = tx.query_opt(sql, &[&tenant.as_str(), &channel, &ts]).await? {
            return row::id(&row, 0).map(Some);
        }
    }
    Ok(None)
}

/// Whether somebody said that.
pub async fn is_said(tx: &mut TenantTx, message: &MessageId) -> Result<bool, StoreError> {
    let tenant = tx.tenant().clone();
    Ok(tx.query_opt(IS_SAID, &[&tenant.as_str(), &message.as_str()]).await?.is_some())
}

/// The first of these messages that there is.
pub async fn among(
    tx: &mut PlatformTx,
    messages: &[(TenantId, MessageId)],
) -> Result<Option<(TenantId, MessageId)>, StoreError> {
    let tenants: Vec<_> = messages.iter().map(|(tenant, _)| tenant.as_str()).collect();
    let ids: Vec<_> = messages.iter().map(|(_, message)| message.as_str()).collect();
    let rows = tx.query(AMONG, &[&tenants, &ids]).await?;
    rows.first().map(|row| Ok((row::id(row, 0)?, row::id(row, 1)?))).transpose()
}
