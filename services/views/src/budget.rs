//! How far the budget of a month is used.

use schemas::{Budget, Tenant};
use serde::{Deserialize, Serialize};

/// From so many per cent on, somebody should know.
pub(crate) const WARN_PERCENT: u64 = 80;

/// A tenant whose budget is nearly or wholly used up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetUse {
    /// The tenant.
    pub tenant: Tenant,
    /// How much is used; from 100 on, all of it.
    pub percent: u64,
}

/// How many per cent of the budget are used, where somebody should know; from 100 on it is used up.
/// Nothing is rounded up: 99 is not all.
pub(crate) fn worth_knowing(budget: Budget, spent_micros: u64) -> Option<u64> {
    let limit = budget.monthly_micros?;
    let percent = match u128::from(limit) {
        0 => 100,
        limit => u128::from(spent_micros) * 100 / limit,
    };
    let percent = u64::try_from(percent).unwrap_or(u64::MAX);
    (WARN_PERCENT <= percent).then_some(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_worth_a_word_from_80_per_cent_on() {
        let cases = [
            (None, 1_000, None),
            (Some(1_000), 0, None),
            (Some(1_000), 799, None),
            (Some(1_000), 800, Some(80)),
            (Some(1_000), 999, Some(99)),
            (Some(1_000), 1_000, Some(100)),
            (Some(1_000), 2_505, Some(250)),
            // Nothing may be spent.
            (Some(0), 0, Some(100)),
            (Some(1), u64::MAX, Some(u64::MAX)),
        ];
        for (monthly_micros, spent, want) in cases {
            let got = worth_knowing(Budget { monthly_micros }, spent);
            assert_eq!(got, want, "{spent} of {monthly_micros:?}");
        }
    }
}
