//! What happens to a tenant's messages: the newest of it, and on from there as it happens.

mod stream;
mod words;

use axum::{
    extract::{Path, Query},
    response::Response,
};
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{Card, EmptyState, Icon, LinkButton, PageHeader, Tab, Tabs};
use schemas::TenantId;
use serde::Deserialize;
use serde_json::json;

use self::words::{Group, line};
use crate::{
    islands::LiveActivity,
    server::{
        error::PageError,
        render::Cx,
        routes::{Need, Routes},
        session::Visited,
    },
};

/// Events on the page.
const LINES: u32 = 50;

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::ConversationsRead);
    Routes::default().get("/t/{tenant}/activity", read, show).get(
        "/t/{tenant}/activity/stream",
        read,
        stream::follow,
    )
}

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    kind: String,
}

async fn show(
    cx: Cx,
    Visited(visit): Visited,
    Path(tenant): Path<TenantId>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let group = Group::parse(&asked.kind);
    let (views, who) = (&cx.portal.views, &cx.signed.principal);
    let detail = json!({ "activity": group.word() });
    cx.portal.accounts.note_read(who, &tenant, detail, &visit).await?;
    // All kinds are asked for the place in the log: a filter must not make the tail begin too early.
    let newest = views.activity(who, &tenant, (&[], 1), cx.now()).await?;
    let found = views.activity(who, &tenant, (group.kinds(), LINES), cx.now()).await?;
    let place = newest.first().map(|newest| newest.seq);
    let lines: Vec<_> = found.into_iter().map(|found| line(&tenant, found)).collect();
    Ok(cx.page("Activity", || page(&tenant, group, lines, place)))
}

fn page(
    tenant: &TenantId,
    group: Group,
    lines: Vec<crate::islands::live::Line>,
    place: Option<u64>,
) -> AnyView {
    let base = format!("/t/{tenant}/activity");
    let href = |group: Group| match group {
        Group::Talk => base.clone(),
        Group::Trouble | Group::Every => format!("{base}?kind={}", group.word()),
    };
    let tab = |it: Group| Tab {
        label: it.label().to_owned(),
        href: href(it),
        current: it == group,
        count: None,
    };
    let tabs = Group::ALL.map(tab).into();
    let (here, is_empty) = (href(group), lines.is_empty());
    let follow = format!(
        "{base}/stream?kind={}{}",
        group.word(),
        place.map(|place| format!("&after={place}")).unwrap_or_default()
    );
    let nothing = is_empty.then(|| nothing(group, &base));
    view! {
        <PageHeader title="Activity" lead="What happens to messages, the newest first.">
            <LinkButton href=here icon=Icon::Refresh>"Reload"</LinkButton>
        </PageHeader>
        <Tabs label="Kinds" tabs />
        <Card flush=true>
            <LiveActivity lines stream=follow />
            {nothing}
        </Card>
    }
    .into_any()
}

/// Gone as soon as something happens: the sheet of style sees to it.
fn nothing(group: Group, base: &str) -> impl IntoView + use<> {
    let (title, text, action) = match group {
        Group::Talk | Group::Every => (
            "Nothing has happened here",
            "Write to an agent in a connected workspace, and watch it here.",
            ("See the channels", base.replace("/activity", "/channels")),
        ),
        Group::Trouble => (
            "Nothing went wrong",
            "What fails, is held up or stays in doubt will stand here.",
            ("See messages and answers", base.to_owned()),
        ),
    };
    let action = Some((action.0.to_owned(), action.1));
    view! { <EmptyState title text action icon=Icon::Activity /> }
}
