//! What wakes up in the browser. Everything here also works, or is not needed, without it.

pub mod autosave;
pub mod awake;
#[cfg(feature = "hydrate")]
mod form;
pub mod live;
pub mod try_it;
pub mod wire;

pub use autosave::Autosave;
pub use awake::Awake;
pub use live::LiveActivity;
pub use try_it::TryIt;
