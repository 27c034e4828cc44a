//! The list of threads, and the search in what was said.

use std::collections::VecDeque;

use domain::{
    access::{Permission, Principal},
    seal::{Owner, Sealing},
};
use schemas::{
    AgentId, ConnectionId, ConversationId, MessageId, Place as Where, TenantId, Text, Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{
    TenantTx,
    views::conversations::{self as rows, Mark, Opening, Thread, ThreadFilter, Way},
};

use crate::{
    Cursor, ViewError, Views,
    cursor::Place,
    search::{Found, Needle, SCAN_TURNS_MAX, Scan},
};

/// How many threads that are newer than the first page are counted.
const NEWER_MAX: u32 = 100;

/// Characters of the first words in a list.
const OPENING_CHARS_MAX: usize = 160;

/// Which threads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// In which this was said, in whatever case; empty for all.
    pub text: String,
    /// Answered last by this agent.
    pub agent: Option<AgentId>,
    /// Whose newest message stands so.
    pub state: Option<Standing>,
    /// In which this person wrote: the chat system's id.
    pub person: Option<String>,
    /// Of this connection.
    pub connection: Option<ConnectionId>,
    /// Whose newest message came then or later.
    pub from: Option<Timestamp>,
    /// Whose newest message came before.
    pub to: Option<Timestamp>,
}

/// Where a message stands, in the few words that people filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
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
    /// A person has it.
    WithPerson,
}

impl Standing {
    /// Every one.
    pub const ALL: [Standing; 6] = [
        Standing::Open,
        Standing::Answered,
        Standing::Throttled,
        Standing::Failed,
        Standing::Uncertain,
        Standing::WithPerson,
    ];

    /// As the states of the table.
    fn states(self) -> &'static [&'static str] {
        match self {
            Standing::Open => &["accepted", "admitted", "completed"],
            Standing::Answered => &["delivered"],
            Standing::Throttled => &["throttled", "told"],
            Standing::Failed => &["failed", "no answer"],
            Standing::Uncertain => &["uncertain"],
            Standing::WithPerson => &["handing over", "handed over", "held"],
        }
    }

    /// Of a thread, by where its newest message stands. What a person had and gave back is answered.
    fn of_thread(thread: &Thread) -> Self {
        match (&thread.handed_off, Self::of(&thread.state)) {
            (Some(_), _) => Standing::WithPerson,
            (None, Standing::WithPerson) => Standing::Answered,
            (None, standing) => standing,
        }
    }

    /// Of a state of the table.
    pub fn of(state: &str) -> Self {
        let is = |standing: &Self| standing.states().contains(&state);
        Self::ALL.into_iter().find(is).unwrap_or(Standing::Open)
    }
}

/// A page of threads, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversations {
    /// The threads.
    pub lines: Vec<ConversationLine>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
    /// How many threads have come or moved before the first page since it was shown, 100 at most.
    pub newer: u64,
    /// How far a search has looked; nothing where nothing was searched for.
    pub scan: Option<Scan>,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationLine {
    /// Its connection.
    pub connection: ConnectionId,
    /// Which thread of it.
    pub conversation: ConversationId,
    /// Where that is in the chat system.
    pub place: Where,
    /// Who wrote in it, in the order of their first words; the first 16.
    pub people: Vec<String>,
    /// Who answered last.
    pub agent: Option<AgentId>,
    /// Where its newest message stands.
    pub standing: Standing,
    /// How many messages people wrote.
    pub messages: u32,
    /// When the first came.
    pub first_at: Timestamp,
    /// When the newest came.
    pub last_at: Timestamp,
    /// When a reply was last delivered.
    pub answered_at: Option<Timestamp>,
    /// Since when a person has it.
    pub with_person_since: Option<Timestamp>,
    /// Its first words that are kept, cut to 160 characters.
    pub opening: Option<String>,
    /// What others call whoever said them.
    pub opening_by: Option<String>,
    /// The words that were searched for, where they were said last.
    pub found: Option<Found>,
}

/// Which page of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// [`Conversations::next`] of the page before; nothing for the first.
    pub cursor: Option<&'a Cursor>,
    /// The most threads, 1 to 200.
    pub limit: u32,
    /// The time.
    pub now: Timestamp,
}

impl Views {
    /// A page of a tenant's threads. A search opens what was said, the newest threads first, so many
    /// turns at a time: a page may be short, or empty, and still have a next one.
    pub async fn conversations(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        filter: &Filter,
        page: Page<'_>,
    ) -> Result<Conversations, ViewError> {
        principal.require(Permission::ConversationsRead, tenant)?;
        let Page { cursor, limit, now } = page;
        let place = cursor.map(Cursor::place).transpose()?;
        let sealing = self.sealing(tenant, now).await?;
        let mut tx = self.tx(tenant).await?;
        let at = place.as_ref().map_or_else(Mark::start, |place| place.at.clone());
        let (way, limit) = (Way::Older, limit.clamp(1, 200));
        let look = Look { filter, way, limit, turns_max: SCAN_TURNS_MAX };
        let seen = look.from(&mut tx, &sealing, at).await?;
        let newer = match &place {
            Some(place) => {
                rows::count_newer(&mut tx, &filter.rows(), &place.top, NEWER_MAX).await?
            }
            None => 0,
        };
        let top = match place {
            Some(place) => Some(place.top),
            None => seen.first.clone(),
        };
        let next = top.zip(seen.on_from).map(|(top, at)| Cursor::of(&Place { top, at }));
        let keys: Vec<_> = seen.threads.iter().map(|(thread, _)| thread.key()).collect();
        let openings = rows::openings(&mut tx, &keys).await?;
        let threads = seen.threads.into_iter().zip(openings);
        let lines = threads.map(|((thread, found), opening)| {
            let line = ConversationLine::open(thread, opening, tenant, &sealing);
            ConversationLine { found, ..line }
        });
        Ok(Conversations { lines: lines.collect(), next, newer, scan: seen.scan })
    }
}

