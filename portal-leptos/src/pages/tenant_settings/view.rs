//! What the page of a tenant's settings shows.

use leptos::prelude::*;
use portal_ui::{
    Banner, Card, Definition, DefinitionList, FormErrors, Icon, LinkButton, PageHeader, Problem,
    Status, SubmitButton, TextField, Tone, Variant,
    format::{count, dollars},
};
use schemas::{ChannelKind, TenantStatus};
use views::TenantLine;

use super::{Shown, Typed, limits};
use crate::pages::{budget_form::budget_form, form::problem_of, tenants::state};

/// The whole page.
pub(super) fn page(shown: Shown, problems: Vec<Problem>) -> AnyView {
    let Shown { line, may_manage, typed } = shown;
    let (tone, word) = state(line.tenant.status);
    let body = match (line.tenant.status, may_manage) {
        (TenantStatus::Deleted, _) => view! {
            <Banner tone=Tone::Info title="This tenant was deleted">
                <p>"Its slug stays taken, so that nobody is mistaken for it. Nothing else is left to change."</p>
            </Banner>
        }
        .into_any(),
        (TenantStatus::Active | TenantStatus::Suspended, true) => forms(&line, typed, &problems),
        (TenantStatus::Active | TenantStatus::Suspended, false) => facts(&line),
    };
    let lead = format!("{} is its slug: it stands in addresses and never changes.", line.tenant.id);
    let past = format!("/t/{}/past", line.tenant.id);
    view! {
        <PageHeader
            title=line.tenant.name.clone()
            lead=lead
            aside=move || view! { <Status tone label=word /> }
        >
            <LinkButton href=past icon=Icon::History>"Over time"</LinkButton>
        </PageHeader>
        <FormErrors problems />
        {body}
    }
    .into_any()
}

/// What it is, for those who look on.
fn facts(line: &TenantLine) -> AnyView {
    let stored = &line.tenant.limits;
    let slack = stored.per_channel.get(&ChannelKind::Slack);
    let slack = slack.map_or("as for all".to_owned(), |it| count((*it).into()));
    let or_none = |micros: Option<u64>| micros.map_or("none".to_owned(), dollars);
    let [daily, monthly] =
        [line.tenant.budget.daily_micros, line.tenant.budget.monthly_micros].map(or_none);
    let kept = limits::said(limits::kept_days(stored));
    let (all, spent) = (count(stored.messages_per_minute.into()), dollars(line.cost_micros_month));
    view! {
        <Card title="What it may" lead="An administrator of this installation changes it.">
            <DefinitionList>
                <Definition term="Messages a minute">{all}</Definition>
                <Definition term="Of these through Slack">{slack}</Definition>
                <Definition term="Conversations are kept">{kept}</Definition>
                <Definition term="Budget of a day">{daily}</Definition>
                <Definition term="Budget of a month">{monthly}</Definition>
                <Definition term="Spent this month">{spent}</Definition>
            </DefinitionList>
        </Card>
    }
    .into_any()
}

fn forms(line: &TenantLine, typed: Typed, problems: &[Problem]) -> AnyView {
    let name = name_form(line, typed.name.clone(), problems);
    let limits = limits::form(line, &typed, problems);
    let budget = budget(line, &typed, problems);
    let end = delete_form(line, typed.slug, problems);
    let served = served_form(line);
    view! {
        <Card title="Name">{name}</Card>
        <Card
            title="Limits"
            lead="More than that is refused politely, and the person is told when to try again."
        >
            {limits}
        </Card>
        <Card
            title="Budget"
            lead="What it has no room for is not answered, and the person is told when to ask again."
        >
            {budget}
        </Card>
        <Card title="Service">{served}</Card>
        <Card title="Delete this tenant">{end}</Card>
    }
    .into_any()
}

fn name_form(line: &TenantLine, typed: Option<String>, problems: &[Problem]) -> AnyView {
    let value = typed.unwrap_or_else(|| line.tenant.name.clone());
    let error = problem_of(problems, "name");
    view! {
        <form method="post" action=format!("/t/{}/settings/name", line.tenant.id) class="stack">
            <TextField name="name" label="Name" value required=true maxlength=200 error />
            <div class="form-actions">
                <SubmitButton variant=Variant::Plain>"Rename"</SubmitButton>
            </div>
        </form>
    }
    .into_any()
}

fn budget(line: &TenantLine, typed: &Typed, problems: &[Problem]) -> AnyView {
    let of_day = "Of a calendar day (UTC). Left empty, there is none.".to_owned();
    let of_month = format!(
        "Of a calendar month (UTC). {} of it are spent. Left empty, there is none.",
        dollars(line.cost_micros_month)
    );
    let action = format!("/t/{}/settings/budget", line.tenant.id);
    budget_form(action, (&line.tenant.budget, typed.budget()), [of_day, of_month], problems)
}

fn served_form(line: &TenantLine) -> AnyView {
    let (path, words, button) = if line.tenant.status == TenantStatus::Suspended {
        (
            "resume",
            "It is suspended: what people write is not answered. Nothing of its data is touched.",
            "Resume it",
        )
    } else {
        (
            "suspend",
            "Suspended, nobody there is answered. Nothing of its data is touched, and it can be worked on.",
            "Suspend it",
        )
    };
    view! {
        <form method="post" action=format!("/t/{}/settings/{path}", line.tenant.id) class="stack">
            <p>{words}</p>
            <div class="form-actions">
                <SubmitButton variant=Variant::Plain>{button}</SubmitButton>
            </div>
        </form>
    }
    .into_any()
}

fn delete_form(line: &TenantLine, typed: Option<String>, problems: &[Problem]) -> AnyView {
    let TenantLine { tenant, agents, connections, .. } = line;
    let counted = |number: u32, one, many| portal_ui::format::counted(number.into(), one, many);
    let has = format!(
        "It has {} and {}.",
        counted(*agents, "agent", "agents"),
        counted(*connections, "connected workspace", "connected workspaces"),
    );
    let label = format!("Type {} to confirm", tenant.id);
    let error = problem_of(problems, "slug");
    view! {
        <form method="post" action=format!("/t/{}/settings/delete", tenant.id) class="stack">
            <p>{has} " This cannot be taken back. What is erased:"</p>
            <ul>
                <li>"Its key. With it, all that was said and every text of its agents becomes unreadable."</li>
                <li>"Its workspaces are disconnected, and their tokens forgotten."</li>
                <li>"Its agents answer nobody any more."</li>
            </ul>
            <p>"What stays: its slug, so that nobody is mistaken for it, and what holds no texts: who changed what, and how many messages there were, when, and at what cost."</p>
            <TextField
                name="slug"
                label
                value=typed.unwrap_or_default()
                required=true
                autocomplete="off"
                error
            />
            <div class="form-actions">
                <SubmitButton variant=Variant::Danger>{format!("Delete {}", tenant.id)}</SubmitButton>
            </div>
        </form>
    }
    .into_any()
}
