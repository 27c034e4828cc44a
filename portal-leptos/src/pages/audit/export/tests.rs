use views::Changed;

use super::*;

fn change(after: &str) -> Change {
    Change {
        seq: 7,
        at: Timestamp::from_millis(0),
        operator: Some("op1".parse().unwrap()),
        via: "portal".to_owned(),
        kind: "tenant.renamed".to_owned(),
        entity: "tenant".to_owned(),
        version: None,
        fields: vec![Changed {
            field: "name".to_owned(),
            before: Some("Acme".to_owned()),
            after: after.to_owned(),
            long: false,
        }],
        is_sealed: false,
    }
}

#[test]
fn no_cell_is_a_formula_and_no_text_ends_its_cell() {
    let cases = [
        ("Acme", "\"Acme\""),
        ("=1+1", "\"'=1+1\""),
        ("  @SUM(A1)", "\"'  @SUM(A1)\""),
        ("-3", "\"'-3\""),
        ("\t=1", "\"'\t=1\""),
        ("＝1", "\"'＝1\""),
        ("a \"b\", c\r\nd", "\"a \"\"b\"\", c\r\nd\""),
        ("", "\"\""),
    ];
    for (text, want) in cases {
        assert_eq!(cell(text), want, "{text:?}");
    }
}

#[test]
fn a_change_is_a_line_for_each_field() {
    let text = Format::Csv.piece(&[change("Acme 2")], true);
    let want = "\"7\",\"1970-01-01T00:00:00.000Z\",\"op1\",\"portal\",\"tenant.renamed\",\
                \"tenant\",\"\",\"name\",\"Acme\",\"Acme 2\"";
    assert_eq!(text.lines().next(), Some(want));
    let sealed = Change { fields: Vec::new(), is_sealed: true, ..change("") };
    assert!(csv(&[sealed]).ends_with("\"(sealed)\",\"\",\"\"\r\n"));
}

#[test]
fn what_was_left_out_is_said() {
    let tenant: TenantId = "acme".parse().unwrap();
    let whole = |format: Format, next| {
        let begun = format.begin(&tenant, Timestamp::from_millis(0));
        let first = format.piece(&[change("x")], true);
        let second = format.piece(&[change("y"), change("z")], false);
        format!("{begun}{first}{second}{}", format.end(next))
    };
    let read: serde_json::Value = serde_json::from_str(&whole(Format::Json, Some(7))).unwrap();
    assert_eq!(read["next"], 7);
    assert_eq!(read["changes"][2]["fields"][0]["after"], "z");
    let all: serde_json::Value = serde_json::from_str(&whole(Format::Json, None)).unwrap();
    assert!(all["next"].is_null());
    let cut = whole(Format::Csv, Some(7));
    assert!(cut.lines().last().unwrap().contains("(cut)"), "{cut}");
    assert!(cut.lines().last().unwrap().contains("before=7"), "{cut}");
    assert_eq!(whole(Format::Csv, None).lines().count(), 4);
}

#[test]
fn a_session_writes_one_file_at_a_time() {
    let exports = Exports::default();
    let turn = exports.begin("s1");
    assert!(turn.is_some() && exports.begin("s1").is_none());
    assert!(exports.begin("s2").is_some());
    drop(turn);
    assert!(exports.begin("s1").is_some());
}
