//! Speaking: one call, one outcome. Nothing here tries twice.

use std::{future::Future, pin::Pin};

use domain::{effect::SendOutcome, secret::Secret};
use schemas::{ChannelKind, EffectId, Place};

/// A call on its way.
pub type Sending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A chat system, spoken to.
///
/// Each method makes one request at the most. A future that is dropped may have sent it: whoever
/// drops one knows as much as after [`SendOutcome::Ambiguous`].
pub trait Outbound: Send + Sync {
    /// Which one.
    fn kind(&self) -> ChannelKind;
    /// Posts in the thread, or in the channel where the place names none, and names the effect in the
    /// message.
    fn post<'a>(&'a self, call: Call<'a>, wording: Wording<'a>) -> Sending<'a, SendOutcome>;
    /// Says something in a channel in the open, as no effect: for what an operator tries out. Nobody
    /// looks for it afterwards.
    fn announce<'a>(
        &'a self,
        token: &'a Secret,
        workspace: &'a str,
        channel: &'a str,
        text: &'a str,
    ) -> Sending<'a, SendOutcome>;
    /// Puts other words in the place of the message at `ts`.
    fn update<'a>(
        &'a self,
        call: Call<'a>,
        ts: &'a str,
        wording: Wording<'a>,
    ) -> Sending<'a, SendOutcome>;
    /// Takes the message at `ts` away; one that is gone already counts as taken away.
    fn delete<'a>(&'a self, call: Call<'a>, ts: &'a str) -> Sending<'a, SendOutcome>;
    /// Tells one person, in the thread, what nobody else sees. Such a message has no echo.
    fn tell<'a>(&'a self, call: Call<'a>, user: &'a str, text: &'a str)
    -> Sending<'a, SendOutcome>;
    /// Looks for the effect among what `bot_user` said in the thread, or in the channel where the place
    /// names none. For the path after a crash: it reads a whole thread. A call that may still be under way can land after the look.
    fn find<'a>(&'a self, call: Call<'a>, bot_user: &'a str) -> Sending<'a, Found>;
    /// Leads a person to the message at `ts` in a channel of a workspace, both by their ids; nothing
    /// where the chat system does not say.
    fn link<'a>(
        &'a self,
        token: &'a Secret,
        place: (&'a str, &'a str),
        ts: &'a str,
    ) -> Sending<'a, Option<String>>;
    /// Whose token it is, or what came of asking. `workspace` is where the calls are counted.
    fn whoami<'a>(
        &'a self,
        token: &'a Secret,
        workspace: &'a str,
    ) -> Sending<'a, Result<Identity, SendOutcome>>;
}

/// Who speaks, where, and as which effect.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The connection's token.
    pub token: &'a Secret,
    /// The thread: an answer in the open would be a new conversation. Only word to whoever takes one
    /// over goes to a channel, which is a place without a thread.
    pub place: &'a Place,
    /// What the ledger calls it.
    pub effect: &'a EffectId,
}

/// What is said, in the chat system's own format.
#[derive(Clone, Copy)]
pub struct Wording<'a> {
    /// The words.
    pub text: &'a str,
    /// A small line below them: who says it, and which version of them.
    pub signature: Option<&'a str>,
}

impl<'a> From<&'a str> for Wording<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, signature: None }
    }
}

/// Where an effect was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    At {
        /// Its timestamp.
        ts: String,
    },
    /// The whole thread was read, and it is not there.
    Absent,
    /// The thread could not be read, or not all of it.
    Unknown {
        /// Why.
        detail: String,
    },
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The workspace.
    pub workspace: String,
    /// What people call it.
    pub workspace_name: String,
    /// The user the token speaks as.
    pub bot_user: String,
    /// That user as a bot, where the chat system tells them apart.
    pub bot_id: Option<String>,
}
