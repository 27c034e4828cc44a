//! One workspace: how it is doing, who answers there, a test message, and letting it go.

use axum::{
    extract::{Form, Path},
    response::Response,
};
use desk::Permission;
use domain::fields::FieldProblem;
use leptos::prelude::*;
use portal_ui::{
    Banner, Card, Crumb, Definition, DefinitionList, FormErrors, PageHeader, Problem, SelectField,
    Status, SubmitButton, TextField, Tone, Variant,
};
use schemas::{ConnectionId, ConnectionStatus, TenantId};
use serde::Deserialize;
use views::{AgentLine, ConnectionLine};

use super::{choices, health, named, trouble, when};
use crate::{
    pages::{
        form::{WITH_PROBLEMS, done, go, problem_of, problems},
        settings::confirm_first,
    },
    server::{
        error::PageError,
        flash::Flash,
        render::Cx,
        routes::{Need, Routes},
    },
};

/// What a test message says when nobody writes something else.
const HELLO: &str = "Hello. This is a test from Konstruct: I can write here.";

pub(super) fn routes() -> Routes {
    let read = Need::Tenant(Permission::ChannelsRead);
    let write = Need::Tenant(Permission::ChannelsWrite);
    Routes::default()
        .get("/t/{tenant}/channels/{connection}", read, show)
        .post("/t/{tenant}/channels/{connection}/agent", write, lead)
        .post("/t/{tenant}/channels/{connection}/test", write, test)
        .post("/t/{tenant}/channels/{connection}/disconnect", write, disconnect)
}

type At = Path<(TenantId, ConnectionId)>;

/// What the page is made of.
struct Shown {
    tenant: TenantId,
    line: ConnectionLine,
    agents: Vec<AgentLine>,
    may_write: bool,
}

/// What was typed, in whichever form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Typed {
    agent: Option<String>,
    channel: String,
    text: Option<String>,
    workspace: String,
}

async fn load(cx: &Cx, (tenant, id): (TenantId, ConnectionId)) -> Result<Shown, PageError> {
    let (views, who) = (&cx.portal.views, &cx.signed.principal);
    let lines = views.connections(who, &tenant, cx.now()).await?;
    let line =
        lines.into_iter().find(|line| line.connection.id == id).ok_or(PageError::NotFound)?;
    let agents = views.agents(who, &tenant, cx.now()).await?;
    let may_write = who.require(Permission::ChannelsWrite, &tenant).is_ok();
    Ok(Shown { tenant, line, agents, may_write })
}

async fn show(cx: Cx, Path(at): At) -> Result<Response, PageError> {
    let shown = load(&cx, at).await?;
    let title = title(&shown);
    Ok(cx.page(&title, || page(&cx, shown, Typed::default(), Vec::new())))
}

async fn lead(cx: Cx, Path(at): At, Form(typed): Form<Typed>) -> Result<Response, PageError> {
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let Some(agent) = typed.agent.as_deref().and_then(|agent| agent.parse().ok()) else {
        let problem = FieldProblem::new("agent", "is not chosen");
        return again(&cx, at, typed, problems(desk::DeskError::Invalid(vec![problem]))?).await;
    };
    let agents = cx.portal.views.agents(who, &at.0, cx.now()).await?;
    match desk.lead_to(who, &at.0, &at.1, &agent).await {
        Ok(written) => {
            let said = format!("{} answers there now.", named(&agents, &agent));
            Ok(done(&path(&at), &said, written))
        }
        Err(error) => again(&cx, at, typed, problems(error)?).await,
    }
}

async fn test(cx: Cx, Path(at): At, Form(typed): Form<Typed>) -> Result<Response, PageError> {
    let text = typed.text.as_deref().unwrap_or(HELLO).trim().to_owned();
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    // People see `#general` and type it; Slack takes a name or an id, without the sign.
    let channel = typed.channel.trim().trim_start_matches('#').to_owned();
    match desk.send_test_message(who, (&at.0, &at.1), &channel, &text).await {
        Ok(_) => {
            let said = format!("Said in {channel}. Look there; nothing else was sent.");
            Ok(go(&path(&at), &Flash::good(said)))
        }
        Err(error) => again(&cx, at, typed, problems(error)?).await,
    }
}

async fn disconnect(cx: Cx, Path(at): At, Form(typed): Form<Typed>) -> Result<Response, PageError> {
    if let Some(first) = confirm_first(&cx.asked, &path(&at), &[]) {
        return Ok(first);
    }
    let shown = load(&cx, at.clone()).await?;
    let workspace = &shown.line.connection.workspace;
    if typed.workspace.trim() != workspace {
        let message = format!("That is not {workspace}. Nothing was disconnected.");
        let problem = Problem { field: "workspace".to_owned(), message };
        return again(&cx, at, typed, vec![problem]).await;
    }
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    match desk.disconnect(who, &at.0, &at.1).await {
        Ok(written) => {
            let said = format!("Slack {workspace} is disconnected, and its token is forgotten.");
            Ok(done(&format!("/t/{}/channels", at.0), &said, written))
        }
        Err(error) => again(&cx, at, typed, problems(error)?).await,
    }
}

/// The page once more, with what was typed and what was wrong with it.
async fn again(
    cx: &Cx,
    at: (TenantId, ConnectionId),
    typed: Typed,
    problems: Vec<Problem>,
) -> Result<Response, PageError> {
    let shown = load(cx, at).await?;
    let title = title(&shown);
    Ok(cx.page_with(WITH_PROBLEMS, &title, || page(cx, shown, typed, problems)))
}

