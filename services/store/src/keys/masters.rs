//! The installation's master key, and those before it while keys are being wrapped anew.

use domain::{
    seal::{self, DataKey, KEY_LEN, MasterKey, NONCE_LEN},
    secret::Secret,
};
use schemas::TenantId;
use sha2::{Digest as _, Sha256};

use crate::StoreError;

/// The master key that wraps, and all that unwrap.
pub struct Masters {
    current: Master,
    previous: Vec<Master>,
}

struct Master {
    key: MasterKey,
    fingerprint: String,
}

impl Masters {
    /// New keys are wrapped with `current`; what was wrapped with one of `previous` can be read.
    pub fn new(current: MasterKey, previous: Vec<MasterKey>) -> Self {
        let previous = previous.into_iter().map(Master::new).collect();
        Self { current: Master::new(current), previous }
    }

    /// Tells the current master key from others, and nothing more of it.
    pub fn fingerprint(&self) -> &str {
        &self.current.fingerprint
    }

    /// Seals a secret of the installation; `name` says whose it is.
    pub fn seal_own(&self, name: &str, secret: &Secret) -> String {
        format!("{}.{}", self.fingerprint(), seal::seal_own(&self.current.key, name, secret))
    }

    /// Opens what [`Self::seal_own`] sealed.
    pub fn open_own(&self, name: &str, sealed: &str) -> Result<Secret, StoreError> {
        let (fingerprint, sealed) = sealed.split_once('.').unwrap_or_default();
        let mut masters = std::iter::once(&self.current).chain(&self.previous);
        let Some(master) = masters.find(|master| master.fingerprint == fingerprint) else {
            return Err(StoreError::Seal("sealed with another master key".to_owned()));
        };
        seal::open_own(&master.key, name, sealed)
            .map_err(|error| StoreError::Seal(error.to_string()))
    }

    /// Tells texts apart without showing them. Changes with the master key.
    pub fn own_index(&self, name: &str, text: &str) -> [u8; KEY_LEN] {
        seal::own_index(&self.current.key, name, text)
    }

    pub(crate) fn wrap(&self, tenant: &TenantId, key: &DataKey) -> (String, &str) {
        let nonce = rand::random::<[u8; NONCE_LEN]>();
        (seal::wrap(&self.current.key, tenant, nonce, key), self.fingerprint())
    }

    pub(crate) fn unwrap(
        &self,
        tenant: &TenantId,
        wrapped: &str,
        fingerprint: &str,
    ) -> Result<DataKey, StoreError> {
        let mut masters = std::iter::once(&self.current).chain(&self.previous);
        let Some(master) = masters.find(|master| master.fingerprint == fingerprint) else {
            return Err(StoreError::Seal(format!(
                "the key of tenant `{tenant}` is wrapped with another master key (fingerprint \
                 {fingerprint}); ours is {}",
                self.fingerprint()
            )));
        };
        seal::unwrap_key(&master.key, tenant, wrapped)
            .map_err(|error| StoreError::Seal(format!("the key of tenant `{tenant}`: {error}")))
    }
}

impl Master {
    fn new(key: MasterKey) -> Self {
        let fingerprint = fingerprint(&key);
        Self { key, fingerprint }
    }
}

/// A hash of what the key makes of something known. A tenant of this name cannot be wrapped by
/// accident with that nonce: nonces of tenants are drawn.
fn fingerprint(master: &MasterKey) -> String {
    let known = DataKey::new([0; KEY_LEN]);
    let Ok(nobody) = "fingerprint".parse::<TenantId>() else { return String::new() };
    let digest = Sha256::digest(seal::wrap(master, &nobody, [0; NONCE_LEN], &known));
    hex::encode(digest.first_chunk::<8>().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(digit: &str) -> MasterKey {
        MasterKey::parse(&digit.repeat(64)).unwrap()
    }

    #[test]
    fn a_key_opens_with_the_master_it_was_wrapped_with_and_no_other() {
        let tenant: TenantId = "acme".parse().unwrap();
        let old = Masters::new(master("1"), Vec::new());
        let both = Masters::new(master("2"), vec![master("1")]);
        let new = Masters::new(master("2"), Vec::new());
        let (wrapped, fingerprint) = old.wrap(&tenant, &DataKey::new([7; KEY_LEN]));

        assert!(both.unwrap(&tenant, &wrapped, fingerprint).is_ok());
        let error = new.unwrap(&tenant, &wrapped, fingerprint).unwrap_err().to_string();
        assert!(error.contains("another master key"), "{error}");
        let other: TenantId = "other".parse().unwrap();
        assert!(both.unwrap(&other, &wrapped, fingerprint).is_err());
    }

    #[test]
    fn a_fingerprint_never_changes() {
        assert_eq!(fingerprint(&master("1")), fingerprint(&master("1")));
        assert_ne!(fingerprint(&master("1")), fingerprint(&master("2")));
        expect_test::expect!["c824ab0c868da3b6"].assert_eq(&fingerprint(&master("1")));
    }
}
