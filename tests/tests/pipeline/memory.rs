//! What a thread remembers, and in which order it goes on.

use konstruct_tests::{
    fake_llm::{Behaviour, Recorded, Say},
    fake_slack::Posted,
};

use crate::{BOT, Log, answered, ask, heard, mention, reply_to, running_acme, seen};

/// What the model was shown the last time, as `role: text`.
fn shown(requests: &[Recorded]) -> Vec<String> {
    let turns = requests.last().map(Recorded::turns).unwrap_or_default();
    turns.iter().map(|(role, text)| format!("{role}: {text}")).collect()
}

#[tokio::test]
async fn a_thread_remembers_what_was_said_as_it_stands_now() {
    let it = running_acme().await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    let root = mention(&it, "T0ACME", "my number is seven").unwrap();
    it.llm.script([Behaviour::text("Noted."), Behaviour::text("It is.")]);
    ask(&it, &root).await.unwrap();
    ask(&it, &reply_to(&it, &root, "second turn").unwrap()).await.unwrap();
    let second = shown(&it.llm.requests());
    assert_eq!(second.len(), 3, "{second:?}");
    assert!(second[0].starts_with("user: ") && second[0].contains("my number is seven"));
    assert_eq!(second[1], "assistant: Noted.");
    assert!(second[2].starts_with("user: ") && second[2].contains("second turn"));

    let edit = root.edited(&format!("<@{BOT}> my number is nine"), &format!("{}7", root.ts));
    assert!(it.slack.deliver(&edit).await.unwrap().is_taken());
    log.until("message.edited", 1).await.unwrap();
    ask(&it, &reply_to(&it, &root, "third turn").unwrap()).await.unwrap();
    let third = shown(&it.llm.requests());
    assert_eq!(third.len(), 5, "{third:?}");
    assert!(third[0].contains("my number is nine"), "{third:?}");
    assert!(!third.concat().contains("seven"), "{third:?}");

    assert!(it.slack.deliver(&root.deleted(&format!("{}8", root.ts))).await.unwrap().is_taken());
    log.until("message.deleted", 1).await.unwrap();
    ask(&it, &reply_to(&it, &root, "fourth turn").unwrap()).await.unwrap();
    let fourth = shown(&it.llm.requests()).join("\n");
    assert!(!fourth.contains("seven") && !fourth.contains("nine"), "{fourth}");
    assert!(fourth.contains("second turn") && fourth.contains("third turn"), "{fourth}");
}

#[tokio::test]
async fn fifty_messages_of_a_thread_are_answered_in_order_and_hold_up_no_other() {
    let it = running_acme().await.unwrap();
    let slow = |n: usize| Behaviour {
        when: Some(format!("step {n:02}")),
        headers_ms: 150,
        ..Behaviour::text(&format!("done {n:02}"))
    };
    it.llm.script((0..50).map(slow));
    it.llm.always(Behaviour { say: Say::Text("quick".to_owned()), ..Behaviour::default() });
    let root = mention(&it, "T0ACME", "step 00").unwrap();
    heard(&it, &root).await.unwrap();
    for n in 1..50 {
        heard(&it, &reply_to(&it, &root, &format!("step {n:02}")).unwrap()).await.unwrap();
    }
    let other = mention(&it, "T0ACME", "a word meanwhile").unwrap();
    heard(&it, &other).await.unwrap();
    let mut done_before = None;
    seen(&it, "the other thread's answer", |world| {
        let there = answered(world, &other) == 1;
        if there && done_before.is_none() {
            done_before = Some(answered(world, &root));
        }
        there
    })
    .await
    .unwrap();
    assert!(done_before < Some(50), "the other thread waited for all of {done_before:?}");
    seen(&it, "all fifty answers", |world| answered(world, &root) == 50).await.unwrap();
    let replies = it.slack.replies("T0ACME", "C1", &root.ts);
    let texts: Vec<&str> = replies.iter().map(Posted::said).collect();
    assert_eq!(texts, (0..50).map(|n| format!("done {n:02}")).collect::<Vec<_>>());
}
