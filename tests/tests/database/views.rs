//! What operators read, asked of a real database: by those who may, and by strangers.

use std::collections::BTreeSet;

use domain::{
    access::{Denied, PlatformRole, Principal, TenantRole},
    day::Day,
    seal::{MasterKey, Owner},
};
use konstruct_tests::postgres::raw;
use schemas::TenantId;
use store::{Database, Keys, Sealer, Settings, keys::Masters};
use views::{
    Beside, ChangeFilter, ChangesPage, Conversation, Cursor, Filter, Group, Near, Page,
    PlatformGroup, SCAN_TURNS_MAX, Standing, StepKind, TenantFilter, TenantsPage, ViewError, Views,
    Words,
};

use crate::{
    World, at, connection,
    usage::{Story, Told, project},
    world,
};

pub(crate) struct Town {
    pub(crate) world: World,
    pub(crate) views: Views,
    sealer: Sealer,
    keys: Keys,
}

pub(crate) async fn town() -> Town {
    let world = world().await;
    let master = MasterKey::parse(&"1".repeat(64)).unwrap();
    let keys = Keys::new(world.db.clone(), Masters::new(master, Vec::new()), 100);
    let sealer = Sealer::new(keys.clone(), true);
    let reader = Database::reader(&Settings::new(world.test.app_url())).await.unwrap();
    let views = Views::new(reader, world.platform.clone(), sealer.clone());
    Town { world, views, sealer, keys }
}

fn tenant() -> TenantId {
    crate::tenant("acme")
}

pub(crate) fn person(platform: Option<PlatformRole>, tenants: &[&str]) -> Principal {
    let role = |slug: &&str| (crate::tenant(slug), TenantRole::Viewer);
    Principal {
        operator: "op1".parse().unwrap(),
        via: "portal",
        platform,
        tenants: tenants.iter().map(role).collect(),
    }
}

pub(crate) fn viewer() -> Principal {
    person(None, &["acme"])
}

fn near(thread: &str) -> Near {
    Near { connection: connection(), conversation: thread.parse().unwrap() }
}

