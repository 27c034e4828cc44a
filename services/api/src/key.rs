//! Who asks: the key in `Authorization`, and nothing else.

use accounts::ApiToken;
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::Response,
};
use domain::access::Principal;

use crate::{Api, problem::ApiError};

/// How every key begins; see `accounts::ApiToken`.
const PREFIX: &str = "konstruct_";

/// The longest text that may be one.
const KEY_BYTES_MAX: usize = 100;

/// Finds out who asks, for whatever comes after. The database is asked for each request, so a key that
/// was revoked opens nothing from then on.
pub(crate) async fn identify(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let key = bearer(request.headers()).ok_or(ApiError::Key)?;
    let now = api.clock.now();
    let found = api.accounts.principal_of_key(&key, now).await?;
    let principal = found.ok_or(ApiError::Key)?;
    if let Err(retry_at) = api.0.pace.admit(&principal.operator, now) {
        let wait = retry_at.since(now).as_millis().div_ceil(1000);
        return Err(ApiError::TooMany { wait_s: u64::try_from(wait).unwrap_or(60) });
    }
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

fn bearer(headers: &HeaderMap) -> Option<ApiToken> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    let may_be_one = key.starts_with(PREFIX) && key.len() <= KEY_BYTES_MAX;
    (scheme.eq_ignore_ascii_case("bearer") && may_be_one).then(|| ApiToken::from(key.to_owned()))
}

/// Who asks.
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        parts.extensions.get::<Principal>().cloned().map(Self).ok_or(ApiError::Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_from_one_place_only() {
        let read = |name: header::HeaderName, text: &str| {
            let headers: HeaderMap = [(name, text.parse().unwrap())].into_iter().collect();
            bearer(&headers).map(|key| key.expose().to_owned())
        };
        let of = |text: &str| read(header::AUTHORIZATION, text);
        assert_eq!(of("Bearer konstruct_abc").as_deref(), Some("konstruct_abc"));
        assert_eq!(of("bearer konstruct_abc").as_deref(), Some("konstruct_abc"));
        for text in ["konstruct_abc", "Basic konstruct_abc", "Bearer abc", "Bearer", ""] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of(&format!("Bearer konstruct_{}", "a".repeat(100))), None);
        assert_eq!(read(header::COOKIE, "Bearer konstruct_abc"), None);
    }
}
