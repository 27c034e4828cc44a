//! What a tenant takes along: rows of tables as they go into an export, and come out of one.
//!
//! The log has the events of a tenant; here is what it has not, or no longer has. Each table of tenants is
//! one of these or stands in [`LEFT_OUT`] with its reason.
//!
//! Read models of `EVENTS` are written to the live ones and to the base alike, as if their events had left
//! the log here ([`crate::generation`]): so a rebuild has them too.

use domain::export::{Counts, Row};
use schemas::TenantId;

use crate::{Database, StoreError, TenantTx, row};

/// Rows of one page, or of one transaction.
pub const ROWS_MAX: usize = 500;

/// A table that is exported.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The column that says whose its texts are; see `domain::seal::Owner`.
    pub owner: &'static str,
    /// Its columns with texts.
    pub texts: &'static [&'static str],
    count: &'static str,
    first: &'static str,
    next: &'static str,
    insert: &'static str,
    /// The same into the base, for read models.
    insert_base: Option<&'static str>,
}

macro_rules! insert {
    ($table:literal) => {
        concat!(
            "insert into ",
            $table,
            " select * from jsonb_populate_recordset(null::",
            $table,
            ", $1) on conflict do nothing"
        )
    };
}

/// `$key` is the primary key behind the tenant: pages follow it.
macro_rules! table {
    ($table:literal, $key:literal, ($owner:literal, $texts:expr), $base:expr) => {
        Table {
            name: $table,
            owner: $owner,
            texts: $texts,
            count: concat!("select count(*) from ", $table, " where tenant_id = $1"),
            first: concat!(
                "select to_jsonb(t) - 'tenant_id' from ",
                $table,
                " t where tenant_id = $1 order by ",
                $key,
                " limit $2"
            ),
            next: concat!(
                "select to_jsonb(t) - 'tenant_id' from ",
                $table,
                " t where tenant_id = $1 and (",
                $key,
                ") > (select ",
                $key,
                " from jsonb_populate_record(null::",
                $table,
                ", $3)) order by ",
                $key,
                " limit $2"
            ),
            insert: insert!($table),
            insert_base: $base,
        }
    };
}

/// The tables, in the order in which they are written.
pub static TABLES: [Table; 16] = [
    table!(
        "turn",
        "connection_id, conversation_id, message_id, role",
        ("message_id", &["text"]),
        None
    ),
    table!("completion", "message_id", ("message_id", &["envelope"]), None),
    table!("attempt", "message_id, index", ("message_id", &[]), None),
    table!("tool_round", "message_id, round", ("message_id", &["asked"]), None),
    table!(
        "tool_call",
        "message_id, round, index",
        ("message_id", &["arguments", "outcome"]),
        None
    ),
    table!("pause", "message_id", ("message_id", &[]), None),
    table!("agent_draft", "agent_id", ("agent_id", &["fields"]), None),
    table!("agent_draft_revision", "agent_id, revision", ("agent_id", &["fields"]), None),
    table!("saved_test", "test_id", ("message_id", &["frozen", "checks"]), None),
    table!("replay_run", "run_id", ("agent_id", &["config"]), None),
    table!(
        "replay_case",
        "run_id, place",
        (
            "message_id",
            &["frozen", "baseline", "candidate", "baseline_verdict", "verdict", "checks"]
        ),
        None
    ),
    table!("trial_usage", "day, agent_id, model", ("agent_id", &[]), None),
    table!("p_message", "message_id", ("message_id", &[]), Some(insert!("models_base.p_message"))),
    table!(
        "p_conversation",
        "connection_id, conversation_id",
        ("connection_id", &[]),
        Some(insert!("models_base.p_conversation"))
    ),
    table!(
        "p_usage",
        "day, agent_id, agent_version, model",
        ("agent_id", &[]),
        Some(insert!("models_base.p_usage"))
    ),
    table!("p_month", "month", ("month", &[]), Some(insert!("models_base.p_month"))),
];

