//! Tools: the events of a change, and what it shows.

use std::fmt;

use schemas::{Author, Event, TenantId, Timestamp, Tool, ToolStatus, event::ToolChanged};

use crate::{difference::of_tool, tool::is_active};

pub(super) fn saved(tool: &Tool, by: &Author) -> Event {
    Event::ToolSaved(ToolChanged { tool: tool.clone(), by: by.clone() })
}

pub(super) fn removed(tool: &Tool, by: &Author, at: Timestamp) -> Event {
    let tool = Tool { status: ToolStatus::Removed { at }, ..tool.clone() };
    Event::ToolRemoved(ToolChanged { tool, by: by.clone() })
}

/// What a tool that is saved has that it had not.
pub(super) fn write_saved(
    f: &mut fmt::Formatter<'_>,
    tenant: &TenantId,
    tool: &Tool,
    from: Option<&Tool>,
) -> fmt::Result {
    let Some(from) = from.filter(|from| is_active(from)) else {
        return write!(f, "+ tool {tenant}/{}", tool.id);
    };
    let fields: Vec<_> = of_tool(Some(from), tool).iter().map(|change| change.field).collect();
    write!(f, "~ tool {tenant}/{}: {}", tool.id, fields.join(", "))
}
