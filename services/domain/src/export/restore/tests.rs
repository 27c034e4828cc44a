use schemas::{
    Kind, Text,
    event::{AgentChanged, ToolChanged},
};
use serde_json::json;

use super::*;
use crate::seal::DataKey;

fn id(slug: &str) -> TenantId {
    slug.parse().unwrap()
}

fn sample(kind: Kind) -> Envelope {
    let name = kind.type_name().trim_start_matches("konstruct.");
    let file = format!("{}/../../schemas/samples/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Envelope { tenant: id("acme"), ..Envelope::decode(&std::fs::read(file).unwrap()).unwrap() }
}

/// As a line has it.
fn line(envelope: &Envelope) -> EventLine {
    EventLine {
        stream: "DIRECTORY".to_owned(),
        sequence: 1,
        stored: envelope.time,
        event: Some(serde_json::from_slice(&envelope.encode().unwrap()).unwrap()),
        unreadable: None,
    }
}

fn connection(id: &str, event: u8) -> Envelope {
    let made = sample(Kind::ConnectionMade);
    let Event::ConnectionMade(data) = &made.event else { panic!("another sample") };
    let status = ConnectionStatus::Active;
    let connection = Connection { id: id.parse().unwrap(), status, ..data.connection.clone() };
    let data = ConnectionChanged { connection, by: data.by.clone() };
    let id = format!("e{event}").parse().unwrap();
    Envelope { id, event: Event::ConnectionMade(data), ..made }
}

#[test]
fn only_entries_of_the_tenant_itself_are_taken() {
    let acme = id("acme");
    let refused = |envelope: &Envelope| entry(&line(envelope), &acme).unwrap_err();
    assert_eq!(refused(&sample(Kind::MessageReceived)), "its event is no entry of a tenant");
    assert_eq!(refused(&sample(Kind::MessageAdmitted)), "its event is no entry of a tenant");
    assert_eq!(refused(&sample(Kind::ConnectionRevoked)), "its event is no entry of a tenant");
    assert_eq!(refused(&sample(Kind::WorkspaceClaimed)), "its event is no entry of a tenant");
    let theirs = Envelope { tenant: id("beta"), ..sample(Kind::AgentPublished) };
    assert_eq!(refused(&theirs), "its event is another tenant's");
    let unreadable = EventLine { event: None, ..line(&sample(Kind::AgentPublished)) };
    assert_eq!(
        entry(&unreadable, &acme).unwrap_err(),
        "the program that exported it could not read this event"
    );
    let published = sample(Kind::AgentPublished);
    assert_eq!(entry(&line(&published), &acme).unwrap(), published);
}

/// Whoever answers, posts or calls reads the pipeline's events alone.
#[test]
fn nothing_that_is_published_is_an_event_of_the_pipeline() {
    let (acme, beta, sealing) = (id("acme"), id("beta"), Sealing::On(DataKey::new([7; 32])));
    let target = Target { from: &acme, to: &beta, sealing: &sealing };
    let mut taken = Vec::new();
    for kind in Kind::ALL {
        taken.extend(entry(&line(&sample(*kind)), &acme));
    }
    let by = Author { via: "cli".to_owned(), operator: None };
    let mut published = entries(&target, &taken).unwrap();
    published.push(first(&target, ("Acme Ltd", "ab12"), &by, Timestamp::from_millis(0)));
    assert!(1 < published.len());
    for envelope in &published {
        assert!(envelope.subject().as_str().starts_with("directory.beta."), "{envelope:?}");
        assert_eq!(envelope.tenant, beta);
    }
}

#[test]
fn an_entry_keeps_its_time_and_author_and_its_words_are_sealed_here() {
    let (acme, beta, sealing) = (id("acme"), id("beta"), Sealing::On(DataKey::new([7; 32])));
    let target = Target { from: &acme, to: &beta, sealing: &sealing };
    let recorded = sample(Kind::AgentPublished);
    let Event::AgentPublished(AgentChanged { agent, by }) = &recorded.event else { panic!() };
    let mut plain = agent.clone();
    if let Some(published) = &mut plain.published {
        published.config.persona = Text::Plain("warm".to_owned());
    }
    let event = Event::AgentPublished(AgentChanged { agent: plain, by: by.clone() });
    let recorded = Envelope { event, ..recorded };

    let made = entries(&target, std::slice::from_ref(&recorded)).unwrap();
    let [made] = made.as_slice() else { panic!("{made:?}") };
    assert_eq!(made.time, recorded.time);
    assert_ne!(made.id, recorded.id);
    let Event::AgentPublished(AgentChanged { agent, by: author }) = &made.event else { panic!() };
    assert_eq!(author, by);
    let persona = &agent.published.as_ref().unwrap().config.persona;
    assert!(matches!(persona, Text::Sealed(_)), "not in the clear");
    let owner = Owner { tenant: &beta, of: agent.id.as_str() };
    assert_eq!(sealing.open(owner, persona).unwrap(), "warm");
    assert_eq!(&entries(&target, &[recorded]).unwrap()[0], made, "made again, it is the same");
}

#[test]
fn connections_come_disconnected_and_are_named() {
    let (acme, sealing) = (id("acme"), Sealing::Off);
    let target = Target { from: &acme, to: &acme, sealing: &sealing };
    let recorded =
        [connection("slack-T1", 1), connection("slack-T2", 2), connection("slack-T1", 3)];
    let made = entries(&target, &recorded).unwrap();
    assert_eq!(made.len(), 2, "the last word on each");
    for envelope in &made {
        let Event::ConnectionRemoved(data) = &envelope.event else { panic!("{envelope:?}") };
        let want = ConnectionStatus::Removed { reason: REASON.to_owned(), at: envelope.time };
        assert_eq!(data.connection.status, want);
    }
    let named: Vec<_> = missing(&recorded).into_iter().map(|it| (it.kind, it.id)).collect();
    let want = [("connection", "slack-T1".to_owned()), ("connection", "slack-T2".to_owned())];
    assert_eq!(named, want);
}

#[test]
fn the_first_event_is_the_same_for_the_same_file_and_slug_only() {
    let (acme, beta, sealing) = (id("acme"), id("beta"), Sealing::Off);
    let by = Author { via: "cli".to_owned(), operator: None };
    let at = |to: &TenantId, sha256: &str, millis| {
        let target = Target { from: &acme, to, sealing: &sealing };
        first(&target, ("Acme Ltd", sha256), &by, Timestamp::from_millis(millis)).id
    };
    assert_eq!(at(&acme, "ab", 0), at(&acme, "ab", 1));
    assert_ne!(at(&acme, "ab", 0), at(&acme, "cd", 0));
    assert_ne!(at(&acme, "ab", 0), at(&beta, "ab", 0));
}

#[test]
fn a_row_is_the_new_tenants_and_hostile_ids_are_refused() {
    let (acme, beta, sealing) = (id("acme"), id("beta"), Sealing::On(DataKey::new([7; 32])));
    let target = Target { from: &acme, to: &beta, sealing: &sealing };
    let of = |value: Value| {
        let Value::Object(row) = value else { panic!("no object") };
        super::row(&target, ("message_id", &["text"]), row)
    };
    let made = of(json!({
        "message_id": "m1", "text": { "plain": "hello" }, "run_id": "acme-1f", "last_seq": 70,
        "agent_id": "", "note": { "plain": "not a text's column" },
    }));
    let made = made.unwrap();
    assert_eq!(made["tenant_id"], "beta");
    assert_eq!(made["run_id"], "beta-1f");
    assert_eq!(made["last_seq"], 0);
    assert_eq!(made["note"], json!({ "plain": "not a text's column" }));
    let text: Text = serde_json::from_value(made["text"].clone()).unwrap();
    let owner = Owner { tenant: &beta, of: "m1" };
    assert_eq!(sealing.open(owner, &text).unwrap(), "hello");
    for hostile in [
        json!({ "message_id": "../../etc/passwd" }),
        json!({ "message_id": "m1", "connection_id": "a.b" }),
        json!({ "message_id": "m1", "agent_id": "Mara" }),
    ] {
        assert_eq!(of(hostile).unwrap_err(), "an id in it is none");
    }
    let envelope = json!({ "message_id": "m1", "envelope": { "tenantid": "acme" } });
    assert_eq!(of(envelope).unwrap_err(), "its envelope is none of this program's");
}

#[test]
fn no_file_gives_leave_for_private_networks_and_addresses() {
    let (acme, sealing) = (id("acme"), Sealing::Off);
    let target = Target { from: &acme, to: &acme, sealing: &sealing };
    let saved = sample(Kind::ToolSaved);
    let Event::ToolSaved(data) = &saved.event else { panic!("another sample") };
    let mut tool = data.tool.clone();
    match &mut tool.kind {
        ToolKind::Http(http) => http.endpoint.allow_private = true,
        ToolKind::Mcp(server) => server.endpoint.allow_private = true,
    }
    let event = Event::ToolSaved(ToolChanged { tool, by: data.by.clone() });
    let private = Envelope { event, ..saved.clone() };
    let saved = sample(Kind::ModelGroupSaved);
    let Event::ModelGroupSaved(data) = &saved.event else { panic!("another sample") };
    let mut group = data.group.clone();
    group.deployments[0].base_url = Some("http://10.0.0.7:9000".to_owned());
    let event = Event::ModelGroupSaved(ModelGroupChanged { group, by: data.by.clone() });
    let own = Envelope { event, ..saved.clone() };

    let recorded = [private, own];
    let made = entries(&target, &recorded).unwrap();
    let Event::ToolSaved(data) = &made[0].event else { panic!("{:?}", made[0]) };
    assert!(!data.tool.endpoint().allow_private);
    let Event::ModelGroupRemoved(data) = &made[1].event else { panic!("{:?}", made[1]) };
    assert!(!model::is_active(&data.group));
    let needs: Vec<_> = missing(&recorded).into_iter().map(|it| (it.kind, it.needs)).collect();
    let [(_, group), (_, tool)] = needs.as_slice() else { panic!("{needs:?}") };
    assert_eq!(*group, "to be made again, since it has addresses of its own");
    assert!(tool.ends_with("leave to call private networks"), "{tool}");
}
