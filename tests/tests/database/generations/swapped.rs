//! The swap, while pages are read and events are written over connections that were there before.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use konstruct_tests::wait::until;
use store::changes;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::message;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// How often a swap is tried while somebody reads.
const TRIES: u32 = 200;

/// Puts a generation in place, as the command does.
pub(super) async fn swap(
    world: &World,
    generation: Generation,
    step: &str,
) -> Result<(), StoreError> {
    let made = made(world, generation).await;
    let mut owner = owner(world).await;
    for _ in 0..TRIES {
        let held = owner.hold(&made.wish.readers).await?;
        match held.swap(&made, (step, "test"), Patience::Short).await {
            Err(error) if error.is_transient() => {}
            done => return done,
        }
    }
    panic!("never swapped")
}

/// The column that tells the generations apart here.
async fn detail(db: &Database) -> Option<String> {
    let mut tx = db.tenant(&tenant("acme")).await.unwrap();
    let found = projections::message(&mut tx, &message("m1")).await.unwrap();
    // What a page reads beside it, of the other tables.
    changes::brought(&mut tx, at(0)).await.unwrap();
    projections::story(&mut tx, &(&message("m1")).into()).await.unwrap();
    tx.commit().await.unwrap();
    found.expect("the message is there in every generation").detail
}

/// Two read all the time; how often each so far, and how often what was tampered with.
struct Readers {
    stop: CancellationToken,
    reads: Vec<Arc<AtomicU64>>,
    tampered: Arc<AtomicU64>,
    tasks: JoinSet<()>,
}

