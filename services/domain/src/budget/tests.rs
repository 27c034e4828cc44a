use expect_test::{Expect, expect};
use proptest::prelude::*;
use schemas::TenantStatus;

use super::*;

fn mara() -> AgentId {
    "mara".parse().unwrap()
}

fn budget(daily: u64, monthly: u64) -> Budget {
    let set = |micros: u64| (micros != u64::MAX).then_some(micros);
    Budget { daily_micros: set(daily), monthly_micros: set(monthly) }
}

fn budgets(tenant: Budget, agent: Budget) -> Budgets {
    Budgets { tenant, agent: Some((mara(), agent)) }
}

const NONE: u64 = u64::MAX;

fn day() -> Day {
    Day::new(20_261_121).unwrap()
}

/// Reserves these one after the other, and shows what becomes of each.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(budgets: &Budgets, calls: &[u64], want: Expect) {
    let (limits, mut ledger) = (budgets.limits(day()), Ledger::default());
    let line = |micros: &u64| match ledger.reserve(&limits, *micros) {
        Ok(()) => format!("{micros}: admitted\n"),
        Err(met) => {
            let resets = met.resets_at.map_or("never".to_owned(), |at| at.to_string());
            format!("{micros}: over {} of {}, {resets}\n", in_words(&met), met.limit_micros)
        }
    };
    want.assert_eq(&calls.iter().map(line).collect::<String>());
}

