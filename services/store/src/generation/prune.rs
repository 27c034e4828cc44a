//! Other generations keep rows no longer than the live models do: what is old goes from them once it is gone
//! there. A thread that goes on stays in all, so that what is added up of it is the same in a rebuild.

use std::collections::BTreeSet;

use schemas::Timestamp;
use tokio_postgres::error::SqlState;

use super::Generation;
use crate::{Platform, Purpose, StoreError, prune::STORY_KEPT};

/// Rows of one table in one transaction.
const ROWS_MAX: i64 = 5_000;

const THERE: &str = "select name from generation";

/// What goes from the tables of a schema, each a bounded piece.
macro_rules! rules {
    ($schema:literal) => {
        [
            concat!(
                "delete from ",
                $schema,
                ".p_message where (tenant_id, message_id) in (
                    select tenant_id, message_id from ",
                $schema,
                ".p_message old
                     where coalesce(received_at_ms, decided_at_ms, completed_at_ms, answered_at_ms) < $1
                       and not exists (
                           select from public.p_message live
                            where live.tenant_id = old.tenant_id and live.message_id = old.message_id)
                     limit $2)"
            ),
            concat!(
                "delete from ",
                $schema,
                ".p_event where (tenant_id, stream, seq) in (
                    select tenant_id, stream, seq from ",
                $schema,
                ".p_event old
                     where time_ms < $1 and stream = 'EVENTS'
                       and not exists (
                           select from public.p_event live
                            where live.tenant_id = old.tenant_id and live.stream = old.stream
                              and live.seq = old.seq)
                     limit $2)"
            ),
            concat!(
                "delete from ",
                $schema,
                ".p_conversation where (tenant_id, connection_id, conversation_id) in (
                    select tenant_id, connection_id, conversation_id from ",
                $schema,
                ".p_conversation old
                     where last_at_ms < $1
                       and not exists (
                           select from public.p_conversation live
                            where live.tenant_id = old.tenant_id
                              and live.connection_id = old.connection_id
                              and live.conversation_id = old.conversation_id)
                     limit $2)"
            ),
            concat!(
                "update ",
                $schema,
                ".p_conversation set handed_off_at_ms = null, handed_off_message_id = null
                  where handed_off_at_ms < $1
                    and (tenant_id, connection_id, conversation_id) in (
                     select tenant_id, connection_id, conversation_id from ",
                $schema,
                ".p_conversation where handed_off_at_ms < $1 limit $2)"
            ),
        ]
    };
}

const RULES: [(Generation, [&str; 4]); 3] = [
    (Generation::Base, rules!("models_base")),
    (Generation::Next, rules!("models_next")),
    (Generation::Previous, rules!("models_previous")),
];

/// Deletes what is old at `now` and gone from the live models. Says how many rows that were, and what
/// could not be done; the rest was.
pub(crate) async fn prune(
    platform: &Platform,
    actor: &str,
    now: Timestamp,
) -> (u64, Vec<StoreError>) {
    let there = match there(platform, actor).await {
        Ok(there) => there,
        Err(error) => return (0, vec![error]),
    };
    let before = now.minus(STORY_KEPT).as_millis();
    let (mut all, mut failed) = (0, Vec::new());
    for (generation, rules) in RULES {
        if !there.contains(generation.name()) {
            continue;
        }
        for sql in rules {
            match go(platform, actor, sql, before).await {
                Ok(gone) => all += gone,
                // Swapped or dropped meanwhile: the next time then.
                Err(error) if is_gone(&error) => break,
                Err(error) => failed.push(error),
            }
        }
    }
    (all, failed)
}

async fn there(platform: &Platform, actor: &str) -> Result<BTreeSet<String>, StoreError> {
    let mut tx = platform.begin(Purpose::Prune, actor).await?;
    let rows = tx.query(THERE, &[]).await?;
    tx.commit().await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn go(
    platform: &Platform,
    actor: &str,
    sql: &'static str,
    before: i64,
) -> Result<u64, StoreError> {
    let mut all = 0;
    loop {
        let mut tx = platform.begin(Purpose::Prune, actor).await?;
        let gone = tx.execute(sql, &[&before, &ROWS_MAX]).await?;
        tx.commit().await?;
        all += gone;
        if gone < ROWS_MAX.unsigned_abs() {
            return Ok(all);
        }
    }
}

/// The table, or its schema.
fn is_gone(error: &StoreError) -> bool {
    let gone = [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME];
    matches!(error, StoreError::Statement { code, .. } if gone.iter().any(|it| it.code() == code))
}
