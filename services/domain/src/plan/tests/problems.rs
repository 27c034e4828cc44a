//! Files that cannot be had.

use super::*;

#[test]
fn every_problem_is_named_at_once() {
    let mut world = World::new();
    world.carry_out(&world.plan(ACME).unwrap());
    let file = r#"
tenants:
  - { slug: Bad Slug, name: "" }
  - slug: beta
    name: Beta
    agents:
      - { slug: otto, name: Otto, model: "", follow_minutes: 2000 }
      - { slug: otto, name: Otto }
      - { slug: gone, name: Gone, retired: true }
    connections:
      - { channel: slack, team_id: T1, bot_user_id: U1, bot_token: "${NOT_SET}${NOR_THIS}", agent: otto }
      - { channel: slack, team_id: T1, bot_user_id: "", bot_token: "${HAS_X", agent: nobody }
      - { channel: slack, team_id: T0ACME, bot_user_id: U1, bot_token: x, agent: gone }
      - { channel: slack, team_id: "T 2", bot_user_id: U1, agent: otto }
  - slug: beta
    name: Beta
    connections: [{ channel: slack, team_id: T1, bot_user_id: U1, bot_token: x, agent: otto }]
"#;
    let problems = world.plan(file).unwrap_err();
    expect![[r#"
        tenant `Bad Slug`: `Bad Slug` is not a valid TenantId: only a-z, 0-9 and `-` may stand in it
        tenant `Bad Slug`: `name` is empty
        tenant `beta`: agent `otto` is named twice
        tenant `beta`: the connection to `T1` is named twice
        tenant `beta`, agent `otto`: `model` is empty
        tenant `beta`, agent `otto`: `follow_minutes` is more than 1440
        tenant `beta`, connection to `T1`: environment variable `NOT_SET` is not set
        tenant `beta`, connection to `T1`: environment variable `NOR_THIS` is not set
        tenant `beta`, connection to `T1`: another connection of this file has that workspace
        tenant `beta`, connection to `T1`: `bot_token` has a `${` without its `}`
        tenant `beta`, connection to `T1`: `bot_user_id` is empty
        tenant `beta`, connection to `T1`: there is no agent `nobody`
        tenant `beta`, connection to `T0ACME`: tenant `acme` has that workspace; remove it there first
        tenant `beta`, connection to `T0ACME`: agent `gone` is retired
        tenant `beta`, connection to `T 2`: `slack-T 2` is not a valid ConnectionId: only letters, digits, `-` and `_` may stand in it
        tenant `beta`, connection to `T 2`: `bot_token` is empty
        tenant `beta`: it is named twice
        tenant `beta`, connection to `T1`: another connection of this file has that workspace
        tenant `beta`, connection to `T1`: there is no agent `otto`"#]].assert_eq(&problems.0.join("\n"));
}

#[test]
fn a_file_with_a_word_unknown_to_us_is_refused_and_defaults_are_filled_in() {
    let wrong = "tenants: [{ slug: a, name: A, agents: [{ slug: m, name: M, modle: fast }] }]";
    let error = serde_norway::from_str::<Desired>(wrong).unwrap_err().to_string();
    assert!(error.contains("unknown field `modle`"), "{error}");

    let file = "tenants: [{ slug: a, name: A, agents: [{ slug: m, name: M }] }]";
    let changes = World::new().plan(file).unwrap();
    let [Change::TenantCreate { tenant }, _, Change::AgentPublish { config, .. }] = &changes[..]
    else {
        panic!("{changes:?}")
    };
    assert_eq!(tenant.limits.messages_per_minute, 30);
    let got = (config.persona.as_str(), config.model.as_str(), config.follow_minutes);
    assert_eq!(got, ("professional and warm", "quality", 30));
}

#[test]
fn texts_that_do_not_open_cannot_stay_as_they_are() {
    let mut world = World::new();
    world.carry_out(&world.plan(ACME).unwrap());
    world.sealing = Sealing::On(DataKey::new([8; 32]));
    let file = "tenants: [{ slug: acme, name: Acme Ltd, agents: [{ slug: mara, name: Mara }] }]";
    expect![[r#"
        tenant `acme`, agent `mara`: its texts cannot be opened, so every one must be said"#]]
    .assert_eq(&world.plan(file).unwrap_err().0.join("\n"));
}

#[test]
fn no_agent_comes_that_the_page_of_new_ones_would_hide() {
    let file = "tenants: [{ slug: beta, name: Beta, agents: [{ slug: new, name: New }] }]";
    expect![[r#"
        tenant `beta`, agent `new`: `slug` cannot be `new`: that is the address of the page where agents are made"#]]
    .assert_eq(&World::new().plan(file).unwrap_err().0.join("\n"));
}

#[test]
fn what_an_agent_has_is_bounded() {
    let many = |count: usize| (0..count).map(|n| format!("t{n}")).collect::<Vec<_>>().join(", ");
    let rules = |count: usize, keywords: &str| {
        let rule = format!("{{ when: {{ keywords: [{keywords}] }}, to_channel: C1 }}");
        vec![rule; count].join(", ")
    };
    let file = |tools: &str, rules: &str| {
        format!(
            "tenants: [{{ slug: beta, name: Beta, agents: [{{ slug: otto, name: Otto, \
             tools: [{tools}], escalation: [{rules}] }}] }}]"
        )
    };
    let long = "x".repeat(NAME_BYTES_MAX + 1);
    let cases = [
        (file("current_time", &rules(ESCALATION_RULES_MAX, &many(KEYWORDS_MAX))), ""),
        (file("current_time, current_time", ""), "`tools` names `current_time` more than once"),
        (file("", &rules(1, "")), "`keywords` of rule 1 is empty"),
        (file("", &rules(1, "'!!!'")), "`keywords` of rule 1 has one without a letter or a digit"),
        (
            file("", &rules(ESCALATION_RULES_MAX + 1, "lawyer")),
            "`escalation` has more than 10 rules",
        ),
        (
            file("", &rules(1, &many(KEYWORDS_MAX + 1))),
            "`keywords` of rule 1 has more than 20 in one rule",
        ),
        (file("", &rules(1, &long)), "`keywords` of rule 1 has one that is longer than 200 bytes"),
    ];
    for (file, want) in cases {
        let problems = World::new().plan(&file).err().map(|problems| problems.0.join("\n"));
        let want = if want.is_empty() {
            None
        } else {
            Some(format!("tenant `beta`, agent `otto`: {want}"))
        };
        assert_eq!(problems, want);
    }
}
