//! See `ARCHITECTURE.md`.

pub mod cluster;
pub mod fake_llm;
pub mod fake_slack;
pub mod installation;
pub mod nats_proxy;
pub mod nats_server;
pub mod postgres;
pub mod wait;
