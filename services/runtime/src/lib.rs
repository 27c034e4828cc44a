//! The shell every service shares: it moves events, so that handlers only decide.
//!
//! To add a consumer: a row in `nats/src/consumer.rs`, a type that is a [`Handler`], and a line in
//! its program that calls [`consume`].
//!
//! **Invariant:** this is the only crate that names `async_nats`, beside `tests/`.
//! **Invariant:** an event is acknowledged only after its consequences are stored.

pub mod admin;
pub mod backup;
mod bus;
mod clock;
pub mod config;
mod consume;
mod deadletter;
mod directory;
mod engagements;
pub mod erase;
mod failure;
pub mod files;
mod follow;
pub mod live;
pub mod look;
pub mod restoring;
pub mod setup;
pub mod shutdown;
pub mod telemetry;

pub use bus::{Bus, BusError, Recorded, Span, Stored};
pub use clock::Clock;
pub use consume::{Context, Delivery, Handler, Lane, Why, consume};
pub use deadletter::{DeadLetter, letters, watch_advisories};
pub use directory::{DirectoryWatch, DirectoryWriter, Snapshot, WRITE_EVENTS_MAX, WriteError};
pub use engagements::Engagements;
pub use failure::{Failure, Verdict};
pub use follow::{Follower, Past, Read, follow};
