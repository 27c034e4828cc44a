//! `konstruct replay projections`: the read models once more, beside those that are live.
//!
//! Reads the log and writes tables. It publishes nothing, and holds no key, no token and no model.

mod build;
mod place;
mod show;

use std::{
    cell::Cell,
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use domain::rebuild::{Progress, Source};
use projector::{Meter, Rebuild, reader};
use runtime::{Bus, Clock, Span, setup};
use store::{
    Database,
    generation::{Generation, Generations, Made},
};

use crate::{cli::Projections, output::Output, settings::Asked, wiring};

/// How often a terminal is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Events that are left when the live readers are asked to wait for the rest.
const NEAR: u64 = 2_048;

/// What every step needs.
struct Parts {
    bus: Bus,
    db: Database,
    /// As the platform role, for comparing.
    platform: store::Settings,
    generations: Generations,
    clock: Clock,
    /// Who does it, for the audit.
    actor: String,
}

/// Does the one step that was asked for; to build is the step when none is named.
pub(crate) async fn projections(
    asked: &Asked<'_>,
    args: &Projections,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let mut parts = Parts::connect(asked).await?;
    let done = |()| ExitCode::SUCCESS;
    if args.status {
        return show::status(&parts, output).await.map(done);
    }
    if args.dry_run {
        return build::would(&parts, args, output).await.map(done);
    }
    // Held until this process ends, however it does.
    parts.generations.alone().await?;
    if args.swap {
        place::swap(&mut parts, args, output).await
    } else if args.roll_back {
        place::roll_back(&mut parts, args, output).await.map(done)
    } else if args.drop {
        place::discard(&mut parts, args, output).await.map(done)
    } else if args.new_base {
        place::new_base(&mut parts, args, output).await.map(done)
    } else {
        build::build(&mut parts, args, output).await
    }
}

impl Parts {
    async fn connect(asked: &Asked<'_>) -> anyhow::Result<Self> {
        let bus = Bus::connect(&asked.nats_url()?, "konstruct-replay").await?;
        setup::verify(&bus, asked.sizes()?).await?;
        let owner = asked.database("KONSTRUCT_ADMIN_DATABASE_URL")?;
        Ok(Self {
            bus,
            db: Database::connect(&asked.database("KONSTRUCT_DATABASE_URL")?).await?,
            platform: asked.database("KONSTRUCT_PLATFORM_DATABASE_URL")?,
            generations: Generations::open(&owner).await?,
            clock: Clock::system(),
            actor: wiring::owner(),
        })
    }

    async fn span(&self, source: Source) -> anyhow::Result<Span> {
        Ok(self.bus.span(reader(source).stream).await?)
    }

    /// Refuses where the log no longer has what comes after that place.
    async fn check_whole(&self, source: Source, place: u64) -> anyhow::Result<()> {
        let span = self.span(source).await?;
        if source.has_all(place, span.first) {
            return Ok(());
        }
        bail!(
            "{} begins at {}, and what was read before ends at {place}: what was between is on no log \
             any more. `--drop` drops a generation that is too old, and `--new-base` takes the live \
             models for what has left the log",
            reader(source).stream.name,
            span.first
        )
    }

    /// What writes that generation.
    async fn rebuild(&self, made: &Made) -> anyhow::Result<Rebuild> {
        let workers = made.wish.workers;
        let connections = usize::try_from(workers)?;
        Ok(Rebuild {
            bus: self.bus.clone(),
            db: self.db.generation(made.generation, connections).await?,
            generation: made.generation,
            workers,
        })
    }

    /// Brings a generation near to the live one, which goes on meanwhile.
    async fn catch_up(
        &self,
        rebuild: &Rebuild,
        sources: &[Source],
        meter: &mut Meter,
    ) -> anyhow::Result<()> {
        loop {
            let left = self.left(rebuild.generation, sources).await?;
            for (source, until, _) in &left {
                rebuild.catch_up(reader(*source), *until, meter).await?;
            }
            if left.iter().map(|(_, _, events)| *events).sum::<u64>() < NEAR {
                return Ok(());
            }
        }
    }

    /// For each source, where the live reader is and how many events it is ahead.
    async fn left(
        &self,
        generation: Generation,
        sources: &[Source],
    ) -> anyhow::Result<Vec<(Source, u64, u64)>> {
        let made = self.generations.find(generation).await?;
        let made = made.with_context(|| format!("the {} generation is gone", generation.name()))?;
        let live = self.generations.live(&made.wish.readers).await?;
        let of = |source: &Source| {
            let name = reader(*source).name;
            let until = live.get(name).copied().unwrap_or_default();
            (*source, until, until.saturating_sub(made.at(name).unwrap_or(until)))
        };
        Ok(sources.iter().map(of).collect())
    }
}

/// The streams that fill a generation.
fn sources_of(made: &Made) -> Vec<Source> {
    let is = |source: &Source| made.wish.readers.iter().any(|name| name == reader(*source).name);
    [Source::Events, Source::Directory].into_iter().filter(is).collect()
}

/// Counts, keeps the pace, and tells a terminal how far it is.
fn meter(total: u64, args: &Projections) -> Meter {
    let pace = args.rate.map(domain::rebuild::Pace::new);
    let is_watched = std::io::stderr().is_terminal();
    let told = Cell::new(None::<Instant>);
    Meter::new(total, pace, move |progress: &Progress| {
        let is_due = told.get().is_none_or(|at| TELL_EVERY <= at.elapsed());
        if is_watched && (is_due || progress.done == progress.total) {
            told.set(Some(Instant::now()));
            // Nothing depends on somebody reading it.
            _ = write!(std::io::stderr(), "\r{progress}\x1b[K");
        }
    })
}

/// Ends the line that a terminal was told how far it is in.
fn end_line() {
    if std::io::stderr().is_terminal() {
        _ = writeln!(std::io::stderr());
    }
}
