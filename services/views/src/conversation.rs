//! One thread: what was said, and what each answer took.

use std::collections::{HashMap, HashSet};

use domain::{
    access::{Permission, Principal},
    seal::Sealing,
};
use schemas::{AgentId, ConnectionId, ConversationId, MessageId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    TenantTx,
    memory::{Role, position},
    projections::MessageRow,
    views::{
        conversations::{self as rows, Mark, Way},
        thread::{self, Said, TURNS_MAX},
    },
};

use crate::{
    ConversationLine, Filter, Standing, ViewError, Views,
    conversations::{Look, open},
    search::BESIDE_TURNS_MAX,
};

/// The most messages of which it is shown what became of them.
const MESSAGES_MAX: u32 = 500;

/// Our clock and the chat system's differ by less.
const SKEW_MS: i64 = 3_600_000;

/// A thread, opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// As it is in the list.
    pub line: ConversationLine,
    /// What was said, in order; the newest 200 turns of those asked for.
    pub turns: Vec<Turn>,
    /// What to ask for to see what was said before, if there is more.
    pub before: Option<i64>,
    /// The next thread that is newer and fits the filter. A search looks so far and no further.
    pub newer: Option<Near>,
    /// The next that is older.
    pub older: Option<Near>,
}

/// A thread beside this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Near {
    /// Its connection.
    pub connection: ConnectionId,
    /// Which thread of it.
    pub conversation: ConversationId,
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Who said it.
    pub kind: TurnKind,
    /// The message: what the person said, or what the agent answered to. A trace begins with it.
    pub message: MessageId,
    /// When, by the chat system's clock; of an answer, when it was delivered or made.
    pub at: Timestamp,
    /// The person's id in the chat system; the agent's for an answer.
    pub sender: String,
    /// What others call them.
    pub sender_name: Option<String>,
    /// What was said.
    pub words: Words,
    /// When it was edited last.
    pub edited_at: Option<Timestamp>,
    /// What became of the message; nothing if that is too old to be known.
    pub standing: Option<Standing>,
    /// More of it, e.g. a code, or what the chat system said of a reply in doubt.
    pub detail: Option<String>,
    /// What the answer took, on the answer.
    pub answer: Option<Answer>,
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnKind {
    /// A person.
    Person,
    /// An agent.
    Agent,
}

impl From<Role> for TurnKind {
    fn from(role: Role) -> Self {
        match role {
            Role::Person => TurnKind::Person,
            Role::Agent => TurnKind::Agent,
        }
    }
}

/// What was said, where it can be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// As it is now, edits included.
    Text(String),
    /// The person took it back.
    TakenBack,
    /// It is not remembered: it was never answered, or is being answered.
    NotKept,
    /// It does not open: the tenant's key is gone.
    Sealed,
}

/// What an answer took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who answered.
    pub agent: Option<AgentId>,
    /// With which version.
    pub version: Option<u32>,
    /// The model.
    pub model: Option<String>,
    /// Tokens of the prompt, where known.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer, where known.
    pub output_tokens: Option<u64>,
    /// What it cost, in millionths of a dollar, where known.
    pub cost_micros: Option<u64>,
    /// From the message to its delivery, else to the model's last word, in milliseconds.
    pub took_ms: Option<u64>,
}

/// The list that a thread was found in, and how much of the thread is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// What the list is filtered by.
    pub filter: &'a Filter,
    /// [`Conversation::before`] of the page before; nothing for the newest turns.
    pub before: Option<i64>,
    /// The time.
    pub now: Timestamp,
}

impl Views {
    /// One thread, with what is beside it in a list.
    pub async fn conversation(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        thread: &Near,
        beside: Beside<'_>,
    ) -> Result<Conversation, ViewError> {
        principal.require(Permission::ConversationsRead, tenant)?;
        let Beside { filter, before, now } = beside;
        let mut tx = self.tx(tenant).await?;
        let Near { connection, conversation } = thread;
        let found = rows::one(&mut tx, connection, conversation).await?;
        let found = found.ok_or_else(ViewError::not_found)?;
        let sealing = self.sealing(tenant, now).await?;
        let before = before.unwrap_or(i64::MAX);
        let threads = [(connection, conversation)];
        let said = thread::turns(&mut tx, &threads, before, TURNS_MAX).await?;
        let by = Timestamp::from_millis((before / 1000).saturating_add(SKEW_MS));
        let messages =
            thread::messages(&mut tx, connection, conversation, by, MESSAGES_MAX).await?;
        let has_more = TURNS_MAX as usize <= said.len();
        let oldest = said.last().filter(|_| has_more).map(|turn| turn.position);
        let turns = Told { tenant, sealing: &sealing, before, oldest }.turns(said, &messages);
        let mark = found.mark();
        let newer = near(&mut tx, &sealing, filter, mark.clone(), Way::Newer).await?;
        let older = near(&mut tx, &sealing, filter, mark, Way::Older).await?;
        let line = ConversationLine::open(found, None, tenant, &sealing);
        Ok(Conversation { line, turns, before: oldest, newer, older })
    }
}

