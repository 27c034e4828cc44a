//! Who is signed in, and what becomes of a request when nobody is.

use std::net::{IpAddr, SocketAddr};

use accounts::{SessionToken, Visit};
use axum::{
    body::to_bytes,
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::Response,
};

use super::{Portal, error::PageError, flash::cookie};

/// The session's cookie. No script reads it.
pub const COOKIE: &str = "__Host-ks";

/// Where proxies say from where a request came to them.
const FORWARDED: &str = "x-forwarded-for";

/// Where a second factor is set up: the only page of a session that misses one.
pub const ENROLMENT: &str = "/settings/security/second-factor";

/// Where the password is typed again.
pub const CONFIRM: &str = "/settings/confirm";

/// Where that leads whom the provider of identities asks again.
pub const CONFIRM_BY_PROVIDER: &str = "/settings/confirm/oidc";

/// The longest form, in bytes: an agent's texts at their longest, percent-encoded, and some air.
pub const FORM_BYTES_MAX: usize = 1024 * 1024;

/// The most fields of a form that is kept for somebody whose session ended. No form of ours comes near it,
/// and anybody at all can send one.
const FIELDS_MAX: usize = 300;

/// A field whose name has one of these words holds something to be typed again, not sent back.
const SECRETS: [&str; 5] = ["password", "token", "code", "offer", "secret"];

/// A form that came after the session had ended: nothing that was typed is lost, but for secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resend {
    /// Where it was sent.
    pub action: String,
    /// What was typed, in its order.
    pub fields: Vec<(String, String)>,
}

/// Whoever is signed in still owes the second factor that the installation asks for.
#[derive(Clone, Copy, Debug)]
pub struct Owes;

/// The cookie that holds a session until the browser ends, or the session does.
pub fn held(token: &SessionToken) -> Result<HeaderValue, PageError> {
    let text = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.expose());
    let mut value = HeaderValue::from_str(&text).map_err(|_| PageError::Internal)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The cookie that takes it away.
pub fn gone() -> HeaderValue {
    HeaderValue::from_static("__Host-ks=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// Finds out who is signed in, for whatever comes after. What the cookie says is nobody's word: the
/// database is asked, once for each request.
pub async fn identify(
    State(portal): State<Portal>,
    mut request: Request,
    next: Next,
) -> Result<Response, PageError> {
    let held = cookie(request.headers(), COOKIE).map(|text| SessionToken::from(text.to_owned()));
    if let Some(token) = held {
        if let Some(signed) = portal.accounts.principal(&token, portal.clock.now()).await? {
            // Whoever showed two factors elsewhere owes none here.
            if portal.second_factor && !signed.has_second_factor && signed.aal < 2 {
                request.extensions_mut().insert(Owes);
            }
            request.extensions_mut().insert(signed);
        }
        request.extensions_mut().insert(token);
    }
    Ok(next.run(request).await)
}

/// The request as accounts see it: when, from where, with what, and the session it held.
pub struct Visited(pub Visit);

impl FromRequestParts<Portal> for Visited {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, PageError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let hops = parts.headers.get_all(FORWARDED).iter();
        // A line that is no text is a hop that cannot be read.
        let hops: Vec<_> = hops.map(|line| line.to_str().unwrap_or_default()).collect();
        let client = |peer: IpAddr| portal.proxies.client(peer, hops.iter().copied());
        let ip = peer.map(|peer| client(peer.0.ip()).to_string()).unwrap_or_default();
        let agent = parts.headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
        let visit = Visit::new(portal.clock.now(), &ip, agent.unwrap_or_default());
        Ok(Self(visit.holding(parts.extensions.get::<SessionToken>().cloned())))
    }
}

/// Whether that path belongs to setting up a second factor.
pub fn is_enrolment(path: &str) -> bool {
    [ENROLMENT, CONFIRM, CONFIRM_BY_PROVIDER].contains(&path)
}

/// What to say to a request without a session. A page is come back to; a form is kept.
pub async fn ended(request: Request) -> PageError {
    let target = request.uri().path_and_query().map_or("/", |it| it.as_str()).to_owned();
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return PageError::SignIn { next: target };
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return PageError::Ended(Resend::default());
    }
    match to_bytes(request.into_body(), FORM_BYTES_MAX).await {
        Ok(body) => PageError::Ended(match fields(&body) {
            Some(fields) => Resend { action: target, fields },
            None => Resend::default(),
        }),
        Err(_) => PageError::BadRequest,
    }
}

/// The fields of a form as it was sent, without secrets; nothing if there are too many to keep.
fn fields(body: &[u8]) -> Option<Vec<(String, String)>> {
    let pairs = || body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty());
    if pairs().nth(FIELDS_MAX).is_some() {
        return None;
    }
    let kept = pairs().filter_map(|pair| {
        let mut halves = pair.splitn(2, |&byte| byte == b'=');
        let name = decode(halves.next().unwrap_or_default());
        (!is_secret(&name)).then(|| (name, decode(halves.next().unwrap_or_default())))
    });
    Some(kept.collect())
}

fn decode(text: &[u8]) -> String {
    let spaced: Vec<u8> = text.iter().map(|&b| if b == b'+' { b' ' } else { b }).collect();
    percent_encoding::percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_it_was_typed() {
        let body =
            b"name=Mara+B&persona=warm%2C%0D%0Abrief%20%26%20kind&empty=&%C3%BC=%F0%9F%8E%89";
        let want =
            [("name", "Mara B"), ("persona", "warm,\r\nbrief & kind"), ("empty", ""), ("ü", "🎉")];
        let want = want.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(fields(body), Some(want.into()));
    }

    #[test]
    fn what_opens_something_is_not_kept() {
        let body = b"bot_token=xoxb&Password=p&new_password=p&code=1&offer=o&client_secret=s&\
                     %74oken=t&agent=mara";
        assert_eq!(fields(body), Some(vec![("agent".to_owned(), "mara".to_owned())]));
    }

    #[test]
    fn a_form_of_too_many_fields_is_not_kept() {
        let of = |count: usize| "a&".repeat(count);
        assert_eq!(fields(of(FIELDS_MAX).as_bytes()).map(|it| it.len()), Some(FIELDS_MAX));
        assert_eq!(fields(of(FIELDS_MAX + 1).as_bytes()), None);
    }

    #[tokio::test]
    async fn a_hostile_form_gets_the_plain_page() {
        let kind = "application/x-www-form-urlencoded";
        let request = Request::post("/t/acme/agents/new").header(header::CONTENT_TYPE, kind);
        let request = request.body("a&".repeat(FORM_BYTES_MAX / 2).into()).unwrap();
        let PageError::Ended(resend) = ended(request).await else { panic!("it has ended") };
        assert_eq!(resend, Resend::default());
    }
}
