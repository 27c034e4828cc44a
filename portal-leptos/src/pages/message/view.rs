//! What a trace shows, and the form that looks for one.

mod tools;

use leptos::prelude::*;
use portal_ui::{
    Banner, Card, CodeBlock, Column, Crumb, Definition, DefinitionList, Duration, EmptyState, Icon,
    InputKind, LinkButton, Money, PageHeader, Stage, Status, SubmitButton, Table, TextField, Time,
    Tone, Variant, Waterfall, format::count,
};
use schemas::{TenantId, Timestamp};
use views::{AgentLine, Call, EventRow, MessageRow, Span, Standing, Trace};

use super::decided::Decided;
use crate::pages::{
    address::{self, Address},
    conversations::standing,
    form::sentence,
};

pub(super) fn page(
    trace: Trace,
    (tenant, agents): (&TenantId, &[AgentLine]),
    decided: Option<Decided>,
    may_decide: bool,
) -> AnyView {
    let Trace { message, row, begun_at, total_ms, spans, slow, calls, tools, events } = trace;
    let (tone, state) =
        row.as_ref().map_or((Tone::Info, "Received"), |row| standing(Standing::of(&row.state)));
    let crumbs =
        vec![Crumb::new("Conversations", Address::of_tenant(tenant, &["conversations"]).done())];
    let thread = row.as_ref().map(|row| {
        let page = address::conversation(tenant, &row.connection_id, &row.conversation_id);
        let href = format!("{}#{message}", page.done());
        view! { <LinkButton href icon=Icon::Conversations>"Read the conversation"</LinkButton> }
    });
    let stages = spans.iter().map(stage).collect();
    let slow = slow.map(|slow| {
        view! {
            <p class="slow">"Most of the time went to: " <strong>{slow}</strong></p>
        }
    });
    let action = format!("{}/reply", address::message(tenant, &message));
    let doubt = row.as_ref().and_then(|row| row.doubt.clone());
    let doubt = doubt.map(|doubt| in_doubt(&doubt, decided, may_decide.then_some(action)));
    let command = format!("konstruct trace {message} --tenant {tenant}");
    let facts = row.map(|row| facts(row, tenant, agents));
    let aside = move || view! { <Status tone label=state /> };
    view! {
        <PageHeader title="Trace" lead=format!("The life of message {message}.") crumbs aside>
            {thread}
        </PageHeader>
        <div class="stack">
            {doubt}
            <Card title="Where the time went">
                <div class="stack" data-gap="small">
                    {slow}
                    <p class="meta">
                        "Began " <Time at=begun_at /> ", took " <Duration millis=total_ms />
                    </p>
                    <Waterfall caption="Stages on a line of time" stages />
                </div>
            </Card>
            {stages_table(spans)}
            {calls_table(calls)}
            {tools::card(tools)}
            {facts}
            {events_table(events)}
            <CodeBlock label="The same on the command line" code=command />
        </div>
    }
    .into_any()
}

/// A reply that may have arrived, for whoever may say whether it has, once.
fn in_doubt(doubt: &str, decided: Option<Decided>, action: Option<String>) -> AnyView {
    let doubt = doubt.replace('_', " ");
    let action = action.filter(|_| decided.is_none());
    let next = decided.map_or_else(
        || view! { <p>"Look into the thread in Slack before you decide."</p> }.into_any(),
        |Decided { what, by, at }| {
            view! {
                <p>{format!("{by} said that {what}, ")} <Time at /></p>
                <p>
                    "This goes once it is carried out: reload the page. Should it stay, konstruct reply decides once more."
                </p>
            }
            .into_any()
        },
    );
    let actions = move || {
        let form = |action: String, words: &'static str| {
            view! {
                <form method="post" action=action class="inline-form">
                    <SubmitButton variant=Variant::Plain>{words}</SubmitButton>
                </form>
            }
        };
        action.as_ref().map(|action| {
            view! {
                {form(format!("{action}/sent"), "It has arrived")}
                {form(format!("{action}/again"), "Send it again")}
            }
        })
    };
    view! {
        <Banner tone=Tone::Warn title="It is not known whether the reply arrived" actions>
            <p>{doubt}</p>
            {next}
        </Banner>
    }
    .into_any()
}

fn stage(span: &Span) -> Stage {
    let name = sentence(&span.name);
    let label = if span.depth == 0 { name } else { format!("↳ {name}") };
    Stage { label, start_ms: span.start_ms, took_ms: span.took_ms.unwrap_or(0), tone: tone(span) }
}

/// A call to a model is an agent's; what failed says so.
fn tone(span: &Span) -> Tone {
    match (span.depth, span.outcome.as_str()) {
        (0, _) => Tone::Neutral,
        (_, "completed" | "called") => Tone::Violet,
        (_, "open" | "uncertain") => Tone::Warn,
        // Of a call to a model; a tool that is unknown has failed.
        (_, "unknown") if span.name.starts_with("model ") => Tone::Warn,
        (_, _) => Tone::Bad,
    }
}

