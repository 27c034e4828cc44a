//! Writing read models: one transaction for a piece of the log, whoever's events are in it.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use schemas::{MessageId, TenantId, TenantStatus};
use tokio_postgres::{Row, types::ToSql};

use super::{
    Changes, Entry, MessageRow,
    conversation::{CONVERSATIONS, HANDED_OFF, conversations, handed_off},
    usage::{DAYS, USAGE, sums, sums_of_days},
};
use crate::{
    Database, PlatformTx, StoreError, checkpoint, checkpoint::Checkpoint, row, session::Step,
    tenant_tx::TenantStep,
};

const EVENTS: &str = "
    insert into p_event (tenant_id, stream, seq, event_id, correlation_id, causation_id, kind,
                         source, time_ms, note, effect_id)
    select $1, stream, seq, event_id, correlation_id, causation_id, kind, source, time_ms, note,
           effect_id
      from jsonb_populate_recordset(null::p_event, $2) order by seq
    on conflict do nothing
    returning seq";
const MESSAGES: &str = "
    insert into p_message as was (tenant_id, message_id, connection_id, conversation_id, reference,
        state, detail, doubt, agent_id, agent_version, model, input_tokens, output_tokens,
        cost_micros, price_version, received_at_ms, decided_at_ms, completed_at_ms, answered_at_ms,
        last_event_id, last_seq)
    select $1, message_id, connection_id, conversation_id, reference,
        state, detail, doubt, agent_id, agent_version, model, input_tokens, output_tokens,
        cost_micros, price_version, received_at_ms, decided_at_ms, completed_at_ms, answered_at_ms,
        last_event_id, last_seq
      from jsonb_populate_recordset(null::p_message, $2)
    on conflict (tenant_id, message_id) do update set
        state = excluded.state,
        detail = coalesce(excluded.detail, was.detail),
        doubt = excluded.doubt,
        agent_id = coalesce(excluded.agent_id, was.agent_id),
        agent_version = coalesce(excluded.agent_version, was.agent_version),
        model = coalesce(excluded.model, was.model),
        input_tokens = coalesce(excluded.input_tokens, was.input_tokens),
        output_tokens = coalesce(excluded.output_tokens, was.output_tokens),
        cost_micros = coalesce(excluded.cost_micros, was.cost_micros),
        price_version = coalesce(excluded.price_version, was.price_version),
        received_at_ms = coalesce(excluded.received_at_ms, was.received_at_ms),
        decided_at_ms = coalesce(excluded.decided_at_ms, was.decided_at_ms),
        completed_at_ms = coalesce(excluded.completed_at_ms, was.completed_at_ms),
        answered_at_ms = coalesce(excluded.answered_at_ms, was.answered_at_ms),
        last_event_id = excluded.last_event_id,
        last_seq = excluded.last_seq
     where was.last_seq < excluded.last_seq";
const TENANT: &str = "
    insert into p_tenant as was (tenant_id, state, status, name, last_seq)
    values ($1, $2, $3, $4, $5)
    on conflict (tenant_id) do update set state = excluded.state, status = excluded.status,
        name = excluded.name, last_seq = excluded.last_seq
     where was.last_seq < excluded.last_seq";
const AGENT: &str = "
    insert into p_agent as was (tenant_id, agent_id, state, version, retired, last_seq)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (tenant_id, agent_id) do update set state = excluded.state,
        version = excluded.version, retired = excluded.retired, last_seq = excluded.last_seq
     where was.last_seq < excluded.last_seq";
const CONNECTION: &str = "
    insert into p_connection as was (tenant_id, connection_id, state, agent_id, active, last_seq)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (tenant_id, connection_id) do update set state = excluded.state,
        agent_id = excluded.agent_id, active = excluded.active, last_seq = excluded.last_seq
     where was.last_seq < excluded.last_seq";

/// It knows for itself what it has: the table is younger than that of the events.
const CHANGES: &str = "
    insert into p_change (tenant_id, seq, event_id, kind, entity, author_via, author_operator,
                          time_ms, version, state)
    select $1, seq, event_id, kind, entity, author_via, author_operator, time_ms, version, state
      from jsonb_populate_recordset(null::p_change, $2) order by seq
    on conflict do nothing";

const CLEAR: [&str; 10] = [
    "delete from p_tenant",
    "delete from p_agent",
    "delete from p_connection",
    "delete from p_message",
    "delete from p_event",
    "delete from p_change",
    "delete from p_conversation",
    "delete from p_usage",
    "delete from p_month",
    "delete from p_day",
];
const RESTART: &str =
    "update checkpoint set generation = generation + 1, seq = 0 where name = any($1)";

/// A value of a column, held until the statement is sent.
type Value = Box<dyn ToSql + Sync + Send>;

/// One statement with its values.
struct Write<'a> {
    tenant: &'a TenantId,
    sql: &'static str,
    values: Vec<Value>,
}

impl Write<'_> {
    fn step(&self) -> TenantStep<'_> {
        let params =
            self.values.iter().map(|value| value.as_ref() as &(dyn ToSql + Sync)).collect();
        TenantStep { tenant: self.tenant, step: Step { sql: self.sql, params } }
    }
}

