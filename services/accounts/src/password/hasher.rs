//! argon2id, for whoever has a place in the queue.

use std::sync::OnceLock;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use domain::secret::Secret;

use super::queue::{Place, Queue};
use crate::{AccountsError, Visit};

/// OWASP's minimum: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How a hash of these begins; another one is made anew at the next sign-in.
const BEGINS: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

/// Makes and checks hashes. Cheap to clone; clones share the queue.
#[derive(Clone)]
pub(crate) struct Hasher {
    queue: Queue,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self { queue: Queue::new() }
    }

    /// A place in the queue for whoever asks from there, or that there is none. Take it before anything
    /// else is done for them.
    pub(crate) fn place_of(&self, visit: &Visit) -> Result<Place, AccountsError> {
        self.queue.stranger(visit.network())
    }

    /// A place for somebody who is signed in.
    pub(crate) fn place_of_known(&self) -> Result<Place, AccountsError> {
        self.queue.known()
    }

    /// The PHC string of a password.
    pub(crate) async fn hash(
        &self,
        place: Place,
        password: &Secret,
    ) -> Result<String, AccountsError> {
        let password = password.clone();
        place.run(move || hash(&password)).await?.ok_or(AccountsError::Busy)
    }

    /// Whether it is the password of that hash. Without a hash, the same work is done, and it is not.
    pub(crate) async fn verify(
        &self,
        place: Place,
        password: &Secret,
        phc: Option<&str>,
    ) -> Result<bool, AccountsError> {
        let (password, phc) = (password.clone(), phc.map(str::to_owned));
        let work = move || match phc {
            Some(phc) => verify(&password, &phc),
            None => {
                verify(&password, dummy());
                false
            }
        };
        place.run(work).await
    }
}

/// Whether it was made otherwise than one would be made today.
pub(crate) fn is_outdated(phc: &str) -> bool {
    !phc.starts_with(BEGINS)
}

fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &Secret) -> Option<String> {
    let hash = argon2()?.hash_password(password.expose().as_bytes()).ok()?;
    Some(hash.to_string())
}

fn verify(password: &Secret, phc: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(phc) else { return false };
    let argon2 = Argon2::default();
    argon2.verify_password(password.expose().as_bytes(), &parsed).is_ok()
}

/// The hash of nobody's password.
fn dummy() -> &'static str {
    static DUMMY: OnceLock<String> = OnceLock::new();
    DUMMY.get_or_init(|| hash(&Secret::from("nobody's".to_owned())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    async fn is_right(hasher: &Hasher, text: &str, phc: Option<&str>) -> bool {
        let place = hasher.place_of_known().unwrap();
        hasher.verify(place, &secret(text), phc).await.unwrap()
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_no_other_is() {
        let hasher = Hasher::new();
        let make = async |text| {
            hasher.hash(hasher.place_of_known().unwrap(), &secret(text)).await.unwrap()
        };
        let phc = make("correct staple glove").await;
        assert!(!is_outdated(&phc), "{phc}");
        assert!(is_right(&hasher, "correct staple glove", Some(&phc)).await);
        assert!(!is_right(&hasher, "correct staple gloves", Some(&phc)).await);
        assert_ne!(make("correct staple glove").await, phc, "salted");
    }

    #[tokio::test]
    async fn nobody_has_the_password_of_no_account() {
        let hasher = Hasher::new();
        for text in ["nobody's", ""] {
            assert!(!is_right(&hasher, text, None).await);
            assert!(!is_right(&hasher, text, Some("not a hash")).await);
        }
        assert!(is_outdated("$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"));
    }
}
