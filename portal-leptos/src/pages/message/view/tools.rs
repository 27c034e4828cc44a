//! The tools that were called for an answer, with what went in and what came out.

use leptos::prelude::*;
use portal_ui::{Card, CodeBlock, Column, Duration, Status, Table, Tone};
use views::{ToolUse, Words};

use crate::pages::form::sentence;

/// What they are and what came of them; nothing where there are none.
pub(super) fn card(tools: Vec<ToolUse>) -> Option<AnyView> {
    if tools.is_empty() {
        return None;
    }
    let columns = vec![Column::new("Tool"), Column::new("Outcome"), Column::new("Took").numbers()];
    let rows = tools.iter().map(row).collect_view();
    let said = tools.into_iter().map(said).collect_view();
    Some(
        view! {
            <Card title="Calls of tools" flush=true>
                <Table caption="Calls of tools" columns>{rows}</Table>
                <div class="stack tool-words" data-gap="small">{said}</div>
            </Card>
        }
        .into_any(),
    )
}

fn row(tool: &ToolUse) -> impl IntoView + use<> {
    let (tone, outcome) = outcome(tool.word());
    let lasted = tool.took_ms.map(|millis| view! { <Duration millis /> });
    view! {
        <tr>
            <th scope="row" class="mono">{tool.tool.clone()}</th>
            <td data-label="Outcome"><Status tone label=outcome /></td>
            <td data-label="Took" data-align="end">{lasted}</td>
        </tr>
    }
}

fn outcome(word: &str) -> (Tone, String) {
    match word {
        "called" => (Tone::Ok, "Called".to_owned()),
        "open" => (Tone::Warn, "Being called".to_owned()),
        "unknown" => (Tone::Bad, "There is no such tool".to_owned()),
        "uncertain" => (Tone::Warn, "Not known; it may have been carried out".to_owned()),
        why => (Tone::Bad, sentence(&why.replace('_', " "))),
    }
}

/// What went in and what came out, unfolded by whoever wants to know.
fn said(tool: ToolUse) -> impl IntoView {
    let words = |label: &'static str, words: Words| match words {
        Words::Text(code) => view! { <CodeBlock label code /> }.into_any(),
        Words::Sealed | Words::TakenBack | Words::NotKept => {
            view! { <p class="meta">{label} ": cannot be read any more"</p> }.into_any()
        }
    };
    let answer = tool.answer.map(|answer| words("Answer", answer));
    view! {
        <details>
            <summary>{format!("What {} was told and said", tool.tool)}</summary>
            <div class="stack" data-gap="small">{words("Arguments", tool.arguments)} {answer}</div>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_still_be_called_is_being_called() {
        let cases = [
            ("called", Tone::Ok, "Called"),
            ("open", Tone::Warn, "Being called"),
            ("uncertain", Tone::Warn, "Not known; it may have been carried out"),
            ("unknown", Tone::Bad, "There is no such tool"),
            ("content_type", Tone::Bad, "Content type"),
        ];
        for (word, tone, text) in cases {
            let (is, said) = outcome(word);
            assert_eq!((is.word(), said.as_str()), (tone.word(), text));
        }
    }
}
