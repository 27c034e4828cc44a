//! The pure core: every decision the pipeline takes, and no I/O.
//!
//! A function here gets facts, state and the time, and returns facts. It cannot fail for reasons
//! outside its arguments, so it needs no mocks and no runtime to test.
//!
//! **Invariant:** no clock, no environment, no randomness, no I/O; `clippy.toml` and the build for
//! `wasm32-unknown-unknown` hold it.

pub mod access;
pub mod addressed;
pub mod budget;
pub mod command;
pub mod config;
pub mod day;
pub mod difference;
pub mod directory;
pub mod doubt;
pub mod draft;
pub mod effect;
pub mod erasure;
pub mod export;
pub mod fields;
pub mod gcra;
pub mod hand_off;
pub mod identity;
pub mod incoming;
pub mod latency;
pub mod letter;
pub mod look;
pub mod model;
pub mod mrkdwn;
pub mod names;
pub mod past;
pub mod plan;
pub mod prompt;
pub mod rebuild;
pub mod repair;
pub mod replay;
pub mod reply;
pub mod reply_state;
#[cfg(test)]
mod sample;
pub mod seal;
pub mod secret;
pub mod share;
pub mod tool;
pub mod trace;
pub mod veil;