/// What is not exported, and why.
pub const LEFT_OUT: [(&str, &str); 22] = [
    ("tenant_key", "a key leaves no installation"),
    ("secret", "a secret leaves no installation"),
    ("membership", "says who has a role here"),
    ("dedup_verdict", "says what this log delivered twice"),
    ("rate_limit", "says what may be asked in this minute"),
    ("rate_verdict", "is in the events"),
    ("notice", "says who was told in this hour"),
    ("reply", "the ledger of what was sent from here; what came of it is in the events"),
    ("effect", "the ledger of what was sent from here; what came of it is in the events"),
    ("deferred", "waits for its time here"),
    ("reservation", "room for calls that are under way here"),
    ("spend", "is taken from what was used"),
    ("letter_decision", "is about letters that stay here"),
    ("erased_name", "what was erased is not in the events; what comes late of it comes here"),
    ("erased_place", "says how far this log was looked at"),
    ("trial_month", "the sums of what is exported"),
    ("p_tenant", "derives from the events of DIRECTORY"),
    ("p_agent", "derives from the events of DIRECTORY"),
    ("p_connection", "derives from the events of DIRECTORY"),
    ("p_change", "derives from the events of DIRECTORY"),
    ("p_event", "is the events, in a line each"),
    ("p_day", "sums of all tenants"),
];

/// What these rows add up to is in no sum of this installation's days.
const IMPORTS: &str = "select set_config('app.imports', 'on', true)";

/// While this lasts, the base is not made anew, and it says what else there is: rows written now would not
/// be in that.
const HOLD: &str = "
    select from checkpoint where name like 'base/%' order by name for share";
const OTHERS: &str = "select name from generation where name <> 'base' order by name limit 1";

/// The table of that name, if it is exported.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// How many rows each table has of a tenant; those without any are named too.
pub async fn count(db: &Database, tenant: &TenantId) -> Result<Counts, StoreError> {
    let mut tx = db.tenant(tenant).await?;
    let mut counts = Counts::new();
    for table in &TABLES {
        let row = tx.query_opt(table.count, &[&tenant.as_str()]).await?;
        let row = row.ok_or_else(|| StoreError::row("no count"))?;
        counts.insert(table.name.to_owned(), row::count(row.try_get(0)?)?);
    }
    Ok(counts)
}

/// The first rows of a table, or those after one of it, without their tenant.
pub async fn page(
    db: &Database,
    tenant: &TenantId,
    table: &Table,
    after: Option<&Row>,
) -> Result<Vec<Row>, StoreError> {
    let mut tx = db.tenant(tenant).await?;
    let limit = row::big(u64::try_from(ROWS_MAX).unwrap_or(u64::MAX));
    let rows = match after {
        None => tx.query(table.first, &[&tenant.as_str(), &limit]).await?,
        Some(after) => {
            let after = row::to_json(after)?;
            tx.query(table.next, &[&tenant.as_str(), &limit, &after]).await?
        }
    };
    rows.iter().map(|found| row::json(found, 0)).collect()
}

/// Writes rows that are not there yet, all or none, and says how many those were. Refused while there is
/// another generation of the read models: it would not have them.
pub async fn insert(
    db: &Database,
    tenant: &TenantId,
    table: &Table,
    rows: &[Row],
) -> Result<u64, StoreError> {
    let mut tx = db.tenant(tenant).await?;
    let rows = row::to_json(&rows)?;
    tx.execute(IMPORTS, &[]).await?;
    if let Some(insert_base) = table.insert_base {
        check_alone(&mut tx).await?;
        tx.execute(insert_base, &[&rows]).await?;
    }
    let new = tx.execute(table.insert, &[&rows]).await?;
    tx.commit().await?;
    Ok(new)
}

/// Refuses where there is a generation that would not have what is written now.
pub async fn check(db: &Database, tenant: &TenantId) -> Result<(), StoreError> {
    check_alone(&mut db.tenant(tenant).await?).await
}

async fn check_alone(tx: &mut TenantTx) -> Result<(), StoreError> {
    tx.execute(HOLD, &[]).await?;
    let Some(found) = tx.query_opt(OTHERS, &[]).await? else { return Ok(()) };
    let name: &str = found.try_get(0)?;
    Err(StoreError::Refused(format!(
        "there is a {name} generation of the read models, which would not have what is imported: \
         `konstruct replay projections --swap` or `--drop` first"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_and_written_like_this() {
        let turn = table("turn").unwrap();
        assert_eq!(
            turn.next,
            "select to_jsonb(t) - 'tenant_id' from turn t where tenant_id = $1 and \
             (connection_id, conversation_id, message_id, role) > \
             (select connection_id, conversation_id, message_id, role \
             from jsonb_populate_record(null::turn, $3)) \
             order by connection_id, conversation_id, message_id, role limit $2"
        );
        assert_eq!(
            table("p_month").unwrap().insert_base,
            Some(
                "insert into models_base.p_month select * from \
                 jsonb_populate_recordset(null::models_base.p_month, $1) on conflict do nothing"
            )
        );
        assert!(table("secret").is_none());
        assert!(table("pg_class; drop table turn").is_none());
    }
}
