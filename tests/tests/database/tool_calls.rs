use schemas::{Text, event::ToolOutcome};
use store::{
    StoreError,
    fence::Leadership,
    tool_calls::{Call, Round, ToolCalls},
};

use crate::{at, message, tenant, world};

fn call(tool: &str, repeatable: bool) -> Call {
    let arguments = Text::Plain("{}".to_owned());
    Call { tool: tool.to_owned(), arguments, repeatable, outcome: None }
}

fn round(asked: &str, calls: &[Call]) -> Round {
    Round { asked: Text::Plain(asked.to_owned()), calls: calls.to_vec(), at: at(1) }
}

fn outcome(text: &str) -> ToolOutcome {
    ToolOutcome { text: Text::Plain(text.to_owned()), failed: None, took_ms: 7 }
}

#[tokio::test]
async fn a_call_is_on_record_before_it_is_made_and_its_first_outcome_stands() {
    let world = world().await;
    let (db, acme, id) = (world.db.clone(), tenant("acme"), message("m1"));
    let lead = Leadership::acquire(&db, "completion", "test").await.unwrap();
    let ledger = ToolCalls::open(db.clone(), lead.fence().clone());
    assert_eq!(ledger.rounds(&acme, &id).await.unwrap(), []);

    let first = round("first", &[call("orders", true), call("refund", false)]);
    ledger.begin((&acme, &id), 0, &first).await.unwrap();
    assert_eq!(ledger.rounds(&acme, &id).await.unwrap(), vec![first.clone()]);
    let again = ledger.begin((&acme, &id), 0, &first).await;
    assert!(matches!(again, Err(StoreError::Fenced(_))), "a round begins once: {again:?}");

    let end = async |text: &str, ms: i64| {
        ledger.end((&acme, &id), (0, 1), &outcome(text), at(ms)).await.unwrap()
    };
    assert_eq!(end("done", 2).await, None);
    assert_eq!(end("done twice", 3).await, Some(outcome("done")), "whoever comes second is told");
    let second = round("second", &[call("orders", true)]);
    ledger.begin((&acme, &id), 1, &second).await.unwrap();
    let mut standing = first;
    standing.calls[1].outcome = Some(outcome("done"));
    assert_eq!(ledger.rounds(&acme, &id).await.unwrap(), [standing, second]);
    assert_eq!(ledger.rounds(&tenant("beta"), &id).await.unwrap(), [], "another tenant's");
    assert_eq!(ledger.rounds(&acme, &message("m2")).await.unwrap(), [], "another message's");
}

#[tokio::test]
async fn a_leader_whose_turn_is_over_calls_no_tool() {
    let world = world().await;
    let (db, acme, id) = (world.db.clone(), tenant("acme"), message("m1"));
    let lead = Leadership::acquire(&db, "completion", "one").await.unwrap();
    let old = ToolCalls::open(db.clone(), lead.fence().clone());
    drop(lead);
    let lead = Leadership::acquire(&db, "completion", "two").await.unwrap();
    let late = old.begin((&acme, &id), 0, &round("late", &[call("refund", false)])).await;
    assert!(matches!(late, Err(StoreError::Fenced(_))), "{late:?}");
    let new = ToolCalls::open(db, lead.fence().clone());
    assert_eq!(new.rounds(&acme, &id).await.unwrap(), []);
}
