//! A new agent: a name, and the slug that follows from it.

use axum::{
    extract::{Form, Path, Query},
    response::Response,
};
use domain::names::{slug_of, suggest};
use leptos::prelude::*;
use portal_ui::{
    Card, Crumb, FormErrors, LinkButton, PageHeader, Problem, SubmitButton, TextField,
};
use schemas::TenantId;
use serde::Deserialize;

use crate::{
    pages::form::{WITH_PROBLEMS, done, problem_of, problems},
    server::{error::PageError, render::Cx},
};

/// Names on offer.
const NAMES: usize = 8;

/// Which name was chosen of those on offer, and which names were.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    name: String,
    seed: Option<u64>,
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct NewAgent {
    name: String,
    slug: String,
}

pub(super) async fn show(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Query(Choice { name, seed }): Query<Choice>,
) -> Result<Response, PageError> {
    let slug = if name.is_empty() { String::new() } else { slug_of(&name) };
    let offer = Offer::draw(&cx, &tenant, seed).await?;
    Ok(cx.page("New agent", || view_of(&tenant, NewAgent { name, slug }, offer, Vec::new())))
}

pub(super) async fn create(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Form(typed): Form<NewAgent>,
) -> Result<Response, PageError> {
    let name = typed.name.trim();
    let slug = match typed.slug.trim() {
        "" => slug_of(name),
        slug => slug.to_owned(),
    };
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    match desk.create_agent(who, &tenant, &slug, name).await {
        Ok(written) => {
            let said = format!("{name} is here, and answers nobody yet. Next: what the job is.");
            Ok(done(&format!("/t/{tenant}/agents/{slug}"), &said, written))
        }
        Err(error) => {
            let problems = problems(error)?;
            let offer = Offer::draw(&cx, &tenant, None).await?;
            let view = || view_of(&tenant, typed, offer, problems);
            Ok(cx.page_with(WITH_PROBLEMS, "New agent", view))
        }
    }
}

/// Names that nobody here has.
struct Offer {
    names: Vec<&'static str>,
    seed: u64,
}

impl Offer {
    async fn draw(cx: &Cx, tenant: &TenantId, seed: Option<u64>) -> Result<Self, PageError> {
        let agents = cx.portal.views.agents(&cx.signed.principal, tenant, cx.now()).await?;
        let taken: Vec<_> =
            agents.iter().flat_map(|agent| [agent.name.as_str(), agent.id.as_str()]).collect();
        // Numbers that also fit an address.
        let seed = seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
        Ok(Self { names: suggest(seed, &taken, NAMES), seed })
    }
}

fn view_of(tenant: &TenantId, typed: NewAgent, offer: Offer, problems: Vec<Problem>) -> AnyView {
    let action = format!("/t/{tenant}/agents/new");
    let (name, slug) = (problem_of(&problems, "name"), problem_of(&problems, "slug"));
    let Offer { names, seed } = offer;
    let choices = names.into_iter().map(|name| {
        let href = format!("{action}?name={name}&seed={seed}");
        let current = (typed.name == name).then_some("true");
        view! { <li><a class="name-choice" href=href aria-current=current>{name}</a></li> }
    });
    let choices = choices.collect_view();
    let back = format!("/t/{tenant}/agents");
    let others = format!("{action}?seed={}", seed.wrapping_add(1));
    view! {
        <PageHeader
            title="New agent"
            lead="Begin with a name. The job, the voice and all the rest come on the next page."
            crumbs=vec![Crumb::new("Agents", back.clone())]
        />
        <Card title="Pick a name" lead="People find it easier to talk to a Mara than to a bot.">
            <ul class="name-choices" aria-label="Names to choose from">{choices}</ul>
            <p><a href=others>"Show other names"</a></p>
        </Card>
        <Card title="Name and slug">
            <form method="post" action=action class="form">
                <FormErrors problems />
                <TextField
                    name="name"
                    label="Name"
                    value=typed.name
                    error=name
                    hint="What people call it. It always says that it is an AI when somebody asks."
                    required=true
                    maxlength=200
                />
                <TextField
                    name="slug"
                    label="Slug"
                    value=typed.slug
                    error=slug
                    hint="Lower-case letters, digits and dashes. It stands in addresses and never changes; left empty, it is made from the name."
                    maxlength=40
                />
                <div class="form-actions">
                    <SubmitButton>"Create agent"</SubmitButton>
                    <LinkButton href=back>"Cancel"</LinkButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}
