//! `bench portal`: what a page weighs, how long the server takes for each, how many it makes, and
//! when a browser shows it. Over an installation that has been in use for a month.

mod paint;
mod visit;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use konstruct_tests::{
    installation::{Installation, tenant},
    postgres::raw,
    seed::{self, LARGE, Size, WORD},
};
use schemas::Timestamp;
use tokio::task::JoinSet;

use self::visit::{Visitor, is};
use super::{
    machine,
    process::{Watched, Window, parent, resident_mib},
    report::{Group, Report, float, millis, percentile, rate},
    tell,
};

/// Pages a second, one after the other in time, whether the last has come or not.
const PER_SECOND: u32 = 50;

/// Readers at once who ask again as soon as they have the page.
const READERS: usize = 16;

/// The budget for what a browser loads before anything can be clicked, in bytes as they are sent.
const ENTRY_BYTES_MAX: usize = 300_000;

/// What pages are compared with: it is in memory, and asks nobody anything.
const NOTHING: &str = "the stylesheet";

/// Pages of whoever is not signed in. They have no script.
const OPEN: [&str; 2] = ["/sign-in", "/forgot"];

/// What is measured, and how long.
pub(crate) struct Options {
    /// How long each page is asked for.
    pub(crate) hold: Duration,
    /// How much there is to show.
    pub(crate) size: Size,
}

impl Default for Options {
    fn default() -> Self {
        Self { hold: Duration::from_secs(8), size: Size::default() }
    }
}

/// Measures everything.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut it = Installation::prepare().await?;
    it.settings.insert("KONSTRUCT_REQUIRE_SECOND_FACTOR".to_owned(), "false".to_owned());
    let machine = machine(&it).await?;
    tell("a month of an installation");
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    seed::fill(&it.database, options.size, Timestamp::from_millis(i64::try_from(now)?)).await?;
    // The designer and the channels read the directory, not the tables.
    it.apply(&format!("tenants:\n{}", tenant(LARGE, "T0", "mara", "warm, brief"))).await?;
    it.run("portal").await?;
    let visitor = Visitor::sign_in(&it).await?;

    let mut groups = vec![weight(&visitor).await?];
    groups.extend(pages(&it, &visitor, options).await?);
    groups.push(home(&it, &visitor, options.hold).await?);
    tell("a browser");
    groups.push(paint::run(&it).await?);
    Ok(Report { machine, groups, broken: Vec::new() })
}

/// What a browser loads, compressed as it is sent.
async fn weight(visitor: &Visitor) -> anyhow::Result<Group> {
    let work = "bytes over the wire with brotli, of the page of the installation and what it names";
    let mut group = Group::new("Weight", work);
    let mut entry = 0;
    for (name, path) in visitor.assets("/").await? {
        let bytes = visitor.bytes(&path).await?;
        group.add(&name, float(bytes) / 1_000.0, "kB");
        entry += if is(&path, "wasm") { bytes } else { 0 };
    }
    let (entry, max) = (float(entry) / 1_000.0, float(ENTRY_BYTES_MAX) / 1_000.0);
    ensure!(entry > 0.0, "the page names no WebAssembly");
    group.compare("WebAssembly of the entry", (entry, "kB"), (max, "its budget"));
    for path in OPEN {
        let page = visitor.stranger(path).await?;
        group.add(format!("scripts in {path}"), float(page.matches("<script").count()), "");
    }
    Ok(group)
}

/// Each page, against an answer that asks nobody anything: one after the other, which is what the server
/// takes for it, and at the same rate, where they wait for each other.
async fn pages(
    it: &Installation,
    visitor: &Visitor,
    options: &Options,
) -> anyhow::Result<Vec<Group>> {
    let Size { tenants, messages } = options.size;
    let of = format!(
        "{tenants} tenants, {messages} messages, a tenth of them of the tenant that is shown"
    );
    let mut paths = paths(visitor).await?;
    paths.insert(0, (NOTHING, visitor.stylesheet().await?));
    let one = format!("one reader, each page asked for when the one before is there; {of}");
    let rate = format!(
        "{PER_SECOND} a second each, from when a request is due until all of the answer is there; {of}"
    );
    let mut groups = Vec::new();
    for (title, work, is_alone) in
        [("Pages, one after the other", one, true), ("Pages at a rate", rate, false)]
    {
        let mut group = Group::new(title, work);
        let window = Window::open(watched(it).await?)?;
        let mut base = None;
        for (name, path) in &paths {
            tell(&format!("{title}: {name}: {path}"));
            let times = if is_alone {
                one_by_one(visitor, path, options.hold / 2).await?
            } else {
                hold(visitor, path, options.hold).await?
            };
            let at = |percent| millis(percentile(&times, percent));
            let base = (*base.get_or_insert(at(50)), NOTHING);
            for percent in [50, 95] {
                group.compare(format!("{name}, p{percent}"), (at(percent), "ms"), base);
            }
        }
        window.close()?.rest(&mut group);
        groups.push(group);
    }
    Ok(groups)
}

