//! What changed, for a person: field by field, and long texts line by line and word by word.

mod model;
mod text;

use schemas::{
    Budget, Connection, ConnectionStatus, Tenant, TenantStatus, Tool, ToolStatus,
    directory::{ToolHeader, ToolKind},
};

pub use self::model::of_model_group;
pub use self::text::{Effort, Line, LineKind, Word, lines, lines_apart};
use crate::config::{Field, OpenConfig};

/// A field that is not as it was.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Its name, as in files and in the API.
    pub field: &'static str,
    /// What it was; `None` where there was nothing before.
    pub before: Option<String>,
    /// What it is.
    pub after: String,
    /// Whether it is a text of many lines, to be shown by [`lines()`].
    pub long: bool,
}

/// An agent with its texts opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAgent {
    /// What is being worked on.
    pub draft: Option<OpenConfig>,
    /// The version that answers, and what it is.
    pub published: Option<(u32, OpenConfig)>,
    /// How much it may cost.
    pub budget: Budget,
    /// Whether it has left.
    pub retired: bool,
}

/// What a tenant has that it had not before.
pub fn of_tenant(before: Option<&Tenant>, after: &Tenant) -> Vec<FieldChange> {
    changed(before.map(tenant_fields).as_ref(), tenant_fields(after))
}

/// What a connection has that it had not before. Its token is a name of a secret, and is not shown.
pub fn of_connection(before: Option<&Connection>, after: &Connection) -> Vec<FieldChange> {
    let mut changes = changed(before.map(connection_fields).as_ref(), connection_fields(after));
    if before.is_some_and(|before| before.token != after.token) {
        let (before, after) = (Some("a token".to_owned()), "another token".to_owned());
        changes.push(FieldChange { field: "bot_token", before, after, long: false });
    }
    changes
}

/// What a tool has that it had not before. Of a secret only shows that there is one, and that it is
/// another.
pub fn of_tool(before: Option<&Tool>, after: &Tool) -> Vec<FieldChange> {
    let mut changes = changed(before.map(tool_fields).as_ref(), tool_fields(after));
    for change in &mut changes {
        change.long = matches!(change.field, "description" | "arguments");
    }
    let secrets = |tool: &Tool| tool.secrets().map(str::to_owned).collect::<Vec<_>>();
    if before.is_some_and(|before| secrets(before) != secrets(after))
        && !changes.iter().any(|change| change.field == "headers")
    {
        let (before, after) = (Some("a secret".to_owned()), "another secret".to_owned());
        changes.push(FieldChange { field: "headers", before, after, long: false });
    }
    changes
}

/// What a configuration has that it had not before.
pub fn of_config(before: Option<&OpenConfig>, after: &OpenConfig) -> Vec<FieldChange> {
    let change = |field: Field| FieldChange {
        field: field.as_str(),
        before: before.map(|before| before.get(field).to_string()),
        after: after.get(field).to_string(),
        long: is_long(field),
    };
    let differs = |field: &Field| match before {
        Some(before) => before.get(*field) != after.get(*field),
        None => !after.get(*field).to_string().is_empty(),
    };
    Field::ALL.into_iter().filter(differs).map(change).collect()
}

/// What an agent has that it had not before: the version that answers, else the draft.
pub fn of_agent(before: Option<&OpenAgent>, after: &OpenAgent) -> Vec<FieldChange> {
    let version = |agent: &OpenAgent| agent.published.as_ref().map_or(0, |(version, _)| *version);
    let state = |agent: &OpenAgent| {
        let retired = if agent.retired { "yes" } else { "no" };
        let version = match version(agent) {
            0 => "none".to_owned(),
            version => version.to_string(),
        };
        let [daily, monthly] = budget_fields(agent.budget);
        vec![("version", version), daily, monthly, ("retired", retired.to_owned())]
    };
    let mut changes = changed(before.map(state).as_ref(), state(after));
    let published = |agent: &OpenAgent| agent.published.as_ref().map(|(_, it)| it.clone());
    if before.map(version) != Some(version(after))
        && let Some(after) = published(after)
    {
        changes.extend(of_config(before.and_then(published).as_ref(), &after));
        return changes;
    }
    if let Some(draft) = &after.draft {
        let before = before.and_then(|before| before.draft.clone().or(published(before)));
        changes.extend(of_config(before.as_ref(), draft));
    }
    changes
}

