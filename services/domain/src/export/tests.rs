use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::seal::{DataKey, Owner, Sealing};

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn manifest() -> Manifest {
    Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        tenant: tenant(),
        name: "Acme Ltd".to_owned(),
        made_at: Timestamp::from_millis(1_700_000_000_000),
        program: "konstruct 0.0.0".to_owned(),
        last: BTreeMap::from([("DIRECTORY".to_owned(), 12), ("EVENTS".to_owned(), 3_456)]),
        counts: BTreeMap::from([("EVENTS".to_owned(), 1), ("turn".to_owned(), 1)]),
    }
}

fn event() -> Line {
    Line::Event(EventLine {
        stream: "EVENTS".to_owned(),
        sequence: 7,
        stored: Timestamp::from_millis(1_700_000_000_000),
        event: Some(json!({ "id": "e1", "data": { "text": { "plain": "hello" } } })),
        unreadable: None,
    })
}

fn turn(words: &str) -> Line {
    let Value::Object(row) = json!({ "message_id": "m1", "text": { "plain": words } }) else {
        panic!("no object")
    };
    Line::Row(RowLine { table: "turn".to_owned(), row })
}

/// The whole file of these lines.
fn file(lines: &[Line]) -> Vec<u8> {
    let mut composer = Composer::default();
    let mut bytes = Vec::new();
    for line in std::iter::once(&Line::Manifest(manifest())).chain(lines) {
        bytes.extend(composer.line(line).unwrap());
    }
    bytes.extend(composer.end().unwrap().1);
    bytes
}

/// Every line of it, if it is whole.
fn read(file: &[u8]) -> Result<Vec<Line>, Broken> {
    let mut reading = Reading::default();
    let lines = file.split_inclusive(|byte| *byte == b'\n');
    let lines: Result<Vec<_>, _> = lines.map(|line| reading.line(line)).collect();
    let lines = lines?;
    reading.finish()?;
    Ok(lines)
}

#[test]
fn a_file_is_written_like_this() {
    let text = String::from_utf8(file(&[event(), turn("hello")])).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"line":"manifest","format":"konstruct.tenant.export","version":1,"tenant":"acme","name":"Acme Ltd","made_at":"2023-11-14T22:13:20.000Z","program":"konstruct 0.0.0","last":{"DIRECTORY":12,"EVENTS":3456},"counts":{"EVENTS":1,"turn":1}}"#
    );
    assert_eq!(
        lines[1],
        r#"{"line":"event","stream":"EVENTS","sequence":7,"stored":"2023-11-14T22:13:20.000Z","event":{"id":"e1","data":{"text":{"plain":"hello"}}}}"#
    );
    assert_eq!(
        lines[2],
        r#"{"line":"row","table":"turn","row":{"message_id":"m1","text":{"plain":"hello"}}}"#
    );
    let before = lines[..3].join("\n") + "\n";
    let sha256 = hex::encode(Sha256::digest(before.as_bytes()));
    assert_eq!(
        lines[3],
        format!(
            r#"{{"line":"end","lines":3,"counts":{{"EVENTS":1,"turn":1}},"unopened":0,"unreadable":0,"sha256":"{sha256}"}}"#
        )
    );
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_file_that_is_not_whole_is_refused_and_says_why() {
    let whole = file(&[event(), turn("hello")]);
    let text = String::from_utf8(whole.clone()).unwrap();
    let said = |file: &str| read(file.as_bytes()).unwrap_err().to_string();
    let (cut, _) = text.trim_end().rsplit_once('\n').unwrap();
    let cases = [
        ("", "it does not begin with the manifest of an export"),
        ("hello\n", "it does not begin with the manifest of an export"),
        ("{\"line\":\"end\"}\n", "it does not begin with the manifest of an export"),
        (
            "{\"line\":\"manifest\",\"format\":\"konstruct.tenant.export\",\"version\":2}\n",
            "it has format version 2; this program reads version 1",
        ),
    ];
    for (file, want) in cases {
        assert_eq!(said(file), want, "{file}");
    }
    assert_eq!(
        said(&format!("{cut}\n")),
        "it ends after 3 whole lines, without the last one: it was cut off"
    );
    assert_eq!(said(cut), "it ends after 2 whole lines, without the last one: it was cut off");
    assert_eq!(said(&format!("{text}{{}}\n")), "line 5 stands after the last one");
    let changed = "its SHA-256 is not the one in its last line: it was damaged or changed";
    assert_eq!(said(&text.replace("hello", "hallo")), changed);
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let without = [lines[0], lines[1], lines[3]].concat();
    assert_eq!(said(&without), "it has 0 lines of `turn`, and its last line says 1");
    let second = [lines[0], lines[0]].concat();
    assert_eq!(said(&second), "line 2: a second manifest");
    let other = format!("{}{{\"line\":\"../../etc\"}}\n", lines[0]);
    assert_eq!(said(&other), "line 2: it is no line of an export");
    let row = "{\"line\":\"row\",\"table\":\"turn\",\"row\":{\"a\":";
    let deep = format!("{}{row}{}\n", lines[0], "[".repeat(100_000));
    assert_eq!(said(&deep), "line 2: it is not JSON, or is nested too deep");
}

