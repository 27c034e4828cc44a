use expect_test::{Expect, expect};
use proptest::prelude::*;
use schemas::{
    AgentConfig, Author, Event, Limits, Text, Timestamp,
    event::{AgentChanged, ConnectionChanged, ConnectionRevoked, TenantChanged},
};

use super::*;

fn by() -> Author {
    Author { via: "test".to_owned(), operator: None }
}

fn envelope(tenant: &str, event: Event) -> Envelope {
    let id: schemas::EventId = "e1".parse().unwrap();
    Envelope {
        correlation: (&id).into(),
        id,
        source: "test".to_owned(),
        time: Timestamp::from_millis(0),
        tenant: tenant.parse().unwrap(),
        causation: None,
        trace: None,
        event,
    }
}

fn tenant(slug: &str, status: TenantStatus) -> Envelope {
    let tenant = Tenant {
        id: slug.parse().unwrap(),
        name: slug.to_uppercase(),
        limits: Limits::default(),
        budget: schemas::Budget::default(),
        status,
    };
    envelope(slug, Event::TenantCreated(TenantChanged { tenant, by: by() }))
}

fn agent(slug: &str, id: &str, version: Option<u32>, retired: bool) -> Envelope {
    let text = || Text::Plain(String::new());
    let config = AgentConfig {
        name: id.to_owned(),
        role: String::new(),
        job_description: text(),
        statement_of_work: text(),
        persona: text(),
        system_prompt: text(),
        model: "quality".to_owned(),
        tools: Vec::new(),
        escalation: Vec::new(),
        follow_minutes: 30,
    };
    let published = version.map(|version| Published { version, config, note: None });
    let budget = schemas::Budget::default();
    let agent = Agent { id: id.parse().unwrap(), draft: None, published, budget, retired };
    envelope(slug, Event::AgentPublished(AgentChanged { agent, by: by() }))
}

fn made(slug: &str, app: &str, workspace: &str, agent: &str) -> Connection {
    Connection {
        id: format!("slack-{app}-{workspace}-{slug}").parse().unwrap(),
        channel: ChannelKind::Slack,
        app: app.to_owned(),
        workspace: workspace.to_owned(),
        bot_user: "U1".to_owned(),
        agent: agent.parse().unwrap(),
        token: "t".to_owned(),
        status: ConnectionStatus::Active,
    }
}

fn connection(slug: &str, app: &str, workspace: &str, agent: &str) -> Envelope {
    let connection = made(slug, app, workspace, agent);
    envelope(slug, Event::ConnectionMade(ConnectionChanged { connection, by: by() }))
}

fn removed(slug: &str, app: &str, workspace: &str, agent: &str) -> Envelope {
    let status =
        ConnectionStatus::Removed { reason: "operator".to_owned(), at: Timestamp::from_millis(0) };
    let connection = Connection { status, ..made(slug, app, workspace, agent) };
    envelope(slug, Event::ConnectionRemoved(ConnectionChanged { connection, by: by() }))
}

fn claim(slug: &str, app: &str, workspace: &str, held: bool) -> Envelope {
    let claim = Claim {
        channel: ChannelKind::Slack,
        app: app.to_owned(),
        workspace: workspace.to_owned(),
        holder: held.then(|| made(slug, app, workspace, "x").id),
    };
    envelope(slug, Event::WorkspaceClaimed(claim))
}

fn of(events: &[Envelope]) -> Directory {
    let mut directory = Directory::default();
    for event in events {
        directory.apply(event);
    }
    directory
}

/// Who answers in a workspace: `tenant/agent vN`, or why nobody does.
fn answers(directory: &Directory, app: &str, workspace: &str) -> String {
    let found = directory.by_workspace(ChannelKind::Slack, app, workspace);
    let Some((tenant, connection)) = found else {
        return "unknown workspace".to_owned();
    };
    match directory.route(tenant, &connection.id) {
        Ok(routed) => {
            format!("{}/{} v{}", routed.tenant.id, routed.agent.id, routed.published.version)
        }
        Err(reason) => format!("{reason:?}"),
    }
}

