//! Models of a tenant's own, as its programs meet them.

use konstruct_tests::{
    fake_llm::{Behaviour, FakeLlm},
    installation::acme,
    wait::until,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{House, budget::PATIENCE, question};

/// Tenant `acme` with a group `own` at that vendor.
fn with_own(llm: &FakeLlm) -> String {
    let group = format!(
        "    models:\n      - slug: own\n        deployments:\n          - {{ name: theirs, vendor: \
         openai, model: fake-model, base_url: \"{}/v1\", key: sk-of-acme }}\n    limits:",
        llm.url()
    );
    acme().replace("    limits:", &group)
}

async fn groups(house: &House) -> anyhow::Result<Vec<String>> {
    let url = format!("{}/models", house.base);
    let models: Value = house.client.get(url).bearer_auth(&house.key).send().await?.json().await?;
    let names = models["data"].as_array().into_iter().flatten();
    Ok(names.filter_map(|it| it["id"].as_str().map(str::to_owned)).collect())
}

/// The same model at the same place, with the tenant's key and with the installation's.
#[tokio::test]
async fn a_tenants_dead_key_rests_nobody_elses() -> anyhow::Result<()> {
    let house = House::new().await?;
    house.it.apply(&with_own(&house.it.llm)).await?;
    until(PATIENCE, "the group is there", || async {
        Ok(groups(&house).await? == ["fast", "own", "quality"])
    })
    .await?;
    let mut theirs = question();
    theirs["model"] = json!("own");
    house.it.llm.script([Behaviour::status(401, r#"{"error":{"code":"invalid_api_key"}}"#)]);
    let refused = house.ask(&theirs).await?;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let asked = house.it.llm.requests();
    let keys: Vec<_> = asked.iter().map(|it| it.header("authorization")).collect();
    assert_eq!(keys, [Some("Bearer sk-of-acme")]);

    let answer = house.ask(&question()).await?;
    assert_eq!(answer.status(), StatusCode::OK, "the installation's key is another");
    let asked = house.it.llm.requests();
    assert_eq!(asked.last().and_then(|it| it.header("authorization")), Some("Bearer sk-test"));

    let status = house.it.ok(&["llm", "status", "--admin", &house.it.admin()]).await?;
    let line = status.lines().find(|line| line.contains("acme: own/theirs"));
    assert!(line.is_some_and(|line| line.contains("resting")), "{status}");
    assert!(!status.contains("of-acme"), "{status}");
    Ok(())
}