#[test]
fn a_line_that_is_too_long_is_refused_on_both_sides() {
    let long = turn(&"a".repeat(LINE_BYTES_MAX));
    let mut composer = Composer::default();
    let why = composer.line(&long).unwrap_err().to_string();
    assert_eq!(why, "line 1: it is longer than a line may be");
    let why = Reading::default().line(&vec![b'a'; LINE_BYTES_MAX + 1]).unwrap_err().to_string();
    assert_eq!(why, "line 1: it is longer than a line may be");
}

#[test]
fn what_was_not_opened_or_read_stands_in_the_last_line() {
    let unreadable = EventLine {
        stream: "EVENTS".to_owned(),
        sequence: 8,
        stored: Timestamp::from_millis(0),
        event: None,
        unreadable: Some("unknown event type".to_owned()),
    };
    let mut composer = Composer::default();
    composer.line(&Line::Manifest(manifest())).unwrap();
    composer.line(&Line::Event(unreadable)).unwrap();
    composer.line(&turn("hello")).unwrap();
    composer.unopened(2);
    let (end, _) = composer.end().unwrap();
    assert_eq!((end.lines, end.unopened, end.unreadable), (3, 2, 1));
}

#[test]
fn texts_are_opened_for_their_owner_and_others_stay_sealed() {
    let (tenant, sealing) = (tenant(), Sealing::On(DataKey::new([7; 32])));
    let (m1, m2) = (Owner { tenant: &tenant, of: "m1" }, Owner { tenant: &tenant, of: "m2" });
    let (ours, theirs) = (sealing.seal(m1, "hello"), sealing.seal(m2, "psst"));
    let mut value = json!({ "a": [ours, 1, null], "b": { "c": theirs.clone() } });
    assert_eq!(open(&mut value, m1, &sealing), 1);
    assert_eq!(value, json!({ "a": [{ "plain": "hello" }, 1, null], "b": { "c": theirs } }));
}

proptest! {
    #[test]
    fn what_is_written_is_read(words in prop::collection::vec("\\PC{0,40}", 0..8)) {
        let mut lines: Vec<_> = words.iter().map(|words| turn(words)).collect();
        lines.push(event());
        let read = read(&file(&lines)).unwrap();
        prop_assert_eq!(&read[1..=lines.len()], &lines[..]);
    }

    #[test]
    fn no_byte_before_the_last_line_is_changed_unseen(at in 0_usize..10_000, to in any::<u8>()) {
        let whole = file(&[event(), turn("hello")]);
        let mut composer = Composer::default();
        let before = [Line::Manifest(manifest()), event(), turn("hello")];
        let before: usize = before.iter().map(|it| composer.line(it).unwrap().len()).sum();
        let mut changed = whole.clone();
        changed[at % before] = to;
        prop_assume!(changed != whole);
        prop_assert!(read(&changed).is_err());
    }

    #[test]
    fn no_part_of_a_file_is_taken_for_whole(to in 0_usize..10_000) {
        let whole = file(&[event(), turn("hello")]);
        prop_assert!(read(&whole[..to % whole.len()]).is_err());
    }

    #[test]
    fn sealed_and_opened_it_is_what_it_was(words in prop::collection::vec("\\PC{0,40}", 0..8)) {
        let (tenant, sealing) = (tenant(), Sealing::On(DataKey::new([7; 32])));
        let owner = Owner { tenant: &tenant, of: "m1" };
        let texts: Vec<_> = words.iter().map(|words| json!({ "plain": words })).collect();
        let value = json!({ "texts": texts, "n": 1 });
        let mut there = value.clone();
        seal(&mut there, owner, &sealing);
        prop_assert!(words.is_empty() || there != value);
        prop_assert_eq!(open(&mut there, owner, &sealing), 0);
        prop_assert_eq!(there, value);
    }
}
