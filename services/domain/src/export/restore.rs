//! What another installation makes of an export: entries of the directory under another tenant's name and
//! key, and rows of tables.
//!
//! **Invariant:** nothing made here is an event of the pipeline: whoever answers, posts or calls reads only
//! these.
//! **Invariant:** no file gives leave to call private networks, or servers that a tenant named.

use std::collections::BTreeMap;

use schemas::{
    AgentId, Author, Connection, ConnectionId, ConnectionStatus, ConversationId, CorrelationId,
    Envelope, Event, EventId, Limits, MessageId, ModelGroup, ModelGroupStatus, Tenant, TenantId,
    TenantStatus, Timestamp, Tool, ToolStatus,
    directory::{ModelVendor, ToolKind},
    event::{ConnectionChanged, Entry, ModelGroupChanged, TenantChanged},
};
use serde::Serialize;
use serde_json::Value;

use super::{EventLine, Row, seal};
use crate::{
    model,
    seal::{Owner, Sealing},
    veil::owner_of,
};

/// What a connection that was exported says of why it does not work.
pub const REASON: &str = "imported";

/// Where an export goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// What the tenant was called there.
    pub from: &'a TenantId,
    /// What it is called here.
    pub to: &'a TenantId,
    /// What its texts are sealed with here.
    pub sealing: &'a Sealing,
}

/// What has to be made again by hand: no export has a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Missing {
    /// `connection`, `tool` or `model group`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// What it needs.
    pub needs: &'static str,
}

/// The entry of the directory that a line has.
pub fn entry(line: &EventLine, tenant: &TenantId) -> Result<Envelope, &'static str> {
    let value = line.event.as_ref();
    let value = value.ok_or("the program that exported it could not read this event")?;
    let bytes = serde_json::to_vec(value).map_err(|_| "its event is not JSON")?;
    let envelope = Envelope::decode(&bytes).map_err(|_| "its event is none of this program's")?;
    if &envelope.tenant != tenant {
        return Err("its event is another tenant's");
    }
    let is_taken = match envelope.event.entry() {
        None | Some(Entry::Claim(_)) => Err("its event is no entry of a tenant"),
        Some(Entry::Tenant(entry)) if &entry.id != tenant => Err("its event is another tenant's"),
        Some(Entry::Tenant(entry)) if entry.status == TenantStatus::Deleted => {
            Err("the tenant was deleted")
        }
        Some(
            Entry::Tenant(_)
            | Entry::Agent(_)
            | Entry::Connection(_)
            | Entry::Tool(_)
            | Entry::ModelGroup(_),
        ) => Ok(()),
    };
    is_taken.map(|()| envelope)
}

/// The first event of an imported tenant: its slug is taken, and it is not served. Of the same file under
/// the same slug it is always the same event, so that a second run knows it.
pub fn first(
    target: &Target<'_>,
    (name, sha256): (&str, &str),
    by: &Author,
    now: Timestamp,
) -> Envelope {
    let tenant = Tenant {
        id: target.to.clone(),
        name: name.to_owned(),
        limits: Limits::default(),
        budget: schemas::Budget::default(),
        status: TenantStatus::Suspended,
    };
    let id = EventId::derive(sha256, &stage(target.to), 0);
    Envelope {
        correlation: CorrelationId::from(&id),
        id,
        source: "import".to_owned(),
        time: now,
        tenant: target.to.clone(),
        causation: None,
        trace: None,
        event: Event::TenantCreated(TenantChanged { tenant, by: by.clone() }),
    }
}

