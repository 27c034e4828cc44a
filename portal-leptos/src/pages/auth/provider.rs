//! To the provider of identities and back. A link leads there, so that no form's answer goes to
//! another site; what came back is believed only in the browser that went.

mod view;

use std::sync::Arc;

use accounts::{AccountsError, Errand, Identity, LinkToken, LocalPath, Reason, Visit, Welcome};
use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{HeaderValue, header, request::Parts},
    response::Response,
};
use oidc::{OidcError, Prompt};
use serde::Deserialize;

use super::{Next, enter, second_factor};
use crate::server::{
    Portal,
    error::{PageError, see_other},
    flash::cookie,
    render::PlainCx,
    routes::{Need, Routes},
    session::{CONFIRM_BY_PROVIDER, Visited},
    sign_on::{CALLBACK, SignOn},
};

const PAGE: &str = "/sign-in/oidc";

/// Holds the errand while somebody is at the provider.
const COOKIE: &str = "__Host-ks-oidc";

pub(super) fn routes() -> Routes {
    Routes::default()
        .get(PAGE, Need::Public, sign_in)
        .get(CALLBACK, Need::Public, back)
        .get("/invite/{token}/oidc", Need::Public, invited)
        .get(CONFIRM_BY_PROVIDER, Need::SignedIn, confirm)
}

/// The link to sign in there, for the page that leads to `next`.
pub(super) fn link(next: &LocalPath) -> String {
    super::with_next(PAGE, next)
}

async fn sign_in(cx: PlainCx, Query(next): Query<Next>) -> Result<Response, PageError> {
    if cx.asked.signed.is_some() {
        return Ok(see_other(next.path().as_str()));
    }
    send(&cx, Reason::SignIn, next.path()).await
}

async fn confirm(cx: PlainCx, Query(next): Query<Next>) -> Result<Response, PageError> {
    send(&cx, Reason::Confirm, next.path()).await
}

async fn invited(cx: PlainCx, Path(token): Path<String>) -> Result<Response, PageError> {
    send(&cx, Reason::Invite(LinkToken::from(token)), LocalPath::default()).await
}

/// Sends the browser to the provider.
async fn send(cx: &PlainCx, reason: Reason, next: LocalPath) -> Result<Response, PageError> {
    let on = on(cx)?;
    let (now, prompt) = match &reason {
        Reason::Confirm => (cx.now(), Prompt::Again),
        Reason::SignIn | Reason::Invite(_) => (cx.now(), Prompt::Any),
    };
    let begun = match on.provider.begin(prompt, now).await {
        Ok(begun) => begun,
        Err(error) => return failed(cx, &on, &error),
    };
    let (state, nonce, verifier) = (begun.state, begun.nonce, begun.verifier);
    let errand = Errand { reason, next, state, nonce, verifier, began_at: now };
    let sealed = cx.portal.accounts.seal_errand(&errand)?;
    let text = format!(
        "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}",
        sealed.expose(),
        accounts::ERRAND_MAX.as_secs()
    );
    let mut held = HeaderValue::from_str(&text).map_err(|_| PageError::Internal)?;
    held.set_sensitive(true);
    let mut response = see_other(&begun.url);
    response.headers_mut().append(header::SET_COOKIE, held);
    Ok(response)
}

/// The errand, where the browser holds one.
struct Held(Option<String>);

impl FromRequestParts<Portal> for Held {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &Portal) -> Result<Self, PageError> {
        Ok(Self(cookie(&parts.headers, COOKIE).map(str::to_owned)))
    }
}

