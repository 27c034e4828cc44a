//! A tool that is one HTTP request.

use std::fmt::Write as _;

use domain::tool::template::UrlTemplate;
use reqwest::{
    Method, Response, Url,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap},
};
use schemas::directory::{HttpMethod, HttpTool};
use serde_json::{Map, Value};

use crate::{
    client::{Caller, refused},
    mask::Mask,
    outcome::{Failed, Said},
};

/// The most of an answer that is read, in bytes. The rest is left out, and the model is told: the
/// beginning of a long list is of use, and a tool that only ever fails is of none.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// The longest body that is sent, in bytes.
pub(crate) const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// What a call needs beside its arguments.
pub(crate) struct Call<'a> {
    pub(crate) tool: &'a HttpTool,
    pub(crate) headers: HeaderMap,
    pub(crate) mask: &'a Mask,
}

impl Call<'_> {
    /// Calls the tool. Whoever calls bounds the time.
    pub(crate) async fn make(&self, caller: &Caller, arguments: &Map<String, Value>) -> Said {
        let url = match self.url(arguments) {
            Ok(url) => url,
            Err(problem) => return Said::failed(Failed::Arguments, problem),
        };
        let client = match caller.client(&url) {
            Ok(client) => client,
            Err(why) => return Said::failed(Failed::Refused, format!("Not called: {why}.")),
        };
        let mut request = client
            .request(method(self.tool.method), url)
            .headers(self.headers.clone())
            .header(ACCEPT, "application/json, text/*");
        if self.tool.method.has_body() {
            let body = self.body(arguments).to_string();
            if REQUEST_BYTES_MAX < body.len() {
                let problem = format!("The arguments are more than {REQUEST_BYTES_MAX} bytes.");
                return Said::failed(Failed::Arguments, problem);
            }
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        match request.send().await {
            Ok(response) => self.read(response).await,
            Err(error) => match refused(&error) {
                Some(why) => Said::failed(Failed::Refused, format!("Not called: {why}.")),
                None => Said::failed(Failed::Network, "The tool cannot be reached."),
            },
        }
    }

    /// The address, which two readers agree about: ours and that of the HTTP client.
    fn url(&self, arguments: &Map<String, Value>) -> Result<Url, String> {
        let cannot = || "The tool's address cannot be used.".to_owned();
        let template = UrlTemplate::parse(&self.tool.url).map_err(|_| cannot())?;
        if !self.tool.method.has_body() {
            let named: Vec<_> = template.arguments().map(|(name, _)| name).collect();
            if let Some(other) = arguments.keys().find(|name| !named.contains(&name.as_str())) {
                let other: String = other.chars().take(64).collect();
                return Err(format!("There is no argument `{other}`."));
            }
        }
        let text = template.fill(arguments)?;
        let url = Url::parse(&text).map_err(|_| cannot())?;
        let host = url.host_str().map(|it| it.trim_start_matches('[').trim_end_matches(']'));
        let is_same = host == Some(template.host())
            && url.port_or_known_default() == Some(template.port())
            && (url.scheme() == "https") == template.is_tls()
            && url.as_str() == text
            && url.username().is_empty()
            && url.password().is_none();
        if is_same { Ok(url) } else { Err(cannot()) }
    }

    /// The arguments that are not in the address.
    fn body(&self, arguments: &Map<String, Value>) -> Value {
        let template = UrlTemplate::parse(&self.tool.url).ok();
        let named: Vec<&str> =
            template.iter().flat_map(|it| it.arguments().map(|(name, _)| name)).collect();
        let rest = arguments.iter().filter(|(name, _)| !named.contains(&name.as_str()));
        Value::Object(rest.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    async fn read(&self, response: Response) -> Said {
        let status = response.status();
        if status.is_redirection() {
            let text = format!(
                "The tool points elsewhere (HTTP {}), where it does not go.",
                status.as_u16()
            );
            return Said::failed(Failed::Status(status.as_u16()), text);
        }
        let readable = is_text(response.headers());
        let Ok((body, is_cut)) = body(response).await else {
            return Said::failed(Failed::Network, "The tool broke off its answer.");
        };
        let bytes = body.len();
        if !readable && !body.is_empty() {
            let text = format!(
                "The tool answered (HTTP {}) with something that is not text.",
                status.as_u16()
            );
            return Said { text, failed: Some(Failed::ContentType), bytes };
        }
        let mut text = self.mask.apply(&String::from_utf8_lossy(&body), is_cut);
        if is_cut {
            _ = write!(text, "\n[the rest is left out: more than {BODY_BYTES_MAX} bytes]");
        }
        if status.is_success() {
            if text.trim().is_empty() {
                text = format!("Done (HTTP {}), and nothing was answered.", status.as_u16());
            }
            return Said::well(text, bytes);
        }
        let text = format!("The tool answered HTTP {}. {text}", status.as_u16());
        Said { text, failed: Some(Failed::Status(status.as_u16())), bytes }
    }
}

/// The beginning of a body, and whether there was more. A connection with more on it is closed.
async fn body(mut response: Response) -> Result<(Vec<u8>, bool), ()> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(drop)? {
        let room = BODY_BYTES_MAX.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
        if room < chunk.len() {
            return Ok((body, true));
        }
    }
    Ok((body, false))
}

/// Text or JSON, not packed.
fn is_text(headers: &HeaderMap) -> bool {
    let packed = headers.get(CONTENT_ENCODING).is_some_and(|it| it.as_bytes() != b"identity");
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = kind == "application/json" || kind.ends_with("+json");
    !packed && (kind.starts_with("text/") || is_json)
}

const fn method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
    }
}

#[cfg(test)]
mod tests;
