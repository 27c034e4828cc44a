//! Agents.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use domain::access::Principal;
use utoipa_axum::{router::OpenApiRouter, routes};
use views::AgentLine;

use super::{etag::Seen, made};
use crate::{
    Api,
    json::{Body, Named},
    key::Caller,
    problem::ApiError,
    shapes::{
        Done, Made, OfAgent, OfTenant,
        agents::{Agent, Agents, NewAgent},
        tenants::{AgentBudget, Budget},
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list_agents, create_agent))
        .routes(routes!(get_agent))
        .routes(routes!(get_agent_budget, set_agent_budget))
        .routes(routes!(retire_agent))
}

/// List agents
#[utoipa::path(get, path = "/tenants/{tenant}/agents", tag = "Agents", params(OfTenant),
    responses((status = 200, description = "All of them", body = Agents)))]
async fn list_agents(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
) -> Result<Json<Agents>, ApiError> {
    api.views.tenant(&caller, &of.tenant, api.clock.now()).await?;
    let lines = api.views.agents(&caller, &of.tenant, api.clock.now()).await?;
    Ok(Json(Agents { items: lines.into_iter().map(Into::into).collect() }))
}

/// Create an agent
///
/// It answers nobody until a version is published.
#[utoipa::path(post, path = "/tenants/{tenant}/agents", tag = "Agents", params(OfTenant),
    request_body = NewAgent, responses((status = 201, description = "It is there", body = Made)))]
async fn create_agent(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
    Body(new): Body<NewAgent>,
) -> Result<Response, ApiError> {
    let written = api.desk.create_agent(&caller, &of.tenant, &new.slug, &new.name).await?;
    let href = format!("/tenants/{}/agents/{}", of.tenant, new.slug);
    Ok(made(Made::new(&new.slug, &href, written)))
}

/// Read an agent
///
/// What answers people and what is being worked on. Its `ETag` says what you looked at: send it as
/// `If-Match` when you save a draft or publish it.
#[utoipa::path(get, path = "/tenants/{tenant}/agents/{agent}", tag = "Agents", params(OfAgent),
    responses((status = 200, description = "The agent", body = Agent,
        headers(("ETag" = String, description = "The version that answers and the draft's revision")))))]
async fn get_agent(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
) -> Result<Response, ApiError> {
    let line = find(&api, &caller, &of).await?;
    let draft = api.desk.draft(&caller, &of.tenant, &of.agent).await?;
    let published = match line.version {
        Some(version) => {
            let agent = (&of.tenant, &of.agent);
            let found = api.views.version(&caller, agent, version, api.clock.now()).await?;
            Some(found.config.into())
        }
        None => None,
    };
    let seen = Seen { version: line.version.unwrap_or(0), revision: draft.revision };
    let agent = Agent { item: line.into(), published, draft: draft.into() };
    Ok(([(header::ETAG, seen.header())], Json(agent)).into_response())
}

/// Read an agent's budget
///
/// What it may cost, and what its answers and trials of its drafts have cost.
#[utoipa::path(get, path = "/tenants/{tenant}/agents/{agent}/budget", tag = "Agents",
    params(OfAgent), responses((status = 200, description = "The budget", body = AgentBudget)))]
async fn get_agent_budget(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
) -> Result<Json<AgentBudget>, ApiError> {
    let agent = (&of.tenant, &of.agent);
    Ok(Json(api.views.agent_spend(&caller, agent, api.clock.now()).await?.into()))
}

/// Set an agent's budget
///
/// Nothing is published for it: it holds from the next call of a model on.
#[utoipa::path(put, path = "/tenants/{tenant}/agents/{agent}/budget", tag = "Agents",
    params(OfAgent), request_body = Budget,
    responses((status = 200, description = "It is so", body = Done)))]
async fn set_agent_budget(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
    Body(budget): Body<Budget>,
) -> Result<Json<Done>, ApiError> {
    let agent = (&of.tenant, &of.agent);
    Ok(Json(api.desk.set_agent_budget(&caller, agent, budget.into()).await?.into()))
}

/// Retire an agent
///
/// It answers nobody any more. Publishing or restoring a version brings it back.
#[utoipa::path(post, path = "/tenants/{tenant}/agents/{agent}/retire", tag = "Agents",
    params(OfAgent), responses((status = 200, description = "It is so", body = Done)))]
async fn retire_agent(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
) -> Result<Json<Done>, ApiError> {
    Ok(Json(api.desk.retire_agent(&caller, &of.tenant, &of.agent).await?.into()))
}

/// An agent as it is in the list.
pub(super) async fn find(
    api: &Api,
    caller: &Principal,
    of: &OfAgent,
) -> Result<AgentLine, ApiError> {
    let lines = api.views.agents(caller, &of.tenant, api.clock.now()).await?;
    lines.into_iter().find(|line| line.id == of.agent).ok_or(ApiError::NotFound)
}
