//! The memory of a thread: opened for a prompt, and what is to be remembered.

use domain::{
    prompt::{Speaker, Turn},
    seal::{Owner, Sealing},
};
use runtime::Failure;
use schemas::{Event, Message, TenantId, event::CompletionHandedOff};
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

/// What the thread remembers: the person's words, and the answer where there is one.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else has words of the agent")]
pub(crate) fn remembered(message: &Message, event: &Event) -> Vec<memory::Turn> {
    let key = &message.key;
    let person = memory::Turn {
        connection: key.connection.clone(),
        conversation: key.conversation.clone(),
        message: key.id.clone(),
        role: memory::Role::Person,
        position: memory::position(&key.ts, message.sent_at),
        sender: key.sender.clone(),
        sender_name: message.author.name.clone(),
        text: message.text.clone(),
        revision: 0,
    };
    let (agent, said) = match event {
        Event::CompletionFinished(data) => (&data.agent, &data.answer),
        Event::CompletionHandedOff(CompletionHandedOff { agent, said: Some(said), .. }) => {
            (agent, said)
        }
        _nothing_said => return vec![person],
    };
    let answer = memory::Turn {
        role: memory::Role::Agent,
        sender: agent.to_string(),
        sender_name: None,
        text: said.clone(),
        ..person.clone()
    };
    vec![person, answer]
}

/// What a person wrote, opened, without what is attached.
pub(crate) fn said(
    message: &Message,
    tenant: &TenantId,
    sealing: &Sealing,
) -> Result<String, Failure> {
    let owner = Owner { tenant, of: message.key.id.as_str() };
    sealing.open(owner, &message.text).map_err(Failure::retry)
}

/// What is to be answered, opened, with the names of what is attached.
pub(crate) fn newest(
    message: &Message,
    tenant: &TenantId,
    sealing: &Sealing,
) -> Result<Turn, Failure> {
    let owner = Owner { tenant, of: message.key.id.as_str() };
    let mut text = said(message, tenant, sealing)?;
    for attachment in &message.attachments {
        let name = sealing.open(owner, &attachment.name).map_err(Failure::retry)?;
        text.push_str("\n[attached: ");
        text.push_str(&name);
        text.push(']');
    }
    let speaker =
        Speaker::Person { id: message.key.sender.clone(), name: message.author.name.clone() };
    let message = message.key.id.clone();
    Ok(Turn { message, revision: 0, speaker, text, deleted: false })
}
