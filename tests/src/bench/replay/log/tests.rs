use schemas::Envelope;
use store::projections::EventRow;

use super::*;

/// The row as it is copied, and as the projector writes it of what is published.
fn both(row: &Row<'_>, (subject, payload): &(String, String)) -> [EventRow; 2] {
    check(subject, payload).unwrap();
    let envelope = Envelope::decode(payload.as_bytes()).unwrap();
    assert_eq!(envelope.tenant.as_str(), row.tenant);
    let seq = u64::try_from(row.seq).unwrap();
    let note = domain::trace::outcome(&envelope.event);
    let note = Some(note).filter(|note| !note.is_empty());
    let copied = EventRow {
        stream: row.stream.to_owned(),
        seq,
        event_id: row.id.parse().unwrap(),
        correlation_id: row.story.parse().unwrap(),
        causation_id: row.cause.map(|id| id.parse().unwrap()),
        kind: row.sample.topic.to_owned(),
        source: row.sample.source.clone(),
        time_ms: row.at.as_millis(),
        note: row.sample.note(row.effect),
        effect_id: row.effect.map(|id| id.parse().unwrap()),
    };
    [copied, EventRow::new(row.stream, seq, &envelope, note)]
}

#[test]
fn what_is_copied_is_what_the_projector_writes() {
    let log = Log::new(2, 5 * STORY, 6).unwrap();
    assert_eq!((log.messages, log.events()), (5, 5 * STORY));
    let mut seqs = Vec::new();
    for nth in 0..log.messages {
        let said = log.said(nth).unwrap();
        for row in log.rows(&said) {
            let [copied, projected] = both(&row, &Log::row_told(&said, &row));
            assert_eq!(copied, projected);
            seqs.push(row.seq);
        }
    }
    assert_eq!(seqs, (1..=5 * STORY).collect::<Vec<_>>());
    let mut kinds = Vec::new();
    for nth in 0..log.changes {
        let ids = log.changed(nth).unwrap();
        let row = log.change(nth, &ids);
        let [copied, projected] = both(&row, &log.change_told(nth, &ids));
        assert_eq!(copied, projected);
        assert_eq!(row.seq, nth + 1);
        kinds.push(copied.kind);
    }
    let created = ["tenant.created"; 2];
    assert_eq!(kinds, [&created[..], &["agent.published"; 4]].concat());
}
