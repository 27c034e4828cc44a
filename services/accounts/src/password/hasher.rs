//! argon2id, off the threads that serve requests, and only so many at once.

use std::sync::{Arc, OnceLock};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use domain::secret::Secret;
use tokio::sync::Semaphore;

use crate::AccountsError;

/// OWASP's minimum: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How a hash of these begins; another one is made anew at the next sign-in.
const BEGINS: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// At once: a flood costs time in a queue, and not memory.
const AT_ONCE_MAX: usize = 2;
/// In the queue. Beyond it, whoever comes is told to come back.
const WAITING_MAX: usize = 64;

/// Makes and checks hashes. Cheap to clone; clones share the queue.
#[derive(Clone)]
pub(crate) struct Hasher {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        let waiting = Arc::new(Semaphore::new(AT_ONCE_MAX + WAITING_MAX));
        Self { running: Arc::new(Semaphore::new(AT_ONCE_MAX)), waiting }
    }

    /// The PHC string of a password.
    pub(crate) async fn hash(&self, password: &Secret) -> Result<String, AccountsError> {
        let password = password.clone();
        self.run(move || hash(&password)).await?.ok_or(AccountsError::Busy)
    }

    /// Whether it is the password of that hash. Without a hash, the same work is done, and it is not.
    pub(crate) async fn verify(
        &self,
        password: &Secret,
        phc: Option<&str>,
    ) -> Result<bool, AccountsError> {
        let (password, phc) = (password.clone(), phc.map(str::to_owned));
        self.run(move || match phc {
            Some(phc) => verify(&password, &phc),
            None => {
                verify(&password, dummy());
                false
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountsError> {
        let place = Arc::clone(&self.waiting).try_acquire_owned();
        let place = place.map_err(|_| AccountsError::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await;
        let turn = turn.map_err(|_| AccountsError::Busy)?;
        // The work goes on when whoever asked has hung up, so it is the work that holds the places.
        let held = move || {
            let done = work();
            drop((turn, place));
            done
        };
        tokio::task::spawn_blocking(held).await.map_err(|_| AccountsError::Busy)
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
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use tokio::sync::mpsc;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_no_other_is() {
        let hasher = Hasher::new();
        let phc = hasher.hash(&secret("correct staple glove")).await.unwrap();
        assert!(!is_outdated(&phc), "{phc}");
        assert!(hasher.verify(&secret("correct staple glove"), Some(&phc)).await.unwrap());
        assert!(!hasher.verify(&secret("correct staple gloves"), Some(&phc)).await.unwrap());
        assert_ne!(hasher.hash(&secret("correct staple glove")).await.unwrap(), phc, "salted");
    }

    #[tokio::test]
    async fn whoever_hangs_up_frees_no_turn_before_the_work_is_done() {
        let hasher = Hasher::new();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (began, mut begun) = mpsc::unbounded_channel();
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let ask = || {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            let gate = Arc::clone(&gate);
            let (hasher, began) = (hasher.clone(), began.clone());
            tokio::spawn(async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    began.send(()).unwrap();
                    drop(gate.lock().unwrap().recv());
                    running.fetch_sub(1, SeqCst);
                };
                hasher.run(work).await
            })
        };
        let first: Vec<_> = (0..AT_ONCE_MAX).map(|_| ask()).collect();
        for _ in &first {
            begun.recv().await.unwrap();
        }
        for task in first {
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
        assert_eq!(hasher.running.available_permits(), 0, "a turn is free while its work goes on");
        let later: Vec<_> = (0..8).map(|_| ask()).collect();
        drop(open);
        for task in later {
            task.await.unwrap().unwrap();
        }
        assert_eq!(most.load(SeqCst), AT_ONCE_MAX);
    }

    #[tokio::test]
    async fn nobody_has_the_password_of_no_account() {
        let hasher = Hasher::new();
        for text in ["nobody's", ""] {
            assert!(!hasher.verify(&secret(text), None).await.unwrap());
            assert!(!hasher.verify(&secret(text), Some("not a hash")).await.unwrap());
        }
        assert!(is_outdated("$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"));
    }
}
