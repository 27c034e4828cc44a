//! Which passwords will do.

use domain::secret::Secret;
use zxcvbn::{Score, zxcvbn};

/// With a second factor.
const CHARS_MIN_WITH_MFA: usize = 8;
/// Without one.
const CHARS_MIN: usize = 15;
/// Hashing takes time with the length.
const CHARS_MAX: usize = 256;
/// The estimator's time grows with the length, and what it finds in so many characters is enough.
const CHARS_JUDGED: usize = 100;
/// Ten thousand million guesses.
const SCORE_MIN: Score = Score::Three;
/// Shorter words are in too much else.
const OWN_CHARS_MIN: usize = 3;
/// Words that everybody would try here.
const CONTEXT: [&str; 3] = ["konstruct", "slack", "administrator"];

/// Why a password will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Without a second factor, more is asked.
    #[error("a password has at least {0} characters")]
    TooShort(usize),
    /// More than is hashed.
    #[error("a password has at most {0} characters")]
    TooLong(usize),
    /// Found in lists, in patterns, or near the person's own words.
    #[error("this password is easily guessed: take some words that do not belong together")]
    Guessable,
}

/// Judges a password. `own` are words that somebody who knows the person would try: name, e-mail,
/// tenant.
pub fn check(password: &Secret, has_mfa: bool, own: &[&str]) -> Result<(), PasswordProblem> {
    let count = password.expose().chars().count();
    let least = if has_mfa { CHARS_MIN_WITH_MFA } else { CHARS_MIN };
    if count < least {
        return Err(PasswordProblem::TooShort(least));
    }
    if CHARS_MAX < count {
        return Err(PasswordProblem::TooLong(CHARS_MAX));
    }
    if score_of(password, own) < SCORE_MIN { Err(PasswordProblem::Guessable) } else { Ok(()) }
}

/// From 0 to 4, for a meter.
pub fn score(password: &Secret, own: &[&str]) -> u8 {
    score_of(password, own) as u8
}

fn score_of(password: &Secret, own: &[&str]) -> Score {
    let judged: String = password.expose().chars().take(CHARS_JUDGED).collect();
    let mut words: Vec<&str> = CONTEXT.to_vec();
    let mut rest = judged.to_lowercase();
    for text in own {
        words.push(text);
        words.extend(text.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()));
    }
    // The estimator takes a row of the person's own words for a phrase.
    for word in words.iter().filter(|word| OWN_CHARS_MIN <= word.chars().count()) {
        rest = rest.replace(&word.to_lowercase(), "");
    }
    if rest.chars().count() < CHARS_MIN_WITH_MFA && rest.len() < judged.len() {
        return Score::Zero;
    }
    zxcvbn(&judged, &words).score()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_guesses_decide_and_no_rule_of_characters() {
        let own = ["Mara Lindqvist", "mara.lindqvist@example.com", "acme"];
        let long = "ä".repeat(257);
        let cases = [
            ("x7#Kq9!z", false, Err(PasswordProblem::TooShort(15))),
            ("x7#Kq9!zPw", true, Ok(())),
            ("x7#Kq9!", true, Err(PasswordProblem::TooShort(8))),
            ("correct staple  glove", false, Ok(())),
            ("ünter dem löwen schläft moos", false, Ok(())),
            ("passwordpassword", false, Err(PasswordProblem::Guessable)),
            ("aaaaaaaaaaaaaaaaaaa", false, Err(PasswordProblem::Guessable)),
            ("maralindqvistacme", false, Err(PasswordProblem::Guessable)),
            ("konstructkonstruct", false, Err(PasswordProblem::Guessable)),
            ("12345678", true, Err(PasswordProblem::Guessable)),
            (&long, false, Err(PasswordProblem::TooLong(256))),
        ];
        for (password, has_mfa, want) in cases {
            let secret = Secret::from(password.to_owned());
            assert_eq!(check(&secret, has_mfa, &own), want, "{password}");
        }
    }
}
