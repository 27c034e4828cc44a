//! A tool as it is read, by those who do not change it.

use leptos::prelude::*;
use portal_ui::{
    Banner, Card, CodeBlock, Crumb, Definition, DefinitionList, LinkButton, PageHeader, Tone,
    Variant,
};
use schemas::{
    TenantId, Tool,
    directory::{ToolHeader, ToolKind},
};

use super::{Found, address, kind, users};

pub(super) fn reading(tenant: &TenantId, found: &Found, may_write: bool) -> AnyView {
    let Found { tool, users: have } = found;
    let crumbs = vec![Crumb::new("Tools", address(tenant).done())];
    let (title, text) = (tool.id.to_string(), tool.description.clone());
    let (kind, url) = (kind(tool), tool.url().to_owned());
    let endpoint = tool.endpoint();
    let headers = headers(tool);
    let network = if endpoint.allow_private {
        "the internet, and private networks that the installation has opened"
    } else {
        "the internet"
    };
    let timeout = format!("{} s", endpoint.timeout_seconds);
    let have = users(tenant, have);
    let detail = detail(tool);
    let remove = format!("{}/{}/remove", address(tenant).done(), tool.id);
    // Who may write and meets this page may not say that a tool stands in a private network.
    let kept = may_write.then(|| {
        view! {
            <Banner tone=Tone::Info title="Only an administrator of this installation changes it">
                <p>"It may stand in a private network."</p>
            </Banner>
            <p><LinkButton href=remove variant=Variant::Quiet>"Remove…"</LinkButton></p>
        }
    });
    view! {
        <PageHeader title crumbs />
        {kept}
        <Card title="What it is">
            <DefinitionList>
                <Definition term="What the model is told"><p class="prose">{text}</p></Definition>
                <Definition term="Kind">{kind}</Definition>
                <Definition term="Address"><span class="mono tool-url">{url}</span></Definition>
                <Definition term="Headers">{headers}</Definition>
                <Definition term="Where it may stand">{network}</Definition>
                <Definition term="Longest call">{timeout}</Definition>
                <Definition term="Agents that have it"><span>{have}</span></Definition>
            </DefinitionList>
        </Card>
        {detail}
    }
    .into_any()
}

fn headers(tool: &Tool) -> AnyView {
    let headers = &tool.endpoint().headers;
    if headers.is_empty() {
        return view! { <span class="meta">"none"</span> }.into_any();
    }
    let header = |(name, header): (&String, &ToolHeader)| {
        let said = match header {
            ToolHeader::Text(text) => view! { <code>{format!("{name}: {text}")}</code> }.into_any(),
            ToolHeader::Secret(_) => view! {
                <code>{format!("{name}:")}</code>
                " "
                <span class="meta">"a secret"</span>
            }
            .into_any(),
        };
        view! { <p class="tool-url">{said}</p> }
    };
    headers.iter().map(header).collect_view().into_any()
}

/// What the model fills in, or is offered.
fn detail(tool: &Tool) -> AnyView {
    match &tool.kind {
        ToolKind::Http(http) => {
            let code = pretty(&http.arguments);
            view! {
                <Card title="What the agent fills in">
                    <CodeBlock label="JSON schema" code />
                </Card>
            }
            .into_any()
        }
        ToolKind::Mcp(server) if server.tools.is_empty() => view! {
            <Card title="Which of its tools are offered"><p>"All of them."</p></Card>
        }
        .into_any(),
        ToolKind::Mcp(server) => {
            let names: Vec<_> = server.tools.clone();
            let names = names.into_iter().map(|name| view! { <li><code>{name}</code></li> });
            view! {
                <Card title="Which of its tools are offered">
                    <ul class="list">{names.collect_view()}</ul>
                </Card>
            }
            .into_any()
        }
    }
}

/// JSON as people read it.
pub(super) fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
