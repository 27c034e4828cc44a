//! Configuration: read once, whole, before anything starts.

use std::{fmt, str::FromStr};

/// What is wrong with the settings, all of it, so that one restart fixes it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("bad settings: {}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

/// Looks settings up by name and keeps a list of what was wrong. Values never reach an error: some
/// of them are secrets.
pub struct Settings<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Settings<'a> {
    /// Settings from the environment in `main`, from a map in tests.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    /// The setting as it stands, if it is set to something.
    pub fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|text| !text.is_empty())
    }

    /// The setting, parsed into what the program works with.
    pub fn required<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Option<T> {
        let Some(text) = self.text(name) else {
            self.problems.push(format!("`{name}` is not set"));
            return None;
        };
        self.parse(name, &text)
    }

    /// The setting, or what it is when nobody set it.
    pub fn or<T: FromStr<Err: fmt::Display>>(&mut self, name: &str, default: T) -> Option<T> {
        match self.text(name) {
            None => Some(default),
            Some(text) => self.parse(name, &text),
        }
    }

    /// Notes a problem found elsewhere, so that it is told with the others.
    pub fn problem(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    /// The whole configuration, or everything that keeps it from being one.
    pub fn finish<T>(self, config: Option<T>) -> Result<T, ConfigError> {
        config.filter(|_| self.problems.is_empty()).ok_or(ConfigError(self.problems))
    }

    fn parse<T: FromStr<Err: fmt::Display>>(&mut self, name: &str, text: &str) -> Option<T> {
        text.parse().map_err(|error| self.problems.push(format!("`{name}`: {error}"))).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn every_problem_is_named_at_once() {
        let lookup = |name: &str| (name == "LISTEN").then(|| "port 80".to_owned());
        let mut settings = Settings::new(&lookup);
        let listen: Option<SocketAddr> = settings.required("LISTEN");
        let nats: Option<String> = settings.required("NATS_URL");
        let got = settings.finish(listen.zip(nats)).unwrap_err();
        assert_eq!(
            got.to_string(),
            "bad settings: `LISTEN`: invalid socket address syntax; `NATS_URL` is not set",
        );
    }

    #[test]
    fn an_empty_setting_is_not_set() {
        let lookup = |_: &str| Some(String::new());
        let mut settings = Settings::new(&lookup);
        assert_eq!(settings.or("PORT", 8001_u16), Some(8001));
        let missing: Option<String> = settings.required("KEY");
        assert_eq!(settings.finish(missing).unwrap_err().0, ["`KEY` is not set"]);
    }
}
