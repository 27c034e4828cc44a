//! Connections to workspaces.

use channels::Identity;
use domain::{
    access::{Permission, Principal},
    command::{
        Refused,
        connection::{self, Connect},
    },
    effect::{Rejection, SendOutcome},
    plan::Change,
    seal::Sealing,
    secret::Secret,
};
use schemas::{AgentId, ChannelKind, ConnectionId, TenantId, TenantStatus};
use tracing::warn;

use crate::{Desk, DeskError, Written};

/// Where calls with a token are counted whose workspace is not known yet.
const UNKNOWN_WORKSPACE: &str = "";

/// A Slack workspace to connect.
#[derive(Clone, Debug)]
pub struct ConnectSlack {
    /// The workspace; that of the token where it is not said.
    pub team_id: Option<String>,
    /// The user that the agent appears as; that of the token where it is not said.
    pub bot_user_id: Option<String>,
    /// The app's token there, `xoxb-…`.
    pub bot_token: Secret,
    /// Who answers.
    pub agent: AgentId,
}

/// Something was said in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its timestamp in the chat system.
    pub ts: String,
}

impl Desk {
    /// Connects a workspace, once Slack has said whose token it is. Connected again, it has the token and
    /// the agent that are said now.
    pub async fn connect_slack(
        &self,
        by: &Principal,
        tenant: &TenantId,
        wish: ConnectSlack,
    ) -> Result<Written, DeskError> {
        by.require(Permission::ChannelsWrite, tenant)?;
        self.tenant(tenant)?;
        let identity = self.identity(&wish).await?;
        let connect = Connect {
            channel: ChannelKind::Slack,
            workspace: identity.workspace,
            bot_user: identity.bot_user,
            token: wish.bot_token,
            agent: wish.agent,
        };
        let command = self.command();
        let known = &command.known.directory;
        let changes = connection::connect(known, tenant, connect, &command.id)?;
        let now = self.parts().clock.now();
        for change in &changes {
            if let Change::SecretSet { name, value, .. } = change {
                self.parts().secrets.put(tenant, name, value, now).await?;
            }
        }
        let done = self.write((by, tenant), command, &changes, &Sealing::Off).await;
        for change in &changes {
            let Change::SecretSet { name, replaces, .. } = change else { continue };
            match &done {
                Ok(_) => self.forget_token(tenant, replaces.as_deref()).await,
                // Whether an event names it is not known: it stays.
                Err(DeskError::Unavailable) => {}
                Err(_) => self.forget_token(tenant, Some(name)).await,
            }
        }
        done
    }

    /// Another agent answers in that workspace.
    pub async fn lead_to(
        &self,
        by: &Principal,
        tenant: &TenantId,
        connection: &ConnectionId,
        agent: &AgentId,
    ) -> Result<Written, DeskError> {
        by.require(Permission::ChannelsWrite, tenant)?;
        self.change(by, tenant, |directory| {
            connection::lead_to(directory, tenant, connection, agent)
        })
        .await
    }

    /// Lets a workspace go, and forgets its token.
    pub async fn disconnect(
        &self,
        by: &Principal,
        tenant: &TenantId,
        connection: &ConnectionId,
    ) -> Result<Written, DeskError> {
        by.require(Permission::ChannelsWrite, tenant)?;
        let command = self.command();
        let known = &command.known.directory;
        let changes = connection::disconnect(known, tenant, connection)?;
        let token = known.connection(tenant, connection).map(|known| known.token.clone());
        let written = self.write((by, tenant), command, &changes, &Sealing::Off).await?;
        self.forget_token(tenant, token.as_deref()).await;
        Ok(written)
    }

