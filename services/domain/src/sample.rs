//! A message, for tests that need one.

use schemas::{MessageRef, Place, PlaceKind};

/// The first one of a thread in a public channel.
pub(crate) fn message_ref() -> MessageRef {
    MessageRef {
        id: "m1".parse().unwrap(),
        connection: "slack-T0ACME".parse().unwrap(),
        conversation: "C1-1_1".parse().unwrap(),
        place: Place {
            workspace: "T0ACME".to_owned(),
            channel: "C1".to_owned(),
            kind: PlaceKind::Public,
            thread: "1.1".to_owned(),
        },
        ts: "1.1".to_owned(),
        sender: "U1".to_owned(),
    }
}