impl Town {
    /// What was said, as completion writes it.
    async fn say(&self, story: &Story, role: &str, words: &str) {
        let sealing = self.sealer.of(&story.tenant, at(0)).await.unwrap();
        let owner = Owner { tenant: &story.tenant, of: story.of.id.as_str() };
        let text = serde_json::to_string(&sealing.seal(owner, words)).unwrap();
        assert!(!text.contains(words), "it is sealed");
        let sql = "
            insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position,
                              sender, sender_name, text)
            values ($1, $2, $3, $4, $5, $6, $7, 'Ana', $8::text::jsonb)";
        let position = at(story.ms).as_millis() * 1000;
        let (of, tenant) = (&story.of, story.tenant.as_str());
        let admin = raw(&self.world.test.superuser_url()).await.unwrap();
        let (wire, thread, id) = (of.connection.as_str(), of.conversation.as_str(), of.id.as_str());
        admin
            .execute(sql, &[&tenant, &wire, &thread, &id, &role, &position, &of.sender, &text])
            .await
            .unwrap();
    }

    /// Tenants, agents and connections as the projector writes them.
    pub(crate) async fn directory(&self, slugs: &[&str]) {
        let admin = raw(&self.world.test.superuser_url()).await.unwrap();
        for slug in slugs {
            let sql = format!(
                r#"insert into p_tenant (tenant_id, state, status, name, last_seq)
                   values ('{slug}', '{{"id": "{slug}", "name": "The {slug}", "status": "active"}}',
                           'active', 'The {slug}', 1);
                   insert into p_agent (tenant_id, agent_id, state, retired, last_seq)
                   values ('{slug}', 'mara', '{{"id": "mara"}}', false, 1);
                   insert into p_connection (tenant_id, connection_id, state, agent_id, active, last_seq)
                   values ('{slug}', 'slack-T0ACME', '{{"id": "slack-T0ACME", "channel": "slack",
                           "app": "default", "workspace": "T0ACME", "bot_user": "U0MARA",
                           "agent": "mara", "token": "t", "status": "active"}}', 'mara', true, 1);
                   insert into p_change (tenant_id, seq, event_id, kind, entity, author_via,
                                         time_ms, version, state)
                   values ('{slug}', 1, 'e1', 'agent.published', 'agent:mara', 'cli', 0, 1,
                           '{{"id": "mara", "published": {{"version": 1, "config": {{"name": "Mara",
                              "role": "", "job_description": {{"plain": ""}}, "statement_of_work": {{"plain": ""}},
                              "persona": {{"plain": ""}}, "system_prompt": {{"plain": ""}}, "model": "quality",
                              "follow_minutes": 30}}}}}}')"#
            );
            admin.batch_execute(&sql).await.unwrap();
        }
    }

    /// One turn each, without a word that is searched for.
    /// One turn in each, in the clear.
    async fn fill(&self, stories: &[Story]) {
        let said: Vec<_> = stories.iter().map(|story| (story, "person", 1, "no")).collect();
        self.plainly(&said).await;
    }

    /// Turns in the clear: of which message, whose, at which position, and the words.
    async fn plainly(&self, said: &[(&Story, &str, i64, &str)]) {
        let sql = "
            insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position,
                              sender, text)
            select 'acme', 'slack-T0ACME', thread, message, role, position, 'U1',
                   jsonb_build_object('plain', words)
              from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
                   as said (thread, message, role, position, words)";
        let threads: Vec<_> = said.iter().map(|it| it.0.of.conversation.as_str()).collect();
        let messages: Vec<_> = said.iter().map(|it| it.0.of.id.as_str()).collect();
        let roles: Vec<_> = said.iter().map(|it| it.1).collect();
        let positions: Vec<_> = said.iter().map(|it| it.2).collect();
        let words: Vec<_> = said.iter().map(|it| it.3).collect();
        let admin = raw(&self.world.test.superuser_url()).await.unwrap();
        admin.execute(sql, &[&threads, &messages, &roles, &positions, &words]).await.unwrap();
    }

    async fn thread(&self, name: &str, filter: &Filter) -> Conversation {
        let (who, tenant, thread) = (viewer(), tenant(), near(name));
        self.views
            .conversation(&who, &tenant, &thread, Beside { filter, before: None, now: at(0) })
            .await
            .unwrap()
    }

    async fn page(&self, filter: &Filter, cursor: Option<&Cursor>, limit: u32) -> Shown {
        let (who, tenant) = (viewer(), tenant());
        let asked =
            self.views.conversations(&who, &tenant, filter, Page { cursor, limit, now: at(0) });
        let found = asked.await.unwrap();
        let threads = found.lines.iter().map(|line| line.conversation.to_string()).collect();
        Shown { threads, found }
    }
}

struct Shown {
    threads: Vec<String>,
    found: views::Conversations,
}

/// Threads `t0`, `t1`, … of one message each, a second apart.
fn threads(range: std::ops::Range<u64>) -> Vec<Story> {
    let story = |nth: u64| {
        let ms = i64::try_from(nth).unwrap() * 1_000;
        Story::new(&tenant(), &format!("m{nth}"), &format!("t{nth}"), ms)
    };
    range.map(story).collect()
}

fn accepted(stories: &[Story], from: u64) -> Vec<Told> {
    stories.iter().zip(from..).map(|(story, seq)| story.accepted(seq)).collect()
}

