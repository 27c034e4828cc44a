//! Tools: what a change of one shows, and which secrets it leaves of no use.

use std::fmt;

use schemas::{TenantId, Tool};

use super::Change;
use crate::{difference::of_tool, tool::is_active};

impl Change {
    /// The secrets of a tool that nothing names once its event is written.
    pub fn forgets(&self) -> Vec<&str> {
        let (before, after) = if let Change::ToolSave { tool, from, .. } = self {
            (from.as_deref(), Some(&**tool))
        } else if let Change::ToolRemove { tool, .. } = self {
            (Some(tool), None)
        } else {
            return Vec::new();
        };
        let stays: Vec<_> = after.into_iter().flat_map(Tool::secrets).collect();
        let before = before.into_iter().flat_map(Tool::secrets);
        before.filter(|name| !stays.contains(name)).collect()
    }
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