/// The entries as they are published here, in their order, by their authors and at their times. Of a
/// connection only the last one is left, which says that it is not connected; no tool may call private
/// networks, and model groups with addresses of their own are taken away.
pub fn entries(target: &Target<'_>, recorded: &[Envelope]) -> Result<Vec<Envelope>, &'static str> {
    let mut last = BTreeMap::new();
    for (place, envelope) in recorded.iter().enumerate() {
        if let Some(Entry::Connection(connection)) = envelope.event.entry() {
            last.insert(&connection.id, place);
        }
    }
    let mut entries = Vec::with_capacity(recorded.len());
    for (place, envelope) in recorded.iter().enumerate() {
        let event =
            if let Event::ConnectionMade(data) | Event::ConnectionRemoved(data) = &envelope.event {
                if last.get(&data.connection.id) != Some(&place) {
                    continue;
                }
                Event::ConnectionRemoved(disconnected(data, envelope.time))
            } else {
                modest(named(envelope.event.clone(), target.to), envelope.time)
            };
        let id = EventId::derive(envelope.id.as_str(), &stage(target.to), 0);
        let envelope = Envelope { id, tenant: target.to.clone(), event, ..envelope.clone() };
        entries.push(sealed(target, envelope)?);
    }
    Ok(entries)
}

/// What has to be made again, by the last word on each.
pub fn missing(recorded: &[Envelope]) -> Vec<Missing> {
    let mut found = BTreeMap::new();
    for envelope in recorded {
        let (kind, id, needs) = match envelope.event.entry() {
            Some(Entry::Connection(it)) => {
                let needs = it.status == ConnectionStatus::Active;
                ("connection", it.id.as_str(), needs.then_some("to be connected again"))
            }
            Some(Entry::Tool(it)) => ("tool", it.id.as_str(), tool_needs(it)),
            Some(Entry::ModelGroup(it)) => ("model group", it.id.as_str(), group_needs(it)),
            Some(Entry::Tenant(_) | Entry::Agent(_) | Entry::Claim(_)) | None => continue,
        };
        found.insert((kind, id.to_owned()), needs);
    }
    let missing = found.into_iter();
    missing.filter_map(|((kind, id), needs)| Some(Missing { kind, id, needs: needs? })).collect()
}

fn tool_needs(tool: &Tool) -> Option<&'static str> {
    if tool.status != ToolStatus::Active {
        return None;
    }
    match (tool.secrets().next().is_some(), tool.endpoint().allow_private) {
        (true, true) => Some("its secrets, and leave to call private networks"),
        (true, false) => Some("its secrets"),
        (false, true) => Some("leave to call private networks"),
        (false, false) => None,
    }
}

fn group_needs(group: &ModelGroup) -> Option<&'static str> {
    if !model::is_active(group) {
        return None;
    }
    if has_addresses(group) {
        return Some("to be made again, since it has addresses of its own");
    }
    group.secrets().next().map(|_| "its keys")
}

/// A row as it is written here. The texts in `texts` belong to what the column `owner` names.
pub fn row(
    target: &Target<'_>,
    (owner, texts): (&str, &[&str]),
    mut row: Row,
) -> Result<Row, &'static str> {
    check_ids(&row)?;
    let owner = row.get(owner).and_then(Value::as_str).unwrap_or_default().to_owned();
    for name in texts {
        if let Some(value) = row.get_mut(*name) {
            seal(value, Owner { tenant: target.to, of: &owner }, target.sealing);
        }
    }
    if let Some(envelope) = row.get_mut("envelope") {
        rename(envelope, target.to)?;
    }
    // Runs and tests are called after their tenant.
    for name in ["run_id", "test_id"] {
        let Some(Value::String(id)) = row.get_mut(name) else { continue };
        let rest = id.strip_prefix(target.from.as_str()).filter(|rest| rest.starts_with('-'));
        if let Some(rest) = rest {
            *id = format!("{}{rest}", target.to);
        }
    }
    // No event of this log has been here: the next one comes after it.
    if let Some(last) = row.get_mut("last_seq") {
        *last = Value::from(0);
    }
    row.insert("tenant_id".to_owned(), Value::from(target.to.as_str()));
    Ok(row)
}

