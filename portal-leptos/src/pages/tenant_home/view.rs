//! What a tenant's first page shows.

use leptos::prelude::*;
use portal_ui::{
    Banner, Card, Figure, Icon, Meter, PageHeader, Status, Symbol, Tone,
    format::{about, count, counted, dollars},
};
use schemas::{BudgetPeriod, Tenant, TenantId};
use views::{Attention, AttentionKind, Counts, Home, Step, StepKind, Vitals};

use crate::pages::{address, tenants};

/// What this person could do about it.
#[derive(Clone, Copy)]
pub(super) struct May {
    pub(super) design: bool,
    pub(super) connect: bool,
}

pub(super) fn page(home: Home, may: May) -> AnyView {
    let Home { tenant, vitals, connections, attention, steps, .. } = home;
    let (tone, state) = tenants::state(tenant.status);
    let is_begun = steps.iter().all(|step| step.done);
    let is_fine = attention.is_empty();
    let aside = move || view! { <Status tone label=state /> };
    let fine = (is_fine && is_begun).then(|| {
        view! {
            <Banner tone=Tone::Ok title="All is well">
                <p>"Nothing failed, was held back or is in doubt. Nothing needs you."</p>
            </Banner>
        }
    });
    let needs = (!is_fine).then(|| needs(&tenant.id, attention));
    let steps = (!is_begun).then(|| first_day(&tenant.id, steps, may));
    view! {
        <PageHeader title=tenant.name.clone() lead="Is everything fine, and what needs you?" aside />
        <div class="stack">
            {fine}
            {needs}
            {steps}
            {figures(&vitals.today, &vitals.month, connections)}
            {budget(&tenant, &vitals)}
        </div>
    }
    .into_any()
}

fn figures(today: &Counts, month: &Counts, connections: u32) -> AnyView {
    let each = month.cost_micros.checked_div(month.answered).filter(|each| 0 < *each);
    let each = each.map(|each| format!("{} an answer", about(each)));
    let answered = format!("{} answered", count(today.answered));
    let unpriced = (0 < month.unpriced)
        .then(|| format!("{} more without a known price", count(month.unpriced)));
    view! {
        <section aria-label="In numbers" class="grid">
            <Figure label="Messages today" value=count(today.messages) note=answered />
            <Figure label="Cost today" value=dollars(today.cost_micros) />
            <Figure
                label="Cost this month"
                value=dollars(month.cost_micros)
                note=unpriced.or(each).unwrap_or_else(|| "Months end at midnight, UTC".to_owned())
            />
            <Figure label="Channels in use" value=count(connections.into()) />
        </section>
    }
    .into_any()
}

/// How much of the tenant's budgets is used; nothing where it has none.
fn budget(tenant: &Tenant, vitals: &Vitals) -> Option<AnyView> {
    let meter = |period| {
        let limit = tenant.budget.of(period)?;
        let (label, used) = match period {
            BudgetPeriod::Day => ("Today", vitals.today.cost_micros),
            BudgetPeriod::Month => ("This month", vitals.month.cost_micros),
        };
        let text = format!("{} of {}", dollars(used), dollars(limit));
        Some(view! { <Meter label used limit text /> }.into_any())
    };
    let meters: Vec<_> = BudgetPeriod::ALL.into_iter().filter_map(meter).collect();
    (!meters.is_empty()).then(|| {
        view! {
            <Card title="Budget" lead="What it has no room for is not answered.">
                <div class="stack">{meters.collect_view()}</div>
            </Card>
        }
        .into_any()
    })
}

