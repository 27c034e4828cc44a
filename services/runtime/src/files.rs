//! How many files a process may have open; each connection is one.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than a service opens within its own bounds.
const FILES_MAX: u64 = 65_536;

/// Lets this process open as many files as the system allows it, within a bound. The limit that it
/// starts with is often 1,024, for programs that cannot count further.
pub fn allow_many() -> io::Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let most = maximum.map_or(FILES_MAX, |maximum| maximum.min(FILES_MAX));
    if current.is_some_and(|current| current < most) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_allowed_as_the_system_allows() {
        allow_many().unwrap();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let most = maximum.map_or(FILES_MAX, |maximum| maximum.min(FILES_MAX));
        assert!(current.is_none_or(|current| most <= current), "{current:?} of {maximum:?}");
    }
}
