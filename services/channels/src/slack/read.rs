//! What kind of call it is and for whom. Whatever comes is a decision or a clean error.

use schemas::nul::without_nul;
use serde_json::value::RawValue;

use super::{
    interpret::{EventKind, SlackEvent},
    wire::{Authorization, Envelope, Kind, object},
};
use crate::{Arrived, Ignored, Reading, Unreadable};

/// The longest challenge we echo.
const CHALLENGE_MAX: usize = 1024;

/// The longest id, of any kind, that we take for one.
const ID_MAX: usize = 64;

/// Reads the body of a call.
pub(super) fn read(body: &[u8]) -> Result<Reading, Unreadable> {
    if let Some(reading) = form(body) {
        return Ok(reading);
    }
    let body = without_nul(body);
    let raw: &RawValue = serde_json::from_slice(&body)
        .map_err(|error| Unreadable { line: error.line(), column: error.column() })?;
    let Some(envelope) = object::<Envelope<'_>>(raw) else {
        return Ok(Reading::Ignored(Ignored::UnknownCall));
    };
    Ok(match envelope.r#type.as_deref() {
        Some("event_callback") => event(&envelope),
        Some("url_verification") => challenge(envelope),
        Some("app_rate_limited") => rate_limited(envelope),
        Some(_) | None => Reading::Ignored(Ignored::UnknownCall),
    })
}

/// Slack's forms: the check of our certificate, commands, buttons.
fn form(body: &[u8]) -> Option<Reading> {
    let first = body.iter().find(|b| !b.is_ascii_whitespace())?;
    if !first.is_ascii_lowercase() || !body.contains(&b'=') {
        return None;
    }
    let has = |name: &[u8]| {
        let mut pairs = body.split(|b| *b == b'&');
        pairs.any(|pair| pair.strip_prefix(name).is_some_and(|rest| rest.starts_with(b"=")))
    };
    if has(b"ssl_check") {
        return Some(Reading::SslCheck);
    }
    if has(b"command") {
        return Some(Reading::Ignored(Ignored::Command));
    }
    has(b"payload").then_some(Reading::Ignored(Ignored::Interactive))
}

fn challenge(envelope: Envelope<'_>) -> Reading {
    let challenge = envelope.challenge.filter(|text| text.len() <= CHALLENGE_MAX);
    challenge.map_or(Reading::Ignored(Ignored::Malformed), Reading::Challenge)
}

fn rate_limited(envelope: Envelope<'_>) -> Reading {
    let Some(workspace) = id(envelope.team_id).or(id(envelope.enterprise_id)) else {
        return Reading::Ignored(Ignored::Malformed);
    };
    Reading::RateLimited { workspace, minute: envelope.minute_rate_limited.unwrap_or(0) }
}

fn event(envelope: &Envelope<'_>) -> Reading {
    let Some(raw) = envelope.event else { return Reading::Ignored(Ignored::Malformed) };
    let kind = object::<Kind>(raw).and_then(|kind| kind.r#type);
    let kind = match kind.as_deref() {
        Some("message") => EventKind::Message,
        Some("app_mention") => EventKind::Mention,
        Some("app_uninstalled") => EventKind::Uninstalled,
        Some("tokens_revoked") => EventKind::TokensRevoked,
        Some(_) => return Reading::Ignored(Ignored::UnknownEvent),
        None => return Reading::Ignored(Ignored::Malformed),
    };
    let Some((workspace, enterprise)) = installation(envelope, kind) else {
        return Reading::Ignored(Ignored::NoAuthorization);
    };
    let Some(delivery) = id(envelope.event_id.clone()) else {
        return Reading::Ignored(Ignored::Malformed);
    };
    let app = id(envelope.api_app_id.clone());
    let time_s = envelope.event_time.unwrap_or(0);
    let event = SlackEvent { kind, raw: raw.to_owned(), time_s, enterprise };
    Reading::Event(Arrived::new(app, workspace, delivery, Box::new(event)))
}

/// For whom the event is. In a channel shared between companies `team_id` is where it comes from,
/// and only the authorization says for whom it is. Slack sends none with the end of an
/// installation; that is about the workspace itself. Returns the workspace and its organization.
fn installation(envelope: &Envelope<'_>, kind: EventKind) -> Option<(String, Option<String>)> {
    let first = envelope.authorizations.as_ref().and_then(|all| all.first());
    let (team, enterprise) = match (first, kind) {
        (Some(raw), _) => {
            let authorization: Authorization = object(raw)?;
            (authorization.team_id, authorization.enterprise_id)
        }
        (None, EventKind::Message | EventKind::Mention) => return None,
        (None, EventKind::Uninstalled | EventKind::TokensRevoked) => {
            (envelope.team_id.clone(), envelope.enterprise_id.clone())
        }
    };
    let enterprise = id(enterprise);
    Some((id(team).or(enterprise.clone())?, enterprise))
}

/// Slack's ids are short words.
pub(super) fn id(text: Option<String>) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.filter(|text| (1..=ID_MAX).contains(&text.len()) && text.bytes().all(plain))
}

#[cfg(test)]
mod tests;
