//! What dead letters look like.

use std::collections::BTreeMap;

use desk::{
    LETTERS_MAX, REASON_CHARS_MAX,
    repair::{Change, GroupOfLetters, Kept},
};
use domain::letter::Group;
use leptos::prelude::*;
use portal_ui::{
    Card, CodeBlock, Column, Crumb, EmptyState, FormErrors, Icon, LinkButton, PageHeader, Problem,
    SubmitButton, Table, TextField, Time, Variant, format::counted,
};
use schemas::TenantId;

use super::{DECIDE_OF_MANY, Decided, One, PATH, Search};
use crate::pages::{address::Address, form::problem_of};

/// The most letters of one group that are listed.
const LISTED_MAX: usize = 20;

/// The most tenants that are named.
const NAMED_MAX: usize = 20;

#[derive(Default)]
pub(super) struct List {
    pub(super) search: Search,
    pub(super) groups: Vec<GroupOfLetters>,
    pub(super) kept: Vec<Kept>,
    pub(super) may_decide: bool,
}

/// The list; `wrong` is what is wrong with the tenant that was looked for.
pub(super) fn list(shown: List, wrong: Option<Problem>) -> AnyView {
    let List { search, groups, kept, may_decide } = shown;
    let all = search.decided.is_some();
    let tenant = search.tenant.trim();
    let other = Address::new(PATH).with("tenant", tenant);
    let other = if all { other } else { other.with("decided", "yes") };
    let words = if all { "Only what waits" } else { "With what was decided" };
    let none = (groups.is_empty() && wrong.is_none()).then(|| {
        view! {
            <EmptyState
                title="No dead letters"
                text="What a service cannot handle is set aside here until somebody decides."
                icon=Icon::Message
            />
        }
    });
    let groups = groups
        .into_iter()
        .map(|it| group(it, (kept.as_slice(), tenant), may_decide))
        .collect_view();
    let find = find(&search, wrong.as_ref().map(|it| it.message.clone()));
    let problems = wrong.into_iter().collect::<Vec<_>>();
    view! {
        <PageHeader
            title="Dead letters"
            lead="What could not be handled, by cause, the newest first. Each is decided once."
        >
            <LinkButton href=other.done()>{words}</LinkButton>
        </PageHeader>
        <FormErrors problems />
        <div class="stack">{find} {none} {groups}</div>
    }
    .into_any()
}

fn find(search: &Search, error: Option<String>) -> AnyView {
    let tenant = search.tenant.clone();
    let decided = search.decided.is_some().then(|| {
        view! { <input type="hidden" name="decided" value="yes" /> }
    });
    view! {
        <form method="get" action=PATH role="search" class="filters">
            {decided}
            <TextField name="tenant" label="Tenant" value=tenant error=error />
            <div class="row">
                <SubmitButton variant=Variant::Plain icon=Icon::Filter>"Filter"</SubmitButton>
            </div>
        </form>
    }
    .into_any()
}

fn group(it: GroupOfLetters, (kept, tenant): (&[Kept], &str), may_decide: bool) -> AnyView {
    let of_group = it.among(kept);
    let GroupOfLetters { group, before } = it;
    let href = Address::new(format!("{PATH}/groups/{}", group.key)).with("tenant", tenant).done();
    let title = format!("{} by {}", group.topic, group.consumer);
    let waits = of_group.iter().any(|it| it.is_open());
    let decide = (may_decide && waits)
        .then(|| view! { <p><LinkButton href dense=true>"Decide of all"</LinkButton></p> });
    let columns = vec![
        Column::new("Letter"),
        Column::new("Tenant"),
        Column::new("Set aside"),
        Column::new("Decided"),
    ];
    let newest = (LISTED_MAX < of_group.len())
        .then(|| view! { <p class="meta">{format!("The newest {LISTED_MAX} of them:")}</p> });
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
                {newest}
                <Table caption="Letters of this cause, the newest first" columns>{rows}</Table>
                {decide}
            </div>
        </Card>
    }
    .into_any()
}

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

