//! What dead letters look like.

use desk::{
    LETTERS_MAX,
    repair::{Change, GroupOfLetters, Kept},
};
use leptos::prelude::*;
use portal_ui::{
    Card, CodeBlock, Column, Crumb, EmptyState, Icon, LinkButton, PageHeader, SubmitButton, Table,
    TextField, Time, Variant, format::counted,
};

use super::{PATH, Search};
use crate::pages::address::Address;

/// The most letters of one group that are listed.
const LISTED_MAX: usize = 20;

pub(super) struct List {
    pub(super) search: Search,
    pub(super) groups: Vec<GroupOfLetters>,
    pub(super) kept: Vec<Kept>,
    pub(super) may_decide: bool,
}

pub(super) fn list(shown: List) -> AnyView {
    let List { search, groups, kept, may_decide } = shown;
    let all = search.decided.is_some();
    let other = Address::new(PATH).with("tenant", search.tenant.trim());
    let other = if all { other } else { other.with("decided", "yes") };
    let words = if all { "Only what waits" } else { "With what was decided" };
    let is_empty = groups.is_empty();
    let groups = groups.into_iter().map(|it| group(it, &kept, may_decide)).collect_view();
    let none = is_empty.then(|| {
        view! {
            <EmptyState
                title="No dead letters"
                text="What a service cannot handle is set aside here until somebody decides."
                icon=Icon::Message
            />
        }
    });
    view! {
        <PageHeader
            title="Dead letters"
            lead="What could not be handled, by cause, the newest first. Each is decided once."
        >
            <LinkButton href=other.done()>{words}</LinkButton>
        </PageHeader>
        <div class="stack">{none} {groups}</div>
    }
    .into_any()
}

fn group(it: GroupOfLetters, kept: &[Kept], may_decide: bool) -> AnyView {
    let of_group = it.among(kept);
    let GroupOfLetters { group, before } = it;
    let href = format!("{PATH}/groups/{}", group.key);
    let title = format!("{} by {}", group.topic, group.consumer);
    let waits = of_group.iter().any(|it| it.is_open());
    let decide = (may_decide && waits)
        .then(|| view! { <LinkButton href dense=true>"Decide of all"</LinkButton> });
    let columns = vec![
        Column::new("Letter"),
        Column::new("Tenant"),
        Column::new("Set aside"),
        Column::new("Decided"),
    ];
    let rows = of_group.into_iter().rev().take(LISTED_MAX).map(row).collect_view();
    let letters = counted(group.letters.len() as u64, "letter", "letters");
    view! {
        <Card title=title lead=group.cause>
            <div class="stack" data-gap="small">
                <p class="meta">
                    {letters} ", from " <Time at=group.first /> " to "
                    <Time at=group.last />
                </p>
                {changes(before)}
                <Table caption="Letters of this cause, the newest first" columns>{rows}</Table>
                {decide}
            </div>
        </Card>
    }
    .into_any()
}

/// What was changed last before the first letter came; it need not be why.
fn changes(before: Vec<Change>) -> Option<AnyView> {
    if before.is_empty() {
        return None;
    }
    let line = |change: Change| {
        let Change { tenant, kind, entity, by, at } = change;
        let who = by.operator.unwrap_or(by.via);
        view! { <li>{format!("{kind} of {tenant} ({entity}) by {who}, ")}<Time at /></li> }
    };
    let lines = before.into_iter().map(line).collect_view();
    Some(
        view! {
            <p class="meta">"Changed last before the first of them:"</p>
            <ul>{lines}</ul>
        }
        .into_any(),
    )
}

fn row(kept: &Kept) -> AnyView {
    let href = format!("{PATH}/{}", kept.id);
    let tenant = kept.tenant.as_ref().map(ToString::to_string);
    let decided = kept.decision.as_ref().map(|it| it.verb.as_str());
    let (id, at) = (kept.id.clone(), kept.letter.at);
    view! {
        <tr>
            <th scope="row"><a href=href>{id}</a></th>
            <td data-label="Tenant">{tenant}</td>
            <td data-label="Set aside"><Time at /></td>
            <td data-label="Decided">{decided}</td>
        </tr>
    }
    .into_any()
}

/// One letter with its event; `name` is what whoever decided of it is called.
pub(super) fn one(
    kept: Kept,
    event: Option<Vec<u8>>,
    name: Option<String>,
    may_decide: bool,
) -> AnyView {
    let crumbs = vec![Crumb::new("Dead letters", PATH)];
    let waits = kept.is_open();
    let action = format!("{PATH}/{}", kept.id);
    let forms = (may_decide && waits).then(|| forms(action));
    let Kept { id, letter, tenant, decision } = kept;
    let lead = format!("{} by {}, {} attempts", letter.topic(), letter.consumer, letter.attempts);
    let tenant = tenant.map_or_else(|| "nobody can tell whose it is".to_owned(), String::from);
    let decided = decision.map(|it| {
        let who = name.or(it.by.operator).unwrap_or(it.by.via);
        let why = it.reason.map(|why| format!(": {why}")).unwrap_or_default();
        view! { <p>{format!("It was {} by {who}{why}, ", it.verb.as_str())}<Time at=it.at /></p> }
    });
    let event = event.map(|bytes| {
        let parsed = serde_json::from_slice::<serde_json::Value>(&bytes);
        let text = parsed.ok().and_then(|it| serde_json::to_string_pretty(&it).ok());
        text.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned())
    });
    let event = event.unwrap_or_else(|| "It is no longer on the log.".to_owned());
    view! {
        <PageHeader title=id lead=lead crumbs />
        <div class="stack">
            <Card title="Why it was set aside">
                <p>{letter.reason}</p>
                <p class="meta">"Tenant: " {tenant} ", set aside " <Time at=letter.at /></p>
                {decided}
            </Card>
            {forms}
            <CodeBlock label="Its event; what people wrote is sealed" code=event />
        </div>
    }
    .into_any()
}

pub(super) fn confirm(found: GroupOfLetters) -> AnyView {
    let crumbs = vec![Crumb::new("Dead letters", PATH)];
    let group = found.group;
    let letters = counted(group.letters.len() as u64, "letter", "letters");
    let lead = format!("{letters}: {} by {}, {}", group.topic, group.consumer, group.cause);
    let many = (LETTERS_MAX < group.letters.len()).then(|| {
        view! { <p>{format!("{LETTERS_MAX} of them are decided at a time, the oldest first.")}</p> }
    });
    view! {
        <PageHeader title="Decide of dead letters" lead=lead crumbs />
        <div class="stack">{many} {forms(format!("{PATH}/groups/{}", group.key))}</div>
    }
    .into_any()
}

/// Handled once more, or discarded with a reason.
fn forms(action: String) -> AnyView {
    let again = action.clone();
    view! {
        <Card title="Have it handled once more">
            <form method="post" action=again class="form">
                <p>"Nobody is answered twice: what was done already is known."</p>
                <div class="form-actions">
                    <SubmitButton name="do" value="retry">"Retry"</SubmitButton>
                </div>
            </form>
        </Card>
        <Card title="Leave it be">
            <form method="post" action=action class="form">
                <TextField name="reason" label="Why" required=true />
                <div class="form-actions">
                    <SubmitButton name="do" value="discard" variant=Variant::Danger>
                        "Discard"
                    </SubmitButton>
                    <LinkButton href=PATH>"Back to the list"</LinkButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}