/// A look at threads from a place on.
pub(crate) struct Look<'a> {
    pub(crate) filter: &'a Filter,
    pub(crate) way: Way,
    pub(crate) limit: u32,
    /// The most turns that a search opens.
    pub(crate) turns_max: u32,
}

/// What was seen.
pub(crate) struct Seen {
    /// With the words that were searched for.
    pub(crate) threads: Vec<(Thread, Option<Found>)>,
    /// The first thread that was looked at.
    first: Option<Mark>,
    /// Where to go on, unless that was all.
    on_from: Option<Mark>,
    scan: Option<Scan>,
}

impl Look<'_> {
    pub(crate) async fn from(
        &self,
        tx: &mut TenantTx,
        sealing: &Sealing,
        at: Mark,
    ) -> Result<Seen, ViewError> {
        if let Some(needle) = Needle::of(&self.filter.text) {
            return self.search(tx, sealing, at, &needle).await;
        }
        let (filter, limit) = (self.filter.rows(), self.limit as usize);
        let mut threads = rows::page(tx, &filter, &at, self.way, self.limit + 1).await?;
        let has_more = limit < threads.len();
        threads.truncate(limit);
        let first = threads.first().map(Thread::mark);
        let on_from = threads.last().filter(|_| has_more).map(Thread::mark);
        let threads = threads.into_iter().map(|thread| (thread, None)).collect();
        Ok(Seen { threads, first, on_from, scan: None })
    }

    async fn search(
        &self,
        tx: &mut TenantTx,
        sealing: &Sealing,
        mut at: Mark,
        needle: &Needle,
    ) -> Result<Seen, ViewError> {
        let filter = self.filter.rows();
        let mut seen = Seen { threads: Vec::new(), first: None, on_from: None, scan: None };
        let (mut scan, mut waiting, mut is_last) = (Scan::default(), VecDeque::new(), false);
        let is_all = loop {
            if waiting.is_empty() && !is_last {
                let page = rows::page(tx, &filter, &at, self.way, Scan::THREADS).await?;
                is_last = page.len() < Scan::THREADS as usize;
                seen.first = seen.first.or_else(|| page.first().map(Thread::mark));
                waiting.extend(page);
            }
            if waiting.is_empty() {
                break true;
            }
            let threads = waiting.make_contiguous();
            let looked = scan.look(tx, sealing, threads, (needle, self.turns_max)).await?;
            for (thread, found) in waiting.drain(..looked.len()).zip(looked) {
                at = thread.mark();
                scan.back_to = Some(thread.last_at);
                seen.threads.extend(found.map(|found| (thread, Some(found))));
                if self.limit as usize <= seen.threads.len() {
                    break;
                }
            }
            if self.limit as usize <= seen.threads.len() || scan.is_spent(self.turns_max) {
                break false;
            }
        };
        scan.is_all = is_all;
        seen.on_from = (!is_all).then_some(at);
        seen.scan = Some(scan);
        Ok(seen)
    }
}

impl Filter {
    /// What the database filters by; words it cannot read.
    pub(crate) fn rows(&self) -> ThreadFilter {
        let mut states = self.state.map(Standing::states).unwrap_or_default().to_vec();
        let with_person = match self.state {
            Some(Standing::WithPerson) => {
                states.clear();
                Some(true)
            }
            Some(Standing::Answered) => {
                states.extend(Standing::WithPerson.states());
                Some(false)
            }
            Some(Standing::Open | Standing::Throttled | Standing::Failed | Standing::Uncertain) => {
                Some(false)
            }
            None => None,
        };
        ThreadFilter {
            agent: self.agent.clone(),
            states: states.into_iter().map(str::to_owned).collect(),
            with_person,
            person: self.person.clone().filter(|person| !person.is_empty()),
            connection: self.connection.clone(),
            from: self.from,
            to: self.to,
        }
    }
}

impl ConversationLine {
    pub(crate) fn open(
        thread: Thread,
        opening: Option<Opening>,
        tenant: &TenantId,
        sealing: &Sealing,
    ) -> Self {
        let standing = Standing::of_thread(&thread);
        let words = opening.as_ref().and_then(|it| open(sealing, tenant, &it.message, &it.text));
        Self {
            connection: thread.connection,
            conversation: thread.conversation,
            place: thread.place,
            people: thread.people,
            agent: thread.agent,
            standing,
            with_person_since: thread.handed_off.map(|(since, _)| since),
            messages: thread.messages,
            first_at: thread.first_at,
            last_at: thread.last_at,
            answered_at: thread.answered_at,
            opening: words.map(|words| words.chars().take(OPENING_CHARS_MAX).collect()),
            opening_by: opening.and_then(|it| it.name),
            found: None,
        }
    }
}

/// What a message says; nothing if it does not open.
pub(crate) fn open(
    sealing: &Sealing,
    tenant: &TenantId,
    message: &MessageId,
    text: &Text,
) -> Option<String> {
    let owner = Owner { tenant, of: message.as_str() };
    let opened = sealing.open(owner, text);
    opened.map_err(|error| tracing::warn!(%tenant, %message, %error, "a text is not shown")).ok()
}
