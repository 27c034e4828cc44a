//! Sealing: what people wrote, and secrets, at rest.
//!
//! A tenant has one data key; the installation's master key wraps it. Whoever has the bytes of a
//! stream, a table or a backup but not the data key has nothing, so deleting the key erases text
//! everywhere at once.
//!
//! **The nonce is synthetic.** Sealing is XChaCha20-Poly1305 with the nonce
//! `HMAC-SHA256(nonce key, associated data ‖ plaintext)[..24]`, so that the same cause publishes the
//! same bytes and the core draws no randomness. It is safe because a nonce repeats only where
//! associated data and plaintext repeat too, and then the whole ciphertext does: two different
//! plaintexts meet in one nonce with the chance of a collision of a 192-bit keyed hash. The keys for
//! encryption and for nonces are derived apart, so neither use says anything about the other. What
//! shows is that one owner sealed the same words twice, and how long they are.

mod own;

use std::{fmt, sync::Arc};

use base64::prelude::{BASE64_STANDARD_NO_PAD as BASE64, Engine as _};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use schemas::{TenantId, Text};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use self::own::{open_own, own_index, seal_own};
use crate::secret::Secret;

/// Bytes of every key here.
pub const KEY_LEN: usize = 32;

/// Bytes of every nonce here.
pub const NONCE_LEN: usize = 24;

/// Bytes that say whether a ciphertext was changed.
const TAG_LEN: usize = 16;

type Bytes32 = Zeroizing<[u8; KEY_LEN]>;

/// A tenant's key. Cheap to clone; wiped when the last clone goes.
#[derive(Clone)]
pub struct DataKey(Arc<Derived>);

struct Derived {
    key: Bytes32,
    encryption: Bytes32,
    nonce: Bytes32,
}

/// The installation's key; it only ever wraps data keys.
#[derive(Clone)]
pub struct MasterKey(Bytes32);

/// Whom a sealed text belongs to: moved to another owner, it does not open.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// Whose data key it is.
    pub tenant: &'a TenantId,
    /// The message for its words, its edits, attachments' names and answers; the agent's id for
    /// its configuration.
    pub of: &'a str,
}

/// Whether an installation seals what people write.
#[derive(Clone, Debug)]
pub enum Sealing {
    /// With this tenant's key.
    On(DataKey),
    /// It encrypts its disks only. What was sealed before opens with this tenant's key.
    OpensOnly(DataKey),
    /// The same, without a key.
    Off,
}

/// Why a sealed text does not open. Says nothing of the text.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    /// There is no key to open it with: sealing is off, or the tenant's key was deleted.
    #[error("sealed, and there is no key for it")]
    NoKey,
    /// Not base64, or too short to be sealed text.
    #[error("not sealed text")]
    Malformed,
    /// Another key, another owner, or bytes that were changed.
    #[error("sealed with another key or for another owner, or changed since")]
    Forged,
}

/// Why a text is not a master key. Never repeats the text.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("a master key is 64 hex digits (32 bytes), for instance from `openssl rand -hex 32`")]
pub struct InvalidMasterKey;

impl DataKey {
    /// A key from 32 random bytes; drawing them is the shell's work.
    pub fn new(bytes: [u8; KEY_LEN]) -> Self {
        let key = Zeroizing::new(bytes);
        let encryption = subkey(&key, b"konstruct seal v1: encryption");
        let nonce = subkey(&key, b"konstruct seal v1: nonce");
        Self(Arc::new(Derived { key, encryption, nonce }))
    }
}

