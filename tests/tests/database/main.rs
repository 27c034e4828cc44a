//! The database as it really is: migrated by the owner, used by the app and the platform role.

// For clippy, which takes helpers of tests for tests only where this stands.
#![cfg(test)]

mod accounts;
mod backup;
mod completion;
mod deferred;
mod delivery;
mod erase;
mod fence;
mod generations;
mod guards;
mod home;
mod keys;
mod letters;
mod limits;
mod migrations;
mod past;
mod platform;
mod portable;
mod projections;
mod prune;
mod replays;
mod spend;
mod tenants;
mod tool_calls;
mod usage;
mod views;
mod walls;
mod with_person;

use std::sync::atomic::{AtomicU64, Ordering};

use konstruct_tests::postgres::TestDatabase;
use schemas::{
    ConnectionId, ConversationId, EventId, MessageId, MessageRef, Place, PlaceKind, TenantId,
    Timestamp,
};
use store::{Database, Platform};

/// A database with its two doors.
struct World {
    db: Database,
    platform: Platform,
    test: TestDatabase,
}

async fn world() -> World {
    let test = TestDatabase::create().await.unwrap();
    let db = test.database().await.unwrap();
    let platform = test.platform().await.unwrap();
    World { db, platform, test }
}

fn tenant(slug: &str) -> TenantId {
    slug.parse().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

fn event(name: &str) -> EventId {
    name.parse().unwrap()
}

/// No two are the same.
fn fresh(prefix: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{prefix}{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn connection() -> ConnectionId {
    "slack-T0ACME".parse().unwrap()
}

fn conversation() -> ConversationId {
    "C1-1700000000_000100".parse().unwrap()
}

fn message(name: &str) -> MessageId {
    name.parse().unwrap()
}

/// A message in one thread; `ts` is its place there.
fn reference(name: &str, ts: &str) -> MessageRef {
    MessageRef {
        id: message(name),
        connection: connection(),
        conversation: conversation(),
        place: Place {
            workspace: "T0ACME".to_owned(),
            channel: "C1".to_owned(),
            kind: PlaceKind::Public,
            thread: "1700000000.000100".to_owned(),
        },
        ts: ts.to_owned(),
        sender: "U1".to_owned(),
    }
}
