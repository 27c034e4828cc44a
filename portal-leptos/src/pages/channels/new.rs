//! Connecting a Slack workspace, step by step.

use axum::{
    extract::{Form, Path},
    response::Response,
};
use desk::{ConnectSlack, DeskError, Permission};
use domain::secret::Secret;
use leptos::prelude::*;
use portal_ui::{
    Banner, Card, CodeBlock, Crumb, FormErrors, InputKind, LinkButton, PageHeader, Problem,
    SelectField, SubmitButton, TextField, Tone,
};
use schemas::TenantId;
use serde::Deserialize;
use views::{AgentLine, AgentState};

use super::{
    choices,
    manifest::{EVENTS, Manifest, SCOPES},
};
use crate::{
    pages::form::{WITH_PROBLEMS, done, problem_of, problems},
    server::{
        error::PageError,
        render::Cx,
        routes::{Need, Routes},
    },
};

const PATH: &str = "/t/{tenant}/channels/slack/new";

pub(super) fn routes() -> Routes {
    let write = Need::Tenant(Permission::ChannelsWrite);
    Routes::default().get(PATH, write, new).post(PATH, write, connect)
}

/// What was filled in. The token is not sent back, whatever was wrong.
#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    agent: String,
    #[serde(default)]
    bot_token: String,
}

async fn new(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    let agents = agents(&cx, &tenant).await?;
    Ok(cx.page("Connect Slack", || page(&cx, &tenant, &agents, "", Vec::new())))
}

async fn connect(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Form(wish): Form<Wish>,
) -> Result<Response, PageError> {
    let agents = agents(&cx, &tenant).await?;
    let problems = match attempt(&cx, &tenant, &wish).await {
        Ok(written) => {
            let said = "Slack is connected. Invite the agent to a channel, then say hello to it.";
            return Ok(done(&format!("/t/{tenant}/channels"), said, written));
        }
        Err(error) => problems(error)?.into_iter().map(about_this_form).collect(),
    };
    Ok(cx.page_with(WITH_PROBLEMS, "Connect Slack", || {
        page(&cx, &tenant, &agents, &wish.agent, problems)
    }))
}

async fn attempt(cx: &Cx, tenant: &TenantId, wish: &Wish) -> Result<desk::Written, DeskError> {
    let invalid = |field, problem: &str| {
        DeskError::Invalid(vec![domain::fields::FieldProblem::new(field, problem)])
    };
    let agent = wish.agent.parse().map_err(|_| invalid("agent", "is not chosen"))?;
    let token = wish.bot_token.trim();
    if !token.is_empty() && !token.starts_with("xoxb-") {
        return Err(invalid("bot_token", "is another kind of token: it begins with xoxb-"));
    }
    let bot_token = Secret::from(token.to_owned());
    let wish = ConnectSlack { team_id: None, bot_user_id: None, bot_token, agent };
    cx.portal.desk.connect_slack(&cx.signed.principal, tenant, wish).await
}

/// The workspace is not asked for here: the token says it.
fn about_this_form(problem: Problem) -> Problem {
    match problem.message.strip_prefix("Team id ") {
        Some(rest) => {
            let message = format!("The token's workspace {rest}");
            Problem { field: "bot_token".to_owned(), message }
        }
        None => problem,
    }
}

async fn agents(cx: &Cx, tenant: &TenantId) -> Result<Vec<AgentLine>, PageError> {
    Ok(cx.portal.views.agents(&cx.signed.principal, tenant, cx.now()).await?)
}