const fn is_long(field: Field) -> bool {
    match field {
        Field::JobDescription
        | Field::StatementOfWork
        | Field::Persona
        | Field::SystemPrompt
        | Field::Tools
        | Field::Escalation => true,
        Field::Name | Field::Role | Field::Model | Field::FollowMinutes => false,
    }
}

type Fields = Vec<(&'static str, String)>;

fn changed(before: Option<&Fields>, after: Fields) -> Vec<FieldChange> {
    let was = |field: &str| {
        before?.iter().find(|(name, _)| *name == field).map(|(_, value)| value.clone())
    };
    let differs = |(field, after): &(&'static str, String)| was(field).as_ref() != Some(after);
    let change = |(field, after)| FieldChange { field, before: was(field), after, long: false };
    after.into_iter().filter(differs).map(change).collect()
}

fn tenant_fields(tenant: &Tenant) -> Fields {
    let status = match tenant.status {
        TenantStatus::Active => "active",
        TenantStatus::Suspended => "suspended",
        TenantStatus::Deleted => "deleted",
    };
    let channels = tenant.limits.per_channel.iter();
    let channels: Vec<_> =
        channels.map(|(channel, limit)| format!("{} {limit}", channel.as_str())).collect();
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let [daily, monthly] = budget_fields(tenant.budget);
    vec![
        ("name", tenant.name.clone()),
        ("messages_per_minute", tenant.limits.messages_per_minute.to_string()),
        ("per_channel", or_none(channels.join(", "))),
        ("keep_days", tenant.limits.keep_days.map_or("none".to_owned(), |days| days.to_string())),
        daily,
        monthly,
        ("status", status.to_owned()),
    ]
}

fn budget_fields(budget: Budget) -> [(&'static str, String); 2] {
    let show = |micros: Option<u64>| micros.map_or("none".to_owned(), dollars);
    [("daily_budget", show(budget.daily_micros)), ("monthly_budget", show(budget.monthly_micros))]
}

/// `$12.50`; more digits where they are needed.
fn dollars(micros: u64) -> String {
    let (whole, part) = (micros / 1_000_000, micros % 1_000_000);
    let part = format!("{part:06}");
    let (cents, rest) = part.split_at(2);
    format!("${whole}.{cents}{}", rest.trim_end_matches('0'))
}

fn connection_fields(connection: &Connection) -> Fields {
    let status = match &connection.status {
        ConnectionStatus::Active => "active".to_owned(),
        ConnectionStatus::Removed { reason, .. } => format!("removed ({reason})"),
    };
    vec![
        ("channel", connection.channel.as_str().to_owned()),
        ("team_id", connection.workspace.clone()),
        ("bot_user_id", connection.bot_user.clone()),
        ("agent", connection.agent.to_string()),
        ("status", status),
    ]
}

fn tool_fields(tool: &Tool) -> Fields {
    let status = match tool.status {
        ToolStatus::Active => "active",
        ToolStatus::Removed { .. } => "removed",
    };
    let endpoint = tool.endpoint();
    let header = |(name, header): (&String, &ToolHeader)| match header {
        ToolHeader::Text(text) => format!("{name}: {text}"),
        ToolHeader::Secret(_) => format!("{name}: a secret"),
    };
    let headers: Vec<_> = endpoint.headers.iter().map(header).collect();
    let (method, arguments, tools) = match &tool.kind {
        ToolKind::Http(http) => {
            let arguments = serde_json::to_string_pretty(&http.arguments).unwrap_or_default();
            (http.method.as_str(), arguments, "none".to_owned())
        }
        ToolKind::Mcp(server) if server.tools.is_empty() => {
            ("MCP", String::new(), "all".to_owned())
        }
        ToolKind::Mcp(server) => ("MCP", String::new(), server.tools.join(", ")),
    };
    vec![
        ("description", tool.description.clone()),
        ("method", method.to_owned()),
        ("url", tool.url().to_owned()),
        ("arguments", arguments),
        ("tools", tools),
        ("headers", headers.join(", ")),
        ("allow_private", if endpoint.allow_private { "yes" } else { "no" }.to_owned()),
        ("timeout_seconds", endpoint.timeout_seconds.to_string()),
        ("status", status.to_owned()),
    ]
}

/// What a tenant told its agent does not belong into logs.
impl std::fmt::Debug for FieldChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FieldChange").field("field", &self.field).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
