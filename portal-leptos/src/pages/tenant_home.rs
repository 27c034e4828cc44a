//! A tenant's first page: is everything fine, and what needs somebody?

mod view;

use axum::{extract::Path, response::Response};
use domain::access::Permission;
use schemas::TenantId;

use crate::server::{
    error::PageError,
    render::Cx,
    routes::{Need, Routes},
};

pub(crate) fn routes() -> Routes {
    Routes::default().get("/t/{tenant}", Need::Tenant(Permission::TenantRead), home)
}

async fn home(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    let who = &cx.signed.principal;
    let home = cx.portal.views.home(who, &tenant, cx.now()).await?;
    let may = view::May {
        design: who.require(Permission::AgentsWrite, &tenant).is_ok(),
        connect: who.require(Permission::ChannelsWrite, &tenant).is_ok(),
    };
    let title = home.tenant.name.clone();
    Ok(cx.page(&title, || view::page(home, may)))
}
