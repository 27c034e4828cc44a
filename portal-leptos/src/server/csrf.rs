//! Whether a request that changes something comes from our own pages.
//!
//! Browsers say in `Sec-Fetch-Site` where a request comes from, and no page can forge it; those that
//! do not are asked for the exact `Origin` (OWASP, Cross-Site Request Forgery Prevention Cheat Sheet,
//! "Fetch Metadata headers").

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};

use super::error::{PageError, loggable};

/// The portal's own origin, e.g. `https://portal.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin of a URL; `None` if it has none.
    pub fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
        let known = matches!(scheme, "http" | "https") && !host.contains(['@', ' ']);
        known.then(|| Self(format!("{scheme}://{}", host.to_ascii_lowercase())))
    }

    /// As a browser sends it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is allowed to be sent as the body of a change.
const CONTENT_TYPES: [&str; 2] = ["application/x-www-form-urlencoded", "application/json"];

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// It comes from another site.
    #[error("it was sent by another site")]
    Site,
    /// Nothing says where it comes from.
    #[error("it does not say which site sent it")]
    Unknown,
    /// Only a form of another site would send such a body.
    #[error("its content type is not one of ours")]
    ContentType,
}

/// Whether a request may change something. Pure.
pub fn check(method: &Method, headers: &HeaderMap, own: &Origin) -> Result<(), Foreign> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        (Some("same-origin"), _) => {}
        (None, Some(origin)) if origin.eq_ignore_ascii_case(own.as_str()) => {}
        (Some(_), _) | (None, Some(_)) => return Err(Foreign::Site),
        (None, None) => return Err(Foreign::Unknown),
    }
    match text(header::CONTENT_TYPE.as_str()) {
        None => Ok(()),
        Some(sent) => {
            let kind = sent.split(';').next().unwrap_or_default().trim();
            let ours = CONTENT_TYPES.iter().any(|it| it.eq_ignore_ascii_case(kind));
            if ours { Ok(()) } else { Err(Foreign::ContentType) }
        }
    }
}

/// Refuses what [`check`] refuses.
pub async fn refuse_foreign(
    State(own): State<Origin>,
    request: Request,
    next: Next,
) -> Result<Response, PageError> {
    if let Err(foreign) = check(request.method(), request.headers(), &own) {
        let path = loggable(request.uri().path());
        tracing::warn!(path, reason = %foreign, "a change was refused");
        return Err(PageError::Foreign);
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests;
