//! How operators are shown.

use accounts::{OpenInvitation, Operator, PlatformRole};
use leptos::prelude::*;
use portal_ui::{
    Banner, Card, Choice, CodeBlock, Column, Crumb, Definition, DefinitionList, FormErrors, Icon,
    InputKind, LinkButton, PageHeader, Problem, SelectField, Status, SubmitButton, Table,
    TextField, Time, Tone, Variant, format::counted,
};
use schemas::Timestamp;

use super::{INVITE, Invited, PAGE, invitations};
use crate::pages::{form::problem_of, roles};

pub(super) fn list(
    all: Vec<Operator>,
    open: Vec<OpenInvitation>,
    sends_mail: bool,
    now: Timestamp,
) -> AnyView {
    let asking = all.iter().filter(|it| is_asking(it)).count();
    // Where there is mail, nobody needs an administrator for that.
    let asking = (0 < asking && !sends_mail).then(|| {
        let count = u64::try_from(asking).unwrap_or(u64::MAX);
        let title = counted(count, "operator forgot a password", "operators forgot a password");
        view! {
            <Banner tone=Tone::Info title>
                <p>"Open their page, make a link and pass it on to them. First make sure that it is them who asked."</p>
            </Banner>
        }
    });
    let columns = vec![
        Column::new("Operator"),
        Column::new("Role here"),
        Column::new("Second factor"),
        Column::new("State"),
        Column::new("Since"),
    ];
    let rows: Vec<_> = all.into_iter().map(|it| row(it, now)).collect();
    view! {
        <PageHeader title="Operators" lead="Everybody who signs in to this portal.">
            <LinkButton href=INVITE variant=Variant::Primary icon=Icon::Plus>
                "Invite an operator"
            </LinkButton>
        </PageHeader>
        <div class="stack">
            {asking}
            <Card flush=true>
                <Table caption="Operators" columns>{rows}</Table>
            </Card>
            {invitations::list(open, now)}
        </div>
    }
    .into_any()
}

fn row(it: Operator, now: Timestamp) -> impl IntoView {
    let (tone, state) = state(&it);
    let (of_factor, factor) = factor(&it);
    view! {
        <tr>
            <th scope="row">
                <a href=format!("{PAGE}/{}", it.id)>{it.name}</a>
                <span class="meta">{it.email}</span>
            </th>
            <td data-label="Role here">{role(it.platform)}</td>
            <td data-label="Second factor"><Status tone=of_factor label=factor /></td>
            <td data-label="State"><Status tone label=state /></td>
            <td data-label="Since"><Time at=it.created_at now=Some(now) /></td>
        </tr>
    }
}

fn is_asking(it: &Operator) -> bool {
    it.reset_asked_at.is_some() && it.disabled_at.is_none()
}

fn state(it: &Operator) -> (Tone, &'static str) {
    match it.disabled_at {
        Some(_) => (Tone::Neutral, "Disabled"),
        None if is_asking(it) => (Tone::Info, "Forgot the password"),
        None if !it.has_password && !it.is_linked => (Tone::Warn, "Has no password"),
        None => (Tone::Ok, "Active"),
    }
}

fn factor(it: &Operator) -> (Tone, &'static str) {
    if it.has_totp { (Tone::Ok, "Set up") } else { (Tone::Warn, "Not set up") }
}

fn role(role: Option<PlatformRole>) -> &'static str {
    match role {
        Some(PlatformRole::Administrator) => "Administrator",
        Some(PlatformRole::Engineer) => "Engineer",
        None => "In tenants only",
    }
}

