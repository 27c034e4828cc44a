//! What `/metrics` says of calls to models, under the names that OpenTelemetry's conventions have in
//! Prometheus.

use std::collections::BTreeSet;

use expect_test::expect;
use konstruct_tests::fake_llm::Behaviour;

use crate::{House, question};

/// The series of calls to models, without the buckets; of times only how many there are.
async fn series(house: &House) -> anyhow::Result<String> {
    let metrics = reqwest::get(format!("{}/metrics", house.it.admin())).await?.text().await?;
    let is_ours = |line: &&str| line.starts_with("gen_ai_") || line.starts_with("konstruct_llm_");
    let is_steady = |line: &&str| !line.contains("_bucket{") && !line.contains("_seconds_sum{");
    let lines: BTreeSet<_> = metrics.lines().filter(is_ours).filter(is_steady).collect();
    Ok(lines.into_iter().flat_map(|line| [line, "\n"]).collect())
}

#[tokio::test]
async fn calls_are_measured_under_the_names_of_the_conventions() -> anyhow::Result<()> {
    let house = House::new().await?;
    house.ask(&question()).await?.error_for_status()?;
    house.it.llm.script([Behaviour::status(401, "")]);
    house.ask(&question()).await?;
    expect![[r#"
        gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="fake-model",error_type="credential_dead"} 1
        gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="fake-model",gen_ai_response_model="fake-model"} 1
        gen_ai_client_operation_time_to_first_chunk_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="fake-model",gen_ai_response_model="fake-model"} 1
        gen_ai_client_token_usage_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="fake-model",gen_ai_response_model="fake-model",gen_ai_token_type="input"} 1
        gen_ai_client_token_usage_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="fake-model",gen_ai_response_model="fake-model",gen_ai_token_type="output"} 1
        gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="fake-model",gen_ai_response_model="fake-model",gen_ai_token_type="input"} 3
        gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="fake-model",gen_ai_response_model="fake-model",gen_ai_token_type="output"} 4
        konstruct_llm_attempts_total{deployment="quality/openai",outcome="completed"} 1
        konstruct_llm_attempts_total{deployment="quality/openai",outcome="credential_dead"} 1
        konstruct_llm_cost_unknown_total{deployment="quality/openai"} 1
    "#]].assert_eq(&series(&house).await?);
    let metrics = reqwest::get(format!("{}/metrics", house.it.admin())).await?.text().await?;
    for bucket in [
        r#"gen_ai_client_operation_duration_seconds_bucket{"#,
        r#"gen_ai_client_operation_time_to_first_chunk_seconds_bucket{"#,
        r#"gen_ai_client_token_usage_bucket{"#,
    ] {
        assert!(metrics.contains(bucket), "{bucket} in {metrics}");
    }
    for end in [r#"le="81.92""#, r#"le="67108864""#] {
        assert!(metrics.contains(end), "{end} in {metrics}");
    }
    Ok(())
}
