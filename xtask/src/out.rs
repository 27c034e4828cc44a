//! What a person at the terminal reads; the one place that prints.

use std::fmt::Display;

#[expect(clippy::print_stdout, reason = "a build tool talks to its terminal")]
pub(crate) fn say(line: impl Display) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a build tool reports failures to its terminal")]
pub(crate) fn warn(line: impl Display) {
    eprintln!("{line}");
}
