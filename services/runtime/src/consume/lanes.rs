//! Who waits for whom.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use nats::bounds::{
    DRAIN_MAX, IN_HAND_OF_LANE_MAX, IN_HAND_OF_TENANT_MAX, LANES_MAX, LANES_OF_TENANT_MAX, PUT_OFF,
};
use schemas::{Envelope, TenantId, subject::Aggregate};
use tokio::{task::JoinSet, time::Instant};
use tracing::warn;

use super::{
    Context, Handler, Why,
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
    /// How many deliveries of each tenant are in hand, where lanes are conversations.
    of_tenant: HashMap<TenantId, usize>,
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
            of_tenant: HashMap::new(),
            in_hand: HashSet::new(),
            hold: None,
            parked: Arc::new(Parked::new(Instant::now())),
        }
    }

    /// Deliveries up to `horizon` are out, `unsettled` of them, some of which are in hand here. One
    /// lane for all has no order to lose.
    pub(super) fn expect_again(&mut self, horizon: u64, unsettled: usize) {
        let lost = unsettled.saturating_sub(self.in_hand.len());
        self.hold = (0 < lost && keeps_order::<H>()).then(|| {
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

    /// Takes a delivery in hand, or puts it off where its conversation or its tenant has too many there.
    /// Its place in the conversation is kept: it is deferred like one that waits behind another.
    pub(super) async fn take(&mut self, item: Item) {
        let lane = self.handler.lane(&item.delivery.cause);
        if !self.is_crowded(lane, &item) {
            return self.push(item);
        }
        let until = self.context.clock.now().plus(PUT_OFF);
        match self.handler.defer(&item.delivery, until, Why::Behind).await {
            Ok(()) => {
                self.parked.hold(lane, Instant::now());
                item.done().await;
            }
            Err(error) => {
                warn!(consumer = H::CONSUMER.name, %error, "not put off; it waits in hand");
                self.push(item);
            }
        }
    }

    fn is_crowded(&self, lane: Lane, item: &Item) -> bool {
        let in_lane = self.queues.get(&lane).map_or(0, VecDeque::len);
        let of_tenant = self.of_tenant.get(&item.delivery.cause.tenant).copied().unwrap_or(0);
        let is_many = IN_HAND_OF_LANE_MAX <= in_lane || IN_HAND_OF_TENANT_MAX <= of_tenant;
        is_many && keeps_order::<H>() && !self.in_hand.contains(&item.delivery.sequence)
    }

    /// Queues it. What is in hand already (a redelivery during a long attempt) is passed over: the
    /// attempt under way settles it.
    pub(super) fn push(&mut self, item: Item) {
        if !self.in_hand.insert(item.delivery.sequence) {
            return;
        }
        if keeps_order::<H>() {
            *self.of_tenant.entry(item.delivery.cause.tenant.clone()).or_default() += 1;
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
                let settled = done.settled.len();
                for sequence in done.settled {
                    self.in_hand.remove(&sequence);
                }
                lessen(&mut self.at_work, &done.tenant, 1);
                if keeps_order::<H>() {
                    lessen(&mut self.of_tenant, &done.tenant, settled);
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
            let waits = hold.is_some_and(|hold| !hold.admits(now));
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

/// Whether lanes are conversations; one lane for all works in batches, and has no order to lose.
const fn keeps_order<H: Handler>() -> bool {
    H::CONSUMER.batch_max == 1
}

fn lessen(counts: &mut HashMap<TenantId, usize>, tenant: &TenantId, by: usize) {
    if let Some(count) = counts.get_mut(tenant) {
        *count = count.saturating_sub(by);
        if *count == 0 {
            counts.remove(tenant);
        }
    }
}
