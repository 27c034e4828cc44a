//! The address of a tool, with arguments in braces.
//!
//! Whatever the arguments say, the scheme, the host, the port, the number of path segments and the
//! names in the query are those that an operator wrote: only the template says where a call goes.
//!
//! What is filled in is written as the URL standard writes it, so that whoever reads it again has the
//! same text: without the port that the scheme has anyway, and with `%27` for a `'` in the query.

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, Ipv6Addr},
};

use serde_json::{Map, Value};

/// The longest address, in bytes, once its arguments are in it.
pub const URL_BYTES_MAX: usize = 8 * 1024;

/// A template that can be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate {
    is_tls: bool,
    host: String,
    /// Where it is not the scheme's own.
    port: Option<u16>,
    /// What stands between two slashes.
    path: Vec<Vec<Part>>,
    /// What stands between two `&`.
    query: Vec<Vec<Part>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Argument(String),
}

/// Where an argument stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
}

impl UrlTemplate {
    /// Reads a template, or says what is wrong with it, to be read after `url`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has a character that cannot stand in an address: write it as `%` and hex");
        }
        let (is_tls, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err("does not begin with `https://`"),
        };
        if rest.contains(['#', '\\']) {
            return Err("has a `#` or a `\\` in it");
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (host, port) = authority_of(authority)?;
        let port = port.filter(|port| *port != usual_port(is_tls));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.strip_prefix('/').unwrap_or(path).split('/');
        let path: Vec<_> = path.map(|it| parts(it, Place::Path)).collect::<Result<_, _>>()?;
        let query = query.split('&').filter(|it| !it.is_empty());
        let query = query.map(|it| parts(it, Place::Query)).collect::<Result<_, _>>()?;
        Ok(Self { is_tls, host, port, path, query })
    }

    /// Whether the way is encrypted.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The host: a name or an address, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(usual_port(self.is_tls))
    }

    /// The arguments that it names, and whether it cannot do without: those in the path.
    pub fn arguments(&self) -> impl Iterator<Item = (&str, bool)> {
        let path = self.path.iter().flatten().filter_map(Part::argument);
        let query = self.query.iter().flatten().filter_map(Part::argument);
        path.map(|name| (name, true)).chain(query.map(|name| (name, false)))
    }

    /// The address for these arguments, or why there is none, in a sentence for the model. What is
    /// left out of the query is left out whole.
    pub fn fill(&self, arguments: &Map<String, Value>) -> Result<String, String> {
        let mut url = if self.is_tls { "https://" } else { "http://" }.to_owned();
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        _ = write!(url, "{open}{}{close}", self.host);
        url.push_str(&self.port.map(|port| format!(":{port}")).unwrap_or_default());
        for parts in &self.path {
            url.push('/');
            url.push_str(&segment(parts, arguments)?);
        }
        let mut mark = '?';
        for parts in &self.query {
            if let Some(pair) = pair(parts, arguments)? {
                url.push(mark);
                url.push_str(&pair);
                mark = '&';
            }
        }
        if URL_BYTES_MAX < url.len() {
            return Err(format!(
                "the arguments make an address of more than {URL_BYTES_MAX} bytes"
            ));
        }
        Ok(url)
    }
}

impl Part {
    fn argument(&self) -> Option<&str> {
        match self {
            Part::Argument(name) => Some(name),
            Part::Literal(_) => None,
        }
    }
}

const fn usual_port(is_tls: bool) -> u16 {
    if is_tls { 443 } else { 80 }
}

/// A host that every reader of addresses understands alike, and a port.
fn authority_of(authority: &str) -> Result<(String, Option<u16>), &'static str> {
    if authority.contains(['{', '}']) {
        return Err("has an argument in its host: only path and query may have some");
    }
    if authority.contains('@') {
        return Err("has a user or a password in it: put them into a header");
    }
    let v6 = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, port) = match v6 {
        Some((host, rest)) => (host, rest.strip_prefix(':').or(rest.is_empty().then_some(""))),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("")),
        },
    };
    let port = match port {
        Some("") if !authority.ends_with(':') => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port = digits.parse::<u16>().ok().filter(|port| 0 < *port);
            Some(port.ok_or("has a port that is none")?)
        }
        Some(_) | None => return Err("has a port that is none"),
    };
    let host = match v6.map(|_| host.parse::<Ipv6Addr>()) {
        None => name_of(host)?,
        Some(Ok(address)) if address.to_ipv4_mapped().is_none() => address.to_string(),
        Some(_) => return Err("has a host that is none, or IPv4 in the clothes of IPv6"),
    };
    Ok((host, port))
}

