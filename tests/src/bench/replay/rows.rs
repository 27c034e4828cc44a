//! Rows by `COPY`, as many as there are, and no more than a piece of them at once.

use std::{
    io::{Read as _, Seek as _, Write as _},
    pin::{Pin, pin},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{SinkExt as _, TryStreamExt as _};
use tokio_postgres::{Client, CopyInSink};

/// Bytes that are handed over at a time.
const PIECE_BYTES: usize = 1 << 20;

/// How `COPY` writes that there is no value.
const NULL: &str = "\\N";

/// Rows on their way into a table.
pub(super) struct Rows {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    piece: String,
}

impl Rows {
    /// Into that table and those columns, e.g. `p_event (tenant_id, seq)`.
    pub(super) async fn open(admin: &Client, into: &str) -> anyhow::Result<Self> {
        let sink = admin.copy_in::<_, Bytes>(&format!("copy {into} from stdin")).await?;
        Ok(Self { sink: Box::pin(sink), piece: String::with_capacity(PIECE_BYTES) })
    }

    /// One more.
    pub(super) async fn add(&mut self, columns: &[Option<&str>]) -> anyhow::Result<()> {
        for (nth, column) in columns.iter().enumerate() {
            if 0 < nth {
                self.piece.push('\t');
            }
            match column {
                Some(text) => escape(text, &mut self.piece),
                None => self.piece.push_str(NULL),
            }
        }
        self.piece.push('\n');
        if PIECE_BYTES <= self.piece.len() {
            self.hand_over().await?;
        }
        Ok(())
    }

    /// Says how many there are.
    pub(super) async fn end(mut self) -> anyhow::Result<usize> {
        self.hand_over().await?;
        Ok(usize::try_from(self.sink.as_mut().finish().await?)?)
    }

    async fn hand_over(&mut self) -> anyhow::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        Ok(self.sink.send(Bytes::from(piece)).await?)
    }
}

/// Copies all rows of one table into another that is like it. Says how many, and how long it took to write
/// them: they are read into a file first.
pub(super) async fn copy(
    admin: &Client,
    from: &str,
    into: &str,
) -> anyhow::Result<(usize, Duration)> {
    let mut file = tempfile::tempfile()?;
    let out = admin.copy_out(&format!("copy {from} to stdout (format binary)")).await?;
    let mut out = pin!(out);
    while let Some(piece) = out.try_next().await? {
        file.write_all(&piece)?;
    }
    file.rewind()?;
    let begun = Instant::now();
    let sink =
        admin.copy_in::<_, Bytes>(&format!("copy {into} from stdin (format binary)")).await?;
    let mut sink = pin!(sink);
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        piece.truncate(read);
        sink.send(Bytes::from(piece)).await?;
    }
    let rows = usize::try_from(sink.finish().await?)?;
    Ok((rows, begun.elapsed()))
}

/// What separates columns and rows, and the backslash itself, stands behind a backslash.
fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            other => out.push(other),
        }
    }
}
