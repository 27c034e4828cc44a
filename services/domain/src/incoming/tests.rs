use proptest::prelude::*;
use schemas::{ChannelKind, ConnectionStatus, PlaceKind, Text};

use super::*;
use crate::seal::DataKey;

fn connection() -> Connection {
    Connection {
        id: "slack-T0ACME".parse().unwrap(),
        channel: ChannelKind::Slack,
        app: "default".to_owned(),
        workspace: "T0ACME".to_owned(),
        bot_user: "U0MARA".to_owned(),
        agent: "mara".parse().unwrap(),
        token: "slack-T0ACME/bot_token".to_owned(),
        status: ConnectionStatus::Active,
    }
}

fn incoming(text: &str) -> Incoming {
    Incoming {
        place: Place {
            workspace: "T0ACME".to_owned(),
            channel: "C1".to_owned(),
            kind: PlaceKind::Public,
            thread: "1700000000.123456".to_owned(),
        },
        ts: "1700000001.000100".to_owned(),
        sender: "U1".to_owned(),
        author: Sender { name: Some("Ann".to_owned()), home: None },
        author_kind: HeardAuthor::Person,
        change: Change::New,
        bot_mentioned: true,
        in_thread: true,
        text: text.to_owned(),
        attachments: vec![IncomingAttachment {
            id: "F1".to_owned(),
            name: "plan.pdf".to_owned(),
            media_type: Some("application/pdf".to_owned()),
            size: Some(7),
        }],
        delivery: "Ev1".to_owned(),
        sent_at: Timestamp::from_millis(1_700_000_001_000),
    }
}

#[test]
fn a_message_is_sealed_and_its_delivery_does_not_change_its_id() {
    let tenant: TenantId = "acme".parse().unwrap();
    let sealing = Sealing::On(DataKey::new([7; 32]));
    let seal = |it: Incoming| it.into_message(&tenant, &connection(), Address::Mention, &sealing);
    let message = seal(incoming("hello"));
    let again = seal(Incoming { delivery: "Ev2".to_owned(), ..incoming("hello") });
    assert_eq!(message.key, again.key);
    assert_eq!(message.text, again.text);
    assert_eq!(message.key.conversation.as_str(), "C1-1700000000_123456");

    let owner = Owner { tenant: &tenant, of: message.key.id.as_str() };
    assert_eq!(sealing.open(owner, &message.text), Ok("hello".to_owned()));
    assert_eq!(sealing.open(owner, &message.attachments[0].name), Ok("plan.pdf".to_owned()));
    let shown = format!("{:?} {message:?}", incoming("hello"));
    assert!(!shown.contains("hello") && !shown.contains("plan.pdf"), "{shown}");
}

#[test]
fn a_message_is_bounded() {
    let tenant: TenantId = "acme".parse().unwrap();
    let mut long = incoming(&"ß".repeat(TEXT_BYTES_MAX));
    long.text.insert(0, 'x');
    long.attachments = vec![long.attachments[0].clone(); 1000];
    let message = long.into_message(&tenant, &connection(), Address::Mention, &Sealing::Off);
    let Text::Plain(text) = message.text else { panic!("sealed") };
    assert_eq!(text.len(), TEXT_BYTES_MAX - 1);
    assert_eq!(message.attachments.len(), ATTACHMENTS_MAX);
}

#[test]
fn odd_threads_get_a_hash() {
    let id = |channel, thread| conversation_of(channel, thread).as_str().to_owned();
    assert_eq!(id("C1", "1700000000.123456"), "C1-1700000000_123456");
    for (channel, thread) in [("C-1", "1.1"), ("C1", "a_b"), ("C1", "1 2"), (&"C".repeat(64), "1")]
    {
        let id = id(channel, thread);
        assert!(id.starts_with('h') && id.len() == 33, "{channel} {thread}: {id}");
    }
}

proptest! {
    #[test]
    fn no_two_threads_share_an_id(
        a in ("[C1._-]{0,4}", "[1._-]{0,4}"),
        b in ("[C1._-]{0,4}", "[1._-]{0,4}"),
    ) {
        let same = conversation_of(&a.0, &a.1) == conversation_of(&b.0, &b.1);
        prop_assert_eq!(same, a == b);
    }

    #[test]
    fn any_text_has_an_id(channel in "\\PC{0,80}", thread in "\\PC{0,80}") {
        let id = conversation_of(&channel, &thread);
        prop_assert!(!id.as_str().is_empty());
    }
}
