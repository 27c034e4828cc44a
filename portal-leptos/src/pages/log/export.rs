//! Lines as files: ids, with names beside them.

use accounts::Entry;
use schemas::Timestamp;
use serde_json::json;

use super::words::{Names, did, who};
use crate::pages::file::line;

const HEAD: &str = "id,time,operator,name,kind,words,tenant,address,detail\r\n";

/// A line for each.
pub(super) fn csv(entries: &[Entry], names: &Names) -> String {
    let mut text = HEAD.to_owned();
    for entry in entries {
        let operator = entry.operator.as_ref().map(ToString::to_string).unwrap_or_default();
        let tenant = entry.tenant.as_ref().map(ToString::to_string).unwrap_or_default();
        text += &line([
            &*entry.id.to_string(),
            &*entry.at.to_string(),
            &*operator,
            &*who(entry, names),
            &*entry.action,
            &*did(entry, names),
            &*tenant,
            &*entry.ip,
            &*entry.detail.to_string(),
        ]);
    }
    text
}

/// The same whole. `next` says where it would go on, if that was not all.
pub(super) fn json(entries: &[Entry], names: &Names, next: Option<i64>, now: Timestamp) -> String {
    let of = |entry: &Entry| {
        json!({
            "id": entry.id,
            "time": entry.at,
            "operator": entry.operator,
            "name": who(entry, names),
            "kind": entry.action,
            "words": did(entry, names),
            "tenant": entry.tenant,
            "address": entry.ip,
            "detail": entry.detail,
        })
    };
    let entries: Vec<_> = entries.iter().map(of).collect();
    json!({ "exported_at": now, "next": next, "entries": entries }).to_string()
}
