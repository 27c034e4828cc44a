//! The form of a tool.

use domain::tool::TIMEOUT_SECONDS_MAX;
use leptos::prelude::*;
use portal_ui::{
    Card, Checkbox, Choice, CodeBlock, FormErrors, InputKind, LinkButton, Problem, SelectField,
    SubmitButton, TextAreaField, TextField, Variant,
};
use schemas::TenantId;

use super::{
    Found,
    headers::rows,
    kinds::Kind,
    typed::{METHODS, Typed},
    users,
};
use crate::pages::form::{enter_saves, problem_of};

/// What the form is made of.
pub(super) struct Shown<'a> {
    pub(super) action: String,
    /// Where to go without saving.
    pub(super) back: String,
    /// The tool as it is; nothing of one that comes.
    pub(super) found: Option<&'a Found>,
    /// Whether whoever looks may let it into the installation's networks.
    pub(super) may_open: bool,
    pub(super) typed: Typed,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn form(tenant: &TenantId, shown: Shown<'_>) -> AnyView {
    let Shown { action, back, found, may_open, typed, problems } = shown;
    let have = found.map(|found| {
        let have = users(tenant, &found.users);
        view! { <Card title="Agents that have it"><p>{have}</p></Card> }
    });
    let remove = found.map(|_| {
        let href = format!("{action}/remove");
        view! { <LinkButton href variant=Variant::Quiet>"Remove…"</LinkButton> }
    });
    let what = what(found.is_none(), &typed, &problems);
    let how = match typed.kind {
        Kind::Http => request(&typed, &problems),
        Kind::Mcp => server(&typed, &problems),
    };
    let bounds = bounds(may_open, &typed, &problems);
    let headers = rows(&typed, &problems);
    let wrong = problem_of(&problems, "headers");
    let wrong = wrong.map(|text| view! { <p class="field-error">{text}</p> });
    let save = if found.is_some() { "Save" } else { "Add the tool" };
    view! {
        <form method="post" action=action class="stack tool-form" novalidate>
            {enter_saves()}
            <FormErrors problems />
            <input type="hidden" name="kind" value=typed.kind.word() />
            <input type="hidden" name="seen" value=typed.seen.clone() />
            <Card title="What it is for">{what}</Card>
            <Card title="What is called">{how}</Card>
            <Card
                title="Headers"
                lead="What goes with each call, such as a key. The agent never sees them."
            >
                <div class="stack" data-gap="small">{wrong} {headers}</div>
            </Card>
            <Card title="Bounds">{bounds}</Card>
            {have}
            <div class="form-actions">
                <SubmitButton name="do" value="save">{save}</SubmitButton>
                <LinkButton href=back>"Cancel"</LinkButton>
                {remove}
            </div>
        </form>
    }
    .into_any()
}

fn what(is_new: bool, typed: &Typed, problems: &[Problem]) -> AnyView {
    let (slug, text) = (problem_of(problems, "slug"), problem_of(problems, "description"));
    let slug = is_new.then(|| {
        view! {
            <TextField
                name="slug"
                label="Slug"
                value=typed.slug.clone()
                error=slug
                hint="By which agents name it: lower-case letters, digits and dashes. It never changes."
                placeholder="order-status"
                required=true
                maxlength=40
                autocomplete="off"
            />
        }
    });
    view! {
        <div class="stack">
            {slug}
            <TextAreaField
                name="description"
                label="Description"
                value=typed.description.clone()
                error=text
                hint="What it does and when to use it. The model decides by this, so write it as you would for a new colleague."
                placeholder="Looks up an order by its number, and says where the parcel is."
                required=true
                rows=3
            />
        </div>
    }
    .into_any()
}

/// An example of what the two fields together look like.
const EXAMPLE: &str = r#"https://api.acme.example/orders/{order}?full={full}

{
  "type": "object",
  "properties": {
    "order": { "type": "string", "description": "Its number, such as A-1007" },
    "full": { "type": "boolean" }
  },
  "required": ["order"]
}"#;

fn request(typed: &Typed, problems: &[Problem]) -> AnyView {
    let error = |field: &str| problem_of(problems, field);
    let methods = METHODS.map(|method| Choice::new(method.as_str(), method.as_str()));
    view! {
        <div class="stack">
            <div class="tool-line">
                <SelectField
                    name="http_method"
                    label="Method"
                    choices=methods.into()
                    value=typed.method.clone()
                    error=error("http_method")
                />
                <TextField
                    name="url"
                    label="Address"
                    value=typed.url.clone()
                    error=error("url")
                    placeholder="https://api.acme.example/orders/{order}"
                    required=true
                    autocomplete="off"
                />
            </div>
            <p class="meta">
                "What the agent fills in stands in braces. What the address does not name is sent as JSON in the body; GET and DELETE have none."
            </p>
            <TextAreaField
                name="arguments"
                label="What the agent fills in"
                value=typed.arguments.clone()
                error=error("arguments")
                hint="A JSON schema of an object. What stands in the path must be required."
                required=true
                rows=8
            />
            <details>
                <summary>"Show an example"</summary>
                <CodeBlock label="An address, and the schema that goes with it" code=EXAMPLE />
            </details>
        </div>
    }
    .into_any()
}

fn server(typed: &Typed, problems: &[Problem]) -> AnyView {
    let error = |field: &str| problem_of(problems, field);
    view! {
        <div class="stack">
            <TextField
                name="url"
                label="Address"
                value=typed.url.clone()
                error=error("url")
                hint="Where it speaks streamable HTTP."
                placeholder="https://crm.acme.example/mcp"
                required=true
                autocomplete="off"
            />
            <TextAreaField
                name="tools"
                label="Which of its tools"
                value=typed.tools.clone()
                error=error("tools")
                hint="One name a line, as the server calls it. Left empty, all of them are offered."
                placeholder="find_customer"
                rows=4
            />
        </div>
    }
    .into_any()
}

fn bounds(may_open: bool, typed: &Typed, problems: &[Problem]) -> AnyView {
    let error = |field: &str| problem_of(problems, field);
    let private = match (may_open, typed.allow_private) {
        (true, is_open) => view! {
            <Checkbox
                name="allow_private"
                label="It may stand in a private network"
                checked=is_open
                hint="One that this installation has opened to tools, and there without TLS too. Else it must be on the public internet."
                error=error("allow_private")
            />
        }
        .into_any(),
        (false, true) => view! {
            <input type="hidden" name="allow_private" value="on" />
            <p class="meta" id="field-allow_private" tabindex="-1">
                "It may stand in a private network, so only an administrator of this installation changes it."
            </p>
        }
        .into_any(),
        (false, false) => view! {
            <p class="meta">
                "It must be on the public internet. An administrator of this installation may let it into a private network."
            </p>
        }
        .into_any(),
    };
    view! {
        <div class="stack">
            <TextField
                name="timeout_seconds"
                label="Longest call, in seconds"
                kind=InputKind::Number
                value=typed.timeout_seconds.clone()
                error=error("timeout_seconds")
                hint="After that the agent is told that it took too long."
                min="1"
                max=TIMEOUT_SECONDS_MAX.to_string()
                required=true
            />
            {private}
        </div>
    }
    .into_any()
}