/// Who has a part in a page: the portal, what it asks, and who asks.
async fn watched(it: &Installation) -> anyhow::Result<Watched> {
    let admin = raw(&it.database.superuser_url()).await?;
    let backend: i32 = admin.query_one("select pg_backend_pid()", &[]).await?.get(0);
    let alone = vec![
        ("the portal".to_owned(), it.pid("portal").context("the portal has ended")?),
        ("nats-server".to_owned(), it.nats.pid().context("NATS is gone")?),
        ("readers".to_owned(), std::process::id()),
    ];
    let families = vec![("PostgreSQL".to_owned(), parent(u32::try_from(backend)?)?)];
    Ok(Watched { alone, families, ..Watched::default() })
}

/// The pages, with a thread and a message that are there.
async fn paths(visitor: &Visitor) -> anyhow::Result<Vec<(&'static str, String)>> {
    let of = |rest: &str| format!("/t/{LARGE}{rest}");
    let list = of("/conversations");
    let thread = visitor.link(&list, &format!("{list}/")).await?;
    let found = visitor.link(&format!("{list}?q={WORD}"), &format!("{list}/")).await?;
    let message = visitor.link(&thread, &of("/messages/")).await?;
    Ok(vec![
        ("sign-in", "/sign-in".to_owned()),
        ("home of the installation", "/".to_owned()),
        ("tenants", "/tenants".to_owned()),
        ("tenants, found by name", "/tenants?q=77".to_owned()),
        ("tenants, in the middle", "/tenants?after=seed-05000".to_owned()),
        ("home of a tenant", of("")),
        ("agents", of("/agents")),
        ("the designer", of("/agents/mara")),
        ("versions", of("/agents/mara/versions")),
        ("channels", of("/channels")),
        ("activity", of("/activity")),
        ("conversations", list.clone()),
        ("conversations, failed", format!("{list}?state=failed")),
        ("conversations, with a word", format!("{list}?q={WORD}")),
        ("conversations, with a word nobody said", format!("{list}?q=zebra")),
        ("a conversation", thread),
        ("a conversation, found by a word", found),
        ("a message's trace", message),
        ("usage", of("/usage")),
        ("usage by agent", of("/usage?by=agent")),
        ("usage of the installation", "/usage".to_owned()),
        ("usage by tenant", "/usage?by=tenant".to_owned()),
        ("usage by model", "/usage?by=model".to_owned()),
        ("models", of("/models")),
        ("tools", of("/tools")),
        ("audit", of("/audit")),
        ("members", of("/members")),
    ])
}

/// How long each took, sorted, where nobody else reads.
async fn one_by_one(
    visitor: &Visitor,
    path: &str,
    hold: Duration,
) -> anyhow::Result<Vec<Duration>> {
    visitor.read(path).await?;
    let (mut times, begun) = (Vec::new(), Instant::now());
    while begun.elapsed() < hold {
        let asked = Instant::now();
        visitor.read(path).await?;
        times.push(asked.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

/// How long each took, sorted. A page that is late makes the next no later.
async fn hold(visitor: &Visitor, path: &str, hold: Duration) -> anyhow::Result<Vec<Duration>> {
    visitor.read(path).await?;
    let count = PER_SECOND * u32::try_from(hold.as_secs())?.max(1);
    let begun = Instant::now();
    let mut asked = JoinSet::new();
    for nth in 0..count {
        let due = begun + Duration::from_secs(1) * nth / PER_SECOND;
        tokio::time::sleep_until(due.into()).await;
        let (visitor, path) = (visitor.clone(), path.to_owned());
        asked.spawn(async move {
            visitor.read(&path).await?;
            anyhow::Ok(due.elapsed())
        });
    }
    let mut times = Vec::with_capacity(usize::try_from(count)?);
    while let Some(time) = asked.join_next().await {
        times.push(time??);
    }
    times.sort_unstable();
    Ok(times)
}

/// As many homes as there can be.
async fn home(it: &Installation, visitor: &Visitor, hold: Duration) -> anyhow::Result<Group> {
    let (nothing, path) = (visitor.stylesheet().await?, format!("/t/{LARGE}"));
    let work = format!("{READERS} readers, each asking again as soon as the page has come");
    let mut group = Group::new("The home page", work);
    let pid = it.pid("portal").context("the portal has ended")?;
    let watched = watched(it).await?;
    let mut rates = Vec::new();
    for (name, path) in [(NOTHING, &*nothing), ("homes of a tenant", &*path)] {
        tell(&format!("as many as there can be: {name}"));
        let (window, begun) = (Window::open(watched.clone())?, Instant::now());
        let mut readers = JoinSet::new();
        for _ in 0..READERS {
            let (visitor, path) = (visitor.clone(), path.to_owned());
            readers.spawn(async move {
                let mut read = 0;
                while begun.elapsed() < hold {
                    visitor.page(&path).await?;
                    read += 1;
                }
                anyhow::Ok(read)
            });
        }
        let mut read = 0;
        while let Some(count) = readers.join_next().await {
            read += count??;
        }
        rates.push((name, read, rate(read, begun.elapsed()), window.close()?));
    }
    let base = rates.first().map(|(_, _, base, _)| *base).unwrap_or_default();
    for (name, read, per_s, usage) in rates {
        group.compare(name, (per_s, "/s"), (base, NOTHING));
        usage.per(read, "of them", &mut group);
    }
    group.add("memory of the portal afterwards", resident_mib(pid)?, "MiB");
    Ok(group)
}
