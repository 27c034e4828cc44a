//! Where somebody is signed in, and how to end that.

use accounts::{OpenedBy, Session};
use axum::{extract::Form, response::Response};
use leptos::prelude::*;
use portal_ui::{Badge, Card, Column, SubmitButton, Table, Time, Tone, Variant, format::counted};
use schemas::Timestamp;
use serde::Deserialize;

use crate::{
    pages::form::go,
    server::{
        error::PageError,
        flash::Flash,
        render::Cx,
        routes::{Need, Routes},
        session::Visited,
    },
};

const PAGE: &str = "/settings/sessions";

pub(super) fn routes() -> Routes {
    Routes::default()
        .get(PAGE, Need::SignedIn, show)
        .post("/settings/sessions/end", Need::SignedIn, end)
        .post("/settings/sessions/end-others", Need::SignedIn, end_others)
}

async fn show(cx: Cx) -> Result<Response, PageError> {
    let sessions = cx.portal.accounts.sessions(&cx.signed, cx.now()).await?;
    let provider = cx.portal.sign_on.as_ref().map_or("Single sign-on", |on| &on.name);
    let own = &cx.signed.session;
    Ok(cx.page("Sessions", || super::page(PAGE, body(sessions, own, provider, cx.now()))))
}

/// Which one.
#[derive(Deserialize)]
struct One {
    #[serde(default)]
    session: String,
}

async fn end(cx: Cx, Visited(visit): Visited, Form(one): Form<One>) -> Result<Response, PageError> {
    cx.portal.accounts.end_session(&cx.signed, &one.session, &visit).await?;
    Ok(go(PAGE, &Flash::good("The session has ended.")))
}

async fn end_others(cx: Cx, Visited(visit): Visited) -> Result<Response, PageError> {
    let ended = cx.portal.accounts.end_other_sessions(&cx.signed, &visit).await?;
    let said = format!("{} ended.", counted(ended, "other session has", "other sessions have"));
    Ok(go(PAGE, &Flash::good(said)))
}

fn body(sessions: Vec<Session>, own: &str, provider: &str, now: Timestamp) -> AnyView {
    let has_others = 1 < sessions.len();
    let rows: Vec<_> = sessions.into_iter().map(|it| row(it, own, provider, now)).collect();
    let columns = vec![
        Column::new("Browser"),
        Column::new("Address"),
        Column::new("Opened by"),
        Column::new("Signed in"),
        Column::new("Last seen"),
        Column::new("End it").hidden(),
    ];
    let others = has_others.then(|| {
        view! {
            <form method="post" action="/settings/sessions/end-others">
                <SubmitButton variant=Variant::Danger>"Sign out everywhere else"</SubmitButton>
            </form>
        }
    });
    view! {
        <Card
            title="Where you are signed in"
            lead="A session ends after an hour without use, and after twelve hours at the latest. If you do not know one, end it and change your password."
            flush=true
        >
            <Table caption="Your sessions" columns>{rows}</Table>
        </Card>
        {others}
    }
    .into_any()
}

fn row(it: Session, own: &str, provider: &str, now: Timestamp) -> impl IntoView + use<> {
    let opened = opened_by(&it, provider);
    let (name, agent, is_own) = (browser(&it.agent), it.agent, it.id == own);
    let named = name.clone();
    let end = if is_own {
        view! { <Badge tone=Tone::Info label="This browser" /> }.into_any()
    } else {
        view! {
            <form method="post" action="/settings/sessions/end">
                <input type="hidden" name="session" value=it.id />
                <SubmitButton variant=Variant::Plain dense=true>
                    "End"<span class="visually-hidden">" the session of " {named}</span>
                </SubmitButton>
            </form>
        }
        .into_any()
    };
    view! {
        <tr>
            <th scope="row" title=agent>{name}</th>
            <td data-label="Address"><span class="mono">{it.ip}</span></td>
            <td data-label="Opened by">{opened}</td>
            <td data-label="Signed in"><Time at=it.created_at now=Some(now) /></td>
            <td data-label="Last seen"><Time at=it.last_seen_at now=Some(now) /></td>
            <td data-label="">{end}</td>
        </tr>
    }
}

/// How somebody proved who they are, in words.
fn opened_by(it: &Session, provider: &str) -> String {
    match (it.opened_by, it.aal) {
        (OpenedBy::Password, ..2) => "Password".to_owned(),
        (OpenedBy::Password, 2..) => "Password and a code".to_owned(),
        (OpenedBy::Provider, _) => provider.to_owned(),
    }
}

/// What a browser calls itself, as people call it.
fn browser(agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    // Each of them also says that it is those below it.
    let name = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrom", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "Another browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_what_people_call_them() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/140.0.0.0 Safari/537.36";
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        let edge =
            format!("{} Edg/140.0.0.0", chrome.replace("X11; Linux x86_64", "Windows NT 10.0"));
        for (agent, want) in [
            (chrome, "Chrome on Linux"),
            (safari, "Safari on iPhone"),
            (&edge, "Edge on Windows"),
            ("curl/8.5.0", "curl"),
            ("", "Another browser"),
        ] {
            assert_eq!(browser(agent), want);
        }
    }
}
