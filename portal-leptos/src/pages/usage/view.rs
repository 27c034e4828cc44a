//! What usage looks like: a chart, and the same numbers as a table.

use std::collections::BTreeMap;

use domain::day::Day;
use leptos::prelude::*;
use portal_ui::{
    Banner, Bars, Card, Choice, EmptyState, Figure, Icon, InputKind, Lines, Meter, PageHeader,
    SelectField, Series, SubmitButton, Tab, Tabs, TextField, Tone, Variant,
    format::{self, count, dollars, percent},
};
use schemas::TenantId;
use views::{Usage, UsageRow};

use super::{
    asked::{Asked, By, Measure, Span},
    table::{Names, label, millis, table},
};
use crate::pages::address::Address;

/// The most bars that can be told apart; of the rest the page says that it is left out.
const BARS_MAX: usize = 12;

pub(super) struct Shown {
    pub(super) page: Address,
    pub(super) asked: Asked,
    pub(super) by: By,
    pub(super) span: Span,
    pub(super) usage: Usage,
    /// Spent this month, and the most that should be.
    pub(super) budget: Option<(u64, u64)>,
    /// Whose, if it is one's.
    pub(super) tenant: Option<TenantId>,
    /// What agents, or tenants, are called, by id.
    pub(super) names: Names,
}

pub(super) fn page(shown: Shown) -> AnyView {
    let Shown { page, asked, by, span, usage, budget, tenant, names } = shown;
    let Usage { from, to, rows, total } = usage;
    let measure = asked.measure();
    let is_empty = total.counts == views::Counts::default();
    let rows = if by == By::Day { every_day(&span, rows) } else { rows };
    let choices = if tenant.is_some() {
        &[By::Day, By::Agent, By::Version, By::Model][..]
    } else {
        &[By::Day, By::Tenant, By::Model]
    };
    let tabs = tabs(&page, &asked, by, choices);
    let toggle = [(false, "Chart"), (true, "Table")].map(|(is_table, label)| {
        let href = asked.on(page.clone(), by, measure, is_table);
        Tab { label: label.to_owned(), href, current: is_table == asked.is_table(), count: None }
    });
    let is_flat = rows.iter().all(|row| measure.of(row).iter().all(|(_, value)| *value == 0));
    let body = if is_empty {
        unused(&asked, &page, tenant.as_ref())
    } else if asked.is_table() {
        table(by, (rows, &total), tenant.as_ref(), &names)
    } else if is_flat {
        view! {
            <EmptyState
                title="There is nothing to draw"
                text="It is zero on all of these days. Show something else, or look at the table."
                icon=Icon::Chart
                action=Some(("Look at the table".to_owned(), asked.on(page.clone(), by, measure, true)))
            />
        }
        .into_any()
    } else {
        chart(by, measure, &rows, &names)
    };
    let lead = if by == By::Tenant {
        format!("From {from} to {to}: tenants are added up over the month of the last day.")
    } else {
        format!("From {from} to {to}, by days of UTC.")
    };
    let problem = span.problem.clone().map(|problem| {
        view! { <Banner tone=Tone::Warn title=problem><p>"The newest days are shown."</p></Banner> }
    });
    view! {
        <PageHeader title="Usage" lead />
        <div class="stack">
            {problem}
            {figures(&total)}
            {budget.map(|(used, limit)| meter(used, limit))}
            {form(&page, asked, by, measure, &span)}
            <Tabs label="Added up by" tabs />
            <Card>
                <div class="stack" data-gap="small">
                    <Tabs label="Shown as" tabs=toggle.into() />
                    {body}
                </div>
            </Card>
        </div>
    }
    .into_any()
}

fn unused(asked: &Asked, page: &Address, tenant: Option<&TenantId>) -> AnyView {
    let (text, words, href) = match tenant {
        _ if !asked.from.is_empty() || !asked.to.is_empty() => {
            ("Choose other days.", "Show the newest days", page.clone())
        }
        Some(tenant) => (
            "What is used shows here once somebody was answered.",
            "See what is still to do",
            Address::of_tenant(tenant, &[]),
        ),
        None => (
            "What is used shows here once a tenant's agent answered somebody.",
            "See the tenants",
            Address::new("/tenants"),
        ),
    };
    let action = Some((words.to_owned(), href.done()));
    view! { <EmptyState title="Nothing was used on these days" text icon=Icon::Chart action /> }
        .into_any()
}

fn tabs(page: &Address, asked: &Asked, by: By, choices: &[By]) -> Vec<Tab> {
    let tab = |it: &By| Tab {
        label: format!("By {}", it.word()),
        href: asked.on(page.clone(), *it, asked.measure(), asked.is_table()),
        current: *it == by,
        count: None,
    };
    choices.iter().map(tab).collect()
}

/// Days on which nothing was used are days too.
fn every_day(span: &Span, rows: Vec<UsageRow>) -> Vec<UsageRow> {
    let mut known: BTreeMap<String, UsageRow> =
        rows.into_iter().map(|row| (row.key.clone(), row)).collect();
    let row = |day: Day| {
        let key = day.number().to_string();
        let none = || UsageRow { key: key.clone(), ..UsageRow::default() };
        known.remove(&key).unwrap_or_else(none)
    };
    span.days().map(row).collect()
}

