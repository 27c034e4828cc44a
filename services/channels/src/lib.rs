//! The chat systems we speak with: one folder each, all behind [`Inbound`] and [`Outbound`].
//!
//! A channel has two halves, since two programs use it: a gateway hears and holds no token, delivery
//! speaks and holds no signing secret. Both traits are object-safe: which channel it is stands in
//! the connection, known only when a message is there; a boxed future is nothing beside an HTTP call.
//!
//! To add a channel: copy a folder, implement both halves, and give its subject to the contract
//! suites (`contract.rs` here for hearing, `tests/src/fake_slack/contract.rs` for speaking).
//!
//! **Invariant:** a body whose sender is not proven cannot be read: only a channel's `verify` makes
//! a [`Verified`]. **Invariant:** vendor JSON stays private to its folder.
//! **Invariant:** nothing here sends the same thing twice; what is in doubt is the caller's to settle.

mod inbound;
mod outbound;
pub mod slack;

pub use self::{
    inbound::{
        Arrived, Ignored, Inbound, Me, Read, Reading, Refused, Unreadable, Unverified, Verified,
    },
    outbound::{Call, Found, Identity, Outbound, Sending, Wording},
};

#[cfg(test)]
mod contract;
