//! What programs use is counted, and paid out of their tenant's budget.

use std::time::Duration;

use konstruct_tests::{installation::acme, postgres::raw, wait::until};
use reqwest::StatusCode;
use serde_json::Value;

use crate::{House, question};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Calls, tokens and cost of programs, once there are so many calls.
pub(crate) async fn used(house: &House, calls: i64) -> anyhow::Result<(i64, i64, i64)> {
    let admin = raw(&house.it.database.superuser_url()).await?;
    let sql = "select coalesce(sum(calls), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint,
                      coalesce(sum(cost_micros), 0)::bigint
                 from trial_usage where tenant_id = 'acme' and agent_id = ''";
    let counted = || async {
        let row = admin.query_one(sql, &[]).await?;
        Ok(calls <= row.get::<_, i64>(0))
    };
    until(PATIENCE, "what programs used", counted).await?;
    let row = admin.query_one(sql, &[]).await?;
    Ok((row.get(0), row.get(1), row.get(2)))
}

/// How many calls of programs have a cost that is not known.
pub(crate) async fn unpriced(house: &House) -> anyhow::Result<i64> {
    let admin = raw(&house.it.database.superuser_url()).await?;
    let sql = "select sum(unpriced)::bigint from trial_usage where agent_id = ''";
    Ok(admin.query_one(sql, &[]).await?.get(0))
}

/// What is settled and what is reserved of the tenant's budget of this month.
pub(crate) async fn spend(house: &House) -> anyhow::Result<(i64, i64)> {
    let admin = raw(&house.it.database.superuser_url()).await?;
    let sql = "select coalesce(sum(settled_micros), 0)::bigint,
                      coalesce(sum(reserved_micros), 0)::bigint from spend
                where tenant_id = 'acme'";
    let row = admin.query_one(sql, &[]).await?;
    Ok((row.get(0), row.get(1)))
}

#[tokio::test]
async fn what_a_program_uses_is_in_its_tenants_usage() -> anyhow::Result<()> {
    let house = House::new().await?;
    house.ask(&question()).await?.error_for_status()?;
    let mut streamed = question();
    streamed["stream"] = true.into();
    house.ask(&streamed).await?.error_for_status()?.text().await?;
    assert_eq!(used(&house, 2).await?, (2, 8, 0), "its model has no price");
    Ok(())
}

#[tokio::test]
async fn what_a_budget_has_no_room_for_is_insufficient_quota() -> anyhow::Result<()> {
    let house = House::with_model("gpt-5.4-mini").await?;
    let budget = |micros: u64| {
        let budget = format!("    budget: {{ monthly_micros: {micros} }}\n    limits:");
        acme().replace("    limits:", &budget)
    };
    house.it.apply(&budget(100_000_000)).await?;
    house.ask(&question()).await?.error_for_status()?;
    let (calls, _, cost) = used(&house, 1).await?;
    assert!(calls == 1 && 0 < cost, "{cost}");

    house.it.apply(&budget(1)).await?;
    let heard =
        || async { Ok(house.ask(&question()).await?.status() == StatusCode::TOO_MANY_REQUESTS) };
    until(PATIENCE, "the budget is heard of", heard).await?;
    let asked = house.it.llm.requests().len();
    for is_streamed in [false, true] {
        let mut body = question();
        body["stream"] = is_streamed.into();
        let told = house.ask(&body).await?;
        assert_eq!(told.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(!told.headers().contains_key("retry-after"));
        let error: Value = told.json().await?;
        assert_eq!(error["error"]["type"], "insufficient_quota");
        assert_eq!(error["error"]["code"], "insufficient_quota");
    }
    assert_eq!(house.it.llm.requests().len(), asked, "nobody is called");
    Ok(())
}
