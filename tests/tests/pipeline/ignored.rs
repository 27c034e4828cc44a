//! What is not for an employee: no answer, and nothing kept.

use serde_json::{Value, json};

use crate::{BOT, Log, ask, mention, reply_to, running_acme};

#[tokio::test]
async fn what_nobody_said_to_the_employee_is_not_stored() {
    let it = running_acme().await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    let said = it.slack.spoken("T0ACME", "C1", "U0ANN", "just talking").unwrap();
    let to_bot = mention(&it, "T0ACME", "hello").unwrap();
    let mut own = to_bot.message();
    own["event"]["user"] = BOT.into();
    own["event"]["bot_id"] = "B0BOT".into();
    let cases: [(&str, Value); 7] = [
        ("an unmentioned message", said.message()),
        ("a reply in a thread of others", reply_to(&it, &said, "me too").unwrap().message()),
        ("our own words without an effect", own),
        ("an edit that adds a mention", said.edited(&to_bot.text, "1900000000.000001")),
        ("a join", said.joined()),
        ("another bot that mentions us", to_bot.by_other_bot()),
        ("an integration that mentions us", to_bot.by_integration()),
    ];
    for (what, event) in cases {
        let delivery = it.slack.deliver(&event).await.unwrap();
        assert_eq!(delivery.statuses(), [Some(200)], "{what}");
        assert_eq!(log.stored().await.unwrap(), 0, "{what}");
    }
    // A message that is for us finds nothing before it, and its answer is the only one.
    ask(&it, &mention(&it, "T0ACME", "hello").unwrap()).await.unwrap();
    assert_eq!(it.llm.requests().len(), 1);
    assert_eq!(it.slack.see(|world| world.messages().filter(|it| it.bot_id.is_some()).count()), 1);
}

#[tokio::test]
async fn an_edit_in_a_joined_thread_is_stored_and_starts_no_answer() {
    let it = running_acme().await.unwrap();
    let root = mention(&it, "T0ACME", "hello").unwrap();
    ask(&it, &root).await.unwrap();
    let edit = root.edited(&format!("<@{BOT}> hello again"), &format!("{}9", root.ts));
    assert_eq!(it.slack.deliver(&edit).await.unwrap().statuses(), [Some(200)]);
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("message.edited", 1).await.unwrap();
    let edited = log.events.iter().find(|it| it["type"] == "konstruct.message.edited.v1").unwrap();
    assert_eq!(edited["tenantid"], json!("acme"));
    ask(&it, &mention(&it, "T0ACME", "another").unwrap()).await.unwrap();
    assert_eq!(it.llm.requests().len(), 2);
    assert_eq!(it.slack.replies("T0ACME", "C1", &root.ts).len(), 1);
}
