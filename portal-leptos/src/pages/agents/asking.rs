//! What the pages share that have recorded turns asked again: who answers, what that takes, and the word
//! that starts it.

use desk::Live;
use leptos::prelude::*;
use portal_ui::{
    Card, Checkbox, Choice, Definition, DefinitionList, Icon, LinkButton, SelectField,
    SubmitButton, Variant,
    format::{count, counted, dollars},
};
use replay::Estimate;

/// Who can always be asked: the draft, and what answers.
pub(super) fn candidates(live: &Live) -> Vec<Choice> {
    let mut candidates = vec![Choice::new("draft", "The draft")];
    if 0 < live.version {
        let answers = format!("Version {}, which answers", live.version);
        candidates.push(Choice::new("published", answers));
    }
    candidates
}

/// What is asked: who, and what else there is to choose. It changes nothing. `back` is a link and its words.
pub(super) fn choose(
    action: String,
    (candidates, candidate): (Vec<Choice>, String),
    more: Option<AnyView>,
    (back, words): (String, &'static str),
) -> AnyView {
    view! {
        <Card title="What is asked">
            <form method="get" action=action class="form">
                <SelectField
                    name="candidate"
                    label="Who answers"
                    choices=candidates
                    value=candidate
                />
                {more}
                <div class="form-actions">
                    <SubmitButton variant=Variant::Plain icon=Icon::Refresh>
                        "Work out what it takes"
                    </SubmitButton>
                    <LinkButton href=back>{words}</LinkButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}

/// Who answers, how much of `what` is asked, and what that costs; `bound` says what it cannot go beyond.
pub(super) fn takes(
    candidate: String,
    what: &'static str,
    estimate: &Estimate,
    bound: &str,
) -> AnyView {
    let Estimate { turns, calls_max, micros_max, .. } = *estimate;
    let cost = match micros_max {
        Some(micros) => format!("{} at the most{bound}", dollars(micros)),
        None => "Nobody knows: a model that is asked has no price".to_owned(),
    };
    let calls = format!("{} to models at the most", counted(calls_max, "call", "calls"));
    view! {
        <DefinitionList>
            <Definition term="Who answers">{candidate}</Definition>
            <Definition term=what>{count(turns.into())}</Definition>
            <Definition term="Calls">{calls}</Definition>
            <Definition term="Cost">{cost}</Definition>
        </DefinitionList>
    }
    .into_any()
}

/// The word that starts it: what was shown, once more, and a tick. `verb` is what is done with them.
pub(super) fn start(
    action: String,
    (verb, submit): (&str, String),
    estimate: &Estimate,
    shown: Vec<(&'static str, String)>,
    wrong: Option<String>,
) -> AnyView {
    let sure = match estimate.micros_max {
        Some(micros) => format!("{verb} them; it may cost {}", dollars(micros)),
        None => format!("{verb} them; nobody knows what it costs"),
    };
    let hidden = |(name, value): (&'static str, String)| {
        view! { <input type="hidden" name=name value=value /> }
    };
    let hidden = shown.into_iter().map(hidden).collect_view();
    view! {
        <form method="post" action=action class="form">
            {hidden}
            <Checkbox name="sure" label=sure value="yes" error=wrong />
            <div class="form-actions">
                <SubmitButton icon=Icon::Play>{submit}</SubmitButton>
            </div>
        </form>
    }
    .into_any()
}
