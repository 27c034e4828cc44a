use proptest::prelude::*;

use super::{
    Judged::{Over, Passed, Shown},
    *,
};

fn sample(name: &str) -> Envelope {
    let file = format!("{}/../../schemas/samples/{name}.v1.json", env!("CARGO_MANIFEST_DIR"));
    Envelope::decode(&std::fs::read(file).unwrap()).unwrap()
}

fn at(sequence: u64) -> Place {
    Place { sequence, stored: Timestamp::from_millis(i64::try_from(sequence).unwrap() * 1_000) }
}

#[test]
fn what_was_asked_for_is_shown_and_nothing_else() {
    let all = Wanted::default;
    let tenant = |it: &str| Wanted { tenant: Some(it.parse().unwrap()), ..all() };
    let thread = |it: &str| Wanted { thread: Some(it.parse().unwrap()), ..all() };
    let kinds = |it: &[Kind]| Wanted { kinds: it.to_vec(), ..all() };
    let story = |it: &str| Wanted { correlation: Some(it.parse().unwrap()), ..all() };
    let received = sample("message.received");
    let published = sample("agent.published");
    let seen = sample("effect.observed");
    let cases = [
        (all(), &received, true),
        (all(), &published, true),
        (tenant("acme"), &received, true),
        (tenant("beta"), &received, false),
        (thread("C0SUPPORT-1795253340_000900"), &received, true),
        (thread("C0SUPPORT-1795253340_000900"), &seen, true),
        (thread("C0SUPPORT-1"), &received, false),
        (thread("C0SUPPORT-1795253340_000900"), &published, false),
        (kinds(&[Kind::ReplyFailed, Kind::MessageReceived]), &received, true),
        (kinds(&[Kind::ReplyFailed]), &received, false),
        (story("mditfa5a0olo9ql6ii6510l8qt"), &received, true),
        (story("m1"), &received, false),
        (Wanted { kinds: vec![Kind::MessageReceived], ..tenant("beta") }, &received, false),
    ];
    for (wanted, event, want) in cases {
        let want = if want { Judged::Shown } else { Judged::Passed };
        let kind = event.event.kind();
        assert_eq!(wanted.judge(at(1), Some(event)), want, "{wanted:?} {kind:?}");
    }
}

#[test]
fn what_cannot_be_read_is_shown_unless_it_would_have_to_be_read() {
    let all = Wanted::default;
    let cases = [
        (all(), true),
        (Wanted { tenant: Some("acme".parse().unwrap()), ..all() }, true),
        (Wanted { kinds: vec![Kind::ReplyFailed], ..all() }, true),
        (Wanted { thread: Some("C1-1".parse().unwrap()), ..all() }, false),
        (Wanted { correlation: Some("m1".parse().unwrap()), ..all() }, false),
    ];
    for (wanted, want) in cases {
        let want = if want { Judged::Shown } else { Judged::Passed };
        assert_eq!(wanted.judge(at(1), None), want, "{wanted:?}");
    }
}

#[test]
fn both_ends_of_a_stretch_belong_to_it_and_nothing_is_read_after_it() {
    let by_seq = Wanted { from_seq: Some(3), until_seq: Some(5), ..Wanted::default() };
    let [from, until] = [at(3).stored, at(5).stored].map(Some);
    let by_time = Wanted { from, until, ..Wanted::default() };
    for wanted in [by_seq, by_time] {
        let got: Vec<_> = (1..=7).map(|it| wanted.judge(at(it), None)).collect();
        assert_eq!(got, [Passed, Passed, Shown, Shown, Shown, Over, Over], "{wanted:?}");
    }
}

