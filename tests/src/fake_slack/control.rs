//! What another process, or a person with `curl`, does with the fake. For a page that looks like
//! Slack, see `chat.rs`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Inner, fault::Fault, world::Called, world::Posted};

/// Which messages. Everything that is not said fits.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    team: Option<String>,
    channel: Option<String>,
    thread: Option<String>,
}

pub(super) async fn messages(
    State(inner): State<Arc<Inner>>,
    Query(which): Query<Which>,
) -> Json<Vec<Posted>> {
    let fits = |want: &Option<String>, got: &str| want.as_deref().is_none_or(|it| it == got);
    let world = inner.world.borrow();
    let found = world.messages().filter(|posted| {
        fits(&which.team, &posted.team)
            && fits(&which.channel, &posted.channel)
            && fits(&which.thread, posted.root())
    });
    Json(found.cloned().collect())
}

pub(super) async fn calls(State(inner): State<Arc<Inner>>) -> Json<Vec<Called>> {
    Json(inner.world.borrow().calls().cloned().collect())
}

pub(super) async fn faults(State(inner): State<Arc<Inner>>) -> Json<Vec<Fault>> {
    Json(inner.world.borrow().faults.clone())
}

pub(super) async fn fail(State(inner): State<Arc<Inner>>, Json(fault): Json<Fault>) -> StatusCode {
    inner.world.send_modify(|world| world.faults.push(fault));
    StatusCode::NO_CONTENT
}

pub(super) async fn heal(State(inner): State<Arc<Inner>>) -> StatusCode {
    inner.world.send_modify(|world| world.faults.clear());
    StatusCode::NO_CONTENT
}

/// What a person says.
#[derive(Debug, Deserialize)]
pub(super) struct Say {
    team: String,
    channel: String,
    user: String,
    text: String,
    #[serde(default)]
    thread: Option<String>,
    /// Whether the text is as it was typed.
    #[serde(default)]
    typed: bool,
}

/// Answers when the gateway has taken it, or will not.
pub(super) async fn say(
    State(inner): State<Arc<Inner>>,
    Json(say): Json<Say>,
) -> Result<Json<Value>, (StatusCode, String)> {
    let spoken = inner.spoken(&say.team, &say.channel, &say.user, &say.text);
    let mut spoken = spoken.map_err(|why| (StatusCode::NOT_FOUND, why.to_string()))?;
    spoken.thread = say.thread;
    if say.typed {
        spoken.text = super::chat::typed(&say.text, &spoken.team);
    }
    let said = inner.say(spoken).await;
    let said = said.map_err(|why| (StatusCode::CONFLICT, why.to_string()))?;
    let taken = said.deliveries.iter().all(super::deliver::Delivery::is_taken);
    Ok(Json(json!({ "ts": said.spoken.ts, "taken": taken })))
}
