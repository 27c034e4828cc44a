//! Measures Konstruct, as ratios of things measured in one run. `cargo xtask bench pipeline` starts
//! it with everything it needs.

#[path = "../bench/mod.rs"]
mod bench;

use std::{io::Write as _, time::Duration};

use anyhow::{Context as _, bail, ensure};

use crate::bench::Options;

const USAGE: &str = "usage: bench pipeline
    [--seconds N]     how long each rate is held (8)
    [--messages N]    how many messages each burst of the pipeline has (2000)
    [--json]          JSON on standard output, and the table on standard error";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (options, json) = options(std::env::args().skip(1))?;
    let report = bench::run(&options).await?;
    if json {
        write!(std::io::stderr(), "{}", report.table())?;
        writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        write!(std::io::stdout(), "{}", report.table())?;
    }
    Ok(())
}

fn options(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<(Options, bool)> {
    let (mut options, mut json) = (Options::default(), false);
    match arguments.next().as_deref() {
        Some("pipeline") => {}
        Some(other) => bail!("unknown benchmark `{other}`\n{USAGE}"),
        None => bail!("{USAGE}"),
    }
    while let Some(name) = arguments.next() {
        let mut number = || -> anyhow::Result<u32> {
            let value = arguments.next().with_context(|| format!("`{name}` wants a number"))?;
            let number = value.parse().with_context(|| format!("`{name} {value}`"))?;
            ensure!(number != 0, "`{name} 0` measures nothing");
            Ok(number)
        };
        match name.as_str() {
            "--json" => json = true,
            "--seconds" => options.hold = Duration::from_secs(number()?.into()),
            "--messages" => options.messages = number()?,
            _ => bail!("unknown option `{name}`\n{USAGE}"),
        }
    }
    Ok((options, json))
}