fn needs(tenant: &TenantId, attention: Vec<Attention>) -> AnyView {
    let rows = attention.into_iter().map(|it| {
        let (tone, text, link) = words(&it);
        let href = address::target(tenant, &it.target);
        view! {
            <li data-row>
                <span class="status" data-tone=tone.word()>
                    <Symbol icon=tone.icon() />
                    <span>{text}</span>
                </span>
                <a href=href data-row-link>{link}</a>
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card title="Needs you" flush=true>
            <ul class="needs">{rows}</ul>
        </Card>
    }
    .into_any()
}

fn budget_of(detail: &str) -> &str {
    if detail.is_empty() { "The budget of this month" } else { detail }
}

/// What it means, what to say, and what the link says.
pub(super) fn words(it: &Attention) -> (Tone, String, &'static str) {
    let Attention { kind, count, detail, .. } = it;
    let hours = "in the last 24 hours";
    match kind {
        AttentionKind::TenantSuspended => (
            Tone::Bad,
            "This tenant is suspended: nobody is answered".to_owned(),
            "See its settings",
        ),
        AttentionKind::BudgetSpent => {
            (Tone::Bad, format!("{} is used up: {count} %", budget_of(detail)), "See the budget")
        }
        AttentionKind::BudgetNear => (
            Tone::Warn,
            format!("{} is nearly used up: {count} %", budget_of(detail)),
            "See the budget",
        ),
        AttentionKind::ConnectionRemoved if detail.is_empty() => {
            (Tone::Bad, "A workspace is not connected any more".to_owned(), "See the channel")
        }
        AttentionKind::ConnectionRemoved => (
            Tone::Bad,
            format!("A workspace is not connected any more: {}", detail.replace('_', " ")),
            "See the channel",
        ),
        AttentionKind::NobodyAnswers => (
            Tone::Warn,
            format!("{detail} is connected to an agent that does not answer"),
            "See the agent",
        ),
        AttentionKind::RepliesUncertain => (
            Tone::Warn,
            format!("{} may or may not have arrived", counted(*count, "reply", "replies")),
            "See where",
        ),
        AttentionKind::WithPerson => {
            let conversations = counted(*count, "conversation is", "conversations are");
            (Tone::Warn, format!("{conversations} with a person: no agent answers"), "See which")
        }
        AttentionKind::MessagesFailed => (
            Tone::Bad,
            format!("{} failed {hours}", counted(*count, "message", "messages")),
            "See what happened",
        ),
        AttentionKind::MessagesThrottled => (
            Tone::Warn,
            format!("{} went over a limit {hours}", counted(*count, "message", "messages")),
            "See which",
        ),
    }
}

fn first_day(tenant: &TenantId, steps: Vec<Step>, may: May) -> AnyView {
    let done = steps.iter().filter(|step| step.done).count();
    let lead = format!("{done} of {} done.", steps.len());
    let next = steps.iter().position(|step| !step.done);
    let rows = steps.into_iter().enumerate().map(|(at, step)| {
        let is_next = Some(at) == next;
        let (title, text) = step_words(step.kind);
        let may = match step.kind {
            StepKind::AgentPublished => may.design,
            StepKind::ChannelConnected => may.connect,
            StepKind::TenantCreated | StepKind::FirstMessage | StepKind::FirstAnswer => true,
        };
        let href = address::target(tenant, &step.target);
        let title = if step.done || may {
            view! { <a href=href>{title}</a> }.into_any()
        } else {
            view! { <span>{title}</span> }.into_any()
        };
        let text = match (step.done, may) {
            (true, _) => None,
            (false, true) => Some(text),
            (false, false) => Some("An operator of this tenant does this."),
        };
        let (tone, icon, state) = if step.done {
            (Tone::Ok, Icon::Check, "Done: ")
        } else {
            (Tone::Neutral, Icon::Draft, "To do: ")
        };
        view! {
            <li data-done=step.done aria-current=is_next.then_some("step")>
                <span class="status" data-tone=tone.word()><Symbol icon /></span>
                <div>
                    <p><span class="visually-hidden">{state}</span>{title}</p>
                    {text.map(|text| view! { <p class="meta">{text}</p> })}
                </div>
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card title="The first day" lead flush=true>
            <ol class="steps">{rows}</ol>
        </Card>
    }
    .into_any()
}

const fn step_words(kind: StepKind) -> (&'static str, &'static str) {
    match kind {
        StepKind::TenantCreated => ("The tenant is here", ""),
        StepKind::AgentPublished => {
            ("Publish an agent", "Say who it is and what it does, try it, and publish it.")
        }
        StepKind::ChannelConnected => {
            ("Connect a workspace", "The agent answers where it is connected.")
        }
        StepKind::FirstMessage => {
            ("Somebody writes to it", "Mention the agent in a channel, or write to it directly.")
        }
        StepKind::FirstAnswer => ("It answers", "The answer shows here within seconds."),
    }
}

#[cfg(test)]
mod tests {
    use views::Target;

    use super::*;

    #[test]
    fn what_needs_somebody_reads_as_a_sentence() {
        let check = |kind, count, detail: &str, want: &str| {
            let it = Attention { kind, count, detail: detail.to_owned(), target: Target::Tenant };
            assert_eq!(words(&it).1, want);
        };
        check(AttentionKind::RepliesUncertain, 1, "", "1 reply may or may not have arrived");
        check(
            AttentionKind::MessagesFailed,
            1_200,
            "",
            "1,200 messages failed in the last 24 hours",
        );
        let want = "A workspace is not connected any more: token revoked";
        check(AttentionKind::ConnectionRemoved, 1, "token_revoked", want);
        let want = "The budget of this month is nearly used up: 84 %";
        check(AttentionKind::BudgetNear, 84, "", want);
        check(AttentionKind::BudgetSpent, 130, "", "The budget of this month is used up: 130 %");
        let (of, want) =
            ("The budget of Mara for today", "The budget of Mara for today is used up: 100 %");
        check(AttentionKind::BudgetSpent, 100, of, want);
    }
}
