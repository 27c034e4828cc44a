use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use expect_test::{Expect, expect};
use proptest::prelude::*;
use schemas::{Author, Envelope, EventId, Timestamp};

use super::*;
use crate::seal::{DataKey, Owner, Sealing};

mod models;
mod problems;
mod tokens;
mod tools;

/// An installation: what `apply` leaves behind.
struct World {
    directory: Directory,
    secrets: RefCell<BTreeMap<(TenantId, String), Secret>>,
    sealing: Sealing,
    plans: Cell<u32>,
    knows_installation: bool,
}

impl World {
    fn new() -> Self {
        Self {
            directory: Directory::default(),
            secrets: RefCell::default(),
            sealing: Sealing::On(DataKey::new([7; 32])),
            plans: Cell::new(0),
            knows_installation: true,
        }
    }

    fn plan(&self, file: &str) -> Result<Vec<Change>, Problems> {
        let desired: Desired = serde_norway::from_str(file).unwrap();
        let unique = self.plans.get().to_string();
        self.plans.set(self.plans.get() + 1);
        plan(
            desired,
            &Present {
                directory: &self.directory,
                open: &|tenant, agent, text| {
                    self.sealing.open(Owner { tenant, of: agent.as_str() }, text).ok()
                },
                has_secret: &|tenant, name, secret| {
                    let key = (tenant.clone(), name.to_owned());
                    self.secrets.borrow().get(&key) == Some(secret)
                },
                schema_problem: &|_| None,
                model_problems: &|_, _| Vec::new(),
                is_of_installation: &|name| {
                    self.knows_installation && matches!(name, "fast" | "quality")
                },
                knows_installation: self.knows_installation,
                unique: &unique,
                env: &|name| name.strip_prefix("HAS_").map(|it| format!("xoxb-{it}")),
            },
        )
    }

    /// What a shell does.
    fn carry_out(&mut self, changes: &[Change]) {
        let by = Author { via: "apply".to_owned(), operator: None };
        let now = Timestamp::from_millis(0);
        for change in changes {
            if let Change::SecretSet { tenant, name, value, .. } = change {
                let key = (tenant.clone(), name.clone());
                self.secrets.borrow_mut().insert(key, value.clone());
            }
            for event in change.events(&by, &self.sealing, now) {
                let id: EventId = "e1".parse().unwrap();
                self.directory.apply(&Envelope {
                    correlation: (&id).into(),
                    id,
                    source: "apply".to_owned(),
                    time: now,
                    tenant: change.tenant().clone(),
                    causation: None,
                    trace: None,
                    event,
                });
            }
        }
    }

    /// Applies a file, shows what that did, and asserts that applying it again does nothing.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "so that tests read `apply(…, expect![…])`")]
    fn apply(&mut self, file: &str, want: Expect) {
        let changes = self.plan(file).unwrap();
        let lines: Vec<_> = changes.iter().map(Change::to_string).collect();
        want.assert_eq(&lines.join("\n"));
        self.carry_out(&changes);
        assert_eq!(self.plan(file), Ok(Vec::new()), "applied twice");
    }
}

const ACME: &str = r#"
tenants:
  - slug: acme
    name: Acme Ltd
    limits: { messages_per_minute: 30, per_channel: { slack: 30 } }
    agents:
      - { slug: mara, name: Mara, role: Support lead, persona: "warm, brief", system_prompt: "Hi", model: quality }
    connections:
      - { channel: slack, team_id: T0ACME, bot_user_id: U0MARA, bot_token: "${HAS_ACME}", agent: mara }
"#;

/// [`ACME`] with something changed.
#[track_caller]
fn changed(from: &str, to: &str) -> String {
    assert!(ACME.contains(from), "{from}");
    ACME.replace(from, to)
}

