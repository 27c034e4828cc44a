//! Making the next generation, and comparing it with the live one.

use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use domain::rebuild::{self, Source, sources};
use projector::{Meter, Rebuild, reader};
use serde_json::json;
use store::{
    StoreError,
    generation::{
        Generation, Made, Wish,
        compare::{Compared, Snapshot},
    },
};

use super::{Parts, end_line, meter, show, sources_of};
use crate::{
    cli::Projections,
    commands::confirm::confirm,
    erasing::{alone_at_stories, while_alone},
    output::{Output, table},
};

/// How many write at the same time, when nobody chose otherwise.
const WORKERS_DEFAULT: u32 = 2;

/// How often an erasure is looked at until a rebuild begins: about a minute.
const LOOKS_MAX: u32 = 30;

/// What is to be read of one stream.
struct Reading {
    source: Source,
    from: u64,
    until: u64,
}

impl Reading {
    /// How many events that are at the most.
    const fn events(&self) -> u64 {
        self.until.saturating_sub(self.from)
    }
}

/// `--dry-run`: what there is to do.
pub(super) async fn would(parts: &Parts, args: &Projections, output: Output) -> anyhow::Result<()> {
    let (wish, made) = wished(parts, args).await?;
    let readings = readings(parts, &wish, made.as_ref()).await?;
    let row = |reading: &Reading| {
        let stream = reader(reading.source).stream.name.to_owned();
        let (from, until) = (reading.from.to_string(), reading.until.to_string());
        vec![stream, from, until, reading.events().to_string()]
    };
    let rows: Vec<_> = readings.iter().map(row).collect();
    let begun = if made.is_some() { "goes on with" } else { "begins" };
    let text = format!(
        "{}\n{begun} the next generation: {}, {} workers; nothing was changed",
        table(&["STREAM", "AFTER", "UNTIL", "EVENTS"], &rows),
        wish.models.join(", "),
        wish.workers
    );
    let readings: Vec<_> = readings
        .iter()
        .map(|it| {
            let stream = reader(it.source).stream.name;
            json!({ "stream": stream, "after": it.from, "until": it.until, "events": it.events() })
        })
        .collect();
    let (models, workers) = (&wish.models, wish.workers);
    let is_begun = made.is_some();
    output.print(
        &text,
        &json!({ "begun": is_begun, "models": models, "workers": workers, "streams": readings }),
    )
}