fn page(
    cx: &Cx,
    tenant: &TenantId,
    agents: &[AgentLine],
    chosen: &str,
    problems: Vec<Problem>,
) -> AnyView {
    let named = agents.iter().find(|agent| agent.state == AgentState::Published);
    let named = named.or(agents.first()).map_or("Konstruct", |agent| agent.name.as_str());
    let manifest = Manifest::new(named, &cx.portal.gateway_url);
    let crumbs = vec![Crumb::new("Channels", format!("/t/{tenant}/channels"))];
    let (events_url, reachable) = (manifest.events_url().to_owned(), manifest.is_reachable());
    let unreachable = (!reachable).then(|| {
        view! {
            <Banner tone=Tone::Warn title="Slack cannot reach this installation yet">
                <p>
                    "Slack sends messages to an HTTPS address. This installation's is "
                    <code>{events_url}</code> "; whoever runs it sets KONSTRUCT_GATEWAY_URL."
                </p>
            </Banner>
        }
    });
    let (app, form) = (app(&manifest), form(tenant, agents, chosen, &problems));
    view! {
        <PageHeader
            title="Connect Slack"
            lead="Three steps. Slack asks for your approval as an administrator of the workspace."
            crumbs
        />
        <FormErrors problems />
        {unreachable}
        <Card title="1. Make the app in Slack">{app}</Card>
        <Card title="2. Install it">{install()}</Card>
        <Card title="3. Give it a token and an agent">{form}</Card>
    }
    .into_any()
}

fn app(manifest: &Manifest) -> AnyView {
    let meanings = |all: &[(&'static str, &'static str)]| {
        all.iter()
            .map(|(name, why)| view! { <div><dt class="mono">{*name}</dt><dd>{*why}</dd></div> })
            .collect_view()
    };
    view! {
        <div class="stack">
            <ol>
                <li>
                    "Open " <a href="https://api.slack.com/apps" rel="noreferrer">
                        "api.slack.com/apps"
                    </a> ", choose “Create New App”, then “From a manifest”, and pick the workspace."
                </li>
                <li>"Paste this manifest, and create the app."</li>
                <li>
                    "Under “Basic Information”, copy the signing secret to whoever runs this installation: it is its setting "
                    <code>"KONSTRUCT_SLACK_SIGNING_SECRET"</code> "."
                </li>
            </ol>
            <CodeBlock label="Manifest (YAML)" code=manifest.yaml() />
            <details>
                <summary>"The same as JSON"</summary>
                <CodeBlock label="Manifest (JSON)" code=manifest.json() />
            </details>
            <details open>
                <summary>"What the app may do, and why"</summary>
                <dl class="definitions meanings">{meanings(&SCOPES)}</dl>
            </details>
            <details>
                <summary>"What Slack tells us of"</summary>
                <dl class="definitions meanings">{meanings(&EVENTS)}</dl>
            </details>
        </div>
    }
    .into_any()
}

fn install() -> AnyView {
    view! {
        <ol>
            <li>"In the app's settings, open “Install App” and install it to the workspace."</li>
            <li>"Copy the “Bot User OAuth Token”. It begins with " <code>"xoxb-"</code> "."</li>
        </ol>
    }
    .into_any()
}

fn form(tenant: &TenantId, agents: &[AgentLine], chosen: &str, problems: &[Problem]) -> AnyView {
    let choices = choices(agents);
    if choices.is_empty() {
        return view! {
            <p>"There is no agent to answer yet."</p>
            <LinkButton href=format!("/t/{tenant}/agents/new")>"Hire the first agent"</LinkButton>
        }
        .into_any();
    }
    let hint = "We ask Slack whose it is, then keep it sealed. It is never shown again.";
    view! {
        <form method="post" action=format!("/t/{tenant}/channels/slack/new") class="stack">
            <TextField
                name="bot_token"
                label="Bot token"
                kind=InputKind::Password
                autocomplete="off"
                required=true
                hint
                error=problem_of(problems, "bot_token")
            />
            <SelectField
                name="agent"
                label="Who answers"
                choices
                value=chosen.to_owned()
                error=problem_of(problems, "agent")
            />
            <div class="form-actions">
                <SubmitButton>"Check the token and connect"</SubmitButton>
                <LinkButton href=format!("/t/{tenant}/channels")>"Cancel"</LinkButton>
            </div>
        </form>
    }
    .into_any()
}
