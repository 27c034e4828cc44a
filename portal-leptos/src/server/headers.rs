//! What every answer says about itself, so that a browser trusts nothing else.

use std::sync::Arc;

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tracing::Instrument as _;

/// A year, the least that ASVS 3.4.1 asks for.
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// Allows the scripts of one answer, and no other.
#[derive(Clone, Debug)]
pub struct Nonce(pub Arc<str>);

impl Nonce {
    /// 128 random bits.
    fn draw() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()).into())
    }
}

/// What a person quotes and an engineer searches for: one for each request, and in its logs.
#[derive(Clone, Debug)]
pub struct Reference(pub Arc<str>);

/// Put on an answer that has no script at all: sign-in and its like.
#[derive(Clone, Copy, Debug)]
pub struct NoScript;

/// Put on an answer that may be kept: its address names its content.
#[derive(Clone, Copy, Debug)]
pub struct Immutable;

/// The policy of a page whose scripts carry `nonce`; without one it has none.
fn policy(nonce: Option<&str>) -> String {
    let script = match nonce {
        Some(nonce) => format!("'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'"),
        None => "'none'".to_owned(),
    };
    format!(
        "default-src 'none'; script-src {script}; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
         object-src 'none'; frame-ancestors 'none'"
    )
}

/// Draws the nonce, and sets the headers of ASVS 5.0, chapter V3.4, on whatever comes back.
pub async fn secure(mut request: Request, next: Next) -> Response {
    let nonce = Nonce::draw();
    request.extensions_mut().insert(nonce.clone());
    let reference = Reference(hex::encode(rand::random::<[u8; 5]>()).into());
    // What handlers log is found by the reference that their error page shows.
    let span = tracing::info_span!("request", reference = &*reference.0);
    request.extensions_mut().insert(reference);
    let mut response = next.run(request).instrument(span).await;
    let plain = response.extensions().get::<NoScript>().is_some();
    let kept = response.extensions().get::<Immutable>().is_some();
    let headers = response.headers_mut();
    let policy = policy((!plain).then_some(&*nonce.0));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let (cache, vary) = if kept {
        ("public, max-age=31536000, immutable", "Accept-Encoding")
    } else {
        ("no-store", "Sec-Fetch-Site, Origin, Cookie")
    };
    let fixed: [(HeaderName, &'static str); 8] = [
        (header::STRICT_TRANSPORT_SECURITY, HSTS),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::VARY, vary),
        (header::CACHE_CONTROL, cache),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A page that was opened by a one-use link says `no-referrer` itself.
    headers
        .entry(header::REFERRER_POLICY)
        .or_insert_with(|| HeaderValue::from_static("same-origin"));
    response
}
