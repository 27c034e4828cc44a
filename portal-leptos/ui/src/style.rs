//! The sheet: small files, joined here in the order of their layers.

/// All of the portal's style. Serve it as one file, named by its content.
pub const STYLESHEET: &str = concat!(
    "@layer reset, tokens, base, components, pages, print;\n",
    include_str!("../style/tokens.css"),
    include_str!("../style/base.css"),
    include_str!("../style/button.css"),
    include_str!("../style/field.css"),
    include_str!("../style/shell.css"),
    include_str!("../style/card.css"),
    include_str!("../style/table.css"),
    include_str!("../style/status.css"),
    include_str!("../style/overlay.css"),
    include_str!("../style/data.css"),
    include_str!("../style/words.css"),
    include_str!("../style/pages/accounts.css"),
    include_str!("../style/pages/agents.css"),
    include_str!("../style/pages/audit.css"),
    include_str!("../style/pages/conversations.css"),
    include_str!("../style/pages/home.css"),
    include_str!("../style/pages/models.css"),
    include_str!("../style/pages/past.css"),
    include_str!("../style/pages/tools.css"),
    include_str!("../style/pages/trace.css"),
    include_str!("../style/pages/activity.css"),
    include_str!("../style/pages/channels.css"),
    include_str!("../style/pages/api.css"),
    include_str!("../style/pages/chat.css"),
    include_str!("../style/pages/frame.css"),
    include_str!("../style/print.css"),
);

#[cfg(test)]
mod tests;
