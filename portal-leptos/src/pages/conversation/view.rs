//! What a thread looks like.

use domain::{hand_off::HAND_BACK, mrkdwn};
use leptos::prelude::*;
use portal_ui::{
    Avatar, Banner, Crumb, Duration, EmptyState, Icon, LinkButton, Money, Mrkdwn, PageHeader,
    Pagination, Status, SubmitButton, Time, Tone, Variant,
    format::{count, counted},
};
use schemas::{TenantId, Timestamp};
use views::{
    AgentLine, Answer, Conversation, ConversationLine, Near, Standing, Turn, TurnKind, Words,
};

use crate::pages::{
    address::{self, Address},
    conversations::{Search, name, standing},
};

pub(super) struct Shown {
    pub(super) tenant: TenantId,
    pub(super) search: Search,
    pub(super) found: Conversation,
    pub(super) agents: Vec<AgentLine>,
    /// Whether newer turns are left out.
    pub(super) is_part: bool,
    /// Whether whoever looks may give it back to its agent, and say what became of a reply.
    pub(super) may_write: bool,
    /// Whether whoever looks may keep an answer as a test.
    pub(super) may_keep: bool,
}

pub(super) fn page(shown: Shown) -> AnyView {
    let Shown { tenant, search, found, agents, is_part, may_write, may_keep } = shown;
    let may = May { write: may_write, keep: may_keep };
    let Conversation { line, turns, before, newer, older } = found;
    let (tone, state) = standing(line.standing);
    let here = || search.on(address::conversation(&tenant, &line.connection, &line.conversation));
    let list = search.on(Address::of_tenant(&tenant, &["conversations"])).done();
    let crumbs = vec![Crumb::new("Conversations", list)];
    let earlier = before.map(|before| here().with("before", &before.to_string()).done());
    let latest = is_part.then(|| here().done());
    let beside = |near: Option<Near>| {
        let near = near?;
        Some(search.on(address::conversation(&tenant, &near.connection, &near.conversation)).done())
    };
    let (newer, older) = (beside(newer), beside(older));
    let back = address::hand_back(&tenant, &line.connection, &line.conversation).done();
    let with_person = line.with_person_since.map(|since| with_person(since, may_write, back));
    let is_empty = turns.is_empty();
    let title = title(&turns);
    let turns = turns.into_iter().map(|turn| turn_view(turn, (&tenant, may), &agents));
    let turns = turns.collect_view();
    let turns = if is_empty {
        view! {
            <EmptyState
                title="Nothing of this is kept"
                text="Words are forgotten after a while; what they cost stays in the usage."
                icon=Icon::Conversations
            />
        }
        .into_any()
    } else {
        view! { <ol class="thread">{turns}</ol> }.into_any()
    };
    let aside = move || view! { <Status tone label=state /> };
    view! {
        <PageHeader title lead=lead(&line) crumbs aside>
            {newer.map(|href| beside_link(href, "Newer", Icon::ArrowUp))}
            {older.map(|href| beside_link(href, "Older", Icon::ArrowDown))}
        </PageHeader>
        <div class="stack">
            {with_person}
            <Pagination newer=earlier older=latest words=("Said before", "Said last") />
            {turns}
        </div>
    }
    .into_any()
}

/// That the agent is quiet here, and how it speaks again.
fn with_person(since: Timestamp, may_write: bool, action: String) -> AnyView {
    let actions = move || {
        let action = action.clone();
        may_write.then(|| {
            view! {
                <form method="post" action=action>
                    <SubmitButton variant=Variant::Primary>"Give it back to the agent"</SubmitButton>
                </form>
            }
        })
    };
    view! {
        <Banner tone=Tone::Violet title="A person has this conversation" actions>
            <p>
                "Since " <Time at=since />
                " the agent is quiet here. Anybody in the thread can give it back, too, by writing "
                <code>{HAND_BACK}</code> " to it."
            </p>
        </Banner>
    }
    .into_any()
}

fn beside_link(href: String, words: &'static str, icon: Icon) -> AnyView {
    view! {
        <LinkButton href dense=true icon>
            {words}
            <span class="visually-hidden">" conversation"</span>
        </LinkButton>
    }
    .into_any()
}

/// The first words that are shown.
fn title(turns: &[Turn]) -> String {
    let said = turns.iter().find_map(|turn| match &turn.words {
        Words::Text(text) => text.lines().find(|line| !line.trim().is_empty()),
        Words::TakenBack | Words::NotKept | Words::Sealed => None,
    });
    let mut words = said.unwrap_or("Conversation").chars();
    let start: String = words.by_ref().take(80).collect();
    if words.next().is_some() { format!("{start}…") } else { start }
}