/// Everything there is to ask, each as somebody of another tenant and as one who has no tenant at all.
#[tokio::test]
async fn what_is_a_strangers_to_ask_does_not_exist() {
    let town = town().await;
    town.directory(&["acme", "other"]).await;
    let story = Story::new(&tenant(), "m1", "t1", 0);
    project(&town.world, &[story.accepted(1), story.uncertain(2)], 9).await;
    town.say(&story, "person", "hello").await;
    let (views, acme, now) = (&town.views, tenant(), at(0));
    let (day, filter, thread) = (Day::of(now), Filter::default(), near("t1"));
    for (who, is_ours) in
        [(person(None, &["other"]), false), (person(None, &[]), false), (viewer(), true)]
    {
        let mut met = Vec::new();
        let mut ask = |name: &str, result: Result<(), ViewError>| {
            let is_hidden = matches!(result, Err(ViewError::Denied(Denied::NotFound)));
            assert_eq!(is_hidden, !is_ours, "{name}: {result:?}");
            met.push(name.to_owned());
        };
        ask("tenant", views.tenant(&who, &acme, now).await.map(drop));
        ask("home", views.home(&who, &acme, now).await.map(drop));
        ask("agents", views.agents(&who, &acme, now).await.map(drop));
        ask("connections", views.connections(&who, &acme, now).await.map(drop));
        let found =
            views.conversations(&who, &acme, &filter, Page { cursor: None, limit: 9, now }).await;
        ask("conversations", found.map(drop));
        let found = views
            .conversation(&who, &acme, &thread, Beside { filter: &filter, before: None, now })
            .await;
        ask("conversation", found.map(drop));
        ask("trace", views.trace(&who, &acme, "m1", at(0)).await.map(drop));
        ask("uncertain", views.uncertain(&who, &acme, None, 9).await.map(drop));
        ask("usage", views.usage(&who, &acme, Group::Day, day..=day).await.map(drop));
        let mara = "mara".parse().unwrap();
        ask("versions", views.versions(&who, (&acme, &mara), None, now).await.map(drop));
        ask("version", views.version(&who, (&acme, &mara), 1, now).await.map(drop));
        ask("spend", views.agent_spend(&who, (&acme, &mara), now).await.map(drop));
        let page = ChangesPage { before: None, limit: 9, now };
        let found = views.changes(&who, &acme, &ChangeFilter::default(), page).await;
        ask("changes", found.map(drop));
        ask("agent past", views.agent_past(&who, (&acme, &mara), now, now).await.map(drop));
        ask("tenant past", views.tenant_past(&who, &acme, now).await.map(drop));
        ask("there", views.there(&who, &acme, now, "").await.map(drop));
        ask("find", views.find(&who, "m1").await.map(drop));
        assert_eq!(met.len(), 17);
        let listed = views
            .tenants(&who, &TenantFilter::default(), TenantsPage { after: None, limit: 9, now })
            .await
            .unwrap();
        let listed: Vec<_> = listed.tenants.into_iter().map(|line| line.tenant.id).collect();
        assert_eq!(listed, who.tenants.keys().cloned().collect::<Vec<_>>(), "one's own");
        // What is the installation's is no tenant's.
        let all = views.usage_of_all(&who, PlatformGroup::Day, day..=day).await;
        assert!(matches!(all, Err(ViewError::Denied(Denied::NotFound))), "{all:?}");
        let all = views.installation(&who, now).await;
        assert!(matches!(all, Err(ViewError::Denied(Denied::NotFound))), "{all:?}");
        let all = views.locate(&who, "m1").await;
        assert!(matches!(all, Err(ViewError::Denied(Denied::NotFound))), "{all:?}");
    }
}

#[tokio::test]
async fn rights_to_one_tenant_show_nothing_of_the_same_ids_in_another() {
    let town = town().await;
    town.directory(&["acme", "other"]).await;
    let story = Story::new(&tenant(), "m1", "t1", 0);
    project(&town.world, &[story.accepted(1), story.uncertain(2)], 9).await;
    let (views, now, filter, thread) = (&town.views, at(0), Filter::default(), near("t1"));
    let other = person(None, &["other"]);
    let theirs = crate::tenant("other");
    let found = views
        .conversations(&other, &theirs, &filter, Page { cursor: None, limit: 9, now })
        .await
        .unwrap();
    assert_eq!(found.lines, []);
    for found in [
        views
            .conversation(&other, &theirs, &thread, Beside { filter: &filter, before: None, now })
            .await
            .map(drop),
        views.trace(&other, &theirs, "m1", at(0)).await.map(drop),
    ] {
        assert!(matches!(found, Err(ViewError::Denied(Denied::NotFound))), "{found:?}");
    }
    assert_eq!(views.uncertain(&other, &theirs, None, 9).await.unwrap(), []);
    assert_eq!(views.home(&other, &theirs, now).await.unwrap().vitals.uncertain, 0);
}