impl MasterKey {
    /// Reads 64 hex digits.
    pub fn parse(hex: &str) -> Result<Self, InvalidMasterKey> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        hex::decode_to_slice(hex.trim(), bytes.as_mut_slice()).map_err(|_| InvalidMasterKey)?;
        Ok(Self(bytes))
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl Sealing {
    /// The text as it goes on the log.
    pub fn seal(&self, owner: Owner<'_>, plain: &str) -> Text {
        match self {
            Sealing::On(key) => seal(key, owner, plain),
            Sealing::OpensOnly(_) | Sealing::Off => Text::Plain(plain.to_owned()),
        }
    }

    /// The text as it was written.
    pub fn open(&self, owner: Owner<'_>, text: &Text) -> Result<String, OpenError> {
        match (self, text) {
            (Sealing::On(_) | Sealing::OpensOnly(_) | Sealing::Off, Text::Plain(plain)) => {
                Ok(plain.clone())
            }
            (Sealing::On(key) | Sealing::OpensOnly(key), Text::Sealed(_)) => open(key, owner, text),
            (Sealing::Off, Text::Sealed(_)) => Err(OpenError::NoKey),
        }
    }
}

/// Seals a text for its owner: the same owner and text give the same bytes.
pub fn seal(key: &DataKey, owner: Owner<'_>, plain: &str) -> Text {
    let data = associated_data("text", owner.tenant, owner.of);
    Text::Sealed(encrypt(key, &data, plain.as_bytes()))
}

/// Opens what [`seal`] sealed. A plain text opens with any key.
pub fn open(key: &DataKey, owner: Owner<'_>, text: &Text) -> Result<String, OpenError> {
    let sealed = match text {
        Text::Plain(plain) => return Ok(plain.clone()),
        Text::Sealed(sealed) => sealed,
    };
    let data = associated_data("text", owner.tenant, owner.of);
    let plain = decrypt(&key.0.encryption, &data, sealed)?;
    String::from_utf8(plain.to_vec()).map_err(|_| OpenError::Malformed)
}

/// How many bytes were sealed, by the length of what [`seal`] made of them.
pub fn sealed_len(sealed: &str) -> usize {
    // Base64 without padding: four characters for three bytes.
    (sealed.len().saturating_mul(3) / 4).saturating_sub(NONCE_LEN + TAG_LEN)
}

/// Seals a secret of a tenant for a table; `name` is the secret's own.
pub fn seal_secret(key: &DataKey, tenant: &TenantId, name: &str, secret: &Secret) -> String {
    encrypt(key, &associated_data("secret", tenant, name), secret.expose().as_bytes())
}

/// Opens what [`seal_secret`] sealed.
pub fn open_secret(
    key: &DataKey,
    tenant: &TenantId,
    name: &str,
    sealed: &str,
) -> Result<Secret, OpenError> {
    let plain = decrypt(&key.0.encryption, &associated_data("secret", tenant, name), sealed)?;
    let text = String::from_utf8(plain.to_vec()).map_err(|_| OpenError::Malformed)?;
    Ok(Secret::from(text))
}

/// Wraps a tenant's key for a table. `nonce` is drawn at random by the shell, anew each time.
pub fn wrap(
    master: &MasterKey,
    tenant: &TenantId,
    nonce: [u8; NONCE_LEN],
    key: &DataKey,
) -> String {
    let wrapping = subkey(&master.0, b"konstruct wrap v1");
    let data = associated_data("data key", tenant, "");
    encrypt_with(&wrapping, nonce, &data, key.0.key.as_slice())
}

/// Unwraps what [`wrap`] wrapped for that tenant.
pub fn unwrap_key(
    master: &MasterKey,
    tenant: &TenantId,
    wrapped: &str,
) -> Result<DataKey, OpenError> {
    let wrapping = subkey(&master.0, b"konstruct wrap v1");
    let plain = decrypt(&wrapping, &associated_data("data key", tenant, ""), wrapped)?;
    let bytes = <[u8; KEY_LEN]>::try_from(plain.as_slice()).map_err(|_| OpenError::Malformed)?;
    Ok(DataKey::new(bytes))
}

fn encrypt(key: &DataKey, data: &[u8], plain: &[u8]) -> String {
    let mac = mac(&key.0.nonce, &[data, plain]);
    let nonce = mac.first_chunk::<NONCE_LEN>().copied().unwrap_or_default();
    encrypt_with(&key.0.encryption, nonce, data, plain)
}

fn encrypt_with(key: &Bytes32, nonce: [u8; NONCE_LEN], data: &[u8], plain: &[u8]) -> String {
    let cipher = XChaCha20Poly1305::new((&**key).into());
    // It can only fail for a plaintext beyond 256 GiB; an empty text then does not open.
    let sealed =
        cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: data }).unwrap_or_default();
    BASE64.encode([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &Bytes32, data: &[u8], sealed: &str) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let bytes = BASE64.decode(sealed).map_err(|_| OpenError::Malformed)?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::Malformed)?;
    let cipher = XChaCha20Poly1305::new((&**key).into());
    cipher
        .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: data })
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Forged)
}

fn associated_data(purpose: &str, tenant: &TenantId, of: &str) -> Vec<u8> {
    parts([purpose, tenant.as_str(), of])
}

/// Each part with its length before it, so that it ends where it ends and nothing can be moved
/// from one part to the next.
fn parts(parts: [&str; 3]) -> Vec<u8> {
    let mut data = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
    for part in parts {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part.as_bytes());
    }
    data
}

fn subkey(key: &Bytes32, label: &[u8]) -> Bytes32 {
    Zeroizing::new(mac(key, &[label]))
}

fn mac(key: &Bytes32, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC fills a key up with zeros to the hash's block; done here, it cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key.iter()) {
        *to = *from;
    }
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new((&*block).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
