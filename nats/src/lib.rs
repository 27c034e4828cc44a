//! The topology, declared once, as data: which streams exist, who reads what and writes what.
//!
//! Services name a row; `konstruct setup` applies the rows; services refuse to start on a
//! difference; `FLOW.md` and `topology.json` are drawn from them and a test fails when they are
//! stale.
//!
//! **Invariant:** no I/O here; the crate builds for `wasm32-unknown-unknown`.

pub mod bounds;
pub mod consumer;
mod draw;
pub mod look;
pub mod stream;

pub use consumer::{
    COMPLETION, CONSUMERS, Consumer, DEDUP, DELIVERY, GATEWAY_WRITES, PROJECT_DIRECTORY,
    PROJECT_EVENTS, RATE_LIMIT, READERS, REVOCATION, Reader, SET_ASIDE,
};
pub use draw::{flow, json};
pub use stream::{
    ADVISORIES, BUCKETS, Bucket, DEADLETTERS, DIRECTORY, Discard, ENGAGEMENTS, EVENTS, RESTORING,
    STREAMS, Sizes, Stream,
};

#[cfg(test)]
mod tests;