fn figures(total: &UsageRow) -> AnyView {
    let counts = total.counts;
    let each = counts.cost_micros.checked_div(counts.answered);
    let each = each.map(|each| format!("{} an answer", format::about(each)));
    let unpriced = (0 < counts.unpriced)
        .then(|| format!("{} more without a known price", count(counts.unpriced)));
    let answered = format!("{} answered", percent(counts.answered, counts.messages));
    let took = |ms: Option<u64>| ms.map_or_else(|| "—".to_owned(), millis);
    let tokens = counts.input_tokens.saturating_add(counts.output_tokens);
    let parts =
        format!("{} read, {} written", count(counts.input_tokens), count(counts.output_tokens));
    view! {
        <section aria-label="Together" class="grid">
            <Figure
                label="Cost"
                value=dollars(counts.cost_micros)
                note=unpriced.or(each).unwrap_or_else(|| "No answer yet".to_owned())
            />
            <Figure label="Messages" value=count(counts.messages) note=answered />
            <Figure label="Tokens" value=format::short_count(tokens) note=parts />
            <Figure
                label="Half of the answers within"
                value=took(total.latency_ms_p50)
                note=total
                    .latency_ms_p95
                    .map_or_else(
                        || "No answer yet".to_owned(),
                        |ms| format!("95 of 100 within {}", millis(ms)),
                    )
            />
        </section>
    }
    .into_any()
}

fn meter(used: u64, limit: u64) -> AnyView {
    let text = format!("{} of {}", dollars(used), dollars(limit));
    view! { <Card><Meter label="Budget of this month" used limit text /></Card> }.into_any()
}

fn form(page: &Address, asked: Asked, by: By, measure: Measure, span: &Span) -> AnyView {
    let measures = Measure::ALL.map(|it| Choice::new(it.word(), it.title()));
    let table =
        asked.is_table().then(|| view! { <input type="hidden" name="view" value="table" /> });
    // What cannot be read as a day stays in its field, to be mended.
    let kept = |typed: String, shown: Day| {
        if typed.is_empty() { shown.to_string() } else { typed }
    };
    let (from, to) = (kept(asked.from, span.from), kept(asked.to, span.to));
    view! {
        <form method="get" action=page.clone().done() class="filters">
            <input type="hidden" name="by" value=by.word() />
            {table}
            <TextField name="from" label="First day" kind=InputKind::Date value=from />
            <TextField name="to" label="Last day" kind=InputKind::Date value=to />
            <SelectField name="show" label="Show" choices=measures.into() value=measure.word() />
            <div class="row">
                <SubmitButton variant=Variant::Plain>"Show"</SubmitButton>
            </div>
        </form>
    }
    .into_any()
}

fn chart(by: By, measure: Measure, rows: &[UsageRow], names: &Names) -> AnyView {
    let mut shown: Vec<(String, Vec<(&str, u64)>)> =
        rows.iter().map(|row| (label(by, &row.key, names, true), measure.of(row))).collect();
    let mut left_out = None;
    if by != By::Day {
        let sum = |parts: &[(&str, u64)]| parts.iter().map(|(_, value)| *value).sum::<u64>();
        shown.sort_by_key(|(_, parts)| std::cmp::Reverse(sum(parts)));
        left_out = shown.len().checked_sub(BARS_MAX).filter(|rest| 0 < *rest);
        shown.truncate(BARS_MAX);
    }
    if shown.iter().flat_map(|(_, parts)| parts).all(|(_, value)| *value == 0) {
        let nothing = format!("{}: none in these days.", measure.title());
        return view! { <p class="meta">{nothing}</p> }.into_any();
    }
    let names: Vec<&str> =
        measure.of(&UsageRow::default()).into_iter().map(|(name, _)| name).collect();
    let series = names.iter().enumerate().map(|(at, name)| Series {
        label: (*name).to_owned(),
        values: shown
            .iter()
            .map(|(_, parts)| parts.get(at).map_or(0, |(_, value)| *value))
            .collect(),
    });
    let (series, labels): (Vec<_>, Vec<_>) =
        (series.collect(), shown.iter().map(|(label, _)| label.clone()).collect());
    let title = format!("{} by {}", measure.title(), by.word());
    let write = match measure {
        Measure::Cost => dollars,
        Measure::Messages | Measure::Tokens => format::short_count,
        Measure::Latency => millis,
    };
    let left_out = left_out.map(|rest| {
        view! { <p class="meta">{format!("{rest} smaller ones are in the table only.")}</p> }
    });
    // Times do not add up, so they are not stacked.
    let drawn = if measure == Measure::Latency {
        view! { <Lines title labels series write /> }.into_any()
    } else {
        view! { <Bars title labels series write /> }.into_any()
    };
    view! { {drawn} {left_out} }.into_any()
}
