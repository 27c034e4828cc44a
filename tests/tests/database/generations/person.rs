//! A person who is erased: what is left of threads is as if they had never written, and sums stay.

use schemas::EffectId;
use store::erase::stories;

use super::*;
use crate::{message, walls::run};

/// What tells of messages, and what adds them up.
const MESSAGES: [&str; 3] = ["p_conversation", "p_event", "p_message"];
const SUMS: [&str; 3] = ["p_day", "p_month", "p_usage"];

/// What `U1` and `U2` say in a thread, and `U1` alone in another; what another tenant's `U1` says.
fn history() -> Vec<Told> {
    let acme = tenant("acme");
    let first = Story::new(&acme, "m1", "t1", 1_000);
    let second = Story::new(&acme, "m2", "t1", 9_000).by("U2");
    let third = Story::new(&acme, "m3", "t2", 9_500);
    let fourth = Story::new(&acme, "m4", "t1", 12_000);
    let theirs = Story::new(&tenant("beta"), "m1", "t1", 2_000);
    vec![
        first.accepted(1),
        second.accepted(2),
        theirs.accepted(3),
        first.answered(4, 650),
        first.delivered(5),
        second.answered(6, 4_500),
        third.accepted(7),
        second.delivered(8),
        third.throttled(9),
        fourth.accepted(10),
        fourth.answered(11, 100),
        fourth.delivered(12),
        theirs.answered(13, 100),
    ]
}

/// The same as if `U1` of `acme` had said nothing.
fn without(history: &[Told]) -> Vec<Told> {
    let is_theirs = |told: &&Told| {
        told.tenant.as_str() == "acme" && told.changes.messages[0].reference.sender == "U1"
    };
    history.iter().filter(|told| !is_theirs(told)).cloned().collect()
}

fn names() -> Vec<String> {
    ["m1", "m3", "m4"].map(str::to_owned).to_vec()
}

async fn dumped(world: &World, schema: &str, tables: [&str; 3]) -> Vec<String> {
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let mut all = Vec::new();
    for table in tables {
        let sql = format!("select t::text from {schema}.{table} t order by 1");
        let rows = admin.query(&sql, &[]).await.unwrap();
        all.extend(rows.iter().map(|row| format!("{table} {}", row.get::<_, String>(0))));
    }
    all
}

/// What there is to erase of `U1`, by table.
async fn had(world: &World) -> Vec<String> {
    let names = names();
    let of = ("U1", names.as_slice());
    let counted = stories::count(&world.platform, &tenant("acme"), of, "test").await.unwrap();
    let some = counted.into_iter().filter(|had| 0 < had.rows);
    some.map(|had| format!("{} {}", had.table, had.rows)).collect()
}

async fn erased(world: &World) -> u64 {
    let names = names();
    let of = ("U1", names.as_slice());
    stories::erase(&world.platform, &tenant("acme"), of, "test").await.unwrap()
}

#[tokio::test]
async fn what_is_left_is_as_if_they_had_never_written_but_for_sums() {
    let (world, other) = (world().await, world().await);
    let cut = 8;
    for (world, history) in [(&world, history()), (&other, without(&history()))] {
        write(&world.db, READER, &history, 2).await;
        let base = world.db.generation(Generation::Base, 1).await.unwrap();
        let old: Vec<_> = history.iter().filter(|told| told.seq <= cut).cloned().collect();
        write(&base, "base/project-events/0", &old, 2).await;
    }
    let mut sums = Vec::new();
    for schema in ["public", "models_base"] {
        sums.push(dumped(&world, schema, SUMS).await);
    }
    let want = [
        "models_base.p_conversation 2",
        "models_base.p_event 4",
        "models_base.p_message 2",
        "p_conversation 2",
        "p_event 8",
        "p_message 3",
    ];
    assert_eq!(had(&world).await, want);

    assert!(0 < erased(&world).await);
    for (schema, sums) in ["public", "models_base"].iter().zip(sums) {
        let (left, want) =
            (dumped(&world, schema, MESSAGES).await, dumped(&other, schema, MESSAGES).await);
        assert_eq!(left, want, "{schema}");
        assert_eq!(dumped(&world, schema, SUMS).await, sums, "{schema}");
    }
    assert_eq!(had(&world).await, Vec::<String>::new());
    assert_eq!(erased(&world).await, 0, "a second run finds nothing");
}

/// Killed between two pieces: the rest is taken by the next run, and nothing is subtracted twice.
#[tokio::test]
async fn piece_by_piece_is_the_same_as_at_once() {
    let (world, other) = (world().await, world().await);
    write(&world.db, READER, &history(), 3).await;
    write(&other.db, READER, &without(&history()), 3).await;
    for name in ["m4", "m4", "m1", "m3"] {
        let names = [name.to_owned()];
        let of = ("", names.as_slice());
        stories::erase(&world.platform, &tenant("acme"), of, "test").await.unwrap();
    }
    let want = dumped(&other, "public", MESSAGES).await;
    assert_eq!(dumped(&world, "public", MESSAGES).await, want);
    assert_eq!(erased(&world).await, 0);
}

