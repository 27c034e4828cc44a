//! On a developer's own machine: a channel in which to talk to an agent, through the real gateway,
//! and the trace of what was said beside it. Elsewhere there is no such page.

mod talk;
mod view;

use axum::{
    extract::{Form, Query},
    http::{HeaderValue, header},
    response::Response,
};
use domain::access::Permission;
use schemas::{ConnectionId, MessageId, TenantId};
use serde::Deserialize;
use views::{TenantFilter, TenantsPage, Trace};

use self::talk::{Message, Person, Room, Team};
use super::form::go;
use crate::server::{
    error::{PageError, see_other},
    flash::Flash,
    render::Cx,
    routes::{Need, Routes},
};

/// How long an answer is waited for, by reloading, in seconds.
const AWAITED_S: u64 = 60;

pub(crate) fn routes() -> Routes {
    Routes::default().get("/dev/chat", Need::SignedIn, show).post("/dev/chat", Need::SignedIn, say)
}

/// Where one looks, and as whom.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct At {
    team: String,
    channel: String,
    user: String,
    thread: String,
    /// The message whose trace is shown.
    ts: String,
    text: String,
}

impl At {
    fn path(&self) -> String {
        let At { team, channel, user, thread, ts, .. } = self;
        let part = |text: &str| {
            let all = percent_encoding::NON_ALPHANUMERIC;
            percent_encoding::utf8_percent_encode(text, all).to_string()
        };
        let [team, channel, user, thread, ts] =
            [team, channel, user, thread, ts].map(|it| part(it));
        format!("/dev/chat?team={team}&channel={channel}&user={user}&thread={thread}&ts={ts}")
    }
}

/// All that is on the page.
struct Scene {
    at: At,
    rooms: Vec<Room>,
    people: Vec<Person>,
    messages: Vec<Message>,
    tenant: Option<TenantId>,
    trace: Option<Trace>,
}

async fn show(cx: Cx, Query(at): Query<At>) -> Result<Response, PageError> {
    let slack = cx.portal.dev_slack.clone().ok_or(PageError::NotFound)?;
    let teams: Vec<Team> = talk::get(&slack, "teams", &[]).await?;
    let mut at = at;
    if !teams.iter().any(|team| team.id == at.team) {
        at.team = teams.first().map(|team| team.id.clone()).ok_or(PageError::NotFound)?;
    }
    let team = ("team", at.team.clone());
    let people: Vec<Person> = talk::get(&slack, "users", std::slice::from_ref(&team)).await?;
    let mut humans = people.iter().filter(|person| !person.bot);
    if !humans.clone().any(|person| person.id == at.user) {
        at.user = humans.next().map(|person| person.id.clone()).unwrap_or_default();
    }
    let who = [team.clone(), ("user", at.user.clone())];
    let rooms: Vec<Room> = talk::get(&slack, "channels", &who).await?;
    if !rooms.iter().any(|room| room.id == at.channel) {
        at.channel = rooms.first().map(|room| room.id.clone()).unwrap_or_default();
    }
    let here = [team, ("channel", at.channel.clone())];
    let news: talk::News = talk::get(&slack, "events", &here).await?;
    let messages = talk::visible(news.messages, &at.user);
    let (tenant, trace) = story(&cx, &at).await?;
    let is_direct = rooms.iter().any(|room| room.id == at.channel && room.kind == "im");
    let now_s = cx.now().as_millis() / 1_000;
    let awaited = talk::is_awaited(&messages, is_direct, (now_s, AWAITED_S));
    let scene = Scene { at, rooms, people, messages, tenant, trace };
    let mut response = cx.page("Local chat", || view::page(scene));
    if awaited {
        // The page shows the answer as soon as it is there, with or without a script.
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("1"));
    }
    Ok(response)
}

async fn say(cx: Cx, Form(mut at): Form<At>) -> Result<Response, PageError> {
    let slack = cx.portal.dev_slack.clone().ok_or(PageError::NotFound)?;
    if at.text.trim().is_empty() {
        return Ok(see_other(&at.path()));
    }
    match talk::say(&slack, &at.team, &at.channel, &at.user, (&at.text, &at.thread)).await {
        Ok(said) => {
            at.ts.clone_from(&said.ts);
            let flash = Flash::bad("The gateway did not take it: look at its log.");
            Ok(if said.taken { see_other(&at.path()) } else { go(&at.path(), &flash) })
        }
        Err(_) => Ok(go(&at.path(), &Flash::bad("The local Slack does not answer."))),
    }
}

/// The tenant that has the workspace, and what became of the message that is looked at.
async fn story(cx: &Cx, at: &At) -> Result<(Option<TenantId>, Option<Trace>), PageError> {
    let (views, who, now) = (&cx.portal.views, &cx.signed.principal, cx.now());
    let page = TenantsPage { after: None, limit: 50, now };
    for line in views.tenants(who, &TenantFilter::default(), page).await?.tenants {
        let tenant = line.tenant.id;
        if who.require(Permission::ConversationsRead, &tenant).is_err() {
            continue;
        }
        let connections = views.connections(who, &tenant, now).await?;
        let held = connections.iter().find(|it| it.connection.workspace == at.team);
        let Some(held) = held else { continue };
        let connection: &ConnectionId = &held.connection.id;
        let message = MessageId::derive(&tenant, connection, &at.channel, &at.ts);
        // Without one it was not for an agent, or has not come yet.
        let trace = views.trace(who, &tenant, message.as_str(), now).await.ok();
        return Ok((Some(tenant), trace));
    }
    Ok((None, None))
}
