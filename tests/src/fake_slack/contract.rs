//! What every channel's voice must do, whatever the chat system. Generic over [`Subject`]: a new
//! channel brings a subject with a fake of its own, and its line at the end.

use std::time::Duration;

use channels::{Call, Found, Identity, Outbound, slack};
use domain::{
    effect::{Rejection, SendOutcome},
    secret::Secret,
};
use schemas::{EffectId, Place, PlaceKind};

use super::{Act, FakeSlack, Fault, Posted, Team};

/// A chat system to speak with, and what can be done to it.
trait Subject: Sized {
    async fn start() -> Self;
    fn outbound(&self) -> &dyn Outbound;
    /// The token of one of two workspaces.
    fn token(&self, workspace: &str) -> Secret;
    /// What stands in the thread, for everybody, as text.
    fn thread(&self, place: &Place) -> Vec<Stands>;
    /// What goes wrong with the next post in that workspace.
    fn next_post(&self, workspace: &str, trouble: Trouble);
    /// How often it was called.
    fn calls(&self) -> usize;
}

#[derive(Debug, PartialEq, Eq)]
struct Stands {
    ts: String,
    text: String,
}

#[derive(Clone, Copy, Debug)]
enum Trouble {
    Busy { seconds: u64 },
    Refused,
    Dead,
    Broken,
    BrokenButCarriedOut,
    SilentButCarriedOut,
    Silent,
    SlowButCarriedOut,
}

fn place(workspace: &str) -> Place {
    Place {
        workspace: workspace.to_owned(),
        channel: "C1".to_owned(),
        kind: PlaceKind::Public,
        thread: "1700000000.000001".to_owned(),
    }
}

fn effect(id: &str) -> EffectId {
    id.parse().unwrap()
}

struct At<'s, S> {
    subject: &'s S,
    place: Place,
    token: Secret,
}

impl<'s, S: Subject> At<'s, S> {
    fn new(subject: &'s S, workspace: &str) -> Self {
        Self { subject, place: place(workspace), token: subject.token(workspace) }
    }

    fn call<'a>(&'a self, effect: &'a EffectId) -> Call<'a> {
        Call { token: &self.token, place: &self.place, effect }
    }

    async fn post(&self, id: &str, text: &str) -> SendOutcome {
        let effect = effect(id);
        self.subject.outbound().post(self.call(&effect), text.into()).await
    }

    async fn posted(&self, id: &str, text: &str) -> String {
        let outcome = self.post(id, text).await;
        let SendOutcome::Sent(ts) = outcome else { panic!("not sent: {outcome:?}") };
        ts
    }

    async fn find(&self, id: &str) -> Found {
        let me = identity(self).await.bot_user;
        let effect = effect(id);
        self.subject.outbound().find(self.call(&effect), &me).await
    }

    fn texts(&self) -> Vec<String> {
        self.subject.thread(&self.place).into_iter().map(|it| it.text).collect()
    }
}

async fn identity<S: Subject>(at: &At<'_, S>) -> Identity {
    at.subject.outbound().whoami(&at.token, &at.place.workspace).await.unwrap()
}

async fn what_is_said_stands_in_the_thread_and_can_be_changed_and_taken_away<S: Subject>() {
    let subject = S::start().await;
    let at = At::new(&subject, "T1");
    let first = at.posted("x1", "Thinking…").await;
    let second = at.posted("x2", "more").await;
    assert!(first < second);
    let (update, delete) = (effect("x3"), effect("x4"));
    let changed = subject.outbound().update(at.call(&update), &first, "The answer".into()).await;
    assert_eq!(changed, SendOutcome::Sent(first.clone()));
    assert_eq!(at.texts(), ["The answer", "more"]);
    for _ in 0..2 {
        let gone = subject.outbound().delete(at.call(&delete), &second).await;
        assert_eq!(gone, SendOutcome::Sent(second.clone()), "also what is gone already");
    }
    assert_eq!(at.texts(), ["The answer"]);
    let on_nothing = subject.outbound().update(at.call(&update), &second, "late".into()).await;
    let SendOutcome::Rejected { class: Rejection::Target, .. } = on_nothing else {
        panic!("changed what is gone: {on_nothing:?}")
    };
}