/// Their messages went by their age, and the thread goes on.
#[tokio::test]
async fn a_thread_that_goes_on_names_them_no_more() {
    let world = world().await;
    write(&world.db, READER, &history(), 3).await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let aged = "delete from p_message where tenant_id = 'acme' and message_id <> 'm2'";
    assert_eq!(admin.execute(aged, &[]).await.unwrap(), 3);
    assert_eq!(erased(&world).await, 2 + 8, "two threads that name them, and their events");
    let sql = "select concat_ws(' ', conversation_id, people, messages) from p_conversation
                where tenant_id = 'acme' order by 1";
    let threads: Vec<String> =
        admin.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(threads, ["t1 {U2} 3", "t2 {} 1"]);
}

/// What they write later is no matter of this erasure.
#[tokio::test]
async fn whoever_writes_again_is_there_again() {
    let world = world().await;
    let mut told = history();
    let again = Story::new(&tenant("acme"), "m5", "t1", 20_000);
    told.push(again.accepted(14));
    write(&world.db, READER, &told, 4).await;
    erased(&world).await;
    assert_eq!(had(&world).await, Vec::<String>::new());
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "select concat_ws(' ', people, state, messages) from p_conversation
                where tenant_id = 'acme'";
    let threads: Vec<String> =
        admin.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(threads, ["{U2,U1} accepted 2"], "who is left, by their first words");
}

/// Every table that names a message or a person: it goes by its name, or it is opened and looked at.
#[tokio::test]
async fn every_table_that_knows_messages_or_people_is_known() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "
        select string_agg(distinct c.relname::text, ' ')
          from pg_attribute a join pg_class c on c.oid = a.attrelid
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not a.attisdropped
           and a.attname in ('message_id', 'correlation_id', 'sender', 'person', 'people')";
    let found: String = admin.query_one(sql, &[]).await.unwrap().get(0);
    let mut found: Vec<_> = found.split(' ').map(str::to_owned).collect();
    found.sort_unstable();

    let names: Vec<String> = Vec::new();
    let of = ("U1", names.as_slice());
    let counted = stories::count(&world.platform, &tenant("acme"), of, "test").await.unwrap();
    let live = counted.into_iter().map(|had| had.table).filter(|table| !table.contains('.'));
    let mut known: Vec<_> = live.collect();
    // Found by their events, not by messages.
    known.retain(|table| !["deferred", "letter_decision"].contains(&table.as_str()));
    // Its messages are sealed with it: `replay::Held`.
    known.push("saved_test".to_owned());
    // It names nobody, and stays so that the agent is quiet.
    known.push("pause".to_owned());
    known.sort_unstable();
    assert_eq!(found, known, "a table that erasing a person does not know");
}

#[tokio::test]
async fn what_stages_remember_goes_by_its_names_and_none_of_others() {
    let world = world().await;
    let app = raw(&world.test.app_url()).await.unwrap();
    let mut rows = vec![
        "insert into notice (tenant_id, person, told_at_ms, retry_at_ms)
         values ('acme', 'acme/slack-T0ACME/U1', 0, 0), ('acme', 'acme/slack-T0ACME/U2', 0, 0)"
            .to_owned(),
    ];
    for (name, person) in [("m1", "U1"), ("m2", "U2")] {
        rows.push(format!(
            "insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position,
                               sender, text)
             values ('acme', 'c', 't', '{name}', 'person', 1, '{person}', '{{}}'),
                    ('acme', 'c', 't', '{name}', 'agent', 1, 'mara', '{{}}')"
        ));
        rows.push(format!(
            "insert into reply (tenant_id, message_id, message, fence, updated_at_ms)
             values ('acme', '{name}', '{{\"sender\": \"{person}\"}}', 1, 0)"
        ));
        rows.push(format!(
            "insert into effect (tenant_id, effect_id, message_id, what, part, state, repeatable,
                                 channel, planned_at_ms, updated_at_ms)
             values ('acme', 'x{name}', '{name}', 'post', 0, 'sent', false, 'C1', 0, 0)"
        ));
        rows.push(format!(
            "insert into deferred (tenant_id, consumer, event_id, lane, subject, stream_seq,
                                   due_at_ms, reason, attempts)
             values ('acme', 'completion', 'e{name}', '', 's', 1, 0, 'r', 1)"
        ));
        rows.push(format!(
            "insert into pause (tenant_id, message_id, connection_id, conversation_id, since_ms)
             values ('acme', '{name}', 'c', 't', 0)"
        ));
    }
    for sql in &rows {
        run(&app, "acme", sql).await.unwrap();
    }
    let known = stories::find(&world.db, &tenant("acme"), "U1").await.unwrap();
    assert_eq!(known.stories.names().collect::<Vec<_>>(), ["m1", "xm1"]);

    let mut names: Vec<_> = known.stories.names().map(str::to_owned).collect();
    names.push("em1".to_owned());
    let of = ("U1", names.as_slice());
    let erased = stories::erase(&world.platform, &tenant("acme"), of, "test").await.unwrap();
    assert_eq!(erased, 6, "two turns, a reply, an effect, what was deferred, and a notice");
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let left = [
        ("turn", 2),
        ("reply", 1),
        ("effect", 1),
        ("deferred", 1),
        ("notice", 1),
        ("pause", 2), // who has a thread keeps it
    ];
    for (table, left) in left {
        let sql = format!("select count(*) from {table} where tenant_id = 'acme'");
        let count: i64 = admin.query_one(&sql, &[]).await.unwrap().get(0);
        assert_eq!(count, left, "{table}");
    }
    let known = stories::find(&world.db, &tenant("acme"), "U1").await.unwrap();
    assert_eq!(known, stories::Known::default());
}

