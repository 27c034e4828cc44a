//! `konstruct doctor`: what is wrong with an installation, and how to put it right.

use std::{net::Ipv4Addr, process::ExitCode, time::Duration};

use runtime::{
    Bus, Clock,
    config::ConfigError,
    restoring,
    setup::{self, Fill},
};
use serde::Serialize;
use store::{Database, Platform, StoreError, check};

use crate::{
    cli::Doctor,
    output::Output,
    settings::{Asked, Sources},
};

/// The oldest server whose features we use (atomic batches).
const NATS_VERSION_MIN: (u64, u64) = (2, 12);

/// Clocks further apart than this make signatures look stale sooner or later.
const CLOCK_SKEW_MAX: Duration = Duration::from_secs(30);

/// A stream fuller than this is about to refuse.
const FILL_PERCENT_MAX: u64 = 80;

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    what: String,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Finding {
    fn good(what: &str, found: impl Into<String>) -> Self {
        Self { what: what.to_owned(), found: found.into(), fix: None }
    }

    fn bad(what: &str, found: impl Into<String>, fix: &str) -> Self {
        Self { what: what.to_owned(), found: found.into(), fix: Some(fix.to_owned()) }
    }
}

/// Looks at everything and says what it found. Exit code 1 if something is wrong.
pub(crate) async fn run(
    sources: &Sources,
    args: &Doctor,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let asked = Asked::new(sources);
    let findings = match &args.health {
        Some(url) => vec![
            health(&match url {
                Some(url) => url.clone(),
                None => own_admin(&asked)?,
            })
            .await,
        ],
        None => look(sources, &asked).await,
    };
    let line = |it: &Finding| match &it.fix {
        None => format!("ok    {}: {}", it.what, it.found),
        Some(fix) => format!("WRONG {}: {}\n      {fix}", it.what, it.found),
    };
    let text: Vec<_> = findings.iter().map(line).collect();
    output.print(&text.join("\n"), &findings)?;
    let healthy = findings.iter().all(|finding| finding.fix.is_none());
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where the service with our own settings says how it is.
fn own_admin(asked: &Asked<'_>) -> anyhow::Result<String> {
    let Some(mut address) = asked.admin_listen()? else {
        anyhow::bail!("KONSTRUCT_ADMIN_LISTEN is off: there is nobody to ask");
    };
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    Ok(format!("http://{address}"))
}

async fn health(url: &str) -> Finding {
    let url = format!("{}/health/ready", url.trim_end_matches('/'));
    let fix = "look at the service's log";
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build();
    let answer = match client {
        Ok(client) => client.get(&url).send().await,
        Err(error) => return Finding::bad("health", error.to_string(), fix),
    };
    match answer {
        Ok(answer) if answer.status().is_success() => Finding::good("health", "ready"),
        Ok(answer) => {
            let said = answer.text().await.unwrap_or_default();
            Finding::bad("health", said.trim().to_owned(), fix)
        }
        Err(error) => Finding::bad("health", error.to_string(), fix),
    }
}

async fn look(sources: &Sources, asked: &Asked<'_>) -> Vec<Finding> {
    let mut findings = nats(asked).await;
    findings.extend(database(asked).await);
    findings.push(secret("master key", asked.master_keys().map(drop)));
    findings.push(secret("signing secret", asked.signing_secret().map(drop)));
    findings.push(match sources.models() {
        Ok(models) => {
            let groups: Vec<_> = models.groups().collect();
            if groups.is_empty() {
                let fix = "set a vendor's key, or name models in the file of KONSTRUCT_CONFIG";
                Finding::bad("models", "none", fix)
            } else {
                Finding::good("models", groups.join(", "))
            }
        }
        Err(error) => Finding::bad("models", format!("{error:#}"), "put the settings right"),
    });
    findings
}

fn secret(what: &str, read: Result<(), ConfigError>) -> Finding {
    match read {
        Ok(()) => Finding::good(what, "set"),
        Err(error) => Finding::bad(what, error.to_string(), "set it; see the README"),
    }
}

async fn nats(asked: &Asked<'_>) -> Vec<Finding> {
    let away = "start nats-server with JetStream, and set KONSTRUCT_NATS_URL to it";
    let url = match asked.nats_url() {
        Ok(url) => url,
        Err(error) => return vec![Finding::bad("NATS", error.to_string(), away)],
    };
    let bus = match Bus::connect(&url, "konstruct-doctor").await {
        Ok(bus) => bus,
        Err(error) => return vec![Finding::bad("NATS", error.to_string(), away)],
    };
    let version = bus.server_version();
    let mut numbers = version.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
    let have = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let server = if have < NATS_VERSION_MIN {
        Finding::bad("NATS", version, "upgrade nats-server to 2.12 or newer")
    } else {
        Finding::good("NATS", version)
    };
    vec![server, topology(&bus, asked).await, room(&bus).await]
}

/// Whether it is as declared. Beside a restore that has not ended, what is missing is that one's affair.
async fn topology(bus: &Bus, asked: &Asked<'_>) -> Finding {
    let what = "topology";
    let differences = match (restoring::found(bus).await, asked.sizes()) {
        (Ok(Some(mark)), _) => {
            return Finding::bad("NATS restore", mark.to_string(), restoring::WAY_OUT);
        }
        (Ok(None), Ok(sizes)) => setup::differences(bus, sizes).await,
        (Ok(None), Err(error)) => Err(error.into()),
        (Err(error), _) => Err(error),
    };
    match differences {
        Ok(found) if found.is_empty() => Finding::good(what, "as declared"),
        Ok(found) => {
            let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
            Finding::bad(what, lines.join("; "), "run `konstruct setup`")
        }
        Err(error) => Finding::bad(what, format!("{error:#}"), "is JetStream on?"),
    }
}

/// A stream that is full refuses, and Slack gets 503: somebody should know before.
async fn room(bus: &Bus) -> Finding {
    let fix = "raise KONSTRUCT_EVENTS_MIB or KONSTRUCT_DIRECTORY_MIB (and the server's max_file_store), run \
               `konstruct setup`, and see who fills it: konstruct_gateway_over_share_total";
    let fill = match setup::fill(bus).await {
        Ok(fill) => fill,
        Err(error) => return Finding::bad("room", format!("{error:#}"), "is JetStream on?"),
    };
    let line = |it: &Fill| format!("{} is {} % full", it.object, it.percent());
    let near: Vec<_> = fill.iter().filter(|it| FILL_PERCENT_MAX < it.percent()).map(line).collect();
    if !near.is_empty() {
        return Finding::bad("room", near.join("; "), fix);
    }
    let fullest = fill.iter().max_by_key(|it| it.percent());
    Finding::good("room", fullest.map_or_else(|| "no streams".to_owned(), line))
}

async fn database(asked: &Asked<'_>) -> Vec<Finding> {
    let mut findings = vec![platform(asked).await];
    let setting = "KONSTRUCT_DATABASE_URL";
    let connected = match asked.database(setting) {
        Ok(settings) => Database::connect(&settings).await,
        Err(error) => {
            findings.push(Finding::bad("database", error.to_string(), "set it; see the README"));
            return findings;
        }
    };
    let db = match connected {
        Ok(db) => db,
        Err(error) => {
            findings.push(Finding::bad("database", error.to_string(), &way_out(&error, setting)));
            return findings;
        }
    };
    findings.push(clock(&db).await);
    match check::check(&db).await {
        Ok(found) => findings.extend(found.into_iter().map(|it| Finding {
            what: format!("database {}", it.what),
            found: it.found,
            fix: it.fix,
        })),
        Err(error) => {
            findings.push(Finding::bad("database", error.to_string(), &way_out(&error, setting)));
        }
    }
    findings
}

/// The door of the sweeper, and of commands that look across tenants.
async fn platform(asked: &Asked<'_>) -> Finding {
    let (what, setting) = ("platform role", "KONSTRUCT_PLATFORM_DATABASE_URL");
    let settings = match asked.database(setting) {
        Ok(settings) => settings,
        Err(error) => return Finding::bad(what, error.to_string(), "set it; see the README"),
    };
    match Platform::connect(&settings).await {
        Ok(_) => Finding::good(what, "it connects, and is bound by its policies"),
        Err(error) => Finding::bad(what, error.to_string(), &way_out(&error, setting)),
    }
}

fn way_out(error: &StoreError, setting: &str) -> String {
    match error {
        StoreError::Refused(_) => {
            format!(
                "put the role or the URL of {setting} right; deploy/postgres-init.sh makes the roles"
            )
        }
        StoreError::Migration(_) => "run `konstruct migrate` with this program".to_owned(),
        StoreError::Unavailable(_)
        | StoreError::Statement { .. }
        | StoreError::Row(_)
        | StoreError::Fenced(_)
        | StoreError::KeyGone(_)
        | StoreError::Seal(_) => format!("start PostgreSQL, and set {setting} to it"),
    }
}

async fn clock(db: &Database) -> Finding {
    let fix = "keep the clocks of all hosts in step, e.g. with chrony";
    match db.now().await {
        Ok(theirs) => {
            let ours = Clock::system().now();
            let skew = ours.since(theirs).max(theirs.since(ours));
            let found = format!("{} ms from the database's", skew.as_millis());
            if CLOCK_SKEW_MAX < skew {
                Finding::bad("clock", found, fix)
            } else {
                Finding::good("clock", found)
            }
        }
        Err(error) => Finding::bad("clock", error.to_string(), fix),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_is_that_of_the_fault() {
        let text = || "why".to_owned();
        let cases = [
            (
                StoreError::Refused(text()),
                "put the role or the URL of S right; deploy/postgres-init.sh makes the roles",
            ),
            (StoreError::Migration(text()), "run `konstruct migrate` with this program"),
            (StoreError::Unavailable(text()), "start PostgreSQL, and set S to it"),
        ];
        for (error, want) in cases {
            assert_eq!(way_out(&error, "S"), want);
        }
    }
}
