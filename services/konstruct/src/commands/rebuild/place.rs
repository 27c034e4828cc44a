//! Putting a generation in the place of the live one, putting it back, and dropping what is not live.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use projector::{Rebuild, reader};
use serde_json::json;
use store::generation::{Generation, Made, Patience, compare::Compared};

use super::{
    Parts,
    build::{compared, next},
    end_line, meter, show, sources_of,
};
use crate::{cli::Projections, commands::confirm::confirm, output::Output};

/// How often the swap is tried while somebody reads for long, and the pause between.
const TRIES_MAX: u32 = 100;
const TRY_PAUSE: Duration = Duration::from_millis(200);

/// Every so often it is tried with more patience.
const PATIENT_EVERY: u32 = 10;

/// `--swap`.
pub(super) async fn swap(
    parts: &mut Parts,
    args: &Projections,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let made = next(parts).await?;
    for source in sources_of(&made) {
        parts.check_whole(source, made.at(reader(source).name).unwrap_or_default()).await?;
    }
    let rebuild = parts.rebuild(&made).await?;
    let mut meter = meter(0, args);
    let compared = compared(parts, &rebuild, &made, &mut meter).await?;
    let is_equal = compared.iter().all(Compared::is_equal);
    if !is_equal && !args.accept_differences {
        let text = format!(
            "{}\nnothing was swapped: they are not the same; `--accept-differences` swaps all the same",
            show::compared(&compared)
        );
        output.print(&text, &json!({ "swapped": false, "models": compared }))?;
        return Ok(ExitCode::FAILURE);
    }
    confirm("this puts the rebuilt models in the place of the live ones", args.yes)?;
    if !is_equal {
        parts.generations.note("rebuild-accept-differences", &parts.actor).await?;
    }
    parts.generations.analyze(Generation::Next).await?;
    exchange(parts, args, (&rebuild, &made), "rebuild-swap").await?;
    let text = format!(
        "{}\nthe rebuilt models are live; `konstruct replay projections --roll-back` puts back what was \
         live before, `--drop` drops it",
        show::compared(&compared)
    );
    output.print(&text, &json!({ "swapped": true, "models": compared }))?;
    Ok(ExitCode::SUCCESS)
}

/// `--roll-back`. What was live before is brought up to date first.
pub(super) async fn roll_back(
    parts: &mut Parts,
    args: &Projections,
    output: Output,
) -> anyhow::Result<()> {
    let found = parts.generations.find(Generation::Previous).await?;
    let made =
        found.context("there is nothing to go back to: no swap was made, or it was dropped")?;
    for source in sources_of(&made) {
        parts.check_whole(source, made.at(reader(source).name).unwrap_or_default()).await?;
    }
    if made.lacks_erased() && !args.accept_differences {
        bail!(
            "a tenant was erased since the last swap, {}: what was live before lacks what it added to sums \
             of all tenants since then; nothing was put back, and `--accept-differences` puts it back all \
             the same",
            made.since
        );
    }
    confirm("this puts back what was live before the last swap", args.yes)?;
    if made.lacks_erased() {
        parts.generations.note("rebuild-accept-differences", &parts.actor).await?;
    }
    let rebuild = parts.rebuild(&made).await?;
    let left = parts.left(made.generation, &sources_of(&made)).await?;
    let mut meter = meter(left.iter().map(|(_, _, events)| *events).sum(), args);
    parts.catch_up(&rebuild, &sources_of(&made), &mut meter).await?;
    end_line();
    exchange(parts, args, (&rebuild, &made), "rebuild-roll-back").await?;
    let text = "what was live before is live again; the same command changes it back";
    output.print(text, &json!({ "rolled_back": true }))
}

/// Exactly where the live readers are, in one transaction. Whoever reads for long is waited for, and nobody
/// waits behind us for longer than that of one lock.
async fn exchange(
    parts: &mut Parts,
    args: &Projections,
    (rebuild, made): (&Rebuild, &Made),
    step: &str,
) -> anyhow::Result<()> {
    let mut meter = meter(0, args);
    meter.hurry();
    for tries in 1_u32.. {
        let held = parts.generations.hold(&made.wish.readers).await?;
        for source in sources_of(made) {
            let reader = reader(source);
            let until = held.places().get(reader.name).copied().unwrap_or_default();
            rebuild.catch_up(reader, until, &mut meter).await?;
        }
        let patience =
            if tries.is_multiple_of(PATIENT_EVERY) { Patience::Long } else { Patience::Short };
        match held.swap(made, (step, &parts.actor), patience).await {
            Ok(()) => break,
            Err(error) if error.is_transient() && tries < TRIES_MAX => {
                tokio::time::sleep(TRY_PAUSE).await;
            }
            Err(error) => return Err(error).context("nothing was swapped"),
        }
    }
    end_line();
    Ok(())
}

/// `--drop`.
pub(super) async fn discard(
    parts: &mut Parts,
    args: &Projections,
    output: Output,
) -> anyhow::Result<()> {
    let all = parts.generations.made().await?;
    let is = |made: &&Made| made.generation != Generation::Base;
    let there: Vec<_> = all.iter().filter(is).map(|made| made.generation).collect();
    let names: Vec<_> = there.iter().map(|it| it.name()).collect();
    if there.is_empty() {
        return output.print("nothing to drop", &json!({ "dropped": names }));
    }
    confirm(&format!("this drops {}", names.join(" and ")), args.yes)?;
    for generation in there {
        parts.generations.discard(generation, &parts.actor).await?;
    }
    output.print(&format!("dropped: {}", names.join(", ")), &json!({ "dropped": names }))
}

/// `--new-base`.
pub(super) async fn new_base(
    parts: &mut Parts,
    args: &Projections,
    output: Output,
) -> anyhow::Result<()> {
    confirm(
        "this takes the live models for what has left the log: whatever is wrong in them now no rebuild \
         will find any more, and pages wait while they are copied",
        args.yes,
    )?;
    let reader = &nats::PROJECT_EVENTS;
    parts.generations.take_base(reader.name, &parts.actor).await?;
    let base = parts.generations.find(Generation::Base).await?;
    let place = base.and_then(|made| made.at(reader.name)).unwrap_or_default();
    let text = format!("the base is what is live, at {place} of {}", reader.stream.name);
    output.print(&text, &json!({ "base": place }))
}
