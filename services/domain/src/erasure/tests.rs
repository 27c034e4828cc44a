use proptest::prelude::*;
use schemas::{
    ConversationId, CorrelationId, EventId, MessageRef, Timestamp,
    event::{
        ConversationHandedBack, EffectObserved, MessageDeleted, ReplyDelivered, ReplyKind,
        ReplyUncertain,
    },
};
use serde_json::Value;

use super::*;
use crate::{
    replay::{End, Outcome, Person},
    sample::message_ref,
};

fn key(name: &str, sender: &str) -> MessageRef {
    MessageRef { id: name.parse().unwrap(), sender: sender.to_owned(), ..message_ref() }
}

fn thread() -> ConversationId {
    message_ref().conversation
}

fn envelope(story: &str, event: Event) -> Envelope {
    Envelope {
        id: EventId::derive(story, event.kind().topic(), 0),
        source: "test".to_owned(),
        time: Timestamp::from_millis(0),
        tenant: "acme".parse().unwrap(),
        causation: None,
        correlation: story.parse::<CorrelationId>().unwrap(),
        trace: None,
        event,
    }
}

/// A message was written, as far as it matters here.
fn wrote(name: &str, sender: &str) -> Envelope {
    envelope(name, Event::MessageDeleted(MessageDeleted { message: key(name, sender) }))
}

/// What we said in answer came back.
fn echo(effect: &str) -> Envelope {
    let data = EffectObserved {
        connection: "slack-T0ACME".parse().unwrap(),
        conversation: thread(),
        effect: effect.parse().unwrap(),
        channel: "C1".to_owned(),
        ts: "1.2".to_owned(),
    };
    envelope("m-of-the-echo", Event::EffectObserved(data))
}

fn delivered(name: &str, sender: &str, effects: &[&str]) -> Envelope {
    let part = |effect: &&str| SentPart { effect: effect.parse().unwrap(), ts: "1.2".to_owned() };
    let data = ReplyDelivered {
        message: key(name, sender),
        reply: ReplyKind::Answer,
        parts: effects.iter().map(part).collect(),
    };
    envelope(name, Event::ReplyDelivered(data))
}

fn handed_back(story: &str, handed_off: &str, by: &str) -> Envelope {
    let data = ConversationHandedBack {
        connection: "slack-T0ACME".parse().unwrap(),
        conversation: thread(),
        handed_off: handed_off.parse().unwrap(),
        by: HandedBackBy::Person(by.to_owned()),
    };
    envelope(story, Event::ConversationHandedBack(data))
}

/// Those of `U1` on this log.
fn of_ann(log: &[Envelope]) -> Stories {
    let mut stories = Stories::default();
    for envelope in log {
        stories.begin("U1", envelope);
        stories.follow(envelope);
    }
    stories
}

#[test]
fn a_story_is_all_that_follows_from_a_message_and_nothing_of_others() {
    let doubtful = ReplyUncertain {
        message: key("m2", "U1"),
        reply: ReplyKind::Answer,
        effect: "x2".parse().unwrap(),
        detail: "timeout".to_owned(),
    };
    let log = [
        wrote("m1", "U1"),
        delivered("m1", "U1", &["x0", "x1"]),
        wrote("m2", "U1"),
        envelope("m2", Event::ReplyUncertain(doubtful)),
        wrote("m9", "U2"),
        delivered("m9", "U2", &["x9"]),
    ];
    let stories = of_ann(&log);
    assert_eq!(stories.names().collect::<Vec<_>>(), ["m1", "m2", "x0", "x1", "x2"]);
    assert_eq!((stories.messages(), stories.is_empty()), (2, false));
    let cases = [
        (echo("x0"), true),
        (echo("x2"), true),
        (echo("x9"), false),
        (delivered("m1", "U1", &[]), true),
        (wrote("m3", "U1"), false), // written later: they are new here
        (handed_back("m9", "m1", "U2"), true), // somebody else gave back what was handed over for them
        (handed_back("m2", "m9", "U1"), true), // they gave somebody else's back
        (handed_back("m9", "m9", "U2"), false),
    ];
    for (envelope, want) in cases {
        assert_eq!(stories.hold(&envelope), want, "{envelope:?}");
    }
}

#[test]
fn who_gave_a_thread_back_is_known_by_that_alone() {
    let stories = of_ann(&[handed_back("m5", "m9", "U1"), handed_back("m6", "m9", "U2")]);
    assert_eq!(stories.names().collect::<Vec<_>>(), ["m5"]);
}

/// What an event says that was read before, and cannot be any more: its data have a field of another kind.
fn unread(envelope: &Envelope) -> Glimpse {
    let mut value: Value = serde_json::from_slice(&envelope.encode().unwrap()).unwrap();
    value["data"]["text"] = 12_345.into();
    value["type"] = "konstruct.message.received.v9".into();
    Glimpse::of(value.to_string().as_bytes())
}

