//! An e-mail address, in the one form in which it is an account's name.

use std::fmt;

/// The longest address that mail takes.
const LEN_MAX: usize = 254;

/// An address in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

/// Not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an e-mail address")]
pub struct InvalidEmail;

impl Email {
    /// Reads one, as a person typed it.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim().to_lowercase();
        let (name, host) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        let odd = |it: char| it.is_whitespace() || it.is_control() || "<>,;:\"()[]\\".contains(it);
        let is_host = host.split('.').all(|part| !part.is_empty());
        if name.is_empty() || name.contains('@') || !is_host || text.contains(odd) {
            return Err(InvalidEmail);
        }
        if LEN_MAX < text.len() { Err(InvalidEmail) } else { Ok(Self(text)) }
    }

    /// As it stands in tables.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_address() {
        assert_eq!(Email::parse(" Mara@Example.COM ").unwrap().as_str(), "mara@example.com");
        let long = format!("{}@example.com", "m".repeat(LEN_MAX));
        for text in
            ["", "mara", "@example.com", "a@b@c", "a b@c", "a@c..d", "a@c\r\nBcc:x@y", &long]
        {
            assert_eq!(Email::parse(text), Err(InvalidEmail), "{text:?}");
        }
    }
}
