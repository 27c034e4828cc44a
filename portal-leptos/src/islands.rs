//! What wakes up in the browser. Everything here also works, or is not needed, without it.

pub mod autosave;
pub mod awake;
#[cfg(feature = "hydrate")]
mod form;
pub mod try_it;
pub mod wire;
pub mod live;

pub use autosave::Autosave;
pub use awake::Awake;
pub use try_it::TryIt;
pub use live::LiveActivity;
