//! Connections to workspaces.

use domain::secret::Secret;
use schemas::{ConnectionId, TenantId, Timestamp, directory::ConnectionStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use views::ConnectionLine;

/// A tenant's presence in one workspace. Its token is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connection {
    /// What it is called.
    #[schema(example = "slack-T0ACME")]
    pub(crate) id: String,
    /// The chat system.
    #[schema(example = "slack")]
    pub(crate) channel: String,
    /// The workspace, e.g. Slack's team id.
    #[schema(example = "T0ACME")]
    pub(crate) workspace: String,
    /// The user the agent appears as there.
    #[schema(example = "U0BOT")]
    pub(crate) bot_user: String,
    /// Who answers.
    #[schema(example = "mara")]
    pub(crate) agent: String,
    /// Whether it is in use.
    pub(crate) active: bool,
    /// Why it was taken away, if it was.
    #[schema(example = "operator")]
    pub(crate) removed_for: Option<String>,
    /// When a message came last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_in_at: Option<Timestamp>,
    /// When a reply was last delivered.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_out_at: Option<Timestamp>,
}

/// All connections of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connections {
    /// Those that were taken away come last.
    pub(crate) items: Vec<Connection>,
}

/// A Slack workspace to connect. Connected again, it has the token and the agent that are said now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "team_id": "T0ACME", "bot_token": "xoxb-…", "agent": "mara" }))]
pub(crate) struct NewConnection {
    /// The app's token there, `xoxb-…`. Slack is asked whose it is.
    #[schema(value_type = String, format = Password)]
    pub(crate) bot_token: Secret,
    /// Who answers.
    pub(crate) agent: String,
    /// The workspace; it must be that of the token.
    pub(crate) team_id: String,
    /// The user that the agent appears as; that of the token where it is not said.
    #[serde(default)]
    pub(crate) bot_user_id: Option<String>,
}

/// Who answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "agent": "mara" }))]
pub(crate) struct Lead {
    /// The agent's slug.
    pub(crate) agent: String,
}

/// What a path of a connection names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfConnection {
    /// The tenant's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "acme")]
    pub(crate) tenant: TenantId,
    /// The connection.
    #[param(value_type = String, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "slack-T0ACME")]
    pub(crate) connection: ConnectionId,
}

impl From<ConnectionLine> for Connection {
    fn from(line: ConnectionLine) -> Self {
        let it = line.connection;
        let (active, removed_for) = match it.status {
            ConnectionStatus::Active => (true, None),
            ConnectionStatus::Removed { reason, .. } => (false, Some(reason)),
        };
        Self {
            id: it.id.to_string(),
            channel: it.channel.as_str().to_owned(),
            workspace: it.workspace,
            bot_user: it.bot_user,
            agent: it.agent.to_string(),
            active,
            removed_for,
            last_in_at: line.last_in_at,
            last_out_at: line.last_out_at,
        }
    }
}
