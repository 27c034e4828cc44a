//! How full the streams are.

use nats::{BUCKETS, STREAMS};

use crate::Bus;

/// How full a stream or bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The stream or bucket.
    pub object: String,
    /// Bytes it has.
    pub bytes: u64,
    /// Bytes it may have; 0 where nothing bounds it.
    pub bytes_max: u64,
}

impl Fill {
    /// How much of its room is used, in percent.
    pub fn percent(&self) -> u64 {
        (self.bytes.saturating_mul(100)).checked_div(self.bytes_max).unwrap_or(0)
    }
}

/// How full every stream and bucket is that is there.
pub async fn fill(bus: &Bus) -> anyhow::Result<Vec<Fill>> {
    let streams = STREAMS.iter().map(|row| (format!("stream {}", row.name), row.name.to_owned()));
    let buckets =
        BUCKETS.iter().map(|row| (format!("bucket {}", row.name), format!("KV_{}", row.name)));
    let mut fill = Vec::new();
    for (object, name) in streams.chain(buckets) {
        match bus.jetstream.get_stream(&name).await {
            Ok(found) => {
                let info = found.cached_info();
                let bytes_max = u64::try_from(info.config.max_bytes).unwrap_or(0);
                fill.push(Fill { object, bytes: info.state.bytes, bytes_max });
            }
            Err(error) if super::is_missing(&error.kind()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(fill)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_full_by_its_bytes() {
        let fill = |bytes, bytes_max| Fill { object: "x".to_owned(), bytes, bytes_max };
        let cases = [(0, 0, 0), (5, 0, 0), (799, 1000, 79), (800, 1000, 80), (1000, 1000, 100)];
        for (bytes, bytes_max, want) in cases {
            assert_eq!(fill(bytes, bytes_max).percent(), want, "{bytes} of {bytes_max}");
        }
    }
}
