//! The memory of a thread, opened for a prompt.

use domain::{
    prompt::{Speaker, Turn},
    seal::{Owner, Sealing},
};
use schemas::{Message, TenantId};
use store::{
    StoreError, TenantTx,
    memory::{self, Role},
};
use tracing::warn;

/// Turns read for one prompt; the token budget is met long before in most threads.
const TURNS_READ_MAX: u32 = 100;

/// What the thread remembers from before a message, oldest first.
pub(crate) struct Thread {
    pub(crate) turns: Vec<Turn>,
    /// Whether there are older ones than these.
    pub(crate) older_exist: bool,
}

/// Reads and opens the thread before `message`.
pub(crate) async fn before(
    tx: &mut TenantTx,
    message: &Message,
    sealing: &Sealing,
) -> Result<Thread, StoreError> {
    let tenant = tx.tenant().clone();
    let key = &message.key;
    let position = memory::position(&key.ts, message.sent_at);
    let newest = memory::newest(tx, &key.connection, &key.conversation, position, TURNS_READ_MAX);
    let found = newest.await?;
    let older_exist = found.len() >= TURNS_READ_MAX as usize;
    let opened = found.into_iter().rev().filter_map(|turn| open(turn, &tenant, sealing));
    Ok(Thread { turns: opened.collect(), older_exist })
}

/// A turn that does not open is left out, as one that was taken back is.
fn open(turn: memory::Turn, tenant: &TenantId, sealing: &Sealing) -> Option<Turn> {
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
