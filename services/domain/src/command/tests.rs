mod budgets;
mod erasure;
mod models;
mod slugs;
mod tools;

use expect_test::{Expect, expect};
use schemas::{
    AgentId, Author, Budget, ChannelKind, ConnectionId, Envelope, EventId, Limits, Text, Timestamp,
};

use super::{
    agent::{DraftAfter, Publication},
    connection::Connect,
    *,
};
use crate::{
    config::OpenConfig,
    seal::{DataKey, Sealing},
    secret::Secret,
};

/// What a desk leaves behind.
struct World {
    directory: Directory,
    sealing: Sealing,
}

impl World {
    fn new() -> Self {
        let sealing = Sealing::On(DataKey::new([7; 32]));
        Self { directory: Directory::default(), sealing }
    }

    /// Carries out what was decided, and shows it or why not.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "so that tests read `desk(…, expect![…])`")]
    fn desk(&mut self, decide: impl FnOnce(&Directory) -> Decided, want: Expect) {
        let shown = match decide(&self.directory) {
            Err(refused) => format!("refused: {refused}"),
            Ok(changes) => {
                let lines: Vec<_> = changes.iter().map(ToString::to_string).collect();
                self.carry_out_all(&changes);
                lines.join("\n")
            }
        };
        want.assert_eq(&shown);
    }

    fn carry_out_all(&mut self, changes: &[Change]) {
        for change in changes {
            self.carry_out(change);
        }
    }

    fn carry_out(&mut self, change: &Change) {
        let by = Author { via: "portal".to_owned(), operator: Some("o1".to_owned()) };
        for event in change.events(&by, &self.sealing, Timestamp::from_millis(0)) {
            assert_eq!(
                event.author().is_none(),
                matches!(event, schemas::Event::WorkspaceClaimed(_))
            );
            let id: EventId = "e1".parse().unwrap();
            self.directory.apply(&Envelope {
                correlation: (&id).into(),
                id,
                source: "portal".to_owned(),
                time: Timestamp::from_millis(0),
                tenant: change.tenant().clone(),
                causation: None,
                trace: None,
                event,
            });
        }
    }

    /// Tenant `acme` with agent `mara`, whose version 1 answers in `T1`.
    fn acme() -> Self {
        let mut world = Self::new();
        let changes = tenant::create(&world.directory, "acme", "Acme", Limits::default()).unwrap();
        world.carry_out_all(&changes);
        let config = OpenConfig::named("Mara");
        let changes = agent::create(&world.directory, &acme(), "mara", config.clone()).unwrap();
        world.carry_out_all(&changes);
        let changes =
            agent::publish(&world.directory, &acme(), &mara(), publication(config, 0)).unwrap();
        world.carry_out_all(&changes);
        let changes =
            connection::connect(&world.directory, &acme(), connect("T1", "mara"), "u1").unwrap();
        world.carry_out_all(&changes);
        world
    }
}

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn mara() -> AgentId {
    "mara".parse().unwrap()
}

fn t1() -> ConnectionId {
    "slack-T1".parse().unwrap()
}

fn publication(config: OpenConfig, expected: u32) -> Publication {
    let note = Some(Text::Plain("why not".to_owned()));
    Publication { config, note, expected, draft: DraftAfter::Published }
}

fn connect(workspace: &str, agent: &str) -> Connect {
    Connect {
        channel: ChannelKind::Slack,
        workspace: workspace.to_owned(),
        bot_user: "U1".to_owned(),
        token: Secret::from("xoxb-very-secret".to_owned()),
        agent: agent.parse().unwrap(),
    }
}

