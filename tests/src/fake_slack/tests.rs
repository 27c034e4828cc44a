use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use channels::{Call, Found, Outbound as _};
use channels::{
    Inbound as _, Me, Read, Reading, Unverified,
    slack::{Pacing, Settings, SlackIn, SlackOut},
};
use domain::{
    addressed::{Engagement, judge},
    effect::SendOutcome,
    secret::Secret,
};
use reqwest::StatusCode;
use schemas::{Place, PlaceKind};
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "a signing secret";
const LONG: Duration = Duration::from_secs(10);

/// A gateway that notes what it hears and says what it is told to.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Notes>>);

#[derive(Default)]
struct Notes {
    says: Vec<u16>,
    heard: Vec<(Option<String>, String)>,
}

impl Ear {
    async fn start(says: &[u16]) -> (Self, String) {
        let ear = Self(Arc::new(Mutex::new(Notes { says: says.to_vec(), heard: Vec::new() })));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().route("/slack/events", post(hear)).with_state(ear.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (ear, url)
    }

    fn heard(&self) -> Vec<(Option<String>, String)> {
        std::mem::take(&mut self.0.lock().unwrap().heard)
    }
}

async fn hear(State(ear): State<Ear>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let line = understood(&headers, body);
    let retry = headers.get("x-slack-retry-num").map(|it| it.to_str().unwrap().to_owned());
    let mut ear = ear.0.lock().unwrap();
    ear.heard.push((retry, line));
    let says = if ear.says.is_empty() { 200 } else { ear.says.remove(0) };
    StatusCode::from_u16(says).unwrap()
}

/// What the real reader makes of it: the fake and the reader must mean the same Slack.
fn understood(headers: &HeaderMap, body: Bytes) -> String {
    let slack = SlackIn::new(&Secret::from(SECRET.to_owned())).unwrap();
    let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let call = Unverified { headers: headers.iter().map(header).collect(), body };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = schemas::Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap());
    let verified = slack.verify(call, now).unwrap();
    let reading = slack.read(&verified).unwrap();
    let Reading::Event(arrived) = &reading else { return format!("{reading:?}") };
    let workspace = &arrived.workspace;
    match arrived.interpret(&Me::new("U0MARA")) {
        Read::Said(it) => {
            let verdict = judge(it.heard(), Engagement::NotJoined);
            format!("{workspace} {verdict:?} {:?}", it.text)
        }
        Read::Echo { incoming, effect } => {
            format!("{workspace} echo {effect} {:?} {:?}", incoming.change, incoming.text)
        }
        read @ (Read::Revoked(_) | Read::Ignored(_)) => format!("{workspace} {read:?}"),
    }
}

async fn linked(says: &[u16], echo: bool) -> (FakeSlack, Ear) {
    let fake = FakeSlack::start().await.unwrap();
    fake.install("xoxb-acme", Team::new("T0ACME", "U0MARA"));
    let (ear, url) = Ear::start(says).await;
    let waits = [0, 10, 20].map(Duration::from_millis);
    fake.link(Gateway::new(&url, SECRET).retries(&waits), echo);
    (fake, ear)
}

fn acme() -> Team {
    Team::new("T0ACME", "U0MARA")
}

#[tokio::test]
async fn a_mention_is_two_events_with_one_timestamp() {
    let (fake, ear) = linked(&[], true).await;
    let spoken = fake.spoken("T0ACME", "C1", "U0ANNA", "<@U0MARA> hello").unwrap();
    let events = spoken.events();
    let ids: Vec<&Value> = events.iter().map(|event| &event["event_id"]).collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(events[0]["event"]["ts"], events[1]["event"]["ts"]);
    let said = fake.say(spoken).await.unwrap();
    assert!(said.deliveries.iter().all(Delivery::is_taken));
    let heard = ear.heard();
    assert_eq!(heard.len(), 2);
    for (retry, line) in heard {
        assert_eq!((retry, line.as_str()), (None, "T0ACME Answer(Mention) \"hello\""));
    }
    assert_eq!(fake.messages("T0ACME", "C1", &said.spoken.ts).len(), 1);
}

