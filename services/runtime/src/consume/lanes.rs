//! Who waits for whom.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use nats::bounds::{DRAIN_MAX, LANES_MAX, LANES_OF_TENANT_MAX};
use schemas::{Envelope, TenantId, subject::Aggregate};
use tokio::{task::JoinSet, time::Instant};
use tracing::warn;

use super::{
    Context, Handler,
    hold::Hold,
    item::Item,
    parked::Parked,
    work::{self, Desk},
};

/// Deliveries of one lane are handled one after the other. Two lanes that hash alike are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane(u64);

impl Lane {
    /// All deliveries in one lane: they are handled in batches.
    pub const ONE: Lane = Lane(0);

    /// The lane of the conversation that the event belongs to.
    pub fn conversation(cause: &Envelope) -> Self {
        let mut hash = DefaultHasher::new();
        cause.tenant.hash(&mut hash);
        if let Aggregate::Conversation(connection, conversation) = cause.event.aggregate() {
            (connection, conversation).hash(&mut hash);
        }
        Self(hash.finish())
    }
}

/// What a lane has finished.
struct Done {
    lane: Lane,
    /// Whose it was; of a batch, whose its first was.
    tenant: TenantId,
    settled: Vec<u64>,
}

/// The lanes of one consumer. Holds at most the consumer's in-flight bound.
pub(super) struct Lanes<H> {
    context: Context,
    handler: Arc<H>,
    queues: HashMap<Lane, VecDeque<Item>>,
    /// Lanes that have something to do and nobody who does it.
    idle: VecDeque<Lane>,
    running: JoinSet<Done>,
    /// How many lanes of each tenant are at work.
    at_work: HashMap<TenantId, usize>,
    in_hand: HashSet<u64>,
    /// What must come again before anything new begins.
    hold: Option<Hold>,
    parked: Arc<Parked>,
}

impl<H: Handler> Lanes<H> {
    pub(super) fn new(context: Context, handler: Arc<H>) -> Self {
        Self {
            context,
            handler,
            queues: HashMap::new(),
            idle: VecDeque::new(),
            running: JoinSet::new(),
            at_work: HashMap::new(),
            in_hand: HashSet::new(),
            hold: None,
            parked: Arc::new(Parked::new(Instant::now())),
        }
    }

    /// Deliveries up to `horizon` are out, `unsettled` of them, some of which are in hand here. One
    /// lane for all has no order to lose.
    pub(super) fn expect_again(&mut self, horizon: u64, unsettled: usize) {
        let lost = unsettled.saturating_sub(self.in_hand.len());
        self.hold = (0 < lost && H::CONSUMER.batch_max == 1).then(|| {
            let lost = u64::try_from(lost).unwrap_or(u64::MAX);
            Hold::new(horizon, lost, H::CONSUMER.ack_wait, Instant::now())
        });
    }

    pub(super) fn has_room(&self) -> bool {
        self.in_hand.len() < usize::try_from(H::CONSUMER.in_flight_max).unwrap_or(usize::MAX)
    }

    pub(super) fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// Queues it. What is in hand already (a redelivery during a long attempt) is passed over: the
    /// attempt under way settles it.
    pub(super) fn push(&mut self, item: Item) {
        if !self.in_hand.insert(item.delivery.sequence) {
            return;
        }
        let lane = self.handler.lane(&item.delivery.cause);
        let queue = self.queues.entry(lane).or_insert_with(|| {
            self.idle.push_back(lane);
            VecDeque::new()
        });
        let sequence = item.delivery.sequence;
        // A redelivery, and what was deferred, go before what is newer.
        let first = item.delivery.first_sequence;
        let place = queue.partition_point(|known| known.delivery.first_sequence < first);
        queue.insert(place, item);
        if let Some(hold) = &mut self.hold {
            hold.came(sequence);
        }
        self.start();
    }

    /// Waits until one lane has finished what it was given, then starts what waits.
    pub(super) async fn finished(&mut self) {
        match self.running.join_next().await {
            None => {}
            Some(Ok(done)) => {
                for sequence in done.settled {
                    self.in_hand.remove(&sequence);
                }
                if let Some(at_work) = self.at_work.get_mut(&done.tenant) {
                    *at_work = at_work.saturating_sub(1);
                    if *at_work == 0 {
                        self.at_work.remove(&done.tenant);
                    }
                }
                self.release(done.lane);
            }
            Some(Err(error)) => {
                // The lane's queue stays blocked and unacknowledged; a restart gets it again.
                warn!(consumer = H::CONSUMER.name, %error, "a handler panicked");
                self.context.stop.cancel();
            }
        }
    }

    /// Tells the server about those that wait; those being worked on tell it themselves.
    pub(super) async fn keep_alive(&mut self) {
        self.start();
        for item in self.queues.values().flatten() {
            item.keep_alive().await;
        }
    }

    /// Finishes what has begun, within the bound; what only waits goes back to the server at once.
    pub(super) async fn drain(&mut self) {
        for item in self.queues.drain().flat_map(|(_, queue)| queue) {
            item.leave().await;
        }
        let finish = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_MAX, finish).await.is_err() {
            warn!(consumer = H::CONSUMER.name, "stopping with work under way; it comes again");
        }
    }

    fn release(&mut self, lane: Lane) {
        if self.queues.get(&lane).is_some_and(VecDeque::is_empty) {
            self.queues.remove(&lane);
        } else {
            self.idle.push_back(lane);
        }
        self.start();
    }

    fn start(&mut self) {
        let now = Instant::now();
        for _ in 0..self.idle.len() {
            if LANES_MAX <= self.running.len() {
                return;
            }
            let Some(lane) = self.idle.pop_front() else { return };
            let Some(queue) = self.queues.get_mut(&lane) else { continue };
            let Some(head) = queue.front() else { continue };
            let tenant = head.delivery.cause.tenant.clone();
            let at_work = self.at_work.get(&tenant).copied().unwrap_or(0);
            let hold = self.hold.as_ref();
            let waits = hold.is_some_and(|hold| !hold.admits(head.delivery.sequence, now));
            if waits || LANES_OF_TENANT_MAX <= at_work {
                self.idle.push_back(lane);
                continue;
            }
            self.at_work.insert(tenant.clone(), at_work + 1);
            let batch: Vec<Item> = queue.drain(..queue.len().min(H::CONSUMER.batch_max)).collect();
            let (context, handler) = (self.context.clone(), Arc::clone(&self.handler));
            let parked = Arc::clone(&self.parked);
            self.running.spawn(async move {
                let settled = batch.iter().map(|item| item.delivery.sequence).collect();
                let desk = Desk { context: &context, handler: &*handler, parked: &parked };
                work::work(&desk, batch).await;
                Done { lane, tenant, settled }
            });
        }
    }
}