/// Builds it, or goes on with it, and compares. Exit code 1 if it is not what is live.
pub(super) async fn build(
    parts: &mut Parts,
    args: &Projections,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let (wish, made) = wished(parts, args).await?;
    let readings = readings(parts, &wish, made.as_ref()).await?;
    let total = readings.iter().map(Reading::events).sum();
    if made.is_none() {
        let what = format!("this reads {total} events into tables beside the live ones");
        confirm(&what, args.yes)?;
        begin(parts, &wish).await?;
    }
    let made = next(parts).await?;
    let rebuild = parts.rebuild(&made).await?;
    let mut meter = meter(total, args);
    let compared = match compared(parts, &rebuild, &made, &mut meter).await {
        Ok(compared) => compared,
        Err(error) => {
            end_line();
            return Err(error.context(
                "the rebuild stands where `--status` says, and the same command goes on from there",
            ));
        }
    };
    parts.generations.analyze(Generation::Next).await?;
    let progress = meter.progress();
    let is_equal = compared.iter().all(Compared::is_equal);
    let last = if is_equal {
        "all are the same: `konstruct replay projections --swap` puts them in place"
    } else {
        "they are not the same: look at the differences above; `--swap --accept-differences` puts them in \
         place all the same"
    };
    let text = format!(
        "{}\n{} events, {} a second\n{last}",
        show::compared(&compared),
        progress.done,
        progress.rate()
    );
    let (events, rate) = (progress.done, progress.rate());
    let shown =
        json!({ "events": events, "per_s": rate, "is_equal": is_equal, "models": compared });
    output.print(&text, &shown)?;
    Ok(if is_equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Begins it while nobody takes stories: the base may have what is on the log until the next moment.
async fn begin(parts: &mut Parts, wish: &Wish) -> anyhow::Result<()> {
    let turn = alone_at_stories(&parts.db, LOOKS_MAX).await?.map_err(|busy| {
        anyhow!("something is being erased: {busy}; run the command again; nothing was begun")
    })?;
    let begun = parts.generations.begin(wish, &parts.actor);
    while_alone(&turn, async { Ok(begun.await?) }).await
}

/// What was asked for, and what is there of it already.
async fn wished(parts: &Parts, args: &Projections) -> anyhow::Result<(Wish, Option<Made>)> {
    let models = rebuild::named(&args.only)?;
    let readers = sources(&models).into_iter().map(|it| reader(it).name.to_owned()).collect();
    let models = models.iter().map(|model| model.name.to_owned()).collect();
    let workers = args.workers.unwrap_or(WORKERS_DEFAULT);
    let wish = Wish { readers, models, workers };
    let Some(made) = parts.generations.find(Generation::Next).await? else {
        return Ok((wish, None));
    };
    let others = !args.only.is_empty() && made.wish.models != wish.models;
    if others || args.workers.is_some_and(|workers| workers != made.wish.workers) {
        bail!(
            "a rebuild of {} with {} workers is under way: go on with it without `--only` and \
             `--workers`, or `--drop` it first",
            made.wish.models.join(", "),
            made.wish.workers
        );
    }
    Ok((made.wish.clone(), Some(made)))
}

/// What is to be read. Refused where the log no longer has it.
async fn readings(parts: &Parts, wish: &Wish, made: Option<&Made>) -> anyhow::Result<Vec<Reading>> {
    let live = parts.generations.live(&wish.readers).await?;
    let base = parts.generations.find(Generation::Base).await?;
    let mut readings = Vec::new();
    for source in [Source::Events, Source::Directory] {
        let name = reader(source).name;
        if !wish.readers.iter().any(|it| it == name) {
            continue;
        }
        let from = made.or(base.as_ref()).and_then(|made| made.at(name)).unwrap_or_default();
        parts.check_whole(source, from).await?;
        let until = live.get(name).copied().unwrap_or_default().max(from);
        readings.push(Reading { source, from, until });
    }
    Ok(readings)
}

/// The next generation, which must be there.
pub(super) async fn next(parts: &Parts) -> anyhow::Result<Made> {
    let found = parts.generations.find(Generation::Next).await?;
    found.context("no rebuild is under way: `konstruct replay projections` begins one")
}

/// Brings the next generation to where the live one is, and compares both there. The live readers wait
/// while the last few events are read, and go on while it is compared.
pub(super) async fn compared(
    parts: &mut Parts,
    rebuild: &Rebuild,
    made: &Made,
    meter: &mut Meter,
) -> anyhow::Result<Vec<Compared>> {
    let sources = sources_of(made);
    parts.catch_up(rebuild, &sources, meter).await?;
    meter.hurry();
    let held = parts.generations.hold(&made.wish.readers).await?;
    for source in &sources {
        let reader = reader(*source);
        let until = held.places().get(reader.name).copied().unwrap_or_default();
        rebuild.catch_up(reader, until, meter).await?;
    }
    let mut snapshot = Snapshot::take(&parts.platform, &parts.actor).await?;
    held.release().await?;
    end_line();
    check_same_place(&mut snapshot, made).await?;
    let now = parts.clock.now();
    let mut compared = Vec::new();
    for model in &made.wish.models {
        compared.push(snapshot.compare(model, now).await?);
    }
    Ok(compared)
}

/// A comparison of two places would tell differences that there are not.
async fn check_same_place(snapshot: &mut Snapshot, made: &Made) -> anyhow::Result<()> {
    for reader in &made.wish.readers {
        let workers = (0..made.wish.workers).map(|worker| made.generation.place(reader, worker));
        let names: Vec<_> = workers.chain([reader.clone()]).collect();
        let places = snapshot.places(&names).await?;
        let live = places.get(reader);
        if places.len() != names.len() || !places.values().all(|place| Some(place) == live) {
            return Err(StoreError::Fenced(reader.clone()).into());
        }
    }
    Ok(())
}
