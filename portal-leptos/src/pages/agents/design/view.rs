//! The Designer's form.

use leptos::prelude::*;
use portal_ui::{
    Card, Choice, FormErrors, Icon, InputKind, LinkButton, Problem, SelectField, SubmitButton,
    TextAreaField, TextField, Time, Variant,
};
use schemas::{Timestamp, directory::FOLLOW_MINUTES_MAX};

use super::{
    super::{
        parts::{At, Bench, Place, header},
        typed::Typed,
    },
    rules::rules,
    tools::{Offered, tools},
};
use crate::{
    islands::{Autosave, TryIt, wire::TryTurn},
    pages::form::{enter_saves, problem_of},
};

/// What the page shows besides the draft itself.
pub(super) struct Designer {
    pub(super) models: Vec<String>,
    /// What it can be given.
    pub(super) tools: Vec<Offered>,
    pub(super) now: Timestamp,
    /// Who saved the draft last.
    pub(super) saved_by: Option<String>,
    pub(super) typed: Typed,
    pub(super) problems: Vec<Problem>,
    /// The trial beside the form; nothing where no models are set up.
    pub(super) trial: Option<Shown>,
}

/// The trial so far.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) turns: Vec<TryTurn>,
    /// Why the last question has no answer.
    pub(super) problem: Option<String>,
}

pub(super) fn designer(at: &At, bench: &Bench, shown: Designer) -> AnyView {
    let name = bench.name(at);
    let role = shown.typed.role.trim();
    let lead = (!role.is_empty()).then(|| role.to_owned());
    let header = header((at, &name, &bench.live), (&name, lead), Place::Design);
    let state = state(at, bench, &shown);
    let form = form(at, bench, shown);
    view! { {header} {state} {form} }.into_any()
}

/// "Draft, saved 2 minutes ago by you, 2 changes since version 3."
fn state(at: &At, bench: &Bench, shown: &Designer) -> AnyView {
    let saved = bench.draft.updated.as_ref().map(|(_, at)| {
        let by = shown.saved_by.as_ref().map(|by| format!(" by {by}"));
        let (at, now) = (*at, shown.now);
        view! { <span>"saved " <Time at now=Some(now) /> {by}</span> }
    });
    let since = bench.since();
    let key = format!("{}/{}", at.tenant, at.agent);
    view! {
        <Autosave path=at.path("/autosave") key>
            {saved}
            <span>{since}</span>
        </Autosave>
    }
    .into_any()
}

fn form(at: &At, bench: &Bench, shown: Designer) -> AnyView {
    let Designer { models, tools: offered, typed, problems, trial, .. } = shown;
    let trial = trial.map(|shown| try_it(at, &typed.question, shown));
    let discard = (0 < bench.live.version && 0 < bench.changes()).then(|| {
        view! {
            <LinkButton href=at.path("/discard") variant=Variant::Quiet>"Discard…"</LinkButton>
        }
    });
    let retire = (!bench.live.retired).then(|| {
        view! { <p class="meta"><a href=at.path("/retire")>"Retire this agent"</a></p> }
    });
    let cards = cards(&models, &typed, &problems);
    let tools = tools(&at.tenant, offered, problem_of(&problems, "tools"));
    let rules = handing_over(&typed, &problems);
    view! {
        <form method="post" action=at.path("") class="designer" id="design" novalidate>
            <div class="stack">
                {enter_saves()}
                <FormErrors problems />
                <input type="hidden" name="revision" value=typed.revision />
                {cards}
                {tools}
                {rules}
                <div class="form-actions designer-actions">
                    <SubmitButton name="do" value="save" variant=Variant::Plain>
                        "Save draft"
                    </SubmitButton>
                    <SubmitButton name="do" value="publish" icon=Icon::Send>
                        "Publish…"
                    </SubmitButton>
                    {discard}
                </div>
                {retire}
            </div>
            {trial}
        </form>
    }
    .into_any()
}

