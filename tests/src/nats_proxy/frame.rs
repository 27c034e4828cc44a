//! One operation of the NATS client protocol, as it stands on the wire.

use std::{io, str};

use bytes::{Buf as _, Bytes, BytesMut};

/// The longest line before a payload: subjects and the server's own description are shorter.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// An operation, in whichever direction.
#[derive(Debug)]
pub(super) struct Frame {
    /// All of it, as it came.
    pub(super) bytes: Bytes,
    /// What it carries, if it carries anything.
    pub(super) message: Option<Message>,
}

/// What is published or delivered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Whether it is on its way to a client.
    pub(super) is_delivered: bool,
    /// The subject.
    pub(super) subject: String,
    /// Where an answer is expected.
    pub(super) reply: Option<String>,
    /// The payload, headers left out.
    pub(super) payload: Bytes,
}

/// Where the payload of an operation lies behind its line.
struct Head {
    message: Message,
    header_len: usize,
    total_len: usize,
}

/// Takes the first operation off the buffer, once all of it is there.
pub(super) fn take(buffer: &mut BytesMut) -> io::Result<Option<Frame>> {
    let Some(line_len) = buffer.windows(2).position(|two| two == b"\r\n") else {
        if LINE_BYTES_MAX < buffer.len() {
            return Err(io::Error::other("a line without an end"));
        }
        return Ok(None);
    };
    let line = buffer.get(..line_len).unwrap_or_default();
    let line = str::from_utf8(line).map_err(io::Error::other)?;
    let Some(head) = head(line)? else {
        let bytes = buffer.split_to(line_len + 2).freeze();
        return Ok(Some(Frame { bytes, message: None }));
    };
    let len = line_len + 2 + head.total_len + 2;
    if buffer.len() < len {
        return Ok(None);
    }
    let bytes = buffer.split_to(len).freeze();
    let mut payload = bytes.clone();
    payload.advance(line_len + 2 + head.header_len);
    payload.truncate(head.total_len - head.header_len);
    Ok(Some(Frame { bytes, message: Some(Message { payload, ..head.message }) }))
}

/// Reads the line of an operation that carries something.
fn head(line: &str) -> io::Result<Option<Head>> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let verb = words.first().map(|verb| verb.to_ascii_uppercase()).unwrap_or_default();
    // Words before the optional reply, and lengths after it.
    let (before, lengths) = match verb.as_str() {
        "PUB" => (2, 1),
        "HPUB" => (2, 2),
        "MSG" => (3, 1),
        "HMSG" => (3, 2),
        _ => return Ok(None),
    };
    let number = |from_end: usize| -> io::Result<usize> {
        let at = words.len().checked_sub(from_end).and_then(|at| words.get(at));
        at.and_then(|word| word.parse().ok()).ok_or_else(|| io::Error::other("no length"))
    };
    let total_len = number(1)?;
    let header_len = if lengths == 2 { number(2)? } else { 0 };
    let has_reply = before + lengths < words.len();
    let reply = words.get(before).filter(|_| has_reply).map(|&reply| reply.to_owned());
    let subject = words.get(1).copied().unwrap_or_default().to_owned();
    let is_delivered = before == 3;
    let message = Message { is_delivered, subject, reply, payload: Bytes::new() };
    if total_len < header_len {
        return Err(io::Error::other("headers longer than the whole"));
    }
    Ok(Some(Head { message, header_len, total_len }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of bytes that arrive one by one.
    fn read(wire: &[u8]) -> (Vec<Bytes>, Vec<Message>) {
        let (mut bytes, mut messages, mut buffer) = (Vec::new(), Vec::new(), BytesMut::new());
        for byte in wire {
            buffer.extend_from_slice(&[*byte]);
            while let Some(frame) = take(&mut buffer).unwrap() {
                bytes.push(frame.bytes);
                messages.extend(frame.message);
            }
        }
        assert!(buffer.is_empty(), "{buffer:?} is left");
        (bytes, messages)
    }

    #[test]
    fn operations_are_found_and_nothing_of_them_is_lost() {
        let wire = b"CONNECT {\"verbose\":false}\r\nPING\r\n\
            PUB $JS.ACK.EVENTS.dedup.1.2.3.4.5 4\r\n+ACK\r\n\
            PUB a.b INBOX.1 0\r\n\r\n\
            HPUB events.x INBOX.2 12 14\r\nNATS/1.0\r\n\r\n\r\n\r\n\
            MSG a.b 7 11\r\nhello\r\nPUB \r\n\
            HMSG events.x 9 $JS.ACK.q 12 13\r\nNATS/1.0\r\n\r\n!\r\nPONG\r\n";
        let (bytes, messages) = read(wire);
        assert_eq!(bytes.concat(), wire);
        assert_eq!(bytes.len(), 8);
        let said =
            |delivered, subject: &str, reply: Option<&str>, payload: &'static [u8]| Message {
                is_delivered: delivered,
                subject: subject.to_owned(),
                reply: reply.map(str::to_owned),
                payload: Bytes::from_static(payload),
            };
        let want = [
            said(false, "$JS.ACK.EVENTS.dedup.1.2.3.4.5", None, b"+ACK"),
            said(false, "a.b", Some("INBOX.1"), b""),
            said(false, "events.x", Some("INBOX.2"), b"\r\n"),
            said(true, "a.b", None, b"hello\r\nPUB "),
            said(true, "events.x", Some("$JS.ACK.q"), b"!"),
        ];
        assert_eq!(messages, want);
    }

    #[test]
    fn what_is_no_operation_is_refused() {
        for wire in ["PUB a.b x\r\n", "PUB\r\n", "HPUB a 5 4\r\n"] {
            assert!(take(&mut BytesMut::from(wire)).is_err(), "{wire}");
        }
    }
}
