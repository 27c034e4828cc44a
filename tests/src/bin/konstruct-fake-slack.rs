//! The fake Slack as a program. It prints `listening on http://ADDRESS` once it does, and plays
//! Slack until it is stopped; its Web API is below `/api`.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use konstruct_tests::fake_slack::{FakeSlack, Gateway, Team};

const USAGE: &str = "usage: konstruct-fake-slack [--listen ADDRESS]
    [--token TOKEN=TEAM:BOT_USER]...      e.g. xoxb-1=T0ACME:U0MARA; without any, every xoxb- token is believed
    [--token-env NAME=TEAM:BOT_USER]...   the same, the token read from the environment
    [--team TEAM:BOT_USER]...   people speak there, and every xoxb- token is still believed
    [--gateway URL --signing-secret-env NAME]   deliver events there, the employees' own too";

#[derive(Default)]
struct Options {
    listen: Option<String>,
    installed: Vec<(String, Team)>,
    met: Vec<Team>,
    gateway: Option<String>,
    signing_secret: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = options(std::env::args().skip(1))?;
    let fake = FakeSlack::listen(options.listen.as_deref().unwrap_or("127.0.0.1:0")).await?;
    for (token, team) in options.installed {
        fake.install(&token, team);
    }
    for team in options.met {
        fake.meet(team);
    }
    match (options.gateway, options.signing_secret) {
        (Some(url), Some(secret)) => fake.link(Gateway::new(&url, &secret), true),
        (None, None) => {}
        (Some(_), None) | (None, Some(_)) => {
            bail!("`--gateway` and `--signing-secret-env` go together\n{USAGE}")
        }
    }
    writeln!(std::io::stdout(), "listening on {}", fake.base_url())?;
    fake.join().await;
    Ok(())
}

fn options(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Options> {
    let mut options = Options::default();
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("`{name}` wants a value\n{USAGE}"))?;
        match name.as_str() {
            "--listen" => options.listen = Some(value),
            "--token" => options.installed.push(installed(&value)?),
            "--token-env" => {
                let (name, team) = installed(&value)?;
                options.installed.push((variable(&name)?, team));
            }
            "--team" => options.met.push(team(&value)?),
            "--gateway" => options.gateway = Some(value),
            "--signing-secret-env" => options.signing_secret = Some(variable(&value)?),
            _ => bail!("unknown option `{name}`\n{USAGE}"),
        }
    }
    Ok(options)
}

fn installed(value: &str) -> anyhow::Result<(String, Team)> {
    let (token, of) = value.rsplit_once('=').with_context(|| USAGE.to_owned())?;
    Ok((token.to_owned(), team(of)?))
}

fn team(value: &str) -> anyhow::Result<Team> {
    let (team, bot_user) = value.split_once(':').with_context(|| USAGE.to_owned())?;
    Ok(Team::new(team, bot_user))
}

fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("`{name}` is not set"))
}
