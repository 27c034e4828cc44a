//! A word that outlives one redirect: "Saved." on the page after a form.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The cookie's name. No script reads it, and only we set it.
pub const COOKIE: &str = "__Host-ks-flash";

/// The longest word, in bytes; a longer one is cut.
const BYTES_MAX: usize = 1_000;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It is done.
    Good,
    /// It is done, and something is to be known.
    Note,
    /// It is not done.
    Bad,
}

impl Tone {
    /// As pages show it.
    pub(super) const fn of_ui(self) -> portal_ui::Tone {
        match self {
            Tone::Good => portal_ui::Tone::Ok,
            Tone::Note => portal_ui::Tone::Info,
            Tone::Bad => portal_ui::Tone::Bad,
        }
    }
}

/// A word for the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// How it went.
    pub tone: Tone,
    /// What to say.
    pub text: String,
}

impl Flash {
    /// It is done.
    pub fn good(text: impl Into<String>) -> Self {
        Self { tone: Tone::Good, text: text.into() }
    }

    /// It is done, and something is to be known.
    pub fn note(text: impl Into<String>) -> Self {
        Self { tone: Tone::Note, text: text.into() }
    }

    /// It is not done.
    pub fn bad(text: impl Into<String>) -> Self {
        Self { tone: Tone::Bad, text: text.into() }
    }

    /// The cookie that carries it; a minute is enough for a redirect.
    pub fn cookie(&self) -> Option<HeaderValue> {
        let mark = match self.tone {
            Tone::Good => 'g',
            Tone::Note => 'n',
            Tone::Bad => 'b',
        };
        let mut end = self.text.len().min(BYTES_MAX);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let text = self.text.get(..end).unwrap_or_default();
        let text = utf8_percent_encode(text, NON_ALPHANUMERIC);
        let cookie =
            format!("{COOKIE}={mark}{text}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
        HeaderValue::from_str(&cookie).ok()
    }

    /// The cookie that takes it away.
    pub fn gone() -> HeaderValue {
        HeaderValue::from_static(
            "__Host-ks-flash=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
        )
    }

    /// What a request brings along.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let value = cookie(headers, COOKIE)?;
        let mut letters = value.chars();
        let tone = match letters.next()? {
            'g' => Tone::Good,
            'n' => Tone::Note,
            'b' => Tone::Bad,
            _ => return None,
        };
        let text = percent_decode_str(letters.as_str()).decode_utf8().ok()?.into_owned();
        Some(Self { tone, text })
    }
}

impl fmt::Display for Flash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter();
    let mut pairs = all.filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(flash: &Flash) -> Option<Flash> {
        let set = flash.cookie().unwrap();
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        headers
            .insert(header::COOKIE, HeaderValue::from_str(&format!("a=b; {pair}; c=d")).unwrap());
        Flash::of(&headers)
    }

    #[test]
    fn any_word_comes_through_a_cookie_as_it_is() {
        for text in ["Saved.", "a; b=c\r\nSet-Cookie: x", "Grüße, “Mara” 🎉", ""] {
            let flash = Flash::note(text);
            assert_eq!(back(&flash).as_ref(), Some(&flash));
        }
    }

    #[test]
    fn a_long_word_is_cut_between_letters() {
        let flash = Flash::bad("ü".repeat(1_000));
        assert_eq!(back(&flash).unwrap().text, "ü".repeat(500));
    }
}
