//! A secret in a form: it is taken, and never sent back to a browser.

use domain::secret::Secret;

/// What was typed as a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TypedSecret {
    /// What was sent. A form that was kept for somebody whose session ended comes without.
    sent: Option<Secret>,
    /// Whether one was typed before, and is not here any more.
    is_lost: bool,
}

/// What somebody who sends a form says of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// It is this one.
    New(&'a Secret),
    /// Nothing: what is there stays.
    Nothing,
    /// It was said before, and has to be said again.
    Lost,
}

impl TypedSecret {
    /// One that is still to be typed.
    pub(crate) const fn missing() -> Self {
        Self { sent: None, is_lost: true }
    }

    /// A field that was sent with nothing in it.
    pub(crate) fn nothing() -> Self {
        Self { sent: Some(Secret::from(String::new())), is_lost: false }
    }

    /// The field, as it was sent.
    pub(crate) fn read(&mut self, text: &str) {
        self.sent = Some(Secret::from(text.trim().to_owned()));
    }

    /// The mark beside the field that one was lost.
    pub(crate) fn read_again(&mut self) {
        self.is_lost = true;
    }

    /// Whether it has to be typed again.
    pub(crate) const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Whether one is here.
    pub(crate) fn is_typed(&self) -> bool {
        self.sent.as_ref().is_some_and(|secret| !secret.is_empty())
    }

    /// What it says.
    pub(crate) fn said(&self) -> Said<'_> {
        match &self.sent {
            Some(secret) if !secret.is_empty() => Said::New(secret),
            Some(_) if !self.is_lost => Said::Nothing,
            Some(_) | None => Said::Lost,
        }
    }

    /// As it is shown again: it is gone, and whether one was typed is remembered.
    pub(crate) fn forget(&mut self) {
        let typed = self.sent.take().is_none_or(|secret| !secret.is_empty());
        self.is_lost |= typed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> TypedSecret {
        let mut secret = TypedSecret::default();
        secret.read(text);
        secret
    }

    #[test]
    fn a_secret_says_what_it_is_or_that_it_is_missed() {
        assert_eq!(sent(" k3y ").said(), Said::New(&Secret::from("k3y".to_owned())));
        assert_eq!(sent(" ").said(), Said::Nothing);
        assert_eq!(TypedSecret::nothing().said(), Said::Nothing);
        assert_eq!(TypedSecret::missing().said(), Said::Lost);
        assert_eq!(TypedSecret::default().said(), Said::Lost, "the field was not sent at all");
    }

    #[test]
    fn one_that_is_forgotten_is_asked_for_until_it_is_typed_again() {
        let mut secret = sent("k3y");
        secret.forget();
        assert!(secret.is_lost() && !secret.is_typed());
        secret.read("");
        assert_eq!(secret.said(), Said::Lost);
        secret.forget();
        assert!(secret.is_lost(), "however often the form is shown");
        secret.read("k3y");
        assert!(matches!(secret.said(), Said::New(_)));
        let mut nothing = TypedSecret::nothing();
        nothing.forget();
        assert!(!nothing.is_lost(), "nothing was typed");
    }
}
