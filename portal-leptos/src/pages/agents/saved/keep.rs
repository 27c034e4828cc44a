//! One more test: a turn that was answered, and what is expected of an answer to it.

use axum::{
    extract::{Form, Query},
    response::Response,
};
use desk::Live;
use domain::replay::check::{CHECKS_MAX, Check};
use leptos::prelude::*;
use portal_ui::{Card, FormErrors, Icon, LinkButton, Problem, SubmitButton, TextAreaField};
use schemas::MessageId;
use serde::Deserialize;
use serde_json::json;

use super::super::{
    parts::{At, Place, header, known},
    replays::{refused, shadow},
};
use crate::{
    pages::{
        address,
        form::{WITH_PROBLEMS, go, wrong},
    },
    server::{error::PageError, flash::Flash, render::Cx, session::Visited},
};

/// What is expected, a line for each; and of which message.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages::agents) struct Typed {
    message: String,
    contains: String,
    lacks: String,
    matches: String,
    calls: String,
    judged: String,
}

impl Typed {
    fn message(&self) -> Result<MessageId, PageError> {
        self.message.parse().map_err(|_| PageError::BadRequest)
    }

    fn checks(&self) -> Vec<Check> {
        type Kind<'a> = (&'a str, fn(String) -> Check);
        let kinds: [Kind<'_>; 5] = [
            (&self.contains, Check::Contains),
            (&self.lacks, Check::Lacks),
            (&self.matches, Check::Matches),
            (&self.calls, Check::Calls),
            (&self.judged, Check::Judged),
        ];
        let lines = |(text, check): Kind<'_>| -> Vec<Check> {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.map(|line| check(line.to_owned())).collect()
        };
        kinds.into_iter().flat_map(lines).collect()
    }
}

pub(in crate::pages::agents) async fn new(
    cx: Cx,
    at: At,
    Query(typed): Query<Typed>,
) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    let message = typed.message()?;
    let problems = match shadow(&cx)?.may_keep(&cx.signed.principal, at.ids(), &message).await {
        Ok(()) => Vec::new(),
        Err(error) => vec![wrong("", refused(error)?)],
    };
    Ok(cx.page(TITLE, || view_of((&at, &name, &live), &message, &typed, problems)))
}

pub(in crate::pages::agents) async fn keep(
    cx: Cx,
    Visited(visit): Visited,
    at: At,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let (name, live) = known(&cx, &at).await?;
    let who = &cx.signed.principal;
    let message = typed.message()?;
    let checks = typed.checks();
    let problem = match shadow(&cx)?.keep(who, at.ids(), (&message, &checks)).await {
        Ok(test) => {
            let detail = json!({ "agent": at.agent, "test": test, "message": message });
            let did = (accounts::Replaying::Kept, detail);
            cx.portal.accounts.note_replay(who, &at.tenant, did, &visit).await?;
            return Ok(go(&at.path("/tests"), &Flash::good("The test is kept.")));
        }
        Err(error) => wrong("", refused(error)?),
    };
    let view = || view_of((&at, &name, &live), &message, &typed, vec![problem]);
    Ok(cx.page_with(WITH_PROBLEMS, TITLE, view))
}

const TITLE: &str = "Keep as a test";

/// Each kind of check: its field, what it is called, and what helps to fill it in.
const FIELDS: [(&str, &str, &str); 5] = [
    ("contains", "The answer contains", "A line for each; capitals do not count."),
    ("lacks", "The answer does not contain", "A line for each; capitals do not count."),
    ("matches", "The answer matches", "A regular expression in each line."),
    ("calls", "A tool is called", "The name of a tool in each line."),
    ("judged", "A model finds", "A criterion in each line, e.g. says when the parcel comes."),
];

fn view_of(
    (at, name, live): (&At, &str, &Live),
    message: &MessageId,
    typed: &Typed,
    problems: Vec<Problem>,
) -> AnyView {
    let lead = format!(
        "The turn is kept with what was said before it. An answer to it passes if all of this holds, \
         1 to {CHECKS_MAX} lines of it."
    );
    let header = header((at, name, live), (TITLE, Some(lead)), Place::Tests);
    let (action, back) = (at.path("/tests/new"), at.path("/tests"));
    let texts = [&typed.contains, &typed.lacks, &typed.matches, &typed.calls, &typed.judged];
    let field =
        |((name, label, hint), text): ((&'static str, &'static str, &'static str), &String)| {
            let value = text.clone();
            view! { <TextAreaField name label value hint rows=2 /> }
        };
    let fields: Vec<_> = FIELDS.into_iter().zip(texts).map(field).collect();
    let trace = address::message(&at.tenant, message);
    let message = message.to_string();
    view! {
        {header}
        <FormErrors problems />
        <Card title="What is expected">
            <form method="post" action=action class="form">
                <p>
                    "Of an answer to " <a href=trace>"this message"</a> "."
                </p>
                <input type="hidden" name="message" value=message />
                {fields}
                <div class="form-actions">
                    <SubmitButton icon=Icon::Check>"Keep the test"</SubmitButton>
                    <LinkButton href=back>"All tests"</LinkButton>
                </div>
            </form>
        </Card>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_check_of_its_kind_and_empty_ones_are_none() {
        let typed = Typed {
            contains: "Friday\r\n\r\n the carrier ".to_owned(),
            matches: r"A-\d+".to_owned(),
            judged: " \n".to_owned(),
            calls: "order-status".to_owned(),
            ..Typed::default()
        };
        let shown: Vec<_> = typed.checks().iter().map(ToString::to_string).collect();
        let want = [
            "contains `Friday`",
            "contains `the carrier`",
            r"matches `A-\d+`",
            "calls the tool `order-status`",
        ];
        assert_eq!(shown, want);
    }
}