fn stages_table(spans: Vec<Span>) -> AnyView {
    let columns = vec![
        Column::new("Stage"),
        Column::new("Outcome"),
        Column::new("Began").numbers(),
        Column::new("Waited before").numbers(),
        Column::new("Took").numbers(),
    ];
    let rows = spans.into_iter().map(|span| {
        let waited = Some(span.gap_ms).filter(|gap| 0 < *gap);
        let outcome = Some(span.outcome.replace('_', " ")).filter(|it| !it.is_empty());
        view! {
            <tr>
                <th scope="row" data-depth=span.depth>{sentence(&span.name)}</th>
                <td data-label="Outcome">{outcome}</td>
                <td data-label="Began" data-align="end"><span>"+"<Duration millis=span.start_ms /></span></td>
                <td data-label="Waited before" data-align="end">
                    {waited.map(|millis| view! { <Duration millis /> })}
                </td>
                <td data-label="Took" data-align="end">
                    {span.took_ms.map(|millis| view! { <Duration millis /> })}
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card title="Stages" flush=true>
            <Table caption="Stages of the message" columns>{rows}</Table>
        </Card>
    }
    .into_any()
}

fn calls_table(calls: Vec<Call>) -> Option<AnyView> {
    if calls.is_empty() {
        return None;
    }
    let columns = vec![
        Column::new("Attempt"),
        Column::new("Model"),
        Column::new("Outcome"),
        Column::new("First word").numbers(),
        Column::new("Took").numbers(),
        Column::new("Cost").numbers(),
    ];
    let rows = calls.into_iter().map(|call| {
        let (tone, outcome) = outcome(&call.outcome);
        view! {
            <tr>
                <th scope="row">{format!("{}. {}", call.index + 1, call.deployment)}</th>
                <td data-label="Model">{call.model}</td>
                <td data-label="Outcome"><Status tone label=outcome /></td>
                <td data-label="First word" data-align="end">
                    {call.first_token_ms.map(|millis| view! { <Duration millis /> })}
                </td>
                <td data-label="Took" data-align="end">
                    {call.latency_ms.map(|millis| view! { <Duration millis /> })}
                </td>
                <td data-label="Cost" data-align="end"><Money micros=call.cost_micros /></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    Some(
        view! {
            <Card title="Calls to models" flush=true>
                <Table caption="Calls to models" columns>{rows}</Table>
            </Card>
        }
        .into_any(),
    )
}

fn outcome(word: &str) -> (Tone, String) {
    match word {
        "completed" => (Tone::Ok, "Completed".to_owned()),
        "unknown" => (Tone::Warn, "Not known; it may have been paid for".to_owned()),
        class => (Tone::Bad, sentence(&class.replace('_', " "))),
    }
}

fn facts(row: MessageRow, tenant: &TenantId, agents: &[AgentLine]) -> AnyView {
    let who = row.agent_id.map(|agent| {
        let version = row.agent_version.map(|version| {
            let href = address::version(tenant, &agent, version);
            view! { ", " <a href=href>{format!("version {version}")}</a> }
        });
        let href = address::agent(tenant, &agent);
        let found = agents.iter().find(|line| line.id == agent);
        let name = found.map_or_else(|| agent.to_string(), |line| line.name.clone());
        view! { <Definition term="Answered by"><a href=href>{name}</a>{version}</Definition> }
    });
    let model = row.model.map(|model| view! { <Definition term="Model">{model}</Definition> });
    let tokens = row.input_tokens.zip(row.output_tokens).map(|(read, written)| {
        let tokens = format!("{} read, {} written", count(read), count(written));
        view! { <Definition term="Tokens">{tokens}</Definition> }
    });
    let prices = row.price_version.map(|it| format!(" by the prices {it}"));
    let cost = row.cost_micros.map(|micros| {
        view! { <Definition term="Cost"><Money micros />{prices}</Definition> }
    });
    let detail = row.detail.map(|detail| {
        view! { <Definition term="More">{detail.replace('_', " ")}</Definition> }
    });
    let at = |term: &'static str, ms: Option<i64>| {
        let at = Timestamp::from_millis(ms?);
        Some(view! { <Definition term><Time at /></Definition> })
    };
    view! {
        <Card title="The message">
            <DefinitionList>
                {who}
                {model}
                {tokens}
                {cost}
                {detail}
                {at("Received", row.received_at_ms)}
                {at("Answer made", row.completed_at_ms)}
                {at("Delivered", row.answered_at_ms)}
            </DefinitionList>
        </Card>
    }
    .into_any()
}

fn events_table(events: Vec<EventRow>) -> AnyView {
    let columns = vec![
        Column::new("Event"),
        Column::new("When"),
        Column::new("By"),
        Column::new("Note"),
        Column::new("Place").numbers(),
    ];
    let rows = events.into_iter().map(|event| {
        let at = Timestamp::from_millis(event.time_ms);
        view! {
            <tr>
                <th scope="row" class="mono">{event.kind}</th>
                <td data-label="When"><Time at /></td>
                <td data-label="By">{event.source}</td>
                <td data-label="Note">{event.note.map(|note| note.replace('_', " "))}</td>
                <td data-label="Place" data-align="end">{count(event.seq)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card title="Events" lead="As they stand on the log." flush=true>
            <Table caption="Events of the message" columns>{rows}</Table>
        </Card>
    }
    .into_any()
}

/// Looks for a message by what somebody quotes.
pub(super) fn search(reference: String, is_missed: bool) -> AnyView {
    let missed = is_missed.then(|| {
        view! {
            <EmptyState
                title="No message is known by that"
                text="Check the reference. A message that came a moment ago shows within seconds."
                icon=Icon::Search
            />
        }
    });
    view! {
        <PageHeader
            title="Find a message"
            lead="By its id, or by the reference that stands in an answer or an apology."
        />
        <Card>
            <form method="get" action="/trace" role="search" class="form">
                <TextField
                    name="ref"
                    label="Reference"
                    kind=InputKind::Search
                    value=reference
                    required=true
                />
                <div class="form-actions">
                    <SubmitButton icon=Icon::Search>"Find"</SubmitButton>
                </div>
            </form>
            {missed}
        </Card>
    }
    .into_any()
}
