//! The table of routes: a method, a path, and what it takes to get there. What stands in the table is
//! what is enforced, and what the tests walk.

use accounts::Signed;
use axum::{
    Router,
    extract::{RawPathParams, Request},
    handler::Handler,
    http::Method,
    middleware::{Next, from_fn},
    response::Response,
    routing::{MethodRouter, get, post},
};
use domain::access::Permission;
use schemas::TenantId;

use super::{Portal, error::PageError, session};

/// What it takes to get to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: sign-in, health, and what a page is made of.
    Public,
    /// To be signed in. What is shown is the person's own.
    SignedIn,
    /// A permission in the tenant that the path names as `{tenant}`.
    Tenant(Permission),
    /// A permission over the installation.
    Platform(Permission),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The method.
    pub method: Method,
    /// The path as axum matches it, e.g. `/t/{tenant}/agents`.
    pub path: &'static str,
    /// What it takes.
    pub need: Need,
}

/// Routes with their table.
#[derive(Default)]
pub struct Routes {
    router: Router<Portal>,
    table: Vec<Entry>,
}

impl Routes {
    /// A page, or something to load. It changes nothing.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, need: Need, handler: H) -> Self
    where
        H: Handler<T, Portal>,
        T: 'static,
    {
        self.add(Method::GET, path, need, get(handler))
    }

    /// A change.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, need: Need, handler: H) -> Self
    where
        H: Handler<T, Portal>,
        T: 'static,
    {
        self.add(Method::POST, path, need, post(handler))
    }

    /// These and those.
    #[must_use]
    pub fn and(mut self, other: Routes) -> Self {
        self.router = self.router.merge(other.router);
        self.table.extend(other.table);
        self
    }

    /// The table, and the router that enforces it.
    pub fn split(self) -> (Vec<Entry>, Router<Portal>) {
        (self.table, self.router)
    }

    fn add(
        mut self,
        method: Method,
        path: &'static str,
        need: Need,
        handler: MethodRouter<Portal>,
    ) -> Self {
        let guarded =
            handler.layer(from_fn(move |params, request, next| guard(need, params, request, next)));
        self.router = self.router.route(path, guarded);
        self.table.push(Entry { method, path, need });
        self
    }
}

async fn guard(
    need: Need,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Result<Response, PageError> {
    if need == Need::Public {
        return Ok(next.run(request).await);
    }
    let Some(signed) = request.extensions().get::<Signed>() else {
        return Err(session::ended(request).await);
    };
    let owes = request.extensions().get::<session::Owes>().is_some();
    if owes && !session::is_enrolment(request.uri().path()) {
        return Err(PageError::Enrol);
    }
    match need {
        Need::Public | Need::SignedIn => {}
        Need::Platform(permission) => signed.principal.require_platform(permission)?,
        Need::Tenant(permission) => {
            let named = params.iter().find(|(name, _)| *name == "tenant");
            let tenant = named.and_then(|(_, value)| value.parse::<TenantId>().ok());
            let tenant = tenant.ok_or(PageError::NotFound)?;
            signed.principal.require(permission, &tenant)?;
        }
    }
    Ok(next.run(request).await)
}
