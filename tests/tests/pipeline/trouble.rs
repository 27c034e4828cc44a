//! No answer, and what people see of it.

use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Gateway, Team},
    installation::{Installation, SIGNING_SECRET, acme},
    postgres::raw,
};

use crate::{BOT, Log, PLACEHOLDER, answers, heard, mention, running_acme, seen, stages, trace};

/// Tenant `acme`, out of service.
fn suspended() -> String {
    acme().replace("    limits:", "    suspended: true\n    limits:")
}

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
    it.apply(&suspended()).await.unwrap();
    let question = mention(&it, "T0ACME", "hello?").unwrap();
    heard(&it, &question).await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.failed", 1).await.unwrap();
    assert_eq!(it.slack.replies("T0ACME", "C1", &question.ts).len(), 0);
    assert_eq!(it.llm.requests().len(), 0);
}

#[tokio::test]
async fn a_tenant_suspended_while_somebody_waits_leaves_no_placeholder_behind() {
    let mut it = Installation::prepare().await.unwrap();
    it.apply(&acme()).await.unwrap();
    it.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    for service in ["gateway", "guards", "delivery", "projector"] {
        it.run(service).await.unwrap();
    }
    let question = mention(&it, "T0ACME", "hello?").unwrap();
    heard(&it, &question).await.unwrap();
    seen(&it, "a placeholder", |world| {
        let replies = world.replies("T0ACME", "C1", &question.ts);
        matches!(replies.as_slice(), [only] if only.text == PLACEHOLDER)
    })
    .await
    .unwrap();

    it.apply(&suspended()).await.unwrap();
    it.run("completion").await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.failed", 1).await.unwrap();
    assert_eq!(log.events.last().unwrap()["data"]["code"], "tenant_suspended");
    assert_eq!(it.slack.see(|world| world.count("chat.delete")), 1);
    assert_eq!(it.slack.replies("T0ACME", "C1", &question.ts), []);
    assert_eq!(it.llm.requests().len(), 0);
    let message = log.message_of("message.admitted").unwrap();
    trace(&it, message, "reply.failed").await.unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let states = client.query("select state from p_message", &[]).await.unwrap();
    let states: Vec<String> = states.iter().map(|row| row.get(0)).collect();
    assert_eq!(states, ["failed"]);
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