fn acme() -> Vec<Envelope> {
    vec![
        tenant("acme", TenantStatus::Active),
        agent("acme", "mara", Some(1), false),
        connection("acme", "default", "T1", "mara"),
        claim("acme", "default", "T1", true),
    ]
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(more: &[Envelope], want: Expect) {
    let events: Vec<_> = acme().into_iter().chain(more.iter().cloned()).collect();
    want.assert_eq(&answers(&of(&events), "default", "T1"));
}

#[test]
fn a_connection_leads_to_its_published_agent() {
    check(&[], expect!["acme/mara v1"]);
    check(&[agent("acme", "mara", Some(2), false)], expect!["acme/mara v2"]);
}

#[test]
fn why_nobody_answers() {
    check(&[tenant("acme", TenantStatus::Suspended)], expect!["TenantSuspended"]);
    check(&[tenant("acme", TenantStatus::Deleted)], expect!["TenantSuspended"]);
    check(&[agent("acme", "mara", None, false)], expect!["NoAgent"]);
    check(&[agent("acme", "mara", Some(1), true)], expect!["NoAgent"]);
    check(&[connection("acme", "default", "T1", "leo")], expect!["NoAgent"]);
    check(&[removed("acme", "default", "T1", "mara")], expect!["ConnectionRemoved"]);
    check(&[claim("acme", "default", "T1", false)], expect!["unknown workspace"]);
    let nobody = of(&[]).route(&"acme".parse().unwrap(), &"slack-T1".parse().unwrap());
    assert_eq!(nobody.unwrap_err(), FailureReason::TenantSuspended);
}

#[test]
fn only_the_claim_s_holder_has_the_workspace() {
    let beta = [
        tenant("beta", TenantStatus::Active),
        agent("beta", "otto", Some(1), false),
        connection("beta", "default", "T1", "otto"),
    ];
    check(&beta, expect!["acme/mara v1"]);
    let taken: Vec<_> =
        beta.iter().cloned().chain([claim("beta", "default", "T1", true)]).collect();
    check(&taken, expect!["beta/otto v1"]);
}

#[test]
fn a_workspace_s_own_app_comes_before_the_default() {
    let mut events = acme();
    events.extend([
        tenant("beta", TenantStatus::Active),
        agent("beta", "otto", Some(3), false),
        connection("beta", "A9", "T1", "otto"),
        claim("beta", "A9", "T1", true),
    ]);
    let directory = of(&events);
    assert_eq!(answers(&directory, "A9", "T1"), "beta/otto v3");
    assert_eq!(answers(&directory, "A8", "T1"), "acme/mara v1");
    assert_eq!(answers(&directory, "default", "T1"), "acme/mara v1");
    assert_eq!(answers(&directory, "A9", "T2"), "unknown workspace");
}

#[test]
fn a_clone_keeps_what_it_knew() {
    let mut directory = of(&acme());
    let before = directory.clone();
    directory.apply(&agent("acme", "mara", Some(2), false));
    assert_eq!(answers(&before, "default", "T1"), "acme/mara v1");
    assert_eq!(answers(&directory, "default", "T1"), "acme/mara v2");
}

#[test]
fn lists_are_in_order_and_events_of_the_pipeline_change_nothing() {
    let mut directory = of(&acme());
    directory.apply(&tenant("aaa", TenantStatus::Deleted));
    directory.apply(&agent("acme", "ada", None, true));
    let revoked = ConnectionRevoked {
        connection: "slack-T1".parse().unwrap(),
        reason: "app_uninstalled".to_owned(),
    };
    directory.apply(&envelope("acme", Event::ConnectionRevoked(revoked)));
    let acme: TenantId = "acme".parse().unwrap();
    let tenants: Vec<_> = directory.tenants().iter().map(|it| it.id.to_string()).collect();
    let agents: Vec<_> = directory.agents(&acme).iter().map(|it| it.id.to_string()).collect();
    assert_eq!((tenants.join(" "), agents.join(" ")), ("aaa acme".into(), "ada mara".into()));
    assert_eq!(directory.connections(&acme).len(), 1);
}

proptest! {
    /// Subjects may come in any order and more than once, as long as each keeps its own order.
    #[test]
    fn order_across_subjects_and_repetition_do_not_matter(
        order in Just((0..4_usize).collect::<Vec<_>>()).prop_shuffle(),
        again in prop::collection::vec(0..4_usize, 0..6),
    ) {
        let events = acme();
        let shuffled: Vec<_> =
            order.iter().chain(&again).map(|&index| events[index].clone()).collect();
        prop_assert_eq!(answers(&of(&shuffled), "default", "T1"), "acme/mara v1");
    }
}
