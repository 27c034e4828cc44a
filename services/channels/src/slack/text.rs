//! Slack's mrkdwn and entities, as plain text.
//!
//! In Slack's text every `<` opens an entity and `&`, `<`, `>` of a person are escaped, so one pass
//! from left to right reads it, and decodes each escape exactly once.

use std::borrow::Cow;

/// What knows people: who the employee is here, and what others are called.
pub(super) struct Names<'a> {
    /// The user the employee appears as.
    pub(super) me: &'a str,
    /// The name of a user, where it is known.
    pub(super) name_of: &'a dyn Fn(&str) -> Option<String>,
}

/// The longest text we keep, in bytes, its marker included.
pub(super) const BYTES_MAX: usize = domain::incoming::TEXT_BYTES_MAX;

/// Stands at the end of a text that was longer.
pub(super) const SHORTENED: &str = " … [shortened]";

/// The plain text of Slack's mrkdwn, the employee's own mention taken off.
pub(super) fn plain(mrkdwn: &str, names: &Names<'_>) -> String {
    let mut out = Plain::default();
    let mut rest = mrkdwn;
    while let Some(at) = rest.find('<') {
        let (before, entity) = rest.split_at(at);
        out.push(&decode(before));
        let inside = entity.get(1..).unwrap_or_default();
        match inside.find(['<', '>']) {
            Some(end) if inside.get(end..).is_some_and(|tail| tail.starts_with('>')) => {
                let (inside, tail) = inside.split_at(end);
                out.entity(inside, names);
                rest = tail.get(1..).unwrap_or_default();
            }
            Some(_) | None => {
                out.push("<");
                rest = inside;
            }
        }
    }
    out.push(&decode(rest));
    out.finish()
}

/// Whether the mrkdwn mentions this user.
pub(super) fn mentions(mrkdwn: &str, user: &str) -> bool {
    let opens = |rest: &str| {
        let rest = rest.strip_prefix(user);
        rest.is_some_and(|rest| rest.starts_with(['>', '|']))
    };
    !user.is_empty() && mrkdwn.split("<@").skip(1).any(opens)
}

/// Plain text as it grows. An own mention leaves neither a hole nor the comma after it.
#[derive(Default)]
pub(super) struct Plain {
    text: String,
    cut: bool,
}

impl Plain {
    pub(super) fn push(&mut self, text: &str) {
        let text = if std::mem::take(&mut self.cut) { self.close_gap(text) } else { text };
        self.text.push_str(text);
    }

    /// An own mention was here: forget it, and mind the gap when the next text comes.
    fn own_mention(&mut self) {
        self.cut = true;
    }

    /// Whether more than we keep has come already.
    pub(super) fn is_full(&self) -> bool {
        BYTES_MAX < self.text.len()
    }

    /// What is left of `next` when the mention before it is gone.
    fn close_gap<'t>(&mut self, next: &'t str) -> &'t str {
        if self.text.trim_end().is_empty() {
            let next = next.trim_start();
            return next.strip_prefix([',', ':']).unwrap_or(next).trim_start();
        }
        if next.starts_with(|c: char| c.is_whitespace() || ",.:;!?".contains(c)) {
            let kept = self.text.trim_end_matches(' ').len();
            self.text.truncate(kept);
        }
        next
    }

    fn entity(&mut self, inside: &str, names: &Names<'_>) {
        let (target, label) = match inside.split_once('|') {
            Some((target, label)) => (decode(target), decode(label)),
            None => (decode(inside), Cow::Borrowed("")),
        };
        if let Some(user) = target.strip_prefix('@') {
            return self.user(user, &label, names);
        }
        let text = if let Some(channel) = target.strip_prefix('#') {
            prefixed('#', if label.is_empty() { channel } else { &label })
        } else if let Some(special) = target.strip_prefix('!') {
            special_text(special, &label)
        } else {
            link(&target, &label)
        };
        self.push(&text);
    }

    pub(super) fn user(&mut self, user: &str, label: &str, names: &Names<'_>) {
        if user == names.me {
            return self.own_mention();
        }
        let known = (names.name_of)(user).filter(|name| !name.is_empty());
        let name = if label.is_empty() { known.as_deref().unwrap_or(user) } else { label };
        self.push(&prefixed('@', name));
    }

    /// The next text begins on another line.
    pub(super) fn line_end(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.push("\n");
        }
    }

    pub(super) fn finish(mut self) -> String {
        if self.cut {
            let kept = self.text.trim_end().len();
            self.text.truncate(kept);
        }
        bounded(self.text.trim(), BYTES_MAX)
    }
}

fn prefixed(sign: char, name: &str) -> String {
    format!("{sign}{}", name.strip_prefix(sign).unwrap_or(name))
}

/// `<!here>`, `<!subteam^S1|@team>`, `<!date^…|fallback>`.
fn special_text(special: &str, label: &str) -> String {
    let (kind, argument) = special.split_once('^').unwrap_or((special, ""));
    match (kind, label) {
        ("date", "") => String::new(),
        ("subteam", "") => prefixed('@', argument),
        (_, "") => prefixed('@', kind),
        (_, label) => label.to_owned(),
    }
}

/// A link with its label, unless the label is the address itself.
pub(super) fn link(url: &str, label: &str) -> String {
    let bare = url.strip_prefix("mailto:").or_else(|| url.strip_prefix("tel:")).unwrap_or(url);
    let host = bare.strip_prefix("https://").or_else(|| bare.strip_prefix("http://"));
    let host = host.unwrap_or(bare).trim_end_matches('/');
    let says_the_same = label == bare || label.trim_end_matches('/') == host;
    if label.is_empty() || says_the_same { bare.to_owned() } else { format!("{label} ({bare})") }
}

/// `&amp;`, `&lt;` and `&gt;`, once: what a person typed as `&lt;` arrives as `&amp;lt;`.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let known = [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")];
        let found = known.iter().find_map(|(e, c)| Some((escape.strip_prefix(e)?, *c)));
        let (tail, decoded) = found.unwrap_or((escape.get(1..).unwrap_or_default(), "&"));
        out.push_str(decoded);
        rest = tail;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// At most that many bytes, and a marker where there were more.
pub(super) fn bounded(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max.saturating_sub(SHORTENED.len()));
    format!("{}{SHORTENED}", text.get(..end).unwrap_or_default().trim_end())
}

#[cfg(test)]
mod tests;
