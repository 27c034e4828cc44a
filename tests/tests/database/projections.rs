use std::collections::BTreeMap;

use konstruct_tests::postgres::raw;
use schemas::{
    Agent, ChannelKind, Connection, ConnectionStatus, CorrelationId, Limits, Tenant, TenantId,
    TenantStatus,
};
use store::{
    Purpose, StoreError,
    changes::{self, ChangeRow},
    checkpoint,
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
        effect_id: None,
    }
}

fn change(seq: u64, state: &str) -> MessageRow {
    let reference = reference("m1", "1700000001.000100");
    MessageRow::new(&reference, state, &event(&format!("e{seq}")), seq)
}

/// The tenant is renamed.
fn changed(seq: u64, event_id: &str) -> ChangeRow {
    ChangeRow {
        seq,
        event_id: event(event_id),
        kind: "tenant.renamed".to_owned(),
        entity: "tenant".to_owned(),
        author_via: "portal".to_owned(),
        author_operator: Some("o1".to_owned()),
        time_ms: at(i64::try_from(seq).unwrap()).as_millis(),
        version: None,
        state: serde_json::json!({ "name": "Acme" }),
    }
}

/// Three pieces of a log, two tenants in them.
fn pieces() -> Vec<(u64, BTreeMap<TenantId, Changes>)> {
    let accepted = MessageRow { received_at_ms: Some(at(0).as_millis()), ..change(1, "accepted") };
    let decided = MessageRow { decided_at_ms: Some(at(1).as_millis()), ..change(2, "admitted") };
    let delivered = MessageRow {
        answered_at_ms: Some(at(9).as_millis()),
        cost_micros: Some(42),
        ..change(5, "delivered")
    };
    let state = Tenant {
        id: tenant("acme"),
        name: "Acme".to_owned(),
        limits: Limits::default(),
        budget: schemas::Budget::default(),
        status: TenantStatus::Active,
    };
    let (id, budget) = ("mara".parse().unwrap(), schemas::Budget::default());
    let agent = Agent { id, draft: None, published: None, budget, retired: false };
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
        messages: vec![accepted.clone(), decided],
        entries: vec![
            (Entry::Tenant(state), 1),
            (Entry::Agent(Box::new(agent)), 2),
            (Entry::Connection(connection), 3),
        ],
        handed_off: Vec::new(),
        usage: Vec::new(),
        changes: vec![changed(1, "e1"), changed(2, "e2")],
    };
    let other = Changes {
        events: vec![row(3, "message.received")],
        messages: vec![accepted],
        ..Changes::default()
    };
    let last = Changes {
        events: vec![row(5, "reply.delivered")],
        messages: vec![delivered],
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
pub(crate) async fn dump(world: &World) -> String {
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let mut dump = String::new();
    let tables = [
        "p_tenant",
        "p_agent",
        "p_connection",
        "p_message",
        "p_event",
        "p_change",
        "p_conversation",
        "p_usage",
        "p_month",
        "p_day",
    ];
    for table in tables {
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
    let kept = changes::changes(&mut tx, &changes::Filter::default(), 10).await.unwrap();
    assert_eq!(kept, [changed(2, "e2"), changed(1, "e1")]);
    assert_eq!((row.state.as_str(), row.cost_micros), ("delivered", Some(42)));
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

/// JetStream forgets an event's id after its duplicate window: then it is on the log twice.
#[tokio::test]
async fn an_event_that_is_published_again_changes_nothing() {
    let world = world().await;
    project(&world).await;
    let before = dump(&world).await;
    let again = |seq| EventRow { event_id: event("e2"), ..row(seq, "message.admitted") };
    let set_back = |seq| MessageRow { last_event_id: event("e2"), ..change(seq, "admitted") };
    let late = Changes {
        events: vec![again(6), again(7)],
        messages: vec![set_back(6), set_back(7)],
        changes: vec![changed(6, "e2"), changed(7, "e2")],
        ..Changes::default()
    };
    let mut reader = checkpoint::load(&world.db, "events").await.unwrap();
    let late = BTreeMap::from([(tenant("acme"), late)]);
    reader = projections::apply(&world.db, "events", reader, 7, &late).await.unwrap();
    assert_eq!((reader.seq, dump(&world).await), (7, before));

    // Twice in one piece counts once, and what is new beside it counts.
    let twice = |seq| EventRow { event_id: event("e8"), ..row(seq, "reply.uncertain") };
    let changes = Changes {
        events: vec![twice(8), again(9), twice(10)],
        messages: vec![change(8, "uncertain"), set_back(9), change(10, "uncertain")],
        ..Changes::default()
    };
    let changes = BTreeMap::from([(tenant("acme"), changes)]);
    projections::apply(&world.db, "events", reader, 10, &changes).await.unwrap();
    let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
    let found = projections::message(&mut tx, &message("m1")).await.unwrap().unwrap();
    assert_eq!((found.state.as_str(), found.last_seq), ("uncertain", 8));
}

#[tokio::test]
async fn a_doubt_goes_when_it_is_settled() {
    let world = world().await;
    let mut reader = checkpoint::load(&world.db, "events").await.unwrap();
    let detail = Some("models_failed".to_owned());
    let rows = [
        MessageRow { detail: detail.clone(), ..change(1, "no answer") },
        MessageRow { doubt: Some("timeout".to_owned()), ..change(2, "uncertain") },
        change(3, "failed"),
    ];
    let mut seen = Vec::new();
    for row in rows {
        let seq = row.last_seq;
        let changes = Changes { messages: vec![row], ..Changes::default() };
        let changes = BTreeMap::from([(tenant("acme"), changes)]);
        reader = projections::apply(&world.db, "events", reader, seq, &changes).await.unwrap();
        let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
        let found = projections::message(&mut tx, &message("m1")).await.unwrap().unwrap();
        seen.push((found.detail, found.doubt));
    }
    let doubt = Some("timeout".to_owned());
    assert_eq!(seen, [(detail.clone(), None), (detail.clone(), doubt), (detail, None)]);
}

#[tokio::test]
async fn an_operator_finds_a_message_without_knowing_whose_it_is() {
    let world = world().await;
    project(&world).await;
    let found = async |start: &str| {
        let mut tx = world.platform.begin(Purpose::Trace, "test").await.unwrap();
        projections::find_anywhere(&mut tx, start).await.unwrap()
    };
    let first = Some((tenant("acme"), message("m1")));
    for (start, want) in [("m1", &first), ("m", &first), ("e5", &first), ("m12", &None)] {
        assert_eq!(found(start).await, *want, "{start}");
        let mut tx = world.db.tenant(&tenant("acme")).await.unwrap();
        let own = projections::find(&mut tx, start).await.unwrap();
        assert_eq!(own.as_ref(), want.as_ref().map(|(_, message)| message), "{start}");
    }
    let mut tx = world.platform.begin(Purpose::Sweep, "test").await.unwrap();
    let other = projections::find_anywhere(&mut tx, "m1").await.unwrap();
    assert_eq!(other, None, "another purpose sees nothing");
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let sql = "select count(*) from platform_audit where purpose = 'trace' and actor = 'test'";
    assert_eq!(admin.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 4);
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
