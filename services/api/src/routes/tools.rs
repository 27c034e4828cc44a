//! Tools.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use domain::access::Permission;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::etag;
use crate::{
    Api,
    json::{Body, Named},
    key::Caller,
    problem::ApiError,
    routes::called,
    shapes::{
        Done, OfTenant,
        tools::{OfTool, Tool, ToolConfig, Tools},
    },
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default().routes(routes!(list_tools)).routes(routes!(
        get_tool,
        save_tool,
        remove_tool
    ))
}

/// List tools
///
/// Those that a tenant has declared. What is built in, like `current_time`, is not among them.
#[utoipa::path(get, path = "/tenants/{tenant}/tools", tag = "Tools", params(OfTenant),
    responses((status = 200, description = "All of them", body = Tools)))]
async fn list_tools(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTenant>,
) -> Result<Json<Tools>, ApiError> {
    let mut items = Vec::new();
    for tool in api.desk.tools(&caller, &of.tenant)? {
        let users = api.desk.tool_users(&caller, &of.tenant, &tool.id)?;
        items.push(Tool::new(tool, users));
    }
    Ok(Json(Tools { items }))
}

/// Read a tool
///
/// A secret of it is shown as `{}`. Its `ETag` says what you looked at: send it as `If-Match` when you
/// declare it otherwise.
#[utoipa::path(get, path = "/tenants/{tenant}/tools/{tool}", tag = "Tools", params(OfTool),
    responses((status = 200, description = "The tool", body = Tool,
        headers(("ETag" = String, description = "What tells it from what it was before")))))]
async fn get_tool(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTool>,
) -> Result<Response, ApiError> {
    let tools = api.desk.tools(&caller, &of.tenant)?;
    let tool = tools.into_iter().find(|tool| tool.id == of.tool).ok_or(ApiError::NotFound)?;
    let users = api.desk.tool_users(&caller, &of.tenant, &tool.id)?;
    let tag = etag::tag(&tool);
    Ok(([(header::ETAG, tag)], Json(Tool::new(tool, users))).into_response())
}

/// Declare a tool
///
/// It is so from the next call on. What is sent is all there is to it; only `headers` that are left out
/// stay as they are. A secret is sealed under the tenant's key, and must be said again when `url` leads
/// to another host. With `If-Match`, nothing is changed that is another by now than you looked at, and the
/// answer is 412. Without it, what you send replaces what is there.
#[utoipa::path(put, path = "/tenants/{tenant}/tools/{tool}", tag = "Tools",
    params(OfTool, ("If-Match" = Option<String>, Header, description = "The tool's `ETag`")),
    request_body = ToolConfig, responses((status = 200, description = "It is so", body = Done)))]
async fn save_tool(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTool>,
    headers: HeaderMap,
    Body(config): Body<ToolConfig>,
) -> Result<Json<Done>, ApiError> {
    caller.require(Permission::AgentsWrite, &of.tenant)?;
    let (wish, asked) = (config.try_into()?, etag::asked(&headers));
    let seen = (of.tool.as_str(), etag::seen(asked.as_deref()));
    let saved = api.desk.save_tool(&caller, &of.tenant, seen, wish).await;
    Ok(Json(saved.map_err(|error| etag::refused(called(error, "tool"), asked.as_deref()))?.into()))
}

/// Remove a tool
///
/// Its secrets are forgotten. A tool that an agent which answers people uses stays.
#[utoipa::path(delete, path = "/tenants/{tenant}/tools/{tool}", tag = "Tools", params(OfTool),
    responses((status = 200, description = "It is gone", body = Done)))]
async fn remove_tool(
    State(api): State<Api>,
    Caller(caller): Caller,
    Named(of): Named<OfTool>,
) -> Result<Json<Done>, ApiError> {
    Ok(Json(api.desk.remove_tool(&caller, &of.tenant, &of.tool).await?.into()))
}
