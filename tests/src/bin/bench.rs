//! Measures Konstruct, as ratios of things measured in one run. `cargo xtask bench` starts it with
//! everything it needs.

#[path = "../bench/mod.rs"]
mod bench;

use std::{io::Write as _, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail, ensure};

use crate::bench::{
    Options, llm, portal,
    replay::{self, Part},
    report::Report,
    views,
};

const USAGE: &str = "usage: bench pipeline|portal|views|llm|replay
    [--seconds N]     pipeline, portal, llm: how long each rate is held (8; llm 4)
    [--messages N]    how many messages each burst of the pipeline has (2000);
                      portal, views: how many there are to show (1000000)
    [--part NAME]     replay: `rebuild`, `looks` or `shadow` alone
    [--events N]      replay: how many are on the log (rebuild 200000, looks 1000000)
    [--turns N]       replay: how many turns are asked again (1000)
    [--tenants N]     portal, views: how many tenants there are (10000)
    [--runs N]        views: how often each is asked (50)
    [--litellm PATH]  llm: the program of LiteLLM, to be measured in the same run
    [--json]          pipeline, portal, llm, replay: JSON on standard output, the table on standard error";

/// What was asked for.
#[derive(Default)]
struct Asked {
    seconds: Option<u32>,
    messages: Option<u32>,
    tenants: Option<u32>,
    runs: Option<u32>,
    events: Option<u32>,
    turns: Option<u32>,
    part: Option<Part>,
    json: bool,
    litellm: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let which = arguments.next().context(USAGE)?;
    let asked = asked(arguments)?;
    let mut pages = portal::Options::default();
    pages.size.tenants = asked.tenants.unwrap_or(pages.size.tenants);
    pages.size.messages = asked.messages.unwrap_or(pages.size.messages);
    pages.hold = asked.hold().unwrap_or(pages.hold);
    match which.as_str() {
        "pipeline" => {
            let mut options = Options::default();
            options.hold = asked.hold().unwrap_or(options.hold);
            options.messages = asked.messages.unwrap_or(options.messages);
            say(&bench::run(&options).await?, asked.json)
        }
        "portal" => say(&portal::run(&pages).await?, asked.json),
        "llm" => {
            let mut options = llm::Options::default();
            options.hold = asked.hold().unwrap_or(options.hold);
            options.litellm = asked.litellm;
            say(&llm::run(&options).await?, asked.json)
        }
        "views" => views::run(pages.size, usize::try_from(asked.runs.unwrap_or(50))?).await,
        "replay" => {
            ensure!(asked.messages.is_none(), "`bench replay` counts by `--events` and `--turns`");
            let many = |number: Option<u32>| number.map(usize::try_from).transpose();
            let options = replay::Options {
                parts: asked.part.map_or_else(|| Part::ALL.to_vec(), |part| vec![part]),
                events: many(asked.events)?,
                turns: many(asked.turns)?,
            };
            say(&replay::run(&options).await?, asked.json)
        }
        other => bail!("unknown benchmark `{other}`\n{USAGE}"),
    }
}

fn say(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        write!(std::io::stderr(), "{}", report.table())?;
        writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(report)?)?;
    } else {
        write!(std::io::stdout(), "{}", report.table())?;
    }
    ensure!(report.broken.is_empty(), "not kept: {}", report.broken.join("; "));
    Ok(())
}

impl Asked {
    fn hold(&self) -> Option<Duration> {
        self.seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

fn asked(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Asked> {
    let mut asked = Asked::default();
    while let Some(name) = arguments.next() {
        let number = match name.as_str() {
            "--json" => {
                asked.json = true;
                continue;
            }
            "--litellm" => {
                let path = arguments.next().context("`--litellm` wants the path of its program")?;
                asked.litellm = Some(path.into());
                continue;
            }
            "--part" => {
                let name = arguments.next().context("`--part` wants a name")?;
                asked.part = Some(Part::named(&name).with_context(|| {
                    format!("`--part {name}`: there are `rebuild`, `looks` and `shadow`")
                })?);
                continue;
            }
            "--seconds" => &mut asked.seconds,
            "--messages" => &mut asked.messages,
            "--tenants" => &mut asked.tenants,
            "--runs" => &mut asked.runs,
            "--events" => &mut asked.events,
            "--turns" => &mut asked.turns,
            _ => bail!("unknown option `{name}`\n{USAGE}"),
        };
        let value = arguments.next().with_context(|| format!("`{name}` wants a number"))?;
        let value = value.parse().with_context(|| format!("`{name} {value}`"))?;
        ensure!(value != 0, "`{name} 0` measures nothing");
        *number = Some(value);
    }
    Ok(asked)
}
