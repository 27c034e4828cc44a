//! Conversations.

use axum::{Json, extract::State};
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};
use views::{Beside, Cursor, Filter, Near, Page};

use super::{limit, note_read};
use crate::{
    Api,
    json::{Asked, Named},
    key::Caller,
    problem::ApiError,
    shapes::{
        Done, OfTenant,
        conversations::{Conversation, Conversations, OfConversation, Older, Which},
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(list_conversations))
        .routes(routes!(get_conversation))
        .routes(routes!(hand_back))
}

/// List conversations
///
/// The newest first. Words are sealed in the database, so a search opens them one by one and looks so
/// far at a time: `searched_all` says whether that was everything, and `next` goes on.
#[utoipa::path(get, path = "/tenants/{tenant}/conversations", tag = "Conversations",
    params(OfTenant, Which),
    responses((status = 200, description = "A page of them", body = Conversations)))]
async fn list_conversations(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
    Asked(which): Asked<Which>,
) -> Result<Json<Conversations>, ApiError> {
    let now = api.clock.now();
    api.views.tenant(&caller, &of.tenant, now).await?;
    let filter = which.filter();
    note_read(
        &api,
        &caller,
        &of.tenant,
        json!({ "list": true, "searched": !filter.text.is_empty() }),
    )
    .await?;
    let (cursor, limit) = (which.cursor.map(Cursor), limit(which.limit)?);
    let page = Page { cursor: cursor.as_ref(), limit, now };
    Ok(Json(api.views.conversations(&caller, &of.tenant, &filter, page).await?.into()))
}

/// Read a conversation
#[utoipa::path(get, path = "/tenants/{tenant}/conversations/{connection}/{conversation}",
    tag = "Conversations", params(OfConversation, Older),
    responses((status = 200, description = "The conversation", body = Conversation)))]
async fn get_conversation(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfConversation>,
    Asked(older): Asked<Older>,
) -> Result<Json<Conversation>, ApiError> {
    let detail = json!({ "connection": of.connection, "conversation": of.conversation });
    note_read(&api, &caller, &of.tenant, detail).await?;
    let thread = Near { connection: of.connection, conversation: of.conversation };
    let filter = Filter::default();
    let beside = Beside { filter: &filter, before: older.before, now: api.clock.now() };
    let found = api.views.conversation(&caller, &of.tenant, &thread, beside).await?;
    Ok(Json(found.into()))
}

/// Give a conversation back to its agent
///
/// Of one that a person has: from its next message on the agent answers again. It is so already where
/// nobody has it.
#[utoipa::path(post, tag = "Conversations",
    path = "/tenants/{tenant}/conversations/{connection}/{conversation}/hand-back",
    params(OfConversation), responses((status = 200, description = "It is so", body = Done)))]
async fn hand_back(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfConversation>,
) -> Result<Json<Done>, ApiError> {
    let thread = (&of.connection, &of.conversation);
    Ok(Json(api.desk.hand_back(&caller, &of.tenant, thread).await?.into()))
}
