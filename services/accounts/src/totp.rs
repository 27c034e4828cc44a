//! One-time passwords by time (RFC 6238): SHA-1, 30 seconds, six digits, as every app has them.

use domain::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use schemas::Timestamp;
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

/// 160 bits, the length of the hash.
const SECRET_LEN: usize = 20;
/// How long a code is shown.
const STEP_MS: i64 = 30_000;
/// Clocks of phones may be off by so many steps, either way.
const SKEW: i64 = 1;
const DIGITS: usize = 6;

/// Draws a secret, in base32 as people type it into an app.
pub(crate) fn draw() -> Secret {
    Secret::from(base32(&rand::random::<[u8; SECRET_LEN]>()))
}

/// The step whose code this is, if it is one of now, the one before or the one after, and later than
/// `last`.
pub fn accept(secret: &Secret, code: &str, now: Timestamp) -> Option<i64> {
    let code: String = code.chars().filter(|it| !it.is_whitespace()).collect();
    let key = from_base32(secret.expose())?;
    let step = now.as_millis().div_euclid(STEP_MS);
    let is = |at: &i64| bool::from(code_of(&key, *at).as_bytes().ct_eq(code.as_bytes()));
    (step - SKEW..=step + SKEW).rev().find(is)
}

/// The code of an instant: what the app shows. For tests of others, too.
pub fn code_at(secret: &Secret, now: Timestamp) -> Option<String> {
    Some(code_of(&from_base32(secret.expose())?, now.as_millis().div_euclid(STEP_MS)))
}

fn code_of(key: &[u8], step: i64) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else { return String::new() };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last().copied().unwrap_or(0) & 0xf);
    let four = hash.get(offset..).and_then(|rest| rest.first_chunk::<4>()).copied();
    let number = u32::from_be_bytes(four.unwrap_or_default()) & 0x7fff_ffff;
    format!("{:0DIGITS$}", number % 10_u32.pow(6))
}

/// What a phone reads from a QR code.
pub(crate) fn uri(secret: &Secret, email: &str) -> Secret {
    let email = utf8_percent_encode(email, NON_ALPHANUMERIC);
    let secret = secret.expose();
    Secret::from(format!("otpauth://totp/Konstruct:{email}?secret={secret}&issuer=Konstruct"))
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Groups of five bits, as letters and digits; without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0_u32);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while 5 <= bits {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if 0 < bits {
        text.push(letter(held << (5 - bits)));
    }
    text
}

fn letter(value: u32) -> char {
    let place = usize::try_from(value & 31).unwrap_or(0);
    ALPHABET.get(place).map_or('A', |byte| char::from(*byte))
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for byte in text.bytes() {
        let value = ALPHABET.iter().position(|it| *it == byte.to_ascii_uppercase())?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if 8 <= bits {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1; the last six of its eight digits.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = Secret::from(base32(b"12345678901234567890"));
        assert_eq!(secret.expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let at = Timestamp::from_millis(second * 1000);
            assert_eq!(code_at(&secret, at).as_deref(), Some(code), "{second}");
        }
    }

    #[test]
    fn a_code_is_taken_one_step_early_or_late_and_no_more() {
        let secret = draw();
        let at = |step: i64| Timestamp::from_millis((50_000_000 + step) * STEP_MS);
        let code = code_at(&secret, at(0)).unwrap();
        for (step, want) in [(-2, None), (-1, Some(0)), (0, Some(0)), (1, Some(0)), (2, None)] {
            let accepted = accept(&secret, &code, at(step));
            assert_eq!(accepted, want.map(|it: i64| 50_000_000 + it), "{step}");
        }
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        assert_eq!(accept(&secret, &spaced, at(0)), Some(50_000_000));
        assert_eq!(accept(&secret, "", at(0)), None);
    }

    #[test]
    fn base32_is_read_as_it_was_written() {
        for len in 0..24 {
            let bytes: Vec<u8> = (0..len).map(|n: u8| n.wrapping_mul(37)).collect();
            assert_eq!(from_base32(&base32(&bytes)).unwrap(), bytes);
        }
        assert_eq!(from_base32("A1"), None);
    }
}
