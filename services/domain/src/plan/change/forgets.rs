//! Which secrets a change leaves of no use.

use schemas::{ModelGroup, Tool};

use super::Change;

impl Change {
    /// The secrets of a tool or a model group that nothing names once its event is written.
    pub fn forgets(&self) -> Vec<&str> {
        if let Change::ToolSave { tool, from: Some(from), .. } = self {
            gone(from.secrets(), tool.secrets())
        } else if let Change::ModelGroupSave { group, from: Some(from), .. } = self {
            gone(from.secrets(), group.secrets())
        } else if let Change::ToolRemove { tool, .. } = self {
            Tool::secrets(tool).collect()
        } else if let Change::ModelGroupRemove { group, .. } = self {
            ModelGroup::secrets(group).collect()
        } else {
            Vec::new()
        }
    }
}

fn gone<'a>(
    before: impl Iterator<Item = &'a str>,
    after: impl Iterator<Item = &'a str>,
) -> Vec<&'a str> {
    let stays: Vec<_> = after.collect();
    before.filter(|name| !stays.contains(name)).collect()
}
