//! Changes in words.

/// Every kind of change, and what was done, for a sentence that begins with who did it.
pub(super) const KINDS: [(&str, &str); 18] = [
    ("tenant.created", "created the tenant"),
    ("tenant.renamed", "renamed the tenant"),
    ("tenant.limits_changed", "changed limits of the tenant"),
    ("tenant.budget_changed", "changed the budget of the tenant"),
    ("tenant.suspended", "suspended the tenant"),
    ("tenant.resumed", "resumed the tenant"),
    ("tenant.deleted", "deleted the tenant"),
    ("agent.created", "created the agent"),
    ("agent.draft_saved", "saved a draft of the agent"),
    ("agent.published", "published the agent"),
    ("agent.budget_changed", "changed the budget of the agent"),
    ("agent.retired", "retired the agent"),
    ("connection.made", "connected the workspace"),
    ("connection.removed", "disconnected the workspace"),
    ("tool.saved", "saved the tool"),
    ("tool.removed", "removed the tool"),
    ("model_group.saved", "saved the model group"),
    ("model_group.removed", "removed the model group"),
];

/// What was done.
pub(crate) fn done(kind: &str) -> &str {
    KINDS.iter().find(|(it, _)| *it == kind).map_or(kind, |(_, words)| words)
}

/// Through which door, where nobody was signed in.
pub(crate) fn door(via: &str) -> String {
    match via {
        "cli" | "apply" => "The command line".to_owned(),
        "portal" => "The portal".to_owned(),
        "api" => "The API".to_owned(),
        other => other.replace(['_', '-'], " "),
    }
}

/// `system_prompt` as people read it.
pub(super) fn field(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use schemas::Kind;

    use super::*;

    #[test]
    fn every_change_of_the_directory_has_words() {
        let said = KINDS.map(|(kind, _)| kind);
        let of_directory = ["tenant.", "agent.", "connection.", "tool.", "model_group."];
        let is_change = |topic: &&str| {
            of_directory.iter().any(|start| topic.starts_with(start))
                && *topic != "connection.revoked"
        };
        let topics: Vec<_> = Kind::ALL.iter().map(|kind| kind.topic()).filter(is_change).collect();
        assert_eq!(topics, said);
    }
}