#[test]
fn a_call_fits_every_budget_or_it_is_not_made() {
    check(
        &budgets(budget(NONE, NONE), budget(NONE, NONE)),
        &[u64::MAX, u64::MAX],
        expect![[r#"
        18446744073709551615: admitted
        18446744073709551615: admitted
    "#]],
    );
    check(
        &budgets(budget(10, NONE), budget(NONE, NONE)),
        &[4, 6, 1, 0],
        expect![[r#"
        4: admitted
        6: admitted
        1: over the tenant's budget of the day of 10, 2026-11-22T00:00:00.000Z
        0: over the tenant's budget of the day of 10, 2026-11-22T00:00:00.000Z
    "#]],
    );
    check(
        &budgets(budget(100, 200), budget(NONE, 10)),
        &[4, 7, 6],
        expect![[r#"
        4: admitted
        7: over mara's budget of the month of 10, 2026-12-01T00:00:00.000Z
        6: admitted
    "#]],
    );
    // Of two that are over, the one that lasts longer: sooner there is no answer.
    check(
        &budgets(budget(5, 6), budget(NONE, NONE)),
        &[4, 3],
        expect![[r#"
        4: admitted
        3: over the tenant's budget of the month of 6, 2026-12-01T00:00:00.000Z
    "#]],
    );
    // What is larger than the whole budget never fits.
    check(
        &budgets(budget(5, NONE), budget(NONE, 0)),
        &[6, 1, 0],
        expect![[r#"
        6: over mara's budget of the month of 0, never
        1: over mara's budget of the month of 0, never
        0: over mara's budget of the month of 0, never
    "#]],
    );
}

#[test]
fn a_refused_call_takes_nothing_anywhere() {
    let all = budgets(budget(NONE, 100), budget(5, NONE)).limits(day());
    let mut ledger = Ledger::default();
    ledger.reserve(&all, 5).unwrap();
    let before = ledger.clone();
    ledger.reserve(&all, 5).unwrap_err();
    assert_eq!(ledger, before);
}

#[test]
fn only_what_is_set_is_counted_and_each_period_by_itself() {
    let all = budgets(budget(1, 2), budget(3, 4));
    let names: Vec<_> = all.limits(day()).iter().map(|it| it.scope.to_string()).collect();
    let want = ["day 20261121", "month 20261101", "day 20261121 mara", "month 20261101 mara"];
    assert_eq!(names, want);
    for name in want {
        assert_eq!(name.parse::<Scope>().unwrap().to_string(), name);
    }
    for wrong in
        ["", "day", "year 20261121", "day 20261321", "day 20261121 a.b", "day 20261121 a b"]
    {
        assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
    }
    let few = budgets(budget(NONE, 2), budget(NONE, NONE));
    let names: Vec<_> = few.limits(day()).iter().map(|it| it.scope.to_string()).collect();
    assert_eq!(names, ["month 20261101"]);
    let tomorrow = Scope::new(None, BudgetPeriod::Day, day().plus(1));
    assert_ne!(tomorrow, Scope::new(None, BudgetPeriod::Day, day()));
    let month = Scope::new(None, BudgetPeriod::Month, day().plus(3));
    assert_eq!(month, Scope::new(None, BudgetPeriod::Month, day()));
    assert_eq!(month.resets_at().to_string(), "2026-12-01T00:00:00.000Z");
}

#[test]
fn a_tenant_and_its_agent_have_budgets_of_their_own() {
    let tenant = Tenant {
        id: "acme".parse().unwrap(),
        name: "Acme".to_owned(),
        limits: schemas::Limits::default(),
        budget: Budget::default(),
        status: TenantStatus::Active,
    };
    assert!(Budgets::of(&tenant, None).is_unset());
    let agent =
        Agent { id: mara(), draft: None, published: None, budget: budget(7, NONE), retired: false };
    let both = Budgets::of(&tenant, Some(&agent));
    assert!(!both.is_unset());
    assert_eq!(both.limits(day()).len(), 1);
}

#[test]
fn a_budget_of_nothing_is_used_from_the_first() {
    let cases = [(100, 79, 79), (100, 80, 80), (0, 0, 100), (1, u64::MAX, u64::MAX)];
    for (limit, used, want) in cases {
        assert_eq!(percent_used(limit, used), want, "{used} of {limit}");
    }
}

/// What happens to calls, in any order: one begins, or one of those under way ends.
#[derive(Clone, Debug)]
enum Happens {
    Begins { micros: u64, of_agent: bool, days: i64 },
    Ends { which: usize, part: u64 },
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        (0..40_u64, any::<bool>(), 0..3_i64).prop_map(|(micros, of_agent, days)| Happens::Begins {
            micros,
            of_agent,
            days
        }),
        (any::<usize>(), 0..=100_u64).prop_map(|(which, part)| Happens::Ends { which, part }),
    ]
}

proptest! {
    /// A call costs no more than what was reserved for it.
    #[test]
    fn nothing_is_ever_over_a_budget(
        limits in proptest::array::uniform4(proptest::option::of(0..100_u64)),
        story in proptest::collection::vec(happens(), 0..80),
    ) {
        let [a, b, c, d] = limits;
        let budget = |daily_micros, monthly_micros| Budget { daily_micros, monthly_micros };
        let with = Budgets { tenant: budget(a, b), agent: Some((mara(), budget(c, d))) };
        let without = Budgets { tenant: budget(a, b), agent: None };
        let mut ledger = Ledger::default();
        let mut under_way: Vec<(Vec<Limit>, u64)> = Vec::new();
        let mut seen: Vec<Limit> = Vec::new();
        for it in story {
            match it {
                Happens::Begins { micros, of_agent, days } => {
                    let budgets = if of_agent { &with } else { &without };
                    let limits = budgets.limits(Day::new(20_261_129).unwrap().plus(days));
                    seen.extend(limits.iter().cloned());
                    if ledger.reserve(&limits, micros).is_ok() {
                        under_way.push((limits, micros));
                    }
                }
                Happens::Ends { which, part } if !under_way.is_empty() => {
                    let (limits, held) = under_way.swap_remove(which % under_way.len());
                    ledger.settle(limits.iter().map(|it| &it.scope), held, held * part / 100);
                }
                Happens::Ends { .. } => {}
            }
            for Limit { scope, micros } in &seen {
                prop_assert!(ledger.sum(scope).total() <= *micros, "{scope}");
            }
        }
        for (limits, held) in under_way {
            ledger.settle(limits.iter().map(|it| &it.scope), held, 0);
        }
        for limit in &seen {
            prop_assert_eq!(ledger.sum(&limit.scope).reserved, 0);
        }
    }
}
