//! A budget that is used up is said where somebody looks first.

use konstruct_tests::{
    installation::{Installation, acme},
    postgres::raw,
};

use crate::{running, visitor::hidden};

/// Today and tomorrow, as `at`: a page may be asked after midnight (UTC), and tells of its own day then.
const DAYS: &str = "
    (values (now() at time zone 'utc'), ((now() at time zone 'utc') + interval '1 day'))
    as days (at)";

/// So much was spent this month, as the projector adds it up.
pub(crate) fn spent(micros: i64) -> String {
    format!(
        "insert into p_month (tenant_id, month, messages, answered, failed, throttled, uncertain,
                              unpriced, input_tokens, output_tokens, cost_micros)
         select distinct 'acme', to_char(at, 'YYYYMM')::int, 1, 1, 0, 0, 0, 0, 1, 1, {micros}
           from {DAYS}
         on conflict (tenant_id, month) do update set cost_micros = excluded.cost_micros"
    )
}

async fn run(it: &Installation, sql: &str) -> anyhow::Result<()> {
    raw(&it.database.superuser_url()).await?.execute(sql, &[]).await?;
    Ok(())
}

#[tokio::test]
async fn who_looks_is_told_that_a_budget_is_nearly_or_wholly_used_up() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let (ada, eve) = (staff.administrator().await?, staff.viewer("acme").await?);
    let budget = [("daily_budget", "5"), ("monthly_budget", "10")];
    ada.post("/t/acme/settings/budget", &budget).await?;
    for (micros, want) in
        [(7_990_000, None), (8_400_000, Some("nearly used up")), (10_000_000, Some("used up"))]
    {
        run(&it, &spent(micros)).await?;
        let percent = micros / 100_000;
        let (own, all) = (eve.read("/t/acme").await?, ada.read("/").await?);
        let cents = micros / 10_000;
        let month = format!("${}.{:02} of $10.00", cents / 100, cents % 100);
        for meter in ["$0.00 of $5.00", month.as_str()] {
            assert!(own.contains(meter), "{meter}: {own}");
        }
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

#[tokio::test]
async fn budgets_of_a_day_and_of_an_agent_are_named() -> anyhow::Result<()> {
    let yaml = acme()
        .replace("    limits:", "    budget: { daily_micros: 100 }\n    limits:")
        .replace("slug: mara,", "slug: mara, budget: { monthly_micros: 50 },");
    let (it, staff) = running(&yaml).await?;
    let eve = staff.viewer("acme").await?;
    let home = eve.read("/t/acme").await?;
    assert!(!home.contains("The budget of today") && !home.contains("The budget of mara"));
    let sql = format!(
        "insert into spend (tenant_id, scope, limit_micros, settled_micros, reserved_micros,
                            asked_at_ms)
         select distinct 'acme', scope, 0, micros, 0, 0
           from {DAYS}
          cross join lateral (values (to_char(at, '\"day\" YYYYMMDD'), 84),
                                     (to_char(at, '\"month\" YYYYMM01 \"mara\"'), 50))
                as known (scope, micros)"
    );
    run(&it, &sql).await?;
    let home = eve.read("/t/acme").await?;
    let said = "The budget of today is nearly used up: 84 %";
    assert!(home.contains(said), "{home}");
    assert!(home.contains("The budget of mara for this month is used up: 100 %"), "{home}");
    Ok(())
}

#[tokio::test]
async fn what_an_agent_spends_stands_beside_what_it_may() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let (ada, eve) = (staff.administrator().await?, staff.viewer("acme").await?);
    let page = "/t/acme/agents/mara/budget";
    let none = eve.read(page).await?;
    assert_eq!(none.matches("$0.00, without a budget").count(), 2, "{none}");
    assert!(!none.contains("Set the budget"), "who looks on sets none: {none}");
    let sql = format!(
        "insert into p_usage (tenant_id, day, agent_id, agent_version, model, messages, answered,
                              failed, throttled, uncertain, unpriced, input_tokens, output_tokens,
                              cost_micros, latency_ms_sum, latency_buckets)
         select 'acme', to_char(at, 'YYYYMMDD')::int, 'mara', 1, 'm', 1, 1, 0, 0, 0, 0, 1, 1,
                1500000, 0, '{{}}'
           from {DAYS}"
    );
    run(&it, &sql).await?;
    for (daily, monthly, want) in [
        ("many", "10", "Daily budget is an amount in dollars"),
        ("1", "-1", "Monthly budget is an amount in dollars"),
        ("1", "99999999", "Monthly budget is more than anybody spends"),
    ] {
        let form = [("daily_budget", daily), ("monthly_budget", monthly)];
        let refused = ada.post(page, &form).await?;
        assert_eq!(refused.status(), 422);
        let told = refused.text().await?;
        assert!(told.contains(want), "{told}");
        for typed in [daily, monthly] {
            assert!(told.contains(&format!("value=\"{typed}\"")), "{typed} is lost: {told}");
        }
    }
    let set = ada.post(page, &[("daily_budget", "1.50"), ("monthly_budget", "10")]).await?;
    assert_eq!(set.status(), 303);
    let shown = eve.read(page).await?;
    assert!(shown.contains("$1.50 of $1.50, used up"), "{shown}");
    // The second, where midnight has passed meanwhile.
    let months = ["$1.50 of $10.00", "$3.00 of $10.00"];
    assert!(months.iter().any(|month| shown.contains(month)), "{shown}");
    let sql = format!(
        "insert into spend (tenant_id, scope, limit_micros, settled_micros, reserved_micros,
                            asked_at_ms)
         select distinct 'acme', to_char(at, '\"month\" YYYYMM01 \"mara\"'), 0, 4000000, 0, 0
           from {DAYS}"
    );
    run(&it, &sql).await?;
    let shown = eve.read(page).await?;
    assert!(shown.contains("$4.00 of $10.00"), "what is settled counts at once: {shown}");
    assert_eq!(ada.post(page, &[]).await?.status(), 303);
    assert_eq!(eve.read(page).await?.matches("without a budget").count(), 2, "taken away");
    Ok(())
}

#[tokio::test]
async fn who_comes_second_sees_the_first_ones_budget_before_theirs_takes_its_place()
-> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let ada = staff.administrator().await?;
    for (page, action) in [
        ("/t/acme/settings", "/t/acme/settings/budget"),
        ("/t/acme/agents/mara/budget", "/t/acme/agents/mara/budget"),
    ] {
        let of_both = hidden(&ada.read(page).await?, "seen")?;
        let first = [("seen", of_both.as_str()), ("daily_budget", "5"), ("monthly_budget", "")];
        assert_eq!(ada.post(action, &first).await?.status(), 303, "{page}");
        let mut second =
            [("seen", of_both.as_str()), ("daily_budget", "7"), ("monthly_budget", "9")];
        let refused = ada.post(action, &second).await?;
        assert_eq!(refused.status(), 422, "{page}");
        let told = refused.text().await?;
        let want = "Somebody else changed this budget while you typed. What is stored now: $5.00 a \
                    day, none a month.";
        assert!(told.contains(want), "{told}");
        for typed in ["value=\"7\"", "value=\"9\""] {
            assert!(told.contains(typed), "{typed} is lost: {told}");
        }
        assert!(ada.read(page).await?.contains("value=\"5\""), "{page}");
        let now = hidden(&told, "seen")?;
        second[0].1 = &now;
        assert_eq!(ada.post(action, &second).await?.status(), 303, "{page}");
        assert!(ada.read(page).await?.contains("value=\"7\""), "{page}");
    }
    Ok(())
}
