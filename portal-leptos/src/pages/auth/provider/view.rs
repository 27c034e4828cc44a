//! What people see when the provider's word does not let them in.

use axum::{http::StatusCode, response::Response};
use leptos::prelude::*;

use crate::server::render::PlainCx;

/// The browser brings back nothing that it was sent for, or for the second time.
pub(super) fn lost(cx: &PlainCx, name: &str) -> Response {
    let lead = "It took too long, was begun in another browser, or is done already.";
    let title = "This sign-in cannot be finished";
    page(cx, StatusCode::BAD_REQUEST, (title, lead.to_owned()), again(name))
}

/// The person or the provider said no.
pub(super) fn denied(cx: &PlainCx, name: &str) -> Response {
    let lead = format!("{name} sent you back without a sign-in.");
    let title = format!("{name} did not let you in");
    page(cx, StatusCode::FORBIDDEN, (&title, lead), again(name))
}

/// No answer.
pub(super) fn away(cx: &PlainCx, name: &str) -> Response {
    let lead = "It usually is back within minutes. If you have a password here, it still works.";
    let title = format!("{name} is not answering");
    page(cx, StatusCode::BAD_GATEWAY, (&title, lead.to_owned()), again(name))
}

/// An answer that proves nothing.
pub(super) fn broken(cx: &PlainCx, name: &str) -> Response {
    let lead = format!(
        "What {name} says about you does not hold, so we do not let it count. If you have a password \
         here, it still works."
    );
    let text = "If it stays so, quote the reference below to an administrator: the log says more.";
    let title = format!("{name} could not tell us who you are");
    page(cx, StatusCode::BAD_GATEWAY, (&title, lead), text.to_owned())
}

/// They are new here, and their e-mail proves nothing.
pub(super) fn unchecked(cx: &PlainCx, name: &str) -> Response {
    let lead =
        format!("{name} does not say that your e-mail is yours, so we cannot know you by it.");
    let text = format!("Confirm your e-mail at {name}, then sign in again.");
    page(cx, StatusCode::FORBIDDEN, ("Your e-mail is not confirmed", lead), text)
}

/// They have no account, or none that this opens.
pub(super) fn stranger(cx: &PlainCx, name: &str) -> Response {
    let lead = format!("{name} knows you, but nobody has invited you to this installation.");
    let text = "Ask an administrator of this installation to invite you. If you think you have an \
                account, quote the reference below.";
    page(cx, StatusCode::FORBIDDEN, ("You have no account here", lead), text.to_owned())
}

/// Whoever is signed in here is another person there.
pub(super) fn somebody_else(cx: &PlainCx, name: &str) -> Response {
    let lead = format!("Who you are at {name} is not who is signed in here.");
    let text = format!("Sign out at {name}, then try again as yourself.");
    page(cx, StatusCode::FORBIDDEN, ("That was somebody else", lead), text)
}

/// The provider let them pass without asking.
pub(super) fn not_asked(cx: &PlainCx, name: &str) -> Response {
    let lead = format!("{name} let you pass without asking you again, so nothing is sure yet.");
    let text = "Go back and use your password. If you have none, ask an administrator for a link to \
                choose one.";
    page(
        cx,
        StatusCode::FORBIDDEN,
        ("We could not make sure that it is you", lead),
        text.to_owned(),
    )
}

/// The invitation is for another e-mail.
pub(super) fn not_invited(cx: &PlainCx, name: &str, invited: Option<String>) -> Response {
    let invited = invited.unwrap_or_else(|| "somebody else".to_owned());
    let lead = format!("It is for {invited}. {name} does not say that this is you.");
    let text = "Open the invitation again and choose a password, or sign in there as yourself.";
    page(cx, StatusCode::FORBIDDEN, ("This invitation is not for you", lead), text.to_owned())
}

/// There is an account already, for the e-mail or for who they are there.
pub(super) fn taken(cx: &PlainCx, name: &str) -> Response {
    let lead = format!("Who you are at {name}, or your e-mail, has an account here.");
    let text = "Sign in, then open the invitation again.";
    page(cx, StatusCode::CONFLICT, ("You have an account", lead), text.to_owned())
}

fn again(name: &str) -> String {
    format!("Go back to the sign-in page and begin again, with {name} or a password.")
}

fn page(cx: &PlainCx, status: StatusCode, (title, lead): (&str, String), text: String) -> Response {
    // Whoever proves again who they are is signed in: the first page is the way back.
    let (to, words) = match &cx.asked.signed {
        Some(_) => ("/", "Go to the first page"),
        None => ("/sign-in", "Go to the sign-in page"),
    };
    cx.page(status, (title, Some(&lead)), || {
        view! { <p>{text}</p> <p><a href=to>{words}</a></p> }.into_any()
    })
}