    /// Says something in a channel, in the open and in the agent's place, so that an operator sees that
    /// it works. It is no answer to anybody: no event, no effect, and sent once only.
    pub async fn send_test_message(
        &self,
        by: &Principal,
        (tenant, connection): (&TenantId, &ConnectionId),
        channel: &str,
        text: &str,
    ) -> Result<Said, DeskError> {
        by.require(Permission::ChannelsWrite, tenant)?;
        if self.tenant(tenant)? == TenantStatus::Suspended {
            let what = "the tenant is suspended, so nothing is said for it".to_owned();
            return Err(DeskError::Conflict { what });
        }
        if channel.trim().is_empty() {
            return Err(DeskError::field("channel", "is empty"));
        }
        let found = self
            .parts()
            .directory
            .read(|directory| connection::active(directory, tenant, connection).cloned())?;
        let now = self.parts().clock.now();
        let token = self.parts().secrets.get(tenant, &found.token, now).await?;
        let token = token.ok_or_else(|| lost_token(connection))?;
        let slack = &self.parts().slack;
        match slack.announce(&token, &found.workspace, channel.trim(), text).await {
            SendOutcome::Sent(ts) => Ok(Said { ts }),
            SendOutcome::Rejected { code, class } => Err(refused(&code, class, connection)),
            SendOutcome::NotSent(_) | SendOutcome::RetryAfter(_) | SendOutcome::Ambiguous(_) => {
                Err(DeskError::Unavailable)
            }
        }
    }

    /// Whose token it is, by Slack's word, and whether that is what was said.
    async fn identity(&self, wish: &ConnectSlack) -> Result<Identity, DeskError> {
        let said = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let (team, bot_user) = (said(&wish.team_id), said(&wish.bot_user_id));
        if wish.bot_token.expose().trim().is_empty() {
            return Err(DeskError::field("bot_token", "is empty"));
        }
        let workspace = team.as_deref().unwrap_or(UNKNOWN_WORKSPACE);
        let identity = match self.parts().slack.whoami(&wish.bot_token, workspace).await {
            Ok(identity) => identity,
            Err(SendOutcome::Rejected { code, .. }) => {
                let problem =
                    format!("is not taken by Slack ({code}): copy it again, or reinstall");
                return Err(DeskError::field("bot_token", problem));
            }
            Err(_) => return Err(DeskError::Unavailable),
        };
        if identity.bot_id.is_none() {
            return Err(DeskError::field("bot_token", "is a person's, not the app's (`xoxb-…`)"));
        }
        if team.is_some_and(|team| team != identity.workspace) {
            let (name, id) = (&identity.workspace_name, &identity.workspace);
            let problem =
                format!("is another workspace than the token's, which is {name} (`{id}`)");
            return Err(DeskError::field("team_id", problem));
        }
        if bot_user.is_some_and(|user| user != identity.bot_user) {
            let problem =
                format!("is another user than the token's, which is `{}`", identity.bot_user);
            return Err(DeskError::field("bot_user_id", problem));
        }
        Ok(identity)
    }

    /// How a tenant that is still there stands.
    fn tenant(&self, tenant: &TenantId) -> Result<TenantStatus, DeskError> {
        let found = self.parts().directory.read(|it| it.tenant(tenant).map(|known| known.status));
        let there = found.filter(|status| *status != TenantStatus::Deleted);
        there.ok_or_else(|| Refused::NotFound.into())
    }

    /// A token that no event names is of no use.
    async fn forget_token(&self, tenant: &TenantId, name: Option<&str>) {
        let Some(name) = name else { return };
        if let Err(error) = self.parts().secrets.remove(tenant, name).await {
            warn!(%tenant, name, %error, "a token that is of no use stays");
        }
    }
}

fn lost_token(connection: &ConnectionId) -> DeskError {
    DeskError::Conflict { what: format!("the token of `{connection}` is gone: connect it again") }
}

/// What Slack refused, and what to do about it.
fn refused(code: &str, class: Rejection, connection: &ConnectionId) -> DeskError {
    match class {
        Rejection::Connection => DeskError::Conflict {
            what: format!(
                "Slack does not take the token of `{connection}` any more ({code}): connect it again"
            ),
        },
        Rejection::Target => {
            let problem = format!("takes nothing from the agent ({code}): invite it there first");
            DeskError::field("channel", problem)
        }
        Rejection::Payload => DeskError::field("text", format!("is not taken by Slack ({code})")),
    }
}