/// Ids are tokens of subjects or they are none, wherever they come from.
fn check_ids(row: &Row) -> Result<(), &'static str> {
    for (name, value) in row {
        let Value::String(id) = value else { continue };
        let is_id = match name.as_str() {
            "connection_id" => id.parse::<ConnectionId>().is_ok(),
            "conversation_id" => id.parse::<ConversationId>().is_ok(),
            "message_id" | "handed_off_message_id" => id.parse::<MessageId>().is_ok(),
            "agent_id" => id.is_empty() || id.parse::<AgentId>().is_ok(),
            _ => true,
        };
        if !is_id {
            return Err("an id in it is none");
        }
    }
    Ok(())
}

/// The outcome on record is an event, and names its tenant.
fn rename(envelope: &mut Value, to: &TenantId) -> Result<(), &'static str> {
    let wrong = "its envelope is none of this program's";
    let bytes = serde_json::to_vec(envelope).map_err(|_| wrong)?;
    Envelope::decode(&bytes).map_err(|_| wrong)?;
    let name = envelope.get_mut("tenantid").ok_or(wrong)?;
    *name = Value::from(to.as_str());
    Ok(())
}

fn stage(to: &TenantId) -> String {
    format!("import {to}")
}

fn disconnected(data: &ConnectionChanged, at: Timestamp) -> ConnectionChanged {
    let status = match &data.connection.status {
        ConnectionStatus::Active => ConnectionStatus::Removed { reason: REASON.to_owned(), at },
        removed @ ConnectionStatus::Removed { .. } => removed.clone(),
    };
    let connection = Connection { status, ..data.connection.clone() };
    ConnectionChanged { connection, by: data.by.clone() }
}

/// Without leave that only those who run an installation may give.
fn modest(mut event: Event, at: Timestamp) -> Event {
    if let Event::ToolSaved(data) | Event::ToolRemoved(data) = &mut event {
        match &mut data.tool.kind {
            ToolKind::Http(http) => http.endpoint.allow_private = false,
            ToolKind::Mcp(server) => server.endpoint.allow_private = false,
        }
    }
    if let Event::ModelGroupSaved(data) = &event
        && has_addresses(&data.group)
    {
        let status = ModelGroupStatus::Removed { at };
        let group = ModelGroup { status, ..data.group.clone() };
        return Event::ModelGroupRemoved(ModelGroupChanged { group, by: data.by.clone() });
    }
    event
}

/// Whether it calls servers that somebody named; Ollama has no other.
fn has_addresses(group: &ModelGroup) -> bool {
    let mut deployments = group.deployments.iter();
    deployments.any(|it| it.base_url.is_some() || it.vendor == ModelVendor::Ollama)
}

/// The entry of the tenant itself has its slug in it.
fn named(mut event: Event, to: &TenantId) -> Event {
    if let Event::TenantCreated(data)
    | Event::TenantRenamed(data)
    | Event::TenantLimitsChanged(data)
    | Event::TenantBudgetChanged(data)
    | Event::TenantSuspended(data)
    | Event::TenantResumed(data)
    | Event::TenantDeleted(data) = &mut event
    {
        data.tenant.id = to.clone();
    }
    event
}

fn sealed(target: &Target<'_>, envelope: Envelope) -> Result<Envelope, &'static str> {
    let wrong = "its event cannot be written";
    let Some(of) = owner_of(&envelope.event) else { return Ok(envelope) };
    let owner = Owner { tenant: target.to, of };
    let bytes = envelope.encode().map_err(|_| wrong)?;
    let mut value: Value = serde_json::from_slice(&bytes).map_err(|_| wrong)?;
    if let Some(data) = value.get_mut("data") {
        seal(data, owner, target.sealing);
    }
    let bytes = serde_json::to_vec(&value).map_err(|_| wrong)?;
    Envelope::decode(&bytes).map_err(|_| wrong)
}

#[cfg(test)]
mod tests;
