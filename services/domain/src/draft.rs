//! Two people at one draft: what they did is put together, field by field.
//!
//! **Invariant:** nothing that was typed is lost. What only one side changed is in the result; where both
//! changed one field in different ways, both values are.

use crate::config::{Field, OpenConfig, Value};

/// A field that both sides changed, each in another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    /// Which one.
    pub field: Field,
    /// What both began with, if that is still known.
    pub base: Option<Value>,
    /// What the one who saves made of it.
    pub mine: Value,
    /// What was saved meanwhile.
    pub theirs: Value,
}

/// Two drafts in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Theirs, and mine wherever I changed something; in conflicts, mine.
    pub config: OpenConfig,
    /// What a person must decide.
    pub conflicts: Vec<FieldConflict>,
}

/// Puts together what `mine` and `theirs` made of `base`. Where nobody knows any more what they began
/// with, every difference is a conflict.
pub fn merge(base: Option<&OpenConfig>, mine: &OpenConfig, theirs: &OpenConfig) -> Merged {
    let mut merged = Merged { config: theirs.clone(), conflicts: Vec::new() };
    for field in Field::ALL {
        let (of_mine, of_theirs) = (mine.get(field), theirs.get(field));
        let of_base = base.map(|base| base.get(field));
        if of_mine == of_theirs || of_base.as_ref() == Some(&of_mine) {
            continue;
        }
        merged.config = merged.config.with(field, mine);
        if of_base.as_ref() != Some(&of_theirs) {
            let (base, mine, theirs) = (of_base, of_mine, of_theirs);
            merged.conflicts.push(FieldConflict { field, base, mine, theirs });
        }
    }
    merged
}

#[cfg(test)]
mod tests;