async fn one_person_is_told_what_nobody_else_sees<S: Subject>() {
    let subject = S::start().await;
    let at = At::new(&subject, "T1");
    let id = effect("x1");
    let told = subject.outbound().tell(at.call(&id), "U0ANNA", "Come back at 10:00").await;
    assert!(matches!(told, SendOutcome::Sent(_)), "{told:?}");
    assert_eq!(at.texts(), Vec::<String>::new());
}

async fn two_workspaces_share_nothing<S: Subject>() {
    let subject = S::start().await;
    let (one, two) = (At::new(&subject, "T1"), At::new(&subject, "T2"));
    one.posted("x1", "of one").await;
    two.posted("x1", "of two").await;
    assert_eq!((one.texts(), two.texts()), (vec!["of one".to_owned()], vec!["of two".to_owned()]));
    assert_eq!(identity(&one).await.workspace, "T1");
    assert_eq!(identity(&two).await.workspace, "T2");
    let stranger = Secret::from("xoxb-stranger".to_owned());
    let refused = subject.outbound().whoami(&stranger, "T9").await.unwrap_err();
    assert!(matches!(refused, SendOutcome::Rejected { class: Rejection::Connection, .. }));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Learns {
    Rejected(Rejection),
    Nothing,
}

impl Learns {
    fn of(outcome: &SendOutcome) -> Option<Self> {
        match outcome {
            SendOutcome::Rejected { class, .. } => Some(Learns::Rejected(*class)),
            SendOutcome::Ambiguous(_) => Some(Learns::Nothing),
            SendOutcome::Sent(_) | SendOutcome::NotSent(_) | SendOutcome::RetryAfter(_) => None,
        }
    }
}

/// Each trouble: what the caller learns, and whether the message is there.
async fn every_trouble_has_its_outcome<S: Subject>() {
    let cases = [
        (Trouble::Refused, Learns::Rejected(Rejection::Target), false),
        (Trouble::Dead, Learns::Rejected(Rejection::Connection), false),
        (Trouble::Broken, Learns::Nothing, false),
        (Trouble::BrokenButCarriedOut, Learns::Nothing, true),
        (Trouble::SilentButCarriedOut, Learns::Nothing, true),
        (Trouble::Silent, Learns::Nothing, false),
        (Trouble::SlowButCarriedOut, Learns::Nothing, true),
    ];
    for (trouble, learns, is_there) in cases {
        let subject = S::start().await;
        let at = At::new(&subject, "T1");
        // So that the connection is a used one: such are closed under us the most.
        at.posted("x0", "before").await;
        let calls = subject.calls();
        subject.next_post("T1", trouble);
        let outcome = at.post("x1", "hello").await;
        assert_eq!(Learns::of(&outcome), Some(learns), "{trouble:?}: {outcome:?}");
        assert_eq!(subject.calls(), calls + 1, "{trouble:?} was called once");
        assert_eq!(at.texts().len(), 1 + usize::from(is_there), "{trouble:?}");
        let want = if is_there { "there" } else { "absent" };
        let found = match at.find("x1").await {
            Found::At { .. } => "there",
            Found::Absent => "absent",
            Found::Unknown { detail } => panic!("{trouble:?}: {detail}"),
        };
        assert_eq!(found, want, "{trouble:?}");
        at.posted("x2", "after").await;
    }
}

async fn busy_holds_one_workspace_only<S: Subject>() {
    let subject = S::start().await;
    let (one, two) = (At::new(&subject, "T1"), At::new(&subject, "T2"));
    subject.next_post("T1", Trouble::Busy { seconds: 30 });
    let outcome = one.post("x1", "hello").await;
    assert_eq!(outcome, SendOutcome::RetryAfter(Duration::from_secs(30)));
    let calls = subject.calls();
    let again = one.post("x1", "hello").await;
    let SendOutcome::RetryAfter(wait) = again else { panic!("{again:?}") };
    assert!(Duration::from_secs(25) < wait && wait <= Duration::from_secs(30));
    assert_eq!(subject.calls(), calls, "it was not asked again");
    two.posted("x1", "hello").await;
    assert_eq!(one.texts(), Vec::<String>::new());
    assert_eq!(identity(&one).await.workspace, "T1", "another method of the held workspace");
}

async fn an_effect_is_found_by_its_own_words_only<S: Subject>() {
    let subject = S::start().await;
    let (one, two) = (At::new(&subject, "T1"), At::new(&subject, "T2"));
    let ts = one.posted("x1", "hello").await;
    two.posted("x2", "hello").await;
    assert_eq!(one.find("x1").await, Found::At { ts });
    assert_eq!(one.find("x2").await, Found::Absent, "that of another workspace");
    assert_eq!(one.find("x3").await, Found::Absent);
}

async fn nobody_listening_is_not_sent(outbound: &dyn Outbound) {
    let (token, place, id) = (Secret::from("xoxb-1".to_owned()), place("T1"), effect("x1"));
    let call = Call { token: &token, place: &place, effect: &id };
    let outcome = outbound.post(call, "hello".into()).await;
    let SendOutcome::NotSent(why) = outcome else { panic!("{outcome:?}") };
    assert!(!why.contains("xoxb"), "{why}");
}

struct Slack {
    fake: FakeSlack,
    out: slack::SlackOut,
}

fn slack_at(api_url: String) -> slack::SlackOut {
    let settings =
        slack::Settings { api_url, pacing: slack::Pacing::Slack, total: Duration::from_secs(1) };
    slack::SlackOut::new(settings).unwrap()
}

impl Subject for Slack {
    async fn start() -> Self {
        let fake = FakeSlack::start().await.unwrap();
        fake.install("xoxb-1", Team::new("T1", "U0MARA"));
        fake.install("xoxb-2", Team::new("T2", "U0MARA"));
        let out = slack_at(fake.url());
        Self { fake, out }
    }

    fn outbound(&self) -> &dyn Outbound {
        &self.out
    }

    fn token(&self, workspace: &str) -> Secret {
        Secret::from(workspace.replace('T', "xoxb-"))
    }

    fn thread(&self, place: &Place) -> Vec<Stands> {
        let replies = self.fake.replies(&place.workspace, &place.channel, &place.thread);
        let stands = |it: Posted| Stands { ts: it.ts, text: it.text };
        replies.into_iter().map(stands).collect()
    }

    fn next_post(&self, workspace: &str, trouble: Trouble) {
        let act = match trouble {
            Trouble::Busy { seconds } => Act::RateLimited { retry_after_s: seconds },
            Trouble::Refused => Act::Code("is_archived".to_owned()),
            Trouble::Dead => Act::Code("token_revoked".to_owned()),
            Trouble::Broken => Act::Status(500),
            Trouble::BrokenButCarriedOut => Act::AcceptThenStatus(500),
            Trouble::SilentButCarriedOut => Act::AcceptThenDrop,
            Trouble::Silent => Act::Drop,
            Trouble::SlowButCarriedOut => Act::AcceptThenDelay(3_000),
        };
        self.fake.fail(Fault::new(act).method("chat.postMessage").team(workspace).times(1));
    }

    fn calls(&self) -> usize {
        self.fake.see(|world| world.calls().count())
    }
}

macro_rules! contract {
    ($subject:ident: $($test:ident)+) => { $(
        #[tokio::test]
        async fn $test() {
            super::$test::<super::$subject>().await;
        }
    )+ };
}

mod for_slack {
    contract!(Slack:
        what_is_said_stands_in_the_thread_and_can_be_changed_and_taken_away
        one_person_is_told_what_nobody_else_sees
        two_workspaces_share_nothing
        every_trouble_has_its_outcome
        busy_holds_one_workspace_only
        an_effect_is_found_by_its_own_words_only
    );

    #[tokio::test]
    async fn nobody_listening_is_not_sent() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        // Installs the crypto provider.
        let _fake = super::FakeSlack::start().await.unwrap();
        super::nobody_listening_is_not_sent(&super::slack_at(format!("http://{address}/api")))
            .await;
    }
}
