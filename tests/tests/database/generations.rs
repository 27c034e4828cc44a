//! Generations of the read models: made like the live one, filled beside it, compared, swapped, put back.

mod erased;
mod histories;
mod person;
mod swapped;

use std::time::Duration;

use konstruct_tests::postgres::raw;
use schemas::{TenantId, Timestamp};
use store::{
    Database, Settings, StoreError,
    check::walls,
    checkpoint,
    generation::{
        Generation, Generations, Made, Patience, Wish,
        compare::{self, Compared, Snapshot},
    },
    projections,
    prune::prune,
};

use crate::{
    World, at,
    projections::dump,
    tenant,
    usage::{Story, Told, write},
    world,
};

/// As the projector calls it.
const READER: &str = "project-events";

const DAY_MS: i64 = 24 * 3_600_000;

/// The models that events of messages fill.
const MODELS: [&str; 6] = ["p_conversation", "p_day", "p_event", "p_message", "p_month", "p_usage"];

async fn owner(world: &World) -> Generations {
    Generations::open(&Settings::new(world.test.owner_url())).await.unwrap()
}

/// A rebuild begins; its door.
async fn begun(world: &World, workers: u32) -> Database {
    let (readers, models) = (vec![READER.to_owned()], MODELS.map(str::to_owned).to_vec());
    let wish = Wish { readers, models, workers };
    owner(world).await.begin(&wish, "test").await.unwrap();
    world.db.generation(Generation::Next, 4).await.unwrap()
}

async fn made(world: &World, generation: Generation) -> Made {
    owner(world).await.find(generation).await.unwrap().unwrap()
}

/// What is live against what was rebuilt, at this time.
async fn compared(world: &World, now_ms: i64) -> Vec<Compared> {
    let platform = Settings::new(world.test.platform_url());
    let mut snapshot = Snapshot::take(&platform, "test").await.unwrap();
    let mut all = Vec::new();
    for model in MODELS {
        all.push(snapshot.compare(model, at(now_ms)).await.unwrap());
    }
    all
}

/// The rows that are apart, as people read them.
fn apart(compared: &[Compared]) -> Vec<String> {
    assert!(compared.iter().all(|it| it.is_equal() == it.differences.is_empty()), "{compared:?}");
    compared.iter().flat_map(|it| &it.differences).map(ToString::to_string).collect()
}

/// Two messages of a thread; the second one's reply is in doubt.
fn log(acme: &TenantId) -> Vec<Told> {
    let first = Story::new(acme, "m1", "t1", 1_000);
    let second = Story::new(acme, "m2", "t1", 9_000).by("U2");
    vec![
        first.accepted(1),
        first.answered(2, 650),
        second.accepted(3),
        first.delivered(4),
        second.answered(5, 4_500),
        second.uncertain(6),
    ]
}

/// What the catalogue says of the tables of a schema.
const SHAPE: &str = "
    select line from (
        select format('%s %s %s %s %s', relname, attname, format_type(atttypid, atttypmod), attnotnull,
                      coalesce(attacl::text, '')) as line
          from pg_attribute a join pg_class c on c.oid = attrelid
         where relnamespace = $1::text::regnamespace and relkind = 'r' and relname ~ '^p_' and 0 < attnum
           and not attisdropped
        union all
        select format('%s %s %s %s %s', tablename, policyname, cmd, qual, with_check) from pg_policies
         where schemaname = $1 and tablename ~ '^p_'
        union all
        select format('%s %s %s %s', relname, relrowsecurity, relforcerowsecurity, reloptions)
          from pg_class where relnamespace = $1::text::regnamespace and relname ~ '^p_'
        union all
        select format('%s %s %s', relname, grantee::regrole, privilege_type)
          from pg_class, aclexplode(relacl)
         where relnamespace = $1::text::regnamespace and relkind = 'r' and relname ~ '^p_'
        union all
        select replace(indexdef, $1 || '.', '') from pg_indexes where schemaname = $1 and tablename ~ '^p_'
        union all
        select format('%s %s', conname, pg_get_constraintdef(c.oid))
          from pg_constraint c join pg_class t on t.oid = conrelid
         where relnamespace = $1::text::regnamespace and relname ~ '^p_'
    ) lines order by line";

