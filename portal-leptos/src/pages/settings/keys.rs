//! Keys of the API: what programs sign in with.

mod view;

use accounts::{ApiKey, Grant, PlatformRole, TenantRole};
use axum::{
    extract::{Form, Query},
    http::StatusCode,
    response::Response,
};
use domain::access::Permission;
use portal_ui::{Choice, Problem};
use schemas::TenantId;
use serde::Deserialize;
use views::{TenantFilter, TenantsPage};

use super::confirm_first;
use crate::{
    pages::{
        form::{WITH_PROBLEMS, go},
        roles,
    },
    server::{
        error::PageError,
        flash::Flash,
        render::Cx,
        routes::{Need, Routes},
        session::Visited,
    },
};

const PAGE: &str = "/settings/keys";
/// Tenants in the list to choose from; those after it are reached by their address.
const TENANTS_MAX: u32 = 200;

pub(super) fn routes() -> Routes {
    Routes::default().get(PAGE, Need::SignedIn, show).post(PAGE, Need::SignedIn, make).post(
        "/settings/keys/revoke",
        Need::SignedIn,
        revoke,
    )
}

/// Whose keys: a tenant's, or with no slug the installation's.
#[derive(Clone, Debug, Default, Deserialize)]
struct Of {
    #[serde(default)]
    of: String,
}

impl Of {
    fn tenant(&self) -> Result<Option<TenantId>, PageError> {
        match self.of.as_str() {
            "" => Ok(None),
            slug => slug.parse().map(Some).map_err(|_| PageError::NotFound),
        }
    }

    fn page(&self) -> String {
        if self.of.is_empty() { PAGE.to_owned() } else { format!("{PAGE}?of={}", self.of) }
    }
}

/// A key to be made.
#[derive(Clone, Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(flatten)]
    of: Of,
}

/// What the page shows.
struct Shown {
    /// Whose keys can be seen; none, if nobody's.
    owners: Vec<Choice>,
    of: Of,
    roles: Vec<Choice>,
    keys: Vec<ApiKey>,
    typed: Typed,
    problems: Vec<Problem>,
    /// The key that was just made.
    made: Option<String>,
}

async fn show(cx: Cx, Query(of): Query<Of>) -> Result<Response, PageError> {
    let shown = load(&cx, of).await?;
    Ok(page(&cx, StatusCode::OK, shown))
}

async fn make(
    cx: Cx,
    Visited(visit): Visited,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let tenant = typed.of.tenant()?;
    let fields = [("name", &*typed.name), ("role", &*typed.role), ("of", &*typed.of.of)];
    if let Some(first) = confirm_first(&cx.asked, &typed.of.page(), &fields) {
        return Ok(first);
    }
    let grant = match &tenant {
        None => roles::platform(&typed.role).map(Grant::Platform),
        Some(tenant) => roles::tenant(&typed.role).map(|it| Grant::Tenant(tenant.clone(), it)),
    };
    let grant = grant.ok_or(PageError::BadRequest)?;
    if typed.name.trim().is_empty() {
        let mut shown = load(&cx, typed.of.clone()).await?;
        let message = "Say what the key is for".to_owned();
        shown.problems = vec![Problem { field: "name".to_owned(), message }];
        shown.typed = typed;
        return Ok(page(&cx, WITH_PROBLEMS, shown));
    }
    let who = &cx.signed.principal;
    let new = cx.portal.accounts.make_api_key(who, &typed.name, &grant, &visit).await?;
    let mut shown = load(&cx, typed.of).await?;
    shown.made = Some(new.key.expose().to_owned());
    Ok(page(&cx, StatusCode::OK, shown))
}

/// Which one.
#[derive(Deserialize)]
struct One {
    #[serde(default)]
    key: String,
    #[serde(flatten)]
    of: Of,
}

async fn revoke(
    cx: Cx,
    Visited(visit): Visited,
    Form(one): Form<One>,
) -> Result<Response, PageError> {
    let (who, tenant) = (&cx.signed.principal, one.of.tenant()?);
    let id = one.key.parse().map_err(|_| PageError::NotFound)?;
    cx.portal.accounts.revoke_api_key(who, tenant.as_ref(), &id, &visit).await?;
    Ok(go(&one.of.page(), &Flash::good("The key opens nothing any more.")))
}

async fn load(cx: &Cx, of: Of) -> Result<Shown, PageError> {
    let who = &cx.signed.principal;
    let mut owners = Vec::new();
    if who.require_platform(Permission::OperatorsManage).is_ok() {
        owners.push(Choice::new("", "This installation"));
        let filter = TenantFilter::default();
        let page = TenantsPage { after: None, limit: TENANTS_MAX, now: cx.now() };
        let found = cx.portal.views.tenants(who, &filter, page).await?;
        owners.extend(
            found.tenants.into_iter().map(|it| Choice::new(it.tenant.id.as_str(), it.tenant.name)),
        );
    } else {
        let may = |tenant: &&TenantId| who.require(Permission::KeysManage, tenant).is_ok();
        let own = who.tenants.keys().filter(may);
        owners.extend(own.map(|it| Choice::new(it.as_str(), it.as_str())));
    }
    // Whoever may not see the installation's keys begins with the first tenant's.
    let first = owners.first().map(|it| it.value.clone()).unwrap_or_default();
    let of = if of.of.is_empty() { Of { of: first } } else { of };
    let tenant = of.tenant()?;
    let keys = if owners.is_empty() && tenant.is_none() {
        Vec::new()
    } else {
        cx.portal.accounts.api_keys(who, tenant.as_ref()).await?
    };
    if let Some(tenant) = &tenant
        && owners.iter().all(|it| it.value != tenant.as_str())
    {
        owners.push(Choice::new(tenant.as_str(), tenant.as_str()));
    }
    let roles = match tenant {
        None => [PlatformRole::Engineer, PlatformRole::Administrator].map(roles::of_platform),
        Some(_) => [TenantRole::Viewer, TenantRole::Operator].map(roles::of_tenant),
    };
    let typed = Typed { of: of.clone(), ..Typed::default() };
    let (roles, problems) = (roles.to_vec(), Vec::new());
    Ok(Shown { owners, of, roles, keys, typed, problems, made: None })
}

fn page(cx: &Cx, status: StatusCode, shown: Shown) -> Response {
    cx.page_with(status, "API keys", || super::page(PAGE, view::body(shown, cx.now())))
}