/// One letter with its event, and the reason that was typed.
pub(super) fn one(shown: One, reason: String, problems: Vec<Problem>) -> AnyView {
    let One { kept, event, name, may_decide } = shown;
    let crumbs = vec![Crumb::new("Dead letters", PATH)];
    let waits = kept.is_open();
    let action = format!("{PATH}/{}", kept.id);
    let typed = Decided { reason, ..Decided::default() };
    let forms = (may_decide && waits).then(|| forms(action, &typed, &problems));
    let Kept { id, letter, tenant, decision } = kept;
    let attempts = counted(letter.attempts.unsigned_abs(), "attempt", "attempts");
    let lead = format!("{} by {}, {attempts}", letter.topic(), letter.consumer);
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
        <FormErrors problems />
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

/// Asks before the letters of a cause are decided, with what was typed before.
pub(super) fn confirm(
    (group, kept): (Group, Vec<Kept>),
    typed: &Decided,
    problems: Vec<Problem>,
) -> AnyView {
    let crumbs = vec![Crumb::new("Dead letters", PATH)];
    let letters = counted(group.letters.len() as u64, "letter", "letters");
    let lead = format!("{letters}: {} by {}, {}", group.topic, group.consumer, group.cause);
    let many = (LETTERS_MAX < group.letters.len()).then(|| {
        view! { <p>{format!("{LETTERS_MAX} of them are decided at a time, the oldest first.")}</p> }
    });
    let until = Some(group.last.as_millis());
    let typed = Decided { until, ..typed.clone() };
    let forms = forms(format!("{PATH}/groups/{}", group.key), &typed, &problems);
    view! {
        <PageHeader title=DECIDE_OF_MANY lead=lead crumbs />
        <FormErrors problems />
        <div class="stack">
            <p>{format!("Of {}.", whose(&kept))}</p>
            <p class="meta">
                "Set aside from " <Time at=group.first /> " to " <Time at=group.last />
                "; what comes later is not decided here."
            </p>
            {many}
            {forms}
        </div>
    }
    .into_any()
}

/// E.g. `acme (3), beta (1), nobody that can be told (2)`.
fn whose(kept: &[Kept]) -> String {
    let mut counts = BTreeMap::<Option<&str>, usize>::new();
    for it in kept {
        *counts.entry(it.tenant.as_ref().map(TenantId::as_str)).or_default() += 1;
    }
    let nobody =
        counts.remove(&None::<&str>).map(|count| format!("nobody that can be told ({count})"));
    let more = counts.len().saturating_sub(NAMED_MAX);
    let more = (0 < more).then(|| counted(more as u64, "more tenant", "more tenants"));
    let named = counts.into_iter().take(NAMED_MAX);
    let named = named.filter_map(|(tenant, count)| Some(format!("{} ({count})", tenant?)));
    named.chain(more).chain(nobody).collect::<Vec<_>>().join(", ")
}

/// Handled once more, or discarded with a reason.
fn forms(action: String, typed: &Decided, problems: &[Problem]) -> AnyView {
    let (again, wrong) = (action.clone(), problem_of(problems, "reason"));
    let hidden = || {
        let tenant = Some(typed.tenant.trim()).filter(|it| !it.is_empty()).map(str::to_owned);
        let tenant = tenant.map(|it| view! { <input type="hidden" name="tenant" value=it /> });
        let until = typed.until.map(|it| it.to_string());
        let until = until.map(|it| view! { <input type="hidden" name="until" value=it /> });
        view! { {tenant} {until} }.into_any()
    };
    let (of_retry, of_discard) = (hidden(), hidden());
    let longest = u32::try_from(REASON_CHARS_MAX).unwrap_or(u32::MAX);
    let reason = typed.reason.clone();
    view! {
        <Card title="Have it handled once more">
            <form method="post" action=again class="form">
                {of_retry}
                <p>"Nobody is answered twice: what was done already is known."</p>
                <div class="form-actions">
                    <SubmitButton name="do" value="retry">"Retry"</SubmitButton>
                </div>
            </form>
        </Card>
        <Card title="Leave it be">
            <form method="post" action=action class="form">
                {of_discard}
                <TextField
                    name="reason"
                    label="Reason"
                    value=reason
                    required=true
                    maxlength=longest
                    error=wrong
                />
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_named_with_how_many_letters_each_has() {
        let kept = |tenant: Option<&str>| {
            let letter = serde_json::from_value(serde_json::json!({
                "consumer": "dedup", "stream": "EVENTS", "sequence": 1, "subject": "events.x",
                "tenant": tenant, "event": null, "attempts": 1, "reason": "no", "at": "2026-11-22T00:00:00.000Z",
            }));
            let tenant = tenant.map(|it| it.parse().unwrap());
            Kept {
                id: "dedup-EVENTS-1".to_owned(),
                letter: letter.unwrap(),
                tenant,
                decision: None,
            }
        };
        let some = ["beta", "acme", "beta"].map(|it| kept(Some(it)));
        assert_eq!(whose(&some), "acme (1), beta (2)");
        let with_nobodys = [kept(None), kept(Some("acme"))];
        assert_eq!(whose(&with_nobodys), "acme (1), nobody that can be told (1)");
        let many: Vec<_> = (10..33).map(|nth| kept(Some(&format!("t{nth}")))).collect();
        assert!(whose(&many).ends_with("t29 (1), 3 more tenants"), "{}", whose(&many));
    }
}
