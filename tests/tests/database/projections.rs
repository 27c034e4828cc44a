use std::collections::BTreeMap;

use konstruct_tests::postgres::raw;
use schemas::{
    Agent, ChannelKind, Connection, ConnectionStatus, CorrelationId, Limits, Tenant, TenantId,
    TenantStatus,
};
use store::{
    Purpose, StoreError, checkpoint,
    projections::{self, Changes, Entry, EventRow, MessageRow},
};

use crate::{World, at, event, message, reference, tenant, world};

fn row(seq: u64, kind: &str) -> EventRow {
    EventRow {
        stream: "EVENTS".to_owned(),
        seq,
        event_id: event(&format!("e{seq}")),
        correlation_id: (&message("m1")).into(),
        causation_id: None,
        kind: kind.to_owned(),
        source: "test".to_owned(),
        time_ms: at(i64::try_from(seq).unwrap()).as_millis(),
        note: None,
    }
}

fn change(seq: u64, state: &str) -> MessageRow {
    let reference = reference("m1", "1700000001.000100");
    MessageRow::new(&reference, state, &event(&format!("e{seq}")), seq)
}

/// Three pieces of a log, two tenants in them.
fn pieces() -> Vec<(u64, BTreeMap<TenantId, Changes>)> {
    let received = MessageRow { received_at_ms: Some(at(0).as_millis()), ..change(1, "received") };
    let decided = MessageRow { decided_at_ms: Some(at(1).as_millis()), ..change(2, "admitted") };
    let answered = MessageRow {
        answered_at_ms: Some(at(9).as_millis()),
        cost_micros: Some(42),
        ..change(5, "answered")
    };
    let state = Tenant {
        id: tenant("acme"),
        name: "Acme".to_owned(),
        limits: Limits::default(),
        status: TenantStatus::Active,
    };
    let agent = Agent { id: "mara".parse().unwrap(), draft: None, published: None, retired: false };
    let connection = Connection {
        id: crate::connection(),
        channel: ChannelKind::Slack,
        app: "default".to_owned(),
        workspace: "T0ACME".to_owned(),
        bot_user: "U0MARA".to_owned(),
        agent: "mara".parse().unwrap(),
        token: "slack".to_owned(),
        status: ConnectionStatus::Active,
    };
    let first = Changes {
        events: vec![row(1, "message.received"), row(2, "message.admitted")],
        messages: vec![received.clone(), decided],
        entries: vec![
            (Entry::Tenant(state), 1),
            (Entry::Agent(Box::new(agent)), 2),
            (Entry::Connection(connection), 3),
        ],
    };
    let other = Changes {
        events: vec![row(3, "message.received")],
        messages: vec![received],
        ..Changes::default()
    };
    let last = Changes {
        events: vec![row(5, "reply.delivered")],
        messages: vec![answered],
        ..Changes::default()
    };
    vec![
        (3, BTreeMap::from([(tenant("acme"), first), (tenant("other"), other)])),
        (4, BTreeMap::new()),
        (5, BTreeMap::from([(tenant("acme"), last)])),
    ]
}

async fn project(world: &World) {
    let mut reader = checkpoint::load(&world.db, "events").await.unwrap();
    for (seq, changes) in pieces() {
        reader = projections::apply(&world.db, "events", reader, seq, &changes).await.unwrap();
    }
    assert_eq!(reader.seq, 5);
}

/// Every row of every read model, as bytes.
async fn dump(world: &World) -> String {
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let mut dump = String::new();
    for table in ["p_tenant", "p_agent", "p_connection", "p_message", "p_event"] {
        let sql = format!(
            "select coalesce(string_agg(t::text, E'\n' order by t::text), '') from {table} t"
        );
        dump += &admin.query_one(&sql, &[]).await.unwrap().get::<_, String>(0);
        dump += "\n";
    }
    dump
}

#[tokio::test]
async fn a_piece_of_the_log_moves_rows_and_reader_together() {
    let world = world().await;
    project(&world).await;
    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    let story: CorrelationId = (&message("m1")).into();
    let kinds: Vec<_> = projections::story(&mut tx, &story).await.unwrap();
    let kinds: Vec<_> = kinds.into_iter().map(|row| row.kind).collect();
    assert_eq!(kinds, ["message.received", "message.admitted", "reply.delivered"]);
    let row = projections::message(&mut tx, &message("m1")).await.unwrap().unwrap();
    assert_eq!((row.state.as_str(), row.cost_micros), ("answered", Some(42)));
    assert_eq!(row.received_at_ms, Some(at(0).as_millis()), "what came before stays");
    assert_eq!(projections::messages(&mut tx, i64::MAX, 10).await.unwrap(), [row]);

    let mut tx = world.platform.begin(Purpose::List, "test").await.unwrap();
    let tenants = projections::tenants(&mut tx, "", 10).await.unwrap();
    assert_eq!(tenants.len(), 1, "only acme has an entry");
    assert_eq!((tenants[0].tenant.name.as_str(), tenants[0].messages), ("Acme", 1));
}

#[tokio::test]
async fn a_second_projector_changes_nothing() {
    let world = world().await;
    let start = checkpoint::load(&world.db, "events").await.unwrap();
    project(&world).await;
    let before = dump(&world).await;
    for (seq, changes) in pieces() {
        let late = projections::apply(&world.db, "events", start, seq, &changes).await;
        assert!(matches!(late, Err(StoreError::Fenced(_))), "{late:?}");
    }
    assert_eq!(dump(&world).await, before);
}

#[tokio::test]
async fn a_rebuild_gives_the_same_bytes() {
    let world = world().await;
    project(&world).await;
    let before = dump(&world).await;

    let mut tx = world.platform.begin(Purpose::Rebuild, "test").await.unwrap();
    projections::clear(&mut tx, &["events"]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(dump(&world).await.trim(), "");
    let reader = checkpoint::load(&world.db, "events").await.unwrap();
    assert_eq!((reader.generation, reader.seq), (2, 0));
    project(&world).await;
    assert_eq!(dump(&world).await, before);
}
