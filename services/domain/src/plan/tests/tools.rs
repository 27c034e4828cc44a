//! Tools that a file declares.

use super::*;

const TOOLS: &str = r#"
tenants:
  - slug: acme
    name: Acme Ltd
    tools:
      - slug: orders
        description: Looks up an order by its number.
        http:
          url: "https://api.acme.example/orders/{order}"
          arguments: { type: object, properties: { order: { type: string } }, required: [order] }
        headers: { accept-language: en, authorization: { secret: "Bearer ${HAS_KEY}" } }
      - slug: crm
        description: Customers.
        mcp: { url: "https://crm.acme.example/mcp", tools: [find_customer] }
    agents:
      - { slug: mara, name: Mara, tools: [orders, crm, current_time] }
"#;

/// [`TOOLS`] with something changed.
#[track_caller]
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(TOOLS.to_owned(), |file, (from, to)| {
        assert!(file.contains(from), "{from}");
        file.replace(from, to)
    })
}

#[test]
fn tools_come_before_the_agents_that_use_them_and_go_after() {
    let mut world = World::new();
    world.apply(
        TOOLS,
        expect![[r#"
            + tenant acme "Acme Ltd"
            + tool acme/crm
            ~ secret acme/tool:orders/authorization
            + tool acme/orders
            + agent acme/mara "Mara"
            ~ agent acme/mara: publish version 1"#]],
    );
    let gone = "      - { slug: crm, removed: true }\n";
    let left = [("tools: [orders, crm, current_time]", "tools: [orders]")];
    let file = changed(&left).replace(
        "      - slug: crm\n        description: Customers.\n        mcp: { url: \"https://crm.acme.example/mcp\", tools: [find_customer] }\n",
        gone,
    );
    assert!(file.contains(gone));
    world.apply(
        &file,
        expect![[r#"
            ~ agent acme/mara: publish version 2 (tools)
            - tool acme/crm"#]],
    );
    world.apply(
        TOOLS,
        expect![[r#"
            + tool acme/crm
            ~ agent acme/mara: publish version 3 (tools)"#]],
    );
}

#[test]
fn what_is_not_as_it_was_is_named() {
    let mut world = World::new();
    world.carry_out(&world.plan(TOOLS).unwrap());
    let file = changed(&[
        ("by its number", "by its number, or its date"),
        (
            "        headers: { accept-language: en,",
            "        timeout_seconds: 20\n        headers: { accept-language: de,",
        ),
        ("${HAS_KEY}", "${HAS_OTHER}"),
        ("tools: [find_customer]", "tools: []"),
    ]);
    world.apply(
        &file,
        expect![[r#"
            ~ tool acme/crm: tools
            ~ secret acme/tool:orders/authorization
            ~ tool acme/orders: description, headers, timeout_seconds"#]],
    );
    let another_key = changed(&[("${HAS_KEY}", "${HAS_THIRD}"), ("accept-language: en, ", "")]);
    let changes = world.plan(&another_key).unwrap();
    let forgotten: Vec<_> = changes.iter().flat_map(Change::forgets).collect();
    let [name] = &forgotten[..] else { panic!("{forgotten:?}") };
    assert!(name.starts_with("tool:orders/authorization/"), "{name}");
    let set =
        changes.iter().any(|it| matches!(it, Change::SecretSet { name: set, .. } if set == name));
    assert!(!set, "what is forgotten is the one before");
}

/// Headers that are left out stay, and so does a secret that is not said again.
#[test]
fn what_a_tool_leaves_out_of_its_headers_stays() {
    let mut world = World::new();
    world.carry_out(&world.plan(TOOLS).unwrap());
    let silent = "        headers: { accept-language: en, authorization: { secret: \"Bearer ${HAS_KEY}\" } }\n";
    world.apply(&changed(&[(silent, "")]), expect![""]);
    world.apply(&changed(&[("{ secret: \"Bearer ${HAS_KEY}\" }", "{}")]), expect![""]);
    world.apply(
        &changed(&[(silent, "        headers: {}\n")]),
        expect!["~ tool acme/orders: headers"],
    );
}

#[test]
fn every_problem_of_a_tool_is_named_at_once() {
    let mut world = World::new();
    world.carry_out(&world.plan(TOOLS).unwrap());
    let file = r#"
tenants:
  - slug: acme
    name: Acme Ltd
    tools:
      - { slug: Bad One, description: x, mcp: { url: "https://a.example/" } }
      - { slug: twice, description: x, mcp: { url: "https://a.example/" } }
      - { slug: twice, description: x, mcp: { url: "https://a.example/" } }
      - { slug: neither, description: x }
      - { slug: both, description: x, http: { url: "https://a.example/" }, mcp: { url: "https://a.example/" } }
      - { slug: key, description: x, http: { url: "https://a.example/" }, headers: { x-key: { secret: "${NOT_SET}" } } }
      - { slug: url, http: { url: "https://a:b@a.example/" } }
      - { slug: crm, removed: true }
    agents:
      - { slug: otto, name: Otto, tools: [never, crm, orders, twice] }
"#;
    let problems = world.plan(file).unwrap_err();
    expect![[r#"
        tenant `acme`, tool `Bad One`: `Bad One` is not a valid ToolId: only a-z, 0-9 and `-` may stand in it
        tenant `acme`: tool `twice` is named twice
        tenant `acme`, tool `neither`: it needs either `http` or `mcp`
        tenant `acme`, tool `both`: it needs either `http` or `mcp`
        tenant `acme`, tool `key`: environment variable `NOT_SET` is not set
        tenant `acme`, tool `url`: `description` is empty: the model reads there when to use it
        tenant `acme`, tool `url`: `url` has a user or a password in it: put them into a header
        tenant `acme`, agent `otto`: `tools` names `never`, and there is no such tool
        tenant `acme`, agent `otto`: `tools` names `crm`, and there is no such tool
        tenant `acme`, tool `crm`: agent `mara` uses it: publish without it first"#]].assert_eq(&problems.0.join("\n"));
}

#[test]
fn a_secret_is_in_no_line_and_no_problem() {
    let changes = World::new().plan(TOOLS).unwrap();
    let shown = format!("{changes:?}");
    assert!(!shown.contains("xoxb-KEY"), "{shown}");
    let error = serde_norway::from_str::<Desired>(
        "tenants: [{ slug: a, name: A, tools: [{ slug: t, headers: { k: { secret: [s3cret] } } }] }]",
    );
    let error = error.unwrap_err().to_string();
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn a_tenant_has_so_many_tools_and_no_more() {
    let tool = |n: usize| {
        format!("{{ slug: t{n}, description: x, mcp: {{ url: \"https://a.example/\" }} }}")
    };
    let file = |count: usize| {
        let tools: Vec<_> = (0..count).map(tool).collect();
        format!("tenants: [{{ slug: acme, name: Acme, tools: [{}] }}]", tools.join(", "))
    };
    let mut world = World::new();
    let most = crate::tool::TOOLS_OF_TENANT_MAX;
    assert!(world.plan(&file(most + 1)).is_err());
    world.carry_out(&world.plan(&file(most)).unwrap());
    let more = file(1).replace("t0", "another");
    expect!["tenant `acme`: it would have more than 100 tools"]
        .assert_eq(&world.plan(&more).unwrap_err().to_string());
}