fn lead(line: &ConversationLine) -> String {
    let people = counted(line.people.len() as u64, "person", "people");
    let messages = counted(line.messages.into(), "message", "messages");
    format!("{messages} of {people}, channel {} on {}", line.place.channel, line.connection)
}

/// What whoever looks may do about a turn.
#[derive(Clone, Copy)]
struct May {
    write: bool,
    keep: bool,
}

fn turn_view(turn: Turn, (tenant, may): (&TenantId, May), agents: &[AgentLine]) -> AnyView {
    let Turn { kind, message, at, sender, sender_name, words, edited_at, standing, detail, answer } =
        turn;
    let is_agent = kind == TurnKind::Agent;
    let name = if is_agent { name(agents, &sender) } else { sender_name.unwrap_or(sender) };
    let (id, kind) = if is_agent {
        (format!("answer-{message}"), "agent")
    } else {
        (message.to_string(), "person")
    };
    let edited = edited_at.map(|at| view! { <span class="meta">"edited " <Time at /></span> });
    // An answer that arrived says what it took; everything else says where it stands.
    let in_doubt = standing == Some(Standing::Uncertain);
    let is_said = matches!(standing, Some(Standing::Answered) | None);
    let standing = standing.filter(|_| !is_said);
    let standing = standing.map(|it| standing_view(it, detail));
    let answered = answer.as_ref().filter(|answer| may.keep && answer.model.is_some());
    let by = answered.and_then(|answer| answer.agent.as_ref());
    let keep = by.map(|agent| {
        let page = Address::of_tenant(tenant, &["agents", agent.as_str(), "tests", "new"]);
        let (href, of) = (page.with("message", message.as_str()).done(), message.to_string());
        view! {
            <a href=href>
                "Keep as a test"
                <span class="visually-hidden">" the answer to message "{of}</span>
            </a>
        }
    });
    let took = answer.map(|answer| answer_view(answer, tenant, agents));
    let trace = address::message(tenant, &message);
    let may_decide = in_doubt && may.write;
    let decide = may_decide.then(|| view! { <a href=trace.clone()>"Say whether it arrived"</a> });
    view! {
        <li class="turn" data-kind=kind id=id>
            <Avatar name=name.clone() ai=is_agent />
            <article>
                <header>
                    <strong>{name}</strong>
                    {is_agent.then(|| view! { <span class="visually-hidden">" (AI)"</span> })}
                    <Time at />
                    {edited}
                </header>
                {words_view(words, is_agent)}
                <footer class="meta">
                    {standing}
                    {took}
                    {decide}
                    {keep}
                    <a href=trace>
                        "Trace"
                        <span class="visually-hidden">" of message "{message.to_string()}</span>
                    </a>
                </footer>
            </article>
        </li>
    }
    .into_any()
}

/// An answer looks as it does in Slack; a person's words are plain already.
fn words_view(words: Words, is_answer: bool) -> AnyView {
    let said = match words {
        Words::Text(text) if is_answer => {
            return view! { <Mrkdwn text=mrkdwn::from_markdown(&text) /> }.into_any();
        }
        Words::Text(text) => return view! { <p class="words">{text}</p> }.into_any(),
        Words::TakenBack => "Taken back by whoever wrote it.",
        Words::NotKept => "Not kept: it is being answered, or never was.",
        Words::Sealed => "Sealed: the key of this tenant is gone.",
    };
    view! { <p class="words" data-gone>{said}</p> }.into_any()
}

fn standing_view(it: Standing, detail: Option<String>) -> AnyView {
    let (tone, label) = standing(it);
    let detail = detail.map(|detail| detail.replace('_', " "));
    view! { <Status tone label />{detail.map(|it| view! { <span>{it}</span> })} }.into_any()
}

/// Who answered with what, how long it took and what it cost; what is not known is left out.
fn answer_view(answer: Answer, tenant: &TenantId, agents: &[AgentLine]) -> AnyView {
    let Answer { agent, version, model, input_tokens, output_tokens, cost_micros, took_ms } =
        answer;
    let who = agent.map(|agent| {
        let version = version.map(|version| {
            let href = address::version(tenant, &agent, version);
            view! { " " <a href=href>{format!("version {version}")}</a> }
        });
        let href = address::agent(tenant, &agent);
        view! { <span><a href=href>{name(agents, agent.as_str())}</a>{version}</span> }
    });
    let tokens = input_tokens.zip(output_tokens).map(|(read, written)| {
        view! { <span>{format!("{} + {} tokens", count(read), count(written))}</span> }
    });
    view! {
        {who}
        {model.map(|model| view! { <span>{model}</span> })}
        {tokens}
        <Money micros=cost_micros />
        {took_ms.map(|millis| view! { <Duration millis /> })}
    }
    .into_any()
}