#[tokio::test]
async fn every_builder_is_what_it_says() {
    let (fake, ear) = linked(&[], false).await;
    let said = Spoken::new(&acme(), "C1", "U0ANNA", "<@U0MARA> hi", "1700000000.000001");
    let direct = Spoken::new(&acme(), "D1", "U0ANNA", "hi", "1700000000.000002");
    let reply = Spoken { text: "and?".to_owned(), ..said.clone() }.in_thread("1699999999.000001");
    let cases = [
        (said.message(), "T0ACME Answer(Mention) \"hi\""),
        (said.app_mention(), "T0ACME Answer(Mention) \"hi\""),
        (said.with_file("F1", "a.txt"), "T0ACME Answer(Mention) \"hi\""),
        (direct.message(), "T0ACME Answer(Direct) \"hi\""),
        (reply.message(), "T0ACME Ignore(NotAddressed) \"and?\""),
        (direct.edited("ho", "1700000001.000001"), "T0ACME RecordEdit \"ho\""),
        (direct.deleted("1700000001.000001"), "T0ACME RecordDelete \"\""),
        (said.joined(), "T0ACME Ignore(NotAMessage) \"@U0ANNA has joined the channel\""),
        (said.by_other_bot(), "T0ACME Ignore(OtherBot) \"hi\""),
        (said.by_integration(), "T0ACME Ignore(OtherBot) \"hi\""),
        (said.clone().guest_of("T0GUEST").message(), "T0ACME Answer(Mention) \"hi\""),
        (events::app_uninstalled(&acme()), "T0ACME Revoked(\"app_uninstalled\")"),
        (events::tokens_revoked(&acme()), "T0ACME Revoked(\"tokens_revoked\")"),
        (
            events::app_rate_limited(&acme()),
            "RateLimited { workspace: \"T0ACME\", minute: 1700000040 }",
        ),
        (events::url_verification("abc"), "Challenge(\"abc\")"),
    ];
    for (event, want) in cases {
        fake.deliver(&event).await.unwrap();
        assert_eq!(ear.heard(), [(None, want.to_owned())]);
    }
    let guest = said.guest_of("T0GUEST").message();
    assert_eq!(guest["team_id"], "T0GUEST");
    assert_eq!(guest["authorizations"][0]["team_id"], "T0ACME");
}

#[tokio::test]
async fn what_is_not_taken_comes_again() {
    let (fake, ear) = linked(&[503, 503], false).await;
    let event = Spoken::new(&acme(), "D1", "U0ANNA", "hi", "1700000000.000001").message();
    let delivery = fake.deliver(&event).await.unwrap();
    assert_eq!(delivery.statuses(), [Some(503), Some(503), Some(200)]);
    let retries: Vec<Option<String>> = ear.heard().into_iter().map(|(retry, _)| retry).collect();
    assert_eq!(retries, [None, Some("1".to_owned()), Some("2".to_owned())]);
    let thrice = fake.deliver_times(&event, 3).await.unwrap();
    assert_eq!(thrice.statuses(), [Some(200); 3]);
    assert_eq!(ear.heard().len(), 3);

    let (fake, _ear) = linked(&[503; 9], false).await;
    assert!(!fake.deliver(&event).await.unwrap().is_taken());
}

fn out(fake: &FakeSlack) -> SlackOut {
    let settings = Settings { api_url: fake.url(), pacing: Pacing::Unpaced, total: LONG };
    SlackOut::new(settings).unwrap()
}

fn place() -> Place {
    Place {
        workspace: "T0ACME".to_owned(),
        channel: "C1".to_owned(),
        kind: PlaceKind::Public,
        thread: "1700000000.000001".to_owned(),
    }
}

#[tokio::test]
async fn the_employees_own_words_come_back_with_their_effects() {
    let (fake, ear) = linked(&[], true).await;
    fake.fail(Fault::new(Act::AcceptThenDrop).method("chat.postMessage").nth(2));
    let (out, place, token) = (out(&fake), place(), Secret::from("xoxb-acme".to_owned()));
    let ids = ["x1", "x2", "x3"].map(|id| id.parse().unwrap());
    let [one, two, three] =
        ids.each_ref().map(|effect| Call { token: &token, place: &place, effect });
    let SendOutcome::Sent(ts) = out.post(one, "Thinking…".into()).await else {
        panic!("not sent")
    };
    let lost = out.post(two, "more".into()).await;
    assert!(matches!(lost, SendOutcome::Ambiguous(_)), "{lost:?}");
    out.update(three, &ts, "Hello!".into()).await;
    out.delete(three, &ts).await;
    fake.echoes_delivered().await;
    let mut heard: Vec<String> = ear.heard().into_iter().map(|(_, line)| line).collect();
    heard.sort();
    let want = [
        "T0ACME Ignore(Own) \"\"",
        "T0ACME echo x1 New \"Thinking…\"",
        "T0ACME echo x2 New \"more\"",
        "T0ACME echo x3 Edited \"Hello!\"",
    ];
    assert_eq!(heard, want);
    let all = fake.messages("T0ACME", "C1", &place.thread);
    assert_eq!(all[0].history, ["Thinking…"]);
    assert_eq!(all[0].effects, ["x1", "x3"]);
    assert!(all[0].deleted);
    assert_eq!(fake.see(World::doubled), Vec::<String>::new());
    out.post(two, "more".into()).await;
    assert_eq!(fake.see(World::doubled), ["x2"]);
}

