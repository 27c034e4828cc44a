//! Slack's mrkdwn, as it looks there.

mod parse;

use leptos::prelude::*;

use self::parse::{Block, Span};

/// What was said in Slack, from its mrkdwn
/// (<https://docs.slack.dev/messaging/formatting-message-text>).
#[component]
pub fn Mrkdwn(
    /// As it is sent to Slack, escapes included.
    #[prop(into)]
    text: String,
    /// The names of those who may be mentioned, by their ids.
    #[prop(optional)]
    names: Vec<(String, String)>,
) -> impl IntoView {
    let blocks = parse::blocks(&text).into_iter().map(|block| block_view(block, &names));
    view! { <div class="words">{blocks.collect_view()}</div> }
}

fn block_view(block: Block, names: &[(String, String)]) -> AnyView {
    match block {
        Block::Code(code) => view! { <pre tabindex="0"><code>{code}</code></pre> }.into_any(),
        Block::Quote(spans) => {
            view! { <blockquote>{spans_view(spans, names)}</blockquote> }.into_any()
        }
        Block::Text(spans) => view! { <p>{spans_view(spans, names)}</p> }.into_any(),
    }
}

fn spans_view(spans: Vec<Span>, names: &[(String, String)]) -> AnyView {
    spans.into_iter().map(|span| span_view(span, names)).collect_view().into_any()
}

fn span_view(span: Span, names: &[(String, String)]) -> AnyView {
    match span {
        Span::Text(text) => text.into_any(),
        Span::Code(code) => view! { <code>{code}</code> }.into_any(),
        Span::Bold(spans) => view! { <strong>{spans_view(spans, names)}</strong> }.into_any(),
        Span::Italic(spans) => view! { <em>{spans_view(spans, names)}</em> }.into_any(),
        Span::Struck(spans) => view! { <s>{spans_view(spans, names)}</s> }.into_any(),
        Span::Link { href, words } => {
            view! { <a href=href rel="noopener noreferrer nofollow">{words}</a> }.into_any()
        }
        Span::Mention(id) => {
            let name = names.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone());
            view! { <b class="mention">"@"{name.unwrap_or(id)}</b> }.into_any()
        }
    }
}
