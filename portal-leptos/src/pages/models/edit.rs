//! A model group comes, and is changed.

use axum::{
    extract::{Form, Path},
    response::Response,
};
use desk::{DeskError, Seen};
use leptos::prelude::*;
use portal_ui::{Crumb, PageHeader, Problem};
use schemas::{ModelGroup, ModelGroupId, TenantId};

use super::{
    May, address, found,
    reading::reading,
    said::of_form,
    typed::Typed,
    view::{Shown, form},
};
use crate::{
    pages::form::{Saved, WITH_PROBLEMS, done, fingerprint, problems, wrong},
    server::{error::PageError, render::Cx},
};

type At = Path<(TenantId, ModelGroupId)>;
type Pairs = Form<Vec<(String, String)>>;

pub(super) async fn begin(cx: Cx, Path(tenant): Path<TenantId>) -> Result<Response, PageError> {
    page(&cx, &tenant, None, (Typed::new(), Vec::new()))
}

pub(super) async fn create(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Form(pairs): Pairs,
) -> Result<Response, PageError> {
    let typed = Typed::read(pairs);
    if let Some(typed) = typed.pressed_row() {
        return page(&cx, &tenant, None, (typed, Vec::new()));
    }
    let slug = typed.slug.trim().to_owned();
    // A new group takes no other's place.
    match write(&cx, &tenant, (&slug, Seen::Nothing), &typed).await? {
        Saved::Written(written) => {
            let said = format!("{slug} is here. Next: choose it in the Designer of an agent.");
            Ok(done(&address(&tenant).done(), &said, written))
        }
        Saved::Overtaken => {
            let taken = wrong("slug", "The name is taken: another group of this tenant has it");
            page(&cx, &tenant, None, (typed, vec![taken]))
        }
        Saved::Wrong(problems) => page(&cx, &tenant, None, (typed, problems)),
    }
}

pub(super) async fn show(cx: Cx, Path((tenant, id)): At) -> Result<Response, PageError> {
    let group = found(&cx, &tenant, &id)?;
    let may = May::of(&cx, &tenant);
    if !may.change(&group) {
        return Ok(cx.page(id.as_str(), || reading(&tenant, &group, may)));
    }
    page(&cx, &tenant, Some(&group), (Typed::of(&group), Vec::new()))
}

pub(super) async fn save(
    cx: Cx,
    Path((tenant, id)): At,
    Form(pairs): Pairs,
) -> Result<Response, PageError> {
    let group = found(&cx, &tenant, &id)?;
    let typed = Typed { slug: id.to_string(), ..Typed::read(pairs) };
    if let Some(typed) = typed.pressed_row() {
        return page(&cx, &tenant, Some(&group), (typed, Vec::new()));
    }
    match write(&cx, &tenant, (id.as_str(), Seen::As(&typed.seen)), &typed).await? {
        Saved::Written(written) => {
            let to = format!("{}/{id}", address(&tenant).done());
            Ok(done(&to, "The group is saved. It answers so from the next request on.", written))
        }
        Saved::Overtaken => {
            let group = found(&cx, &tenant, &id)?;
            let message = "Somebody else changed this group while you typed. Look at theirs in \
                           another tab; save again, and what stands here takes its place";
            let typed = Typed { seen: fingerprint(&group), ..typed };
            page(&cx, &tenant, Some(&group), (typed, vec![wrong("", message)]))
        }
        Saved::Wrong(problems) => page(&cx, &tenant, Some(&group), (typed, problems)),
    }
}

/// Writes what was typed, or says what is wrong with it.
async fn write(
    cx: &Cx,
    tenant: &TenantId,
    at: (&str, Seen<'_>),
    typed: &Typed,
) -> Result<Saved, PageError> {
    let wish = match typed.wish() {
        Ok(wish) => wish,
        Err(problems) => return Ok(Saved::Wrong(problems)),
    };
    match cx.portal.desk.save_model_group(&cx.signed.principal, tenant, at, wish).await {
        Ok(written) => Ok(Saved::Written(written)),
        Err(DeskError::Conflict { .. }) => Ok(Saved::Overtaken),
        Err(DeskError::Invalid(found)) => {
            Ok(Saved::Wrong(found.iter().map(|it| of_form(typed, it)).collect()))
        }
        Err(error) => Ok(Saved::Wrong(problems(error)?)),
    }
}

/// The form of a group, or of one that comes, without the keys that were typed.
fn page(
    cx: &Cx,
    tenant: &TenantId,
    found: Option<&ModelGroup>,
    (typed, problems): (Typed, Vec<Problem>),
) -> Result<Response, PageError> {
    let desk = &cx.portal.desk;
    let own = desk.model_groups(&cx.signed.principal, tenant)?;
    let mut others: Vec<_> = own.iter().map(|group| group.id.to_string()).collect();
    others.extend(desk.model_groups_of_installation());
    others.retain(|name| found.is_none_or(|group| group.id.as_str() != name));
    others.sort_unstable();
    others.dedup();
    let all = address(tenant).done();
    let (title, end) = match found {
        Some(group) => (group.id.to_string(), group.id.to_string()),
        None => ("New model group".to_owned(), "new".to_owned()),
    };
    let shown = Shown {
        action: format!("{all}/{end}"),
        back: all.clone(),
        found,
        others,
        may_say_where: May::of(cx, tenant).say_where,
        typed: typed.shown_again(),
        problems,
    };
    let is_well = shown.problems.is_empty();
    let body = || {
        let crumbs = vec![Crumb::new("Models", all)];
        let (title, form) = (title.clone(), form(shown));
        view! { <PageHeader title crumbs /> {form} }.into_any()
    };
    Ok(if is_well { cx.page(&title, body) } else { cx.page_with(WITH_PROBLEMS, &title, body) })
}
