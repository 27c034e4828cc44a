//! Changes as files: read and sent a few at a time, with a bound, and never two for one session.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use domain::day::Day;
use schemas::{TenantId, Timestamp};
use views::{Change, ChangesPage};

use super::Search;
use crate::{
    pages::file::cell,
    server::{error::PageError, render::Cx},
};

/// The most changes of one file. The page says so.
pub(super) const CHANGES_MAX: usize = 5_000;

/// The most bytes of one file; the piece that goes over them is its last. The page says so.
pub(super) const BYTES_MAX: usize = 64 << 20;

/// Changes that are read at once.
const STEP: u32 = 25;

const HEAD: &str = "seq,time,operator,via,kind,entity,version,field,before,after\r\n";

/// The files that are being written, by session.
#[derive(Clone, Default)]
pub struct Exports(Arc<Mutex<HashSet<String>>>);

/// A session's one file; over with this value.
struct Turn {
    exports: Exports,
    session: String,
}

impl Exports {
    fn begin(&self, session: &str) -> Option<Turn> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = session.to_owned();
        all.insert(session.clone()).then(|| Turn { exports: self.clone(), session })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut all = self.exports.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.session);
    }
}

/// What a file is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Json,
}

impl Format {
    const fn kind(self) -> (&'static str, &'static str) {
        match self {
            Format::Csv => ("csv", "text/csv; charset=utf-8"),
            Format::Json => ("json", "application/json"),
        }
    }

    fn begin(self, tenant: &TenantId, now: Timestamp) -> String {
        match self {
            Format::Csv => HEAD.to_owned(),
            Format::Json => {
                let (tenant, now) = (json(tenant), json(&now));
                format!("{{\"tenant\":{tenant},\"exported_at\":{now},\"changes\":[")
            }
        }
    }

    fn piece(self, changes: &[Change], is_first: bool) -> String {
        match self {
            Format::Csv => csv(changes),
            Format::Json => {
                let all: Vec<_> = changes.iter().map(json).collect();
                let joint = if is_first || all.is_empty() { "" } else { "," };
                format!("{joint}{}", all.join(","))
            }
        }
    }

    /// `next` says where it would go on, if that was not all.
    fn end(self, next: Option<u64>) -> String {
        match (self, next) {
            (Format::Csv, None) => String::new(),
            (Format::Csv, Some(next)) => {
                let told = format!("this file is not all: ask again with before={next}");
                let mut text = String::new();
                let empty = String::new;
                let head =
                    [empty(), empty(), empty(), empty(), "(cut)".to_owned(), empty(), empty()];
                line(&mut text, &head, ["", "", &told]);
                text
            }
            (Format::Json, next) => format!("],\"next\":{}}}", json(&next)),
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    // What is written here always is JSON.
    serde_json::to_string(value).unwrap_or_default()
}

/// One file, while it is written.
struct Writing {
    cx: Cx,
    tenant: TenantId,
    search: Search,
    format: Format,
    from: Option<u64>,
    changes: usize,
    bytes: usize,
    is_over: bool,
    _turn: Turn,
}

impl Writing {
    /// The next piece. What cannot be read breaks the answer off, so that nobody takes a part for all.
    async fn next(&mut self) -> Result<String, PageError> {
        let (who, views) = (&self.cx.signed.principal, &self.cx.portal.views);
        let page = ChangesPage { before: self.from, limit: STEP, now: self.cx.now() };
        let page = views.changes(who, &self.tenant, &self.search.filter(), page).await?;
        let mut text = self.format.piece(&page.changes, self.changes == 0);
        self.from = page.next;
        self.changes += page.changes.len();
        self.bytes += text.len();
        self.is_over =
            page.next.is_none() || CHANGES_MAX <= self.changes || BYTES_MAX <= self.bytes;
        if self.is_over {
            text.push_str(&self.format.end(page.next));
        }
        Ok(text)
    }
}

/// A file to keep. One at a time for each session: whoever may read it may not make the portal read it
/// again and again.
pub(super) fn file(
    cx: Cx,
    tenant: TenantId,
    search: Search,
    format: Format,
) -> Result<Response, PageError> {
    let turn = cx.portal.exports.begin(&cx.signed.session).ok_or(PageError::TooMany)?;
    let (end, kind) = format.kind();
    let name = format!("attachment; filename=\"audit-{tenant}-{}.{end}\"", Day::of(cx.now()));
    let begun = format.begin(&tenant, cx.now());
    let from = search.before;
    let writing = Writing {
        cx,
        tenant,
        search,
        format,
        from,
        changes: 0,
        bytes: 0,
        is_over: false,
        _turn: turn,
    };
    let pieces =
        futures::stream::unfold((Some(begun), writing), |(begun, mut writing)| async move {
            if let Some(begun) = begun {
                return Some((Ok(begun), (None, writing)));
            }
            if writing.is_over {
                return None;
            }
            let piece = writing.next().await;
            writing.is_over |= piece.is_err();
            Some((piece, (None, writing)))
        });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// A line for each field that changed; a change without any has one line.
fn csv(changes: &[Change]) -> String {
    let mut text = String::new();
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

#[cfg(test)]
mod tests;