#[tokio::test]
async fn an_administrator_walks_through_all_tenants_on_the_record() {
    let town = town().await;
    town.directory(&["acme", "beta", "other"]).await;
    let story = Story::new(&tenant(), "m1", "t1", 0);
    let told = [story.accepted(1), story.answered(2, 700), story.uncertain(3)];
    project(&town.world, &told, 9).await;
    let (views, who) = (&town.views, person(Some(PlatformRole::Engineer), &[]));
    let all = TenantFilter::default();
    let first =
        views.tenants(&who, &all, TenantsPage { after: None, limit: 2, now: at(0) }).await.unwrap();
    let second = views
        .tenants(&who, &all, TenantsPage { after: first.next.as_ref(), limit: 2, now: at(0) })
        .await
        .unwrap();
    let lines: Vec<_> = first.tenants.iter().chain(&second.tenants).collect();
    let slugs: Vec<_> = lines.iter().map(|line| line.tenant.id.as_str()).collect();
    assert_eq!((slugs, second.next), (vec!["acme", "beta", "other"], None));
    let acme = lines[0];
    let numbers = (acme.agents, acme.connections, acme.messages_today, acme.cost_micros_month);
    assert_eq!(numbers, (1, 1, 1, 100));
    let named = TenantFilter { search: "E Bet".to_owned(), ..all };
    let found = views
        .tenants(&who, &named, TenantsPage { after: None, limit: 9, now: at(0) })
        .await
        .unwrap()
        .tenants;
    assert_eq!(found.len(), 1, "by a part of the name");

    let home = views.installation(&who, at(0)).await.unwrap();
    assert_eq!((home.tenants, home.today.messages, home.month.cost_micros), (3, 1, 100));
    let doubts: Vec<_> =
        home.uncertain.iter().map(|(it, many)| (&it.id, &*it.name, *many)).collect();
    assert_eq!(doubts, [(&tenant(), "The acme", 1)]);
    assert_eq!(views.locate(&who, "m1").await.unwrap().0, tenant());
    assert_eq!(views.find(&who, "m1").await.unwrap(), (tenant(), crate::message("m1")));
    let day = Day::of(at(0));
    let usage = views.usage_of_all(&who, PlatformGroup::Tenant, day..=day).await.unwrap();
    assert_eq!((usage.rows.len(), usage.rows[0].key.as_str()), (1, "acme"));
    assert_eq!(usage.total.latency_ms_p50, Some(700));
    let admin = raw(&town.world.test.superuser_url()).await.unwrap();
    let sql = "select count(*) from platform_audit where actor = 'op1'";
    assert_eq!(admin.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 7);
}

#[tokio::test]
async fn pages_lose_and_repeat_nothing_while_messages_arrive() {
    let town = town().await;
    let old = threads(0..20);
    project(&town.world, &accepted(&old, 1), 7).await;
    let filter = Filter::default();
    let first = town.page(&filter, None, 8).await;
    assert_eq!(first.threads[0], "t19", "the newest first");

    // New ones come, and one that was not shown yet moves to the front.
    let moved = Story::new(&tenant(), "m100", "t3", 100_000);
    let mut news = threads(30..32);
    news.push(moved);
    project(&town.world, &accepted(&news, 21), 9).await;

    let mut seen = first.threads.clone();
    let (mut cursor, mut newer) = (first.found.next, 0);
    while let Some(at) = cursor {
        let page = town.page(&filter, Some(&at), 8).await;
        seen.extend(page.threads);
        (cursor, newer) = (page.found.next, page.found.newer);
    }
    let once: BTreeSet<_> = seen.iter().cloned().collect();
    assert_eq!(once.len(), seen.len(), "none twice");
    assert_eq!(newer, 3, "two are new and one has moved before the first page");
    let top = town.page(&filter, None, 3).await;
    assert_eq!(top.threads, ["t3", "t31", "t30"]);
    let all: BTreeSet<_> = once.iter().chain(&top.threads).collect();
    assert_eq!(all.len(), 22, "the walk and what it said was newer are all");
}

