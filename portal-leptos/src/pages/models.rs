//! Models: the groups that a tenant has of its own, in the place of the installation's.
//!
//! What is typed goes through one form ([`typed`]). A key is taken and never sent back to a browser.

mod deployment;
mod deployments;
mod edit;
mod list;
mod reading;
mod remove;
mod said;
mod typed;
mod view;
mod words;

use desk::DeskError;
use domain::access::Permission;
use schemas::{ModelGroup, ModelGroupId, TenantId, directory::ModelVendor};

use crate::{
    pages::address::Address,
    server::{
        error::PageError,
        render::Cx,
        routes::{Need, Routes},
    },
};

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::AgentsRead);
    let write = Need::Tenant(Permission::AgentsWrite);
    Routes::default()
        .get("/t/{tenant}/models", read, list::show)
        .get("/t/{tenant}/models/new", write, edit::begin)
        .post("/t/{tenant}/models/new", write, edit::create)
        .get("/t/{tenant}/models/{group}", read, edit::show)
        .post("/t/{tenant}/models/{group}", write, edit::save)
        .get("/t/{tenant}/models/{group}/remove", write, remove::show)
        .post("/t/{tenant}/models/{group}/remove", write, remove::submit)
}

/// All model groups of a tenant.
fn address(tenant: &TenantId) -> Address {
    Address::of_tenant(tenant, &["models"])
}

/// A group that is there.
fn found(cx: &Cx, tenant: &TenantId, id: &ModelGroupId) -> Result<ModelGroup, PageError> {
    let groups = cx.portal.desk.model_groups(&cx.signed.principal, tenant)?;
    let group = groups.into_iter().find(|group| group.id == *id);
    Ok(group.ok_or(DeskError::NotFound)?)
}

/// Whether whoever looks may set up models, and say where they are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct May {
    write: bool,
    say_where: bool,
}

impl May {
    fn of(cx: &Cx, tenant: &TenantId) -> Self {
        let may = |permission| cx.signed.principal.require(permission, tenant).is_ok();
        Self { write: may(Permission::AgentsWrite), say_where: may(Permission::TenantsManage) }
    }

    /// Whether they may make another of a group: of one that is called at an address of its own, only
    /// those who may say so.
    fn change(self, group: &ModelGroup) -> bool {
        self.write && (self.say_where || !has_address(group))
    }
}

/// Whether one of its models is called elsewhere than at its vendor's own address; Ollama has none.
fn has_address(group: &ModelGroup) -> bool {
    let mut all = group.deployments.iter();
    all.any(|it| it.base_url.is_some() || it.vendor == ModelVendor::Ollama)
}
