//! What wakes up in the browser. Everything here also works, or is not needed, without it.

pub mod awake;
pub mod live;

pub use awake::Awake;
pub use live::LiveActivity;