/// The trial beside the form: the same form, so that what stands in it is what is tried.
fn try_it(at: &At, question: &str, shown: Shown) -> AnyView {
    let Shown { turns, problem } = shown;
    let (path, question) = (at.path("/try"), question.to_owned());
    let problem = problem.unwrap_or_default();
    view! {
        <aside class="try" aria-label="Try it">
            <Card
                title="Try it"
                lead="Talk to the draft as it stands in the form, saved or not. Nothing is sent to anybody."
            >
                <TryIt path turns problem>
                    <TextAreaField
                        name="question"
                        label="Your message"
                        value=question
                        hint="Ctrl and Enter sends it."
                        required=true
                        rows=3
                    />
                </TryIt>
            </Card>
        </aside>
    }
    .into_any()
}

fn cards(models: &[String], typed: &Typed, problems: &[Problem]) -> AnyView {
    let error = |field: &str| problem_of(problems, field);
    let long = |name, label, value: &str, hint, rows| {
        let (value, error) = (value.to_owned(), error(name));
        view! { <TextAreaField name label value hint error rows /> }.into_any()
    };
    // A draft may be saved without a name; it is not published without one.
    let short = |name, label, value: &str, hint, required| {
        let (value, error) = (value.to_owned(), error(name));
        view! { <TextField name label value hint error required maxlength=200 /> }.into_any()
    };
    let group = view! {
        <SelectField
            name="model"
            label="Model group"
            choices=choices(models, &typed.model)
            value=typed.model.clone()
            error=error("model")
            hint="Which language models answer for it, as this installation and this tenant group them."
        />
    };
    let minutes = view! {
        <TextField
            name="follow_minutes"
            label="Follow time, in minutes"
            kind=InputKind::Number
            value=typed.follow_minutes.clone()
            error=error("follow_minutes")
            hint="How long it stays in a thread after the last message. Then it waits to be mentioned."
            min="0"
            max=FOLLOW_MINUTES_MAX.to_string()
            required=true
        />
    };
    let who = [
        short("name", "Name", &typed.name, "What people call it.", true),
        short("role", "Role", &typed.role, "Its position, such as “Support lead”.", false),
        long("persona", "Persona", &typed.persona, PERSONA, 2),
    ];
    let what = [
        long("job_description", "Job description", &typed.job_description, JOB, 4),
        long("statement_of_work", "Statement of work", &typed.statement_of_work, WORK, 4),
        long("system_prompt", "System prompt", &typed.system_prompt, PROMPT, 8),
    ];
    view! {
        <Card title="Who it is"><div class="stack">{who.into_iter().collect_view()}</div></Card>
        <Card title="What it does"><div class="stack">{what.into_iter().collect_view()}</div></Card>
        <Card title="How it works"><div class="stack">{group} {minutes}</div></Card>
    }
    .into_any()
}

fn handing_over(typed: &Typed, problems: &[Problem]) -> AnyView {
    let error = |field: &str| problem_of(problems, field);
    let error = ["escalation", "to_channel", "keywords"].into_iter().find_map(error);
    let error = error.map(|text| view! { <p class="field-error">{text}</p> });
    let rules = rules(typed, problems);
    view! { <Card title="When it hands over" lead=RULES>{error} {rules}</Card> }.into_any()
}

const PERSONA: &str = "How it sounds. “Professional and warm” fits most jobs.";
const JOB: &str = "What it is there for, in a few sentences.";
const WORK: &str = "What it does, and what it leaves to people.";
const PROMPT: &str = "Anything else it should know or keep to: facts, rules, examples.";
const RULES: &str = "A rule hands the conversation over to a person: its channel is told, and the \
                     agent is quiet in that thread until it is given back.";

/// The groups there are, and the chosen one even if it is none of them.
fn choices(models: &[String], chosen: &str) -> Vec<Choice> {
    let known = models.iter().map(|group| Choice::new(group, group));
    let is_known = chosen.is_empty() || models.iter().any(|group| group == chosen);
    let other = (!is_known).then(|| Choice::new(chosen, format!("{chosen} (not set up here)")));
    known.chain(other).collect()
}