#[tokio::test]
async fn a_filter_holds_for_pages_and_for_what_is_beside_a_thread() {
    let town = town().await;
    let stories = threads(0..6);
    let mut told = accepted(&stories, 1);
    for (seq, story) in (7..).step_by(2).zip(stories.iter().step_by(2)) {
        told.extend([story.answered(seq, 10), story.delivered(seq + 1)]);
    }
    project(&town.world, &told, 4).await;
    let answered = Filter { state: Some(Standing::Answered), ..Filter::default() };
    assert_eq!(town.page(&answered, None, 9).await.threads, ["t4", "t2", "t0"]);
    let between = Filter { from: Some(at(1_000)), to: Some(at(4_000)), ..Filter::default() };
    assert_eq!(town.page(&between, None, 9).await.threads, ["t3", "t2", "t1"]);
    let hers = Filter { agent: Some("mara".parse().unwrap()), ..Filter::default() };
    assert_eq!(town.page(&hers, None, 2).await.threads, ["t4", "t2"]);
    let theirs = Filter { person: Some("U9".to_owned()), ..Filter::default() };
    assert!(town.page(&theirs, None, 9).await.threads.is_empty());

    let shown = town.thread("t2", &answered).await;
    assert_eq!((shown.newer, shown.older), (Some(near("t4")), Some(near("t0"))));
    assert_eq!(town.thread("t0", &answered).await.older, None);
}

#[tokio::test]
async fn a_thread_shows_what_was_said_and_what_it_took() {
    let town = town().await;
    let first = Story::new(&tenant(), "m1", "t1", 1_000);
    let second = Story::new(&tenant(), "m2", "t1", 9_000);
    let told = [
        first.accepted(1),
        first.answered(2, 650),
        first.delivered(3),
        second.accepted(4),
        second.throttled(5),
    ];
    project(&town.world, &told, 2).await;
    town.say(&first, "person", "Where is my invoice?").await;
    town.say(&first, "agent", "On its way.").await;
    let filter = Filter::default();
    let shown = town.thread("t1", &filter).await;
    let words: Vec<_> = shown.turns.iter().map(|turn| turn.words.clone()).collect();
    let text = |words: &str| Words::Text(words.to_owned());
    let want = [text("Where is my invoice?"), text("On its way."), Words::NotKept];
    assert_eq!(words, want);
    let answer = shown.turns[1].answer.as_ref().unwrap();
    let took = (answer.version, answer.cost_micros, answer.took_ms);
    assert_eq!(took, (Some(3), Some(100), Some(5_000)));
    assert_eq!(shown.turns[2].standing, Some(Standing::Throttled));
    let list = town.page(&filter, None, 9).await.found;
    assert_eq!(list.lines[0].opening.as_deref(), Some("Where is my invoice?"));

    let trace = town.views.trace(&viewer(), &tenant(), "m1", at(0)).await.unwrap();
    assert_eq!(trace.slow.as_deref(), Some("delivery 4.3 s of 5.0 s"));
    let day = Day::of(at(0));
    let usage = town.views.usage(&viewer(), &tenant(), Group::Version, day..=day).await.unwrap();
    let keys: Vec<_> = usage.rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!((keys, usage.total.counts.messages), (vec!["", "mara 3"], 2));
    let home = {
        town.directory(&["acme"]).await;
        town.views.home(&viewer(), &tenant(), at(10_000)).await.unwrap()
    };
    let done: Vec<_> = home.steps.iter().filter(|it| it.done).map(|it| it.kind).collect();
    let want = [
        StepKind::TenantCreated,
        StepKind::ChannelConnected,
        StepKind::FirstMessage,
        StepKind::FirstAnswer,
    ];
    assert_eq!(done, want, "nobody is published");
    town.sealer_forgets().await;
    let shown = town.thread("t1", &filter).await;
    assert_eq!(shown.turns[0].words, Words::Sealed, "without the key there are no words");
}