pub(super) fn invite(typed: Invited, problems: Vec<Problem>) -> AnyView {
    let error = problem_of(&problems, "email");
    let choices = [PlatformRole::Engineer, PlatformRole::Administrator].map(roles::of_platform);
    view! {
        <PageHeader
            title="Invite an operator"
            lead="To a role over this whole installation. Invite people who work for one tenant from that tenant's members."
            crumbs=vec![Crumb::new("Operators", PAGE)]
        />
        <Card>
            <form method="post" action=INVITE class="form">
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
                <SelectField name="role" label="Role" choices=choices.to_vec() value=typed.role />
                <div class="form-actions">
                    <SubmitButton>"Invite"</SubmitButton>
                    <LinkButton href=PAGE>"Cancel"</LinkButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}

pub(super) fn link(link: &str, email: String, works_for: &'static str, back: String) -> AnyView {
    let code = link.to_owned();
    view! {
        <PageHeader title="A link to pass on" lead="It was not mailed." />
        <Card>
            <div class="stack">
                <p>
                    "Give this link to " <strong>{email}</strong> " and to nobody else. It works once, for "
                    {works_for} ", and is shown only now."
                </p>
                <CodeBlock label="Link" code />
                <div class="form-actions"><LinkButton href=back>"Done"</LinkButton></div>
            </div>
        </Card>
    }
    .into_any()
}

pub(super) fn one(
    it: Operator,
    is_own: bool,
    (problems, provider): (Vec<Problem>, &str),
    now: Timestamp,
) -> AnyView {
    let (tone, label) = state(&it);
    let (of_factor, factor) = factor(&it);
    let asked = it.reset_asked_at.map(|at| {
        view! { <Definition term="Forgot the password"><Time at now=Some(now) /></Definition> }
    });
    let linked = it.is_linked.then(|| {
        let term = provider.to_owned();
        view! { <Definition term><Status tone=Tone::Ok label="Signs them in" /></Definition> }
    });
    let (email, since) = (it.email.clone(), it.created_at);
    let facts = view! {
        <Card>
            <DefinitionList>
                <Definition term="E-mail">{email}</Definition>
                <Definition term="State"><Status tone label /></Definition>
                <Definition term="Second factor"><Status tone=of_factor label=factor /></Definition>
                {linked}
                <Definition term="Since"><Time at=since now=Some(now) /></Definition>
                {asked}
            </DefinitionList>
        </Card>
    };
    let crumbs = vec![Crumb::new("Operators", PAGE)];
    let own = is_own.then(|| {
        view! { <Banner tone=Tone::Info title="This is you: what you change here ends your session" /> }
    });
    view! {
        <PageHeader title=it.name.clone() crumbs />
        <div class="stack">
            <FormErrors problems /> {own} {facts} {role_card(&it)} {help_card(&it)}
            {link_card(&it, provider)} {access_card(&it)}
        </div>
    }
    .into_any()
}

fn role_card(it: &Operator) -> AnyView {
    let mut choices = vec![Choice::new("", "None: sees only tenants where they are a member")];
    choices.extend([PlatformRole::Engineer, PlatformRole::Administrator].map(roles::of_platform));
    let value = it.platform.map_or("", roles::platform_words);
    let action = action(it, "role");
    view! {
        <Card title="Role over the installation" lead="When it changes, their sessions end, and the keys and links that they made and may no longer make.">
            <form method="post" action=action class="form">
                <SelectField name="role" label="Role" choices value />
                <div class="form-actions">
                    <SubmitButton variant=Variant::Plain>"Change the role"</SubmitButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}

/// Ways back in.
fn help_card(it: &Operator) -> Option<AnyView> {
    if it.disabled_at.is_some() {
        return None;
    }
    let (make, remove) = (action(it, "reset-link"), action(it, "second-factor"));
    let lost = it.has_totp.then(|| {
        view! {
            <form method="post" action=remove class="inline-form">
                <SubmitButton variant=Variant::Danger>"Remove the second factor"</SubmitButton>
            </form>
        }
    });
    let about_lost = it.has_totp.then(|| {
        view! {
            <p>
                "Whoever lost the phone and the recovery codes needs both anew: removing the second factor also removes the password, and makes a link."
            </p>
        }
    });
    Some(
        view! {
            <Card title="Help them back in" lead="Make sure that it is them who asks.">
                <div class="stack" data-gap="small">
                    <p>"Whoever forgot the password needs a link to choose another one."</p>
                    {about_lost}
                    <div class="form-actions">
                        <form method="post" action=make class="inline-form">
                            <SubmitButton variant=Variant::Plain>"Make a link"</SubmitButton>
                        </form>
                        {lost}
                    </div>
                </div>
            </Card>
        }
        .into_any(),
    )
}

/// Who they are at the provider of identities, to be forgotten.
fn link_card(it: &Operator, provider: &str) -> Option<AnyView> {
    let (action, title) = (action(it, "unlink"), provider.to_owned());
    let lead = "For somebody who has another account there now. Their sessions end, and the next one \
                who comes from there with their e-mail is them.";
    it.is_linked.then(|| {
        view! {
            <Card title lead>
                <form method="post" action=action>
                    <SubmitButton variant=Variant::Danger>"Take the link away"</SubmitButton>
                </form>
            </Card>
        }
        .into_any()
    })
}

fn access_card(it: &Operator) -> AnyView {
    let (enable, disable) = (action(it, "enable"), action(it, "disable"));
    if it.disabled_at.is_some() {
        return view! {
            <Card title="Access" lead="They cannot sign in.">
                <form method="post" action=enable>
                    <SubmitButton variant=Variant::Plain>"Let them sign in again"</SubmitButton>
                </form>
            </Card>
        }
        .into_any();
    }
    view! {
        <Card title="Access" lead="Their sessions end at once, and so do the links and keys that they made.">
            <form method="post" action=disable>
                <SubmitButton variant=Variant::Danger>"Disable this account"</SubmitButton>
            </form>
        </Card>
    }
    .into_any()
}

/// Where a form about them is sent.
fn action(it: &Operator, what: &str) -> String {
    format!("{PAGE}/{}/{what}", it.id)
}