#[test]
fn a_tenant_comes_changes_and_leaves() {
    let mut world = World::new();
    let it = &mut world;
    it.desk(
        |d| tenant::create(d, "Acme!", " ", Limits::default()),
        expect![
            "refused: `slug` cannot be used: only a-z, 0-9 and `-` may stand in it; `name` is empty"
        ],
    );
    it.desk(
        |d| tenant::create(d, "acme", " Acme ", Limits::default()),
        expect![[r#"+ tenant acme "Acme""#]],
    );
    it.desk(
        |d| tenant::create(d, "acme", "Other", Limits::default()),
        expect!["refused: `slug` is taken"],
    );
    it.desk(
        |d| tenant::rename(d, &acme(), "Acme Ltd"),
        expect![[r#"~ tenant acme: name "Acme" -> "Acme Ltd""#]],
    );
    it.desk(|d| tenant::rename(d, &acme(), "Acme Ltd"), expect![[r#""#]]);
    let limits = Limits { messages_per_minute: 60, ..Limits::default() };
    it.desk(
        |d| tenant::set_limits(d, &acme(), limits),
        expect!["~ tenant acme: messages_per_minute 30 -> 60"],
    );
    let limits = |keep_days| Limits { messages_per_minute: 60, keep_days, ..Limits::default() };
    for days in [0, 31] {
        it.desk(
            |d| tenant::set_limits(d, &acme(), limits(Some(days))),
            expect!["refused: `keep_days` is a whole number of days from 1 to 30"],
        );
    }
    it.desk(
        |d| tenant::set_limits(d, &acme(), limits(Some(14))),
        expect!["~ tenant acme: keep_days none -> 14"],
    );
    it.desk(
        |d| tenant::set_limits(d, &acme(), limits(None)),
        expect!["~ tenant acme: keep_days 14 -> none"],
    );
    let budget = Budget { monthly_micros: Some(5_000_000), ..Budget::default() };
    it.desk(
        |d| tenant::set_budget(d, &acme(), budget),
        expect!["~ tenant acme: budget.monthly_micros none -> 5000000"],
    );
    it.desk(|d| tenant::suspend(d, &acme()), expect!["~ tenant acme: suspended"]);
    it.desk(|d| tenant::suspend(d, &acme()), expect![[r#""#]]);
    it.desk(|d| tenant::resume(d, &acme()), expect!["~ tenant acme: resumed"]);
    it.desk(
        |d| tenant::delete(d, &acme(), "Acme"),
        expect!["refused: `slug` is not `acme`; nothing was deleted"],
    );
    it.desk(|d| tenant::delete(d, &acme(), "acme"), expect!["- tenant acme: deleted"]);
    it.desk(
        |d| tenant::rename(d, &acme(), "Acme"),
        expect!["refused: there is no such thing here"],
    );
    it.desk(
        |d| tenant::create(d, "acme", "Acme", Limits::default()),
        expect!["refused: `slug` belonged to a tenant that was deleted, and is not used again"],
    );
}

#[test]
fn a_tenant_that_leaves_lets_its_workspaces_go_first() {
    let mut world = World::acme();
    world.desk(
        |d| tenant::delete(d, &acme(), "acme"),
        expect![[r#"
        - connection acme/slack-T1
        - tenant acme: deleted"#]],
    );
    assert!(world.directory.holder(ChannelKind::Slack, "default", "T1").is_none());
}

#[test]
fn an_agent_is_designed_published_and_retires() {
    let mut world = World::acme();
    let it = &mut world;
    let brief = OpenConfig { persona: "brief".to_owned(), ..OpenConfig::named("Mara") };
    let unfinished = OpenConfig { name: String::new(), ..brief.clone() };
    let create =
        |d: &Directory, slug, name| agent::create(d, &acme(), slug, OpenConfig::named(name));
    it.desk(|d| create(d, "mara", ""), expect!["refused: `slug` is taken; `name` is empty"]);
    it.desk(
        |d| agent::save_draft(d, (&acme(), &mara()), None, unfinished.clone()),
        expect!["~ agent acme/mara: draft saved"],
    );
    it.desk(
        |d| agent::save_draft(d, (&acme(), &mara()), Some(&unfinished), unfinished.clone()),
        expect![[r#""#]],
    );
    let discard = |d: &Directory, id: &str| agent::discard_draft(d, &acme(), &id.parse().unwrap());
    it.desk(|d| discard(d, "mara"), expect!["~ agent acme/mara: draft discarded"]);
    assert!(it.directory.agent(&acme(), &mara()).unwrap().draft.is_none());
    it.desk(|d| discard(d, "mara"), expect![[r#""#]]);
    it.desk(|d| create(d, "otto", "Otto"), expect![[r#"+ agent acme/otto "Otto""#]]);
    it.desk(
        |d| discard(d, "otto"),
        expect!["refused: agent `otto` was never published: there is nothing to go back to"],
    );
    let publish = |d: &Directory, config: &OpenConfig, expected| {
        agent::publish(d, &acme(), &mara(), publication(config.clone(), expected))
    };
    it.desk(|d| publish(d, &unfinished, 1), expect!["refused: `name` is empty"]);
    it.desk(
        |d| publish(d, &brief, 0),
        expect!["refused: version 1 of agent `mara` was published meanwhile"],
    );
    it.desk(|d| publish(d, &brief, 1), expect!["~ agent acme/mara: publish version 2"]);
    it.desk(|d| agent::retire(d, &acme(), &mara()), expect!["refused: agent `mara` still answers `slack-T1`: give it another agent or disconnect it first"]);
    it.desk(|d| connection::disconnect(d, &acme(), &t1()), expect!["- connection acme/slack-T1"]);
    it.desk(|d| agent::retire(d, &acme(), &mara()), expect!["- agent acme/mara: retired"]);
    it.desk(|d| agent::retire(d, &acme(), &mara()), expect![[r#""#]]);
    it.desk(|d| publish(d, &brief, 2), expect!["~ agent acme/mara: publish version 3"]);
    assert!(!it.directory.agent(&acme(), &mara()).unwrap().retired);
}

#[test]
fn publishing_takes_the_draft_that_it_is_and_no_other_and_its_note_is_sealed() {
    let mut world = World::acme();
    let draft = OpenConfig { role: "Lead".to_owned(), ..OpenConfig::named("Mara") };
    world.desk(
        |d| agent::save_draft(d, (&acme(), &mara()), None, draft.clone()),
        expect!["~ agent acme/mara: draft saved"],
    );
    let stays =
        Publication { draft: DraftAfter::Stays, ..publication(OpenConfig::named("Mara"), 1) };
    world.desk(
        |d| agent::publish(d, &acme(), &mara(), stays),
        expect!["~ agent acme/mara: publish version 2"],
    );
    let agent = world.directory.agent(&acme(), &mara()).unwrap();
    let kept = agent.draft.as_ref().map(|it| it.role.as_str());
    assert_eq!(kept, Some("Lead"));
    let written = serde_json::to_string(agent.as_ref()).unwrap();
    assert!(written.contains("note") && !written.contains("why not"), "{written}");
    world.desk(
        |d| agent::publish(d, &acme(), &mara(), publication(draft, 2)),
        expect!["~ agent acme/mara: publish version 3"],
    );
    assert!(world.directory.agent(&acme(), &mara()).unwrap().draft.is_none());
}

#[test]
fn a_workspace_is_connected_led_elsewhere_and_let_go() {
    let mut world = World::acme();
    let it = &mut world;
    let connect_to = |d: &Directory, workspace, agent| {
        connection::connect(d, &acme(), connect(workspace, agent), "u2")
    };
    it.desk(
        |d| connect_to(d, "T1", "mara"),
        expect![[r#"
        ~ secret acme/slack-T1/bot_token
        ~ connection acme/slack-T1: another token"#]],
    );
    it.desk(|d| connect_to(d, "T 2", "otto"), expect!["refused: `agent` is `otto`, and there is no such agent; `team_id` cannot be used: only letters, digits, `-` and `_` may stand in it"]);
    it.desk(
        |d| agent::create(d, &acme(), "otto", OpenConfig::named("Otto")),
        expect![[r#"+ agent acme/otto "Otto""#]],
    );
    it.desk(
        |d| connection::lead_to(d, &acme(), &t1(), &"otto".parse().unwrap()),
        expect!["~ connection acme/slack-T1: agent mara -> otto"],
    );
    it.desk(|d| connection::lead_to(d, &acme(), &t1(), &"otto".parse().unwrap()), expect![[r#""#]]);
    it.desk(
        |d| connection::lead_to(d, &acme(), &t1(), &"nobody".parse().unwrap()),
        expect!["refused: `agent` is `nobody`, and there is no such agent"],
    );
    it.desk(
        |d| tenant::create(d, "beta", "Beta", Limits::default()),
        expect![[r#"+ tenant beta "Beta""#]],
    );
    let beta: TenantId = "beta".parse().unwrap();
    it.desk(
        |d| agent::create(d, &beta, "mara", OpenConfig::named("Mara")),
        expect![[r#"+ agent beta/mara "Mara""#]],
    );
    let theirs = |d: &Directory| connection::connect(d, &beta, connect("T1", "mara"), "u3");
    it.desk(
        theirs,
        expect![
            "refused: `team_id` is connected already, by somebody else: disconnect it there first"
        ],
    );
    it.desk(|d| connection::disconnect(d, &acme(), &t1()), expect!["- connection acme/slack-T1"]);
    it.desk(|d| connection::disconnect(d, &acme(), &t1()), expect![[r#""#]]);
    it.desk(
        |d| connection::lead_to(d, &acme(), &t1(), &mara()),
        expect!["refused: connection `slack-T1` was disconnected"],
    );
    it.desk(
        theirs,
        expect![[r#"
        ~ secret beta/slack-T1/bot_token
        + connection beta/slack-T1 -> mara"#]],
    );
}
