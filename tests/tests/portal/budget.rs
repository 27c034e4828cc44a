//! A budget that is used up is said where somebody looks first.

use konstruct_tests::{
    installation::{Installation, acme},
    postgres::raw,
};

use crate::running;

/// So much was spent this month, as the projector adds it up.
async fn spent(it: &Installation, micros: i64) -> anyhow::Result<()> {
    let sql = "
        insert into p_month (tenant_id, month, messages, answered, failed, throttled, uncertain,
                             unpriced, input_tokens, output_tokens, cost_micros)
        values ('acme', to_char(now() at time zone 'utc', 'YYYYMM')::int, 1, 1, 0, 0, 0, 0, 1, 1, $1)
        on conflict (tenant_id, month) do update set cost_micros = $1";
    raw(&it.database.superuser_url()).await?.execute(sql, &[&micros]).await?;
    Ok(())
}

#[tokio::test]
async fn who_looks_is_told_that_a_budget_is_nearly_or_wholly_used_up() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let (ada, eve) = (staff.administrator().await?, staff.viewer("acme").await?);
    ada.post("/t/acme/settings/budget", &[("monthly_budget", "10")]).await?;
    for (micros, want) in
        [(7_990_000, None), (8_400_000, Some("nearly used up")), (10_000_000, Some("used up"))]
    {
        spent(&it, micros).await?;
        let percent = micros / 100_000;
        let (own, all) = (eve.read("/t/acme").await?, ada.read("/").await?);
        match want {
            None => {
                assert!(!own.contains("The budget of this month is"), "{own}");
                assert!(!all.contains("The budget of"), "{all}");
            }
            Some(want) => {
                let said = format!("The budget of this month is {want}: {percent} %");
                assert!(own.contains(&said), "{own}");
                assert!(!own.contains("Nothing needs you"), "{own}");
                let said = format!("The budget of acme Ltd is {want} this month: {percent} %");
                assert!(all.contains(&said) && !all.contains("No reply is in doubt"), "{all}");
            }
        }
    }
    Ok(())
}
