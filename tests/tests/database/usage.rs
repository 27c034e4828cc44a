//! Threads and usage as read models: each event counts once, however the log is cut into pieces.

use std::collections::BTreeMap;

use domain::day::Day;
use konstruct_tests::postgres::raw;
use schemas::{ConversationId, MessageRef, TenantId};
use store::{
    Database, Purpose, checkpoint,
    projections::{self, Changes, Counts, EventRow, MessageRow, Under, UsageRow},
};

use crate::{World, at, event, projections::dump, reference, tenant, world};

/// One event, as the projector folds it.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) tenant: TenantId,
    pub(crate) changes: Changes,
    pub(crate) seq: u64,
}

/// What events say of one message.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) tenant: TenantId,
    pub(crate) of: MessageRef,
    /// When it came, in milliseconds after the start of all tests.
    pub(crate) ms: i64,
}

impl Story {
    pub(crate) fn new(tenant: &TenantId, name: &str, thread: &str, ms: i64) -> Self {
        let seconds = 1_700_000_000 + ms / 1000;
        let ts = format!("{seconds}.{:06}", ms % 1000 * 1000);
        let conversation: ConversationId = thread.parse().unwrap();
        let of = MessageRef { conversation, ..reference(name, &ts) };
        Self { tenant: tenant.clone(), of, ms }
    }

    pub(crate) fn by(mut self, sender: &str) -> Self {
        sender.clone_into(&mut self.of.sender);
        self
    }

    pub(crate) fn event(&self, kind: &str, seq: u64, after_ms: i64) -> Told {
        let row = EventRow {
            stream: "EVENTS".to_owned(),
            seq,
            event_id: event(&format!("e-{}-{}", self.of.id, kind.replace('.', "-"))),
            correlation_id: (&self.of.id).into(),
            causation_id: None,
            kind: kind.to_owned(),
            source: "test".to_owned(),
            time_ms: at(self.ms + after_ms).as_millis(),
            note: None,
            effect_id: None,
        };
        let changes = Changes { events: vec![row], ..Changes::default() };
        Told { tenant: self.tenant.clone(), changes, seq }
    }

    fn told(
        &self,
        kind: &str,
        seq: u64,
        after_ms: i64,
        state: impl FnOnce(MessageRow, i64) -> MessageRow,
    ) -> Told {
        let mut told = self.event(kind, seq, after_ms);
        let id = told.changes.events[0].event_id.clone();
        let row = MessageRow::new(&self.of, "", &id, seq);
        told.changes.messages.push(state(row, at(self.ms + after_ms).as_millis()));
        told
    }

    pub(crate) fn accepted(&self, seq: u64) -> Told {
        self.told("message.accepted", seq, 0, |row, ms| MessageRow {
            state: "accepted".to_owned(),
            received_at_ms: Some(ms),
            ..row
        })
    }

    pub(crate) fn answered(&self, seq: u64, latency_ms: u64) -> Told {
        let after = i64::try_from(latency_ms).unwrap();
        let mut told = self.told("completion.finished", seq, after, |row, ms| MessageRow {
            state: "completed".to_owned(),
            agent_id: Some("mara".parse().unwrap()),
            agent_version: Some(3),
            model: Some("haiku".to_owned()),
            cost_micros: Some(100),
            completed_at_ms: Some(ms),
            ..row
        });
        let under = Under {
            day: Day::of(at(self.ms)),
            message: None,
            agent: Some("mara".parse().unwrap()),
            version: Some(3),
            by_model: Some("haiku".to_owned()),
        };
        let counts = Counts { messages: 1, answered: 1, cost_micros: 100, ..Counts::default() };
        told.changes.usage.push(UsageRow { seq, under, counts, latency_ms: Some(latency_ms) });
        told
    }

    pub(crate) fn delivered(&self, seq: u64) -> Told {
        self.told("reply.delivered", seq, 5_000, |row, ms| MessageRow {
            state: "delivered".to_owned(),
            answered_at_ms: Some(ms),
            ..row
        })
    }

    pub(crate) fn uncertain(&self, seq: u64) -> Told {
        let mut told = self.told("reply.uncertain", seq, 4_000, |row, _| MessageRow {
            state: "uncertain".to_owned(),
            ..row
        });
        let message = Some(self.of.id.clone());
        let under = Under { day: Day::of(at(self.ms)), message, ..Under::default() };
        let counts = Counts { uncertain: 1, ..Counts::default() };
        told.changes.usage.push(UsageRow { seq, under, counts, latency_ms: None });
        told
    }

    pub(crate) fn throttled(&self, seq: u64) -> Told {
        let mut told = self.told("message.throttled", seq, 10, |row, ms| MessageRow {
            state: "throttled".to_owned(),
            decided_at_ms: Some(ms),
            ..row
        });
        let under = Under { day: Day::of(at(self.ms)), ..Under::default() };
        let counts = Counts { messages: 1, throttled: 1, ..Counts::default() };
        told.changes.usage.push(UsageRow { seq, under, counts, latency_ms: None });
        told
    }
}

