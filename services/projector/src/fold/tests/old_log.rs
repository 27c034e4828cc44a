//! A log that began with the first programs, read by those of today: every version and shape of every
//! event that ever stood on one, 100,000 times over.

use std::{collections::HashSet, fs};

use domain::directory::{APP_DEFAULT, Directory};
use schemas::{AgentId, ChannelKind, CorrelationId, TenantId, Text};

use super::*;

const EVENTS: usize = 100_000;

/// How many tenants they are spread over.
const TENANTS: usize = 100;

/// One sample, and what in it is another in each round.
struct Sample {
    file: String,
    text: String,
    id: EventId,
    story: CorrelationId,
}

/// All of them, in the order of their names.
fn samples() -> Vec<Sample> {
    let folder = format!("{}/../../schemas/samples", env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut samples: Vec<_> = files
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            let Envelope { id, correlation: story, .. } =
                Envelope::decode(text.as_bytes()).unwrap();
            Sample { file: entry.file_name().into_string().unwrap(), text, id, story }
        })
        .collect();
    samples.sort_by(|a, b| a.file.cmp(&b.file));
    samples
}

/// The bytes of a round, in which each sample is an event, a story and a tenant of its own.
fn bytes(sample: &Sample, round: usize) -> String {
    // Samples may be shapes of one event, so its file tells whose id it is.
    let id = EventId::derive(sample.id.as_str(), &sample.file, round);
    let story = EventId::derive(sample.story.as_str(), "round", round);
    let tenant = round % TENANTS;
    sample
        .text
        .replace(sample.id.as_str(), id.as_str())
        .replace(sample.story.as_str(), story.as_str())
        .replace("\"acme\"", &format!("\"acme-{tenant}\""))
        .replace("T0ACME", &format!("T0ACME{tenant}"))
}

fn tenant(number: usize) -> TenantId {
    format!("acme-{number}").parse().unwrap()
}

/// An agent of before texts were sealed says what it said.
fn says_what_it_said(directory: &Directory, envelope: &Envelope, mara: &AgentId) {
    let agent = directory.agent(&envelope.tenant, mara).unwrap();
    let Some(published) = &agent.published else { return };
    assert_eq!(published.note, Some(Text::Plain("shorter answers".to_owned())));
}

#[test]
fn a_log_of_100_000_events_of_every_version_is_read_by_todays_programs() {
    let samples = samples();
    let mara = "mara".parse().unwrap();
    let mut directory = Directory::default();
    let (mut seen, mut messages, mut entries, mut old) = (HashSet::new(), 0, 0, 0);
    for (number, seq) in (0..EVENTS).zip(1..) {
        let (round, sample) = (number / samples.len(), &samples[number % samples.len()]);
        let envelope = Envelope::decode(bytes(sample, round).as_bytes());
        let envelope = envelope.unwrap_or_else(|error| panic!("{}: {error}", sample.file));
        directory.apply(&envelope);
        let mut changes = Changes::default();
        fold(&mut changes, "EVENTS", seq, &envelope);
        assert_eq!(changes.events.len(), 1, "{}", sample.file);
        messages += changes.messages.len();
        entries += changes.entries.len();
        if sample.file.contains("bare_texts") {
            says_what_it_said(&directory, &envelope, &mara);
            old += 1;
        }
        seen.insert(envelope.id);
    }
    assert_eq!(seen.len(), EVENTS);
    let each = |changed: fn(&Changes) -> usize| {
        let of = |number: usize| {
            let sample: &Sample = &samples[number % samples.len()];
            changed(&folded(&Envelope::decode(sample.text.as_bytes()).unwrap()))
        };
        let round: usize = (0..samples.len()).map(of).sum();
        let rest: usize = (0..EVENTS % samples.len()).map(of).sum();
        round * (EVENTS / samples.len()) + rest
    };
    assert_eq!(messages, each(|changes| changes.messages.len()));
    assert_eq!(entries, each(|changes| changes.entries.len()));
    assert!(3 * (EVENTS / samples.len()) <= old, "{old} of a shape of before");

    assert_eq!(directory.tenants().len(), TENANTS);
    for number in 0..TENANTS {
        let (tenant, workspace) = (tenant(number), format!("T0ACME{number}"));
        assert!(directory.agent(&tenant, &mara).unwrap().retired || number == last(&samples));
        assert_eq!(directory.tools(&tenant).len(), 2);
        let (holder, _) = directory.holder(ChannelKind::Slack, APP_DEFAULT, &workspace).unwrap();
        assert_eq!(*holder, tenant);
    }
}

/// The tenant whose round the log ends in.
fn last(samples: &[Sample]) -> usize {
    (EVENTS - 1) / samples.len() % TENANTS
}
