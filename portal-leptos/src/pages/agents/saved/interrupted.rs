//! A run of tests while it is asked, and one that did not come to its end: the words that stop it and take it
//! up again.

use axum::response::Response;
use leptos::prelude::*;
use portal_ui::{
    Banner, CodeBlock, Icon, LinkButton, Progress, SubmitButton, Tone, Variant,
    format::{count, counted},
};
use replay::{RunRow, Standing, at_hand};
use schemas::Timestamp;
use serde_json::json;

use super::super::{
    parts::{At, known},
    replays::{go_on_words, playable, refused, shadow},
};
use crate::{
    pages::form::{go, sentence},
    server::{error::PageError, flash::Flash, render::Cx, session::Visited},
};

/// What stands above the tests while they are asked, or in their place: how far the newest run is.
pub(super) fn under_way(
    at: &At,
    last: Option<&RunRow>,
    (may_write, is_quiet): (bool, bool),
    now: Timestamp,
) -> AnyView {
    let asked = last.filter(|run| Standing::of(run, now) == Standing::UnderWay).map(|run| {
        view! { <Progress label="Tests asked" done=Some(run.asked) total=playable(run).max(1) /> }
    });
    let href = at.path("/tests?show=all");
    let words = if is_quiet {
        "What came of each shows once all have been asked."
    } else {
        "Load the page again to see what came since."
    };
    let show = is_quiet.then(|| {
        view! { <LinkButton href icon=Icon::Eye dense=true>"Show the tests"</LinkButton> }
    });
    let button = may_write.then(|| button(at.path("/tests/stop"), Icon::Pause, "Stop them"));
    view! {
        <Banner tone=Tone::Info title="The tests are being run">
            <p>{words}</p>
            {asked}
            <div class="row">{button} {show}</div>
        </Banner>
    }
    .into_any()
}

/// What stands above the tests where the newest run of them is not over: the button that goes on with it, if
/// that is of use here, and the command that does.
pub(super) fn banner(at: &At, run: &RunRow, may_write: bool, now: Timestamp) -> Option<AnyView> {
    let standing = Standing::of(run, now);
    let lacks_budget = standing.lacks_budget();
    let title = match standing {
        Standing::UnderWay | Standing::Done => return None,
        Standing::Interrupted => "The last run was interrupted".to_owned(),
        Standing::Stopped(why) => sentence(&why),
    };
    let asked = format!(
        "{} of {} of {} asked. What came of these stands, and the others can be asked still.",
        count(run.asked),
        counted(playable(run), "test", "tests"),
        run.candidate,
    );
    // With the same budget it would end there again.
    let goes_on = may_write && !lacks_budget && at_hand(run).is_ok();
    let button = goes_on.then(|| button(at.path("/tests/resume"), Icon::Play, go_on_words(run)));
    let wants_budget = lacks_budget || run.budget_micros.is_none();
    let budget = if wants_budget { " --budget DOLLARS" } else { "" };
    let command = format!("konstruct test --resume {}{budget}", run.id);
    Some(
        view! {
            <Banner tone=Tone::Warn title>
                <p>{asked}</p>
                {button}
                <CodeBlock label="Goes on with them on the command line" code=command />
            </Banner>
        }
        .into_any(),
    )
}

fn button(action: String, icon: Icon, words: impl Into<String>) -> AnyView {
    let words = words.into();
    view! {
        <form method="post" action=action class="inline-form">
            <SubmitButton variant=Variant::Plain dense=true icon=icon>
                {words}
            </SubmitButton>
        </form>
    }
    .into_any()
}

/// Has them stopped.
pub(in crate::pages::agents) async fn stop(
    cx: Cx,
    Visited(visit): Visited,
    at: At,
) -> Result<Response, PageError> {
    known(&cx, &at).await?;
    let (who, to) = (&cx.signed.principal, at.path("/tests"));
    let stopped = shadow(&cx)?.stop_tests(who, at.ids()).await?;
    if stopped.is_empty() {
        return Ok(go(&to, &Flash::note("They had ended already.")));
    }
    for run in stopped {
        let detail = json!({ "agent": at.agent, "replay": run });
        let did = (accounts::Replaying::Stopped, detail);
        cx.portal.accounts.note_replay(who, &at.tenant, did, &visit).await?;
    }
    Ok(go(&to, &Flash::good("They stop once the test that is being asked has ended.")))
}

/// Takes it up again.
pub(in crate::pages::agents) async fn go_on(
    cx: Cx,
    Visited(visit): Visited,
    at: At,
) -> Result<Response, PageError> {
    known(&cx, &at).await?;
    let (who, to) = (&cx.signed.principal, at.path("/tests"));
    let run = match shadow(&cx)?.go_on_tests(who, at.ids()).await {
        Ok(run) => run,
        Err(error) => return Ok(go(&to, &Flash::bad(format!("{}.", refused(error)?)))),
    };
    let detail = json!({ "agent": at.agent, "replay": run });
    let did = (accounts::Replaying::Resumed, detail);
    cx.portal.accounts.note_replay(who, &at.tenant, did, &visit).await?;
    Ok(go(&to, &Flash::good("The tests go on with what is missing.")))
}
