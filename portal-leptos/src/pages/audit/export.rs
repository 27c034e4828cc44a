//! Changes as files.

use schemas::{TenantId, Timestamp};
use serde_json::json;
use views::Change;

const HEAD: &str = "seq,time,operator,via,kind,entity,version,field,before,after\r\n";

/// A line for each field that changed; a change without any has one line.
pub(super) fn csv(changes: &[Change]) -> String {
    let mut text = HEAD.to_owned();
    for change in changes {
        let operator = change.operator.as_ref().map(ToString::to_string).unwrap_or_default();
        let version = change.version.map(|it| it.to_string()).unwrap_or_default();
        let head = [
            change.seq.to_string(),
            change.at.to_string(),
            operator,
            change.via.clone(),
            change.kind.clone(),
            change.entity.clone(),
            version,
        ];
        if change.fields.is_empty() {
            let field = if change.is_sealed { "(sealed)" } else { "" };
            line(&mut text, &head, [field, "", ""]);
        }
        for it in &change.fields {
            let before = it.before.as_deref().unwrap_or_default();
            line(&mut text, &head, [&it.field, before, &it.after]);
        }
    }
    text
}

fn line(text: &mut String, head: &[String], rest: [&str; 3]) {
    let cells = head.iter().map(String::as_str).chain(rest).map(cell);
    text.push_str(&cells.collect::<Vec<_>>().join(","));
    text.push_str("\r\n");
}

/// In quotes. What a spreadsheet would take for a formula gets an apostrophe, and stays a text.
fn cell(text: &str) -> String {
    let first = text.trim_start_matches([' ', '\u{a0}']).chars().next();
    let is_formula = first.is_some_and(|it| "=+-@\t\r\n＝＋－＠".contains(it));
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

/// The same whole. `next` says where it would go on, if that was not all.
pub(super) fn json(
    tenant: &TenantId,
    changes: &[Change],
    next: Option<u64>,
    now: Timestamp,
) -> String {
    json!({
        "tenant": tenant,
        "exported_at": now,
        "next": next,
        "changes": changes,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
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
        let text = csv(&[change("Acme 2")]);
        let want = "\"7\",\"1970-01-01T00:00:00.000Z\",\"op1\",\"portal\",\"tenant.renamed\",\
                    \"tenant\",\"\",\"name\",\"Acme\",\"Acme 2\"";
        assert_eq!(text.lines().nth(1), Some(want));
        let sealed = Change { fields: Vec::new(), is_sealed: true, ..change("") };
        assert!(csv(&[sealed]).ends_with("\"(sealed)\",\"\",\"\"\r\n"));
    }

    #[test]
    fn what_was_left_out_is_said() {
        let tenant: TenantId = "acme".parse().unwrap();
        let text = json(&tenant, &[change("x")], Some(7), Timestamp::from_millis(0));
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["next"], 7);
        assert_eq!(read["changes"][0]["fields"][0]["after"], "x");
    }
}
