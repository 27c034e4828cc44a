//! U+0000, which nobody types and PostgreSQL keeps in no text: a request that holds it is refused here,
//! before a page reads anything of it.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::Method,
    middleware::Next,
    response::Response,
};

use super::{error::PageError, session::FORM_BYTES_MAX};

/// As addresses and forms write it.
const ESCAPED: &[u8] = b"%00";

/// Refuses a path, a query and a form with U+0000. What cannot be a name is not there.
pub(super) async fn refuse(request: Request, next: Next) -> Result<Response, PageError> {
    if holds(request.uri().path().as_bytes()) {
        return Err(PageError::NotFound);
    }
    if request.uri().query().is_some_and(|query| holds(query.as_bytes())) {
        return Err(PageError::BadRequest);
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let form = to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| PageError::BadRequest)?;
    if holds(&form) {
        return Err(PageError::BadRequest);
    }
    Ok(next.run(Request::from_parts(parts, Body::from(form))).await)
}

/// Whether it stands there, escaped or as it is. An escaped `%` before `00` is another text.
fn holds(text: &[u8]) -> bool {
    text.contains(&0) || text.windows(ESCAPED.len()).any(|bytes| bytes == ESCAPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_character_is_refused() {
        for (text, want) in [
            ("email=a%00@example.com", true),
            ("a=1&b=%00", true),
            ("na%00me=a", true),
            ("a=%%00", true),
            ("a=\0", true),
            ("%00", true),
            ("a=%2500", false),
            ("a=%0", false),
            ("a=%000", true),
            ("a=%E0%80", false),
            ("a=00", false),
            ("", false),
        ] {
            assert_eq!(holds(text.as_bytes()), want, "{text:?}");
        }
    }
}
