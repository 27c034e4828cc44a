//! What was decided of a reply in doubt, where that is not carried out yet.

use schemas::{Kind, Timestamp};
use views::EventRow;

/// Somebody's word that came after the doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decided {
    /// What they said, to be read after `said that`.
    pub(super) what: &'static str,
    /// Who, as the log has it.
    pub(super) by: String,
    /// When.
    pub(super) at: Timestamp,
}

impl Decided {
    /// The last word of the story, if the doubt is older.
    pub(super) fn of(events: &[EventRow]) -> Option<Self> {
        let last = |kind: Kind| {
            let of_kind = events.iter().filter(move |it| it.kind == kind.topic());
            of_kind.max_by_key(|it| it.seq)
        };
        let word = last(Kind::ReplyDecided)?;
        if last(Kind::ReplyUncertain).is_some_and(|doubt| word.seq < doubt.seq) {
            return None;
        }
        let note = word.note.as_deref().unwrap_or_default();
        let (decision, by) = note.split_once(", by ").unwrap_or((note, "somebody"));
        let what = if decision == "sent" { "it has arrived" } else { "it is sent again" };
        Some(Self { what, by: by.to_owned(), at: Timestamp::from_millis(word.time_ms) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64, kind: Kind, note: &str) -> EventRow {
        EventRow {
            stream: "EVENTS".to_owned(),
            seq,
            event_id: format!("e{seq}").parse().unwrap(),
            correlation_id: "m1".parse().unwrap(),
            causation_id: None,
            kind: kind.topic().to_owned(),
            source: "delivery".to_owned(),
            time_ms: i64::try_from(seq).unwrap(),
            note: Some(note.to_owned()),
            effect_id: None,
        }
    }

    #[test]
    fn only_a_word_that_came_after_the_doubt_decides_it() {
        let doubt = |seq| event(seq, Kind::ReplyUncertain, "answer: no answer within 10 s");
        let word = |seq, note| event(seq, Kind::ReplyDecided, note);
        let read = |events: &[EventRow]| {
            Decided::of(events)
                .map(|it| format!("{} said that {}, {}", it.by, it.what, it.at.as_millis()))
        };
        let cases = [
            (vec![], None),
            (vec![doubt(3)], None),
            (
                vec![doubt(3), word(5, "sent, by o0ANNA")],
                Some("o0ANNA said that it has arrived, 5"),
            ),
            (vec![doubt(3), word(5, "again, by ops")], Some("ops said that it is sent again, 5")),
            (vec![doubt(3), word(5, "again, by ops"), doubt(8)], None),
            (vec![word(5, "anew, by ops")], Some("ops said that it is sent again, 5")),
        ];
        for (events, want) in cases {
            assert_eq!(read(&events).as_deref(), want, "{events:?}");
        }
    }
}
