//! Slack's blocks, as plain text: what a message says when its `text` is empty, and the tables that
//! people paste, which stand nowhere else.
//!
//! Blocks hold blocks. Each level is parsed as raw slices when it is walked, at most [`DEPTH_MAX`]
//! deep and [`NODES_MAX`] in number, so that neither stack nor memory grows with what was sent.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    text::{Names, Plain, link},
    wire::{lenient, object},
};

/// Slack nests four deep: block, list, item, text.
const DEPTH_MAX: usize = 8;

/// Pieces of text in one message that are read.
const NODES_MAX: usize = 10_000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Node<'a> {
    #[serde(deserialize_with = "lenient")]
    r#type: Option<String>,
    /// A string in elements, an object in sections and headers.
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient")]
    url: Option<String>,
    #[serde(deserialize_with = "lenient")]
    user_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    usergroup_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    channel_id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    range: Option<String>,
    #[serde(deserialize_with = "lenient")]
    fallback: Option<String>,
    #[serde(borrow, deserialize_with = "lenient")]
    elements: Option<Vec<&'a RawValue>>,
    #[serde(borrow, deserialize_with = "lenient")]
    rows: Option<Vec<&'a RawValue>>,
}

/// A piece that was attached: a link's preview, a forwarded message, a pasted table.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Attachment<'a> {
    #[serde(borrow, deserialize_with = "lenient")]
    blocks: Option<Vec<&'a RawValue>>,
    #[serde(deserialize_with = "lenient")]
    text: Option<String>,
    #[serde(deserialize_with = "lenient")]
    fallback: Option<String>,
}

/// What the blocks say, and whether they mention the employee.
pub(super) fn plain(blocks: &[&RawValue], names: &Names<'_>) -> (String, bool) {
    let mut walk = Walk::new(names);
    walk.all(blocks, 0);
    (walk.out.finish(), walk.mentioned)
}

/// The tables among the attachments.
pub(super) fn tables(attachments: &[&RawValue], names: &Names<'_>) -> String {
    let mut walk = Walk::new(names);
    for raw in attachments.iter().take(NODES_MAX) {
        let attachment: Attachment<'_> = object(raw).unwrap_or_default();
        for block in attachment.blocks.unwrap_or_default() {
            walk.only_tables(block);
        }
    }
    walk.out.finish()
}

/// What was forwarded: mrkdwn, or words that say the same.
pub(super) fn forwarded(attachments: &[&RawValue]) -> String {
    let words = attachments.iter().take(20).filter_map(|raw| {
        let attachment: Attachment<'_> = object(raw)?;
        attachment.text.filter(|text| !text.is_empty()).or(attachment.fallback)
    });
    words.collect::<Vec<_>>().join("\n")
}

struct Walk<'n> {
    names: &'n Names<'n>,
    out: Plain,
    mentioned: bool,
    seen: usize,
}

impl<'n> Walk<'n> {
    fn new(names: &'n Names<'n>) -> Self {
        Self { names, out: Plain::default(), mentioned: false, seen: 0 }
    }

    fn all(&mut self, nodes: &[&RawValue], depth: usize) {
        for raw in nodes {
            self.one(raw, depth);
        }
    }

    fn is_over(&self, depth: usize) -> bool {
        DEPTH_MAX < depth || NODES_MAX < self.seen || self.out.is_full()
    }

    fn one(&mut self, raw: &RawValue, depth: usize) {
        self.seen += 1;
        if self.is_over(depth) {
            return;
        }
        let Some(node) = object::<Node<'_>>(raw) else { return };
        match node.r#type.as_deref() {
            Some("text" | "raw_text" | "link" | "mrkdwn" | "plain_text" | "markdown") => {
                self.words(&node);
            }
            Some("user") => self.user(&node),
            Some("usergroup") => self.sign('@', node.usergroup_id),
            Some("channel") => self.sign('#', node.channel_id),
            Some("broadcast") => self.sign('@', node.range),
            Some("emoji") => self.out.push(&format!(":{}:", node.name.unwrap_or_default())),
            Some("date") => self.out.push(&node.fallback.unwrap_or_default()),
            Some("rich_text_list") => self.items(node.elements.as_deref(), depth),
            Some("rich_text_section") => self.section(node.elements.as_deref(), depth),
            Some("table") => self.table(node.rows.as_deref(), depth),
            Some(_) | None => self.block(&node, depth),
        }
    }

    fn words(&mut self, node: &Node<'_>) {
        let text = node.text.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
        let text = text.unwrap_or_default();
        match &node.url {
            Some(url) => self.out.push(&link(url, &text)),
            None => self.out.push(&text),
        }
    }

    fn user(&mut self, node: &Node<'_>) {
        let user = node.user_id.as_deref().unwrap_or_default();
        self.mentioned |= user == self.names.me && !user.is_empty();
        self.out.user(user, "", self.names);
    }

    fn sign(&mut self, sign: char, name: Option<String>) {
        self.out.push(&format!("{sign}{}", name.unwrap_or_default()));
    }

    /// A block, or an element that holds others: on lines of its own.
    fn block(&mut self, node: &Node<'_>, depth: usize) {
        if let Some(text) = node.text {
            self.one(text, depth + 1);
        }
        self.all(node.elements.as_deref().unwrap_or_default(), depth + 1);
        self.out.line_end();
    }

    fn section(&mut self, elements: Option<&[&RawValue]>, depth: usize) {
        self.all(elements.unwrap_or_default(), depth + 1);
        self.out.line_end();
    }

    fn items(&mut self, items: Option<&[&RawValue]>, depth: usize) {
        for item in items.unwrap_or_default() {
            if self.is_over(depth) {
                return;
            }
            self.out.push("- ");
            self.one(item, depth + 1);
            self.out.line_end();
        }
    }

    fn table(&mut self, rows: Option<&[&RawValue]>, depth: usize) {
        for row in rows.unwrap_or_default() {
            if self.is_over(depth) {
                return;
            }
            let cells: Vec<&RawValue> = serde_json::from_str(row.get()).unwrap_or_default();
            for (n, cell) in cells.iter().enumerate() {
                self.cell(n, cell, depth);
            }
            self.out.line_end();
        }
    }

    /// A cell is one line, whatever stands in it.
    fn cell(&mut self, n: usize, cell: &RawValue, depth: usize) {
        let mut inner = Walk { seen: self.seen, ..Walk::new(self.names) };
        inner.one(cell, depth + 1);
        self.seen = inner.seen;
        self.mentioned |= inner.mentioned;
        if 0 < n {
            self.out.push(" | ");
        }
        self.out.push(&inner.out.finish().replace('\n', " "));
    }

    fn only_tables(&mut self, raw: &RawValue) {
        let node: Node<'_> = object(raw).unwrap_or_default();
        if node.r#type.as_deref() == Some("table") {
            self.one(raw, 0);
        }
    }
}