#[tokio::test]
async fn a_generation_has_the_columns_keys_rights_and_walls_of_the_live_one() {
    let world = world().await;
    begun(&world, 1).await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let shape = async |schema: &str| -> Vec<String> {
        let rows = admin.query(SHAPE, &[&schema]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let live = shape("public").await;
    assert!(60 < live.len(), "{live:#?}");
    assert_eq!(shape("models_next").await, live);
    assert_eq!(shape("models_base").await, live, "a migration changed a model in one of them only");
    assert_eq!(walls::gaps(&admin).await.unwrap(), []);

    admin
        .batch_execute("alter table models_next.p_usage no force row level security")
        .await
        .unwrap();
    let gaps: Vec<_> = walls::gaps(&admin).await.unwrap().iter().map(ToString::to_string).collect();
    let want = "models_next.p_usage: row-level security is not forced on the owner";
    assert_eq!(gaps, [want]);
}

#[tokio::test]
async fn every_read_model_can_be_rebuilt_and_compared() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "
        select relname::text from pg_class
         where relnamespace = 'public'::regnamespace and relkind = 'r' and relname ~ '^p_' order by 1";
    let rows = admin.query(sql, &[]).await.unwrap();
    let there: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let known = domain::rebuild::MODELS.each_ref().map(|model| model.name);
    assert_eq!(there, known, "a new one goes into domain/src/rebuild.rs");
    assert_eq!(compare::models().collect::<Vec<_>>(), known);
    let sql = "select unnest(models_of_events())";
    let of_events: Vec<String> =
        admin.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let is_of_events =
        |it: &&domain::rebuild::Model| it.sources.contains(&domain::rebuild::Source::Events);
    let want: Vec<_> =
        domain::rebuild::MODELS.iter().filter(is_of_events).map(|it| it.name).collect();
    assert_eq!(of_events, want);
}

#[tokio::test]
async fn a_row_that_was_tampered_with_is_found_and_named() {
    let world = world().await;
    let acme = tenant("acme");
    let log = log(&acme);
    write(&world.db, READER, &log, 2).await;
    let next = begun(&world, 1).await;
    write(&next, "next/project-events/0", &log, 3).await;
    assert_eq!(apart(&compared(&world, 60_000).await), Vec::<String>::new());

    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let tamper = "
        update public.p_month set cost_micros = cost_micros + 1;
        delete from public.p_message where message_id = 'm1';
        insert into public.p_event (tenant_id, stream, seq, event_id, correlation_id, kind, source, time_ms)
        values ('acme', 'EVENTS', 99, 'e99', 'm9', 'message.received', 'nobody', 1700000001000)";
    admin.batch_execute(tamper).await.unwrap();
    let compared = compared(&world, 60_000).await;
    let found = apart(&compared);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found[0].starts_with("p_event, tenant `acme`, key `EVENTS 99`\n  live: {"),
        "{}",
        found[0]
    );
    assert!(found[0].ends_with("\n  next: no such row"), "{}", found[0]);
    assert!(
        found[1].starts_with("p_message, tenant `acme`, key `m1`\n  live: no such row\n"),
        "{}",
        found[1]
    );
    assert!(found[2].starts_with("p_month, tenant `acme`, key `202311`\n"), "{}", found[2]);
    assert!(
        found[2].contains("\"cost_micros\": 201,") && found[2].contains("\"cost_micros\": 200,")
    );
    let message = compared.iter().find(|it| it.model == "p_message").unwrap();
    assert_eq!((message.live.rows, message.next.rows), (1, 2));
}

/// What is pruned is no matter of the log: it may be gone on one side, and not yet on the other.
#[tokio::test]
async fn what_is_old_enough_to_go_is_no_difference() {
    let world = world().await;
    let acme = tenant("acme");
    let old = Story::new(&acme, "old", "t0", 0);
    let doubtful = Story::new(&acme, "doubtful", "t2", 0);
    let young = Story::new(&acme, "young", "t1", 2 * DAY_MS);
    let log = [
        old.accepted(1),
        old.answered(2, 100),
        old.delivered(3),
        doubtful.accepted(4),
        doubtful.uncertain(5),
        young.accepted(6),
    ];
    write(&world.db, READER, &log, 2).await;
    let next = begun(&world, 1).await;
    write(&next, "next/project-events/0", &log, 6).await;
    let now = 32 * DAY_MS;
    let pruned = prune(&world.platform, "test", at(now)).await.unwrap();
    assert_eq!((pruned.messages, pruned.conversations, pruned.events), (1, 1, 3));
    assert_eq!(apart(&compared(&world, now).await), Vec::<String>::new());

    // What is in doubt stays, however old: there it would be a difference.
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "delete from public.p_message where message_id = 'doubtful'";
    admin.batch_execute(sql).await.unwrap();
    let compared = compared(&world, now).await;
    let models: Vec<_> = compared.iter().filter(|it| !it.is_equal()).map(|it| it.model).collect();
    assert!(models.contains(&"p_message"), "{models:?}");
}

