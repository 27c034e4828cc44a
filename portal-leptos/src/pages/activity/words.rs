//! Events in words that people use.

use portal_ui::{Tone, format::instant};
use schemas::TenantId;
use views::ActivityLine;

use crate::islands::live::Line;

/// Which events are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// What people wrote, what came back, and what did not go as it should.
    Talk,
    /// What did not go as it should.
    Trouble,
    /// Every one, each step of each message.
    Every,
}

impl Group {
    /// In the order of the tabs.
    pub(super) const ALL: [Group; 3] = [Group::Talk, Group::Trouble, Group::Every];

    /// As it stands in an address; anything else is the first.
    pub(super) fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|group| group.word() == word).unwrap_or(Group::Talk)
    }

    /// As it stands in an address.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Group::Talk => "talk",
            Group::Trouble => "trouble",
            Group::Every => "every",
        }
    }

    /// As it is read.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Group::Talk => "Messages and answers",
            Group::Trouble => "Trouble",
            Group::Every => "Every step",
        }
    }

    /// Its events; all where none is named.
    pub(super) const fn kinds(self) -> &'static [&'static str] {
        match self {
            Group::Talk => &[
                "message.accepted",
                "message.edited",
                "message.deleted",
                "reply.delivered",
                "message.throttled",
                "completion.failed",
                "completion.handed_off",
                "budget.near",
                "reply.uncertain",
                "reply.failed",
                "connection.revoked",
            ],
            Group::Trouble => &[
                "message.throttled",
                "completion.failed",
                "budget.near",
                "reply.uncertain",
                "reply.failed",
                "connection.revoked",
            ],
            Group::Every => &[],
        }
    }

    /// Whether an event is one of them.
    pub(super) fn has(self, kind: &str) -> bool {
        self == Group::Every || self.kinds().contains(&kind)
    }
}

/// An event as a line of the list.
pub(super) fn line(tenant: &TenantId, found: ActivityLine) -> Line {
    let (tone, title) = title(&found.kind);
    let href = found.message.map(|message| format!("/t/{tenant}/messages/{message}"));
    Line {
        seq: found.seq,
        at: found.at.to_string(),
        when: instant(found.at),
        tone: tone.word().to_owned(),
        title: title.to_owned(),
        who: found.who,
        words: found.words,
        // What names a reply to Slack means nothing to people; the trace has it.
        note: found.note.filter(|_| found.kind != "effect.observed"),
        href,
    }
}

fn title(kind: &str) -> (Tone, &str) {
    match kind {
        "message.received" => (Tone::Neutral, "Slack delivered a message"),
        "message.accepted" => (Tone::Info, "Message"),
        "message.duplicate" => (Tone::Neutral, "Delivered again, and ignored"),
        "message.admitted" => (Tone::Neutral, "On its way to the model"),
        "message.throttled" => (Tone::Warn, "Over the limit"),
        "message.edited" => (Tone::Neutral, "Message edited"),
        "message.deleted" => (Tone::Neutral, "Message taken back"),
        "completion.finished" => (Tone::Violet, "Answer written"),
        "completion.failed" => (Tone::Bad, "No answer"),
        "completion.handed_off" => (Tone::Warn, "Handed over to a person"),
        "message.held" => (Tone::Neutral, "Left to a person"),
        "conversation.handed_back" => (Tone::Ok, "Given back to the agent"),
        "message.reopened" => (Tone::Info, "Given to the agent again"),
        "budget.near" => (Tone::Warn, "A budget is nearly used"),
        "reply.delivered" => (Tone::Ok, "Reply delivered"),
        "reply.uncertain" => (Tone::Warn, "Reply in doubt"),
        "reply.failed" => (Tone::Bad, "Reply failed"),
        "reply.decided" => (Tone::Info, "Reply decided by an operator"),
        "effect.observed" => (Tone::Neutral, "Reply seen in the channel"),
        "connection.revoked" => (Tone::Bad, "Workspace took its permission back"),
        other => (Tone::Neutral, other),
    }
}

#[cfg(test)]
mod tests {
    use schemas::Kind;

    use super::*;

    #[test]
    fn every_event_of_the_pipeline_has_words() {
        for kind in Kind::ALL {
            let topic = kind.topic();
            let is_of_directory = [
                "tenant.",
                "agent.",
                "workspace.",
                "connection.made",
                "connection.removed",
                "tool.",
                "model_group.",
            ]
            .iter()
            .any(|start| topic.starts_with(start));
            assert_eq!(title(topic).1 == topic, is_of_directory, "{topic}");
        }
    }

    #[test]
    fn groups_name_events_that_there_are() {
        for group in Group::ALL {
            assert_eq!(Group::parse(group.word()), group);
            for kind in group.kinds() {
                assert!(Kind::ALL.iter().any(|it| it.topic() == *kind), "{kind}");
                assert!(group.has(kind));
            }
        }
        assert_eq!(Group::parse("nonsense"), Group::Talk);
        assert!(!Group::Trouble.has("message.accepted"));
        assert!(Group::Trouble.kinds().iter().all(|kind| Group::Talk.has(kind)));
        assert!(!Group::Talk.has("message.received") && Group::Every.has("message.received"));
    }
}
