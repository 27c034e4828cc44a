//! Model groups: the events of a change, and what it shows.

use std::fmt;

use schemas::{
    Author, Event, ModelGroup, ModelGroupStatus, TenantId, Timestamp, event::ModelGroupChanged,
};

use crate::{difference::of_model_group, model::is_active};

pub(super) fn saved(group: &ModelGroup, by: &Author) -> Event {
    Event::ModelGroupSaved(ModelGroupChanged { group: group.clone(), by: by.clone() })
}

pub(super) fn removed(group: &ModelGroup, by: &Author, at: Timestamp) -> Event {
    let group = ModelGroup { status: ModelGroupStatus::Removed { at }, ..group.clone() };
    Event::ModelGroupRemoved(ModelGroupChanged { group, by: by.clone() })
}

/// What a group that is saved has that it had not.
pub(super) fn write_saved(
    f: &mut fmt::Formatter<'_>,
    tenant: &TenantId,
    group: &ModelGroup,
    from: Option<&ModelGroup>,
) -> fmt::Result {
    let Some(from) = from.filter(|from| is_active(from)) else {
        return write!(f, "+ model group {tenant}/{}", group.id);
    };
    let changes = of_model_group(Some(from), group);
    let fields: Vec<_> = changes.iter().map(|change| change.field).collect();
    write!(f, "~ model group {tenant}/{}: {}", group.id, fields.join(", "))
}