#[test]
fn an_instant_is_named_or_so_long_ago() {
    let now: Timestamp = "2026-11-22T09:30:00Z".parse().unwrap();
    let cases = [
        ("2026-11-21T10:30:00+01:00", "2026-11-21T09:30:00.000Z"),
        ("90s", "2026-11-22T09:28:30.000Z"),
        ("15m", "2026-11-22T09:15:00.000Z"),
        ("2h", "2026-11-22T07:30:00.000Z"),
        ("3d", "2026-11-19T09:30:00.000Z"),
        ("0s", "2026-11-22T09:30:00.000Z"),
    ];
    for (text, want) in cases {
        assert_eq!(instant(text, now).unwrap().to_string(), want, "{text}");
    }
    for text in ["", "m", "15", "15 m", "-15m", "1w", "99999999999999999999d", "yesterday", "15ü"]
    {
        let why = instant(text, now).unwrap_err().to_string();
        let begin = format!("`{text}` is neither an RFC 3339 instant");
        assert!(why.starts_with(&begin), "{why}");
    }
}

#[test]
fn a_moment_has_been_and_is_of_utc_where_no_zone_is_named() {
    let now: Timestamp = "2026-11-22T09:30:00Z".parse().unwrap();
    let cases = [
        ("2026-11-22T09:30", "2026-11-22T09:30:00.000Z"),
        (" 2026-11-21T09:30:05 ", "2026-11-21T09:30:05.000Z"),
        ("2026-11-21 09:30", "2026-11-21T09:30:00.000Z"),
        ("2026-11-21T09:30:05.250", "2026-11-21T09:30:05.250Z"),
        ("2026-11-21T10:30:00+01:00", "2026-11-21T09:30:00.000Z"),
        ("2026-11-21T09:30:05.250Z", "2026-11-21T09:30:05.250Z"),
        ("2h", "2026-11-22T07:30:00.000Z"),
    ];
    for (text, want) in cases {
        assert_eq!(moment(text, now).unwrap().to_string(), want, "{text}");
    }
    let ahead = moment("2026-11-22T09:30:00.001", now).unwrap_err().to_string();
    assert_eq!(ahead, "2026-11-22T09:30:00.001Z lies ahead");
    for text in ["", "yesterday", "2026-11-22", "2026-02-30T09:30", "2026-11-22T25:00", "09:30"] {
        let why = moment(text, now).unwrap_err();
        assert!(matches!(why, NoMoment::NoInstant(_)), "{text}: {why}");
    }
}

#[test]
fn why_something_is_not_there_is_said() {
    let cases = [
        (0, (1, 5), "a stream begins with 1"),
        (2, (3, 5), "it is gone: the oldest that is kept is 3"),
        (4, (3, 5), "it is no longer there"),
        (6, (3, 5), "it never was: the last is 5"),
        (1, (1, 0), "it never was: the last is 0"),
        (2, (6, 5), "it is no longer there"),
    ];
    for (sequence, kept, want) in cases {
        assert_eq!(absent(sequence, kept).to_string(), want, "{sequence} of {kept:?}");
    }
}

#[test]
fn a_word_says_what_the_directory_is_about() {
    let cases = [
        ("message.received", "by slack-T0ACME"),
        ("agent.published", "agent mara, version 3"),
        ("agent.retired", "agent mara"),
        ("workspace.claimed", "workspace T0ACME is held by slack-T0ACME"),
        ("tenant.created", ""),
    ];
    for (name, want) in cases {
        assert_eq!(word(&sample(name).event), want, "{name}");
    }
}

proptest! {
    #[test]
    fn a_moment_is_read_as_it_was_written(millis in 0..2_000_000_000_000_i64) {
        let (at, now) = (Timestamp::from_millis(millis), Timestamp::from_millis(2_000_000_000_000));
        let text = at.to_string();
        prop_assert_eq!(moment(&text, now), Ok(at));
        prop_assert_eq!(moment(text.trim_end_matches('Z'), now), Ok(at));
    }

    #[test]
    fn a_stretch_is_one_piece(from in 0..20_u64, until in 0..20_u64) {
        let wanted = Wanted { from_seq: Some(from), until_seq: Some(until), ..Wanted::default() };
        let shown = |it: &u64| wanted.judge(at(*it), None) == Judged::Shown;
        let got: Vec<_> = (0..30).filter(shown).collect();
        let want: Vec<_> = (from..=until).collect();
        prop_assert_eq!(got, want);
    }
}
