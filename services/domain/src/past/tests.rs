use schemas::{Envelope, event::Entry};

use super::*;

fn sample(name: &str) -> Envelope {
    let file = format!("{}/../../schemas/samples/{name}.v1.json", env!("CARGO_MANIFEST_DIR"));
    Envelope::decode(&std::fs::read(file).unwrap()).unwrap()
}

fn stood(name: &str) -> Stood {
    match sample(name).event.entry() {
        Some(Entry::Tenant(it)) => of_tenant(it),
        Some(Entry::Agent(it)) => of_agent(it),
        Some(Entry::Connection(it)) => of_connection(it),
        Some(Entry::Tool(it)) => of_tool(it),
        Some(Entry::ModelGroup(it)) => of_group(it),
        Some(Entry::Claim(_)) | None => panic!("{name} is of nothing that stands"),
    }
}

#[test]
fn how_something_stood_is_said_in_a_word_and_some_more() {
    let published = "Mara, Support lead, model quality, tools: order_lookup, calendar";
    let cases = [
        ("tenant.created", "active", "Acme Ltd, 30 a minute"),
        ("agent.created", "not published", ""),
        ("agent.published", "version 3", published),
        ("connection.made", "active", "workspace T0ACME, agent mara"),
        ("model_group.saved", "active", "latency: claude, own"),
    ];
    for (name, state, more) in cases {
        let got = stood(name);
        assert_eq!((&*got.state, &*got.more), (state, more), "{name}");
    }
}

#[test]
fn what_has_gone_is_said_to_be_gone() {
    let cases = [
        ("tenant.suspended", "suspended"),
        ("tenant.deleted", "deleted"),
        ("agent.retired", "retired"),
        ("tool.removed", "removed"),
        ("model_group.removed", "removed"),
    ];
    for (name, want) in cases {
        assert_eq!(stood(name).state, want, "{name}");
    }
    assert!(stood("connection.removed").state.starts_with("removed: "));
}
