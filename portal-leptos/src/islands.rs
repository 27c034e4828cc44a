//! What wakes up in the browser. Everything here also works, or is not needed, without it.

mod shell;

pub use shell::Shell;
