//! The demo: tenant Acme, whose agent Mara is greeted and answers.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::child::{Service, run_ok};
use crate::out;
use crate::stop::Stop;

/// A tiny model on a busy core writes six words a second.
const ANSWER_MAX: Duration = Duration::from_mins(4);
const GREETING: &str = "hello";

/// The look-alike believes any token, and learns the workspace and the bot from it. It opens nothing elsewhere.
pub(crate) const BOT_TOKEN: &str = "xoxb-T0ACME-U0MARA";

/// That workspace and that bot.
pub(crate) const TEAM: &str = "T0ACME:U0MARA";

pub(crate) const TENANTS: &str = r#"# Written anew by every `cargo xtask dev`; try your own with `konstruct apply -f`.
tenants:
  - slug: acme
    name: Acme Ltd
    limits: { messages_per_minute: 30, per_channel: { slack: 30 } }
    agents:
      - slug: mara
        name: Mara
        role: Support lead
        persona: "warm, brief"
        system_prompt: "You help the people of Acme Ltd. Answer in one or two short sentences."
        model: quality
    connections:
      - { channel: slack, team_id: T0ACME, bot_user_id: U0MARA, bot_token: "${ACME_SLACK_BOT_TOKEN}", agent: mara }
"#;

/// What `konstruct say --json` prints.
#[derive(Deserialize)]
struct Said {
    message: String,
    answer: String,
}

/// Says hello as a person in Slack would; shows the answer and the life of the message.
pub(crate) fn hello(
    konstruct: &dyn Fn() -> Command,
    world: &mut [Service],
    stop: &Stop,
) -> Result<()> {
    let mut say = konstruct();
    say.args(["say", "--tenant", "acme", "--json", GREETING]);
    out::say(format!("\na person in Slack: @Mara {GREETING}"));
    let said = output(say, stop).map_err(|error| blame(error, world))?;
    let said = parse(&said).map_err(|error| blame(error, world))?;
    out::say(format!("Mara: {}\n", said.answer));
    let mut trace = konstruct();
    trace.args(["trace", "--tenant", "acme", &said.message]);
    run_ok(trace, stop)
}

fn parse(text: &str) -> Result<Said> {
    let said: Said =
        serde_json::from_str(text).with_context(|| format!("`konstruct say` printed: {text}"))?;
    if said.answer.trim().is_empty() {
        bail!("the answer to message {} is empty", said.message);
    }
    Ok(said)
}

/// Whoever ended is guilty; else it is in Konstruct's own log, the last that started.
fn blame(error: anyhow::Error, world: &mut [Service]) -> anyhow::Error {
    let ended = world.iter_mut().find_map(|service| service.check().err());
    match (ended, world.last()) {
        (Some(ended), _) => error.context(ended),
        (None, Some(konstruct)) => error.context(format!("no answer{}", konstruct.blame())),
        (None, None) => error,
    }
}

/// What a command prints. Its errors go to the terminal as they come.
pub(crate) fn output(mut command: Command, stop: &Stop) -> Result<String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run konstruct")?;
    let until = Instant::now() + ANSWER_MAX;
    while child.try_wait()?.is_none() {
        let late = if Instant::now() < until {
            None
        } else {
            Some(anyhow::anyhow!("no answer in {ANSWER_MAX:?}"))
        };
        if let Some(error) = late.or_else(|| stop.tick().err()) {
            child.kill()?;
            child.wait()?;
            return Err(error);
        }
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let printed = String::from_utf8_lossy(&output.stdout);
        bail!("`konstruct say` failed ({}) {}", output.status, printed.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_answer_is_no_answer() {
        assert_eq!(
            parse(r#"{"message": "m1", "answer": "Hi!", "more": 1}"#).unwrap().answer,
            "Hi!"
        );
        assert!(parse(r#"{"message": "m1", "answer": " "}"#).is_err());
        assert!(parse("Hi!").is_err());
    }
}
