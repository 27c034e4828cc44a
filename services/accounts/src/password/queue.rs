//! Who is waited for: hashing takes memory and time, so only so many have their turn at once, and off
//! the threads that serve requests.
//!
//! Of one address there are few in the queue, so that whoever floods it keeps nobody else out. It is
//! places that are bounded, and not a rate: where a proxy shows everybody as one address, people wait
//! for each other a moment, and nobody is sent away for an hour of the day. Whoever is signed in has a
//! queue of their own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::AccountsError;

/// At once: a flood costs time in a queue, and not memory.
const AT_ONCE_MAX: usize = 2;
/// In the queue. Beyond it, whoever comes is told to come back.
const WAITING_MAX: usize = 64;
/// In the queue and at work, of one address.
const OF_ADDRESS_MAX: usize = 8;
/// At once, of those who are signed in.
const KNOWN_AT_ONCE_MAX: usize = 1;
/// In the queue, of those who are signed in.
const KNOWN_WAITING_MAX: usize = 16;

/// Cheap to clone; clones are the same queue.
#[derive(Clone)]
pub(super) struct Queue {
    strangers: Line,
    known: Line,
    addresses: Addresses,
}

#[derive(Clone)]
struct Line {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Line {
    fn new(at_once: usize, waiting: usize) -> Self {
        let waiting = Arc::new(Semaphore::new(at_once + waiting));
        Self { running: Arc::new(Semaphore::new(at_once)), waiting }
    }

    fn place(&self, of: Option<OfAddress>) -> Result<Place, AccountsError> {
        let place = Arc::clone(&self.waiting).try_acquire_owned();
        let held = (place.map_err(|_| AccountsError::Busy)?, of);
        Ok(Place { running: Arc::clone(&self.running), held })
    }
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            strangers: Line::new(AT_ONCE_MAX, WAITING_MAX),
            known: Line::new(KNOWN_AT_ONCE_MAX, KNOWN_WAITING_MAX),
            addresses: Addresses::default(),
        }
    }

    /// For whoever asks from that address.
    pub(super) fn stranger(&self, address: String) -> Result<Place, AccountsError> {
        let of = self.addresses.admit(address).ok_or(AccountsError::Busy)?;
        self.strangers.place(Some(of))
    }

    /// For whoever is signed in.
    pub(super) fn known(&self) -> Result<Place, AccountsError> {
        self.known.place(None)
    }
}

/// How many places each address has. One that has none is not in it, so it is as small as the queue.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<String, usize>>>);

impl Addresses {
    fn admit(&self, address: String) -> Option<OfAddress> {
        let mut held = self.lock();
        let count = held.get(&address).copied().unwrap_or(0);
        if OF_ADDRESS_MAX <= count {
            return None;
        }
        held.insert(address.clone(), count + 1);
        Some(OfAddress { all: self.clone(), address })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One place of an address, until it is dropped.
struct OfAddress {
    all: Addresses,
    address: String,
}

impl Drop for OfAddress {
    fn drop(&mut self) {
        let mut held = self.all.lock();
        match held.get_mut(&self.address) {
            Some(count) if 1 < *count => *count -= 1,
            Some(_) | None => {
                held.remove(&self.address);
            }
        }
    }
}

/// A place in the queue.
pub(crate) struct Place {
    running: Arc<Semaphore>,
    held: (OwnedSemaphorePermit, Option<OfAddress>),
}

impl Place {
    /// Does the work when it is this one's turn.
    pub(super) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountsError> {
        let Self { running, held } = self;
        let turn = running.acquire_owned().await.map_err(|_| AccountsError::Busy)?;
        // The work goes on when whoever asked has hung up, so it is the work that holds the places.
        let turned = move || {
            let done = work();
            drop((turn, held));
            done
        };
        tokio::task::spawn_blocking(turned).await.map_err(|_| AccountsError::Busy)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use tokio::sync::mpsc;

    use super::*;

    fn from(queue: &Queue, address: &str) -> Result<Place, AccountsError> {
        queue.stranger(address.to_owned())
    }

    #[tokio::test]
    async fn whoever_hangs_up_frees_no_turn_before_the_work_is_done() {
        let queue = Queue::new();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (began, mut at_work) = mpsc::unbounded_channel();
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let ask = || {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            let (gate, began) = (Arc::clone(&gate), began.clone());
            let work = move || {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                began.send(()).unwrap();
                assert!(gate.lock().unwrap().recv().is_err());
                running.fetch_sub(1, SeqCst);
            };
            tokio::spawn(from(&queue, "203.0.113.7").unwrap().run(work))
        };
        let first: Vec<_> = (0..AT_ONCE_MAX).map(|_| ask()).collect();
        for _ in &first {
            at_work.recv().await.unwrap();
        }
        for task in first {
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
        let free = queue.strangers.running.available_permits();
        assert_eq!(free, 0, "a turn is free while its work goes on");
        let later: Vec<_> = (AT_ONCE_MAX..OF_ADDRESS_MAX).map(|_| ask()).collect();
        drop(open);
        for task in later {
            task.await.unwrap().unwrap();
        }
        assert_eq!(most.load(SeqCst), AT_ONCE_MAX);
    }

    #[tokio::test]
    async fn one_address_keeps_nobody_else_out() {
        let queue = Queue::new();
        let flood: Vec<_> = (0..100).map(|_| from(&queue, "203.0.113.7")).collect();
        assert_eq!(flood.iter().filter(|it| it.is_ok()).count(), OF_ADDRESS_MAX);
        assert!(from(&queue, "203.0.113.8").is_ok());
        drop(flood);
        from(&queue, "203.0.113.7").unwrap().run(|| ()).await.unwrap();
        assert!(queue.addresses.lock().is_empty(), "addresses are remembered");
    }

    #[tokio::test]
    async fn whoever_is_signed_in_has_a_queue_of_their_own() {
        let queue = Queue::new();
        let all: Vec<_> = (0..1000).map(|n| from(&queue, &n.to_string())).collect();
        let held = all.iter().filter(|it| it.is_ok()).count();
        assert_eq!(held, AT_ONCE_MAX + WAITING_MAX);
        assert_eq!(queue.addresses.lock().len(), held, "whoever is sent away is remembered");
        queue.known().unwrap().run(|| ()).await.unwrap();
    }
}
