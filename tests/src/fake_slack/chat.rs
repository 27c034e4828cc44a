//! What a page needs that looks like Slack, below `/_control`. JSON in and out.
//!
//! | call | gives |
//! |---|---|
//! | `GET teams` | `[{id, bot_user, bot_id}]`: the workspaces that are known |
//! | `POST teams` `{id, bot_user}` | 204: makes one known, as `--team` does |
//! | `GET users?team` | `[{id, name, bot}]`: people to speak as, and the employee |
//! | `GET channels?team&user` | `[{id, name, kind}]`, `kind` one of `channel`, `im`; with `user`, their direct messages with the employee too |
//! | `GET events?team&channel&since&wait_ms` | `{next, reset, messages}`, see below |
//! | `POST say` `{team, channel, user, text, thread, typed}` | `{ts, taken}` once the gateway has taken the signed events, or will not; 404 without such a team, 409 without a gateway |
//!
//! `events` gives the messages that changed after change number `since`, each as it is now:
//! `{change, team, channel, ts, thread_ts, user, name, bot, text, blocks, updated, deleted, only_for}`,
//! at most 500, in the order of their changes. `next` is the `since` of the next call. Where nothing
//! changed, it waits for up to `wait_ms` (25,000 at the most). `reset` says that the fake is another
//! one than the last time: forget what was shown.
//!
//! With `typed`, the text is what a person types: it is escaped, and `@Mara` becomes a mention.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Inner,
    world::{Posted, Team, World},
};

/// Messages of one answer.
const EVENTS_MAX: usize = 500;

/// How long a call waits at the most.
const WAIT_MS_MAX: u64 = 25_000;

/// Who works in every workspace.
const PEOPLE: [&str; 3] = ["U0ADA", "U0GRACE", "U0LINUS"];

/// Where they talk.
const CHANNELS: [(&str, &str); 2] = [("C0GENERAL", "general"), ("C0SUPPORT", "support")];

pub(super) async fn teams(State(inner): State<Arc<Inner>>) -> Json<Vec<Team>> {
    Json(inner.world.borrow().known().cloned().collect())
}

#[derive(Debug, Deserialize)]
pub(super) struct Meet {
    id: String,
    bot_user: String,
}

pub(super) async fn meet(State(inner): State<Arc<Inner>>, Json(team): Json<Meet>) -> StatusCode {
    inner.world.send_modify(|world| world.meet(Team::new(&team.id, &team.bot_user)));
    StatusCode::NO_CONTENT
}

/// Whose, and who looks.
#[derive(Debug, Deserialize)]
pub(super) struct Who {
    team: String,
    user: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct User {
    id: String,
    name: String,
    bot: bool,
}

pub(super) async fn users(
    State(inner): State<Arc<Inner>>,
    Query(who): Query<Who>,
) -> Json<Vec<User>> {
    let world = inner.world.borrow();
    let bots = world.known().filter(|team| team.id == who.team).map(|team| &team.bot_user);
    let user = |id: &str, bot| User { id: id.to_owned(), name: name_of(id), bot };
    let people = PEOPLE.iter().map(|id| user(id, false));
    Json(people.chain(bots.map(|id| user(id, true))).collect())
}

#[derive(Debug, Serialize)]
pub(super) struct Channel {
    id: String,
    name: String,
    kind: &'static str,
}

pub(super) async fn channels(
    State(inner): State<Arc<Inner>>,
    Query(who): Query<Who>,
) -> Json<Vec<Channel>> {
    let world = inner.world.borrow();
    let mut channels: BTreeMap<String, Channel> = BTreeMap::new();
    let mut add = |id: &str, name: &str, kind| {
        let channel = || Channel { id: id.to_owned(), name: name.to_owned(), kind };
        channels.entry(id.to_owned()).or_insert_with(channel);
    };
    for (id, name) in CHANNELS {
        add(id, name, "channel");
    }
    let bot = world.team(&who.team).map(|team| name_of(&team.bot_user)).unwrap_or_default();
    if let Some(user) = &who.user {
        add(&direct(user), &bot, "im");
    }
    // Those of `konstruct say`, and whatever else was spoken in. Direct messages are their people's.
    for channel in world.channels(&who.team).filter(|id| !id.starts_with('D')) {
        add(channel, &channel.to_lowercase(), "channel");
    }
    Json(channels.into_values().collect())
}

/// What is new of what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct News {
    team: Option<String>,
    channel: Option<String>,
    since: u64,
    wait_ms: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Events {
    next: u64,
    reset: bool,
    messages: Vec<Message>,
}

#[derive(Debug, Serialize)]
struct Message {
    change: u64,
    team: String,
    channel: String,
    ts: String,
    thread_ts: Option<String>,
    user: String,
    name: String,
    bot: bool,
    text: String,
    blocks: Option<Value>,
    updated: bool,
    deleted: bool,
    only_for: Option<String>,
}

pub(super) async fn events(
    State(inner): State<Arc<Inner>>,
    Query(news): Query<News>,
) -> Json<Events> {
    let wait = Duration::from_millis(news.wait_ms.min(WAIT_MS_MAX));
    let mut world = inner.world.subscribe();
    let is_new = |world: &World| world.changes() < news.since || news.of(world).next().is_some();
    // When the wait is over there is news or none, and both are answers.
    drop(tokio::time::timeout(wait, world.wait_for(is_new)).await);
    let world = inner.world.borrow();
    let reset = world.changes() < news.since;
    let news = if reset { News { since: 0, ..news } } else { news };
    let mut found: Vec<&Posted> = news.of(&world).collect();
    found.sort_unstable_by_key(|posted| posted.change);
    found.truncate(EVENTS_MAX);
    let next = found.last().map_or(news.since, |posted| posted.change);
    Json(Events { next, reset, messages: found.into_iter().map(message).collect() })
}

impl News {
    fn of<'w>(&self, world: &'w World) -> impl Iterator<Item = &'w Posted> {
        let fits = |want: &Option<String>, got: &str| want.as_deref().is_none_or(|it| it == got);
        world.messages().filter(move |posted| {
            self.since < posted.change
                && fits(&self.team, &posted.team)
                && fits(&self.channel, &posted.channel)
        })
    }
}

fn message(posted: &Posted) -> Message {
    Message {
        change: posted.change,
        team: posted.team.clone(),
        channel: posted.channel.clone(),
        ts: posted.ts.clone(),
        thread_ts: posted.thread.clone(),
        user: posted.user.clone(),
        name: name_of(&posted.user),
        bot: posted.bot_id.is_some(),
        text: posted.text.clone(),
        blocks: posted.blocks.clone(),
        updated: !posted.history.is_empty(),
        deleted: posted.deleted,
        only_for: posted.only_for.clone(),
    }
}

/// What a person types, as Slack sends it on.
pub(super) fn typed(text: &str, team: &Team) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let name = name_of(&team.bot_user);
    let mention = format!("<@{}>", team.bot_user);
    escaped
        .replace(&format!("@{name}"), &mention)
        .replace(&format!("@{}", name.to_lowercase()), &mention)
}

/// `U0MARA` is called Mara.
fn name_of(user: &str) -> String {
    let bare = user.trim_start_matches(|c: char| c == 'U' || c.is_ascii_digit());
    let (first, rest) = bare.split_at(bare.chars().next().map_or(0, char::len_utf8));
    format!("{}{}", first.to_uppercase(), rest.to_lowercase())
}

/// The channel of a person's direct messages.
fn direct(user: &str) -> String {
    format!("D{}", user.trim_start_matches('U'))
}
