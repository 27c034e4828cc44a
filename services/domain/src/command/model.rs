//! Changes of a tenant's own model groups.

use schemas::{ModelGroup, ModelGroupId, TenantId};

use super::{Decided, Refused, Seen, known, valid};
use crate::{
    directory::Directory,
    fields::FieldProblem,
    model::{self, GROUPS_OF_TENANT_MAX, Making, WishedModelGroup},
    plan::Change,
};

/// A group is there from now on, as it is wished; one of that name that was there is another, if it is
/// the one that was seen.
pub fn save(
    directory: &Directory,
    tenant: &TenantId,
    (slug, seen): (&str, Seen<'_>),
    (wish, making): (WishedModelGroup, &Making<'_>),
) -> Decided {
    known(directory, tenant)?;
    let id = slug.parse::<ModelGroupId>();
    let id = id.map_err(|error| Refused::Invalid(vec![FieldProblem::of_id("slug", &error)]))?;
    let before = directory.model_group(tenant, &id).map(AsRef::as_ref);
    let own = directory.model_groups(tenant);
    let is_there = |name: &str| {
        own.iter().any(|group| group.id.as_str() == name) || (making.is_of_installation)(name)
    };
    let made = model::make(&id, wish, (before, &is_there), making).map_err(Refused::Invalid)?;
    seen.check(before.filter(|group| model::is_active(group)))?;
    let others = own.iter().filter(|group| group.id != id).count();
    let is_full = GROUPS_OF_TENANT_MAX <= others;
    let problem = format!("would be one more than the {GROUPS_OF_TENANT_MAX} groups a tenant has");
    valid(is_full.then(|| FieldProblem::new("slug", problem)).into_iter().collect())?;
    Ok(saved(tenant, made, before))
}

/// A group is taken away: from then on the installation's of that name answers. Where it has none, a
/// group that somebody who answers people, or another group, relies on stays.
pub fn remove(
    directory: &Directory,
    tenant: &TenantId,
    id: &ModelGroupId,
    is_of_installation: &dyn Fn(&str) -> bool,
) -> Decided {
    known(directory, tenant)?;
    let group = directory.model_group(tenant, id).ok_or(Refused::NotFound)?;
    if !model::is_active(group) {
        return Ok(Vec::new());
    }
    if !is_of_installation(id.as_str())
        && let Some(used_by) = users(directory, tenant, id)
    {
        return Err(Refused::conflict(format!(
            "model group `{id}` is used by {used_by}, and the installation has none of that name"
        )));
    }
    Ok(vec![Change::ModelGroupRemove { tenant: tenant.clone(), group: ModelGroup::clone(group) }])
}

/// The agents that answer people by a group, and the groups that fall back to it, in words.
pub(crate) fn users(directory: &Directory, tenant: &TenantId, id: &ModelGroupId) -> Option<String> {
    let agents = directory.agents(tenant).into_iter().filter(|agent| !agent.retired);
    let agents = agents
        .filter(|agent| agent.published.as_ref().is_some_and(|it| it.config.model == id.as_str()));
    let agents = agents.map(|agent| format!("agent `{}`", agent.id));
    let groups = directory.model_groups(tenant).into_iter();
    let groups = groups.filter(|group| group.fallbacks.iter().any(|name| name == id.as_str()));
    let groups = groups.map(|group| format!("group `{}`", group.id));
    agents.chain(groups).reduce(|all, next| format!("{all}, {next}"))
}

/// The keys first: a group never names one that is not there.
pub(crate) fn saved(
    tenant: &TenantId,
    made: model::Made,
    before: Option<&ModelGroup>,
) -> Vec<Change> {
    let model::Made { group, secrets } = made;
    let set = |(deployment, name, value)| Change::SecretSet {
        tenant: tenant.clone(),
        of: format!("model:{}/{deployment}", group.id),
        name,
        replaces: None,
        value,
    };
    let mut changes: Vec<_> = secrets.into_iter().map(set).collect();
    if before != Some(&group) {
        let (tenant, from) = (tenant.clone(), before.cloned().map(Box::new));
        changes.push(Change::ModelGroupSave { tenant, group: Box::new(group), from });
    }
    changes
}