/// A thread that goes on has its first message in the base only, and what is gone there is gone here.
#[tokio::test]
async fn the_base_keeps_what_is_live_and_forgets_what_is_pruned() {
    let world = world().await;
    let acme = tenant("acme");
    let dead = Story::new(&acme, "dead", "t0", 0);
    let first = Story::new(&acme, "first", "t1", 0);
    let second = Story::new(&acme, "second", "t1", 30 * DAY_MS);
    let left = [
        dead.accepted(1),
        dead.answered(2, 100),
        dead.delivered(3),
        first.accepted(4),
        first.answered(5, 100),
        first.delivered(6),
    ];
    let there = [second.accepted(7)];
    let all: Vec<_> = left.iter().chain(&there).cloned().collect();
    write(&world.db, READER, &all, 2).await;
    let base = world.db.generation(Generation::Base, 1).await.unwrap();
    write(&base, "base/project-events/0", &left, 4).await;

    let now = 32 * DAY_MS;
    let pruned = prune(&world.platform, "test", at(now)).await.unwrap();
    assert_eq!((pruned.messages, pruned.conversations, pruned.events), (2, 1, 6));
    assert_eq!(pruned.generations, 2 + 1 + 6, "as much as of the live ones");
    assert_eq!(prune(&world.platform, "test", at(now)).await.unwrap().generations, 0);

    let next = begun(&world, 1).await;
    let (next_at, place) = (made(&world, Generation::Next).await, "next/project-events/0");
    assert_eq!(next_at.at(READER), Some(6), "it begins where the base ends");
    write(&next, place, &there, 1).await;
    assert_eq!(apart(&compared(&world, now).await), Vec::<String>::new());
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "select messages from models_next.p_conversation";
    assert_eq!(admin.query_one(sql, &[]).await.unwrap().get::<_, i32>(0), 2, "both are counted");
}

/// An installation that is older than its base takes over what it has.
#[tokio::test]
async fn a_new_base_is_what_is_live() {
    let world = world().await;
    let acme = tenant("acme");
    let log = log(&acme);
    write(&world.db, READER, &log[..4], 2).await;
    owner(&world).await.take_base(READER, "test").await.unwrap();
    let base = made(&world, Generation::Base).await;
    assert_eq!((base.at(READER), base.taken_at), (Some(4), Some(4)));

    write(&world.db, READER, &log[4..], 1).await;
    let next = begun(&world, 1).await;
    write(&next, "next/project-events/0", &log[4..], 2).await;
    assert_eq!(apart(&compared(&world, 60_000).await), Vec::<String>::new());
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    assert_eq!(walls::gaps(&admin).await.unwrap(), []);
}

#[tokio::test]
async fn two_do_not_work_on_generations_at_once_and_each_step_is_in_the_audit() {
    let world = world().await;
    let (first, second) = (owner(&world).await, owner(&world).await);
    first.alone().await.unwrap();
    let refused = second.alone().await.unwrap_err().to_string();
    assert_eq!(refused, "another `konstruct replay` is at work on this database");

    begun(&world, 2).await;
    let mut owner = owner(&world).await;
    owner.discard(Generation::Next, "mara@example.com").await.unwrap();
    assert_eq!(owner.find(Generation::Next).await.unwrap(), None);
    let base = owner.discard(Generation::Base, "test").await.unwrap_err().to_string();
    assert_eq!(base, "the base is not dropped");
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "select purpose || ' ' || actor from platform_audit order by id";
    let rows = admin.query(sql, &[]).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(steps, ["rebuild-begin test", "rebuild-drop mara@example.com"]);
}

/// Its tables are not found any more, and the live ones are next on the search path.
#[tokio::test]
async fn how_far_a_rebuild_has_read_is_known_and_one_that_is_old_is_not_waited_for() {
    let world = world().await;
    let since = Timestamp::from_millis(0);
    let rebuilt = async |since| checkpoint::rebuilt(&world.db, READER, since).await.unwrap();
    assert_eq!(rebuilt(since).await, None, "there is none");
    begun(&world, 2).await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    for (worker, seq) in [(0, 7), (1, 5)] {
        let place = Generation::Next.place(READER, worker);
        let moved = format!("update checkpoint set seq = {seq} where name = '{place}'");
        assert_eq!(admin.execute(&moved, &[]).await.unwrap(), 1);
    }
    assert_eq!(rebuilt(since).await, Some(5), "the slowest worker counts");
    let begun_at = made(&world, Generation::Next).await.since;
    assert_eq!(rebuilt(begun_at.plus(Duration::from_secs(1))).await, None);
    let other = checkpoint::rebuilt(&world.db, "project-directory", since).await.unwrap();
    assert_eq!(other, None, "nobody reads that for it");
}

#[tokio::test]
async fn whoever_still_writes_to_a_generation_that_is_gone_changes_nothing() {
    let world = world().await;
    let acme = tenant("acme");
    let log = log(&acme);
    write(&world.db, READER, &log[..2], 2).await;
    let next = begun(&world, 1).await;
    let name = "next/project-events/0";
    write(&next, name, &log[..2], 1).await;
    let place = checkpoint::find(&next, name).await.unwrap().unwrap();
    let before = dump(&world).await;
    owner(&world).await.discard(Generation::Next, "test").await.unwrap();
    assert_eq!(checkpoint::find(&next, name).await.unwrap(), None);
    let changes = [(acme, log[2].changes.clone())].into();
    let late = projections::apply(&next, name, place, 3, &changes).await;
    assert!(matches!(late, Err(StoreError::Fenced(_))), "{late:?}");
    assert_eq!(dump(&world).await, before);
}
