//! What a person sees.

use konstruct_tests::{
    fake_llm::{Behaviour, Fault},
    fake_slack::{Posted, Spoken},
    installation::acme,
};
use serde_json::Value;

use crate::{
    BOT, Log, PATIENCE, PLACEHOLDER, answered, answers, ask, heard, mention, reply_to,
    running_acme, seen, stages, trace,
};

#[tokio::test]
async fn a_mention_is_answered_in_its_thread_in_the_placeholders_place() {
    let it = running_acme().await.unwrap();
    it.llm.always(Behaviour { headers_ms: 2_000, ..Behaviour::text("Good morning, Ann!") });
    let question = mention(&it, "T0ACME", "good morning").unwrap();
    heard(&it, &question).await.unwrap();
    seen(&it, "a placeholder in the thread", |world| {
        let replies = world.replies("T0ACME", "C1", &question.ts);
        replies.iter().any(|posted| posted.text == PLACEHOLDER)
    })
    .await
    .unwrap();
    let replies = answers(&it, &question, 1).await.unwrap();
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].said(), "Good morning, Ann!");
    assert_eq!(replies[0].text, "Good morning, Ann!\nmara · version 1", "in notifications too");
    assert_eq!(replies[0].history, [PLACEHOLDER]);
    assert_eq!(replies[0].user, BOT);
    let calls: Vec<String> =
        it.slack.see(|world| world.calls().map(|call| call.method.clone()).collect());
    assert_eq!(calls, ["chat.postMessage", "chat.update"]);

    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    let message = log.message_of("message.accepted").unwrap();
    let story = trace(&it, message, "reply.delivered").await.unwrap();
    assert_eq!(story["tenant"], "acme");
    assert_eq!(story["message"], message);
    // Slack's own word that the placeholder stands belongs to the story as well.
    trace(&it, message, "effect.observed").await.unwrap();
    let stages = stages(&story);
    let mut last = 0;
    for stage in [
        "message.received",
        "message.accepted",
        "message.admitted",
        "completion.finished",
        "reply.delivered",
    ] {
        let at = stages.iter().position(|it| it == stage);
        let at = at.unwrap_or_else(|| panic!("no {stage} in {stages:?}"));
        assert!(last <= at, "{stage} is too early in {stages:?}");
        last = at;
    }
}

#[tokio::test]
async fn say_prints_the_answer() {
    let it = running_acme().await.unwrap();
    it.llm.always(Behaviour::text("Your order left *yesterday*."));
    let printed = it.ok(&["say", "--tenant", "acme", "Where is my order?"]).await.unwrap();
    assert_eq!(printed.trim(), "Your order left *yesterday*.");
    let json = it.ok(&["say", "--json", "--tenant", "acme", "And now?"]).await.unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["answer"], "Your order left *yesterday*.");
    assert_eq!(json["state"], "delivered");
    let replies = it.slack.replies("T0ACME", "C0SAY", json["thread"].as_str().unwrap());
    assert_eq!(replies.len(), 1, "{replies:?}");
}

#[tokio::test]
async fn a_mention_that_comes_six_times_is_answered_once() {
    let it = running_acme().await.unwrap();
    let question = mention(&it, "T0ACME", "once, please").unwrap();
    let events = question.events();
    assert_eq!(events.len(), 2, "a message and an app_mention");
    let times = |event| it.slack.deliver_times(event, 3);
    let deliveries = futures::future::join_all(events.iter().map(times)).await;
    for delivery in deliveries {
        assert_eq!(delivery.unwrap().statuses(), [Some(200); 3]);
    }
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    log.until("message.duplicate", 1).await.unwrap();
    let message = log.message_of("message.accepted").unwrap().to_owned();
    // Whatever else is on its way is there once a later message is through.
    ask(&it, &mention(&it, "T0ACME", "another").unwrap()).await.unwrap();
    log.until("reply.delivered", 2).await.unwrap();

    let of_ours = |kind: &str| {
        let kind = format!("konstruct.{kind}.v1");
        let ours = |event: &&Value| event["correlationid"] == message && event["type"] == kind;
        log.events.iter().filter(ours).count()
    };
    let received = of_ours("message.received");
    assert_eq!(of_ours("message.accepted"), 1);
    assert_eq!(of_ours("message.duplicate"), received - 1);
    assert!((2..=6).contains(&received), "{received}");
    assert_eq!(it.slack.see(konstruct_tests::fake_slack::World::doubled), Vec::<String>::new());
    assert_eq!(it.slack.replies("T0ACME", "C1", &question.ts).len(), 1);
    let asked = it.llm.requests();
    assert_eq!(asked.iter().filter(|it| it.last_user().contains("once, please")).count(), 1);
}

