//! Connections to workspaces.

use axum::{Json, extract::State, response::Response};
use desk::ConnectSlack;
use domain::{
    access::Permission, directory::APP_DEFAULT, fields::FieldProblem, plan::connection_id,
};
use schemas::{AgentId, ChannelKind};
use utoipa_axum::{router::OpenApiRouter, routes};
use views::ConnectionLine;

use super::made;
use crate::{
    Api,
    json::{Body, Named},
    key::Caller,
    problem::{ApiError, Wrong},
    shapes::{
        Done, Made, OfTenant,
        connections::{Connection, Connections, Lead, NewConnection, OfConnection},
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list_connections, connect_slack))
        .routes(routes!(get_connection, disconnect))
        .routes(routes!(lead_to))
}

/// List connections
#[utoipa::path(get, path = "/tenants/{tenant}/connections", tag = "Connections", params(OfTenant),
    responses((status = 200, description = "All of them", body = Connections)))]
async fn list_connections(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
) -> Result<Json<Connections>, ApiError> {
    api.views.tenant(&caller, &of.tenant, api.clock.now()).await?;
    let lines = api.views.connections(&caller, &of.tenant, api.clock.now()).await?;
    Ok(Json(Connections { items: lines.into_iter().map(Into::into).collect() }))
}

/// Connect a Slack workspace
///
/// Slack is asked whose token it is. The token is sealed under the tenant's key and never shown.
#[utoipa::path(post, path = "/tenants/{tenant}/connections", tag = "Connections", params(OfTenant),
    request_body = NewConnection,
    responses((status = 201, description = "It is connected", body = Made)))]
async fn connect_slack(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
    Body(new): Body<NewConnection>,
) -> Result<Response, ApiError> {
    caller.require(Permission::ChannelsWrite, &of.tenant)?;
    let team = new.team_id.trim().to_owned();
    let wish = ConnectSlack {
        team_id: Some(team.clone()),
        bot_user_id: new.bot_user_id,
        bot_token: new.bot_token,
        agent: agent(&new.agent)?,
    };
    let written = api.desk.connect_slack(&caller, &of.tenant, wish).await?;
    // By Slack's word it is the token's workspace, so this is what the connection is called.
    let id = connection_id(ChannelKind::Slack, APP_DEFAULT, &team);
    Ok(made(Made::new(&id, &format!("/tenants/{}/connections/{id}", of.tenant), written)))
}

/// Read a connection
#[utoipa::path(get, path = "/tenants/{tenant}/connections/{connection}", tag = "Connections",
    params(OfConnection),
    responses((status = 200, description = "The connection", body = Connection)))]
async fn get_connection(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfConnection>,
) -> Result<Json<Connection>, ApiError> {
    let lines = api.views.connections(&caller, &of.tenant, api.clock.now()).await?;
    let is_it = |line: &ConnectionLine| line.connection.id == of.connection;
    let line = lines.into_iter().find(is_it).ok_or(ApiError::NotFound)?;
    Ok(Json(line.into()))
}

/// Disconnect a workspace
///
/// Nobody is answered there any more, and its token is forgotten.
#[utoipa::path(delete, path = "/tenants/{tenant}/connections/{connection}", tag = "Connections",
    params(OfConnection), responses((status = 200, description = "It is let go", body = Done)))]
async fn disconnect(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfConnection>,
) -> Result<Json<Done>, ApiError> {
    Ok(Json(api.desk.disconnect(&caller, &of.tenant, &of.connection).await?.into()))
}

/// Let another agent answer
#[utoipa::path(put, path = "/tenants/{tenant}/connections/{connection}/agent", tag = "Connections",
    params(OfConnection), request_body = Lead,
    responses((status = 200, description = "It is so", body = Done)))]
async fn lead_to(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfConnection>,
    Body(lead): Body<Lead>,
) -> Result<Json<Done>, ApiError> {
    caller.require(Permission::ChannelsWrite, &of.tenant)?;
    let agent = agent(&lead.agent)?;
    Ok(Json(api.desk.lead_to(&caller, &of.tenant, &of.connection, &agent).await?.into()))
}

fn agent(slug: &str) -> Result<AgentId, ApiError> {
    let problem = |error| Wrong::from(FieldProblem::of_id("agent", &error));
    slug.parse().map_err(|error| ApiError::Invalid(vec![problem(error)]))
}
