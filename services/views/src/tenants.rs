//! The list of tenants.

use domain::{
    access::{Permission, Principal},
    day::Day,
};
use schemas::{TenantId, TenantStatus, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    Purpose,
    views::tenants::{self, TenantFilter, TenantLine},
};

use crate::{ViewError, Views};

/// The most tenants of a list of one's own: whoever has roles in more sees the first.
const OWN_MAX: usize = 200;

/// A page of tenants in the order of their slugs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenants {
    /// The tenants.
    pub tenants: Vec<TenantLine>,
    /// Where the next page begins, if there is one.
    pub next: Option<TenantId>,
}

/// Which page of the list.
#[derive(Clone, Copy, Debug)]
pub struct TenantsPage<'a> {
    /// [`Tenants::next`] of the page before; nothing for the first.
    pub after: Option<&'a TenantId>,
    /// The most tenants, 1 to 200.
    pub limit: u32,
    /// The time.
    pub now: Timestamp,
}

impl Views {
    /// The tenants that the principal may see: all of them for roles of the platform, else those they
    /// have a role in.
    pub async fn tenants(
        &self,
        principal: &Principal,
        filter: &TenantFilter,
        page: TenantsPage<'_>,
    ) -> Result<Tenants, ViewError> {
        let TenantsPage { after, limit, now } = page;
        let sees_all = principal.platform.is_some_and(|role| role.may(Permission::TenantRead));
        let (after, today) = (after.map_or("", TenantId::as_str), Day::of(now));
        let limit = limit.clamp(1, 200);
        let mut tenants = if sees_all {
            let mut tx = self.across(principal, Purpose::List).await?;
            tenants::all(&mut tx, filter, today, after, limit + 1).await?
        } else {
            self.own(principal, filter, after, today).await?
        };
        let more = limit as usize;
        let next = tenants.get(more).and_then(|_| tenants.get(more - 1));
        let next = next.map(|last| last.tenant.id.clone());
        tenants.truncate(more);
        Ok(Tenants { tenants, next })
    }

    /// One tenant.
    pub async fn tenant(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<TenantLine, ViewError> {
        principal.require(Permission::TenantRead, tenant)?;
        let found = tenants::one(&mut self.tx(tenant).await?, Day::of(now)).await?;
        found.ok_or_else(ViewError::not_found)
    }

    async fn own(
        &self,
        principal: &Principal,
        filter: &TenantFilter,
        after: &str,
        today: Day,
    ) -> Result<Vec<TenantLine>, ViewError> {
        let mut found = Vec::new();
        let own = principal.tenants.iter().filter(|(_, role)| role.may(Permission::TenantRead));
        let mut tx: Option<store::TenantTx> = None;
        for (tenant, _) in own.filter(|(tenant, _)| after < tenant.as_str()).take(OWN_MAX) {
            let tx = match &mut tx {
                Some(tx) => {
                    tx.rebind(tenant);
                    tx
                }
                none => none.insert(self.tx(tenant).await?),
            };
            found.extend(tenants::one(tx, today).await?.filter(|line| fits(line, filter)));
        }
        Ok(found)
    }
}

fn fits(line: &TenantLine, filter: &TenantFilter) -> bool {
    let TenantLine { tenant, .. } = line;
    let search = filter.search.to_lowercase();
    let is_named =
        tenant.id.as_str().contains(&search) || tenant.name.to_lowercase().contains(&search);
    let status = match filter.status {
        Some(status) => tenant.status == status,
        None => tenant.status != TenantStatus::Deleted,
    };
    is_named && status
}
