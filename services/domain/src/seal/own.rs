//! What belongs to the installation and to no tenant, sealed with a key of its own that derives from
//! the master key.

use super::{Bytes32, DataKey, MasterKey, OpenError, decrypt, encrypt, mac, parts, subkey};
use crate::secret::Secret;

/// Seals a secret of the installation for a table; `name` says what it is and whose.
pub fn seal_own(master: &MasterKey, name: &str, secret: &Secret) -> String {
    encrypt(&key(master), &parts(["own secret", "", name]), secret.expose().as_bytes())
}

/// Opens what [`seal_own`] sealed under that name.
pub fn open_own(master: &MasterKey, name: &str, sealed: &str) -> Result<Secret, OpenError> {
    let key = key(master);
    let plain = decrypt(&key.0.encryption, &parts(["own secret", "", name]), sealed)?;
    let text = String::from_utf8(plain.to_vec()).map_err(|_| OpenError::Malformed)?;
    Ok(Secret::from(text))
}

/// A keyed hash: the same text is the same, and nobody without the key can try texts.
pub fn own_index(master: &MasterKey, name: &str, text: &str) -> [u8; 32] {
    let key: Bytes32 = subkey(&master.0, b"konstruct index v1");
    mac(&key, &[&parts(["own index", name, text])])
}

fn key(master: &MasterKey) -> DataKey {
    DataKey::new(*subkey(&master.0, b"konstruct own v1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(digit: &str) -> MasterKey {
        MasterKey::parse(&digit.repeat(64)).unwrap()
    }

    #[test]
    fn a_secret_of_the_installation_opens_under_its_name_and_key_only() {
        let secret = Secret::from("seed".to_owned());
        let sealed = seal_own(&master("1"), "totp o1", &secret);
        assert_eq!(open_own(&master("1"), "totp o1", &sealed), Ok(secret));
        assert_eq!(open_own(&master("1"), "totp o2", &sealed), Err(OpenError::Forged));
        assert_eq!(open_own(&master("2"), "totp o1", &sealed), Err(OpenError::Forged));
    }

    #[test]
    fn an_index_tells_texts_names_and_keys_apart() {
        let of = |digit: &str, name: &str, text: &str| own_index(&master(digit), name, text);
        assert_eq!(of("1", "a", "x"), of("1", "a", "x"));
        assert_ne!(of("1", "a", "x"), of("1", "a", "y"));
        assert_ne!(of("1", "a", "x"), of("1", "b", "x"));
        assert_ne!(of("1", "a", "x"), of("2", "a", "x"));
    }
}
