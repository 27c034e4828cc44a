//! What pages show, as it stands in the tables: words still sealed, nobody asked who looks. The crate
//! `views` asks, and opens.
//!
//! Everything is read by [`Database::reader`](crate::Database::reader) or as the platform, with a bound on
//! rows, and in the order of an index, so that a page of a large tenant costs what one of a small does.

pub mod activity;
pub mod conversations;
pub mod home;
pub mod roster;
pub mod tenants;
pub mod thread;
pub mod usage;

/// The most rows of any list.
pub const ROWS_MAX: u32 = 1_000;

/// A bound on rows as a parameter.
fn limit(rows: u32) -> i64 {
    i64::from(rows.min(ROWS_MAX))
}