#[test]
fn a_new_tenant_comes_with_all_it_has() {
    let mut world = World::new();
    world.apply(
        ACME,
        expect![[r#"
            + tenant acme "Acme Ltd"
            + agent acme/mara "Mara"
            ~ agent acme/mara: publish version 1
            ~ secret acme/slack-T0ACME/bot_token
            + connection acme/slack-T0ACME -> mara"#]],
    );
    let acme: TenantId = "acme".parse().unwrap();
    let found = world.directory.by_workspace(schemas::ChannelKind::Slack, "default", "T0ACME");
    let (tenant, connection) = found.unwrap();
    let routed = world.directory.route(tenant, &connection.id).unwrap();
    assert_eq!((tenant, routed.published.version), (&acme, 1));
    assert!(matches!(routed.published.config.persona, Text::Sealed(_)));
    let secrets = world.secrets.borrow();
    let token = &secrets[&(acme, connection.token.clone())];
    assert_eq!(token.expose(), "xoxb-ACME");
}

#[test]
fn each_change_is_a_line() {
    let mut world = World::new();
    world.carry_out(&world.plan(ACME).unwrap());
    world.apply(
        &changed("Acme Ltd", "\"Acme \\\"Inc\\\"\""),
        expect![[r#"~ tenant acme: name "Acme Ltd" -> "Acme \"Inc\"""#]],
    );
    world.apply(
        &changed("30, per_channel: { slack: 30 }", "60, per_channel: {}"),
        expect![[r#"
            ~ tenant acme: name "Acme \"Inc\"" -> "Acme Ltd"
            ~ tenant acme: messages_per_minute 30 -> 60, per_channel.slack 30 -> none"#]],
    );
    world.apply(
        &changed("warm, brief", "dry"),
        expect![[r#"
            ~ tenant acme: messages_per_minute 60 -> 30, per_channel.slack none -> 30
            ~ agent acme/mara: publish version 2 (persona)"#]],
    );
    world.apply(
        &changed("HAS_ACME", "HAS_NEW"),
        expect![[r#"
            ~ agent acme/mara: publish version 3 (persona)
            ~ secret acme/slack-T0ACME/bot_token
            ~ connection acme/slack-T0ACME: another token"#]],
    );
}

#[test]
fn connections_come_move_and_go() {
    let mut world = World::new();
    world.carry_out(&world.plan(ACME).unwrap());
    world.apply(
        &changed("agent: mara", "agent: mara }\n      - { channel: slack, app: A9, team_id: T1, bot_user_id: U1, bot_token: x, agent: mara"),
        expect![[r#"
            ~ secret acme/slack-A9-T1/bot_token
            + connection acme/slack-A9-T1 -> mara"#]],
    );
    world.apply(
        &changed("agent: mara", "agent: leo")
            .replace("    connections:", "      - { slug: leo, name: Leo }\n    connections:"),
        expect![[r#"
            + agent acme/leo "Leo"
            ~ agent acme/leo: publish version 1
            ~ connection acme/slack-T0ACME: agent mara -> leo"#]],
    );
    world
        .apply(&changed("agent: mara", "removed: true"), expect!["- connection acme/slack-T0ACME"]);
    world.apply(ACME, expect!["+ connection acme/slack-T0ACME -> mara"]);
    world.apply(
        &changed("name: Acme Ltd", "name: Acme Ltd\n    suspended: true"),
        expect!["~ tenant acme: suspended"],
    );
    world.apply(
        &changed("name: Acme Ltd", "name: Acme Ltd\n    suspended: false"),
        expect!["~ tenant acme: resumed"],
    );
}

#[test]
fn an_agent_leaves_and_comes_back() {
    let mut world = World::new();
    let file = |retired: bool| {
        format!(
            "tenants: [{{ slug: a, name: A, agents: [{{ slug: m, name: M, retired: {retired} }}] }}]"
        )
    };
    world.apply(&file(true), expect![[r#"+ tenant a "A""#]]);
    world.apply(
        &file(false),
        expect![[r#"
            + agent a/m "M"
            ~ agent a/m: publish version 1"#]],
    );
    world.apply(&file(true), expect!["- agent a/m: retired"]);
    world.apply(&file(false), expect!["~ agent a/m: publish version 2 (back from retirement)"]);
}

#[test]
fn what_a_file_does_not_name_stays() {
    let mut world = World::new();
    world.carry_out(&world.plan(ACME).unwrap());
    world.apply("tenants: []", expect![[""]]);
    world.apply(
        "tenants: [{ slug: acme, name: Acme Ltd, limits: { per_channel: { slack: 30 } } }]",
        expect![[""]],
    );
}

#[test]
fn what_an_entry_leaves_out_stays() {
    let mut world = World::new();
    let rules =
        "[{ when: { keywords: [lawyer] }, to_channel: C1 }, { when: budget, to_channel: C2 }]";
    let all = changed("30, per", "90, per").replace(
        "model: quality",
        &format!(
            "model: fast, job_description: j, statement_of_work: s, tools: [current_time], \
             follow_minutes: 9, escalation: {rules}"
        ),
    );
    world.carry_out(&world.plan(&all).unwrap());
    let entries = "agents: [{ slug: mara, name: Mara }], \
                   connections: [{ channel: slack, team_id: T0ACME }]";
    let file =
        |limits: &str| format!("tenants: [{{ slug: acme, name: Acme Ltd, {limits} {entries} }}]");
    world.apply(&file(""), expect![""]);
    world.apply(&file("limits: {},"), expect![""]);
    world.apply(
        &file("limits: { messages_per_minute: 91 },"),
        expect!["~ tenant acme: messages_per_minute 90 -> 91"],
    );
    world.apply(
        &file("limits: { per_channel: {} },"),
        expect!["~ tenant acme: per_channel.slack 30 -> none"],
    );
    world
        .apply(&file("limits: { keep_days: 14 },"), expect!["~ tenant acme: keep_days none -> 14"]);
    world.apply(
        &file("budget: { monthly_micros: 5000000 },"),
        expect!["~ tenant acme: budget.monthly_micros none -> 5000000"],
    );
    world.apply(&file(""), expect![""]);
    world.apply(
        &file("").replace("name: Mara", "name: Mara, escalation: []"),
        expect!["~ agent acme/mara: publish version 2 (escalation)"],
    );
}

#[test]
fn the_words_that_set_off_an_escalation_are_sealed() {
    let mut world = World::new();
    let rule = "model: quality, escalation: [{ when: { keywords: [lawyer] }, to_channel: C1 }]";
    world.carry_out(&world.plan(&changed("model: quality", rule)).unwrap());
    let (tenant, agent) = ("acme".parse().unwrap(), "mara".parse().unwrap());
    let agent = world.directory.agent(&tenant, &agent).unwrap();
    let written = serde_json::to_string(agent.as_ref()).unwrap();
    assert!(written.contains("keywords") && !written.contains("lawyer"), "{written}");
}

proptest! {
    #[test]
    fn applying_twice_changes_nothing_more(
        tenants in prop::collection::btree_map("[a-c]", ("[A-C]{1,2}", 0..3_u32, "[x-z]{0,2}"), 0..4),
        before in prop::collection::btree_map("[a-c]", ("[A-C]{1,2}", 0..3_u32, "[x-z]{0,2}"), 0..4),
    ) {
        let mut world = World::new();
        for tenants in [before, tenants] {
            let list = tenants.iter().map(|(slug, (name, limit, prompt))| {
                format!(
                    "  - {{ slug: {slug}, name: {name}, limits: {{ messages_per_minute: {limit} }}, \
                     agents: [{{ slug: m, name: M, system_prompt: \"{prompt}\", \
                     budget: {{ daily_micros: {limit} }} }}], \
                     connections: [{{ channel: slack, team_id: T{slug}, bot_user_id: U, \
                     bot_token: {name}, agent: m }}] }}\n"
                )
            });
            let file = format!("tenants:\n{}  []", list.collect::<String>());
            let file = if tenants.is_empty() { "tenants: []".to_owned() } else {
                file.trim_end_matches("  []").to_owned()
            };
            let changes = world.plan(&file).unwrap();
            world.carry_out(&changes);
            prop_assert_eq!(world.plan(&file), Ok(Vec::new()));
        }
    }
}
