//! A run of tests that did not come to its end, and the word that takes it up again.

use axum::response::Response;
use leptos::prelude::*;
use portal_ui::{
    Banner, Icon, SubmitButton, Tone, Variant,
    format::{count, counted},
};
use replay::{RunRow, Standing};
use schemas::Timestamp;
use serde_json::json;

use super::super::{
    parts::{At, known},
    replays::{playable, refused, shadow},
};
use crate::{
    pages::form::{go, sentence},
    server::{error::PageError, flash::Flash, render::Cx, session::Visited},
};

/// What stands above the tests where the newest run of them is not over and can go on. Nothing of one that
/// its own budget ended: it would end there again.
pub(super) fn banner(at: &At, run: &RunRow, may_write: bool, now: Timestamp) -> Option<AnyView> {
    let standing = Standing::of(run, now);
    if standing.lacks_budget() {
        return None;
    }
    let title = match standing {
        Standing::UnderWay | Standing::Done => return None,
        Standing::Interrupted => "The last run was interrupted".to_owned(),
        Standing::Stopped(why) => sentence(&why),
    };
    let action = at.path("/tests/resume");
    let asked = format!(
        "{} of {} of {} asked. What came of these stands, and the others can be asked still.",
        count(run.asked),
        counted(playable(run), "test", "tests"),
        run.candidate,
    );
    let button = may_write.then(|| {
        view! {
            <form method="post" action=action class="inline-form">
                <SubmitButton variant=Variant::Plain dense=true icon=Icon::Play>
                    "Go on"
                </SubmitButton>
            </form>
        }
        .into_any()
    });
    Some(
        view! {
            <Banner tone=Tone::Warn title>
                <p>{asked}</p>
                {button}
            </Banner>
        }
        .into_any(),
    )
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
        Err(error) => return Ok(go(&to, &Flash::note(format!("{}.", refused(error)?)))),
    };
    let detail = json!({ "agent": at.agent, "replay": run });
    let did = (accounts::Replaying::Resumed, detail);
    cx.portal.accounts.note_replay(who, &at.tenant, did, &visit).await?;
    Ok(go(&to, &Flash::good("The tests go on with what is missing.")))
}
