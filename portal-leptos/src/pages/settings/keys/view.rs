//! How the keys are shown.

use accounts::ApiKey;
use leptos::prelude::*;
use portal_ui::{
    Banner, Card, CodeBlock, Column, EmptyState, FormErrors, Icon, SelectField, Status,
    SubmitButton, Table, TextField, Time, Tone, Variant,
};
use schemas::Timestamp;

use super::{PAGE, Shown};
use crate::pages::form::problem_of;

pub(super) fn body(shown: Shown, now: Timestamp) -> AnyView {
    let Shown { owners, of, roles, keys, typed, problems, made } = shown;
    if owners.is_empty() && of.of.is_empty() {
        return view! {
            <Card>
                <EmptyState
                    title="No keys for you to manage"
                    text="Keys belong to tenants. Operators of a tenant make them."
                    icon=Icon::Key
                />
            </Card>
        }
        .into_any();
    }
    let made = made.map(|key| {
        view! {
            <Banner tone=Tone::Ok title="The key is made. It is shown only now">
                <CodeBlock label="New API key" code=key />
            </Banner>
        }
    });
    let choose = (1 < owners.len()).then(|| {
        view! {
            <form method="get" action=PAGE class="filters">
                <SelectField name="of" label="Keys of" choices=owners value=of.of.clone() />
                <SubmitButton variant=Variant::Plain>"Show"</SubmitButton>
            </form>
        }
    });
    let error = problem_of(&problems, "name");
    view! {
        {made}
        {choose}
        {list(keys, &of.of, now)}
        <Card title="New key" lead="A program that has it may do what its role allows.">
            <form method="post" action=PAGE class="form">
                <FormErrors problems />
                <input type="hidden" name="of" value=of.of />
                <TextField
                    name="name"
                    label="What it is for"
                    value=typed.name
                    error=error
                    required=true
                    maxlength=100
                />
                <SelectField name="role" label="Role" choices=roles value=typed.role />
                <div class="form-actions"><SubmitButton>"Make the key"</SubmitButton></div>
            </form>
        </Card>
    }
    .into_any()
}

fn list(keys: Vec<ApiKey>, of: &str, now: Timestamp) -> AnyView {
    if keys.is_empty() {
        return view! {
            <Card>
                <EmptyState
                    title="No keys yet"
                    text="Programs use the API with a key. Make the first one below."
                    icon=Icon::Key
                />
            </Card>
        }
        .into_any();
    }
    let columns = vec![
        Column::new("Key"),
        Column::new("Role"),
        Column::new("Made"),
        Column::new("Last used"),
        Column::new("State"),
        Column::new("Revoke it").hidden(),
    ];
    let rows: Vec<_> = keys.into_iter().map(|key| row(key, of.to_owned(), now)).collect();
    view! {
        <Card title="Keys" flush=true>
            <Table caption="API keys" columns>{rows}</Table>
        </Card>
    }
    .into_any()
}

fn row(key: ApiKey, of: String, now: Timestamp) -> impl IntoView {
    let used = match key.last_used_at {
        Some(at) => view! { <Time at now=Some(now) /> }.into_any(),
        None => view! { <span class="meta">"Never"</span> }.into_any(),
    };
    let is_live = key.revoked_at.is_none();
    let (tone, state) = if is_live { (Tone::Ok, "Works") } else { (Tone::Neutral, "Revoked") };
    let name = key.name.clone();
    let maker = key.maker.unwrap_or_else(|| key.created_by.to_string());
    let revoke = is_live.then(|| {
        view! {
            <form method="post" action="/settings/keys/revoke">
                <input type="hidden" name="of" value=of />
                <input type="hidden" name="key" value=key.id.to_string() />
                <SubmitButton variant=Variant::Plain dense=true>
                    "Revoke"<span class="visually-hidden">" the key " {name}</span>
                </SubmitButton>
            </form>
        }
    });
    view! {
        <tr>
            <th scope="row">
                {key.name} <span class="meta mono">{format!("{}…", key.prefix)}</span>
            </th>
            <td data-label="Role">{key.grant.word()}</td>
            <td data-label="Made">
                <Time at=key.created_at now=Some(now) /> " " <span class="meta">"by " {maker}</span>
            </td>
            <td data-label="Last used">{used}</td>
            <td data-label="State"><Status tone label=state /></td>
            <td data-label="">{revoke}</td>
        </tr>
    }
}
