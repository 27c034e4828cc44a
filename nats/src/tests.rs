use std::collections::BTreeSet;

use expect_test::expect_file;

use crate::{CONSUMERS, DIRECTORY, RESTORING, STREAMS, Sizes, bounds::PAUSE_MAX};

#[test]
fn the_drawings_match_the_rows() {
    expect_file!["../FLOW.md"].assert_eq(&crate::flow());
    let json = serde_json::to_string_pretty(&crate::json()).unwrap();
    expect_file!["../topology.json"].assert_eq(&format!("{json}\n"));
}

#[test]
fn names_are_unique_and_tokens() {
    let streams = STREAMS.iter().map(|row| row.name).chain([RESTORING.name]);
    let consumers = CONSUMERS.iter().map(|row| row.name);
    let names: Vec<_> = streams.chain(consumers).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    assert!(names.iter().all(|name| name.chars().all(plain)), "{names:?}");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn every_stream_has_its_bytes_and_an_installation_chooses_those_that_people_fill() {
    let own = Sizes { events_bytes_max: 5, directory_bytes_max: 7 };
    for row in STREAMS {
        assert!(0 < row.bytes_max, "{}", row.name);
        let want = match row.name {
            "EVENTS" => 5,
            "DIRECTORY" => 7,
            _ => row.bytes_max,
        };
        assert_eq!(own.of(row), want, "{}", row.name);
        assert_eq!(Sizes::default().of(row), row.bytes_max, "{}", row.name);
    }
}

#[test]
fn no_pause_blocks_a_lane_for_long() {
    for row in CONSUMERS {
        assert!(row.backoff.iter().all(|pause| *pause <= PAUSE_MAX), "{}", row.name);
        assert!(PAUSE_MAX < row.ack_wait, "{}: a pause must not outlast the ack wait", row.name);
    }
}

/// `konstruct setup` would make it, and a backup would bring it along.
#[test]
fn the_mark_of_a_restore_is_no_stream_of_an_installation_and_hears_nothing_of_others() {
    assert!(STREAMS.iter().all(|row| row.name != RESTORING.name));
    for subject in STREAMS.iter().flat_map(|row| row.subjects) {
        let [theirs, ours] = [subject, RESTORING.subjects.first().unwrap()]
            .map(|subject| subject.split('.').next().unwrap());
        assert_ne!(theirs, ours, "{subject}");
    }
}

/// `konstruct at` reads the past from it, and no expected sequence falls back to zero.
#[test]
fn the_directory_keeps_every_event() {
    assert_eq!((DIRECTORY.max_age, DIRECTORY.per_subject_max), (None, None));
}
