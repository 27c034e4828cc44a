//! Tenants.

use domain::{
    access::{Permission, Principal},
    command::tenant,
};
use schemas::{Budget, Limits, TenantId};

use crate::{Desk, DeskError, Written};

impl Desk {
    /// A tenant comes, with a data key of its own.
    pub async fn create_tenant(
        &self,
        by: &Principal,
        slug: &str,
        name: &str,
        limits: Limits,
    ) -> Result<Written, DeskError> {
        by.require_platform(Permission::TenantsManage)?;
        let command = self.command();
        let changes = tenant::create(&command.known.directory, slug, name, limits)?;
        let Some(id) = changes.first().map(|change| change.tenant().clone()) else {
            return Ok(Written::NOTHING);
        };
        // Its key is there before anything of it is.
        let sealing = self.sealing(&id).await?;
        self.write((by, &id), command, &changes, &sealing).await
    }

    /// What it is called, out of memory: for a page that says where it is. Nothing where there is none, or
    /// where they may not know.
    pub fn tenant_name(&self, by: &Principal, tenant: &TenantId) -> Option<String> {
        by.require(Permission::TenantRead, tenant).ok()?;
        self.parts().directory.read(|it| it.tenant(tenant).map(|known| known.name.clone()))
    }

    /// It is called something else.
    pub async fn rename_tenant(
        &self,
        by: &Principal,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Written, DeskError> {
        by.require(Permission::TenantsManage, tenant)?;
        self.change(by, tenant, |directory| tenant::rename(directory, tenant, name)).await
    }

    /// It may ask more or less: messages a minute, over all channels and for each kind.
    pub async fn set_limits(
        &self,
        by: &Principal,
        tenant: &TenantId,
        limits: Limits,
    ) -> Result<Written, DeskError> {
        by.require(Permission::TenantsManage, tenant)?;
        self.change(by, tenant, |directory| tenant::set_limits(directory, tenant, limits)).await
    }

    /// It may cost more or less: what its budgets have no room for is not asked of a model.
    pub async fn set_budget(
        &self,
        by: &Principal,
        tenant: &TenantId,
        budget: Budget,
    ) -> Result<Written, DeskError> {
        by.require(Permission::TenantsManage, tenant)?;
        self.change(by, tenant, |directory| tenant::set_budget(directory, tenant, budget)).await
    }

    /// It is not served for now. Nothing of its data is touched, and it can be worked on.
    pub async fn suspend_tenant(
        &self,
        by: &Principal,
        tenant: &TenantId,
    ) -> Result<Written, DeskError> {
        by.require(Permission::TenantsManage, tenant)?;
        self.change(by, tenant, |directory| tenant::suspend(directory, tenant)).await
    }

    /// It is served again.
    pub async fn resume_tenant(
        &self,
        by: &Principal,
        tenant: &TenantId,
    ) -> Result<Written, DeskError> {
        by.require(Permission::TenantsManage, tenant)?;
        self.change(by, tenant, |directory| tenant::resume(directory, tenant)).await
    }

    /// It leaves for good, if `typed` is its slug: its workspaces are let go, and every process that
    /// hears of it forgets its key, with which all its texts and tokens are sealed.
    pub async fn delete_tenant(
        &self,
        by: &Principal,
        tenant: &TenantId,
        typed: &str,
    ) -> Result<Written, DeskError> {
        by.require(Permission::TenantsManage, tenant)?;
        self.change(by, tenant, |directory| tenant::delete(directory, tenant, typed)).await
    }
}
