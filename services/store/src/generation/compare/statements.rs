//! What PostgreSQL is asked of each model when generations are compared.

use crate::prune::old_message;

/// What is asked of one model. Names are looked for along the search path, so that the same statement reads
/// either generation.
pub(super) struct Statements {
    pub(super) name: &'static str,
    /// By tenant: how many rows, and the sum of their hashes.
    pub(super) sums: &'static str,
    /// The same by part, of one tenant.
    pub(super) parts: &'static str,
    /// The rows of one part.
    pub(super) rows: &'static str,
}

/// A model by its name, the tenant and the key of a row, the row as JSON, and which rows stay.
macro_rules! model {
    ($name:literal, $tenant:literal, $key:literal, $line:expr, $stays:expr) => {
        Statements {
            name: $name,
            sums: concat!(
                "select tenant, count(*), coalesce(sum(hashtextextended(line::text, 0)), 0)::text from (",
                rows_of!($name, $tenant, $key, $line, $stays),
                ") found group by tenant order by tenant"
            ),
            parts: concat!(
                "select ",
                part!(),
                ", count(*),
                        coalesce(sum(hashtextextended(line::text, 0)), 0)::text from (",
                rows_of!($name, $tenant, $key, $line, $stays),
                ") found where tenant = $2 group by 1 order by 1"
            ),
            rows: concat!(
                "select key, md5(line::text), left(line::text, 1000) from (",
                rows_of!($name, $tenant, $key, $line, $stays),
                ") found where tenant = $2 and ",
                part!(),
                " = $3 order by key"
            ),
        }
    };
}

/// In which of 1,024 parts a row is.
macro_rules! part {
    () => {
        "(hashtextextended(key, 0) & 1023)::int"
    };
}

macro_rules! rows_of {
    ($name:literal, $tenant:literal, $key:literal, $line:expr, $stays:expr) => {
        concat!(
            "select ",
            $tenant,
            " as tenant, concat_ws(' ', ",
            $key,
            ") as key, ",
            $line,
            " as line from ",
            $name,
            " t where ",
            $stays
        )
    };
}

macro_rules! whole {
    () => {
        "to_jsonb(t)"
    };
}

/// Everything stays, whatever the time.
macro_rules! all_of_it {
    () => {
        "$1::bigint is not null"
    };
}

pub(super) static MODELS: [Statements; 10] = [
    model!("p_agent", "tenant_id", "agent_id", whole!(), all_of_it!()),
    model!("p_change", "tenant_id", "seq", whole!(), all_of_it!()),
    model!("p_connection", "tenant_id", "connection_id", whole!(), all_of_it!()),
    model!(
        "p_conversation",
        "tenant_id",
        "connection_id, conversation_id",
        "case when t.handed_off_at_ms < $1
              then to_jsonb(t) || '{\"handed_off_at_ms\": null, \"handed_off_message_id\": null}'
              else to_jsonb(t) end",
        concat!(
            "(last_at_ms < $1 and not exists (
                select from p_message m
                 where m.tenant_id = t.tenant_id and m.connection_id = t.connection_id
                   and m.conversation_id = t.conversation_id and ",
            old_message!(),
            " is not true)) is not true"
        )
    ),
    model!("p_day", "''::text", "day, model", whole!(), all_of_it!()),
    model!(
        "p_event",
        "tenant_id",
        "stream, seq",
        whole!(),
        concat!(
            "(stream = 'EVENTS' and time_ms < $1 and not exists (
                select from p_message m
                 where m.tenant_id = t.tenant_id and m.message_id = t.correlation_id and ",
            old_message!(),
            " is not true)) is not true"
        )
    ),
    model!(
        "p_message",
        "tenant_id",
        "message_id",
        whole!(),
        concat!(old_message!(), " is not true")
    ),
    model!("p_month", "tenant_id", "month", whole!(), all_of_it!()),
    model!("p_tenant", "tenant_id", "tenant_id", whole!(), all_of_it!()),
    model!("p_usage", "tenant_id", "day, agent_id, agent_version, model", whole!(), all_of_it!()),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_names_no_generation_and_leaves_out_what_is_old() {
        for model in &MODELS {
            for sql in [model.sums, model.parts, model.rows] {
                assert!(!sql.contains("models_") && !sql.contains("public."), "{sql}");
                assert!(sql.contains("$1"), "{sql}");
            }
        }
    }
}
