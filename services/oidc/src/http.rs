//! How the provider is called: within a time, up to a size, in no other place than it named itself.

use std::{pin::Pin, time::Duration};

use openidconnect::{
    AsyncHttpClient, HttpRequest, HttpResponse,
    http::{Response, Uri},
};
use reqwest::{Client, Request, redirect::Policy};

/// Name look-up, TCP and TLS together.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// From the request to the last byte of the answer. Somebody sits before an empty page meanwhile.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// The longest answer: a description, some keys or a token, and much air.
const BYTES_MAX: usize = 512 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The network, or the other side.
    #[error("no answer")]
    Away(#[source] reqwest::Error),
    /// It is in trouble.
    #[error("it answers {0}")]
    Failing(u16),
    /// It does not end.
    #[error("its answer is too long")]
    TooLong,
    /// The provider names an address that anybody on the way could read or change.
    #[error("it names an address without TLS")]
    Clear,
}

/// An HTTP client for one provider. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Http(Client);

impl Http {
    /// The process must have installed a TLS provider before.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            // A secret or a code would go along.
            .redirect(Policy::none())
            .connect_timeout(CONNECT_MAX)
            .timeout(ANSWER_MAX)
            .no_proxy();
        Ok(Self(builder.build()?))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, CallError> {
        if !is_private(request.uri()) {
            return Err(CallError::Clear);
        }
        let request = Request::try_from(request).map_err(CallError::Away)?;
        let mut answer = self.0.execute(request).await.map_err(away)?;
        if answer.status().is_server_error() {
            return Err(CallError::Failing(answer.status().as_u16()));
        }
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(away)? {
            if BYTES_MAX < body.len().saturating_add(chunk.len()) {
                return Err(CallError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        response.body(body).map_err(|_| CallError::TooLong)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = CallError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, CallError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

/// Without the address: it may have a code in it.
fn away(error: reqwest::Error) -> CallError {
    CallError::Away(error.without_url())
}

/// Whether nobody on the way reads along: TLS, or the same machine.
pub(crate) fn is_private(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called_in_the_clear() {
        for (text, want) in [
            ("https://id.example.com/realms/acme", true),
            ("http://127.0.0.1:8080/", true),
            ("http://localhost/x", true),
            ("http://[::1]:1/", true),
            ("http://id.example.com/", false),
            ("http://localhost.example.com/", false),
            ("ftp://id.example.com/", false),
            ("/token", false),
        ] {
            assert_eq!(is_private(&text.parse().unwrap()), want, "{text}");
        }
    }
}
