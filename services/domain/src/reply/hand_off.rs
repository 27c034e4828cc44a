//! What is said when a person takes a conversation over: to whoever asked, and to their colleagues.

use schemas::{Place, PlaceKind, event::HandOffReason};

use super::{EMPTY_ANSWER, split};
use crate::{hand_off::HAND_BACK, mrkdwn};

/// The most of what the agent itself says, in UTF-16 units.
const SAID_CHARS_MAX: usize = 2_000;

/// The most that colleagues are shown of what the person wrote, in characters.
const QUOTE_CHARS_MAX: usize = 600;

/// The most of the agent's summary, in UTF-16 units.
const SUMMARY_CHARS_MAX: usize = 2_000;

/// What colleagues are told.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    /// Who hands over, by name.
    pub agent: &'a str,
    /// Why.
    pub why: HandOffReason,
    /// Who asked, by the chat system's id.
    pub person: &'a str,
    /// Where.
    pub place: &'a Place,
    /// What they wrote.
    pub asked: &'a str,
    /// What the agent has to say of it, in standard Markdown.
    pub summary: Option<&'a str>,
    /// Leads to the message.
    pub link: Option<&'a str>,
}

/// What the person reads: what the agent says, in standard Markdown, and what happens now.
pub fn handed_off(said: Option<&str>, place: PlaceKind) -> String {
    let what = match place {
        PlaceKind::Direct => format!(
            "I've handed this over to a colleague, who will get back to you. In this thread I'll \
             be quiet, and nowhere else. To go on with me here, write `{HAND_BACK}` in this thread."
        ),
        PlaceKind::Public | PlaceKind::Private | PlaceKind::Group => format!(
            "I've handed this over to a colleague. In this thread I'll be quiet. To go on with me \
             here, mention me with `{HAND_BACK}` in this thread."
        ),
    };
    match said.map(|said| first(said, SAID_CHARS_MAX)) {
        Some(said) if !said.is_empty() => format!("{said}\n\n{what}"),
        Some(_) | None => what,
    }
}

/// What the person reads where no colleague could be told.
pub fn nobody_told(reference: &str) -> String {
    let reference = mrkdwn::escape(&reference.replace('`', "'"));
    format!(
        "I'm sorry: this is for a colleague, and I couldn't reach them. Please ask somebody \
         directly, and tell your administrator this reference: `{reference}`"
    )
}

/// What a person reads who writes to an agent while a colleague has the conversation; for their eyes
/// only.
pub fn held_notice() -> String {
    format!(
        "A colleague has this conversation, so I'm not answering in this thread. To go on with me \
         here, write `{HAND_BACK}` to me in this thread."
    )
}

/// What colleagues read, in a channel of theirs.
pub fn note(note: &Note<'_>) -> String {
    let agent = mrkdwn::escape(note.agent);
    let (person, channel) = (mrkdwn::escape(note.person), mrkdwn::escape(&note.place.channel));
    let (place, back) = match note.place.kind {
        PlaceKind::Direct => (
            "a direct message".to_owned(),
            format!(
                "{agent} is quiet in that thread. They can write `{HAND_BACK}` in it to go on with \
                 {agent} there."
            ),
        ),
        PlaceKind::Public | PlaceKind::Private | PlaceKind::Group => (
            format!("<#{channel}>"),
            format!(
                "{agent} is quiet in that thread. To give it back, mention {agent} in it with \
                 `{HAND_BACK}`."
            ),
        ),
    };
    let why = why(note.why);
    let mut text = format!(
        "*{agent}* hands a conversation over to you: {why}.\n<@{person}> wrote in {place}:"
    );
    let asked: String = note.asked.chars().take(QUOTE_CHARS_MAX).collect();
    let is_cut = asked.len() < note.asked.len();
    for line in asked.lines() {
        text.push_str("\n> ");
        text.push_str(&mrkdwn::escape(line));
    }
    text.push_str(if is_cut { "…" } else { "" });
    if let Some(summary) = note.summary.filter(|it| !it.trim().is_empty()) {
        text.push_str("\n*What is known:* ");
        text.push_str(&first(summary, SUMMARY_CHARS_MAX));
    }
    if let Some(link) = note.link {
        text.push_str("\n<");
        text.push_str(&link_of(link));
        text.push_str("|Open the conversation>");
    }
    format!("{text}\n_{back}_")
}