#[test]
fn what_cannot_be_read_is_theirs_by_what_it_still_says() {
    let mut stories = of_ann(&[wrote("m1", "U1"), delivered("m1", "U1", &["x1"])]);
    stories.begin_by("U1", &unread(&wrote("m2", "U1")));
    stories.begin_by("U1", &unread(&handed_back("m3", "m9", "U1")));
    stories.begin_by("U1", &unread(&wrote("m9", "U2")));
    assert!(stories.follow_by(&unread(&delivered("m2", "U1", &["x2"]))));
    assert_eq!(stories.names().collect::<Vec<_>>(), ["m1", "m2", "m3", "x1", "x2"]);
    let cases = [
        (unread(&wrote("m1", "U1")), (true, false)),
        (unread(&echo("x2")), (true, false)),
        (unread(&handed_back("m9", "m1", "U2")), (true, false)),
        (unread(&wrote("m9", "U2")), (false, false)),
        (unread(&echo("x9")), (false, false)),
        // It is of somebody else's story, and names her.
        (unread(&handed_back("m9", "m9", "U1")), (false, true)),
        (Glimpse::of(b"no JSON at all"), (false, true)),
        (Glimpse::of(br#"{"specversion":"1.0","id":"x"}"#), (false, true)),
    ];
    for (nth, (glimpse, want)) in cases.iter().enumerate() {
        let got = (stories.hold_by(glimpse), stories.may_hold("U1", glimpse));
        assert_eq!(got, *want, "case {nth}");
    }
}

#[test]
fn names_that_were_kept_are_the_same_stories() {
    let stories = of_ann(&[wrote("m1", "U1"), delivered("m1", "U1", &["x1"])]);
    assert_eq!(Stories::of_names(stories.names()), stories);
    assert!(Stories::of_names(["", "e1", "ü", "m.", "-"]).is_empty());
}

#[test]
fn a_kept_turn_is_theirs_whoever_was_answered() {
    let said = |message: &str, person: Option<&str>| Said {
        message: message.parse().unwrap(),
        revision: 0,
        person: person.map(|id| Person { id: id.to_owned(), name: None }),
        text: "words".to_owned(),
    };
    let frozen = |history: Vec<Said>, newest: Said| Frozen {
        tenant_name: String::new(),
        history,
        newest,
        older_exist: false,
        max_output_tokens: 1,
        offered: Vec::new(),
        calls: Vec::new(),
        version: 1,
        builder: 1,
        recorded: Outcome {
            end: End::Refused,
            calls: Vec::new(),
            version: None,
            model: String::new(),
            cost_micros: None,
            latency_ms: 0,
        },
    };
    let stories = of_ann(&[wrote("m1", "U1")]);
    let theirs = || said("m9", Some("U2"));
    let cases = [
        (frozen(vec![], said("m1", Some("U1"))), true),
        (frozen(vec![said("m0", Some("U1"))], theirs()), true), // older than anything else we know
        (frozen(vec![said("m1", None)], theirs()), true),       // what was answered to them
        (frozen(vec![said("m8", None), said("m8", Some("U2"))], theirs()), false),
    ];
    for (nth, (frozen, want)) in cases.iter().enumerate() {
        assert_eq!(stories.are_in("U1", frozen), *want, "case {nth}");
    }
}

#[test]
fn only_what_a_chat_system_calls_people_is_a_person() {
    let cases = [
        ("U0ANN", None),
        ("W-1_2", None),
        ("", Some("it is empty")),
        ("U1/U2", Some("only letters, digits, `-` and `_` may stand in it, e.g. `U123ABC`")),
        ("Ann Ü", Some("only letters, digits, `-` and `_` may stand in it, e.g. `U123ABC`")),
    ];
    for (person, want) in cases {
        assert_eq!(person_problem(person), want, "{person}");
    }
    assert_eq!(person_problem(&"U".repeat(65)), Some("it is longer than 64 bytes"));
}

/// One thing that happens: who wrote which message, and what of it.
fn happening() -> impl Strategy<Value = (u8, u8, u8)> {
    (0..3_u8, 0..6_u8, 0..3_u8)
}

/// A message always has the same author; effects belong to their message.
fn told((what, message, part): (u8, u8, u8)) -> Envelope {
    let (name, sender) = (format!("m{message}"), format!("U{}", message % 3));
    let effect = format!("x{message}-{part}");
    match what {
        0 => wrote(&name, &sender),
        1 => delivered(&name, &sender, &[&effect]),
        _ => echo(&effect),
    }
}

proptest! {
    /// Whatever happens in whichever order: what is held is exactly what is about their messages, but for
    /// echoes of what nothing said was sent.
    #[test]
    fn nothing_of_a_person_is_left_and_nothing_of_others_goes(
        happenings in proptest::collection::vec(happening(), 0..40)
    ) {
        let log: Vec<_> = happenings.iter().copied().map(told).collect();
        let stories = of_ann(&log);
        let said: BTreeSet<_> = log
            .iter()
            .flat_map(|it| sent(&it.event).map(ToString::to_string).collect::<Vec<_>>())
            .collect();
        for ((what, message, part), envelope) in happenings.iter().zip(&log) {
            let is_theirs = message % 3 == 1;
            let is_known = *what < 2 || said.contains(&format!("x{message}-{part}"));
            prop_assert_eq!(stories.hold(envelope), is_theirs && is_known);
            prop_assert_eq!(stories.hold_by(&unread(envelope)), is_theirs && is_known);
        }
    }
}
