//! A conversation as all three formats write it.

use serde::Serialize;

use crate::{Request, Role, Turn};

#[derive(Serialize)]
pub(crate) struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

impl<'a> Message<'a> {
    /// Words that stand for a person's.
    pub(crate) fn user(content: &'a str) -> Self {
        Self { role: "user", content }
    }

    /// Whether nothing is said: vendors refuse that.
    fn is_blank(&self) -> bool {
        self.content.trim().is_empty()
    }
}

impl<'a> From<&'a Turn> for Message<'a> {
    fn from(turn: &'a Turn) -> Self {
        let role = match turn.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        Self { role, content: &turn.text }
    }
}

/// The instructions as the first message, then the turns; none of them blank.
pub(crate) fn with_system(ask: &Request) -> Vec<Message<'_>> {
    let system = Message { role: "system", content: &ask.system };
    let turns = ask.turns.iter().map(Message::from);
    std::iter::once(system).chain(turns).filter(|message| !message.is_blank()).collect()
}
