//! The memory of a thread, opened for a prompt.

use domain::{
    prompt::{Speaker, Turn},
    seal::{Owner, Sealing},
};
use schemas::TenantId;
use store::memory::{self, Role};
use tracing::warn;

/// Turns read for one prompt; the token budget is met long before in most threads.
pub(crate) const TURNS_READ_MAX: u32 = 100;

/// What the thread remembers from before a message, oldest first.
pub(crate) struct Thread {
    pub(crate) turns: Vec<Turn>,
    /// Whether there are older ones than these.
    pub(crate) older_exist: bool,
}

/// Opens what was `found` of a thread, the newest first.
pub(crate) fn open(found: Vec<memory::Turn>, tenant: &TenantId, sealing: &Sealing) -> Thread {
    let older_exist = found.len() >= TURNS_READ_MAX as usize;
    let opened = found.into_iter().rev().filter_map(|turn| open_turn(turn, tenant, sealing));
    Thread { turns: opened.collect(), older_exist }
}

/// A turn that does not open is left out, as one that was taken back is.
fn open_turn(turn: memory::Turn, tenant: &TenantId, sealing: &Sealing) -> Option<Turn> {
    let owner = Owner { tenant, of: turn.message.as_str() };
    let text = sealing
        .open(owner, &turn.text)
        .map_err(|error| warn!(message = %turn.message, %error, "a turn is left out"))
        .ok()?;
    let speaker = match turn.role {
        Role::Person => Speaker::Person { id: turn.sender, name: turn.sender_name },
        Role::Agent => Speaker::Agent,
    };
    Some(Turn { message: turn.message, revision: turn.revision, speaker, text, deleted: false })
}