fn path((tenant, id): &(TenantId, ConnectionId)) -> String {
    format!("/t/{tenant}/channels/{id}")
}

fn title(shown: &Shown) -> String {
    format!("Slack {}", shown.line.connection.workspace)
}

fn page(cx: &Cx, shown: Shown, typed: Typed, problems: Vec<Problem>) -> AnyView {
    let crumbs = vec![Crumb::new("Channels", format!("/t/{}/channels", shown.tenant))];
    let (tone, state) = health(&shown.line);
    let is_active = shown.line.connection.status == ConnectionStatus::Active;
    let forms = (shown.may_write && is_active).then(|| forms(&shown, typed, &problems));
    let gone = (!is_active).then(|| {
        let href = format!("/t/{}/channels/slack/new", shown.tenant);
        view! {
            <Banner tone=Tone::Info title="This workspace is not connected any more">
                <p>
                    "Nothing is heard or said there. " <a href=href>"Connect it again"</a>
                    " with a token of its app; its conversations are still here."
                </p>
            </Banner>
        }
    });
    let details = details(cx, &shown);
    view! {
        <PageHeader
            title=title(&shown)
            crumbs
            aside=move || view! { <Status tone label=state.clone() /> }
        />
        <FormErrors problems />
        {gone}
        <Card title="How it is doing">{details}</Card>
        {forms}
    }
    .into_any()
}

fn details(cx: &Cx, shown: &Shown) -> AnyView {
    let Shown { tenant, line, agents, .. } = shown;
    let (connection, now) = (line.connection.clone(), cx.now());
    let agent = format!("/t/{tenant}/agents/{}", connection.agent);
    let talks = format!("/t/{tenant}/conversations?connection={}", connection.id);
    let name = named(agents, &connection.agent);
    let (came, answered) = (when(line.last_in_at, now), when(line.last_out_at, now));
    let trouble = trouble(tenant, line, now);
    view! {
        <DefinitionList>
            <Definition term="Who answers">
                <a href=agent>{name}</a>
            </Definition>
            <Definition term="Last message">{came}</Definition>
            <Definition term="Last answer">{answered}</Definition>
            <Definition term="Last trouble">{trouble}</Definition>
            <Definition term="Workspace">
                <span class="mono">{connection.workspace}</span>
            </Definition>
            <Definition term="Appears there as">
                <span class="mono">{connection.bot_user}</span>
            </Definition>
            <Definition term="Conversations">
                <a href=talks>"Those of this workspace"</a>
            </Definition>
        </DefinitionList>
    }
    .into_any()
}

fn forms(shown: &Shown, typed: Typed, problems: &[Problem]) -> AnyView {
    let Typed { agent, channel, text, workspace } = typed;
    let connection = &shown.line.connection;
    let base = format!("/t/{}/channels/{}", shown.tenant, connection.id);
    let chosen = agent.unwrap_or_else(|| connection.agent.to_string());
    let choices = choices(&shown.agents);
    let anew = format!("/t/{}/channels/slack/new", shown.tenant);
    let wrong = |field| problem_of(problems, field);
    let said = (wrong("channel"), wrong("text"));
    let (who, which) = (wrong("agent"), wrong("workspace"));
    let leave = leave(shown, workspace, which);
    let text = text.unwrap_or_else(|| HELLO.to_owned());
    let (say, lead) = (format!("{base}/test"), format!("{base}/agent"));
    view! {
        <Card title="Send a test message" lead="It is said once, in the open, and answers nobody.">
            <form method="post" action=say class="stack">
                <TextField
                    name="channel"
                    label="Channel"
                    hint="Its name or id. Invite the app there first."
                    placeholder="general"
                    value=channel
                    required=true
                    error=said.0
                />
                <TextField
                    name="text"
                    label="What to say"
                    value=text
                    required=true
                    maxlength=1000
                    error=said.1
                />
                <div class="form-actions">
                    <SubmitButton variant=Variant::Plain>"Send it"</SubmitButton>
                </div>
            </form>
        </Card>
        <Card title="Who answers" lead="The next message there goes to whom you choose.">
            <form method="post" action=lead class="stack">
                <SelectField name="agent" label="Agent" choices value=chosen error=who />
                <div class="form-actions">
                    <SubmitButton variant=Variant::Plain>"Change who answers"</SubmitButton>
                </div>
            </form>
        </Card>
        <Card title="A new token" lead="If Slack does not take the old one any more.">
            <p>
                <a href=anew>"Connect the workspace again"</a>
                " with the new token: it takes the old one's place, and nothing else changes."
            </p>
        </Card>
        {leave}
    }
    .into_any()
}

fn leave(shown: &Shown, typed: String, error: Option<String>) -> AnyView {
    let connection = &shown.line.connection;
    let label = format!("Type {} to confirm", connection.workspace);
    let action = format!("/t/{}/channels/{}/disconnect", shown.tenant, connection.id);
    view! {
        <Card
            title="Disconnect"
            lead="Nothing is heard or said there any more, and the token is forgotten. Conversations stay."
        >
            <form method="post" action=action class="stack">
                <TextField
                    name="workspace"
                    label
                    value=typed
                    required=true
                    autocomplete="off"
                    error
                />
                <div class="form-actions">
                    <SubmitButton variant=Variant::Danger>"Disconnect Slack"</SubmitButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}
