//! PostgreSQL: what services must remember between events.
//!
//! Three roles, three doors. [`Database`] is the app role's: its rows are only ever seen through a
//! [`TenantTx`], which binds one tenant. [`Platform`] is for the few things done across tenants,
//! each with a [`Purpose`] and a row in the audit. [`migrate`] is the owner's, and so are the
//! [`generation::Generations`] of the read models, and [`mod@backup`].
//!
//! To add a table: a file in `migrations/`, a line in [`mod@migrate`], and `CALL tenant_table(…)` in
//! it; the tests walk the catalogue and find what was forgotten.
//!
//! **Invariant:** this is the only crate that names `tokio_postgres`, beside `tests/`.
//! **Invariant:** SQL is `&'static str`: nothing a person said is ever part of a statement.
//! **Invariant:** no error, log line or `Debug` holds a row, a parameter, a key or a password.

pub mod accounts;
pub mod alone;
pub mod backup;
pub mod changes;
pub mod check;
pub mod checkpoint;
pub mod completions;
mod database;
pub mod dedup;
pub mod deferred;
pub mod drafts;
pub mod effects;
pub mod erase;
pub mod erasures;
mod error;
pub mod fence;
mod gather;
pub mod generation;
mod in_order;
pub mod keys;
pub mod letters;
pub mod limits;
pub mod memory;
pub mod migrate;
mod owner;
pub mod past;
mod platform;
pub mod portable;
pub mod programs;
pub mod projections;
pub mod prune;
pub mod replays;
pub mod replies;
mod role;
pub mod rotate;
mod row;
mod sealer;
pub mod secrets;
mod session;
mod settings;
pub mod spend;
mod tenant_tx;
mod tls;
pub mod tool_calls;
pub mod trials;
pub mod views;

pub use database::Database;
pub use error::StoreError;
pub use keys::Keys;
pub use migrate::migrate;
pub use platform::{Platform, PlatformTx, Purpose};
pub use role::Role;
pub use sealer::Sealer;
pub use settings::Settings;
pub use tenant_tx::TenantTx;