/// Writes what a piece of the log changes and moves the reader `name` to `seq`, all or nothing, in
/// three round trips. Refused if another projector has moved the reader meanwhile. An event that was
/// published again, and is there already, changes nothing.
pub async fn apply(
    db: &Database,
    name: &str,
    from: Checkpoint,
    seq: u64,
    changes: &BTreeMap<TenantId, Changes>,
) -> Result<Checkpoint, StoreError> {
    let Some(first) = changes.keys().next() else {
        return checkpoint::advance_alone(db, name, from, seq).await;
    };
    let mut tx = db.tenant(first).await?;
    let moved = checkpoint::advance(&mut tx, name, from, seq).await?;
    let said: Vec<_> = changes.iter().filter(|(_, changes)| !changes.events.is_empty()).collect();
    let events: Result<Vec<_>, _> = said.iter().map(|(tenant, it)| events(tenant, it)).collect();
    let answers = tx.run(events?.iter().map(Write::step).collect()).await?;
    let mut again = BTreeSet::new();
    for ((_, changes), answer) in said.iter().zip(answers) {
        let new: Result<BTreeSet<_>, _> = answer.rows.iter().map(seq_of).collect();
        let seqs = changes.events.iter().map(|event| event.seq).collect::<BTreeSet<_>>();
        again.extend(seqs.difference(&new?));
    }
    let mut writes = Vec::new();
    for (tenant, changes) in changes {
        write_tenant(tenant, changes, &again, &mut writes)?;
    }
    let days = sums_of_days(changes.values().flat_map(|changes| changes.used(&again)));
    if let Some((tenant, _)) = changes.last_key_value().filter(|_| !days.is_empty()) {
        // Sums of all tenants; whoever is bound stays so.
        writes.push(Write { tenant, sql: DAYS, values: vec![Box::new(row::to_json(&days)?)] });
    }
    tx.run_last(writes.iter().map(Write::step).collect()).await?;
    Ok(moved)
}

fn events<'a>(tenant: &'a TenantId, changes: &Changes) -> Result<Write<'a>, StoreError> {
    let events: Value = Box::new(row::to_json(&changes.events)?);
    Ok(Write { tenant, sql: EVENTS, values: vec![Box::new(tenant.as_str().to_owned()), events] })
}

fn seq_of(row: &Row) -> Result<u64, StoreError> {
    row::count(row.try_get(0)?)
}

/// Empties the read models and puts their readers at the start, one generation on.
pub async fn clear(tx: &mut PlatformTx, readers: &[&str]) -> Result<(), StoreError> {
    for sql in CLEAR {
        tx.execute(sql, &[]).await?;
    }
    tx.execute(RESTART, &[&readers]).await?;
    Ok(())
}

fn write_tenant<'a>(
    tenant: &'a TenantId,
    changes: &Changes,
    again: &BTreeSet<u64>,
    writes: &mut Vec<Write<'a>>,
) -> Result<(), StoreError> {
    let mut write = |sql, mut values: Vec<Value>| {
        values.insert(0, Box::new(tenant.as_str().to_owned()));
        writes.push(Write { tenant, sql, values });
    };
    let new = || changes.messages.iter().filter(|it| !again.contains(&it.last_seq));
    let messages = fold(new());
    if !messages.is_empty() {
        let messages: Vec<_> = messages.values().collect();
        write(MESSAGES, vec![Box::new(row::to_json(&messages)?)]);
        write(CONVERSATIONS, vec![Box::new(row::to_json(&conversations(new()))?)]);
    }
    let handed_off = handed_off(changes.handed_off.iter(), again);
    if !handed_off.is_empty() {
        write(HANDED_OFF, vec![Box::new(row::to_json(&handed_off)?)]);
    }
    let used = sums(changes.used(again));
    if !used.is_empty() {
        write(USAGE, vec![Box::new(row::to_json(&used)?)]);
    }
    for (entry, seq) in changes.entries.iter().filter(|(_, seq)| !again.contains(seq)) {
        let (sql, values) = entry_columns(entry, row::big(*seq))?;
        write(sql, values);
    }
    if !changes.changes.is_empty() {
        write(CHANGES, vec![Box::new(row::to_json(&changes.changes)?)]);
    }
    Ok(())
}

/// One change a message: a statement cannot change one row twice.
fn fold<'a>(changes: impl Iterator<Item = &'a MessageRow>) -> BTreeMap<&'a MessageId, MessageRow> {
    let mut folded = BTreeMap::new();
    for change in changes {
        match folded.entry(&change.message_id) {
            btree_map::Entry::Vacant(slot) => {
                slot.insert(change.clone());
            }
            btree_map::Entry::Occupied(mut slot) => {
                let before: MessageRow = slot.get().clone();
                slot.insert(before.then(change.clone()));
            }
        }
    }
    folded
}

fn entry_columns(entry: &Entry, seq: i64) -> Result<(&'static str, Vec<Value>), StoreError> {
    Ok(match entry {
        Entry::Tenant(tenant) => {
            let status = match tenant.status {
                TenantStatus::Active => "active",
                TenantStatus::Suspended => "suspended",
                TenantStatus::Deleted => "deleted",
            };
            let state = row::to_json(tenant)?;
            let name = tenant.name.clone();
            (TENANT, vec![Box::new(state), Box::new(status), Box::new(name), Box::new(seq)])
        }
        Entry::Agent(agent) => {
            let (id, state) = (String::from(agent.id.clone()), row::to_json(agent)?);
            let version = agent.published.as_ref().map(|published| row::small(published.version));
            let retired = agent.retired;
            let rest: [Value; 3] = [Box::new(version), Box::new(retired), Box::new(seq)];
            (AGENT, [Box::new(id) as Value, Box::new(state)].into_iter().chain(rest).collect())
        }
        Entry::Connection(connection) => {
            let (id, state) = (String::from(connection.id.clone()), row::to_json(connection)?);
            let agent = String::from(connection.agent.clone());
            let active = connection.status == schemas::ConnectionStatus::Active;
            let rest: [Value; 3] = [Box::new(agent), Box::new(active), Box::new(seq)];
            (CONNECTION, [Box::new(id) as Value, Box::new(state)].into_iter().chain(rest).collect())
        }
    })
}
