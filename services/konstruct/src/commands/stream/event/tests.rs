use expect_test::{Expect, expect};
use runtime::look::RAW_BYTES_MAX;
use schemas::Timestamp;

use super::*;

fn kept(sequence: u64, subject: &str, payload: &[u8]) -> Kept {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Kept {
        sequence,
        stored: Timestamp::from_millis(1_700_000_000_000),
        subject: subject.to_owned(),
        headers: vec![header("A", "1"), header("A", "2"), header("Nats-Msg-Id", "e1")],
        payload: payload.to_vec().into(),
    }
}

fn sample(name: &str) -> Vec<u8> {
    let file = format!("{}/../../schemas/samples/{name}.v1.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(file).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(stream: &nats::Stream, payload: &[u8], want: Expect) {
    let kept = kept(7, "a.subject", payload);
    want.assert_eq(&line(&kept, &What::of(stream, &kept)));
}

#[test]
fn a_line_says_when_where_whose_what_and_a_word() {
    check(
        &nats::EVENTS,
        &sample("message.received"),
        expect![
            "2023-11-14T22:13:20.000Z         7  acme              message.received          mditfa5a0olo9ql6ii6510l8qt  by slack-T0ACME"
        ],
    );
    let letter = br#"{ "consumer": "delivery", "stream": "EVENTS", "sequence": 3, "subject": "s",
        "tenant": "acme", "event": "e1", "attempts": 2, "reason": "no token",
        "at": "2026-11-22T09:30:00Z" }"#;
    check(
        &nats::DEADLETTERS,
        letter,
        expect![
            "2023-11-14T22:13:20.000Z         7  acme              set aside                 e1                          EVENTS 3 by delivery: no token"
        ],
    );
    let advisory = br#"{ "stream": "EVENTS", "consumer": "delivery", "stream_seq": 3 }"#;
    check(
        &nats::ADVISORIES,
        advisory,
        expect![
            "2023-11-14T22:13:20.000Z         7  -                 given up                  -                           EVENTS 3 by delivery"
        ],
    );
    check(
        &nats::EVENTS,
        b"{}",
        expect![
            "2023-11-14T22:13:20.000Z         7  -                 unreadable                -                           a.subject: not an envelope: missing field `specversion` at line 1 column 2"
        ],
    );
}

#[test]
fn an_event_is_shown_whole_but_for_its_texts() {
    let kept = kept(7, "events.05.acme.message.received", &sample("message.received"));
    let what = What::of(&nats::EVENTS, &kept);
    let shown = json(&nats::EVENTS, (&kept, &what), &domain::veil::size).unwrap();
    assert_eq!(shown["stream"], "EVENTS");
    assert_eq!(shown["sequence"], 7);
    assert_eq!(shown["stored"], "2023-11-14T22:13:20.000Z");
    assert_eq!(shown["subject"], "events.05.acme.message.received");
    assert_eq!(shown["headers"], json!({ "A": "1, 2", "Nats-Msg-Id": "e1" }));
    assert_eq!(shown["event"]["data"]["message"]["ts"], "1795253400.123456");
    assert_eq!(shown["event"]["data"]["message"]["text"], "sealed, 34 bytes");
    let name = &shown["event"]["data"]["message"]["attachments"][1]["name"];
    assert_eq!(*name, "not sealed, 10 bytes");
}

#[test]
fn what_cannot_be_read_is_shown_as_far_as_it_is_bounded_and_without_texts() {
    let shown = |payload: &[u8]| {
        let kept = kept(7, "s", payload);
        let what = What::of(&nats::EVENTS, &kept);
        what.body(&kept, &domain::veil::size).unwrap()["unreadable"].clone()
    };
    let newer = sample("message.received");
    let newer = String::from_utf8(newer).unwrap().replace(".received.v1", ".received.v9");
    let newer = shown(newer.as_bytes());
    let why = "`konstruct.message.received.v9` is of a newer program: the newest version this one \
               reads is v1";
    assert_eq!(newer["why"], why);
    let raw = newer["raw"].as_str().unwrap();
    assert!(raw.contains("\"tenantid\":\"acme\""), "{raw}");
    assert!(raw.contains("\"text\":\"sealed, 34 bytes\"") && !raw.contains("voice note"), "{raw}");
    assert_eq!(newer["is_cut"], false);

    let long = shown("ü".repeat(5_000).as_bytes());
    assert_eq!((&long["bytes"], &long["is_cut"]), (&json!(10_000), &json!(true)));
    assert_eq!(long["raw"].as_str().unwrap().len(), RAW_BYTES_MAX);
    let bytes = shown(&[b'a', 0xff]);
    assert_eq!((&bytes["bytes"], &bytes["raw"]), (&json!(2), &json!("a\u{fffd}")));
}
