//! How long a look at what was takes where the log is long: the trace of a message, and who existed at an
//! instant. One caller, one look after the other, each at another place.

mod seed;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use konstruct_tests::installation::Installation;
use runtime::{
    Bus,
    look::{self, was},
};
use schemas::{CorrelationId, MessageId, TenantId, Timestamp};
use serde_json::Value;
use store::{Database, Platform, Purpose, projections};

use self::seed::seed;
use super::{
    log::{Log, STORY, Said},
    make_room,
};
use crate::bench::{
    report::{Group, float, millis, percentile, percentiles, ratio},
    tell,
};

/// Events of both streams, when nobody chose otherwise.
const EVENTS_DEFAULT: usize = 1_000_000;

/// One event in so many is a change of the directory.
const CHANGE_EVERY: usize = 10;

/// How many tenants share them.
const TENANTS: usize = 1_000;

/// Each tenant is created, and its agent published.
const EVENTS_MIN: usize = 2 * TENANTS * CHANGE_EVERY;

/// Looks in this process, of each kind.
const TRACES: usize = 1_000;
const TRAVELS: usize = 500;

/// Looks by the command, with its start.
const COMMANDS: usize = 50;

/// How long the server may be silent while events wait; as the command has it.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Measures them.
pub(super) async fn run(events: Option<usize>) -> anyhow::Result<Vec<Group>> {
    let events = events.unwrap_or(EVENTS_DEFAULT);
    let changes = events / CHANGE_EVERY;
    ensure!(EVENTS_MIN <= events, "`--events`: {EVENTS_MIN} or more, for a look at them");
    let log = Log::new(TENANTS, events - changes, changes)?;
    let mut it = Installation::prepare().await?;
    make_room(&mut it, &log).await?;
    let bus = Bus::connect(&it.nats.url(), "bench").await?;
    let mut groups = vec![seed(&it, &log, &bus).await?];
    groups.push(traces(&it, &log).await?);
    groups.push(travels(&it, &log, &bus).await?);
    Ok(groups)
}

/// The story of a message by its id, as `konstruct trace` asks for it.
async fn traces(it: &Installation, log: &Log) -> anyhow::Result<Group> {
    tell("traces");
    let work = format!(
        "one caller, each message another one of {}: with its tenant and without, which looks at all \
         {TENANTS} tenants and is written down, {TRACES} times in this process, as the command asks and \
         without its start and its words; and {COMMANDS} times by the command, from its start to its end",
        log.messages
    );
    let mut group = Group::new("Traces", work);
    let (db, platform) = (it.database.database().await?, it.database.platform().await?);
    let ping = async |_: usize| -> anyhow::Result<()> { Ok(db.ping().await?) };
    let base_ms = middle_ms(timed(TRACES, ping).await?);
    let base = (base_ms, "asking PostgreSQL for the time");
    group.add("asking PostgreSQL for the time, p50", base_ms, "ms");
    let said = |nth: usize| log.said(spread(nth, log.messages)?);
    let named = async |nth: usize| -> anyhow::Result<()> { trace(&db, &said(nth)?).await };
    let took = timed(TRACES, named).await?;
    percentiles(&mut group, "a message of a tenant", took, base, &[50, 95, 99]);
    let anywhere = async |nth: usize| -> anyhow::Result<()> {
        trace_anywhere((&db, &platform), &said(nth)?).await
    };
    let took = timed(TRACES, anywhere).await?;
    percentiles(&mut group, "a message of anybody", took, base, &[50, 95, 99]);

    let base = started(it, &mut group).await?;
    let by_command = async |nth: usize| -> anyhow::Result<()> {
        let said = said(nth)?;
        let args = ["trace", "--json", "--tenant", said.tenant.as_str(), said.message.as_str()];
        let shown: Value = serde_json::from_str(&it.ok(&args).await?)?;
        let stages = shown.get("stages").and_then(Value::as_array).map(Vec::len);
        ensure!(stages == Some(STORY), "{stages:?} stages of {STORY}");
        Ok(())
    };
    let took = timed(COMMANDS, by_command).await?;
    percentiles(&mut group, "`konstruct trace --tenant`", took, base, &[50, 95]);
    Ok(group)
}

async fn trace(db: &Database, said: &Said) -> anyhow::Result<()> {
    let mut tx = db.tenant(&said.tenant).await?;
    let found = projections::find(&mut tx, said.message.as_str()).await?;
    drop(tx);
    story(db, &said.tenant, &found.context("no such message")?).await
}

async fn trace_anywhere((db, platform): (&Database, &Platform), said: &Said) -> anyhow::Result<()> {
    let mut tx = platform.begin(Purpose::Trace, "bench").await?;
    let found = projections::find_anywhere(&mut tx, said.message.as_str()).await?;
    drop(tx);
    let (tenant, message) = found.context("no such message")?;
    story(db, &tenant, &message).await
}

