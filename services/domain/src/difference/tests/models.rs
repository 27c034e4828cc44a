//! Model groups, field by field.

use schemas::{
    ModelGroup, ModelGroupStatus, Timestamp,
    directory::{ModelChoice, ModelDeployment, ModelPrice, ModelVendor},
};

use super::*;

fn group(key: &str) -> ModelGroup {
    let deployment = ModelDeployment {
        name: "claude".to_owned(),
        vendor: ModelVendor::Anthropic,
        model: "claude-sonnet-5-5".to_owned(),
        base_url: None,
        key: Some(key.to_owned()),
        weight: None,
        context_window: None,
        max_output_tokens: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        tools: None,
        json_schema: None,
        vision: None,
        price: None,
    };
    ModelGroup {
        id: "quality".parse().unwrap(),
        choose: ModelChoice::Order,
        fallbacks: Vec::new(),
        deployments: vec![deployment],
        status: ModelGroupStatus::Active,
    }
}

#[test]
fn a_model_group_field_by_field_and_no_name_of_a_key() {
    let before = group("model:quality/claude/u1");
    check(of_model_group(Some(&before), &before), expect![""]);
    check(
        of_model_group(Some(&before), &group("model:quality/claude/u2")),
        expect![[r#"deployments: Some("a key") -> "another key""#]],
    );
    let deployment = ModelDeployment {
        weight: Some(3),
        tools: Some(false),
        price: Some(ModelPrice { input: 200_000, output: 600_000, cache_read: None }),
        ..before.deployments[0].clone()
    };
    let after = ModelGroup {
        choose: ModelChoice::Weight,
        fallbacks: vec!["fast".to_owned()],
        deployments: vec![deployment],
        status: ModelGroupStatus::Removed { at: Timestamp::from_millis(0) },
        ..before.clone()
    };
    check(
        of_model_group(Some(&before), &after),
        expect![[r#"
            choose: Some("order") -> "weight"
            fallbacks: Some("") -> "fast"
            deployments: Some("claude\nvendor: anthropic\nmodel: claude-sonnet-5-5\nkey: a key") -> "claude\nvendor: anthropic\nmodel: claude-sonnet-5-5\nkey: a key\nweight: 3\ntools: no\nprice: 200000 read, 600000 written (micro-dollars for a million tokens)"
            status: Some("active") -> "removed""#]],
    );
}
