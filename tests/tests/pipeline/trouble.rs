//! No answer, and what people see of it.

use konstruct_tests::{fake_llm::Behaviour, installation::acme};

use crate::{Log, PLACEHOLDER, answers, heard, mention, running_acme, stages, trace};

#[tokio::test]
async fn without_a_model_the_placeholder_becomes_an_apology_whose_reference_is_found() {
    let it = running_acme().await.unwrap();
    it.llm.always(Behaviour::status(500, "{}"));
    let question = mention(&it, "T0ACME", "anybody there?").unwrap();
    heard(&it, &question).await.unwrap();
    let replies = answers(&it, &question, 1).await.unwrap();
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].history, [PLACEHOLDER]);
    let text = &replies[0].text;
    assert!(text.starts_with("I'm sorry, I couldn't answer this."), "{text}");
    let reference = text.split('`').nth(1).unwrap();
    let story = trace(&it, reference, "completion.failed").await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("completion.failed", 1).await.unwrap();
    assert_eq!(log.message_of("completion.failed"), story["message"].as_str());
    assert_eq!(stages(&story)[0], "message.received");
}

#[tokio::test]
async fn a_suspended_tenant_shows_nothing() {
    let it = running_acme().await.unwrap();
    let suspended = acme().replace("    limits:", "    suspended: true\n    limits:");
    it.apply(&suspended).await.unwrap();
    let question = mention(&it, "T0ACME", "hello?").unwrap();
    heard(&it, &question).await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.failed", 1).await.unwrap();
    assert_eq!(it.slack.replies("T0ACME", "C1", &question.ts).len(), 0);
    assert_eq!(it.llm.requests().len(), 0);
}

#[tokio::test]
async fn a_tenant_without_an_agent_apologizes() {
    let it = running_acme().await.unwrap();
    let retired = "tenants:
  - slug: acme
    name: acme Ltd
    limits: { messages_per_minute: 6000 }
    agents:
      - { slug: mara, name: mara, role: Support lead of acme, persona: \"warm, brief\", retired: true }
";
    it.apply(retired).await.unwrap();
    let question = mention(&it, "T0ACME", "hello?").unwrap();
    heard(&it, &question).await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    let replies = it.slack.replies("T0ACME", "C1", &question.ts);
    assert_eq!(replies.len(), 1);
    assert!(replies[0].text.starts_with("I'm sorry"), "{}", replies[0].text);
    assert_eq!(it.llm.requests().len(), 0);
}
