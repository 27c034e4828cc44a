//! Model groups that a file declares.

use super::*;

const MODELS: &str = r#"
tenants:
  - slug: acme
    name: Acme Ltd
    models:
      - slug: quality
        fallbacks: [cheap, fast]
        deployments:
          - { name: claude, vendor: anthropic, model: claude-sonnet-5-5, key: "${HAS_KEY}" }
      - slug: cheap
        choose: cheapest
        deployments:
          - { name: own, vendor: openai, model: qwen3-32b, base_url: "https://models.acme.example/v1" }
    agents:
      - { slug: mara, name: Mara, model: cheap }
"#;

#[test]
fn model_groups_come_before_the_agents_that_use_them_and_go_after() {
    let mut world = World::new();
    world.apply(
        MODELS,
        expect![[r#"
            + tenant acme "Acme Ltd"
            + model group acme/cheap
            ~ secret acme/model:quality/claude
            + model group acme/quality
            + agent acme/mara "Mara"
            ~ agent acme/mara: publish version 1"#]],
    );
    let silent = MODELS.replace(", key: \"${HAS_KEY}\"", "");
    assert_ne!(silent, MODELS);
    world.apply(&silent, expect![""]);
    let another = MODELS.replace("${HAS_KEY}", "${HAS_OTHER}");
    world.apply(
        &another,
        expect![[r#"
            ~ secret acme/model:quality/claude
            ~ model group acme/quality: deployments"#]],
    );
    let gone = r#"
tenants:
  - slug: acme
    name: Acme Ltd
    models: [{ slug: quality, removed: true }, { slug: cheap, removed: true }]
    agents: [{ slug: mara, name: Mara, model: fast }]
"#;
    world.apply(
        gone,
        expect![[r#"
            ~ agent acme/mara: publish version 2 (model)
            - model group acme/cheap
            - model group acme/quality"#]],
    );
}

#[test]
fn every_problem_of_a_model_group_is_named_at_once() {
    let mut world = World::new();
    world.carry_out(&world.plan(MODELS).unwrap());
    let file = r#"
tenants:
  - slug: acme
    name: Acme Ltd
    models:
      - { slug: Bad One, deployments: [{ name: a, vendor: ollama, model: m }] }
      - { slug: twice, deployments: [{ name: a, vendor: ollama, model: m }] }
      - { slug: twice, deployments: [{ name: a, vendor: ollama, model: m }] }
      - { slug: none, fallbacks: [never] }
      - { slug: key, deployments: [{ name: a, vendor: openai, model: m, key: "${NOT_SET}" }] }
      - { slug: cheap, removed: true }
"#;
    let problems = world.plan(file).unwrap_err();
    expect![[r#"
        tenant `acme`, model group `Bad One`: `Bad One` is not a valid ModelGroupId: only a-z, 0-9 and `-` may stand in it
        tenant `acme`: model group `twice` is named twice
        tenant `acme`, model group `none`: `fallbacks` names `never`, and there is no such group
        tenant `acme`, model group `none`: `deployments` has none: a group needs a model
        tenant `acme`, model group `key`: environment variable `NOT_SET` is not set
        tenant `acme`, model group `cheap`: agent `mara` is answered for by it
        tenant `acme`, model group `cheap`: group `quality` falls back to it"#]]
    .assert_eq(&problems.0.join("\n"));
}

#[test]
fn an_agent_of_a_group_that_there_is_not_is_refused_with_all_that_is_wrong() {
    let mut world = World::new();
    let file = r#"
tenants:
  - slug: acme
    name: Acme Ltd
    agents:
      - { slug: mara, name: Mara, model: qualty }
      - { slug: otto, name: Otto, model: fast }
      - { slug: olga, name: Olga, model: gone, retired: true }
  - slug: beta
    name: Beta Ltd
    models: [{ slug: broken, deployments: [] }]
    agents:
      - { slug: bea, name: Bea, model: broken }
      - { slug: ben, name: Ben, model: none }
"#;
    let problems = world.plan(file).unwrap_err();
    expect![[r#"
        tenant `acme`, agent `mara`: `model` names `qualty`, and there is no such model group
        tenant `beta`, model group `broken`: `deployments` has none: a group needs a model
        tenant `beta`, agent `ben`: `model` names `none`, and there is no such model group"#]]
    .assert_eq(&problems.0.join("\n"));
    world.knows_installation = false;
    let mended = file.replace("models: [{ slug: broken, deployments: [] }]", "");
    assert!(world.plan(&mended).is_ok(), "nobody knows which groups there are");
}

#[test]
fn who_is_left_without_a_group_is_named() {
    let mut world = World::new();
    world.carry_out(&world.plan(MODELS).unwrap());
    let quality = MODELS.replace("model: cheap", "model: quality");
    let of_beta = "tenants: [{ slug: beta, name: Beta, agents: [\
                   { slug: a, name: A, model: fast }, { slug: b, name: B, model: quality }] }]";
    world.carry_out(&world.plan(&quality).unwrap());
    world.carry_out(&world.plan(of_beta).unwrap());
    let without = |groups: &[&str]| {
        let found = crate::model::without_group(&world.directory, &|name| groups.contains(&name));
        found.iter().map(|(tenant, agent)| format!("{tenant}/{agent}")).collect::<Vec<_>>()
    };
    assert_eq!(without(&["fast", "quality"]), [""; 0]);
    assert_eq!(without(&["fast"]), ["beta/b"], "acme has a group of its own of that name");
    assert_eq!(without(&["quality"]), ["beta/a"]);
    assert_eq!(without(&[]), ["beta/a", "beta/b"]);
}