impl Readers {
    async fn start(world: &World) -> Self {
        let settings = Settings::new(world.test.app_url()).pool_size(2);
        let (mut reads, tampered) = (Vec::new(), Arc::<AtomicU64>::default());
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        for door in [Database::reader(&settings).await, Database::connect(&settings).await] {
            let (db, stop) = (door.unwrap(), stop.clone());
            let (own, tampered) = (Arc::<AtomicU64>::default(), Arc::clone(&tampered));
            reads.push(Arc::clone(&own));
            tasks.spawn(async move {
                while !stop.is_cancelled() {
                    if detail(&db).await.is_some() {
                        tampered.fetch_add(1, Ordering::Relaxed);
                    }
                    own.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { stop, reads, tampered, tasks }
    }

    /// Waits until each has read so often once more, and says how many of all these saw the tampered row.
    async fn more(&self, count: u64) -> u64 {
        let reads = || self.reads.iter().map(|it| it.load(Ordering::Relaxed));
        let wanted: Vec<_> = reads().map(|read| read + count).collect();
        let seen = self.tampered.load(Ordering::Relaxed);
        let there = || async { anyhow::Ok(reads().zip(&wanted).all(|(read, want)| *want <= read)) };
        until(PATIENCE, "somebody reads", there).await.unwrap();
        self.tampered.load(Ordering::Relaxed) - seen
    }

    /// A read that failed would be a panic here.
    async fn end(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_read_before_during_and_after_a_swap_over_the_same_connections() {
    let world = world().await;
    let acme = tenant("acme");
    let log = log(&acme);
    write(&world.db, READER, &log[..4], 2).await;
    let next = begun(&world, 1).await;
    write(&next, "next/project-events/0", &log[..4], 3).await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let tamper = "update public.p_message set detail = 'tampered' where message_id = 'm1'";
    admin.batch_execute(tamper).await.unwrap();

    let readers = Readers::start(&world).await;
    assert!(0 < readers.more(20).await, "they see what is live");
    swap(&world, Generation::Next, "rebuild-swap").await.unwrap();
    // What each reads now may have begun before.
    readers.more(1).await;
    assert_eq!(readers.more(20).await, 0, "they see what was rebuilt");

    // The projector goes on over the connections it had, from the place it had.
    write(&world.db, READER, &log[4..], 1).await;
    assert_eq!(detail(&world.db).await, None);
    let live = owner(&world).await.live(&[READER.to_owned()]).await.unwrap();
    assert_eq!(live[READER], 6);
    let place = checkpoint::load(&world.db, READER).await.unwrap();
    assert_eq!(place.generation, 2, "one up with each rebuild");

    // What was live is not as far any more: it is brought there, and put back.
    let refused = swap(&world, Generation::Previous, "rebuild-roll-back").await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the previous generation stands at 4 to 4 of project-events, the live one at 6"
    );
    let previous = world.db.generation(Generation::Previous, 1).await.unwrap();
    write(&previous, "previous/project-events/0", &log[4..], 2).await;
    swap(&world, Generation::Previous, "rebuild-roll-back").await.unwrap();
    readers.more(1).await;
    assert!(0 < readers.more(20).await, "they see what was live before");
    readers.end().await;

    assert_eq!(walls::gaps(&admin).await.unwrap(), []);
    let sql = "select purpose from platform_audit where purpose like 'rebuild-%' order by id";
    let steps: Vec<String> =
        admin.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(steps, ["rebuild-begin", "rebuild-swap", "rebuild-roll-back"]);
    let sql = "select string_agg(name, ' ' order by name) from generation";
    let there: String = admin.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(there, "base previous");
}

/// The tables that are not named stay, and what is put back is whole all the same.
#[tokio::test]
async fn one_model_alone_is_swapped_and_put_back() {
    let world = world().await;
    let acme = tenant("acme");
    let log = log(&acme);
    write(&world.db, READER, &log, 2).await;
    let whole = dump(&world).await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let tamper = "update public.p_usage set messages = 7; update public.p_month set messages = 7";
    admin.batch_execute(tamper).await.unwrap();
    let tampered = dump(&world).await;

    let (readers, models) = (vec![READER.to_owned()], vec!["p_usage".to_owned()]);
    let wish = Wish { readers, models, workers: 1 };
    owner(&world).await.begin(&wish, "test").await.unwrap();
    let next = world.db.generation(Generation::Next, 1).await.unwrap();
    write(&next, "next/project-events/0", &log, 6).await;
    swap(&world, Generation::Next, "rebuild-swap").await.unwrap();
    let swapped = dump(&world).await;
    assert!(swapped != whole && swapped != tampered, "the sums of months are as they were");
    admin.batch_execute("update public.p_month set messages = 2").await.unwrap();
    assert_eq!(dump(&world).await, whole);

    swap(&world, Generation::Previous, "rebuild-roll-back").await.unwrap();
    admin.batch_execute("update public.p_month set messages = 7").await.unwrap();
    assert_eq!(dump(&world).await, tampered);
}

#[tokio::test]
async fn a_generation_of_another_shape_is_not_swapped() {
    let world = world().await;
    let acme = tenant("acme");
    write(&world.db, READER, &log(&acme), 6).await;
    let next = begun(&world, 1).await;
    write(&next, "next/project-events/0", &log(&acme), 6).await;
    let before = dump(&world).await;
    let migration = raw(&world.test.owner_url()).await.unwrap();
    migration.batch_execute("alter table public.p_month add column refunds bigint").await.unwrap();
    let refused = swap(&world, Generation::Next, "rebuild-swap").await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the next generation is of another shape (p_month: refunds bigint f): a migration came between; \
         drop it"
    );
    migration.batch_execute("alter table public.p_month drop column refunds").await.unwrap();
    assert_eq!(dump(&world).await, before);

    // What a generation does not have would be written to the live one.
    migration.batch_execute("create table public.p_new (id int)").await.unwrap();
    let refused = world.db.generation(Generation::Next, 1).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "the next generation has no table p_new: it is gone, or a migration came between"
    );
    migration.batch_execute("drop table public.p_new").await.unwrap();

    // As the recipe says it: in every generation at once.
    let recipe = "call on_generations('p_month', 'alter table %s add column refunds bigint')";
    migration.batch_execute(recipe).await.unwrap();
    swap(&world, Generation::Next, "rebuild-swap").await.unwrap();
    assert_eq!(detail(&world.db).await, None);
}
