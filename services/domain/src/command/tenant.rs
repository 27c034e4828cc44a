//! Changes of a tenant itself.

use schemas::{Budget, Connection, ConnectionStatus, Limits, Tenant, TenantId, TenantStatus};

use super::{Decided, Refused, known, valid};
use crate::{
    directory::Directory,
    fields::{self, FieldProblem},
    plan::Change,
};

/// A tenant comes. Its slug is its id for ever, so one that was ever used is not free.
pub fn create(directory: &Directory, slug: &str, name: &str, limits: Limits) -> Decided {
    let mut problems = Vec::new();
    let id = slug.parse::<TenantId>();
    match &id {
        Err(error) => problems.push(FieldProblem::of_id("slug", error)),
        Ok(id) => match directory.tenant(id).map(|known| known.status) {
            None => {}
            Some(TenantStatus::Deleted) => {
                let problem = "belonged to a tenant that was deleted, and is not used again";
                problems.push(FieldProblem::new("slug", problem));
            }
            Some(TenantStatus::Active | TenantStatus::Suspended) => {
                problems.push(FieldProblem::new("slug", "is taken"));
            }
        },
    }
    problems.extend(fields::name("name", name));
    problems.extend(fields::keep_days(limits.keep_days));
    let Ok(id) = id else { return Err(Refused::Invalid(problems)) };
    valid(problems)?;
    let (name, budget) = (name.trim().to_owned(), Budget::default());
    let tenant = Tenant { id, name, limits, budget, status: TenantStatus::Active };
    Ok(vec![Change::TenantCreate { tenant }])
}

/// It is called something else.
pub fn rename(directory: &Directory, tenant: &TenantId, name: &str) -> Decided {
    let known = known(directory, tenant)?;
    valid(fields::name("name", name))?;
    let to = Tenant { name: name.trim().to_owned(), ..known.clone() };
    let from = known.name.clone();
    Ok(unless(to == *known, Change::TenantRename { tenant: to, from }))
}

/// It may ask more or less, and what is said is kept for longer or not so long.
pub fn set_limits(directory: &Directory, tenant: &TenantId, limits: Limits) -> Decided {
    let known = known(directory, tenant)?;
    valid(fields::keep_days(limits.keep_days).into_iter().collect())?;
    let to = Tenant { limits, ..known.clone() };
    let from = known.limits.clone();
    Ok(unless(to == *known, Change::TenantLimits { tenant: to, from }))
}

/// It may cost more or less.
pub fn set_budget(directory: &Directory, tenant: &TenantId, budget: Budget) -> Decided {
    let known = known(directory, tenant)?;
    let to = Tenant { budget, ..known.clone() };
    Ok(unless(to == *known, Change::TenantBudget { tenant: to, from: known.budget }))
}

/// It is not served for now.
pub fn suspend(directory: &Directory, tenant: &TenantId) -> Decided {
    let known = known(directory, tenant)?;
    let to = Tenant { status: TenantStatus::Suspended, ..known.clone() };
    Ok(unless(to == *known, Change::TenantSuspend { tenant: to }))
}

/// It is served again.
pub fn resume(directory: &Directory, tenant: &TenantId) -> Decided {
    let known = known(directory, tenant)?;
    let to = Tenant { status: TenantStatus::Active, ..known.clone() };
    Ok(unless(to == *known, Change::TenantResume { tenant: to }))
}

/// It leaves for good, and whoever says so has typed its slug. Its workspaces are free first.
pub fn delete(directory: &Directory, tenant: &TenantId, typed: &str) -> Decided {
    let known = known(directory, tenant)?;
    if typed.trim() != tenant.as_str() {
        return Err(Refused::field("slug", format!("is not `{tenant}`; nothing was deleted")));
    }
    Ok(leave(directory, known.clone()))
}

/// It leaves for good, and its entry keeps nothing but the slug. One that was deleted before loses the
/// rest of its entry; of one that was erased there is nothing to change.
pub fn erase(directory: &Directory, tenant: &TenantId) -> Decided {
    let known = directory.tenant(tenant).ok_or(Refused::NotFound)?;
    let to = tombstone(tenant);
    Ok(if **known == to { Vec::new() } else { leave(directory, to) })
}

/// What stays of a tenant that is erased, so that its slug is not used again.
fn tombstone(tenant: &TenantId) -> Tenant {
    Tenant {
        id: tenant.clone(),
        name: tenant.to_string(),
        limits: Limits::default(),
        budget: Budget::default(),
        status: TenantStatus::Deleted,
    }
}

/// Its workspaces are free, and then it is deleted with this as its entry.
fn leave(directory: &Directory, tenant: Tenant) -> Vec<Change> {
    let connections = directory.connections(&tenant.id).into_iter();
    let active = connections.filter(|it| it.status == ConnectionStatus::Active);
    let remove = active.map(|connection| Change::ConnectionRemove {
        tenant: tenant.id.clone(),
        connection: Connection::clone(connection),
    });
    let mut changes: Vec<_> = remove.collect();
    changes.push(Change::TenantDelete { tenant });
    changes
}

fn unless(same: bool, change: Change) -> Vec<Change> {
    if same { Vec::new() } else { vec![change] }
}