impl Town {
    /// The tenant's key goes, from the database and from memory.
    async fn sealer_forgets(&self) {
        store::keys::forget(&self.world.db, &tenant(), at(0)).await.unwrap();
        self.keys.evict(&tenant());
    }
}

#[tokio::test]
async fn a_search_opens_what_is_sealed_and_says_how_far_it_looked() {
    let town = town().await;
    // A long tail of threads without the word: more turns than one request opens.
    let many = threads(0..800);
    assert!((400..=700).contains(&SCAN_TURNS_MAX), "two requests, and no more");
    project(&town.world, &accepted(&many, 1), 1_000).await;
    let filter = Filter { text: "InVoice".to_owned(), ..Filter::default() };
    town.say(&many[799], "person", "nothing of it").await;
    town.say(&many[790], "person", "where is my INVOICE from May?").await;
    town.say(&many[3], "agent", "the invoice is here").await;
    town.fill(&many[4..780]).await;

    let first = town.page(&filter, None, 50).await;
    assert_eq!(first.threads, ["t790"]);
    let found = first.found.lines[0].found.as_ref().unwrap();
    assert_eq!(found.snippet, "where is my INVOICE from May?");
    let scan = first.found.scan.unwrap();
    assert_eq!((scan.turns, scan.is_all), (SCAN_TURNS_MAX, false));
    let second = town.page(&filter, first.found.next.as_ref(), 50).await;
    assert_eq!(second.threads, ["t3"], "it goes on where it stopped");
    assert!(second.found.scan.unwrap().is_all && second.found.next.is_none());
    let short = town.page(&filter, None, 1).await;
    assert!(short.found.next.is_some() && short.threads == ["t790"]);
}

/// Fewer turns than two for each message, so that a page looks at threads in several steps, and the bound
/// on turns falls into the middle of one.
#[tokio::test]
async fn a_search_passes_over_no_turn_of_a_thread_that_did_not_fit_in() {
    const THREADS: i64 = 150;
    let town = town().await;
    let story = |nth: i64| {
        let (thread, ms) = (nth / 5, nth / 5 * 100_000 + nth % 5);
        Story::new(&tenant(), &format!("m{nth}"), &format!("t{thread}"), ms)
    };
    let stories: Vec<_> = (0..THREADS * 5).map(story).collect();
    project(&town.world, &accepted(&stories, 1), 1_000).await;
    let mut said = Vec::new();
    for (nth, story) in stories.iter().enumerate() {
        let position = at(story.ms).as_millis() * 1_000;
        let words = if nth % 5 == 0 { "the first invoice" } else { "nothing" };
        said.push((story, "person", position, words));
        if nth % 5 != 4 {
            said.push((story, "agent", position + 1, "well"));
        }
    }
    town.plainly(&said).await;

    let filter = Filter { text: "invoice".to_owned(), ..Filter::default() };
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let page = town.page(&filter, next.as_ref(), 200).await;
        let scan = page.found.scan.unwrap();
        assert!(scan.turns <= SCAN_TURNS_MAX, "{scan:?}");
        found.extend(page.threads);
        let Some(more) = page.found.next else { break };
        next = Some(more);
    }
    let all: Vec<_> = (0..THREADS).rev().map(|nth| format!("t{nth}")).collect();
    assert_eq!(found, all);
}
