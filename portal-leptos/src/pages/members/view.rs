//! How members are shown.

use accounts::{Member, TenantRole};
use leptos::prelude::*;
use portal_ui::{
    Card, Column, EmptyState, FormErrors, Icon, InputKind, PageHeader, Problem, SelectField,
    Status, SubmitButton, Table, TextField, Time, Tone, Variant,
};
use schemas::Timestamp;

use super::{Invited, Shown, address};
use crate::pages::{form::problem_of, roles};

pub(super) fn body(shown: Shown, now: Timestamp) -> AnyView {
    let Shown { tenant, name, members, may_change, typed, problems } = shown;
    let at = address(&tenant);
    let title = format!("Members of {name}");
    let list = list(members, &at, may_change, now);
    let invite = may_change.then(|| invite(&at, typed, problems));
    view! {
        <PageHeader title lead="Who works for this tenant. Administrators of the installation see it too, and are not listed." />
        <div class="stack">{list} {invite}</div>
    }
    .into_any()
}

fn list(members: Vec<Member>, at: &str, may_change: bool, now: Timestamp) -> AnyView {
    if members.is_empty() {
        let text = if may_change {
            "Invite the first one below."
        } else {
            "Administrators of the installation invite them."
        };
        return view! { <Card><EmptyState title="No members yet" text icon=Icon::Users /></Card> }
            .into_any();
    }
    let mut columns = vec![
        Column::new("Member"),
        Column::new("Role"),
        Column::new("State"),
        Column::new("Since"),
    ];
    if may_change {
        columns.push(Column::new("Change").hidden());
    }
    let rows: Vec<_> =
        members.into_iter().map(|it| row(it, at.to_owned(), may_change, now)).collect();
    view! { <Card flush=true><Table caption="Members" columns>{rows}</Table></Card> }.into_any()
}

fn row(it: Member, at: String, may_change: bool, now: Timestamp) -> impl IntoView {
    let (tone, state) =
        if it.is_disabled { (Tone::Neutral, "Disabled") } else { (Tone::Ok, "Active") };
    let other = match it.role {
        TenantRole::Operator => TenantRole::Viewer,
        TenantRole::Viewer => TenantRole::Operator,
    };
    let change = may_change.then(|| {
        let (one, two) = (it.operator.to_string(), it.operator.to_string());
        let (of, from) = (it.name.clone(), it.name.clone());
        view! {
            <td data-label="">
                <div class="row">
                    <form method="post" action=format!("{at}/role")>
                        <input type="hidden" name="operator" value=one />
                        <input type="hidden" name="role" value=roles::tenant_words(other) />
                        <SubmitButton variant=Variant::Plain dense=true>
                            {format!("Make {}", roles::tenant_words(other))}
                            <span class="visually-hidden">": " {of}</span>
                        </SubmitButton>
                    </form>
                    <form method="post" action=format!("{at}/remove")>
                        <input type="hidden" name="operator" value=two />
                        <SubmitButton variant=Variant::Plain dense=true>
                            "Remove"<span class="visually-hidden">" " {from}</span>
                        </SubmitButton>
                    </form>
                </div>
            </td>
        }
    });
    view! {
        <tr>
            <th scope="row">{it.name} <span class="meta">{it.email}</span></th>
            <td data-label="Role">{roles::tenant_words(it.role)}</td>
            <td data-label="State"><Status tone label=state /></td>
            <td data-label="Since"><Time at=it.since now=Some(now) /></td>
            {change}
        </tr>
    }
}

fn invite(at: &str, typed: Invited, problems: Vec<Problem>) -> impl IntoView + use<> {
    let (error, action) = (problem_of(&problems, "email"), format!("{at}/invite"));
    let choices = [TenantRole::Viewer, TenantRole::Operator].map(roles::of_tenant).to_vec();
    view! {
        <Card title="Invite a member" lead="They get a link that works once, for 72 hours.">
            <form method="post" action=action class="form">
                <FormErrors problems />
                <TextField
                    name="email"
                    label="E-mail"
                    kind=InputKind::Email
                    value=typed.email
                    error=error
                    required=true
                    autocomplete="off"
                    maxlength=254
                />
                <SelectField name="role" label="Role" choices value=typed.role />
                <div class="form-actions"><SubmitButton>"Invite"</SubmitButton></div>
            </form>
        </Card>
    }
}
