//! How many recorded turns are asked again in a second of a vendor that answers at once, and that nobody
//! hears of it.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use konstruct_tests::memory::run_measured;
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::bench::{
    answers::{Answers, calls},
    llm::{Way, ask},
    load::{Line, Template, next_ts},
    process::Window,
    report::{Group, float, rate},
    tell,
    town::Town,
    vendor::Vendor,
};

/// Turns, when nobody chose otherwise; one replay has no more.
const TURNS_MAX: usize = 1_000;

/// Turns of one thread: each but the first is asked with those before it.
const IN_THREAD: usize = 5;

/// Connections that people speak over.
const LINES: usize = 16;

/// How many turns a replay asks at once, where it has no budget.
const AT_ONCE: usize = 4;

/// How long the last answer may take.
const ANSWERS_WAIT: Duration = Duration::from_mins(5);

/// Whose turns.
const TENANT: &str = "bench0";

/// What a command came to.
struct Ran {
    shown: Value,
    took: Duration,
    held_mib: f64,
}

/// Measures it. What was not kept goes to `broken`.
pub(super) async fn run(turns: Option<usize>, broken: &mut Vec<String>) -> anyhow::Result<Group> {
    let turns = turns.unwrap_or(TURNS_MAX);
    ensure!(turns <= TURNS_MAX, "`--turns {turns}`: a replay has {TURNS_MAX} at the most");
    let mut town = Town::prepare(true).await?;
    let client = Client::builder().tcp_nodelay(true).build()?;
    let vendor = Vendor::start(&client).await?;
    town.it.settings.insert("OPENAI_BASE_URL".to_owned(), format!("{}/v1", vendor.url));
    tell(&format!("{turns} turns are answered"));
    record(&mut town, turns).await?;

    let before = outside(&town).await?;
    tell("they are counted");
    let counted = shadow(&town, turns, &["--dry-run"]).await?;
    let found = counted.shown.get("turns").and_then(Value::as_u64);
    ensure!(found == Some(u64::try_from(turns)?), "{found:?} turns of {turns}");
    tell("they are asked again");
    let mut watched = town.watched(&[])?;
    watched.alone.push(("the vendor that is asked".to_owned(), vendor.pid()?));
    watched.commands = Some("konstruct replay shadow".to_owned());
    let window = Window::open(watched)?;
    let asked = shadow(&town, turns, &[]).await?;
    let usage = window.close()?;
    let after = outside(&town).await?;
    let through = asked.shown.pointer("/run/asked").and_then(Value::as_u64);
    ensure!(through == Some(u64::try_from(turns)?), "{through:?} of {turns} turns were asked");
    tell("the vendor is asked directly");
    let directly = rate(turns, direct(&client, &vendor, turns).await?);

    let work = format!(
        "{turns} turns in threads of {IN_THREAD}, answered by `konstruct all` and asked again of the version \
         that answered, without another baseline, by `konstruct replay shadow` from its start to its end, \
         {AT_ONCE} at once; no other service runs; the vendor answers at once, and is asked directly for as \
         many whole answers, {AT_ONCE} at once too"
    );
    let mut group = Group::new("Recorded turns, asked again", work);
    let base = (directly, "direct");
    group.add("the vendor, asked directly", directly, "/s");
    group.compare("turns asked again", (rate(turns, asked.took), "/s"), base);
    let (all_s, counted_s) = (asked.took.as_secs_f64(), counted.took.as_secs_f64());
    let whole = (all_s, "the replay");
    group.compare("start, read, open and count them (`--dry-run`)", (counted_s, "s"), whole);
    let rest = asked.took.saturating_sub(counted.took);
    group.compare("turns asked again, less that", (rate(turns, rest), "/s"), base);
    let same = asked.shown.pointer("/candidate/exact").and_then(Value::as_u64);
    let same = usize::try_from(same.context("no count of exact answers")?)?;
    group.compare("answered word for word", (float(same), ""), (float(turns), "the turns"));
    for (what, (before, after)) in
        ["calls of Slack", "events published"].into_iter().zip(before.into_iter().zip(after))
    {
        let more = after.saturating_sub(before);
        group.add(what, float(usize::try_from(more)?), "");
        if 0 < more {
            broken.push(format!("a replay has no effect outside, and there are {more} {what}"));
        }
    }
    group.add("memory of the command at the most", asked.held_mib, "MiB");
    usage.per(turns, "turn", &mut group);
    Ok(group)
}

/// People ask, and everybody is answered; then the services end.
async fn record(town: &mut Town, turns: usize) -> anyhow::Result<()> {
    town.it.run("all").await?;
    let mut answers = town.it.slack.see(Answers::from_now);
    let mut tasks = JoinSet::new();
    for lot in lots(town, turns)? {
        let mut line = Line::new(&town.it.gateway());
        tasks.spawn(async move {
            let mut taken = 0;
            for request in lot {
                taken += usize::from(line.deliver(&request).await.taken);
            }
            taken
        });
    }
    let taken: usize = tasks.join_all().await.into_iter().sum();
    ensure!(taken == turns, "the gateway took {taken} messages of {turns}");
    let all = |world: &_| turns <= answers.look(world);
    town.it.slack.wait_for(ANSWERS_WAIT, "every answer", all).await?;
    town.quiet().await;
    town.it.kill("all").await?;
    town.analyze().await
}

/// The requests of each line. A thread's are all of one, so that they come in order.
fn lots(town: &Town, turns: usize) -> anyhow::Result<Vec<Vec<Bytes>>> {
    let (gateway, team) = (town.it.gateway(), town.teams.first().context("no tenant")?);
    let (mut lots, mut root) = (vec![Vec::new(); LINES], String::new());
    for nth in 0..turns {
        let (thread, ts) = (nth / IN_THREAD, next_ts());
        let opens = nth % IN_THREAD == 0;
        if opens {
            root.clone_from(&ts);
        }
        let within = (!opens).then_some(root.as_str());
        let template = Template::new(&gateway, team, &format!("D0R{thread}"), within);
        if let Some(lot) = lots.get_mut(thread % LINES) {
            lot.push(template.request(&ts));
        }
    }
    Ok(lots)
}

/// What must not move: calls of Slack, and events.
async fn outside(town: &Town) -> anyhow::Result<[u64; 2]> {
    Ok([town.it.slack.see(calls), town.events().await?])
}

/// The command with all turns.
async fn shadow(town: &Town, turns: usize, more: &[&str]) -> anyhow::Result<Ran> {
    let last = turns.to_string();
    let args = ["replay", "shadow", "--json", "--yes", "--no-baseline", "--tenant", TENANT];
    let which = ["--agent", "mara", "--candidate", "1", "--last", last.as_str()];
    let mut command = town.it.command(&[&args[..], &which, more].concat());
    command.stderr(Stdio::inherit());
    let begun = Instant::now();
    let (output, held_mib) = run_measured(command).await?;
    let took = begun.elapsed();
    ensure!(output.status.success(), "the replay: {}", output.status);
    Ok(Ran { shown: serde_json::from_slice(&output.stdout)?, took, held_mib })
}

/// As many answers without anything between.
async fn direct(client: &Client, vendor: &Vendor, turns: usize) -> anyhow::Result<Duration> {
    vendor.takes(0).await?;
    let way = Way::Direct { client: client.clone(), url: vendor.url.clone() };
    let begun = Instant::now();
    let asked = futures::stream::iter((0..turns).map(|_| ask(&way, true)));
    asked.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(begun.elapsed())
}
