//! Keeps what is being typed. The Designer's island sends the form as it stands.

use axum::{
    Json,
    extract::Form,
    response::{IntoResponse, Response},
};
use desk::{Autosaved, DeskError, Field, OpenConfig};

use super::{
    parts::{At, Bench, label},
    typed::Typed,
};
use crate::{
    islands::wire::Kept,
    pages::form::problems,
    server::{error::PageError, render::Cx},
};

pub(super) async fn submit(
    cx: Cx,
    at: At,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let typed = Typed::read(pairs);
    let mine = match typed.config() {
        Ok(mine) => mine,
        Err(problems) => return Ok(Json(wrong(problems.into_iter().next())).into_response()),
    };
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let kept = match desk.autosave(who, at.ids(), typed.revision, mine.clone()).await {
        Ok(Autosaved::Saved { revision }) => {
            Kept::Saved { revision, since: since(&cx, &at).await? }
        }
        Ok(Autosaved::Merged { revision, fields }) => {
            merged((revision, since(&cx, &at).await?), &mine, &fields)
        }
        Ok(Autosaved::Conflict(conflict)) => {
            let fields = conflict.merged.conflicts.iter().map(|conflict| conflict.field);
            Kept::Conflict { labels: labels(fields) }
        }
        // A page that is asked again later keeps what it has.
        Err(DeskError::Unavailable) => return Err(PageError::Unavailable),
        Err(error) => wrong(problems(error)?.into_iter().next()),
    };
    Ok(Json(kept).into_response())
}

async fn since(cx: &Cx, at: &At) -> Result<String, PageError> {
    Ok(Bench::of(cx, at).await?.since())
}

fn wrong(problem: Option<portal_ui::Problem>) -> Kept {
    Kept::Wrong(problem.map(|problem| problem.message).unwrap_or_default())
}

fn labels(fields: impl Iterator<Item = Field>) -> String {
    fields.map(|field| label(field.as_str())).collect::<Vec<_>>().join(", ")
}

fn merged((revision, since): (u32, String), mine: &OpenConfig, both: &OpenConfig) -> Kept {
    let theirs = mine.fields_changed(both);
    if theirs.is_empty() {
        return Kept::Saved { revision, since };
    }
    let form = Typed::of(revision, both);
    let controls = theirs.iter().filter_map(|field| {
        let text = match field {
            Field::Name => &form.name,
            Field::Role => &form.role,
            Field::JobDescription => &form.job_description,
            Field::StatementOfWork => &form.statement_of_work,
            Field::Persona => &form.persona,
            Field::SystemPrompt => &form.system_prompt,
            Field::Model => &form.model,
            Field::Tools => &form.tools,
            Field::FollowMinutes => &form.follow_minutes,
            // A row more or less is for the server to draw.
            Field::Escalation => return None,
        };
        Some((field.as_str().to_owned(), text.clone()))
    });
    Kept::Merged {
        revision,
        since,
        theirs: controls.collect(),
        reload: theirs.contains(&Field::Escalation),
        labels: labels(theirs.into_iter()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_changed_comes_back_by_the_name_of_its_control() {
        let mine = OpenConfig::named("Mara");
        let both = OpenConfig { role: "Lead".to_owned(), follow_minutes: 5, ..mine.clone() };
        let kept = merged((4, String::new()), &mine, &both);
        let Kept::Merged { revision: 4, theirs, reload: false, labels, .. } = kept else {
            panic!("{kept:?}")
        };
        let want = [("role", "Lead"), ("follow_minutes", "5")];
        assert_eq!(theirs, want.map(|(name, text)| (name.to_owned(), text.to_owned())));
        assert_eq!(labels, "Role, Follow time, in minutes");
    }

    #[test]
    fn a_merge_that_changes_nothing_of_mine_is_a_save() {
        let mine = OpenConfig::named("Mara");
        let kept = merged((4, String::new()), &mine, &mine.clone());
        assert_eq!(kept, Kept::Saved { revision: 4, since: String::new() });
    }
}
