//! `konstruct say`: a person's message, signed as Slack would, through the front door.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use channels::slack;
use domain::{directory::Directory, seal::Owner};
use schemas::{Connection, ConnectionStatus, Event, MessageId, TenantId, Timestamp};
use serde_json::{Value, json};
use store::{completions, projections};
use tokio_util::sync::CancellationToken;

use crate::{cli::Say, output::Output, settings::Asked, wiring, wiring::Base};

/// How often the outcome is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// States in which nothing more follows.
const ENDS: [&str; 7] =
    ["delivered", "failed", "told", "throttled", "uncertain", "handed over", "held"];

/// What was said, and where.
struct Said {
    message: MessageId,
    ts: String,
    thread: String,
}

/// Says it, waits for the outcome and prints it. Exit code 1 if there was no answer.
pub(crate) async fn run(asked: &Asked<'_>, args: &Say, output: Output) -> anyhow::Result<ExitCode> {
    let base = Base::connect(asked, "konstruct-say", CancellationToken::new()).await?;
    base.directory.ready().await;
    let directory = base.directory.read(Directory::clone);
    let active = |it: &&std::sync::Arc<Connection>| it.status == ConnectionStatus::Active;
    let connections = directory.connections(&args.tenant);
    let connection = connections.into_iter().find(|it| active(it));
    let connection =
        connection.with_context(|| format!("tenant `{}` has no connection", args.tenant))?;
    let said = said(args, connection, base.context.clock.now());
    post(asked, &body(args, connection, &said)?, base.context.clock.now()).await?;
    let waited = tokio::time::timeout(Duration::from_secs(args.wait_s), ended(&base, args, &said));
    let state = waited.await.with_context(|| {
        format!("no outcome within {} s; `konstruct trace {}`", args.wait_s, said.message)
    })??;
    let answer = answer(asked, &base, &args.tenant, &said.message).await?;
    let text = answer.clone().unwrap_or_else(|| format!("(no answer: {state})"));
    let shown = json!({
        "message": said.message,
        "state": state,
        "answer": answer,
        "thread": said.thread,
        "ts": said.ts,
    });
    output.print(&text, &shown)?;
    Ok(if state == "delivered" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn said(args: &Say, connection: &Connection, now: Timestamp) -> Said {
    let (seconds, millis) = (now.as_millis() / 1000, now.as_millis() % 1000);
    let ts = format!("{seconds}.{millis:03}{:03}", rand::random_range(0..1000));
    let thread = args.thread.clone().unwrap_or_else(|| ts.clone());
    let message = MessageId::derive(&args.tenant, &connection.id, &args.channel, &ts);
    Said { message, ts, thread }
}

/// An `app_mention` as Slack sends it.
fn body(args: &Say, connection: &Connection, said: &Said) -> anyhow::Result<String> {
    let mut event = json!({
        "type": "app_mention",
        "user": args.user,
        "text": format!("<@{}> {}", connection.bot_user, slack_escape(&args.text)),
        "ts": said.ts,
        "event_ts": said.ts,
        "channel": args.channel,
    });
    if let (Some(fields), Some(thread)) = (event.as_object_mut(), &args.thread) {
        fields.insert("thread_ts".to_owned(), Value::String(thread.clone()));
    }
    let body = json!({
        "type": "event_callback",
        "team_id": connection.workspace,
        "api_app_id": connection.app,
        "event": event,
        "event_id": format!("Ev{:016X}", rand::random::<u64>()),
        "event_time": said.ts.split('.').next().and_then(|s| s.parse::<i64>().ok()),
        "authorizations": [{
            "team_id": connection.workspace,
            "user_id": connection.bot_user,
            "is_bot": true,
            "is_enterprise_install": false,
        }],
    });
    Ok(serde_json::to_string(&body)?)
}

fn slack_escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

async fn post(asked: &Asked<'_>, body: &str, now: Timestamp) -> anyhow::Result<()> {
    let secret = asked.signing_secret()?;
    let timestamp = (now.as_millis() / 1000).to_string();
    let signature = slack::sign(&secret, &timestamp, body.as_bytes())?;
    let url = format!("{}/slack/events", asked.gateway_url()?.trim_end_matches('/'));
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
    let answer = client
        .post(&url)
        .header("content-type", "application/json")
        .header("x-slack-request-timestamp", timestamp)
        .header("x-slack-signature", signature)
        .body(body.to_owned())
        .send()
        .await
        .with_context(|| format!("cannot reach the gateway at {url}"))?;
    if !answer.status().is_success() {
        bail!("the gateway answered {}", answer.status());
    }
    Ok(())
}

async fn ended(base: &Base, args: &Say, said: &Said) -> anyhow::Result<String> {
    loop {
        let mut tx = base.db.tenant(&args.tenant).await?;
        let row = projections::message(&mut tx, &said.message).await?;
        tx.commit().await?;
        if let Some(row) = row.filter(|row| ENDS.contains(&row.state.as_str())) {
            return Ok(row.state);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn answer(
    asked: &Asked<'_>,
    base: &Base,
    tenant: &TenantId,
    message: &MessageId,
) -> anyhow::Result<Option<String>> {
    let found = completions::find(&base.db, tenant, message).await?;
    let Some(Event::CompletionFinished(data)) = found.map(|it| it.envelope.event) else {
        return Ok(None);
    };
    let (sealer, _) = wiring::secrets(asked, &base.db)?;
    let sealing = sealer.of(tenant, base.context.clock.now()).await?;
    Ok(Some(sealing.open(Owner { tenant, of: message.as_str() }, &data.answer)?))
}
