//! The two kinds of tools, told to whoever has not met them.

use leptos::prelude::*;
use portal_ui::{Card, Icon, LinkButton, Symbol};
use schemas::TenantId;

use super::address;

/// A tool's kind, as addresses and forms have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// One HTTP request.
    #[default]
    Http,
    /// A server of the Model Context Protocol.
    Mcp,
}

impl Kind {
    const ALL: [Kind; 2] = [Kind::Http, Kind::Mcp];

    /// As it is sent.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Kind::Http => "http",
            Kind::Mcp => "mcp",
        }
    }

    /// What was sent.
    pub(super) fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// In a title.
    pub(super) const fn named(self) -> &'static str {
        match self {
            Kind::Http => "An HTTP request",
            Kind::Mcp => "An MCP server",
        }
    }

    const fn told(self) -> [&'static str; 2] {
        match self {
            Kind::Http => [
                "One call of an API: you say the address, and which words of it the agent fills in. The best choice for one question or one deed.",
                "GET https://api.acme.example/orders/{order}",
            ],
            Kind::Mcp => [
                "A server that speaks the Model Context Protocol and brings tools of its own, with their descriptions. The best choice where somebody runs one already.",
                "https://crm.acme.example/mcp",
            ],
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Kind::Http => Icon::Send,
            Kind::Mcp => Icon::Layers,
        }
    }
}

/// Both, side by side; for a tenant that may choose, with the way to each.
pub(super) fn kinds(tenant: Option<&TenantId>) -> AnyView {
    let card = |kind: Kind| {
        let [text, example] = kind.told();
        let way = tenant.map(|tenant| {
            let new = address(tenant).done() + "/new";
            let (href, words) = match kind {
                Kind::Http => (format!("{new}?kind=http"), "Set up a request"),
                Kind::Mcp => (format!("{new}?kind=mcp"), "Connect a server"),
            };
            view! { <p><LinkButton href>{words}</LinkButton></p> }
        });
        let icon = kind.icon();
        view! {
            <Card>
                <div class="stack" data-gap="small">
                    <h2 class="tool-kind"><Symbol icon />{kind.named()}</h2>
                    <p>{text}</p>
                    <p class="tool-example"><code>{example}</code></p>
                    {way}
                </div>
            </Card>
        }
    };
    view! { <div class="tool-kinds">{Kind::ALL.map(card).collect_view()}</div> }.into_any()
}
