//! What wakes up in the browser. Everything here also works, or is not needed, without it.

pub mod awake;
pub mod frame;
pub mod live;

pub use awake::Awake;
pub use frame::Frame;
pub use live::LiveActivity;
