//! How something stood at an instant: what holds is the last change up to it, and a walk from change to
//! change misses none.

use konstruct_tests::postgres::raw;
use schemas::{AgentId, Timestamp};
use views::{MOMENTS_MAX, Moment, Past, THERE_MAX, ViewError};

use crate::{
    at, tenant,
    views::{Town, town, viewer},
};

/// Changes of one agent, a second apart.
const CHANGES: u32 = 30;

/// Agent `$1`: at `$3` ms, the change at `$2` of the stream publishes version `$4`.
const PUBLISHED: &str = r#"
    insert into p_change (tenant_id, seq, event_id, kind, entity, author_via, author_operator,
                          time_ms, version, state)
    values ('acme', $2, 'e' || $2::bigint, 'agent.published', 'agent:' || $1::text, 'portal', 'op1', $3, $4,
            jsonb_build_object('id', $1::text, 'published', jsonb_build_object('version', $4::int,
                'config', '{"name": "Ada", "role": "", "job_description": {"plain": ""},
                            "statement_of_work": {"plain": ""}, "persona": {"plain": ""},
                            "system_prompt": {"plain": ""}, "model": "quality",
                            "follow_minutes": 30}'::jsonb)))"#;

fn ada() -> AgentId {
    "ada".parse().unwrap()
}

impl Town {
    /// Publications of an agent: where on the stream, and when, the first of them version 1.
    async fn published(&self, agent: &str, changes: &[(i64, i64)]) {
        let admin = raw(&self.world.test.superuser_url()).await.unwrap();
        for (version, (seq, ms)) in (1_i32..).zip(changes) {
            let time = at(*ms).as_millis();
            admin.execute(PUBLISHED, &[&agent, seq, &time, &version]).await.unwrap();
        }
    }

    async fn adas_past(&self, at: Timestamp) -> Past<Option<u32>> {
        let (acme, ada) = (tenant("acme"), ada());
        let past = self.views.agent_past(&viewer(), (&acme, &ada), at, crate::at(0)).await.unwrap();
        let Past { moments, then, now } = past;
        let version = |it: domain::difference::OpenAgent| it.published.map(|(version, _)| version);
        Past { moments, then: then.map(version), now: now.map(version) }
    }
}

async fn adas_town() -> Town {
    let town = town().await;
    let changes: Vec<_> = (1..=i64::from(CHANGES)).map(|n| (100 + n, n * 1_000)).collect();
    town.published("ada", &changes).await;
    town
}

fn versions(moments: &[Moment]) -> Vec<u32> {
    moments.iter().filter_map(|it| it.version).collect()
}

#[tokio::test]
async fn what_holds_is_the_last_change_up_to_the_instant() {
    let town = adas_town().await;
    for half_seconds in 0..=62 {
        let past = town.adas_past(at(i64::from(half_seconds) * 500)).await;
        let held = (half_seconds / 2).min(CHANGES);
        let some = (0 < held).then_some(held);
        assert_eq!(past.moments.in_force().and_then(|it| it.version), some);
        assert_eq!((past.then.flatten(), past.now.flatten()), (some, Some(CHANGES)));
        let oldest = (held + 1).saturating_sub(MOMENTS_MAX).max(1);
        let newest = (held + MOMENTS_MAX).min(CHANGES);
        let moments = past.moments;
        assert_eq!(versions(&moments.older), (oldest..=held).rev().collect::<Vec<_>>());
        assert_eq!(versions(&moments.newer), (held + 1..=newest).rev().collect::<Vec<_>>());
        assert_eq!((moments.has_older, moments.has_newer), (1 < oldest, newest < CHANGES));
    }
}

#[tokio::test]
async fn a_walk_from_change_to_change_misses_none() {
    let town = adas_town().await;
    let (mut instant, mut back) = (at(60_000), Vec::new());
    loop {
        let moments = town.adas_past(instant).await.moments;
        back.extend(moments.in_force().and_then(|it| it.version));
        let Some(previous) = moments.previous() else { break };
        instant = previous.at;
    }
    assert_eq!(back, (1..=CHANGES).rev().collect::<Vec<_>>());
    let (mut instant, mut forth) = (at(0), Vec::new());
    while let Some(next) = town.adas_past(instant).await.moments.following() {
        forth.extend(next.version);
        instant = next.at;
    }
    assert_eq!(forth, (1..=CHANGES).collect::<Vec<_>>());
}

#[tokio::test]
async fn by_a_slow_clock_too_the_last_on_the_log_holds() {
    let town = town().await;
    town.published("ada", &[(1, 1_000), (2, 2_000), (3, 2_000), (4, 1_500)]).await;
    for (ms, want) in [(999, None), (1_499, Some(1)), (1_500, Some(4)), (2_000, Some(4))] {
        let past = town.adas_past(at(ms)).await;
        assert_eq!(past.then.flatten(), want, "at {ms}");
        assert_eq!(past.moments.in_force().and_then(|it| it.version), want, "at {ms}");
    }
    let moments = town.adas_past(at(2_000)).await.moments;
    assert_eq!(versions(&moments.older), [3, 2, 4, 1], "by time");
    assert_eq!(moments.previous().map(|it| it.at), Some(at(1_500)), "no step stays where it is");
    let one = moments.older.last().unwrap();
    let by = one.operator.as_ref().map(ToString::to_string);
    assert_eq!((one.seq, by.as_deref(), &*one.via), (1, Some("op1"), "portal"));
    assert_eq!((one.at, &*one.kind), (at(1_000), "agent.published"));
}

#[tokio::test]
async fn what_was_imported_is_walked_through_at_its_own_times() {
    let town = town().await;
    // An import begins with a change of its own time, and goes on with those that it found.
    town.published("ada", &[(1, 5_000), (2, 1_000), (3, 2_000), (4, 6_000)]).await;
    let (mut instant, mut met) = (at(0), Vec::new());
    while let Some(next) = town.adas_past(instant).await.moments.following() {
        instant = next.at;
        met.extend(next.version);
    }
    assert_eq!(met, [2, 3, 1, 4]);
    for (ms, want) in [(1_500, 2), (2_500, 3), (5_500, 3), (6_500, 4)] {
        assert_eq!(town.adas_past(at(ms)).await.then.flatten(), Some(want), "at {ms}");
    }
}

#[tokio::test]
async fn everything_that_a_tenant_had_is_on_one_page_once() {
    let town = town().await;
    for nth in 0..40_i64 {
        let changes = [(100 + nth, nth * 1_000), (200 + nth, 100_000)];
        town.published(&format!("a{nth:02}"), &changes).await;
    }
    let (acme, who) = (tenant("acme"), viewer());
    let (mut after, mut seen, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let there = town.views.there(&who, &acme, at(29_000), &after).await.unwrap();
        assert!(there.lines.len() <= THERE_MAX as usize, "a page has its bound");
        pages += 1;
        seen.extend(there.lines.into_iter().map(|it| (it.what, it.id, it.stood.state)));
        let Some(next) = there.next else { break };
        after = next;
    }
    let want = |nth| ("agent".to_owned(), format!("a{nth:02}"), "version 1".to_owned());
    assert_eq!((seen, pages), ((0..30).map(want).collect::<Vec<_>>(), 2));
    let later = town.views.there(&who, &acme, at(100_000), "agent:a38").await.unwrap();
    let later: Vec<_> = later.lines.iter().map(|it| (&*it.name, &*it.stood.state)).collect();
    assert_eq!(later, [("Ada", "version 2")], "as it stood by then");
    let none = town.views.there(&who, &acme, at(-1), "").await.unwrap();
    assert_eq!((none.lines, none.next), (Vec::new(), None));
    let forged = town.views.there(&who, &acme, at(0), "agent:\0").await;
    assert!(matches!(forged, Err(ViewError::Cursor)), "{forged:?}");
}
