//! The world that tests run in; see `ARCHITECTURE.md`.
//!
//! **Invariant:** only Slack, the vendors of models, a provider of identities, the tools of agents and a mail
//! server are played, over HTTP and SMTP; NATS and PostgreSQL are the real ones. No program is built with this crate.

pub mod browser;
pub mod cluster;
pub mod fake_llm;
pub mod fake_oidc;
pub mod fake_slack;
pub mod fake_smtp;
pub mod fake_tools;
pub mod installation;
pub mod memory;
pub mod nats_proxy;
pub mod nats_server;
pub mod postgres;
pub mod seed;
pub mod wait;
