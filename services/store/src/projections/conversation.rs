//! What a piece of the log changes of threads. It follows from what it changes of messages.

use std::collections::{BTreeMap, BTreeSet};

use schemas::{AgentId, ConnectionId, ConversationId, MessageId, Place};
use serde::Serialize;

use super::{HandedOff, MessageRow};

/// The most people that are kept of a thread, those who wrote first.
const PEOPLE_MAX: usize = 16;

/// Where the newest message stands is read from the messages, which were written before. A thread whose
/// messages were all refused by the gateway has none, and no row. `[1:16]` is [`PEOPLE_MAX`].
pub(super) const CONVERSATIONS: &str = "
    insert into p_conversation as was (tenant_id, connection_id, conversation_id, place, people,
        agent_id, state, messages, first_at_ms, last_at_ms, answered_at_ms, last_seq)
    select $1, c.connection_id, c.conversation_id, c.place, c.people, c.agent_id, newest.state,
           c.messages, coalesce(c.first_at_ms, newest.received_at_ms),
           coalesce(c.last_at_ms, newest.received_at_ms), c.answered_at_ms, c.last_seq
      from jsonb_populate_recordset(null::p_conversation, $2) c
     cross join lateral (
           select m.state, m.received_at_ms from p_message m
            where m.tenant_id = $1 and m.connection_id = c.connection_id
              and m.conversation_id = c.conversation_id and m.received_at_ms is not null
            order by m.received_at_ms desc, m.message_id desc limit 1) newest
    on conflict (tenant_id, connection_id, conversation_id) do update set
        people = (was.people || array(
            select person from unnest(excluded.people) with ordinality as new (person, place)
             where person <> all(was.people) order by new.place))[1:16],
        agent_id = coalesce(excluded.agent_id, was.agent_id),
        state = excluded.state,
        messages = was.messages + excluded.messages,
        first_at_ms = least(was.first_at_ms, excluded.first_at_ms),
        last_at_ms = greatest(was.last_at_ms, excluded.last_at_ms),
        answered_at_ms = greatest(was.answered_at_ms, excluded.answered_at_ms),
        last_seq = excluded.last_seq";

/// A thread whose messages are gone has no row, and needs nobody. Without `ended` it is known whatever stood
/// before; else only a hand-off that is named there ends.
pub(super) const HANDED_OFF: &str = "
    update p_conversation was
       set handed_off_at_ms = case
               when now.ended is null or was.handed_off_message_id = any(now.ended)
               then now.handed_off_at_ms else was.handed_off_at_ms end,
           handed_off_message_id = case
               when now.ended is null or was.handed_off_message_id = any(now.ended)
               then now.handed_off_message_id else was.handed_off_message_id end,
           last_seq = greatest(was.last_seq, now.last_seq)
      from jsonb_to_recordset($2) as now (connection_id text, conversation_id text,
           handed_off_at_ms bigint, handed_off_message_id text, ended text[], last_seq bigint)
     where was.tenant_id = $1 and was.connection_id = now.connection_id
       and was.conversation_id = now.conversation_id";

/// Who has a thread after a piece of the log.
#[derive(Serialize)]
pub(super) struct HandedOffRow<'a> {
    connection_id: &'a ConnectionId,
    conversation_id: &'a ConversationId,
    handed_off_at_ms: Option<i64>,
    handed_off_message_id: Option<&'a MessageId>,
    /// The hand-offs that ended, any of which may have stood before the piece; nothing where one began in
    /// it, which took the place of what stood.
    ended: Option<Vec<&'a MessageId>>,
    last_seq: u64,
}

impl<'a> HandedOffRow<'a> {
    fn of(change: &'a HandedOff) -> Self {
        Self {
            connection_id: &change.connection_id,
            conversation_id: &change.conversation_id,
            handed_off_at_ms: None,
            handed_off_message_id: None,
            ended: Some(Vec::new()),
            last_seq: change.last_seq,
        }
    }

    fn take(&mut self, change: &'a HandedOff) {
        self.last_seq = change.last_seq;
        if change.since_ms.is_some() {
            self.handed_off_at_ms = change.since_ms;
            self.handed_off_message_id = Some(&change.message_id);
            self.ended = None;
        } else if let Some(ended) = &mut self.ended {
            ended.push(&change.message_id);
        } else if self.handed_off_message_id == Some(&change.message_id) {
            (self.handed_off_at_ms, self.handed_off_message_id) = (None, None);
        }
    }
}

/// One row a thread, in the order of the log. What was published `again` changes nothing.
pub(super) fn handed_off<'a>(
    changes: impl Iterator<Item = &'a HandedOff>,
    again: &BTreeSet<u64>,
) -> Vec<HandedOffRow<'a>> {
    let mut threads = BTreeMap::new();
    for change in changes.filter(|change| !again.contains(&change.last_seq)) {
        let key = (&change.connection_id, &change.conversation_id);
        threads.entry(key).or_insert_with(|| HandedOffRow::of(change)).take(change);
    }
    threads.into_values().collect()
}

/// What changes of one thread; what is `None` stays as it was.
#[derive(Serialize)]
pub(super) struct ConversationRow<'a> {
    connection_id: &'a ConnectionId,
    conversation_id: &'a ConversationId,
    place: &'a Place,
    people: Vec<&'a str>,
    agent_id: Option<&'a AgentId>,
    messages: u32,
    first_at_ms: Option<i64>,
    last_at_ms: Option<i64>,
    answered_at_ms: Option<i64>,
    last_seq: u64,
}

impl<'a> ConversationRow<'a> {
    fn of(change: &'a MessageRow) -> Self {
        Self {
            connection_id: &change.connection_id,
            conversation_id: &change.conversation_id,
            place: &change.reference.place,
            people: Vec::new(),
            agent_id: None,
            messages: 0,
            first_at_ms: None,
            last_at_ms: None,
            answered_at_ms: None,
            last_seq: change.last_seq,
        }
    }

    fn take(&mut self, change: &'a MessageRow) {
        self.agent_id = change.agent_id.as_ref().or(self.agent_id);
        self.answered_at_ms = self.answered_at_ms.max(change.answered_at_ms);
        self.last_seq = change.last_seq;
        // Only what is accepted says when it came.
        let Some(at) = change.received_at_ms else { return };
        self.messages += 1;
        self.first_at_ms = Some(self.first_at_ms.map_or(at, |first| first.min(at)));
        self.last_at_ms = self.last_at_ms.max(Some(at));
        let sender = change.reference.sender.as_str();
        if self.people.len() < PEOPLE_MAX && !self.people.contains(&sender) {
            self.people.push(sender);
        }
    }
}

/// One change a thread, in the order of the log.
pub(super) fn conversations<'a>(
    changes: impl Iterator<Item = &'a MessageRow>,
) -> Vec<ConversationRow<'a>> {
    let mut threads = BTreeMap::new();
    for change in changes {
        let key = (&change.connection_id, &change.conversation_id);
        threads.entry(key).or_insert_with(|| ConversationRow::of(change)).take(change);
    }
    threads.into_values().collect()
}
