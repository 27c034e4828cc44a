//! `konstruct stream tail`: events in order, and those to come.

use anyhow::bail;
use domain::{
    look::{Judged, Wanted, instant},
    veil::size,
};
use runtime::{
    Clock,
    look::{Kept, Scan, Start, What},
    shutdown,
};
use schemas::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{connect, event, next};
use crate::{cli::Tail, output::Output, progress::Progress, settings::Asked};

/// Shows them until there are no more, or somebody has had enough.
pub(super) async fn run(asked: &Asked<'_>, args: &Tail, output: Output) -> anyhow::Result<()> {
    let stop = shutdown::on_signal();
    let wanted = wanted(args, Clock::system().now())?;
    let subjects = nats::look::subjects(args.stream, args.tenant.as_ref(), &args.kinds)?;
    let reading = Box::pin(async {
        let bus = connect(asked).await?;
        let scan = Scan::open(&bus, args.stream, subjects, start(args, &wanted)).await?;
        tail(scan, &wanted, args, output).await
    });
    // Whoever ends it by Ctrl-C has seen what they wanted.
    until(&stop, reading).await
}

async fn until(
    stop: &CancellationToken,
    reading: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    stop.run_until_cancelled(reading).await.unwrap_or(Ok(()))
}

async fn tail(mut scan: Scan, wanted: &Wanted, args: &Tail, output: Output) -> anyhow::Result<()> {
    let mut progress = Progress::new("events", scan.pending());
    let mut left = args.limit.unwrap_or(u64::MAX);
    while 0 < left && (args.follow || !scan.is_level()) {
        let kept = if args.follow { Some(scan.next().await) } else { next(&mut scan).await? };
        let Some(kept) = kept else { break };
        progress.left(scan.pending());
        let what = What::of(args.stream, &kept);
        match wanted.judge(kept.place(), what.event()) {
            Judged::Over => break,
            Judged::Passed => {}
            Judged::Shown => {
                progress.clear();
                if !show(args, &kept, &what, output)? {
                    break;
                }
                left -= 1;
            }
        }
        if scan.is_level() {
            progress.clear();
        }
    }
    Ok(())
}

/// What was asked for. A stretch that cannot hold anything is refused.
fn wanted(args: &Tail, now: Timestamp) -> anyhow::Result<Wanted> {
    let named = |text: Option<&str>| text.map(|it| instant(it, now)).transpose();
    let (from, until) = (named(args.from_time.as_deref())?, named(args.until_time.as_deref())?);
    if let Some((from, until)) = from.zip(until)
        && until < from
    {
        bail!("{until} is before {from}: nothing lies between them");
    }
    if let Some((from, until)) = args.from_seq.zip(args.until_seq)
        && until < from
    {
        bail!("{until} is before {from}: nothing lies between them");
    }
    let is_log = [nats::EVENTS.name, nats::DIRECTORY.name].contains(&args.stream.name);
    if !is_log && (args.thread.is_some() || args.correlation.is_some()) {
        bail!("what is on {} is no event, and of no thread and no story", args.stream.name);
    }
    Ok(Wanted {
        tenant: args.tenant.clone(),
        thread: args.thread.clone(),
        kinds: args.kinds.clone(),
        correlation: args.correlation.clone(),
        from,
        until,
        from_seq: args.from_seq,
        until_seq: args.until_seq,
    })
}

fn start(args: &Tail, wanted: &Wanted) -> Start {
    match (wanted.from_seq, wanted.from) {
        (Some(sequence), _) => Start::At(sequence),
        (None, Some(from)) => Start::Since(from),
        (None, None) if args.follow => Start::Now,
        (None, None) => Start::First,
    }
}

/// Whether anybody still reads.
fn show(args: &Tail, kept: &Kept, what: &What, output: Output) -> anyhow::Result<bool> {
    if output.json {
        return output.line("", &event::json(args.stream, (kept, what), &size)?);
    }
    output.line(&event::line(kept, what), &Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> Tail {
        Tail {
            stream: &nats::EVENTS,
            tenant: None,
            thread: None,
            kinds: Vec::new(),
            correlation: None,
            from_time: None,
            until_time: None,
            from_seq: None,
            until_seq: None,
            limit: None,
            follow: false,
        }
    }

    #[test]
    fn it_begins_where_it_was_told_to() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let ago = || Some("10s".to_owned());
        let since = Start::Since(Timestamp::from_millis(1_699_999_990_000));
        let cases = [
            (args(), Start::First),
            (Tail { follow: true, ..args() }, Start::Now),
            (Tail { from_time: ago(), follow: true, ..args() }, since),
            (Tail { from_time: ago(), from_seq: Some(7), ..args() }, Start::At(7)),
        ];
        for (args, want) in cases {
            let wanted = wanted(&args, now).unwrap();
            assert_eq!(start(&args, &wanted), want, "{args:?}");
        }
    }

    #[test]
    fn what_can_show_nothing_is_refused() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let text = |it: &str| Some(it.to_owned());
        let (dead, thread) = (&nats::DEADLETTERS, "C1-1".parse().ok());
        let cases = [
            (
                Tail { from_time: text("1h"), until_time: text("2h"), ..args() },
                "2023-11-14T20:13:20.000Z is before 2023-11-14T21:13:20.000Z: nothing lies between them",
            ),
            (
                Tail { from_seq: Some(5), until_seq: Some(4), ..args() },
                "4 is before 5: nothing lies between them",
            ),
            (
                Tail { stream: dead, thread, ..args() },
                "what is on DEADLETTERS is no event, and of no thread and no story",
            ),
        ];
        for (args, want) in cases {
            assert_eq!(wanted(&args, now).unwrap_err().to_string(), want);
        }
    }
}
