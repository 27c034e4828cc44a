//! Model groups of a tenant's own.

use domain::{
    access::{Permission, Principal},
    command::{Seen, model},
    model::{Making, WishedModelGroup, is_active},
};
use providers::deployment_problems;
use schemas::{ModelGroup, ModelGroupId, TenantId, TenantStatus, directory::ModelVendor};

use crate::{Desk, DeskError, Written};

impl Desk {
    /// A tenant's own model groups, without those that were taken away.
    pub fn model_groups(
        &self,
        by: &Principal,
        tenant: &TenantId,
    ) -> Result<Vec<ModelGroup>, DeskError> {
        by.require(Permission::AgentsRead, tenant)?;
        self.parts().directory.read(|directory| {
            let there = |known: &TenantStatus| *known != TenantStatus::Deleted;
            let status = directory.tenant(tenant).map(|known| known.status);
            status.filter(there).ok_or(DeskError::NotFound)?;
            let groups = directory.model_groups(tenant).into_iter();
            Ok(groups.map(|group| ModelGroup::clone(group)).collect())
        })
    }

    /// The names of the installation's model groups, which answer where a tenant has none of that name.
    pub fn model_groups_of_installation(&self) -> Vec<String> {
        let models = self.parts().models.as_ref();
        models.map(|models| models.of_installation().groups()).unwrap_or_default()
    }

    /// A group is there from now on, as it is wished, unless it is another than was seen. One that is called
    /// at an address of its own can reach what is the installation's, so only who manages tenants says so,
    /// or changes such a one.
    pub async fn save_model_group(
        &self,
        by: &Principal,
        tenant: &TenantId,
        (slug, seen): (&str, Seen<'_>),
        wish: WishedModelGroup,
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let command = self.command();
        let known = &command.known.directory;
        let id = slug.parse::<ModelGroupId>().ok();
        let before = id.and_then(|id| known.model_group(tenant, &id)).filter(|it| is_active(it));
        if let Some(problem) = placed(before.map(AsRef::as_ref), &wish)
            && by.require(Permission::TenantsManage, tenant).is_err()
        {
            return Err(DeskError::field("deployments", problem));
        }
        let changes = {
            let making = Making {
                unique: &command.id,
                has_secret: &|_, _| false,
                problems: &deployment_problems,
                is_of_installation: &|name| self.is_of_installation(name),
            };
            model::save(known, tenant, (slug, seen), (wish, &making))?
        };
        self.write_with_secrets((by, tenant), command, &changes).await
    }

    /// A group is taken away with its keys, unless it answers for somebody and nothing takes its place.
    pub async fn remove_model_group(
        &self,
        by: &Principal,
        tenant: &TenantId,
        group: &ModelGroupId,
    ) -> Result<Written, DeskError> {
        by.require(Permission::AgentsWrite, tenant)?;
        let command = self.command();
        let is_there = |name: &str| self.is_of_installation(name);
        let changes = model::remove(&command.known.directory, tenant, group, &is_there)?;
        self.write_with_secrets((by, tenant), command, &changes).await
    }

    fn is_of_installation(&self, name: &str) -> bool {
        self.parts().models.as_ref().is_some_and(|models| models.is_of_installation(name))
    }
}

/// Why a group is for those who run the installation to say, if it is, as it was or as it is wished.
fn placed(before: Option<&ModelGroup>, wish: &WishedModelGroup) -> Option<&'static str> {
    let had = before.into_iter().flat_map(|group| &group.deployments);
    let had = had.map(|it| (it.base_url.as_deref(), it.vendor));
    let wants = wish.deployments.iter().map(|it| (it.base_url.as_deref(), it.vendor));
    // Ollama has no address but one of one's own: where none is said, it is the machine that calls it.
    let mut placed = wants.chain(had).filter(|(url, vendor)| match vendor {
        ModelVendor::Ollama => true,
        ModelVendor::OpenAi | ModelVendor::Anthropic => url.is_some(),
    });
    Some(match placed.next()? {
        (Some(_), _) => {
            "have an address of their own (`base_url`), which is for those who run this installation \
             to say"
        }
        (None, _) => {
            "have an Ollama, which is called from this installation's network: that is for those who \
             run it to say"
        }
    })
}