/// Writes events, in pieces of `size`.
pub(crate) async fn project(world: &World, told: &[Told], size: usize) {
    write(&world.db, "events", told, size).await;
}

/// The same for the reader of this name, into the generation of this door.
pub(crate) async fn write(db: &Database, name: &str, told: &[Told], size: usize) {
    let mut reader = checkpoint::load(db, name).await.unwrap();
    for piece in told.chunks(size) {
        let mut changes = BTreeMap::<_, Changes>::new();
        for told in piece {
            let all = changes.entry(told.tenant.clone()).or_default();
            all.events.extend(told.changes.events.clone());
            all.messages.extend(told.changes.messages.clone());
            all.handed_off.extend(told.changes.handed_off.clone());
            all.usage.extend(told.changes.usage.clone());
        }
        let last = piece.last().unwrap().seq;
        reader = projections::apply(db, name, reader, last, &changes).await.unwrap();
    }
}

/// A thread of two people, another that is throttled, and another tenant's with the same ids.
fn log() -> Vec<Told> {
    let (acme, other) = (tenant("acme"), tenant("other"));
    let first = Story::new(&acme, "m1", "t1", 1_000);
    let second = Story::new(&acme, "m2", "t1", 9_000).by("U2");
    let third = Story::new(&acme, "m3", "t2", 9_500);
    let theirs = Story::new(&other, "m1", "t1", 2_000);
    vec![
        first.accepted(1),
        first.answered(2, 650),
        first.uncertain(3),
        second.accepted(4),
        first.delivered(5),
        theirs.accepted(6),
        third.accepted(7),
        second.answered(8, 4_500),
        third.throttled(9),
        second.delivered(10),
    ]
}

async fn column(world: &World, sql: &str) -> Vec<String> {
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    admin.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

const USED: &str = "
    select concat_ws(' ', tenant_id, day, agent_id, agent_version, model, messages, answered,
                     throttled, uncertain, cost_micros, latency_ms_sum)
      from p_usage order by 1";

#[tokio::test]
async fn however_the_log_is_cut_the_sums_and_threads_are_the_same() {
    let (one, all) = (world().await, world().await);
    project(&one, &log(), 1).await;
    project(&all, &log(), 100).await;
    assert_eq!(dump(&one).await, dump(&all).await);

    let want = ["acme 20231114  0  1 0 1 0 0 0", "acme 20231114 mara 3 haiku 2 2 0 1 200 5150"];
    assert_eq!(column(&one, USED).await, want, "the doubt is that of who answered");
    let days = "select concat_ws(' ', model, messages, answered, throttled, uncertain)
                  from p_day order by model";
    assert_eq!(column(&one, days).await, [" 1 0 1 1", "haiku 2 2 0 0"]);
    let months = "select concat_ws(' ', tenant_id, month, messages, cost_micros) from p_month";
    assert_eq!(column(&one, months).await, ["acme 202311 3 200"]);
    let threads = "
        select concat_ws(' ', tenant_id, conversation_id, people, agent_id, state, messages,
                         last_at_ms - first_at_ms, answered_at_ms - last_at_ms)
          from p_conversation order by 1";
    let want = [
        "acme t1 {U1,U2} mara delivered 2 8000 5000",
        "acme t2 {U1} throttled 1 0",
        "other t1 {U1} accepted 1 0",
    ];
    assert_eq!(column(&one, threads).await, want);
}

/// JetStream forgets an event's id after its duplicate window: then it is on the log twice.
#[tokio::test]
async fn an_event_that_is_on_the_log_twice_counts_once() {
    let world = world().await;
    let mut told = log();
    project(&world, &told, 3).await;
    let before = dump(&world).await;
    for (seq, again) in (11..).zip(&mut told) {
        again.seq = seq;
        again.changes.events.iter_mut().for_each(|row| row.seq = seq);
        again.changes.messages.iter_mut().for_each(|row| row.last_seq = seq);
        again.changes.usage.iter_mut().for_each(|row| row.seq = seq);
    }
    project(&world, &told, 4).await;
    assert_eq!(dump(&world).await, before);
}

#[tokio::test]
async fn a_rebuild_gives_the_same_sums_and_threads() {
    let world = world().await;
    project(&world, &log(), 2).await;
    let before = dump(&world).await;
    let mut tx = world.platform.begin(Purpose::Rebuild, "test").await.unwrap();
    projections::clear(&mut tx, &["events"]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(dump(&world).await.trim(), "");
    project(&world, &log(), 7).await;
    assert_eq!(dump(&world).await, before);
}
