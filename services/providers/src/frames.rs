//! Cuts a byte stream into frames: server-sent events or lines. Pure, and blind to how the bytes
//! were split on their way.

/// The longest frame, in bytes. A frame is a few tokens; a whole answer in one is still far below.
pub(crate) const FRAME_BYTES_MAX: usize = 1 << 20;

/// The longest stream, in bytes. The wrapping of a token takes some 300 bytes, and 50 000 tokens are
/// more than any answer we ask for.
pub(crate) const STREAM_BYTES_MAX: usize = 16 << 20;

/// How a stream is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events: the `data` of each event. A body that opens with `{` is one frame: some
    /// servers answer `stream: true` with plain JSON, errors above all.
    Events,
    /// One JSON document a line.
    Lines,
}

/// A frame or the stream is longer than we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// What is left between two pieces of the stream.
pub struct Frames {
    framing: Framing,
    /// Set by the first byte that is neither white space nor a byte order mark.
    opened: bool,
    /// The body is a single frame.
    whole: bool,
    /// The line so far.
    line: Vec<u8>,
    /// The last byte was a CR, so that a LF now belongs to it.
    after_cr: bool,
    /// The `data` lines of the event so far.
    data: Option<Vec<u8>>,
    /// Bytes in finished lines.
    taken: usize,
}

impl Frames {
    /// Nothing has come yet.
    pub fn new(framing: Framing) -> Self {
        Self {
            framing,
            opened: false,
            whole: false,
            line: Vec::new(),
            after_cr: false,
            data: None,
            taken: 0,
        }
    }

    /// The next frame that ends within `input`, which is moved past it. `None`: all is taken.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, TooLong> {
        self.open(input);
        while !input.is_empty() {
            if self.whole {
                self.extend(input)?;
                *input = &[];
                return Ok(None);
            }
            if !self.end_of_line(input)? {
                continue;
            }
            if let Some(frame) = self.take_line()? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    /// What an end of the stream completes: servers forget the last line break.
    pub fn finish(mut self) -> Result<Option<Vec<u8>>, TooLong> {
        if self.whole {
            return Ok(Some(self.line.into_iter().skip_while(|byte| is_blank(*byte)).collect()));
        }
        match self.framing {
            Framing::Lines => self.take_line(),
            Framing::Events => {
                self.take_line()?;
                Ok(self.data)
            }
        }
    }

    fn open(&mut self, input: &[u8]) {
        if self.opened {
            return;
        }
        if let Some(first) = input.iter().find(|byte| !is_blank(**byte)) {
            self.opened = true;
            self.whole = self.framing == Framing::Events && *first == b'{';
        }
    }

    /// Takes up to the next line break; says whether there was one.
    fn end_of_line(&mut self, input: &mut &[u8]) -> Result<bool, TooLong> {
        if std::mem::take(&mut self.after_cr)
            && let Some(rest) = input.strip_prefix(b"\n")
        {
            *input = rest;
            return Ok(false);
        }
        let at = input.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let (line, rest) = input.split_at(at.unwrap_or(input.len()));
        self.extend(line)?;
        let Some((end, rest)) = rest.split_first() else {
            *input = &[];
            return Ok(false);
        };
        self.after_cr = *end == b'\r';
        *input = rest;
        Ok(true)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if FRAME_BYTES_MAX < self.line.len().saturating_add(bytes.len()) {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// What the finished line completes.
    fn take_line(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let line = without_mark(std::mem::take(&mut self.line));
        self.taken = self.taken.saturating_add(line.len()).saturating_add(1);
        if STREAM_BYTES_MAX < self.taken {
            return Err(TooLong);
        }
        match self.framing {
            Framing::Lines => Ok(Some(line).filter(|line| !line.trim_ascii().is_empty())),
            Framing::Events if line.is_empty() => Ok(self.data.take()),
            Framing::Events => self.field(&line).map(|()| None),
        }
    }

    /// One field of an event; all but `data` is of no interest, comments included.
    /// (WHATWG HTML, 9.2.6 "Interpreting an event stream".)
    fn field(&mut self, line: &[u8]) -> Result<(), TooLong> {
        let Some(value) = line.strip_prefix(b"data") else { return Ok(()) };
        let value = match value.strip_prefix(b":") {
            Some(value) => value.strip_prefix(b" ").unwrap_or(value),
            None if value.is_empty() => value,
            None => return Ok(()),
        };
        let data = match &mut self.data {
            Some(data) => {
                data.push(b'\n');
                data
            }
            None => self.data.insert(Vec::new()),
        };
        if FRAME_BYTES_MAX < data.len().saturating_add(value.len()) {
            return Err(TooLong);
        }
        data.extend_from_slice(value);
        Ok(())
    }
}

/// What may stand before a stream opens: white space, and the bytes of a byte order mark.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\xEF\xBB\xBF".contains(&byte)
}

/// Without the byte order mark that a stream may open with.
fn without_mark(line: Vec<u8>) -> Vec<u8> {
    match line.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => rest.to_vec(),
        None => line,
    }
}

#[cfg(test)]
mod tests;
