//! What the provider answers.

use axum::{
    Form, Json, Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64, Engine as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{CLIENT_ID, CLIENT_SECRET, Person, Trick, World, keys};

/// A code that it gave out.
pub(super) struct Issued {
    code: String,
    challenge: String,
    nonce: String,
    person: Person,
}

type Pairs = Vec<(String, String)>;

fn of<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
}

pub(super) fn router(world: World) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(describe))
        .route("/keys", get(public_keys))
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/userinfo", get(user_info))
        .with_state(world)
}

async fn describe(State(world): State<World>) -> Response {
    let state = world.lock();
    let own = state.issuer.as_str();
    if state.trick == Trick::Away {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let is_other = state.trick == Trick::OtherDescription;
    let issuer = if is_other { "https://id.example.com" } else { own };
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{own}/authorize"),
        "token_endpoint": format!("{own}/token"),
        "userinfo_endpoint": format!("{own}/userinfo"),
        "jwks_uri": format!("{own}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    }))
    .into_response()
}

async fn public_keys(State(world): State<World>) -> Json<Value> {
    let mut state = world.lock();
    state.key_reads += 1;
    Json(state.keys.public())
}

/// Asks nothing of the person: they are signed in there.
async fn authorize(State(world): State<World>, Query(asked): Query<Pairs>) -> Response {
    let mut state = world.lock();
    state.asked.push(asked.clone());
    let rules = [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", &state.redirect_uri),
        ("code_challenge_method", "S256"),
    ];
    let broken = rules.into_iter().find(|(name, want)| of(&asked, name) != *want);
    let is_bare =
        ["state", "nonce", "code_challenge"].into_iter().find(|it| of(&asked, it).len() < 43);
    let has_scope = of(&asked, "scope").split(' ').any(|it| it == "openid");
    if broken.is_some() || is_bare.is_some() || !has_scope {
        return (StatusCode::BAD_REQUEST, format!("{broken:?} {is_bare:?}")).into_response();
    }
    let code = format!("code-{}", state.asked.len());
    let (back, came) = (&state.redirect_uri, of(&asked, "state"));
    let mut to = format!("{back}?state={came}");
    if let Trick::Refuse(error) = state.trick {
        let said = "error_description=%3Cb%3Eevil%3C%2Fb%3E";
        to = format!("{to}&error={error}&{said}");
    } else if state.trick != Trick::Forget {
        to = format!("{to}&code={code}");
    }
    if state.trick == Trick::OtherVoice {
        to = format!("{to}&iss=https%3A%2F%2Fid.example.com");
    }
    let (challenge, nonce) =
        (of(&asked, "code_challenge").to_owned(), of(&asked, "nonce").to_owned());
    let person = state.person.clone();
    state.codes.push(Issued { code, challenge, nonce, person });
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

async fn token(
    State(world): State<World>,
    headers: HeaderMap,
    Form(sent): Form<Pairs>,
) -> Response {
    let trick = {
        let mut state = world.lock();
        state.token_calls += 1;
        state.trick
    };
    if trick == Trick::TokenFails {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if trick == Trick::TokenHangs {
        return std::future::pending().await;
    }
    if trick == Trick::TokenHuge {
        let chunk = || Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 16 * 1024]));
        let endless = Body::from_stream(futures::stream::iter(std::iter::repeat_with(chunk)));
        return ([(header::CONTENT_TYPE, "application/json")], endless).into_response();
    }
    if trick == Trick::TokenMoved {
        return (StatusCode::FOUND, [(header::LOCATION, "/token")]).into_response();
    }
    answer(&world, &headers, &sent).unwrap_or_else(|error| {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": error.to_string() }))).into_response()
    })
}

fn answer(
    world: &World,
    headers: &HeaderMap,
    sent: &[(String, String)],
) -> anyhow::Result<Response> {
    let mut state = world.lock();
    let proof = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    anyhow::ensure!(proof == Some(&basic()), "invalid_client");
    let is_grant = of(sent, "grant_type") == "authorization_code"
        && of(sent, "redirect_uri") == state.redirect_uri;
    anyhow::ensure!(is_grant, "invalid_request");
    let found = state.codes.iter().position(|it| it.code == of(sent, "code"));
    let found = found.ok_or_else(|| anyhow::anyhow!("invalid_grant"))?;
    // It works once.
    let issued = state.codes.remove(found);
    let verifier = Sha256::digest(of(sent, "code_verifier").as_bytes());
    anyhow::ensure!(BASE64.encode(verifier) == issued.challenge, "invalid_grant");
    let access = format!("access-{}", issued.person.subject);
    if state.trick == Trick::NoToken {
        let said = json!({ "access_token": access, "token_type": "Bearer" });
        return Ok(Json(said).into_response());
    }
    let mut claims = json!({
        "iss": state.issuer, "sub": issued.person.subject, "aud": CLIENT_ID,
        "iat": now_s()?, "exp": now_s()? + 300, "nonce": issued.nonce,
    });
    if let Some(ago) = state.proved_ago_s {
        claims["auth_time"] = json!(now_s()? - ago);
    }
    if !state.thin {
        join(&mut claims, &issued.person.claims);
    }
    lie(state.trick, &mut claims)?;
    let (keys, public) = (&state.keys, state.keys.public().to_string());
    let signed = if state.trick == Trick::Unsigned {
        keys::unsigned(&claims)
    } else if state.trick == Trick::SignedWithPublicKey {
        keys.sign_shared(public.as_bytes(), &claims)?
    } else if state.trick == Trick::SignedWithSecret {
        keys.sign_shared(CLIENT_SECRET.as_bytes(), &claims)?
    } else if state.trick == Trick::OtherKey {
        keys.forge(&claims)?
    } else {
        keys.sign(&claims)?
    };
    let said = json!({ "access_token": access, "token_type": "Bearer", "id_token": signed });
    Ok(Json(said).into_response())
}

/// Claims as the trick wants them.
fn lie(trick: Trick, claims: &mut Value) -> anyhow::Result<()> {
    let lies = [
        (Trick::WrongNonce, "nonce", json!("of another sign-in")),
        (Trick::NoNonce, "nonce", Value::Null),
        (Trick::WrongAudience, "aud", json!("another client")),
        (Trick::TwoAudiences, "aud", json!([CLIENT_ID, "another client"])),
        (Trick::WrongIssuer, "iss", json!("https://id.example.com")),
        (Trick::Expired, "exp", json!(now_s()? - 3600)),
        (Trick::LongSubject, "sub", json!("s".repeat(256))),
    ];
    for (of, claim, said) in lies {
        if of == trick {
            claims[claim] = said;
        }
    }
    Ok(())
}

async fn user_info(State(world): State<World>, headers: HeaderMap) -> Response {
    let state = world.lock();
    let person = &state.person;
    let bearer = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    if bearer != Some(&format!("Bearer access-{}", person.subject)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let is_other = state.trick == Trick::OtherUserInfo;
    let mut said = json!({ "sub": if is_other { "somebody else" } else { &person.subject } });
    join(&mut said, &person.claims);
    Json(said).into_response()
}

fn join(claims: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name.as_str()] = value.clone();
    }
}

/// As RFC 6749 §2.3.1 has it: both halves form-encoded first.
fn basic() -> String {
    let encoded = "a+client%27s+secret+%2F+with%3A+odd%2Bletters";
    format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT_ID}:{encoded}")))
}

fn now_s() -> anyhow::Result<u64> {
    Ok(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs())
}