/// What is over and older than a tenant keeps it; a turn that nothing else knows, by its own age.
#[tokio::test]
async fn what_is_old_is_over_and_of_that_tenant() {
    let world = world().await;
    write(&world.db, READER, &history(), 3).await;
    let app = raw(&world.test.app_url()).await.unwrap();
    for (name, position) in [("m2", 0), ("m8", 0), ("m9", at(11_000).as_millis() * 1_000)] {
        let turn = format!(
            "insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position,
                               sender, text)
             values ('acme', 'c', 't', '{name}', 'person', {position}, 'U1', '{{}}')"
        );
        run(&app, "acme", &turn).await.unwrap();
    }
    let old = async |ms| {
        let old = stories::old(&world.db, &tenant("acme"), at(ms), 100).await.unwrap();
        old.names().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(old(1_000).await, ["m8"], "m1 came then");
    assert_eq!(old(11_000).await, ["m1", "m3", "m8"], "m2 was answered later");
    assert_eq!(old(100_000).await, ["m1", "m2", "m3", "m4", "m8", "m9"]);
    let some = stories::old(&world.db, &tenant("acme"), at(100_000), 1).await.unwrap();
    assert_eq!(some.messages(), 2, "one that is known and one that is not");
    let all = stories::old(&world.db, &tenant("acme"), at(100_000), 100).await.unwrap();
    let last = stories::last_place(&world.db, &tenant("acme"), &all).await.unwrap();
    assert_eq!(last, 12, "what follows is another tenant's");
}

#[tokio::test]
async fn names_are_kept_until_nothing_comes_late_any_more() {
    let world = world().await;
    let acme = tenant("acme");
    let effect: EffectId = "x1".parse().unwrap();
    let one = domain::erasure::Stories::new([message("m1")], [effect]);
    let other = domain::erasure::Stories::new([message("m2")], []);
    let hour = 3_600_000;
    let first = stories::remember(&world.db, &acme, &one, (40, at(0))).await.unwrap();
    let second = stories::remember(&world.db, &acme, &other, (70, at(5 * hour))).await.unwrap();
    assert_eq!((first, second), (None, Some(40)));
    let both = stories::remembered(&world.db, &acme).await.unwrap();
    assert_eq!(both.names().collect::<Vec<_>>(), ["m1", "m2", "x1"]);
    let places = async || stories::places(&world.platform, "test").await.unwrap();
    assert_eq!(places().await, [(acme.clone(), 40)], "what the first one waits for is looked for");

    stories::looked(&world.db, &acme, &both, ((40, 90), at(6 * hour))).await.unwrap();
    stories::remember(&world.db, &acme, &other, (80, at(6 * hour))).await.unwrap();
    stories::looked(&world.db, &acme, &both, ((90, 95), at(6 * hour))).await.unwrap();
    assert_eq!(places().await, [(acme.clone(), 80)], "another erasure came between");

    let pruned = prune(&world.platform, "test", at(74 * hour)).await.unwrap();
    assert_eq!((pruned.erased, pruned.erased_places), (2, 0));
    let pruned = prune(&world.platform, "test", at(78 * hour)).await.unwrap();
    assert_eq!((pruned.erased, pruned.erased_places), (1, 1));
    assert_eq!(places().await, []);

    // Pruned just as other names were written: it is looked for what comes late all the same.
    stories::looked(&world.db, &acme, &other, ((80, 99), at(79 * hour))).await.unwrap();
    assert_eq!(places().await, [(acme, 99)]);
}
