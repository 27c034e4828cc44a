//! What the audit shows.

use std::collections::BTreeMap;

use domain::difference::Effort;
use leptos::prelude::*;
use portal_ui::{
    Avatar, Badge, Card, Choice, DiffView, EmptyState, Icon, LinkButton, PageHeader, Pagination,
    SelectField, SubmitButton, Time, Variant, format::counted,
};
use schemas::{OperatorId, TenantId, Timestamp};
use views::{Change, Changed, Changes};

use super::{Search, difference, export, words};
use crate::pages::address::{self, Address};

pub(super) struct Shown {
    pub(super) tenant: TenantId,
    pub(super) search: Search,
    pub(super) found: Changes,
    /// What authors call themselves.
    pub(super) names: BTreeMap<OperatorId, String>,
    /// Whom to choose from: ids and names.
    pub(super) people: Vec<(String, String)>,
    /// What to choose from.
    pub(super) entities: Vec<(String, String)>,
    pub(super) now: Timestamp,
}

pub(super) fn page(shown: Shown) -> AnyView {
    let Shown { tenant, search, found, names, people, entities, now } = shown;
    let list = || search.on(Address::of_tenant(&tenant, &["audit"]));
    let older = found.next.map(|seq| list().with("before", &seq.to_string()).done());
    let newest = search.before.is_some().then(|| list().done());
    let export = |end: &str| search.on(Address::new(format!("/t/{tenant}/audit.{end}"))).done();
    let (csv, json) = (export("csv"), export("json"));
    let past = Address::of_tenant(&tenant, &["past"]).done();
    let is_empty = found.changes.is_empty();
    let is_searched = search.filter() != views::ChangeFilter::default();
    let mut effort = Effort::of_page();
    let rows = found.changes.into_iter().map(|it| row(it, &tenant, (&names, now), &mut effort));
    let rows = rows.collect_view();
    let body = if is_empty {
        empty(is_searched, Address::of_tenant(&tenant, &["audit"]).done())
    } else {
        view! { <ol class="changes">{rows}</ol> }.into_any()
    };
    let most = counted(export::CHANGES_MAX as u64, "change", "changes");
    let mib = export::BYTES_MAX >> 20;
    view! {
        <PageHeader title="Audit" lead="Who changed what, and how it was before.">
            <LinkButton href=past icon=Icon::History>"Over time"</LinkButton>
            <LinkButton href=csv icon=Icon::Download>"CSV"</LinkButton>
            <LinkButton href=json icon=Icon::Download>"JSON"</LinkButton>
        </PageHeader>
        <div class="stack">
            {form(&tenant, search, people, entities)}
            <Card flush=true>{body}</Card>
            <Pagination newer=newest older words=("Newest", "Older") />
            <p class="meta">
                {format!("A file holds the newest {most} that fit the filter, or {mib} MiB of them; where that is not all, its end says so, and where it would go on.")}
            </p>
        </div>
    }
    .into_any()
}

fn empty(is_searched: bool, all: String) -> AnyView {
    if is_searched {
        return view! {
            <EmptyState
                title="No change is like that"
                text="Leave out a filter to see more."
                icon=Icon::Search
                action=Some(("Show all changes".to_owned(), all))
            />
        }
        .into_any();
    }
    view! {
        <EmptyState
            title="Nothing was changed yet"
            text="Every change of this tenant, its agents and its channels shows here."
            icon=Icon::Audit
        />
    }
    .into_any()
}

fn form(
    tenant: &TenantId,
    search: Search,
    people: Vec<(String, String)>,
    entities: Vec<(String, String)>,
) -> AnyView {
    let action = Address::of_tenant(tenant, &["audit"]).done();
    let clear = (search.filter() != views::ChangeFilter::default()).then(|| {
        view! { <LinkButton href=action.clone() variant=Variant::Quiet>"Clear"</LinkButton> }
    });
    let choices = |first: &str, all: Vec<(String, String)>, chosen: &str| {
        let mut choices = vec![Choice::new("", first)];
        // What is gone by now can still be looked for.
        if !chosen.is_empty() && !all.iter().any(|(value, _)| value == chosen) {
            choices.push(Choice::new(chosen, chosen));
        }
        choices.extend(all.into_iter().map(|(value, label)| Choice::new(value, label)));
        choices
    };
    let kinds = words::KINDS.map(|(kind, done)| (kind.to_owned(), words::field(done)));
    let entities = choices("Everything", entities, &search.entity);
    let people = choices("Everybody", people, &search.operator);
    let kinds = choices("Every change", kinds.into(), &search.kind);
    view! {
        <form method="get" action=action role="search" class="filters">
            <SelectField name="entity" label="What" choices=entities value=search.entity />
            <SelectField name="operator" label="Who" choices=people value=search.operator />
            <SelectField name="kind" label="Change" choices=kinds value=search.kind />
            <div class="row">
                <SubmitButton variant=Variant::Plain icon=Icon::Filter>"Filter"</SubmitButton>
                {clear}
            </div>
        </form>
    }
    .into_any()
}

