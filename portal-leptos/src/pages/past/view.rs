//! What all time bars show.

use std::time::Duration;

use domain::difference::FieldChange;
use leptos::prelude::*;
use portal_ui::{
    Badge, Card, EmptyState, Icon, LinkButton, SubmitButton, TextField, Tone, Variant,
    format::instant,
};
use schemas::Timestamp;
use views::{Moment, Moments};

use super::{Looked, Names};
use crate::pages::{address::Address, agents::differences::sections, audit::words};

/// Changes are this far apart at the least.
const STEP: Duration = Duration::from_millis(1);

/// Where a moment is chosen.
pub(in crate::pages) fn form(page: &Address, looked: &Looked) -> AnyView {
    let action = page.clone().done();
    let is_chosen = !looked.typed.is_empty();
    let now = is_chosen.then(|| {
        view! { <LinkButton href=action.clone() variant=Variant::Quiet>"Now"</LinkButton> }
    });
    let (value, error) = (looked.typed.clone(), looked.problem.clone());
    view! {
        <form method="get" action=action.clone() class="filters">
            <TextField
                name="at"
                label="Moment, in UTC"
                kind=looked.kind()
                value
                required=true
                error
            />
            <div class="row">
                <SubmitButton variant=Variant::Plain icon=Icon::History>
                    "Show that moment"
                </SubmitButton>
                {now}
            </div>
        </form>
    }
    .into_any()
}

/// The changes around the moment, each a link to the moment from which on it held.
pub(in crate::pages) fn bar(page: &Address, moments: &Moments, names: &Names) -> AnyView {
    let to = |at: Timestamp| page.clone().with("at", &at.to_string()).done();
    let older = moments.previous().map(|it| to(it.at));
    let newer = moments.following().map(|it| to(it.at));
    // Just before the oldest one here, so that it goes on whatever came within one millisecond.
    let back = moments.older.last().filter(|_| moments.has_older);
    let back = back.map(|it| to(it.at.minus(STEP)));
    let on = moments.newer.first().filter(|_| moments.has_newer).map(|it| to(it.at));
    let all = moments.newer.iter().chain(&moments.older);
    let items =
        all.map(|it| item(it, moments.held == Some(it.seq), to(it.at), names)).collect_view();
    let steps = [
        (newer, Icon::ArrowUp, "Newer change"),
        (older, Icon::ArrowDown, "Older change"),
        (on, Icon::ChevronRight, "Further on"),
        (back, Icon::ChevronLeft, "Further back"),
    ];
    let steps = steps.into_iter().map(|(to, icon, words)| {
        to.map(|href| view! { <LinkButton href icon dense=true>{words}</LinkButton> })
    });
    let steps = steps.collect_view();
    view! {
        <Card title="Changes" lead="The newest first, in UTC. Each leads to how it stood from then on.">
            <nav aria-label="Changes" class="stack" data-gap="small">
                <div class="row">{steps}</div>
                <ol class="moments">{items}</ol>
            </nav>
        </Card>
    }
    .into_any()
}

fn item(moment: &Moment, is_held: bool, href: String, names: &Names) -> AnyView {
    let (at, said) = (moment.at, said(moment, names));
    let current = is_held.then_some("true");
    let held = is_held.then(|| view! { <Badge tone=Tone::Info label="Held at this moment" /> });
    view! {
        <li>
            <a href=href aria-current=current>
                <time datetime=at.to_string()>{instant(at)}</time>
                " "
                <span>{said}</span>
                " "
                {held}
            </a>
        </li>
    }
    .into_any()
}

/// "Ada published the agent, version 2".
fn said(moment: &Moment, names: &Names) -> String {
    let who = match &moment.operator {
        Some(id) => names.get(id).cloned().unwrap_or_else(|| id.to_string()),
        None => words::door(&moment.via),
    };
    let version = moment.version.map(|version| format!(", version {version}"));
    format!("{who} {}{}", words::done(&moment.kind), version.unwrap_or_default())
}

/// What stands in the place of something that was not there yet.
pub(in crate::pages) fn not_yet(
    name: &str,
    page: &Address,
    (looked, moments): (&Looked, &Moments),
) -> AnyView {
    let Some(first) = moments.following() else {
        return view! {
            <Card>
                <EmptyState
                    title="No change is known yet"
                    text="What is changed shows here in a moment: reload the page."
                    icon=Icon::History
                />
            </Card>
        }
        .into_any();
    };
    let title = format!("{name} was not there yet");
    let text = format!(
        "{} is before the first change, which is of {}.",
        looked.words(),
        instant(first.at)
    );
    let first = page.clone().with("at", &first.at.to_string()).done();
    let action = Some(("Show how it began".to_owned(), first));
    view! { <Card><EmptyState title text icon=Icon::History action /></Card> }.into_any()
}

/// What is not as it was at the moment; nothing where that is now.
pub(in crate::pages) fn different(
    looked: &Looked,
    changes: Vec<FieldChange>,
    label: fn(&str) -> &'static str,
) -> Option<AnyView> {
    if looked.is_now() {
        return None;
    }
    let body = sections((&looked.words(), "Now"), changes, label);
    let body = body.unwrap_or_else(|| {
        view! { <p class="meta">"Nothing: it stands now as it stood then."</p> }.into_any()
    });
    Some(view! { <Card title="What is different now">{body}</Card> }.into_any())
}