async fn story(db: &Database, tenant: &TenantId, message: &MessageId) -> anyhow::Result<()> {
    let mut tx = db.tenant(tenant).await?;
    let found = projections::story(&mut tx, &CorrelationId::from(message)).await?;
    ensure!(found.len() == STORY, "{} events of {STORY}", found.len());
    Ok(())
}

/// Who existed at an instant, as `konstruct at TIME --tenant` folds it.
async fn travels(it: &Installation, log: &Log, bus: &Bus) -> anyhow::Result<Group> {
    tell("time travel");
    let each = log.changes / TENANTS;
    let work = format!(
        "one caller, each time another one of {TENANTS} tenants, with about {each} events each, at instants \
         spread evenly over the time in which these were stored, so that half of them are read: {TRAVELS} \
         times in this process, by the same code as the command, and {COMMANDS} times by the command, from \
         its start to its end"
    );
    let mut group = Group::new("Time travel", work);
    let row = &nats::DIRECTORY;
    // From when on there are all of them.
    let all = look::at(bus, row, u64::try_from(TENANTS)?).await?.context("no such event")?;
    let last = look::standing(bus, row).await?.and_then(|it| it.last_at).context("no event")?;
    let times = Times { first: all.stored, long: last.since(all.stored) };
    let one = async |nth: usize| -> anyhow::Result<()> {
        let sequence = u64::try_from(spread(nth, log.changes)? + 1)?;
        ensure!(look::at(bus, row, sequence).await?.is_some(), "no event {sequence}");
        Ok(())
    };
    let base_ms = middle_ms(timed(TRAVELS, one).await?);
    group.add("one event by its sequence, p50", base_ms, "ms");
    let folded = async |nth: usize| -> anyhow::Result<()> {
        let tenant = log.tenant(nth)?;
        let found = was(bus, Some(&tenant), times.at(nth)?, SILENCE_MAX, drop).await?;
        let is_there = found.directory.tenant(&tenant).is_some();
        ensure!(is_there && found.unread == 0, "{tenant} was there, and all can be read");
        Ok(())
    };
    let took = timed(TRAVELS, folded).await?;
    let base = (base_ms, "one event by its sequence");
    percentiles(&mut group, "a tenant at an instant", took, base, &[50, 95, 99]);

    let base = started(it, &mut group).await?;
    let by_command = async |nth: usize| -> anyhow::Result<()> {
        let (tenant, at) = (log.tenant(nth)?, times.at(nth)?.to_string());
        let said = it.ok(&["at", "--json", "--tenant", tenant.as_str(), at.as_str()]).await?;
        let shown: Value = serde_json::from_str(&said)?;
        let found = shown.pointer("/tenants/0/tenant/id").and_then(Value::as_str);
        ensure!(found == Some(tenant.as_str()), "{found:?} for {tenant}");
        Ok(())
    };
    let took = timed(COMMANDS, by_command).await?;
    percentiles(&mut group, "`konstruct at --tenant`", took, base, &[50, 95]);
    Ok(group)
}

/// The instants that are travelled to.
struct Times {
    first: Timestamp,
    long: Duration,
}

impl Times {
    /// One for each number, never before the first.
    fn at(&self, nth: usize) -> anyhow::Result<Timestamp> {
        const PARTS: usize = 1_000_000;
        let part = ratio(float(spread(nth, PARTS)?), float(PARTS));
        Ok(self.first.plus(self.long.mul_f64(part)))
    }
}

/// What starting the program alone takes, which every command pays.
async fn started(it: &Installation, group: &mut Group) -> anyhow::Result<(f64, &'static str)> {
    let start = async |_: usize| -> anyhow::Result<()> {
        it.ok(&["--version"]).await?;
        Ok(())
    };
    let base = (middle_ms(timed(COMMANDS, start).await?), "`konstruct --version`");
    group.add("`konstruct --version`, p50", base.0, "ms");
    Ok(base)
}

/// How long each took, one after the other; the first is done once more, before anybody looks at the time.
async fn timed(
    times: usize,
    mut ask: impl AsyncFnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Duration>> {
    ask(0).await?;
    let mut took = Vec::with_capacity(times);
    for nth in 0..times {
        let begun = Instant::now();
        ask(nth).await?;
        took.push(begun.elapsed());
    }
    Ok(took)
}

fn middle_ms(mut took: Vec<Duration>) -> f64 {
    took.sort_unstable();
    millis(percentile(&took, 50))
}

/// A number below `of` for each number: spread evenly, in no order, and the same in every run.
fn spread(nth: usize, of: usize) -> anyhow::Result<usize> {
    // The golden ratio as a part of 2^64.
    let place = u64::try_from(nth)?.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Ok(usize::try_from((u128::from(place) * u128::try_from(of)?) >> 64)?)
}