#[tokio::test]
async fn an_engaged_thread_is_followed_and_others_are_not() {
    let it = running_acme().await.unwrap();
    let root = mention(&it, "T0ACME", "hello").unwrap();
    ask(&it, &root).await.unwrap();
    let elsewhere = it.slack.spoken("T0ACME", "C1", "U0ANN", "lunch?").unwrap();
    heard(&it, &elsewhere).await.unwrap();
    heard(&it, &reply_to(&it, &elsewhere, "at noon").unwrap()).await.unwrap();
    let answer = ask(&it, &reply_to(&it, &root, "and one more thing").unwrap()).await.unwrap();
    assert!(answer.contains("and one more thing"), "{answer}");
    assert_eq!(it.slack.see(|world| answered(world, &elsewhere)), 0);
    assert_eq!(it.llm.requests().len(), 2);
}

#[tokio::test]
async fn a_long_answer_comes_whole_in_order_in_parts_that_slack_takes() {
    let it = running_acme().await.unwrap();
    let lines: Vec<String> =
        (0..250).map(|n| format!("Line {n:03}: {}", "word ".repeat(7))).collect();
    it.llm.always(Behaviour::text(&lines.join("\n")));
    let question = mention(&it, "T0ACME", "tell me everything").unwrap();
    heard(&it, &question).await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    let replies = it.slack.replies("T0ACME", "C1", &question.ts);
    assert_eq!(replies.len(), 3);
    for posted in &replies {
        assert!(posted.text.encode_utf16().count() <= 4_000, "{}", posted.text.len());
        assert_eq!(posted.thread.as_deref(), Some(question.ts.as_str()));
    }
    let signatures: Vec<_> = replies.iter().map(Posted::signature).collect();
    assert_eq!(signatures, [None, None, Some("mara · version 1")], "under the last part only");
    let whole: Vec<&str> = replies.iter().flat_map(|posted| posted.said().lines()).collect();
    let numbers: Vec<&str> = whole.iter().filter_map(|line| line.get(5..8)).collect();
    assert_eq!(numbers, (0..250).map(|n| format!("{n:03}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_answer_pings_nobody() {
    let it = running_acme().await.unwrap();
    it.llm.always(Behaviour::text("Look: <!channel> <@U0ANN> & <!here|you>"));
    let answer = ask(&it, &mention(&it, "T0ACME", "hello").unwrap()).await.unwrap();
    assert_eq!(answer, "Look: &lt;!channel&gt; &lt;@U0ANN&gt; &amp; &lt;!here|you&gt;");
}

#[tokio::test]
async fn an_answer_names_the_version_that_gave_it_and_nothing_else_does() {
    let it = running_acme().await.unwrap();
    let first = mention(&it, "T0ACME", "hello").unwrap();
    ask(&it, &first).await.unwrap();
    it.apply(&acme().replace("warm, brief", "strict, brief")).await.unwrap();
    let last = |root: &Spoken| {
        let replies = it.slack.replies("T0ACME", "C1", &root.ts);
        replies.last().and_then(|posted| posted.signature().map(str::to_owned))
    };
    // Services hear of the change in their own time, and name what they answered with until then.
    let of_the_second = async {
        loop {
            let again = mention(&it, "T0ACME", "hello again").unwrap();
            ask(&it, &again).await.unwrap();
            match last(&again).unwrap() {
                one if one == "mara · version 1" => {}
                other => break other,
            }
        }
    };
    let second = tokio::time::timeout(PATIENCE, of_the_second).await.unwrap();
    it.llm.always(Behaviour::fault(Fault::EndReason("content_filter".to_owned())));
    let third = mention(&it, "T0ACME", "say what nobody may").unwrap();
    ask(&it, &third).await.unwrap();
    assert_eq!(last(&first).as_deref(), Some("mara · version 1"));
    assert_eq!(second, "mara · version 2");
    assert_eq!(last(&third), None, "an apology is nobody's answer");
}
