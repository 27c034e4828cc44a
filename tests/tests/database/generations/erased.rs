//! A tenant that is erased: its rows go from every generation, and none comes back into one.

use std::{collections::BTreeMap, time::Duration};

use store::{erase, erasures};

use super::*;
use crate::walls::run;

/// The tables that have rows of a tenant, with how many; those of other generations with their schema.
async fn rows(world: &World, slug: &str) -> Vec<String> {
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let mut found = Vec::new();
    for table in walls::tenant_tables(&admin).await.unwrap() {
        let sql = format!("select count(*) from {table} where tenant_id = $1");
        let count: i64 = admin.query_one(&sql, &[&slug]).await.unwrap().get(0);
        if 0 < count {
            found.push(format!("{table} {count}"));
        }
    }
    found.sort_unstable();
    found
}

/// How many rows of `acme` were erased.
async fn erased(world: &World, kept: &[u64]) -> u64 {
    erase::erase(&world.platform, &tenant("acme"), kept, "test").await.unwrap()
}

/// Live, base, previous and next, each with rows of `acme` and `beta`.
async fn everywhere(world: &World, log: &[Told], cut: usize) {
    write(&world.db, READER, log, 2).await;
    let base = world.db.generation(Generation::Base, 1).await.unwrap();
    write(&base, "base/project-events/0", &log[..cut], 2).await;
    let next = begun(world, 1).await;
    write(&next, "next/project-events/0", &log[cut..], 2).await;
    swapped::swap(world, Generation::Next, "rebuild-swap").await.unwrap();
    let next = begun(world, 1).await;
    write(&next, "next/project-events/0", &log[cut..], 2).await;
}

/// Histories of both, which are on the log in turn.
fn both() -> Vec<Told> {
    let acme = tenant("acme");
    let first = Story::new(&acme, "m1", "t1", 1_000);
    let second = Story::new(&acme, "m2", "t1", 9_000);
    let theirs = Story::new(&tenant("beta"), "m1", "t1", 2_000);
    vec![
        theirs.accepted(1),
        first.accepted(2),
        first.answered(3, 650),
        second.accepted(4),
        first.delivered(5),
        second.answered(6, 4_500),
        theirs.answered(7, 100),
        second.uncertain(8),
        theirs.delivered(9),
    ]
}

#[tokio::test]
async fn rows_go_from_every_generation_and_whoever_fills_one_brings_none_back() {
    let world = world().await;
    let log = both();
    everywhere(&world, &log, 5).await;
    let schemas = ["models_base.p_event", "models_next.p_event", "models_previous.p_event"];
    let before = rows(&world, "acme").await;
    for schema in schemas {
        assert!(before.iter().any(|row| row.starts_with(schema)), "{schema}: {before:?}");
    }
    let theirs = rows(&world, "beta").await;
    let base = world.db.generation(Generation::Base, 1).await.unwrap();
    let name = "base/project-events/0";
    let place = checkpoint::find(&base, name).await.unwrap().unwrap();

    let rows_of = |rows: &[String]| -> u64 {
        rows.iter().map(|row| row.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    };
    assert_eq!(erased(&world, &[]).await, rows_of(&before));
    assert_eq!(rows(&world, "acme").await, Vec::<String>::new());
    assert_eq!(rows(&world, "beta").await, theirs);
    assert_eq!(apart(&compared(&world, 60_000).await), Vec::<String>::new());

    // What somebody had in hand since before is not written any more; who reads again goes on.
    let changes = [(tenant("acme"), log[5].changes.clone())].into();
    let late = projections::apply(&base, name, place, log[5].seq, &changes).await;
    assert!(matches!(late, Err(StoreError::Fenced(_))), "{late:?}");
    assert_eq!(rows(&world, "acme").await, Vec::<String>::new());
    let place = checkpoint::find(&base, name).await.unwrap().unwrap();
    projections::apply(&base, name, place, 7, &BTreeMap::new()).await.unwrap();
    assert_eq!(made(&world, Generation::Base).await.at(READER), Some(7));
}

/// Sums of all tenants have no part of it that could be told apart.
#[tokio::test]
async fn what_was_live_before_lacks_who_was_erased_since() {
    let (world, acme, hour) = (world().await, tenant("acme"), Duration::from_hours(1));
    everywhere(&world, &both(), 5).await;
    let since = made(&world, Generation::Previous).await.since;
    let cases = [(since.minus(hour), vec![]), (since.plus(hour), vec![Generation::Previous])];
    for (ended_at, want) in cases {
        let began = erasures::begin(&world.platform, &acme, "test", since.minus(hour));
        let id = began.await.unwrap();
        erasures::end(&world.platform, (id, "test"), "{}", ended_at).await.unwrap();
        let all = owner(&world).await.made().await.unwrap();
        let lack: Vec<_> =
            all.iter().filter(|it| it.lacks_erased()).map(|it| it.generation).collect();
        assert_eq!(lack, want, "{ended_at}");
    }
}

/// What derives from the tombstone; see `kept` of [`erase::erase`].
#[tokio::test]
async fn what_a_rebuild_would_bring_back_stays_in_it() {
    let world = world().await;
    begun(&world, 1).await;
    let app = raw(&world.test.app_url()).await.unwrap();
    for schema in ["public", "models_next"] {
        for seq in [6, 7] {
            let event = format!(
                "insert into {schema}.p_event (tenant_id, stream, seq, event_id, correlation_id, kind,
                     source, time_ms)
                 values ('acme', 'DIRECTORY', {seq}, 'e{seq}', 'x', 'x', 'x', 0)"
            );
            run(&app, "acme", &event).await.unwrap();
        }
        let entry = format!(
            "insert into {schema}.p_tenant (tenant_id, state, status, name, last_seq)
                 values ('acme', '{{}}', 'deleted', 'acme', 7)"
        );
        run(&app, "acme", &entry).await.unwrap();
    }
    assert_eq!(erased(&world, &[7]).await, 2);
    let left = ["models_next.p_event 1", "models_next.p_tenant 1", "p_event 1", "p_tenant 1"];
    assert_eq!(rows(&world, "acme").await, left);
    assert_eq!(erased(&world, &[7]).await, 0);
}

/// The log begins later once their events are gone from it, and nobody's are missing.
#[tokio::test]
async fn what_was_theirs_at_the_start_of_the_log_is_no_gap() {
    let world = world().await;
    let acme = tenant("acme");
    let base = world.db.generation(Generation::Base, 1).await.unwrap();
    write(&base, "base/project-events/0", &log(&acme)[..4], 4).await;
    begun(&world, 2).await;
    let cases = [((5, 9), 8), ((5, 5), 8), ((6, 20), 19), ((30, 40), 19)];
    for ((before, after), want) in cases {
        let passed = erase::pass_over(&world.platform, READER, (before, after), "test").await;
        passed.unwrap();
        for generation in [Generation::Base, Generation::Next] {
            let at = made(&world, generation).await.at(READER);
            assert_eq!(at, Some(want), "{generation:?}: {before} to {after}");
        }
    }
    assert_eq!(owner(&world).await.live(&[READER.to_owned()]).await.unwrap().get(READER), None);
}
