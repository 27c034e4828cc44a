//! `bench views`: what each view of a month of an installation takes.

use std::{
    future::Future,
    io::Write as _,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use domain::{
    access::{PlatformRole, Principal},
    day::Day,
};
use konstruct_tests::{
    postgres::TestDatabase,
    seed::{self, LARGE, Size, WORD},
};
use schemas::{TenantId, Timestamp};
use store::{Database, Sealer, Settings};
use views::{
    Beside, Filter, Group, Page, PlatformGroup, Standing, TenantFilter, TenantsPage, ViewError,
    Views,
};

/// Measures everything, each view so often.
pub(crate) async fn run(size: Size, runs: usize) -> anyhow::Result<()> {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let now = Timestamp::from_millis(i64::try_from(millis)?);
    let database = TestDatabase::create().await?;
    let begun = Instant::now();
    seed::fill(&database, size, now).await?;
    say(&format!("filled {size:?} in {:?}", begun.elapsed()))?;
    let reader = Database::reader(&Settings::new(database.app_url())).await?;
    let sealer = Sealer::new(seed::keys(database.database().await?)?, true);
    let views = Views::new(reader, database.platform().await?, sealer);
    measure(&views, now, runs).await
}

async fn measure(views: &Views, now: Timestamp, runs: usize) -> anyhow::Result<()> {
    let who = Principal {
        operator: "bench".parse()?,
        via: "bench",
        platform: Some(PlatformRole::Administrator),
        tenants: [].into(),
    };
    let today = Day::of(now);
    let (from, all) = (today.plus(-30), TenantFilter::default());
    let named = TenantFilter { search: "77 ltd".to_owned(), ..TenantFilter::default() };
    let w = &who;
    let time = |name: &'static str| Time { name, runs };
    time("tenants, first page")
        .of(|| views.tenants(w, &all, TenantsPage { after: None, limit: 50, now }))
        .await?;
    let middle = "seed-05000".parse()?;
    time("tenants, middle")
        .of(|| views.tenants(w, &all, TenantsPage { after: Some(&middle), limit: 50, now }))
        .await?;
    time("tenants, by a part of the name")
        .of(|| views.tenants(w, &named, TenantsPage { after: None, limit: 50, now }))
        .await?;
    time("installation").of(|| views.installation(w, now)).await?;
    let groups = [
        ("usage of all by day", PlatformGroup::Day),
        ("usage of all by model", PlatformGroup::Model),
        ("usage of all by tenant", PlatformGroup::Tenant),
    ];
    for (name, group) in groups {
        time(name).of(|| views.usage_of_all(w, group, from..=today)).await?;
    }
    time("locate a message").of(|| views.locate(w, "m7777")).await?;
    for slug in ["seed-00077", LARGE] {
        say(&format!("{slug}:"))?;
        measure_tenant(views, w, &slug.parse()?, (now, runs)).await?;
    }
    Ok(())
}

async fn measure_tenant(
    views: &Views,
    w: &Principal,
    tenant: &TenantId,
    (now, runs): (Timestamp, usize),
) -> anyhow::Result<()> {
    let today = Day::of(now);
    let from = today.plus(-30);
    let time = |name: &'static str| Time { name, runs };
    time("home").of(|| views.home(w, tenant, now)).await?;
    time("agents").of(|| views.agents(w, tenant, now)).await?;
    time("connections").of(|| views.connections(w, tenant, now)).await?;
    for group in [Group::Day, Group::Agent, Group::Version, Group::Model] {
        time("usage, 31 days").of(|| views.usage(w, tenant, group, from..=today)).await?;
    }
    time("uncertain").of(|| views.uncertain(w, tenant, None, 50)).await?;
    time_conversations(views, w, tenant, (now, runs)).await
}

async fn time_conversations(
    views: &Views,
    w: &Principal,
    tenant: &TenantId,
    (now, runs): (Timestamp, usize),
) -> anyhow::Result<()> {
    let time = |name: &'static str| Time { name, runs };
    let base = Filter::default();
    let filters = [
        ("conversations", base.clone()),
        ("conversations of an agent", Filter { agent: Some("tom".parse()?), ..base.clone() }),
        ("failed", Filter { state: Some(Standing::Failed), ..base.clone() }),
        ("uncertain ones", Filter { state: Some(Standing::Uncertain), ..base.clone() }),
        ("of a person", Filter { person: Some("U7".to_owned()), ..base.clone() }),
        ("of nobody", Filter { person: Some("U999".to_owned()), ..base.clone() }),
        ("with a word", Filter { text: WORD.to_owned(), ..base.clone() }),
        ("with a word nobody said", Filter { text: "zebra".to_owned(), ..base.clone() }),
    ];
    for (name, filter) in &filters {
        time(name)
            .of(|| views.conversations(w, tenant, filter, Page { cursor: None, limit: 50, now }))
            .await?;
    }
    let page = views.conversations(w, tenant, &base, Page { cursor: None, limit: 50, now }).await?;
    if let Some(next) = &page.next {
        time("second page")
            .of(|| {
                views.conversations(w, tenant, &base, Page { cursor: Some(next), limit: 50, now })
            })
            .await?;
    }
    let line = page.lines.last().context("a thread")?;
    let near = views::Near {
        connection: line.connection.clone(),
        conversation: line.conversation.clone(),
    };
    time("one thread")
        .of(|| views.conversation(w, tenant, &near, Beside { filter: &base, before: None, now }))
        .await?;
    let shown =
        views.conversation(w, tenant, &near, Beside { filter: &base, before: None, now }).await?;
    let message = shown.turns.first().context("a turn")?.message.to_string();
    time("trace").of(|| views.trace(w, tenant, &message, now)).await?;
    Ok(())
}

struct Time {
    name: &'static str,
    runs: usize,
}

impl Time {
    /// Once to warm up, then as often as was asked for.
    async fn of<T, F>(&self, ask: impl Fn() -> F) -> anyhow::Result<()>
    where
        F: Future<Output = Result<T, ViewError>>,
    {
        ask().await?;
        let mut times = Vec::with_capacity(self.runs);
        for _ in 0..self.runs {
            let begun = Instant::now();
            ask().await?;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let at = |per_cent: usize| {
            let place = (self.runs * per_cent / 100).min(self.runs - 1);
            times.get(place).copied().unwrap_or_default().as_secs_f64() * 1_000.0
        };
        say(&format!("  {:<32} p50 {:>7.1} ms   p95 {:>7.1} ms", self.name, at(50), at(95)))
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
