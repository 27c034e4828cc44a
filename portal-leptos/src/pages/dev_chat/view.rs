//! What the local chat shows.

use leptos::prelude::*;
use portal_ui::{
    Avatar, Card, Choice, EmptyState, Icon, LinkButton, Mrkdwn, PageHeader, SelectField,
    SubmitButton, TextAreaField, Variant,
};
use schemas::TenantId;
use views::Trace;

use super::{At, Scene, talk::Message};

/// The whole page.
pub(super) fn page(scene: Scene) -> AnyView {
    let Scene { at, rooms, people, messages, tenant, trace } = scene;
    let doors = rooms.iter().map(|room| {
        let to =
            At { channel: room.id.clone(), thread: String::new(), ts: String::new(), ..at.clone() };
        let sign = if room.kind == "im" { "@" } else { "#" };
        let current = (room.id == at.channel).then_some("page");
        view! { <li><a href=to.path() aria-current=current>{sign}{room.name.clone()}</a></li> }
    });
    let doors = doors.collect_view();
    let names: Vec<_> = people.iter().map(|it| (it.id.clone(), it.name.clone())).collect();
    let people = people.into_iter().filter(|person| !person.bot);
    let people = people.map(|it| Choice::new(it.id, it.name)).collect();
    let said = messages.iter().filter(|it| is_here(it, &at.thread));
    let answers = |ts: &str| {
        messages.iter().filter(|it| it.thread_ts.as_deref() == Some(ts) && it.ts != ts).count()
    };
    let lines =
        said.map(|message| line(&at, message, (answers(&message.ts), &names))).collect_view();
    let is_empty = messages.is_empty();
    let nothing = is_empty.then(|| {
        view! {
            <EmptyState
                title="Nobody has said anything here"
                text="Mention the agent, like “@Mara what can you do?”, or write to it directly."
                icon=Icon::Message
            />
        }
    });
    let back = (!at.thread.is_empty()).then(|| {
        let to = At { thread: String::new(), ..at.clone() };
        view! { <LinkButton href=to.path() dense=true icon=Icon::ArrowLeft>"All of the channel"</LinkButton> }
    });
    let reload = at.path();
    let beside = beside(tenant.as_ref(), trace);
    let form = form(&at, people);
    view! {
        <PageHeader
            title="Local chat"
            lead="A channel on this machine. What you say goes through the real gateway, signature and all."
        >
            <LinkButton href=reload icon=Icon::Refresh>"Reload"</LinkButton>
        </PageHeader>
        <div class="chat">
            <nav class="chat-rooms" aria-label="Channels"><ul>{doors}</ul></nav>
            <Card title="What is said">
                {back}
                <ol class="chat-lines">{lines}</ol>
                {nothing}
                {form}
            </Card>
            <Card title="Its trace">{beside}</Card>
        </div>
    }
    .into_any()
}

/// Within a thread all of it; else what begins one.
fn is_here(message: &Message, thread: &str) -> bool {
    let root = message.thread_ts.as_deref().unwrap_or(&message.ts);
    if thread.is_empty() { root == message.ts } else { root == thread }
}

fn line(at: &At, message: &Message, (answers, names): (usize, &[(String, String)])) -> AnyView {
    let root = message.thread_ts.clone().unwrap_or_else(|| message.ts.clone());
    let thread = At { thread: root, ts: message.ts.clone(), ..at.clone() };
    let trace = At { ts: message.ts.clone(), ..at.clone() };
    let answers = (at.thread.is_empty()).then(|| {
        let words = match answers {
            0 => "Reply in a thread".to_owned(),
            1 => "1 reply".to_owned(),
            many => format!("{many} replies"),
        };
        view! { <a href=thread.path()>{words}</a> }
    });
    let trace = (!message.bot).then(|| view! { <a href=trace.path()>"Trace"</a> });
    let (name, text) = (message.name.clone(), message.text.clone());
    view! {
        <li data-row="">
            <Avatar name=name.clone() />
            <div>
                <p><strong>{name}</strong></p>
                <Mrkdwn text names=names.to_vec() />
                <p class="row meta">{answers} {trace}</p>
            </div>
        </li>
    }
    .into_any()
}

fn form(at: &At, people: Vec<Choice>) -> AnyView {
    let At { team, channel, user, thread, .. } = at.clone();
    let label = if thread.is_empty() { "Say something" } else { "Answer in the thread" };
    view! {
        <form method="post" action="/dev/chat" class="stack">
            <input type="hidden" name="team" value=team />
            <input type="hidden" name="channel" value=channel />
            <input type="hidden" name="thread" value=thread />
            <TextAreaField name="text" label hint="@Mara mentions the agent." rows=2 required=true />
            <SelectField name="user" label="As" choices=people value=user />
            <div class="form-actions"><SubmitButton icon=Icon::Send>"Send"</SubmitButton></div>
        </form>
    }
    .into_any()
}

fn beside(tenant: Option<&TenantId>, trace: Option<Trace>) -> AnyView {
    let (Some(tenant), Some(trace)) = (tenant, trace) else {
        return view! { <p class="meta">"Say something to an agent, or choose the trace of a message."</p> }
            .into_any();
    };
    let href = format!("/t/{tenant}/messages/{}", trace.message);
    let slow = trace.slow.map(|slow| view! { <p>{slow}</p> });
    let spans = trace.spans.into_iter().map(|span| {
        let took = span.took_ms.map(|millis| view! { <portal_ui::Duration millis /> });
        view! {
            <li>
                <span>{span.name}</span>
                <span class="meta">{span.outcome}</span>
                {took}
            </li>
        }
    });
    view! {
        {slow}
        <ol class="chat-spans">{spans.collect_view()}</ol>
        <LinkButton href variant=Variant::Plain dense=true>"The whole trace"</LinkButton>
    }
    .into_any()
}