fn row(
    change: Change,
    tenant: &TenantId,
    (names, now): (&BTreeMap<OperatorId, String>, Timestamp),
    effort: &mut Effort,
) -> AnyView {
    let Change { seq, at, operator, via, kind, entity, version, fields, is_sealed } = change;
    let who = match &operator {
        Some(id) => names.get(id).cloned().unwrap_or_else(|| id.to_string()),
        None => words::door(&via),
    };
    let version = version.map(|version| {
        view! { " " <Badge label=format!("version {version}") /> }
    });
    let sealed = is_sealed.then(|| {
        view! { <p class="meta">"What changed is sealed: the key of this tenant is gone."</p> }
    });
    let (long, short): (Vec<_>, Vec<_>) = fields.into_iter().partition(|it| it.long);
    let short = (!short.is_empty()).then(|| fields_view(short));
    let long = long.into_iter().map(|text| text_view(text, effort)).collect_view();
    view! {
        <li data-row id=format!("change-{seq}")>
            <Avatar name=who.clone() />
            <article>
                <h2>
                    <span>{who}</span>
                    " "
                    <span class="did">{words::done(&kind).to_owned()}</span>
                    {entity_view(&entity, tenant)}
                    {version}
                </h2>
                <p class="meta"><Time at now=Some(now) />" · "{via}</p>
                {short}
                {long}
                {sealed}
            </article>
        </li>
    }
    .into_any()
}

/// What was changed, with a link to it; the tenant itself is said already.
fn entity_view(entity: &str, tenant: &TenantId) -> Option<AnyView> {
    let (kind, id) = entity.split_once(':')?;
    let href = match kind {
        "agent" => address::agent(tenant, &id.parse().ok()?),
        "tool" => Address::of_tenant(tenant, &["tools", id]).done(),
        "model_group" => Address::of_tenant(tenant, &["models", id]).done(),
        _ => Address::of_tenant(tenant, &["channels", id]).done(),
    };
    Some(view! { " " <a href=href data-row-link>{id.to_owned()}</a> }.into_any())
}

fn fields_view(fields: Vec<Changed>) -> AnyView {
    let fields = fields.into_iter().map(|it| {
        let before = it.before.filter(|before| !before.is_empty()).map(|before| {
            view! {
                <del><span class="visually-hidden">"before: "</span>{before}</del>
                <span aria-hidden="true">" → "</span>
            }
        });
        let after = if it.after.is_empty() { "nothing".to_owned() } else { it.after };
        view! {
            <div>
                <dt>{words::field(&it.field)}</dt>
                <dd>
                    {before}
                    <ins><span class="visually-hidden">"now: "</span>{after}</ins>
                </dd>
            </div>
        }
    });
    let fields = fields.collect_view();
    view! { <dl class="fields">{fields}</dl> }.into_any()
}

fn text_view(text: Changed, effort: &mut Effort) -> AnyView {
    let name = words::field(&text.field);
    let before = text.before.as_deref().unwrap_or_default();
    let Some(rows) = difference::rows(before, &text.after, effort) else {
        let count = |text: &str| counted(text.len() as u64, "byte", "bytes");
        let sizes = format!("{} before, {} now", count(before), count(&text.after));
        return view! {
            <p class="meta">{format!("{name} changed too much to compare here: {sizes}. A file has it whole.")}</p>
        }
        .into_any();
    };
    let what = if text.before.is_some() { "before and after" } else { "as it began" };
    view! {
        <details>
            <summary>{format!("{name}, {what}")}</summary>
            <DiffView caption=format!("{name}, {what}") left="Before" right="After" rows />
        </details>
    }
    .into_any()
}
