use expect_test::{Expect, expect};

use super::*;

fn id() -> ModelGroupId {
    "quality".parse().unwrap()
}

fn deployment(name: &str, key: Option<&str>) -> WishedDeployment {
    WishedDeployment {
        name: name.to_owned(),
        vendor: ModelVendor::Anthropic,
        model: "claude-sonnet-5-5".to_owned(),
        base_url: None,
        key: key.map(|key| Secret::from(key.to_owned())),
        weight: None,
        context_window: None,
        max_output_tokens: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        tools: None,
        json_schema: None,
        vision: None,
        price: None,
    }
}

fn group<const N: usize>(deployments: [WishedDeployment; N]) -> WishedModelGroup {
    let (choose, fallbacks) = (ModelChoice::Order, Vec::new());
    WishedModelGroup { choose, fallbacks, deployments: deployments.into() }
}

fn made(wish: WishedModelGroup, known: Option<&ModelGroup>) -> Result<Made, Vec<FieldProblem>> {
    let making = Making {
        unique: "u2",
        has_secret: &|_, secret| secret.expose() == "the-same",
        problems: &|it, _| {
            it.model.is_empty().then(|| format!("`{}`: no model", it.name)).into_iter().collect()
        },
        is_of_installation: &|_| false,
    };
    make(&id(), wish, (known, &|name| name == "fast"), &making)
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(wish: WishedModelGroup, known: Option<&ModelGroup>, want: Expect) {
    let shown = match made(wish, known) {
        Ok(Made { group, secrets }) => {
            let keys = group.deployments.iter().map(|it| (it.name.as_str(), it.key.as_deref()));
            let new: Vec<_> = secrets.iter().map(|(of, name, _)| (of, name)).collect();
            format!("{:?}, new: {new:?}", keys.collect::<Vec<_>>())
        }
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    };
    want.assert_eq(&shown);
}

/// A group with one deployment, whose key is kept as `model:quality/claude/u2`.
fn known() -> ModelGroup {
    made(group([deployment("claude", Some("first"))]), None).unwrap().group
}

#[test]
fn a_key_is_kept_under_a_name_of_its_own_until_another_is_said() {
    let known = known();
    check(
        group([deployment("claude", Some("first"))]),
        None,
        expect![[
            r#"[("claude", Some("model:quality/claude/u2"))], new: [("claude", "model:quality/claude/u2")]"#
        ]],
    );
    let kept = [[deployment("claude", None)], [deployment("claude", Some("the-same"))]];
    for kept in kept {
        check(
            group(kept),
            Some(&known),
            expect![[r#"[("claude", Some("model:quality/claude/u2"))], new: []"#]],
        );
    }
    check(
        group([deployment("claude", Some("another"))]),
        Some(&ModelGroup {
            deployments: vec![ModelDeployment {
                key: Some("model:quality/claude/u1".to_owned()),
                ..known.deployments[0].clone()
            }],
            ..known.clone()
        }),
        expect![[
            r#"[("claude", Some("model:quality/claude/u2"))], new: [("claude", "model:quality/claude/u2")]"#
        ]],
    );
    let removed = ModelGroupStatus::Removed { at: schemas::Timestamp::from_millis(0) };
    check(
        group([deployment("claude", None)]),
        Some(&ModelGroup { status: removed, ..known }),
        expect!["`deployments` has `claude`, which needs a key"],
    );
}

/// Whoever may say where a model is called could read its key there.
#[test]
fn nobodys_key_goes_to_another_place_unseen() {
    let known = known();
    let elsewhere = |key| WishedDeployment {
        base_url: Some("https://evil.example".to_owned()),
        ..deployment("claude", key)
    };
    let vendor =
        |key| WishedDeployment { vendor: ModelVendor::OpenAi, ..deployment("claude", key) };
    for moved in [elsewhere(None), vendor(None)] {
        check(
            group([moved]),
            Some(&known),
            expect![
                "`deployments` has `claude`, whose key must be said again, since it is called elsewhere"
            ],
        );
    }
    for said in [elsewhere(Some("the-same")), vendor(Some("another"))] {
        check(
            group([said]),
            Some(&known),
            expect![[
                r#"[("claude", Some("model:quality/claude/u2"))], new: [("claude", "model:quality/claude/u2")]"#
            ]],
        );
    }
    let renamed = group([elsewhere(None), deployment("other", Some("k-other"))]);
    let renamed = WishedModelGroup {
        deployments: renamed.deployments.into_iter().skip(1).collect(),
        ..renamed
    };
    check(
        renamed,
        Some(&known),
        expect![[
            r#"[("other", Some("model:quality/other/u2"))], new: [("other", "model:quality/other/u2")]"#
        ]],
    );
}

#[test]
fn who_is_called_otherwise_keeps_their_key_where_they_are() {
    let known = known();
    check(
        group([deployment("sonnet", None)]),
        Some(&known),
        expect![[r#"[("sonnet", Some("model:quality/claude/u2"))], new: []"#]],
    );
    check(
        group([deployment("claude", None), deployment("second", None)]),
        Some(&known),
        expect!["`deployments` has `second`, which needs a key"],
    );
}

#[test]
fn a_server_of_ones_own_may_need_no_key() {
    let own = WishedDeployment {
        base_url: Some("http://10.0.0.7:8000/v1".to_owned()),
        vendor: ModelVendor::OpenAi,
        ..deployment("own", None)
    };
    let ollama = WishedDeployment { vendor: ModelVendor::Ollama, ..deployment("llama", None) };
    check(group([own, ollama]), None, expect![[r#"[("own", None), ("llama", None)], new: []"#]]);
}

#[test]
fn all_that_is_wrong_is_named_at_once() {
    let wrong = WishedModelGroup {
        fallbacks: ["fast", "fast", "none", "quality"].map(str::to_owned).into(),
        ..group([
            deployment("claude", None),
            WishedDeployment { model: String::new(), ..deployment("claude", Some("k")) },
            deployment("long", Some(&"k".repeat(KEY_BYTES_MAX + 1))),
        ])
    };
    check(
        wrong,
        None,
        expect![[r#"
            `fallbacks` names `fast` twice
            `fallbacks` names `none`, and there is no such group
            `fallbacks` names the group itself
            `deployments` has `claude`, which needs a key
            `deployments` `claude`: no model
            `deployments` has two that are named `claude`
            `deployments` has `long` with a key that is longer than 4096 bytes"#]],
    );
    check(group([]), None, expect!["`deployments` has none: a group needs a model"]);
    let many = WishedModelGroup {
        deployments: (0..9).map(|n| deployment(&format!("d{n}"), Some("k"))).collect(),
        ..group([])
    };
    check(many, None, expect!["`deployments` has more than 8"]);
}