/// A name in lower case or an IPv4 address as people write it. Numbers in other forms are not taken:
/// `0x7f.1` and `2130706433` are 127.0.0.1 to some, and a name to others.
fn name_of(host: &str) -> Result<String, &'static str> {
    let host = host.to_ascii_lowercase();
    let label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let length = (1..=63).contains(&label.len());
        length && label.bytes().all(plain) && !label.starts_with('-') && !label.ends_with('-')
    };
    if 253 < host.len() || !host.split('.').all(label) {
        return Err("has a host that is none: a name of letters, digits, `-` and `.`");
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    if is_number && host.parse::<Ipv4Addr>().is_err() {
        return Err("has a number for a host that is no IPv4 address of four decimal parts");
    }
    Ok(host)
}

/// Literals and arguments by turns.
fn parts(text: &str, place: Place) -> Result<Vec<Part>, &'static str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, left) = after.split_once('}').ok_or("has a `{` without its `}`")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !(1..=64).contains(&name.len()) || !name.bytes().all(plain) {
            return Err("has braces with something else in them than an argument's name");
        }
        parts.push(Part::Literal(written(before, place)));
        parts.push(Part::Argument(name.to_owned()));
        rest = left;
    }
    parts.push(Part::Literal(written(rest, place)));
    parts.retain(|part| !matches!(part, Part::Literal(text) if text.is_empty()));
    let mut literals = parts.iter().filter_map(|part| match part {
        Part::Literal(text) => Some(text.as_str()),
        Part::Argument(_) => None,
    });
    literals.try_for_each(|it| literal(it, place))?;
    let is_literal = parts.iter().all(|part| part.argument().is_none());
    if place == Place::Path && is_literal && is_dots(text) {
        return Err("has `.` or `..` between two slashes");
    }
    Ok(parts)
}

/// A literal as the URL standard writes it.
fn written(text: &str, place: Place) -> String {
    match place {
        Place::Path => text.to_owned(),
        Place::Query => text.replace('\'', "%27"),
    }
}

/// Passes if every reader takes it as it stands.
fn literal(text: &str, place: Place) -> Result<(), &'static str> {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=:@%".contains(&byte)
            || place == Place::Query && b"/?".contains(&byte)
    };
    if !text.bytes().all(plain) {
        return Err("has a character that must be written as `%` and hex");
    }
    for after in text.split('%').skip(1) {
        let hex = after.get(..2).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            None => return Err("has a `%` without its two hex digits"),
            Some(b'/' | b'\\' | b'.' | 0..=31) if place == Place::Path => {
                return Err("has an encoded slash, dot or control character in its path");
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn is_dots(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

/// What stands between two slashes.
fn segment(parts: &[Part], arguments: &Map<String, Value>) -> Result<String, String> {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Argument(name) => {
                let text = text_of(name, arguments)?;
                let text = text.ok_or_else(|| format!("the argument `{name}` is missing"))?;
                if text.is_empty() {
                    return Err(format!("the argument `{name}` is empty"));
                }
                // Encoded they are one segment, but not to every server that decodes early.
                if text.contains(['/', '\\']) || text.contains(char::is_control) {
                    return Err(format!("the argument `{name}` has a slash or a line break in it"));
                }
                out.push_str(&encode(&text));
            }
        }
    }
    if is_dots(&out) {
        return Err("the arguments make a path with `.` or `..`".to_owned());
    }
    Ok(out)
}

/// What stands between two `&`; nothing if an argument of it is left out.
fn pair(parts: &[Part], arguments: &Map<String, Value>) -> Result<Option<String>, String> {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Argument(name) => match text_of(name, arguments)? {
                Some(text) => out.push_str(&encode(&text)),
                None => return Ok(None),
            },
        }
    }
    Ok(Some(out))
}

fn text_of(name: &str, arguments: &Map<String, Value>) -> Result<Option<String>, String> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(truth)) => Ok(Some(truth.to_string())),
        Some(Value::Array(_) | Value::Object(_)) => {
            Err(format!("the argument `{name}` must be text, a number or true or false"))
        }
    }
}

/// All but letters, digits and `-`, `.`, `_`, `~` becomes `%` and hex.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests;
