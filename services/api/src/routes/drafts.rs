//! Drafts, and how they become versions.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use desk::{Autosaved, Publish};
use domain::{access::Permission, config::OpenConfig};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::etag::Seen;
use crate::{
    Api,
    json::{Body, Named},
    key::Caller,
    problem::ApiError,
    shapes::{
        Done, OfAgent,
        agents::{Config, Draft, Note},
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default().routes(routes!(save_draft)).routes(routes!(publish))
}

/// Save a draft
///
/// It may be unfinished, and answers nobody. With `If-Match`, fields that somebody else saved
/// meanwhile are kept beside yours; where both changed the same field, nothing is saved and the answer
/// is 412. Without it, what you send replaces the draft.
#[utoipa::path(put, path = "/tenants/{tenant}/agents/{agent}/draft", tag = "Agents",
    params(OfAgent, ("If-Match" = Option<String>, Header, description = "The agent's `ETag`")),
    request_body = Config,
    responses((status = 200, description = "What is kept now", body = Draft,
        headers(("ETag" = String, description = "The version that answers and the draft's revision")))))]
async fn save_draft(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
    headers: HeaderMap,
    Body(config): Body<Config>,
) -> Result<Response, ApiError> {
    caller.require(Permission::AgentsWrite, &of.tenant)?;
    let agent = (&of.tenant, &of.agent);
    let seen = Seen::asked(&headers)?;
    let known = api.desk.draft(&caller, agent.0, agent.1).await?;
    let base = seen.map_or(known.revision, |seen| seen.revision);
    let mine = OpenConfig::from(config);
    let kept = match api.desk.autosave(&caller, agent, base, mine.clone()).await? {
        Autosaved::Saved { .. } => mine,
        Autosaved::Merged { fields, .. } => *fields,
        Autosaved::Conflict(conflict) => {
            let fields = conflict.merged.conflicts.iter().map(|it| it.field.as_str());
            let fields: Vec<_> = fields.collect();
            let what = format!("somebody else changed {} meanwhile", fields.join(", "));
            return Err(ApiError::Changed(what));
        }
    };
    api.desk.save_draft(&caller, agent, kept).await?;
    let draft = api.desk.draft(&caller, agent.0, agent.1).await?;
    let seen = Seen { version: draft.base_version, revision: draft.revision };
    Ok(([(header::ETAG, seen.header())], Json(Draft::from(draft))).into_response())
}

/// Publish the draft
///
/// It answers people from now on, as the next version. `If-Match` says what you looked at: if the
/// draft or the version that answers is another by now, nothing is published and the answer is 412.
#[utoipa::path(post, path = "/tenants/{tenant}/agents/{agent}/publish", tag = "Agents",
    params(OfAgent, ("If-Match" = String, Header, description = "The agent's `ETag`")),
    request_body = Note, responses((status = 200, description = "It is so", body = Done)))]
async fn publish(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfAgent>,
    headers: HeaderMap,
    Body(note): Body<Note>,
) -> Result<Json<Done>, ApiError> {
    caller.require(Permission::AgentsWrite, &of.tenant)?;
    let seen = Seen::asked(&headers)?.ok_or(ApiError::Unconditional)?;
    let publish =
        Publish { revision: seen.revision, note: note.note, expected_version: seen.version };
    let written = api.desk.publish(&caller, (&of.tenant, &of.agent), publish).await;
    Ok(Json(written.map_err(ApiError::of_match)?.into()))
}
