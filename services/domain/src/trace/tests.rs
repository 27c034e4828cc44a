use expect_test::expect;
use schemas::{
    CorrelationId, EffectId, EventId, Message, Sender, Text,
    event::{
        CompletionFailed, MessageAccepted, MessageAdmitted, MessageReceived, MessageThrottled,
        ReplyDelivered, ReplyKind, SentPart,
    },
};

use super::*;
use crate::sample::message_ref;

fn message() -> Message {
    Message {
        key: message_ref(),
        channel: schemas::ChannelKind::Slack,
        author: Sender { name: None, home: None },
        address: schemas::Address::Mention,
        text: Text::Plain("top secret".to_owned()),
        attachments: Vec::new(),
        delivery: "Ev1".to_owned(),
        sent_at: Timestamp::from_millis(0),
    }
}

fn envelope(id: &str, millis: i64, event: Event) -> Envelope {
    let message = message().key.id;
    Envelope {
        id: id.parse::<EventId>().unwrap(),
        source: "test".to_owned(),
        time: Timestamp::from_millis(1_700_000_000_000 + millis),
        tenant: "acme".parse().unwrap(),
        causation: None,
        correlation: CorrelationId::from(&message),
        trace: None,
        event,
    }
}

#[test]
fn the_life_of_an_answered_message() {
    let key = message().key;
    let effect: EffectId = "x1".parse().unwrap();
    let delivered = ReplyDelivered {
        message: key.clone(),
        reply: ReplyKind::Apology,
        parts: vec![SentPart { effect, ts: "1.2".to_owned() }],
    };
    let failed = CompletionFailed {
        message: key.clone(),
        agent: None,
        reason: FailureReason::ModelsFailed,
        reference: "e3".to_owned(),
        attempts: Vec::new(),
        cost: None,
        tools: Vec::new(),
        over: None,
    };
    let received = Event::MessageReceived(MessageReceived { message: message() });
    let other =
        Envelope { correlation: "m2".parse().unwrap(), ..envelope("e9", 1, received.clone()) };
    let events = [
        envelope("e4", 1_530, Event::ReplyDelivered(delivered)),
        envelope("e0", 0, received.clone()),
        envelope("e0", 0, received),
        other,
        envelope("e2", 5, Event::MessageAdmitted(MessageAdmitted { message: message() })),
        envelope("e1", 5, Event::MessageAccepted(MessageAccepted { message: message() })),
        envelope("e3", 1_500, Event::CompletionFailed(failed)),
    ];
    let stages = of_message(&key.id, &events);
    expect![[r#"
        stage                    at      took  outcome
        message.received       0 ms      0 ms  by slack-T0ACME
        message.accepted       5 ms      5 ms
        message.admitted       5 ms      0 ms
        completion.failed   1500 ms   1495 ms  every model failed, reference e3
        reply.delivered     1530 ms     30 ms  apology in 1 part(s)
    "#]]
    .assert_eq(&render(&stages));
    assert_eq!(standing(&stages), "reply.delivered");
    assert_eq!(standing(&stages[..3]), "message.admitted");
    assert_eq!(standing(&[]), "unknown");
    assert!(!serde_json::to_string(&stages).unwrap().contains("secret"));
}

#[test]
fn a_throttled_message_says_until_when() {
    let throttled = MessageThrottled {
        message: message().key,
        limit: LimitScope::Tenant,
        per_minute: 30,
        retry_at: Timestamp::from_millis(1_700_000_002_000),
        tell: true,
    };
    let events = [envelope("e1", 0, Event::MessageThrottled(throttled))];
    expect![[r#"
        stage                    at      took  outcome
        message.throttled      0 ms      0 ms  over 30 a minute (tenant), again at 2023-11-14T22:13:22.000Z, person told
    "#]].assert_eq(&render(&of_message(&message().key.id, &events)));
}
