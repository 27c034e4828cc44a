//! Calls to the look-alike of Slack on a developer's machine, for the local chat.

use std::time::Duration;

use portal::server::dev_slack::{Call, DevSlack};
use serde_json::Value;

/// How long it may take; it is on this machine.
const WAIT: Duration = Duration::from_secs(5);

/// The look-alike at that address.
pub(crate) fn at(url: &str) -> anyhow::Result<DevSlack> {
    let client = reqwest::Client::builder().timeout(WAIT).build()?;
    let base = format!("{}/_control", url.trim_end_matches('/'));
    Ok(DevSlack::new(move |call| {
        let request = match call {
            Call::Get(what, query) => client.get(format!("{base}/{what}")).query(&query),
            Call::Post(what, body) => client.post(format!("{base}/{what}")).json(&body),
        };
        Box::pin(async move {
            let answer = request.send().await.and_then(reqwest::Response::error_for_status);
            let answer = answer.map_err(|error| error.to_string())?;
            answer.json::<Value>().await.map_err(|error| error.to_string())
        })
    }))
}
