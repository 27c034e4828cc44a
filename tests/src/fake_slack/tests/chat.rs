//! What a page that looks like Slack asks of the fake.

use super::*;

async fn control(fake: &FakeSlack, path: &str) -> Value {
    let url = format!("{}/_control/{path}", fake.base_url());
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

async fn tell(fake: &FakeSlack, path: &str, body: Value) -> (StatusCode, String) {
    let url = format!("{}/_control/{path}", fake.base_url());
    let answer = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// A fake as `cargo xtask dev` has it: no token installed, one workspace met.
async fn in_dev() -> (FakeSlack, Ear) {
    let fake = FakeSlack::start().await.unwrap();
    fake.meet(acme());
    let (ear, url) = Ear::start(&[]).await;
    fake.link(Gateway::new(&url, SECRET), true);
    (fake, ear)
}

#[tokio::test]
async fn a_page_can_show_who_and_where_there_is() {
    let (fake, _ear) = in_dev().await;
    let (status, _) = tell(&fake, "teams", json!({ "id": "T0BETA", "bot_user": "U0BO" })).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let teams = control(&fake, "teams").await;
    assert_eq!(teams[0], json!({ "id": "T0ACME", "bot_user": "U0MARA", "bot_id": "B0MARA" }));
    assert_eq!(teams[1]["id"], "T0BETA");
    let users = control(&fake, "users?team=T0ACME").await;
    assert_eq!(users[0], json!({ "id": "U0ADA", "name": "Ada", "bot": false }));
    assert_eq!(users[3], json!({ "id": "U0MARA", "name": "Mara", "bot": true }));
    let say = json!({ "team": "T0ACME", "channel": "C0SAY", "user": "U0ADA", "text": "hi" });
    tell(&fake, "say", say).await;
    let channels = control(&fake, "channels?team=T0ACME&user=U0ADA").await;
    let shown: Vec<String> = channels
        .as_array()
        .unwrap()
        .iter()
        .map(|channel| {
            let text = |field: &str| channel[field].as_str().unwrap();
            format!("{} {} {}", text("id"), text("name"), text("kind"))
        })
        .collect();
    let want = [
        "C0GENERAL general channel",
        "C0SAY c0say channel",
        "C0SUPPORT support channel",
        "D0ADA Mara im",
    ];
    assert_eq!(shown, want);
}

#[tokio::test]
async fn what_a_person_types_reaches_the_gateway_signed() {
    let (fake, ear) = in_dev().await;
    let say = |team: &str| {
        json!({ "team": team, "channel": "C0GENERAL", "user": "U0ADA", "typed": true,
            "text": "@mara is 1 < 2 & <!channel>?" })
    };
    let (status, said) = tell(&fake, "say", say("T0ACME")).await;
    assert_eq!(status, StatusCode::OK);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["taken"], true);
    let (_, line) = ear.heard().remove(0);
    assert_eq!(line, r#"T0ACME Answer(Mention) "is 1 < 2 & <!channel>?""#);
    let events = control(&fake, "events?team=T0ACME&channel=C0GENERAL").await;
    let shown = &events["messages"][0];
    assert_eq!(shown["ts"], said["ts"]);
    assert_eq!(shown["text"], "<@U0MARA> is 1 &lt; 2 &amp; &lt;!channel&gt;?");
    assert_eq!((&shown["name"], &shown["bot"]), (&json!("Ada"), &json!(false)));
    assert_eq!(tell(&fake, "say", say("T0ELSE")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_hears_of_every_change_once_and_at_once() {
    let (fake, _ear) = in_dev().await;
    let (out, place, token) = (out(&fake), place(), Secret::from("xoxb-T0ACME-U0MARA".to_owned()));
    let effect = "x1".parse().unwrap();
    let call = Call { token: &token, place: &place, effect: &effect };
    let waits = control(&fake, "events?channel=C1&wait_ms=25000");
    let posts = async {
        let SendOutcome::Sent(ts) = out.post(call, "Thinking…".into()).await else { panic!() };
        ts
    };
    let (first, ts) = tokio::join!(waits, posts);
    assert_eq!(first["messages"][0]["text"], "Thinking…");
    assert_eq!(first["messages"][0]["thread_ts"], place.thread);
    assert_eq!(first["messages"][0]["updated"], false);

    let since = &first["next"];
    let nothing = control(&fake, &format!("events?channel=C1&since={since}")).await;
    assert_eq!((&nothing["messages"], &nothing["next"]), (&json!([]), since));
    let signed = channels::Wording { text: "Hello!", signature: Some("Mara · version 2") };
    out.update(call, &ts, signed).await;
    let elsewhere = control(&fake, &format!("events?channel=C2&since={since}")).await;
    assert_eq!(elsewhere["messages"], json!([]));
    let changed = control(&fake, &format!("events?channel=C1&since={since}")).await;
    let message = &changed["messages"][0];
    assert_eq!((&message["ts"], &message["updated"]), (&json!(ts), &json!(true)));
    assert_eq!(message["blocks"][0]["text"]["text"], "Hello!");
    assert_eq!(message["blocks"][1]["elements"][0]["text"], "Mara · version 2");
    out.delete(call, &ts).await;
    let gone = control(&fake, &format!("events?since={}", changed["next"])).await;
    assert_eq!(gone["messages"][0]["deleted"], true);
    assert_eq!(gone["reset"], false);
    let other_fake = control(&fake, "events?since=1000").await;
    assert_eq!((&other_fake["reset"], &other_fake["next"]), (&json!(true), &gone["next"]));
}

#[tokio::test]
async fn blocks_that_slack_would_not_take_are_refused() {
    let fake = FakeSlack::start().await.unwrap();
    let send = async |blocks: Value| {
        let body = json!({ "channel": "C1", "text": "hi", "blocks": blocks });
        let request = reqwest::Client::new().post(fake.url() + "/chat.postMessage").json(&body);
        let answer = request.bearer_auth("xoxb-T0ACME-U0MARA").send().await.unwrap();
        answer.json::<Value>().await.unwrap()["ok"].clone()
    };
    let section =
        |text: &str| json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } });
    assert_eq!(send(json!([section("hello")])).await, true);
    let long = section(&"x".repeat(3_001));
    let none = json!({ "type": "context", "elements": [] });
    let wrong = [json!("hello"), json!([{ "type": "mystery" }]), json!([long]), json!([none])];
    for blocks in wrong {
        assert_eq!(send(blocks.clone()).await, false, "{blocks}");
    }
}
