//! Durable consumers: a row each.

use std::time::Duration;

use schemas::{Kind, subject};

use crate::stream::{ADVISORIES, DIRECTORY, EVENTS, Stream};

/// What the gateway publishes of what it hears; it reads no stream.
pub const GATEWAY_WRITES: &[Kind] = &[
    Kind::MessageReceived,
    Kind::MessageEdited,
    Kind::MessageDeleted,
    Kind::MessageThrottled,
    Kind::EffectObserved,
    Kind::ConnectionRevoked,
];

/// A durable pull consumer with explicit acks.
#[derive(Debug)]
pub struct Consumer {
    /// The durable name. Renaming one starts it afresh, so don't.
    pub name: &'static str,
    /// The stream it reads.
    pub stream: &'static Stream,
    /// Kinds it is woken by; every subject of the stream when empty.
    pub reads: &'static [Kind],
    /// Kinds it may publish.
    pub writes: &'static [Kind],
    /// How long the server waits for word of a delivery before it delivers again.
    pub ack_wait: Duration,
    /// The pauses between attempts, made in place; after the last one the event is set aside.
    pub backoff: &'static [Duration],
    /// Deliveries that may be unsettled at once.
    pub in_flight_max: u32,
    /// Deliveries after which the server gives up: only a delivery that kills its worker gets
    /// there, since every other failure is settled by the loop.
    pub deliveries_max: i64,
    /// Deliveries of one lane handled together.
    pub batch_max: usize,
}

const fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

const QUICK: &[Duration] = &[
    Duration::from_millis(100),
    Duration::from_millis(500),
    seconds(1),
    seconds(2),
    seconds(5),
    seconds(5),
    seconds(5),
    seconds(5),
    seconds(5),
    seconds(5),
    seconds(5),
    seconds(5),
];

/// Lets the first delivery of a message through, and names the others.
pub const DEDUP: Consumer = Consumer {
    name: "dedup",
    stream: &EVENTS,
    reads: &[Kind::MessageReceived],
    writes: &[Kind::MessageAccepted, Kind::MessageDuplicate],
    ack_wait: seconds(15),
    backoff: QUICK,
    in_flight_max: 4_096,
    deliveries_max: 20,
    batch_max: 256,
};

/// Spends a tenant's quota, or says when to come back.
pub const RATE_LIMIT: Consumer = Consumer {
    name: "rate-limit",
    stream: &EVENTS,
    reads: &[Kind::MessageAccepted],
    writes: &[Kind::MessageAdmitted, Kind::MessageThrottled],
    ack_wait: seconds(15),
    backoff: QUICK,
    in_flight_max: 4_096,
    deliveries_max: 20,
    batch_max: 256,
};

/// Asks a model, once for each message, and keeps the memory of threads.
pub const COMPLETION: Consumer = Consumer {
    name: "completion",
    stream: &EVENTS,
    reads: &[
        Kind::MessageAdmitted,
        Kind::MessageReopened,
        Kind::MessageEdited,
        Kind::MessageDeleted,
        Kind::ConversationHandedBack,
    ],
    writes: &[
        Kind::CompletionFinished,
        Kind::CompletionFailed,
        Kind::CompletionHandedOff,
        Kind::MessageHeld,
        Kind::ConversationHandedBack,
        Kind::BudgetNear,
    ],
    ack_wait: seconds(15),
    backoff: QUICK,
    in_flight_max: 2_048,
    deliveries_max: 20,
    batch_max: 1,
};

/// Shows the person that somebody is at it, then the answer.
pub const DELIVERY: Consumer = Consumer {
    name: "delivery",
    stream: &EVENTS,
    reads: &[
        Kind::MessageAdmitted,
        Kind::MessageReopened,
        Kind::MessageThrottled,
        Kind::CompletionFinished,
        Kind::CompletionFailed,
        Kind::CompletionHandedOff,
        Kind::MessageHeld,
        Kind::ReplyDecided,
        Kind::EffectObserved,
    ],
    writes: &[
        Kind::ReplyDelivered,
        Kind::ReplyUncertain,
        Kind::ReplyFailed,
        Kind::ConversationHandedBack,
    ],
    ack_wait: seconds(15),
    backoff: QUICK,
    in_flight_max: 4_096,
    deliveries_max: 20,
    batch_max: 1,
};

/// Honours a workspace's withdrawal: writes to the directory, not to the events.
pub const REVOCATION: Consumer = Consumer {
    name: "revocation",
    stream: &EVENTS,
    reads: &[Kind::ConnectionRevoked],
    writes: &[],
    ack_wait: seconds(15),
    backoff: QUICK,
    in_flight_max: 256,
    deliveries_max: 20,
    batch_max: 1,
};

/// Turns the server's word that it gave a delivery up into a dead letter, and says so for whoever waits
/// for an answer, a reply or a person.
pub const SET_ASIDE: Consumer = Consumer {
    name: "set-aside",
    stream: &ADVISORIES,
    reads: &[],
    writes: &[Kind::CompletionFailed, Kind::ReplyFailed, Kind::ConversationHandedBack],
    ack_wait: seconds(15),
    backoff: QUICK,
    in_flight_max: 64,
    deliveries_max: -1,
    batch_max: 1,
};

/// Every consumer there is.
pub const CONSUMERS: &[&Consumer] =
    &[&DEDUP, &RATE_LIMIT, &COMPLETION, &DELIVERY, &REVOCATION, &SET_ASIDE];

/// A reader of a whole stream that keeps its own place, in the transaction that writes what it
/// read. Not a durable consumer: a redelivery out of order would make it skip what it never saw.
#[derive(Debug)]
pub struct Reader {
    /// The name of its checkpoint.
    pub name: &'static str,
    /// The stream it reads from one end to the other.
    pub stream: &'static Stream,
    /// Events written together at most.
    pub batch_max: usize,
}

/// Writes the read models of messages.
pub const PROJECT_EVENTS: Reader =
    Reader { name: "project-events", stream: &EVENTS, batch_max: 512 };

/// Writes the read models of tenants, agents and connections.
pub const PROJECT_DIRECTORY: Reader =
    Reader { name: "project-directory", stream: &DIRECTORY, batch_max: 512 };

/// Every reader there is.
pub const READERS: &[&Reader] = &[&PROJECT_EVENTS, &PROJECT_DIRECTORY];

impl Consumer {
    /// The subjects it is woken by; the whole stream when empty.
    pub fn filters(&self) -> Vec<String> {
        self.reads.iter().copied().map(subject::filter).collect()
    }
}
