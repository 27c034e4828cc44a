//! What somebody who looks at a stream subscribes to, so that the server passes over the rest.

use std::collections::BTreeSet;

use schemas::{Kind, TenantId, subject};

use crate::{DEADLETTERS, DIRECTORY, EVENTS, STREAMS, Stream};

/// Why nothing can be found that way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSuch {
    /// There is no stream of that name.
    #[error("there is no stream `{0}`; there are {names}", names = names())]
    Stream(String),
    /// There is no kind of that name.
    #[error("there is no kind `{0}`; there are {kinds}", kinds = kinds())]
    Kind(String),
    /// Events of that kind are not on that stream.
    #[error("no `{kind}` is on {stream}: look on {other}")]
    KindThere {
        /// The kind.
        kind: &'static str,
        /// The stream.
        stream: &'static str,
        /// Where they are.
        other: &'static str,
    },
    /// What is on that stream is of no kind.
    #[error("what is on {0} is no event, and of no kind")]
    Kinds(&'static str),
    /// What is on that stream is nobody's.
    #[error("what is on {0} is of no tenant")]
    Tenants(&'static str),
}

/// The stream of that name.
pub fn stream_named(name: &str) -> Result<&'static Stream, NoSuch> {
    let found = STREAMS.iter().find(|row| row.name.eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| NoSuch::Stream(name.chars().take(40).collect()))
}

/// The kind of that topic, e.g. `message.received`.
pub fn kind_named(topic: &str) -> Result<Kind, NoSuch> {
    let found = Kind::ALL.iter().find(|kind| kind.topic() == topic);
    found.copied().ok_or_else(|| NoSuch::Kind(topic.chars().take(40).collect()))
}

/// Whether events of that kind are on that stream.
pub fn is_on(stream: &Stream, kind: Kind) -> bool {
    subjects(stream, None, &[kind]).is_ok()
}

/// The subjects to ask for, none of which holds what another one does. More than what was asked for may
/// come: the directory has no subject for a kind, nor one for a tenant's workspaces.
pub fn subjects(
    stream: &Stream,
    tenant: Option<&TenantId>,
    kinds: &[Kind],
) -> Result<Vec<String>, NoSuch> {
    if stream.name != EVENTS.name && stream.name != DIRECTORY.name && !kinds.is_empty() {
        return Err(NoSuch::Kinds(stream.name));
    }
    let mut found = BTreeSet::new();
    for kind in kinds {
        let (here, other) = match stream.name {
            name if name == EVENTS.name => (subject::filter_in_events(tenant, *kind), DIRECTORY),
            _ => (subject::filter_in_directory(tenant, *kind), EVENTS),
        };
        let (kind, stream, other) = (kind.topic(), stream.name, other.name);
        found.insert(here.ok_or(NoSuch::KindThere { kind, stream, other })?);
    }
    if found.is_empty() {
        found.extend(match (stream.name, tenant) {
            (_, None) => stream.subjects.iter().map(|it| (*it).to_owned()).collect(),
            (name, Some(tenant)) if name == EVENTS.name => vec![subject::filter_of_tenant(tenant)],
            (name, Some(tenant)) if name == DIRECTORY.name => {
                vec![subject::directory_of_tenant(tenant), subject::CLAIMS.to_owned()]
            }
            (name, Some(tenant)) if name == DEADLETTERS.name => {
                vec![subject::dead_letters_of_tenant(tenant)]
            }
            (_, Some(_)) => return Err(NoSuch::Tenants(stream.name)),
        });
    }
    Ok(found.into_iter().collect())
}

fn names() -> String {
    let names: Vec<_> = STREAMS.iter().map(|row| row.name).collect();
    names.join(", ")
}

fn kinds() -> String {
    let topics: Vec<_> = Kind::ALL.iter().map(|kind| kind.topic()).collect();
    topics.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: &str, tenant: Option<&str>, kinds: &[&str], want: &str) {
        let look = || {
            let stream = stream_named(stream)?;
            let tenant: Option<TenantId> = tenant.map(|it| it.parse().unwrap());
            let kinds = kinds.iter().map(|it| kind_named(it)).collect::<Result<Vec<_>, _>>()?;
            subjects(stream, tenant.as_ref(), &kinds)
        };
        let got = look().map_or_else(|why| why.to_string(), |it| it.join(" "));
        assert_eq!(got, want, "{stream} {tenant:?} {kinds:?}");
    }

    #[test]
    fn the_server_is_asked_for_as_little_as_it_can_tell_apart() {
        check("EVENTS", None, &[], "events.>");
        check("events", Some("acme"), &[], "events.*.acme.>");
        check("EVENTS", None, &["reply.failed"], "events.*.*.reply.failed");
        check(
            "EVENTS",
            Some("acme"),
            &["reply.failed", "message.received", "reply.failed"],
            "events.*.acme.message.received events.*.acme.reply.failed",
        );
        check("DIRECTORY", None, &[], "claims.> directory.>");
        check("DIRECTORY", Some("acme"), &[], "claims.> directory.acme.>");
        check(
            "DIRECTORY",
            Some("acme"),
            &["agent.created", "agent.retired", "workspace.claimed"],
            "claims.> directory.acme.agent.*",
        );
        check("DEADLETTERS", None, &[], "deadletters.>");
        check("DEADLETTERS", Some("acme"), &[], "deadletters.*.acme");
        check("ADVISORIES", None, &[], "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>");
    }

    #[test]
    fn what_cannot_be_found_that_way_is_said() {
        let streams =
            "there is no stream `E`; there are EVENTS, DIRECTORY, DEADLETTERS, ADVISORIES";
        check("E", None, &[], streams);
        let elsewhere = "no `agent.retired` is on EVENTS: look on DIRECTORY";
        check("EVENTS", None, &["agent.retired"], elsewhere);
        let elsewhere = "no `reply.failed` is on DIRECTORY: look on EVENTS";
        check("DIRECTORY", None, &["agent.retired", "reply.failed"], elsewhere);
        let kinds = "what is on DEADLETTERS is no event, and of no kind";
        check("DEADLETTERS", None, &["reply.failed"], kinds);
        check("ADVISORIES", Some("acme"), &[], "what is on ADVISORIES is of no tenant");
        assert!(is_on(&EVENTS, Kind::ReplyFailed) && !is_on(&DIRECTORY, Kind::ReplyFailed));
        let why = kind_named("message.recieved").unwrap_err().to_string();
        let begin = "there is no kind `message.recieved`; there are message.received, ";
        assert!(why.starts_with(begin) && why.ends_with("workspace.claimed"), "{why}");
    }
}
