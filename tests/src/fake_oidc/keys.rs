//! Keys of the provider, and what it signs with them.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, anyhow};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// The least that providers use.
const RSA_BITS: usize = 2048;

/// How it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA.
    Rs256,
    /// An elliptic curve.
    Es256,
}

enum Pair {
    Rsa(RsaKeyPair),
    Curve(EcdsaKeyPair),
}

/// A key that is published, and one that is not.
pub(super) struct Keys {
    kid: String,
    shown: Pair,
    hidden: Pair,
}

impl Keys {
    pub(super) fn draw(algorithm: Algorithm) -> anyhow::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let kid = format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Ok(Self { kid, shown: Pair::draw(algorithm)?, hidden: Pair::draw(algorithm)? })
    }

    /// As it publishes them.
    pub(super) fn public(&self) -> Value {
        let mut key = self.shown.public();
        key["kid"] = json!(self.kid);
        key["use"] = json!("sig");
        json!({ "keys": [key] })
    }

    /// A token with those claims.
    pub(super) fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        self.sign_with(&self.shown, claims)
    }

    /// The same by the key that is not published.
    pub(super) fn forge(&self, claims: &Value) -> anyhow::Result<String> {
        self.sign_with(&self.hidden, claims)
    }

    fn sign_with(&self, pair: &Pair, claims: &Value) -> anyhow::Result<String> {
        let body = body(&json!({ "alg": pair.name(), "kid": self.kid }), claims);
        let signature = BASE64.encode(pair.sign(body.as_bytes())?);
        Ok(format!("{body}.{signature}"))
    }

    /// HS256 with a key that is not secret, or not the provider's alone.
    pub(super) fn sign_shared(&self, secret: &[u8], claims: &Value) -> anyhow::Result<String> {
        let body = body(&json!({ "alg": "HS256", "kid": self.kid }), claims);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret)?;
        mac.update(body.as_bytes());
        Ok(format!("{body}.{}", BASE64.encode(mac.finalize().into_bytes())))
    }
}

/// A token that nobody signed.
pub(super) fn unsigned(claims: &Value) -> String {
    format!("{}.", body(&json!({ "alg": "none" }), claims))
}

fn body(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

impl Pair {
    fn draw(algorithm: Algorithm) -> anyhow::Result<Self> {
        Ok(match algorithm {
            Algorithm::Rs256 => Self::Rsa(rsa_pair()?),
            Algorithm::Es256 => {
                let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
                let made = EcdsaKeyPair::generate_pkcs8(kind, &random).map_err(|_| no_key())?;
                let pair = EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random);
                Self::Curve(pair.map_err(|_| no_key())?)
            }
        })
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Curve(_) => "ES256",
        }
    }

    fn public(&self) -> Value {
        match self {
            Self::Rsa(pair) => {
                let PublicKeyComponents { n, e } =
                    PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kty": "RSA", "n": BASE64.encode(n), "e": BASE64.encode(e) })
            }
            Self::Curve(pair) => {
                // 0x04, then both coordinates of 32 bytes.
                let point = pair.public_key().as_ref();
                let (x, y) =
                    (point.get(1..33).unwrap_or_default(), point.get(33..).unwrap_or_default());
                json!({ "kty": "EC", "crv": "P-256", "x": BASE64.encode(x), "y": BASE64.encode(y) })
            }
        }
    }

    fn sign(&self, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature);
                signed.map_err(|_| anyhow!("not signed"))?;
                Ok(signature)
            }
            Self::Curve(pair) => {
                let signed = pair.sign(&random, text).map_err(|_| anyhow!("not signed"))?;
                Ok(signed.as_ref().to_vec())
            }
        }
    }
}

fn no_key() -> anyhow::Error {
    anyhow!("no key")
}

/// One of two that a process makes: making one takes a second.
fn rsa_pair() -> anyhow::Result<RsaKeyPair> {
    static MADE: [OnceLock<Option<Vec<u8>>>; 2] = [OnceLock::new(), OnceLock::new()];
    static TURN: AtomicU32 = AtomicU32::new(0);
    let turn = usize::try_from(TURN.fetch_add(1, Ordering::Relaxed) % 2)?;
    let make = || {
        let made = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, RSA_BITS).ok()?;
        Some(made.to_pkcs8_der().ok()?.as_bytes().to_vec())
    };
    let der = MADE.get(turn).context("no key")?.get_or_init(make).as_ref().context("no key")?;
    RsaKeyPair::from_pkcs8(der).map_err(|error| anyhow!("{error}"))
}
