//! Turns that are asked again, and those that are kept as tests.

use axum::{Json, extract::State};
use replay::{RUNS_PAGE, ReplayError, Shadow};
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{agents::find, note_read};
use crate::{
    Api,
    json::{Asked, Named},
    key::Caller,
    problem::ApiError,
    shapes::{
        OfAgent,
        replays::{After, OfReplay, Replay, ReplayReport, Replays},
        saved_tests::SavedTests,
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list_replays))
        .routes(routes!(get_replay))
        .routes(routes!(list_tests))
}

/// Where turns are asked again; an installation without models has no such thing.
pub(super) fn shadow(api: &Api) -> Result<&Shadow, ApiError> {
    api.shadow.as_ref().ok_or(ApiError::NotFound)
}

/// The agent, and the run.
pub(super) fn apart(OfReplay { tenant, agent, run }: OfReplay) -> (OfAgent, String) {
    (OfAgent { tenant, agent }, run)
}

/// List an agent's replays
///
/// Recorded turns that were asked again of a draft or a version, whoever had that done.
#[utoipa::path(get, path = "/tenants/{tenant}/agents/{agent}/replays", tag = "Agents",
    params(OfAgent, After),
    responses((status = 200, description = "A page of them", body = Replays)))]
async fn list_replays(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
    Asked(page): Asked<After>,
) -> Result<Json<Replays>, ApiError> {
    find(&api, &caller, &of).await?;
    let (agent, after) = ((&of.tenant, &of.agent), page.after);
    let found = shadow(&api)?.runs(&caller, agent, after.as_deref()).await;
    let runs = match found {
        Err(ReplayError::NoRun(_)) => {
            return Err(ApiError::field("after", "is none of ours: begin without one"));
        }
        found => found?,
    };
    let is_full = u32::try_from(runs.len()) == Ok(RUNS_PAGE);
    let next = runs.last().filter(|_| is_full).map(|run| run.id.clone());
    let now = api.clock.now();
    let items = runs.into_iter().map(|run| Replay::of(run, now)).collect();
    Ok(Json(Replays { items, next }))
}

/// Read a replay
///
/// What came of every turn, beside what people got.
#[utoipa::path(get, path = "/tenants/{tenant}/agents/{agent}/replays/{run}", tag = "Agents",
    params(OfReplay),
    responses((status = 200, description = "What came of it", body = ReplayReport)))]
async fn get_replay(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfReplay>,
) -> Result<Json<ReplayReport>, ApiError> {
    let (agent, run) = apart(of);
    find(&api, &caller, &agent).await?;
    note_read(&api, &caller, &agent.tenant, json!({ "replay": run })).await?;
    let report = shadow(&api)?.report(&caller, (&agent.tenant, &agent.agent), &run).await?;
    Ok(Json(ReplayReport::of(report, api.clock.now())))
}

/// List an agent's tests
///
/// Turns that are kept with what is expected of an answer, and what came of each when all were run last.
#[utoipa::path(get, path = "/tenants/{tenant}/agents/{agent}/tests", tag = "Agents",
    params(OfAgent), responses((status = 200, description = "All of them", body = SavedTests)))]
async fn list_tests(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
) -> Result<Json<SavedTests>, ApiError> {
    find(&api, &caller, &of).await?;
    note_read(&api, &caller, &of.tenant, json!({ "tests": of.agent })).await?;
    let (shadow, agent) = (shadow(&api)?, (&of.tenant, &of.agent));
    let last = shadow.last_tests(&caller, agent).await?;
    let kept = shadow.tests(&caller, agent).await?;
    Ok(Json(SavedTests::of(kept, last, api.clock.now())))
}
