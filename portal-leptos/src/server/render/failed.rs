//! The page of an error.

use axum::response::Response;
use leptos::prelude::*;
use portal_ui::{EmptyState, Icon, SubmitButton};

use super::{Asked, PlainCx, framed};
use crate::server::{
    Portal,
    error::PageError,
    session::{CONFIRM, Resend},
};

/// The page of an error, with the reference that finds it in the logs.
pub fn error_page(portal: &Portal, asked: &Asked, error: PageError) -> Response {
    let status = error.status();
    if let PageError::Ended(resend) = error {
        let cx = PlainCx { portal: portal.clone(), asked: asked.clone() };
        let lead = if resend.fields.is_empty() {
            "Nothing was changed. Sign in again, and do it once more."
        } else {
            "What you typed is kept on this page. Sign in again in another tab, come back, and \
             send it."
        };
        return cx.page(status, ("Your session has ended", Some(lead)), || {
            again(resend, ("/sign-in", "Sign in in a new tab"))
        });
    }
    let (title, text) = error.words();
    if let PageError::Unconfirmed(resend) = error {
        let cx = PlainCx { portal: portal.clone(), asked: asked.clone() };
        let lead = "What comes next matters, so we make sure that it is you. What you typed is kept on \
                    this page: confirm in another tab, come back, and send it.";
        return cx.page(status, (title, Some(lead)), || {
            again(resend, (CONFIRM, "Confirm in a new tab"))
        });
    }
    if asked.signed.is_none() {
        let cx = PlainCx { portal: portal.clone(), asked: asked.clone() };
        return cx.page(status, (title, Some(text)), || {
            view! { <p><a href="/">"Go to the first page"</a></p> }.into_any()
        });
    }
    let reference = asked.reference.clone();
    framed(status, portal, asked, title, || {
        view! {
            <EmptyState
                title=title
                text=text
                icon=Icon::Info
                action=Some(("Go to the first page".to_owned(), "/".to_owned()))
                whole=true
            />
            <p class="meta error-reference">"If it stays so, quote the reference " <code>{reference}</code> "."</p>
        }
        .into_any()
    })
}

/// The form as it was sent, to be sent again.
fn again(resend: Resend, (href, words): (&'static str, &'static str)) -> AnyView {
    let Resend { action, fields } = resend;
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect();
    let kept = (!fields.is_empty()).then(|| {
        view! {
            <form method="post" action=action>
                {fields}
                <SubmitButton wide=true>"Send it again"</SubmitButton>
            </form>
        }
    });
    view! {
        <p><a href=href target="_blank" rel="noopener">{words}</a></p>
        {kept}
    }
    .into_any()
}
