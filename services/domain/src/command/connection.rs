//! Changes of a connection.

use schemas::{AgentId, ChannelKind, Connection, ConnectionId, ConnectionStatus, TenantId};

use super::{Decided, Refused, known, valid};
use crate::{
    directory::{APP_DEFAULT, Directory},
    fields::FieldProblem,
    plan::{
        Change, Present,
        check::{Wanted, WishedConnection, connection_id},
        diff,
    },
    secret::Secret,
};

/// A workspace whose token is known to be good.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The chat system.
    pub channel: ChannelKind,
    /// The workspace that the token is of.
    pub workspace: String,
    /// The user that the token speaks as.
    pub bot_user: String,
    /// The token.
    pub token: Secret,
    /// Who answers there.
    pub agent: AgentId,
}

/// A workspace is connected, or connected anew with another token. `unique` ends the name under which
/// the token is kept; no other command has it.
pub fn connect(directory: &Directory, tenant: &TenantId, wish: Connect, unique: &str) -> Decided {
    known(directory, tenant)?;
    let Connect { channel, workspace, bot_user, token, agent } = wish;
    let app = APP_DEFAULT.to_owned();
    let mut problems = may_answer(directory, tenant, &agent);
    let id = connection_id(channel, &app, &workspace).parse::<ConnectionId>();
    if let Err(error) = &id {
        problems.push(FieldProblem::of_id("team_id", error));
    }
    // Whose it is, is nobody else's business.
    if directory.holder(channel, &app, &workspace).is_some_and(|(holder, _)| holder != tenant) {
        problems.push(held());
    }
    let Ok(id) = id else { return Err(Refused::Invalid(problems)) };
    valid(problems)?;
    let wanted = Some(Wanted { agent, bot_user, token: Some(token) });
    let wished = WishedConnection { id, channel, app, workspace, wanted };
    let present = Present {
        directory,
        open: &|_, _, _| None,
        has_secret: &|_, _, _| false,
        schema_problem: &|_| None,
        model_problems: &|_, _| Vec::new(),
        is_of_installation: &|_| false,
        knows_installation: false,
        unique,
        env: &|_| None,
    };
    Ok(diff::connection(tenant, wished, &present))
}

/// Another agent answers there.
pub fn lead_to(
    directory: &Directory,
    tenant: &TenantId,
    id: &ConnectionId,
    agent: &AgentId,
) -> Decided {
    let from = active(directory, tenant, id)?;
    valid(may_answer(directory, tenant, agent))?;
    if from.agent == *agent {
        return Ok(Vec::new());
    }
    let connection = Connection { agent: agent.clone(), ..from.clone() };
    let (tenant, from) = (tenant.clone(), Some(from.clone()));
    Ok(vec![Change::ConnectionMake { tenant, connection, from, claim: false }])
}

/// The workspace is let go. One that is let go already stays so.
pub fn disconnect(directory: &Directory, tenant: &TenantId, id: &ConnectionId) -> Decided {
    known(directory, tenant)?;
    let connection = directory.connection(tenant, id).ok_or(Refused::NotFound)?;
    if connection.status != ConnectionStatus::Active {
        return Ok(Vec::new());
    }
    let (tenant, connection) = (tenant.clone(), Connection::clone(connection));
    Ok(vec![Change::ConnectionRemove { tenant, connection }])
}

/// A connection that is in use.
pub fn active<'a>(
    directory: &'a Directory,
    tenant: &TenantId,
    id: &ConnectionId,
) -> Result<&'a Connection, Refused> {
    known(directory, tenant)?;
    let connection = directory.connection(tenant, id).ok_or(Refused::NotFound)?;
    if connection.status != ConnectionStatus::Active {
        return Err(Refused::conflict(format!("connection `{id}` was disconnected")));
    }
    Ok(connection)
}

/// The workspace is another tenant's.
pub fn held() -> FieldProblem {
    FieldProblem::new(
        "team_id",
        "is connected already, by somebody else: disconnect it there first",
    )
}

fn may_answer(directory: &Directory, tenant: &TenantId, agent: &AgentId) -> Vec<FieldProblem> {
    let problem = match directory.agent(tenant, agent).map(|known| known.retired) {
        Some(false) => return Vec::new(),
        Some(true) => format!("is `{agent}`, who has retired"),
        None => format!("is `{agent}`, and there is no such agent"),
    };
    vec![FieldProblem::new("agent", problem)]
}