impl Views {
    /// A tenant's messages whose replies may or may not have arrived, the newest first. `before` is
    /// when the last one of the page before was received.
    pub async fn uncertain(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<MessageRow>, ViewError> {
        principal.require(Permission::ConversationsRead, tenant)?;
        let before = before.map_or(i64::MAX, Timestamp::as_millis);
        Ok(thread::uncertain(&mut self.tx(tenant).await?, before, limit.clamp(1, 200)).await?)
    }
}

async fn near(
    tx: &mut TenantTx,
    sealing: &Sealing,
    filter: &Filter,
    at: Mark,
    way: Way,
) -> Result<Option<Near>, ViewError> {
    let look = Look { filter, way, limit: 1, turns_max: BESIDE_TURNS_MAX };
    let seen = look.from(tx, sealing, at).await?;
    let thread = seen.threads.into_iter().next();
    Ok(thread.map(|(it, _)| Near { connection: it.connection, conversation: it.conversation }))
}

/// Puts together what was said and what became of it.
struct Told<'a> {
    tenant: &'a TenantId,
    sealing: &'a Sealing,
    before: i64,
    /// Where the turns of this page begin, if there are older ones.
    oldest: Option<i64>,
}

impl Told<'_> {
    fn turns(&self, said: Vec<Said>, messages: &[MessageRow]) -> Vec<Turn> {
        let known: HashMap<_, _> = messages.iter().map(|row| (&row.message_id, row)).collect();
        let kept: HashSet<_> = said
            .iter()
            .filter(|turn| turn.role == Role::Person)
            .map(|turn| turn.message.clone())
            .collect();
        let mut turns: Vec<_> = said
            .into_iter()
            .map(|turn| {
                let row = known.get(&turn.message).copied();
                (turn.position, self.turn(turn, row))
            })
            .collect();
        for row in messages.iter().filter(|row| !kept.contains(&row.message_id)) {
            let at = Timestamp::from_millis(row.received_at_ms.unwrap_or_default());
            let position = position(&row.reference.ts, at);
            let is_here = self.oldest.is_none_or(|oldest| oldest <= position);
            if is_here && position < self.before {
                turns.push((position, not_kept(row, position)));
            }
        }
        turns.sort_by(|(a_at, a), (b_at, b)| {
            (a_at, &a.message, a.kind == TurnKind::Agent).cmp(&(
                b_at,
                &b.message,
                b.kind == TurnKind::Agent,
            ))
        });
        turns.into_iter().map(|(_, turn)| turn).collect()
    }

    fn turn(&self, said: Said, row: Option<&MessageRow>) -> Turn {
        let words = match &said.text {
            None => Words::TakenBack,
            Some(text) => match open(self.sealing, self.tenant, &said.message, text) {
                Some(words) => Words::Text(words),
                None => Words::Sealed,
            },
        };
        let is_answer = said.role == Role::Agent;
        let answered = row.and_then(|row| row.answered_at_ms.or(row.completed_at_ms));
        let at = answered.filter(|_| is_answer).unwrap_or(said.position / 1000);
        Turn {
            kind: said.role.into(),
            message: said.message,
            at: Timestamp::from_millis(at),
            sender: said.sender,
            sender_name: said.sender_name,
            words,
            edited_at: said.edited_at,
            standing: row.map(|row| Standing::of(&row.state)),
            detail: row.and_then(detail),
            answer: row.filter(|_| is_answer).map(answer),
        }
    }
}

fn not_kept(row: &MessageRow, position: i64) -> Turn {
    Turn {
        kind: TurnKind::Person,
        message: row.message_id.clone(),
        at: Timestamp::from_millis(position / 1000),
        sender: row.reference.sender.clone(),
        sender_name: None,
        words: Words::NotKept,
        edited_at: None,
        standing: Some(Standing::of(&row.state)),
        detail: detail(row),
        answer: None,
    }
}

fn detail(row: &MessageRow) -> Option<String> {
    row.doubt.clone().or_else(|| row.detail.clone())
}

fn answer(row: &MessageRow) -> Answer {
    let until = row.answered_at_ms.or(row.completed_at_ms);
    let took = until.zip(row.received_at_ms).map(|(until, from)| until.saturating_sub(from));
    Answer {
        agent: row.agent_id.clone(),
        version: row.agent_version,
        model: row.model.clone(),
        input_tokens: row.input_tokens,
        output_tokens: row.output_tokens,
        cost_micros: row.cost_micros,
        took_ms: took.and_then(|took| u64::try_from(took).ok()),
    }
}
