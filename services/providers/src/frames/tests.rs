use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

/// The frames of a stream that came in those pieces; what is left at the end comes last.
fn frames(framing: Framing, pieces: &[&[u8]]) -> Result<Vec<String>, TooLong> {
    let mut frames = Frames::new(framing);
    let mut found = Vec::new();
    for mut piece in pieces.iter().copied() {
        while let Some(frame) = frames.next(&mut piece)? {
            found.push(String::from_utf8_lossy(&frame).into_owned());
        }
    }
    found.extend(frames.finish()?.map(|frame| String::from_utf8_lossy(&frame).into_owned()));
    Ok(found)
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(framing: Framing, stream: &str, want: Expect) {
    let whole = frames(framing, &[stream.as_bytes()]).unwrap();
    want.assert_eq(&format!("{whole:?}"));
    let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    assert_eq!(frames(framing, &bytes).unwrap(), whole, "byte by byte");
}

#[test]
fn events_end_with_a_blank_line_whatever_the_line_break() {
    check(Framing::Events, "data: a\n\ndata: b\n\n", expect![[r#"["a", "b"]"#]]);
    check(Framing::Events, "data: a\r\n\r\ndata: b\r\n\r\n", expect![[r#"["a", "b"]"#]]);
    check(Framing::Events, "data: a\r\rdata: b\r\r", expect![[r#"["a", "b"]"#]]);
}

#[test]
fn an_event_may_have_several_lines_and_other_fields() {
    check(
        Framing::Events,
        ": a comment\nevent: delta\nid: 7\ndata: a\ndata:b\ndata\nretry: 5\n\n",
        expect![[r#"["a\nb\n"]"#]],
    );
    check(Framing::Events, ": ping\n\nevent: ping\n\n", expect!["[]"]);
    check(Framing::Events, "database: a\n\n", expect!["[]"]);
}

#[test]
fn the_last_event_needs_no_blank_line() {
    check(Framing::Events, "data: a\n\ndata: b", expect![[r#"["a", "b"]"#]]);
}

#[test]
fn a_mark_at_the_start_is_no_part_of_it() {
    check(Framing::Events, "\u{feff}data: a\n\n", expect![[r#"["a"]"#]]);
    check(Framing::Events, "\u{feff}{\"a\": 1}", expect![[r#"["{\"a\": 1}"]"#]]);
}

#[test]
fn plain_json_is_one_frame() {
    check(
        Framing::Events,
        "{\"error\": {\n\n \"code\": 1}}\n",
        expect![[r#"["{\"error\": {\n\n \"code\": 1}}\n"]"#]],
    );
}

#[test]
fn lines_are_frames_and_blank_ones_are_not() {
    check(
        Framing::Lines,
        "{\"a\": 1}\r\n\n  \n{\"b\": 2}",
        expect![[r#"["{\"a\": 1}", "{\"b\": 2}"]"#]],
    );
}

#[test]
fn a_frame_without_an_end_is_cut_off() {
    let filling = vec![b'x'; FRAME_BYTES_MAX / 2 + 1];
    for framing in [Framing::Events, Framing::Lines] {
        assert_eq!(frames(framing, &[b"data: ", &filling, &filling]), Err(TooLong));
    }
    assert_eq!(frames(Framing::Events, &[b"{", &filling, &filling]), Err(TooLong));
    let line = [b"data: ".as_slice(), &filling, b"\n"].concat();
    assert_eq!(frames(Framing::Events, &[&line, &line]), Err(TooLong), "two lines, one event");
}

#[test]
fn a_stream_without_an_end_is_cut_off() {
    let comment = [b": ".as_slice(), &vec![b'x'; FRAME_BYTES_MAX - 2], b"\n"].concat();
    let comments = vec![comment.as_slice(); STREAM_BYTES_MAX / FRAME_BYTES_MAX + 1];
    assert_eq!(frames(Framing::Events, &comments), Err(TooLong));
}

#[test]
fn what_stands_before_a_whole_body_is_left_out_however_it_comes() {
    let want = Ok(vec!["{".to_owned()]);
    assert_eq!(frames(Framing::Events, &["\r\u{feff}{".as_bytes()]), want);
    assert_eq!(frames(Framing::Events, &[b"\r", "\u{feff}{".as_bytes()]), want);
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        parts in proptest::collection::vec(
            "(data: ?[a-z{]{0,4}|: [a-z]{0,3}|event: x|\u{feff}|\\{)?(\r|\n|\r\n){0,3}",
            1..6,
        ),
        cuts in proptest::collection::vec(0_usize..80, 0..8),
        lines: bool,
    ) {
        let framing = if lines { Framing::Lines } else { Framing::Events };
        let stream = parts.concat();
        let bytes = stream.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
        let trim = |found: Vec<String>| -> Vec<String> {
            found.iter().map(|frame| frame.trim().to_owned()).collect()
        };
        prop_assert_eq!(
            frames(framing, &pieces).map(trim),
            frames(framing, &[bytes]).map(trim)
        );
    }
}
