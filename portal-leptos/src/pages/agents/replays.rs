//! Recorded turns of an agent, asked again of its draft or of a version: which runs there were, what came
//! of each, and the next one.

mod list;
mod new;
mod one;
mod turns;
mod view;

use portal_ui::Tone;
use replay::{ReplayError, RunRow, Shadow, Standing};

pub(super) use self::{
    list::{Rehearsal, list, rehearsal, without_models},
    new::{plan, start},
    one::{go_on, json, markdown, show, stop},
    view::go_on_words,
};
use crate::{
    pages::form::sentence,
    server::{error::PageError, render::Cx},
};

/// Where turns are asked again. A portal without models has no such place.
pub(super) fn shadow(cx: &Cx) -> Result<&Shadow, PageError> {
    cx.portal.shadow.as_ref().ok_or(PageError::NotFound)
}

/// What stands in the way, in a sentence; a page of its own where a form cannot help.
pub(super) fn refused(error: ReplayError) -> Result<String, PageError> {
    let words = sentence(&error.to_string());
    let page = PageError::from(error);
    if matches!(page, PageError::BadRequest) { Ok(words) } else { Err(page) }
}

/// How a run stands, in a word or a sentence.
fn words(standing: &Standing) -> (Tone, String) {
    match standing {
        Standing::UnderWay => (Tone::Info, "Under way".to_owned()),
        Standing::Interrupted => (Tone::Warn, "Interrupted".to_owned()),
        Standing::Stopped(why) => (Tone::Warn, sentence(why)),
        Standing::Done => (Tone::Ok, "Done".to_owned()),
    }
}

/// How many turns of a run can be asked.
pub(super) fn playable(run: &RunRow) -> u64 {
    run.cases.saturating_sub(run.unplayable)
}

#[cfg(test)]
mod tests {
    use replay::Stop;

    use super::*;

    #[test]
    fn who_looks_reads_how_a_run_stands() {
        let stopped = Standing::Stopped(Stop::Operator.to_string());
        for (standing, tone, want) in [
            (Standing::UnderWay, Tone::Info, "Under way"),
            (Standing::Interrupted, Tone::Warn, "Interrupted"),
            (stopped, Tone::Warn, "Stopped by an operator"),
            (Standing::Done, Tone::Ok, "Done"),
        ] {
            assert_eq!(words(&standing), (tone, want.to_owned()));
        }
    }

    #[test]
    fn what_a_form_can_mend_is_a_sentence_and_all_else_a_page() {
        assert_eq!(refused(ReplayError::NoDraft).unwrap(), "The agent has no draft");
        let stopped = ReplayError::Stopped(Stop::RunBudget);
        assert_eq!(refused(stopped).unwrap(), "Stopped by its budget");
        for gone in [ReplayError::NoRun("r".to_owned()), ReplayError::NoTest("t".to_owned())] {
            assert!(matches!(refused(gone), Err(PageError::NotFound)));
        }
        assert!(matches!(refused(ReplayError::Garbled), Err(PageError::Internal)));
    }
}