/// What the browser brings back. What the provider says in words of its own is not read: anybody can
/// make such a link.
#[derive(Default, Deserialize)]
struct Back {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

async fn back(
    cx: PlainCx,
    Visited(visit): Visited,
    Held(sealed): Held,
    Query(back): Query<Back>,
) -> Result<Response, PageError> {
    let on = on(&cx)?;
    let taken = match sealed {
        Some(sealed) => cx.portal.accounts.take_errand(&sealed, &back.state, visit.now).await,
        None => Err(AccountsError::Link),
    };
    let errand = match taken {
        Ok(errand) => errand,
        Err(AccountsError::Link) => return Ok(view::lost(&cx, &on.name)),
        Err(error) => return Err(error.into()),
    };
    let mut response = match identify(&cx, &on, &errand, back).await {
        Ok(who) => welcome(&cx, &on, errand, &who, &visit).await,
        Err(refused) => refused,
    }?;
    response.headers_mut().append(header::SET_COOKIE, gone());
    Ok(response)
}

/// Who it is that came back; or the page that says why nobody knows.
async fn identify(
    cx: &PlainCx,
    on: &SignOn,
    errand: &Errand,
    back: Back,
) -> Result<Identity, Result<Response, PageError>> {
    if back.iss.is_some_and(|iss| iss != on.provider.issuer()) {
        let error = OidcError::Untrusted("another provider answered".to_owned());
        return Err(failed(cx, on, &error));
    }
    match (back.code, back.error) {
        (Some(code), None) => {
            let proofs = (&errand.nonce, &errand.verifier);
            let found = on.provider.finish(&code, proofs, cx.now()).await;
            found.map_err(|error| failed(cx, on, &error))
        }
        (_, Some(error)) if is_no(&error) => {
            tracing::info!(reference = cx.asked.reference, "the provider let somebody not in");
            Err(Ok(view::denied(cx, &on.name)))
        }
        (_, error) => {
            let said = error.as_deref().filter(|it| is_word(it)).unwrap_or("nothing");
            let error = OidcError::Broken(format!("it sent somebody back and said {said}"));
            Err(failed(cx, on, &error))
        }
    }
}

/// Does what the browser went for.
async fn welcome(
    cx: &PlainCx,
    on: &SignOn,
    errand: Errand,
    who: &Identity,
    visit: &Visit,
) -> Result<Response, PageError> {
    let accounts = &cx.portal.accounts;
    match errand.reason {
        Reason::SignIn => match accounts.sign_in_as(who, on.factor, visit).await? {
            Welcome::Done(session) => enter(&session, errand.next.as_str()),
            Welcome::SecondFactor(half) => second_factor::begin(&half, &errand.next),
            Welcome::Unchecked => Ok(view::unchecked(cx, &on.name)),
            Welcome::Stranger => Ok(view::stranger(cx, &on.name)),
        },
        Reason::Confirm => {
            let held = visit.session().ok_or(AccountsError::SessionEnded)?;
            match accounts.freshen_as(held, (who, on.factor), errand.began_at, visit).await {
                Ok(Welcome::Done(session)) => enter(&session, errand.next.as_str()),
                Ok(Welcome::SecondFactor(half)) => second_factor::begin(&half, &errand.next),
                Ok(Welcome::Unchecked | Welcome::Stranger) => Err(PageError::Internal),
                Err(AccountsError::Wrong) => Ok(view::somebody_else(cx, &on.name)),
                Err(AccountsError::Stale) => Ok(view::not_asked(cx, &on.name)),
                Err(error) => Err(error.into()),
            }
        }
        Reason::Invite(link) => {
            let found = accounts.invitation(&link, visit.now).await?;
            let to = found.as_ref().map_or_else(|| "/".to_owned(), super::invite::leads_to);
            match accounts.accept_invite_as(&link, who, on.factor, visit).await {
                Ok(session) => enter(&session, &to),
                Err(AccountsError::Link) => Ok(super::invite::dead_link(cx)),
                Err(AccountsError::Wrong) => {
                    Ok(view::not_invited(cx, &on.name, found.map(|it| it.email)))
                }
                Err(AccountsError::EmailTaken) => Ok(view::taken(cx, &on.name)),
                Err(error) => Err(error.into()),
            }
        }
    }
}

fn on(cx: &PlainCx) -> Result<Arc<SignOn>, PageError> {
    cx.portal.sign_on.clone().ok_or(PageError::NotFound)
}

/// The page of a provider that is away, or not to be believed; the log says more.
fn failed(cx: &PlainCx, on: &SignOn, error: &OidcError) -> Result<Response, PageError> {
    let reference = cx.asked.reference.as_str();
    tracing::warn!(reference, %error, "a sign-in through the provider failed");
    match error {
        OidcError::Busy => Err(PageError::TooMany),
        OidcError::Away(_) => Ok(view::away(cx, &on.name)),
        OidcError::Broken(_) | OidcError::Untrusted(_) => Ok(view::broken(cx, &on.name)),
    }
}

/// Whether somebody was asked there, and it came to nothing (RFC 6749 §4.1.2.1, Core 1.0 §3.1.2.6).
fn is_no(error: &str) -> bool {
    let known = ["access_denied", "login_required", "interaction_required", "consent_required"];
    known.contains(&error)
}

/// Whether a log may have it.
fn is_word(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
}

fn gone() -> HeaderValue {
    HeaderValue::from_static("__Host-ks-oidc=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_may_have_is_one_word() {
        for (text, want) in
            [("server_error", true), ("no\nline", false), ("<b>", false), (&"x".repeat(41), false)]
        {
            assert_eq!(is_word(text), want, "{text}");
        }
    }
}
