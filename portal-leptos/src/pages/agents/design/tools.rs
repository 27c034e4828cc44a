//! The tools that an agent is given: a box for each that there is, and for each that is missing.

use leptos::prelude::*;
use portal_ui::{Badge, Card, Icon, Tone, format::shortened};
use schemas::{TenantId, directory::ToolKind};

use super::super::typed::Typed;
use crate::{
    pages::address::Address,
    server::{error::PageError, render::Cx},
};

/// The most of a description that stands beside a box, in characters.
const TEXT_CHARS: usize = 240;

/// A tool that can be ticked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offered {
    name: String,
    text: String,
    ticked: bool,
    what: What,
}

/// What stands behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    BuiltIn,
    Request,
    Server,
    /// Nothing, any more.
    Missing,
}

impl Offered {
    /// Those that are ticked, in the order in which the agent has them; then the others.
    pub(super) fn all(cx: &Cx, tenant: &TenantId, typed: &Typed) -> Result<Vec<Self>, PageError> {
        let desk = &cx.portal.desk;
        let built_in = desk.built_in_tools().into_iter();
        let mut there: Vec<_> = built_in.map(|(name, text)| (name, text, What::BuiltIn)).collect();
        for tool in desk.tools(&cx.signed.principal, tenant)? {
            let what = match &tool.kind {
                ToolKind::Http(_) => What::Request,
                ToolKind::Mcp(_) => What::Server,
            };
            there.push((tool.id.to_string(), tool.description, what));
        }
        Ok(Self::sorted(typed, there))
    }

    fn sorted(typed: &Typed, there: Vec<(String, String, What)>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for name in typed.tools() {
            if all.iter().any(|it| it.name == name) {
                continue;
            }
            let found = there.iter().find(|(known, ..)| known == name);
            let (text, what) =
                found.map_or(("", What::Missing), |(_, text, what)| (text.as_str(), *what));
            let (name, text) = (name.to_owned(), short(text));
            all.push(Self { name, text, ticked: true, what });
        }
        for (name, text, what) in there {
            if all.iter().all(|it| it.name != name) {
                all.push(Self { name, text: short(&text), ticked: false, what });
            }
        }
        all
    }
}

/// As much of a text as fits, in one line.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shortened(&line, TEXT_CHARS)
}

pub(super) fn tools(tenant: &TenantId, offered: Vec<Offered>, error: Option<String>) -> AnyView {
    let href = Address::of_tenant(tenant, &["tools"]).done();
    let error = error.map(|text| view! { <p class="field-error">{text}</p> });
    let boxes: Vec<_> =
        offered.into_iter().enumerate().map(|(nth, tool)| tick(nth, tool)).collect();
    view! {
        <Card title="What it can use" lead="It decides by the descriptions when to use which.">
            {error}
            <fieldset class="tool-choices" id="field-tools" tabindex="-1">
                <legend class="visually-hidden">"Tools"</legend>
                {boxes}
            </fieldset>
            <p class="meta"><a href=href>"All tools of this tenant"</a></p>
        </Card>
    }
    .into_any()
}

fn tick(nth: usize, tool: Offered) -> AnyView {
    let Offered { name, text, ticked, what } = tool;
    let (id, hint) = (format!("field-tools-{nth}"), format!("hint-tools-{nth}"));
    let (badge, text) = match what {
        What::BuiltIn => (view! { <Badge label="built in" /> }.into_any(), text),
        What::Request => (().into_any(), text),
        What::Server => (view! { <Badge label="MCP server" /> }.into_any(), text),
        What::Missing => {
            let text =
                "There is no such tool any more. Untick it, else the agent cannot be published.";
            let badge = view! { <Badge tone=Tone::Bad icon=Icon::Alert label="missing" /> };
            (badge.into_any(), text.to_owned())
        }
    };
    view! {
        <div class="choice">
            <input
                type="checkbox"
                id=id.clone()
                name="tools"
                value=name.clone()
                checked=ticked
                aria-describedby=hint.clone()
            />
            <label for=id><span class="mono">{name}</span> {badge}</label>
            <p class="field-hint" id=hint>{text}</p>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_agent_has_comes_first_and_in_its_order_and_what_is_gone_is_shown() {
        let there =
            [("current_time", What::BuiltIn), ("crm", What::Server), ("orders", What::Request)];
        let there = there.map(|(name, what)| (name.to_owned(), format!("{name}\n does"), what));
        let typed =
            Typed { tools: "orders\ngone\ncurrent_time\norders".to_owned(), ..Typed::default() };
        let all = Offered::sorted(&typed, there.into());
        let shown: Vec<_> =
            all.iter().map(|it| (&*it.name, &*it.text, it.ticked, it.what)).collect();
        let want = [
            ("orders", "orders does", true, What::Request),
            ("gone", "", true, What::Missing),
            ("current_time", "current_time does", true, What::BuiltIn),
            ("crm", "crm does", false, What::Server),
        ];
        assert_eq!(shown, want);
    }
}
