//! Conversations: threads, and what was said in them.

use schemas::{AgentId, ConnectionId, ConversationId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use views::{ConversationLine, Filter, Scan, Turn, TurnKind, Words};

/// A thread in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationItem {
    /// Its connection.
    #[schema(example = "slack-T0ACME")]
    pub(crate) connection: String,
    /// Which thread of it.
    #[schema(example = "C1-1700000000_123456")]
    pub(crate) conversation: String,
    /// The channel of the chat system that it is in.
    #[schema(example = "C1")]
    pub(crate) channel: String,
    /// Who wrote in it: ids of the chat system, the first 16.
    pub(crate) people: Vec<String>,
    /// Who answered last.
    pub(crate) agent: Option<String>,
    /// Where its newest message stands.
    pub(crate) standing: Standing,
    /// How many messages people wrote.
    pub(crate) messages: u32,
    /// When the first came.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) first_at: Timestamp,
    /// When the newest came.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) last_at: Timestamp,
    /// Its first words that are kept, cut to 160 characters.
    pub(crate) opening: Option<String>,
    /// What was searched for, with some words around, where it was said last.
    pub(crate) found: Option<String>,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// It is being answered.
    Open,
    /// The person has the answer.
    Answered,
    /// It was over a limit.
    Throttled,
    /// There is no answer, or the person could not be given it.
    Failed,
    /// It is not known whether the reply arrived.
    Uncertain,
    /// A person has it: the agent is quiet.
    WithPerson,
}

/// A page of threads.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Conversations {
    /// The newest first.
    pub(crate) items: Vec<ConversationItem>,
    /// Where the next page begins, if there may be one: send it as `cursor`.
    pub(crate) next: Option<String>,
    /// Whether a search has looked at everything; what was not looked at is on the next pages.
    pub(crate) searched_all: Option<bool>,
}

/// A thread with what was said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Conversation {
    /// As it is in the list.
    #[serde(flatten)]
    pub(crate) item: ConversationItem,
    /// What was said, in order; the newest 200 of those asked for.
    pub(crate) turns: Vec<TurnItem>,
    /// Where what was said before begins, if there is more: send it as `before`.
    pub(crate) before: Option<i64>,
}

/// One thing that was said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TurnItem {
    /// Who said it.
    pub(crate) by: Speaker,
    /// The message: what the person said, or what the agent answered to. Its trace tells more.
    pub(crate) message: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// The person's id in the chat system; the agent's for an answer.
    pub(crate) sender: String,
    /// What others call them.
    pub(crate) sender_name: Option<String>,
    /// The words, where they are kept.
    pub(crate) text: Option<String>,
    /// Whether the words are there.
    pub(crate) words: WordsKept,
    /// Where the message stands; nothing if that is too old to be known.
    pub(crate) standing: Option<Standing>,
    /// The version of the agent that answered.
    pub(crate) version: Option<u32>,
    /// The model that answered.
    pub(crate) model: Option<String>,
    /// What the answer cost, in millionths of a dollar, where known.
    pub(crate) cost_micros: Option<u64>,
}

/// Who said something.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Speaker {
    /// A person.
    Person,
    /// An agent.
    Agent,
}

/// Whether words are there.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WordsKept {
    /// As they are now, edits included.
    Kept,
    /// The person took them back.
    TakenBack,
    /// They are not remembered.
    NotKept,
    /// They do not open: the tenant's key is gone.
    Sealed,
}

/// Which threads.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// In which this was said, in whatever case.
    pub(crate) text: Option<String>,
    /// Answered last by this agent.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    pub(crate) agent: Option<AgentId>,
    /// Whose newest message stands so.
    pub(crate) standing: Option<Standing>,
    /// In which this person wrote: the chat system's id.
    pub(crate) person: Option<String>,
    /// Of this connection.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{1,64}$")]
    pub(crate) connection: Option<ConnectionId>,
    /// Whose newest message came then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(crate) from: Option<Timestamp>,
    /// Whose newest message came before.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(crate) to: Option<Timestamp>,
    /// `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// The most of one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
}

/// Which turns.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Older {
    /// `before` of the page before.
    pub(crate) before: Option<i64>,
}

/// What a path of a conversation names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfConversation {
    /// The tenant's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "acme")]
    pub(crate) tenant: TenantId,
    /// Its connection.
    #[param(value_type = String, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "slack-T0ACME")]
    pub(crate) connection: ConnectionId,
    /// Which thread of it.
    #[param(value_type = String, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "C1-1700000000_123456")]
    pub(crate) conversation: ConversationId,
}

impl Which {
    /// As `views` asks it.
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            text: self.text.clone().unwrap_or_default(),
            agent: self.agent.clone(),
            state: self.standing.map(Into::into),
            person: self.person.clone(),
            connection: self.connection.clone(),
            from: self.from,
            to: self.to,
        }
    }
}

impl From<views::Standing> for Standing {
    fn from(standing: views::Standing) -> Self {
        match standing {
            views::Standing::Open => Standing::Open,
            views::Standing::Answered => Standing::Answered,
            views::Standing::Throttled => Standing::Throttled,
            views::Standing::Failed => Standing::Failed,
            views::Standing::Uncertain => Standing::Uncertain,
            views::Standing::WithPerson => Standing::WithPerson,
        }
    }
}

impl From<Standing> for views::Standing {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Open => views::Standing::Open,
            Standing::Answered => views::Standing::Answered,
            Standing::Throttled => views::Standing::Throttled,
            Standing::Failed => views::Standing::Failed,
            Standing::Uncertain => views::Standing::Uncertain,
            Standing::WithPerson => views::Standing::WithPerson,
        }
    }
}

impl From<ConversationLine> for ConversationItem {
    fn from(line: ConversationLine) -> Self {
        Self {
            connection: line.connection.to_string(),
            conversation: line.conversation.to_string(),
            channel: line.place.channel,
            people: line.people,
            agent: line.agent.map(|it| it.to_string()),
            standing: line.standing.into(),
            messages: line.messages,
            first_at: line.first_at,
            last_at: line.last_at,
            opening: line.opening,
            found: line.found.map(|found| found.snippet),
        }
    }
}

impl From<views::Conversations> for Conversations {
    fn from(page: views::Conversations) -> Self {
        let searched_all = page.scan.map(|Scan { is_all, .. }| is_all);
        let items = page.lines.into_iter().map(Into::into).collect();
        Self { items, next: page.next.map(|cursor| cursor.0), searched_all }
    }
}

impl From<views::Conversation> for Conversation {
    fn from(it: views::Conversation) -> Self {
        let turns = it.turns.into_iter().map(Into::into).collect();
        Self { item: it.line.into(), turns, before: it.before }
    }
}

impl From<Turn> for TurnItem {
    fn from(turn: Turn) -> Self {
        let (text, words) = match turn.words {
            Words::Text(text) => (Some(text), WordsKept::Kept),
            Words::TakenBack => (None, WordsKept::TakenBack),
            Words::NotKept => (None, WordsKept::NotKept),
            Words::Sealed => (None, WordsKept::Sealed),
        };
        let by = match turn.kind {
            TurnKind::Person => Speaker::Person,
            TurnKind::Agent => Speaker::Agent,
        };
        let answer = turn.answer.as_ref();
        Self {
            by,
            message: turn.message.to_string(),
            at: turn.at,
            sender: turn.sender,
            sender_name: turn.sender_name,
            text,
            words,
            standing: turn.standing.map(Into::into),
            version: answer.and_then(|it| it.version),
            model: answer.and_then(|it| it.model.clone()),
            cost_micros: answer.and_then(|it| it.cost_micros),
        }
    }
}
