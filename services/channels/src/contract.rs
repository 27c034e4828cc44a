//! What every channel's ears must do, whatever the chat system. Generic over [`Subject`]: a new
//! channel brings a subject, and its line at the end.

use bytes::Bytes;
use domain::addressed::{Engagement, HeardAuthor, Verdict, judge};
use schemas::{Address, Timestamp};

use crate::{Inbound, Me, Read, Reading, Refused, Unverified};

/// When every call of the suite is made.
const NOW: Timestamp = Timestamp::from_millis(1_700_000_100_000);

/// The user the employee appears as.
const ME: &str = "U0MARA";

/// A chat system that can be played.
trait Subject {
    fn inbound(&self) -> Box<dyn Inbound>;
    /// A body, signed at that time as the chat system would.
    fn signed(&self, body: Bytes, at: Timestamp) -> Unverified;
    /// The body of a direct message of a person that says "hello".
    fn direct(&self) -> Bytes;
    /// The body of a message of the employee's own.
    fn own(&self) -> Bytes;
    /// The workspace of both.
    fn workspace(&self) -> &'static str;
}

fn read(subject: &impl Subject, body: Bytes) -> (String, Read) {
    let inbound = subject.inbound();
    let verified = inbound.verify(subject.signed(body, NOW), NOW).unwrap();
    let Ok(Reading::Event(arrived)) = inbound.read(&verified) else { panic!("no event") };
    (arrived.workspace.clone(), arrived.interpret(&Me::new(ME)))
}

fn a_persons_words_reach_the_employee(subject: &impl Subject) {
    let (workspace, Read::Said(incoming)) = read(subject, subject.direct()) else {
        panic!("nothing was said")
    };
    assert_eq!(workspace, subject.workspace());
    assert_eq!(incoming.place.workspace, workspace);
    assert_eq!(incoming.text, "hello");
    let verdict = judge(incoming.heard(), Engagement::Unknown);
    assert_eq!(verdict, Verdict::Answer(Address::Direct));
}

fn the_employees_own_words_are_known(subject: &impl Subject) {
    let (_, Read::Said(incoming) | Read::Echo { incoming, .. }) = read(subject, subject.own())
    else {
        panic!("nothing was said")
    };
    assert_eq!(incoming.author_kind, HeardAuthor::OurBot);
}

fn only_the_chat_system_is_believed(subject: &impl Subject) {
    let inbound = subject.inbound();
    let mut changed = subject.signed(subject.direct(), NOW);
    changed.body = subject.own();
    assert_eq!(inbound.verify(changed, NOW).map(drop), Err(Refused::BadSignature));
    let unsigned = Unverified { headers: Vec::new(), body: subject.direct() };
    assert!(matches!(inbound.verify(unsigned, NOW), Err(Refused::MissingHeader(_))));
    let old = subject.signed(subject.direct(), Timestamp::from_millis(0));
    assert!(matches!(inbound.verify(old, NOW), Err(Refused::Stale { .. })));
}

fn any_body_is_a_decision_or_a_clean_error(subject: &impl Subject) {
    let inbound = subject.inbound();
    let direct = subject.direct();
    for end in 0..direct.len() {
        let verified = inbound.verify(subject.signed(direct.slice(..end), NOW), NOW).unwrap();
        if let Ok(Reading::Event(arrived)) = inbound.read(&verified) {
            arrived.interpret(&Me::new(ME));
        }
    }
}

fn nothing_said_can_be_printed(subject: &impl Subject) {
    let inbound = subject.inbound();
    let call = subject.signed(subject.direct(), NOW);
    let call_shown = format!("{call:?}");
    let verified = inbound.verify(call, NOW).unwrap();
    let reading = inbound.read(&verified).unwrap();
    let reading_shown = format!("{verified:?} {reading:?}");
    let Reading::Event(arrived) = reading else { panic!("no event") };
    let read_shown = format!("{:?}", arrived.interpret(&Me::new(ME)));
    let shown = [call_shown, reading_shown, read_shown].join("\n");
    assert!(!shown.contains("hello"), "{shown}");
}

struct Slack;

impl Subject for Slack {
    fn inbound(&self) -> Box<dyn Inbound> {
        let secret = domain::secret::Secret::from("secret".to_owned());
        Box::new(crate::slack::SlackIn::new(&secret).unwrap())
    }

    fn signed(&self, body: Bytes, at: Timestamp) -> Unverified {
        let secret = domain::secret::Secret::from("secret".to_owned());
        let at = (at.as_millis() / 1000).to_string();
        let signature = crate::slack::sign(&secret, &at, &body).unwrap();
        let headers = [("x-slack-request-timestamp", at), ("x-slack-signature", signature)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Unverified { headers, body }
    }

    fn direct(&self) -> Bytes {
        slack_event(r#""user":"U0ANNA""#)
    }

    fn own(&self) -> Bytes {
        slack_event(r#""user":"U0MARA","bot_id":"B0MARA""#)
    }

    fn workspace(&self) -> &'static str {
        "T0ACME"
    }
}

fn slack_event(author: &str) -> Bytes {
    let body = format!(
        r#"{{"type":"event_callback","event_id":"Ev1","team_id":"T0GUEST","authorizations":[{{"team_id":"T0ACME"}}],"event":{{"type":"message","channel":"D1","channel_type":"im","ts":"1700000000.000001","text":"hello",{author}}}}}"#,
    );
    body.into()
}

macro_rules! contract {
    ($subject:ident: $($test:ident)+) => { $(
        #[test]
        fn $test() {
            super::$test(&super::$subject);
        }
    )+ };
}

mod slack {
    contract!(Slack:
        a_persons_words_reach_the_employee
        the_employees_own_words_are_known
        only_the_chat_system_is_believed
        any_body_is_a_decision_or_a_clean_error
        nothing_said_can_be_printed
    );
}
