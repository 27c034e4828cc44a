//! What was spent, on the pages where somebody looks first: whatever spent it, and whenever its budget
//! was set.

use domain::{access::PlatformRole, day::Day};
use konstruct_tests::postgres::raw;
use store::prune::prune;
use views::{AttentionKind, Counts, Home, PlatformGroup};

use crate::{
    at, tenant,
    views::{Town, person, town, viewer},
};

/// Answers of one agent, trials of its drafts and programs; today is 14 November 2023.
const USED: &str = "
    insert into p_usage values
        ('acme', 20231114, 'mara', 1, 'm', 1, 1, 0, 0, 0, 0, 10, 5, 60, 0, '{}'),
        ('acme', 20231101, 'mara', 1, 'm', 2, 2, 0, 0, 0, 0, 20, 9, 240, 0, '{}');
    insert into p_month values ('acme', 202311, 3, 3, 0, 0, 0, 0, 30, 14, 300);
    insert into p_day values
        (20231114, 'm', 1, 1, 0, 0, 0, 0, 10, 5, 60, 0, '{}'),
        (20231101, 'm', 2, 2, 0, 0, 0, 0, 20, 9, 240, 0, '{}');
    insert into trial_usage values
        ('acme', 20231114, '', 'm', 2, 1, 20, 7, 500),
        ('acme', 20231114, 'mara', 'm', 1, 0, 2, 1, 25),
        ('acme', 20231101, 'mara', 'm', 1, 0, 1, 1, 75),
        ('acme', 20231031, 'mara', 'm', 1, 0, 0, 0, 7000);";

async fn run(town: &Town, sql: &str) {
    raw(&town.world.test.superuser_url()).await.unwrap().batch_execute(sql).await.unwrap();
}

/// The budgets that need somebody, with the per cent used of each.
fn budgets(home: &Home) -> Vec<(AttentionKind, u64, &str)> {
    let is_budget = |kind| matches!(kind, AttentionKind::BudgetSpent | AttentionKind::BudgetNear);
    let all = home.attention.iter().filter(|it| is_budget(it.kind));
    all.map(|it| (it.kind, it.count, it.detail.as_str())).collect()
}

#[tokio::test]
async fn what_trials_and_programs_used_is_part_of_every_sum() {
    let town = town().await;
    town.directory(&["acme", "other"]).await;
    run(&town, USED).await;
    let budget = r#"update p_tenant set state = state || '{"budget": {"monthly_micros": 1000}}'"#;
    run(&town, budget).await;

    let today = Counts {
        messages: 1,
        answered: 1,
        unpriced: 1,
        input_tokens: 32,
        output_tokens: 13,
        cost_micros: 585,
        ..Counts::default()
    };
    let month = Counts {
        messages: 3,
        answered: 3,
        unpriced: 1,
        input_tokens: 53,
        output_tokens: 23,
        cost_micros: 900,
        ..Counts::default()
    };
    let home = town.views.home(&viewer(), &tenant("acme"), at(0)).await.unwrap();
    assert_eq!((home.vitals.today, home.vitals.month), (today, month));
    assert_eq!(budgets(&home), [(AttentionKind::BudgetNear, 90, "")]);
    let line = town.views.tenant(&viewer(), &tenant("acme"), at(0)).await.unwrap();
    assert_eq!(line.cost_micros_month, 900, "its settings say the same");

    let staff = person(Some(PlatformRole::Engineer), &[]);
    let all = town.views.installation(&staff, at(0)).await.unwrap();
    assert_eq!((all.today, all.month), (today, month));
    let day = |number| Day::new(number).unwrap();
    let by_day = async || {
        let days = day(20_231_031)..=day(20_231_114);
        let usage = town.views.usage_of_all(&staff, PlatformGroup::Day, days).await.unwrap();
        let row = |row: &views::UsageRow| (row.key.clone(), row.counts.cost_micros);
        usage.rows.iter().map(row).collect::<Vec<_>>()
    };
    let want = [("20231031", 7000), ("20231101", 315), ("20231114", 585)];
    assert_eq!(by_day().await, want.map(|(day, cost)| (day.to_owned(), cost)));
    // The sweeper adds changes to their days, each once.
    let platform = &town.world.platform;
    let (one, other) = tokio::join!(prune(platform, "a", at(0)), prune(platform, "b", at(0)));
    assert_eq!(one.unwrap().trials + other.unwrap().trials, 4);
    run(&town, "update trial_usage set cost_micros = 8000 where day = 20231031").await;
    assert_eq!(prune(platform, "a", at(0)).await.unwrap().trials, 1);
    let want = [("20231031", 8000), ("20231101", 315), ("20231114", 585)];
    assert_eq!(by_day().await, want.map(|(day, cost)| (day.to_owned(), cost)));
    let near: Vec<_> = all.budgets.iter().map(|it| (it.tenant.id.as_str(), it.percent)).collect();
    assert_eq!(near, [("acme", 90)]);

    // What is settled counts where it is more, as for whoever asks for room.
    let settled = "
        insert into spend values ('other', 'month 20231101', 1000, 1200, 0, null, 0),
                                 ('acme', 'month 20231101', 1000, 100, 0, null, 0),
                                 ('acme', 'month 20231001', 1000, 9000, 0, null, 0)";
    run(&town, settled).await;
    let all = town.views.installation(&staff, at(0)).await.unwrap();
    let near: Vec<_> = all.budgets.iter().map(|it| (it.tenant.id.as_str(), it.percent)).collect();
    assert_eq!(near, [("other", 120), ("acme", 90)]);
}