#[tokio::test]
async fn a_thread_is_searched_to_its_end() {
    let fake = FakeSlack::start().await.unwrap();
    fake.install("xoxb-acme", acme());
    fake.page_max(3);
    let (out, place, token) = (out(&fake), place(), Secret::from("xoxb-acme".to_owned()));
    let find = async |id: &str| {
        let effect = id.parse().unwrap();
        out.find(Call { token: &token, place: &place, effect: &effect }, "U0MARA").await
    };
    assert!(matches!(find("x0").await, Found::Unknown { .. }), "no such thread");
    for n in 0..29 {
        let effect = format!("x{n}").parse().unwrap();
        out.post(Call { token: &token, place: &place, effect: &effect }, "hello".into()).await;
    }
    assert!(matches!(find("x28").await, Found::At { .. }));
    assert_eq!(find("x99").await, Found::Absent);
    let effect = "x29".parse().unwrap();
    let posted =
        out.post(Call { token: &token, place: &place, effect: &effect }, "hello".into()).await;
    assert!(matches!(posted, SendOutcome::Sent(_)));
    let effect = "x30".parse().unwrap();
    out.post(Call { token: &token, place: &place, effect: &effect }, "hello".into()).await;
    assert!(matches!(find("x99").await, Found::Unknown { .. }), "longer than we read");
    let other = out.find(Call { token: &token, place: &place, effect: &effect }, "U0ELSE").await;
    assert!(matches!(other, Found::Unknown { .. }), "another user's metadata does not count");
}

#[tokio::test]
async fn waiting_ends_when_it_is_so() {
    let fake = Arc::new(FakeSlack::start().await.unwrap());
    let seen = Arc::clone(&fake);
    let waits = tokio::spawn(async move {
        seen.wait_for(LONG, "a post", |world| world.count("chat.postMessage") == 1).await
    });
    let effect = "x1".parse().unwrap();
    let token = Secret::from("xoxb-T0ACME-U0MARA".to_owned());
    let place = place();
    let sent =
        out(&fake).post(Call { token: &token, place: &place, effect: &effect }, "hi".into()).await;
    assert!(matches!(sent, SendOutcome::Sent(_)), "any bot token while nothing is installed");
    waits.await.unwrap().unwrap();
    assert_eq!(fake.replies("T0ACME", "C1", &place.thread)[0].user, "U0MARA");
    let vain = fake.wait_for(Duration::from_millis(20), "never", |_| false).await;
    assert!(vain.unwrap_err().to_string().contains("in vain for: never"));
}

#[tokio::test]
async fn another_process_can_drive_it() {
    let (fake, ear) = linked(&[], false).await;
    let control = |path: &str| format!("{}/_control/{path}", fake.base_url());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let say = json!({ "team": "T0ACME", "channel": "D1", "user": "U0ANNA", "text": "hi" });
    let said = http.post(control("say")).json(&say).send().await.unwrap();
    let said: Value = said.json().await.unwrap();
    assert_eq!(said["taken"], true);
    assert_eq!(ear.heard().len(), 1);
    let fault = json!({ "method": "auth.test", "act": { "code": "token_revoked" } });
    let failed = http.post(control("faults")).json(&fault).send().await.unwrap();
    assert_eq!(failed.status(), 204);
    let (out, token) = (out(&fake), Secret::from("xoxb-acme".to_owned()));
    assert!(out.whoami(&token, "T0ACME").await.is_err());
    http.delete(control("faults")).send().await.unwrap();
    assert!(out.whoami(&token, "T0ACME").await.is_ok());
    let messages = http.get(control("messages?team=T0ACME&channel=D1")).send().await.unwrap();
    let messages: Value = messages.json().await.unwrap();
    assert_eq!(messages[0]["text"], "hi");
    assert_eq!(messages.as_array().unwrap().len(), 1);
    fake.uninstall("xoxb-acme");
    assert!(out.whoami(&token, "T0ACME").await.is_err());
}

#[tokio::test]
async fn slacks_own_bounds_are_kept() {
    let fake = FakeSlack::start().await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = async |method: &str, body: Value| {
        let url = format!("{}/{method}", fake.url());
        let sent = http.post(url).bearer_auth("xoxb-1").json(&body).send().await.unwrap();
        let answer: Value = sent.json().await.unwrap();
        answer["error"].as_str().unwrap_or("ok").to_owned()
    };
    let post = async |more: Value| {
        let mut body = json!({ "channel": "C1", "text": "hi" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call("chat.postMessage", body).await
    };
    assert_eq!(post(json!({})).await, "ok");
    assert_eq!(post(json!({ "text": "x".repeat(4_000) })).await, "ok");
    assert_eq!(post(json!({ "text": "x".repeat(4_001) })).await, "msg_too_long");
    assert_eq!(post(json!({ "text": "" })).await, "no_text");
    assert_eq!(post(json!({ "channel": "" })).await, "channel_not_found");
    assert_eq!(post(json!({ "thread_ts": "yesterday" })).await, "invalid_thread_ts");
    assert_eq!(post(json!({ "metadata": { "event_type": 1 } })).await, "invalid_metadata_format");
    assert_eq!(call("chat.dance", json!({})).await, "unknown_method");
    let plain = http.post(format!("{}/auth.test", fake.url())).send().await.unwrap();
    assert_eq!(plain.json::<Value>().await.unwrap()["error"], "not_authed");
}

mod chat;
