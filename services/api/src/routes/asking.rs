//! Turns that are asked again in the background: begun, stopped, and gone on with.

use accounts::{Replaying, Visit};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use domain::access::{Permission, Principal};
use replay::ReplayError;
use schemas::TenantId;
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    agents::find,
    located,
    replays::{apart, shadow},
};
use crate::{
    Api,
    json::{Body, Named},
    key::Caller,
    problem::ApiError,
    shapes::{
        OfAgent,
        asking::{Begun, More, NewReplay, NewTestRun},
        replays::{OfReplay, Replay},
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(start_replay))
        .routes(routes!(stop_replay))
        .routes(routes!(resume_replay))
        .routes(routes!(run_tests))
        .routes(routes!(resume_tests))
}

/// Start a replay
///
/// The last answers are asked again of a draft or a version, in the background: nobody hears of it, and no
/// tool is called. It costs no more than its budget, and what it takes at the most where none is said.
#[utoipa::path(post, path = "/tenants/{tenant}/agents/{agent}/replays", tag = "Agents",
    params(OfAgent), request_body = NewReplay,
    responses((status = 202, description = "It has begun", body = Begun)))]
async fn start_replay(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
    Body(new): Body<NewReplay>,
) -> Result<Response, ApiError> {
    caller.require(Permission::AgentsWrite, &of.tenant)?;
    find(&api, &caller, &of).await?;
    let judge = new.judge.clone();
    let begun = shadow(&api)?.start(&caller, (&of.tenant, &of.agent), new.wish()?).await;
    let run = begun.map_err(|error| of_judge(error, judge.as_deref()))?;
    let detail = json!({ "agent": of.agent, "replay": run });
    note(&api, &caller, &of.tenant, (Replaying::Started, detail)).await?;
    Ok(begun_run(&of, run))
}

/// Stop a replay
///
/// The turns that are being asked end, since they are paid for, and no other begins. One that is over stays
/// as it is.
#[utoipa::path(post, path = "/tenants/{tenant}/agents/{agent}/replays/{run}/stop", tag = "Agents",
    params(OfReplay), responses((status = 200, description = "How it stands now", body = Replay)))]
async fn stop_replay(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfReplay>,
) -> Result<Json<Replay>, ApiError> {
    let (of, run) = apart(of);
    caller.require(Permission::AgentsWrite, &of.tenant)?;
    find(&api, &caller, &of).await?;
    let (shadow, agent) = (shadow(&api)?, (&of.tenant, &of.agent));
    if shadow.stop(&caller, agent, &run).await? {
        let detail = json!({ "agent": of.agent, "replay": run });
        note(&api, &caller, &of.tenant, (Replaying::Stopped, detail)).await?;
    }
    let row = shadow.run(&caller, agent, &run).await?;
    Ok(Json(Replay::of(row, api.clock.now())))
}

/// Resume a replay
///
/// One that stopped, or whose process was ended, goes on with what is missing.
#[utoipa::path(post, path = "/tenants/{tenant}/agents/{agent}/replays/{run}/resume", tag = "Agents",
    params(OfReplay), request_body = More,
    responses((status = 202, description = "It goes on", body = Begun)))]
async fn resume_replay(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfReplay>,
    Body(more): Body<More>,
) -> Result<Response, ApiError> {
    let (of, run) = apart(of);
    caller.require(Permission::AgentsWrite, &of.tenant)?;
    find(&api, &caller, &of).await?;
    let (agent, going) = ((&of.tenant, &of.agent), (run.as_str(), more.more_micros));
    shadow(&api)?.go_on(&caller, agent, going).await?;
    let detail = json!({ "agent": of.agent, "replay": run });
    note(&api, &caller, &of.tenant, (Replaying::Resumed, detail)).await?;
    Ok(begun_run(&of, run))
}

/// Run an agent's tests
///
/// Each kept turn is asked of the draft or of what answers people, in the background, and its answer is
/// checked. It costs no more than that takes at the most; where a model has no price, the budgets of agent
/// and tenant hold. What comes of each is in the list of tests.
#[utoipa::path(post, path = "/tenants/{tenant}/agents/{agent}/tests/run", tag = "Agents",
    params(OfAgent), request_body = NewTestRun,
    responses((status = 202, description = "They are being run", body = Begun)))]
async fn run_tests(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
    Body(new): Body<NewTestRun>,
) -> Result<Response, ApiError> {
    caller.require(Permission::AgentsWrite, &of.tenant)?;
    find(&api, &caller, &of).await?;
    let agent = (&of.tenant, &of.agent);
    let run = shadow(&api)?.test_all(&caller, agent, new.wanted()?).await?;
    let detail = json!({ "agent": of.agent, "candidate": new.candidate, "replay": run });
    note(&api, &caller, &of.tenant, (Replaying::Tested, detail)).await?;
    Ok(begun_tests(&of, run))
}

/// Resume the tests
///
/// The newest run of an agent's tests goes on with what is missing, where it stopped or its process was
/// ended. It costs no more than it was to.
#[utoipa::path(post, path = "/tenants/{tenant}/agents/{agent}/tests/resume", tag = "Agents",
    params(OfAgent), responses((status = 202, description = "They go on", body = Begun)))]
async fn resume_tests(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
) -> Result<Response, ApiError> {
    caller.require(Permission::AgentsWrite, &of.tenant)?;
    find(&api, &caller, &of).await?;
    let run = shadow(&api)?.go_on_tests(&caller, (&of.tenant, &of.agent)).await?;
    let detail = json!({ "agent": of.agent, "replay": run });
    note(&api, &caller, &of.tenant, (Replaying::Resumed, detail)).await?;
    Ok(begun_tests(&of, run))
}

/// Writes down what was done with turns that are asked again.
async fn note(
    api: &Api,
    caller: &Principal,
    tenant: &TenantId,
    did: (Replaying, Value),
) -> Result<(), ApiError> {
    let visit = Visit::new(api.clock.now(), "api", "");
    Ok(api.accounts.note_replay(caller, tenant, did, &visit).await?)
}

/// A group that was named as judge is a field of what was sent; another one is the candidate's own.
fn of_judge(error: ReplayError, judge: Option<&str>) -> ApiError {
    if let ReplayError::NoGroup(group) = &error
        && judge == Some(group.as_str())
    {
        return ApiError::field("judge", "is no model group of the tenant");
    }
    error.into()
}

fn begun_run(OfAgent { tenant, agent }: &OfAgent, run: String) -> Response {
    let href = format!("/tenants/{tenant}/agents/{agent}/replays/{run}");
    begun(Begun::new(run, &href))
}

/// What comes of tests stands in the list of them.
fn begun_tests(OfAgent { tenant, agent }: &OfAgent, run: String) -> Response {
    begun(Begun::new(run, &format!("/tenants/{tenant}/agents/{agent}/tests")))
}

fn begun(begun: Begun) -> Response {
    let href = begun.href.clone();
    located(StatusCode::ACCEPTED, &href, Json(begun))
}