#[tokio::test]
async fn tenants_are_added_up_over_the_month_of_the_last_day_and_the_dearest_come_first() {
    let town = town().await;
    town.directory(&["acme", "beta", "other"]).await;
    run(&town, USED).await;
    let others = "
        insert into p_usage values
            ('beta', 20231130, 'mara', 1, 'm', 4, 3, 1, 0, 0, 0, 8, 4, 5000, 0, '{}'),
            ('beta', 20231201, 'mara', 1, 'm', 1, 1, 0, 0, 0, 0, 1, 1, 9, 0, '{}');
        insert into p_month values ('beta', 202311, 4, 3, 1, 0, 0, 0, 8, 4, 5000),
                                   ('beta', 202312, 1, 1, 0, 0, 0, 0, 1, 1, 9);
        insert into p_day values (20231130, 'm', 4, 3, 1, 0, 0, 0, 8, 4, 5000, 0, '{}'),
                                 (20231201, 'm', 1, 1, 0, 0, 0, 0, 1, 1, 9, 0, '{}');
        insert into trial_usage values ('other', 20231102, '', 'm', 1, 1, 0, 0, 0);
        update trial_usage set unpriced = 0, cost_micros = 950
         where tenant_id = 'other' and day = 20231102";
    run(&town, others).await;
    let staff = person(Some(PlatformRole::Engineer), &[]);
    let day = |number| Day::new(number).unwrap();
    let days = day(20_231_020)..=day(20_231_114);
    let usage = town.views.usage_of_all(&staff, PlatformGroup::Tenant, days).await.unwrap();
    assert_eq!((usage.from, usage.to), (day(20_231_101), day(20_231_130)));
    let rows: Vec<_> = usage.rows.iter().map(|row| (row.key.as_str(), row.counts)).collect();
    let beta = Counts {
        messages: 4,
        answered: 3,
        failed: 1,
        input_tokens: 8,
        output_tokens: 4,
        cost_micros: 5000,
        ..Counts::default()
    };
    let other = Counts { cost_micros: 950, ..Counts::default() };
    let acme = Counts {
        messages: 3,
        answered: 3,
        unpriced: 1,
        input_tokens: 53,
        output_tokens: 23,
        cost_micros: 900,
        ..Counts::default()
    };
    assert_eq!(rows, [("beta", beta), ("other", other), ("acme", acme)]);
    assert_eq!(usage.total.counts.cost_micros, 6850);
}

#[tokio::test]
async fn an_agents_budget_that_is_over_as_it_is_set_needs_somebody() {
    let town = town().await;
    town.directory(&["acme"]).await;
    run(&town, USED).await;
    // Somebody else's.
    let others = "
        insert into p_usage values
            ('acme', 20231114, 'otto', 1, 'm', 1, 1, 0, 0, 0, 0, 0, 0, 5000, 0, '{}')";
    run(&town, others).await;
    let home = async |daily: u64, monthly: u64| {
        let sql = format!(
            r#"update p_agent set state = state ||
               '{{"budget": {{"daily_micros": {daily}, "monthly_micros": {monthly}}}}}'"#
        );
        run(&town, &sql).await;
        town.views.home(&viewer(), &tenant("acme"), at(0)).await.unwrap()
    };
    assert_eq!(budgets(&home(1_000, 1_000).await), []);
    let want = [
        (AttentionKind::BudgetSpent, 100, "The budget of mara for this month"),
        (AttentionKind::BudgetNear, 85, "The budget of mara for today"),
    ];
    assert_eq!(budgets(&home(100, 400).await), want);
}
