//! The base keeps rows no longer than the live models do: what is old goes from it once it is gone there.
//! A thread that goes on stays in both, so that what is added up of it is the same in a rebuild.

use schemas::Timestamp;

use crate::{Platform, Purpose, StoreError, prune::STORY_KEPT};

/// Rows of one table in one transaction.
const ROWS_MAX: i64 = 5_000;

const RULES: [&str; 4] = [
    "delete from models_base.p_message where (tenant_id, message_id) in (
        select tenant_id, message_id from models_base.p_message base
         where coalesce(received_at_ms, decided_at_ms, completed_at_ms, answered_at_ms) < $1
           and not exists (
               select from public.p_message live
                where live.tenant_id = base.tenant_id and live.message_id = base.message_id)
         limit $2)",
    "delete from models_base.p_event where (tenant_id, stream, seq) in (
        select tenant_id, stream, seq from models_base.p_event base
         where time_ms < $1
           and not exists (
               select from public.p_event live
                where live.tenant_id = base.tenant_id and live.stream = base.stream
                  and live.seq = base.seq)
         limit $2)",
    "delete from models_base.p_conversation where (tenant_id, connection_id, conversation_id) in (
        select tenant_id, connection_id, conversation_id from models_base.p_conversation base
         where last_at_ms < $1
           and not exists (
               select from public.p_conversation live
                where live.tenant_id = base.tenant_id and live.connection_id = base.connection_id
                  and live.conversation_id = base.conversation_id)
         limit $2)",
    "update models_base.p_conversation
        set handed_off_at_ms = null, handed_off_message_id = null
      where handed_off_at_ms < $1
        and (tenant_id, connection_id, conversation_id) in (
         select tenant_id, connection_id, conversation_id from models_base.p_conversation
          where handed_off_at_ms < $1 limit $2)",
];

/// Deletes what is old at `now` and gone from the live models. Says how many rows that were.
pub(crate) async fn prune(
    platform: &Platform,
    actor: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let before = now.minus(STORY_KEPT).as_millis();
    let mut all = 0;
    for sql in RULES {
        loop {
            let mut tx = platform.begin(Purpose::Prune, actor).await?;
            let gone = tx.execute(sql, &[&before, &ROWS_MAX]).await?;
            tx.commit().await?;
            all += gone;
            if gone < ROWS_MAX.unsigned_abs() {
                break;
            }
        }
    }
    Ok(all)
}