/// As people read it.
pub fn why(why: HandOffReason) -> &'static str {
    match why {
        HandOffReason::Keyword => "a word was said that you asked for",
        HandOffReason::AskedForHuman => "a person was asked for",
        HandOffReason::Sentiment => "somebody sounds upset",
        HandOffReason::ToolFailure => "a tool failed",
        HandOffReason::Budget => "the budget is spent",
        HandOffReason::CannotHelp => "the agent cannot help",
    }
}

/// The beginning of a text in standard Markdown, as one message for Slack; empty where it says nothing.
fn first(markdown: &str, chars_max: usize) -> String {
    let parts = split(&mrkdwn::from_markdown(markdown), chars_max);
    parts.into_iter().next().filter(|part| part != EMPTY_ANSWER).unwrap_or_default()
}

/// An address that cannot end its link.
fn link_of(link: &str) -> String {
    link.chars().filter(|c| !matches!(c, '<' | '>' | '|') && !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn place(kind: PlaceKind) -> Place {
        Place {
            workspace: "T1".to_owned(),
            channel: "C1".to_owned(),
            kind,
            thread: "1.1".to_owned(),
        }
    }

    #[test]
    fn colleagues_read_who_asked_what_and_why() {
        let place = place(PlaceKind::Public);
        let said = note(&Note {
            agent: "Mara <!channel>",
            why: HandOffReason::AskedForHuman,
            person: "U1",
            place: &place,
            asked: "Where is my order?\n<!here> please",
            summary: Some("Order **4711** is late."),
            link: Some("https://acme.slack.com/archives/C1/p1|x>"),
        });
        expect![[r#"
            *Mara &lt;!channel&gt;* hands a conversation over to you: a person was asked for.
            <@U1> wrote in <#C1>:
            > Where is my order?
            > &lt;!here&gt; please
            *What is known:* Order *4711* is late.
            <https://acme.slack.com/archives/C1/p1x|Open the conversation>
            _Mara &lt;!channel&gt; is quiet in that thread. To give it back, mention Mara &lt;!channel&gt; in it with `hand back`._"#]]
        .assert_eq(&said);
    }

    #[test]
    fn in_a_direct_message_only_the_person_can_give_it_back() {
        let place = place(PlaceKind::Direct);
        let said = note(&Note {
            agent: "Mara",
            why: HandOffReason::Budget,
            person: "U1",
            place: &place,
            asked: &"é".repeat(700),
            summary: Some("  "),
            link: None,
        });
        let want = format!(
            "*Mara* hands a conversation over to you: the budget is spent.\n<@U1> wrote in a direct \
             message:\n> {}…\n_Mara is quiet in that thread. They can write `hand back` in it to go on \
             with Mara there._",
            "é".repeat(600)
        );
        assert_eq!(said, want);
    }

    #[test]
    fn a_hand_off_holds_in_its_thread_and_says_so() {
        let said = handed_off(None, PlaceKind::Direct);
        expect!["I've handed this over to a colleague, who will get back to you. In this thread I'll be quiet, and nowhere else. To go on with me here, write `hand back` in this thread."]
            .assert_eq(&said);
        for kind in [PlaceKind::Public, PlaceKind::Private, PlaceKind::Group] {
            let said = handed_off(None, kind);
            expect!["I've handed this over to a colleague. In this thread I'll be quiet. To go on with me here, mention me with `hand back` in this thread."]
                .assert_eq(&said);
        }
        expect!["A colleague has this conversation, so I'm not answering in this thread. To go on with me here, write `hand back` to me in this thread."]
            .assert_eq(&held_notice());
    }

    #[test]
    fn the_person_reads_the_agents_words_and_what_happens_now() {
        let said = handed_off(Some("I'll get **Tom**."), PlaceKind::Public);
        assert!(said.starts_with("I'll get *Tom*.\n\nI've handed this over"), "{said}");
        for nothing in [None, Some(""), Some("  ")] {
            let said = handed_off(nothing, PlaceKind::Direct);
            assert!(said.starts_with("I've handed this over"), "{said}");
        }
        assert!(handed_off(Some(&"x".repeat(9_000)), PlaceKind::Public).len() < 2_300);
    }
}
