//! A tool comes, and is changed.

use axum::{
    extract::{Form, Path, Query},
    response::Response,
};
use desk::{DeskError, FieldProblem, Permission, Seen};
use domain::access::Principal;
use leptos::prelude::*;
use portal_ui::{Crumb, PageHeader, Problem};
use schemas::{TenantId, ToolId};
use serde::Deserialize;

use super::{
    Found, address,
    headers::TypedHeader,
    kinds::{Kind, kinds},
    reading::reading,
    typed::Typed,
    view::{Shown, form},
};
use crate::{
    pages::{
        form::{Saved, WITH_PROBLEMS, done, fingerprint, problems, wrong},
        rows::control,
    },
    server::{error::PageError, render::Cx},
};

type At = Path<(TenantId, ToolId)>;
type Pairs = Form<Vec<(String, String)>>;

/// Which kind was chosen.
#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    kind: String,
}

/// The form of the kind that was chosen; else both kinds to choose from.
pub(super) async fn begin(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, PageError> {
    let Some(kind) = Kind::read(&chosen.kind) else {
        return Ok(cx.page("New tool", || {
            let crumbs = vec![Crumb::new("Tools", address(&tenant).done())];
            let lead =
                "What does the agent call? It decides when, by the description that you write.";
            view! { <PageHeader title="New tool" lead crumbs /> {kinds(Some(&tenant))} }.into_any()
        }));
    };
    Ok(new_page(&cx, &tenant, Typed::new(kind), Vec::new()))
}

pub(super) async fn create(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Form(pairs): Pairs,
) -> Result<Response, PageError> {
    let typed = Typed::read(pairs);
    if let Some(typed) = typed.pressed_row() {
        return Ok(new_page(&cx, &tenant, typed.shown_again(), Vec::new()));
    }
    let slug = typed.slug.trim().to_owned();
    // A new tool takes no other's place.
    match write(&cx, &tenant, (&slug, Seen::Nothing), &typed).await? {
        Saved::Written(written) => {
            let said = format!("{slug} is here. Next: tick it in the Designer of an agent.");
            Ok(done(&address(&tenant).done(), &said, written))
        }
        Saved::Overtaken => {
            let taken = wrong("slug", "Slug is taken: another tool of this tenant has it");
            Ok(new_page(&cx, &tenant, typed.shown_again(), vec![taken]))
        }
        Saved::Wrong(problems) => Ok(new_page(&cx, &tenant, typed.shown_again(), problems)),
    }
}

pub(super) async fn show(cx: Cx, Path((tenant, id)): At) -> Result<Response, PageError> {
    let found = Found::of(&cx, &tenant, &id)?;
    let who = &cx.signed.principal;
    let may_write = who.require(Permission::AgentsWrite, &tenant).is_ok();
    let may_change = !found.tool.endpoint().allow_private || may_open(who, &tenant);
    if !may_write || !may_change {
        return Ok(cx.page(id.as_str(), || reading(&tenant, &found, may_write)));
    }
    let typed = Typed::of(&found.tool, fingerprint(&found.tool));
    Ok(page(&cx, &tenant, &found, (typed, Vec::new())))
}

pub(super) async fn save(
    cx: Cx,
    Path((tenant, id)): At,
    Form(pairs): Pairs,
) -> Result<Response, PageError> {
    let found = Found::of(&cx, &tenant, &id)?;
    let typed = Typed { slug: id.to_string(), ..Typed::read(pairs) };
    if let Some(typed) = typed.pressed_row() {
        return Ok(page(&cx, &tenant, &found, (typed.shown_again(), Vec::new())));
    }
    match write(&cx, &tenant, (id.as_str(), Seen::As(&typed.seen)), &typed).await? {
        Saved::Written(written) => {
            let to = format!("{}/{id}", address(&tenant).done());
            Ok(done(&to, "The tool is saved. It is so from the next call on.", written))
        }
        Saved::Overtaken => {
            let found = Found::of(&cx, &tenant, &id)?;
            let message = "Somebody else changed this tool while you typed. Look at theirs in \
                           another tab; save again, and what stands here takes its place";
            let typed = Typed { seen: fingerprint(&found.tool), ..typed.shown_again() };
            Ok(page(&cx, &tenant, &found, (typed, vec![wrong("", message)])))
        }
        Saved::Wrong(problems) => Ok(page(&cx, &tenant, &found, (typed.shown_again(), problems))),
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
    match cx.portal.desk.save_tool(&cx.signed.principal, tenant, at, wish).await {
        Ok(written) => Ok(Saved::Written(written)),
        Err(DeskError::Conflict { .. }) => Ok(Saved::Overtaken),
        Err(DeskError::Invalid(found)) => {
            Ok(Saved::Wrong(found.into_iter().map(|it| of_form(typed, it)).collect()))
        }
        Err(error) => Ok(Saved::Wrong(problems(error)?)),
    }
}

/// What the desk says is wrong, in the words of this form and at its field.
fn of_form(typed: &Typed, found: FieldProblem) -> Problem {
    let said = &found.problem;
    let (field, message) = match found.field {
        "description" => ("description", format!("The description {said}")),
        "url" => ("url", format!("The address {said}")),
        "arguments" => ("arguments", format!("The schema {said}")),
        "tools" => ("tools", format!("The list of tools {said}")),
        "timeout_seconds" => ("timeout_seconds", format!("The longest call {said}")),
        "allow_private" => ("allow_private", format!("A private network {said}")),
        "headers" => {
            let said = said.strip_prefix("has ").unwrap_or(said);
            let message = if said.starts_with("more than ") {
                format!("The form has {said} headers")
            } else if let Some(what) = said.strip_prefix("one ") {
                format!("The form has a header {what}")
            } else {
                format!("The form has {said}")
            };
            let Some((row, header)) = typed.row_named(said) else {
                return wrong("headers", message);
            };
            let is_of_secret = header.is_secret && said.contains("secret");
            let part = if is_of_secret { "secret" } else { "name" };
            return wrong(&control::<TypedHeader>(part, row), message);
        }
        _ => ("slug", format!("Slug {said}")),
    };
    wrong(field, message)
}

fn new_page(cx: &Cx, tenant: &TenantId, typed: Typed, problems: Vec<Problem>) -> Response {
    let shown = Shown {
        action: address(tenant).done() + "/new",
        back: address(tenant).done(),
        found: None,
        may_open: may_open(&cx.signed.principal, tenant),
        typed,
        problems,
    };
    let title = "New tool";
    answer(cx, title, shown.problems.is_empty(), || {
        let crumbs = vec![Crumb::new("Tools", address(tenant).done())];
        let lead = shown.typed.kind.named();
        let form = form(tenant, shown);
        view! { <PageHeader title lead crumbs /> {form} }.into_any()
    })
}

fn page(
    cx: &Cx,
    tenant: &TenantId,
    found: &Found,
    (typed, problems): (Typed, Vec<Problem>),
) -> Response {
    let id = &found.tool.id;
    let shown = Shown {
        action: format!("{}/{id}", address(tenant).done()),
        back: address(tenant).done(),
        found: Some(found),
        may_open: may_open(&cx.signed.principal, tenant),
        typed,
        problems,
    };
    answer(cx, id.as_str(), shown.problems.is_empty(), || {
        let crumbs = vec![Crumb::new("Tools", address(tenant).done())];
        let (title, lead) = (id.to_string(), shown.typed.kind.named());
        let form = form(tenant, shown);
        view! { <PageHeader title lead crumbs /> {form} }.into_any()
    })
}

fn answer(cx: &Cx, title: &str, is_well: bool, body: impl FnOnce() -> AnyView) -> Response {
    if is_well { cx.page(title, body) } else { cx.page_with(WITH_PROBLEMS, title, body) }
}

/// Whether they may let a tool into the installation's networks.
fn may_open(who: &Principal, tenant: &TenantId) -> bool {
    who.require(Permission::TenantsManage, tenant).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_headers_names_them() {
        for (found, want) in [
            ("has more than 20", "The form has more than 20 headers"),
            ("has one whose name is none", "The form has a header whose name is none"),
            ("has `host`, which is not for tools", "The form has `host`, which is not for tools"),
        ] {
            let found = FieldProblem::new("headers", found);
            let got = of_form(&Typed::new(Kind::Http), found);
            assert_eq!((&*got.field, &*got.message), ("headers", want));
        }
    }
}
