//! Slack's signature: HMAC-SHA256 over `v0:<timestamp>:<body>`, where the timestamp is fresh.

use std::time::Duration;

use domain::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use schemas::Timestamp;
use sha2::Sha256;

use crate::{Refused, Unverified, Verified};

/// Slack's own advice. A call further from now than this, either way, may be someone's copy.
const AGE_MAX: Duration = Duration::from_mins(5);

/// An app without a signing secret would believe anybody.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the Slack signing secret is empty")]
pub struct EmptySecret;

/// What an app signs with. The key is set up once and copied for each call.
#[derive(Clone)]
pub(super) struct Signer(Hmac<Sha256>);

impl Signer {
    pub(super) fn new(secret: &Secret) -> Result<Self, EmptySecret> {
        let key = secret.expose().trim().as_bytes();
        if key.is_empty() {
            return Err(EmptySecret);
        }
        Hmac::new_from_slice(key).map(Self).map_err(|_any_other_length_works| EmptySecret)
    }

    fn mac(&self, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in [b"v0:", timestamp.as_bytes(), b":", body] {
            mac.update(part);
        }
        mac
    }

    pub(super) fn verify(&self, call: Unverified, now: Timestamp) -> Result<Verified, Refused> {
        let sent_at = call.header("x-slack-request-timestamp")?;
        let claimed = call.header("x-slack-signature")?;
        check_age(sent_at, now)?;

        let claimed = claimed.strip_prefix("v0=").and_then(digest).ok_or(Refused::BadSignature)?;
        // Compares in constant time.
        let mac = self.mac(sent_at, &call.body);
        mac.verify_slice(&claimed).map_err(|_mismatch| Refused::BadSignature)?;
        Ok(Verified::new(call))
    }
}

/// Signs a body as Slack would, for those who play Slack: `timestamp` is in seconds.
pub fn sign(secret: &Secret, timestamp: &str, body: &[u8]) -> Result<String, EmptySecret> {
    let mac = Signer::new(secret)?.mac(timestamp, body);
    Ok(format!("v0={}", hex::encode(mac.finalize().into_bytes())))
}

/// Lower-case hex, as Slack writes it: a signature has one spelling.
fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let plain = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (plain && hex::decode_to_slice(hex, &mut bytes).is_ok()).then_some(bytes)
}

/// Seconds since the epoch, digits only. The window is inclusive.
fn check_age(sent_at: &str, now: Timestamp) -> Result<(), Refused> {
    if !sent_at.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refused::BadSignature);
    }
    let seconds: i64 = sent_at.parse().map_err(|_too_long_or_empty| Refused::BadSignature)?;
    let now_s = now.as_millis().div_euclid(1000);
    let age_s = now_s.abs_diff(seconds);
    if age_s <= AGE_MAX.as_secs() {
        return Ok(());
    }
    Err(Refused::Stale { age_s, limit_s: AGE_MAX.as_secs() })
}

#[cfg(test)]
mod tests;
