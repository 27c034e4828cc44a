//! What wakes up in the browser. Everything here also works, or is not needed, without it.

pub mod awake;
pub mod wire;

pub use awake::Awake;
