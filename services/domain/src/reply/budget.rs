//! What a person reads of budgets: that there is no answer and when there will be, and that there may
//! soon be none. Never an amount.

use schemas::{BudgetMet, BudgetPeriod, Timestamp};

use super::wait_in_words;
use crate::day::Day;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What a person reads in place of an answer that a budget has no room for.
pub fn over_budget(met: &BudgetMet, now: Timestamp) -> String {
    let budget = budget(met);
    let Some(resets_at) = met.resets_at else {
        return format!(
            "I'm sorry, I can't answer this: {budget} is too small for an answer. Your \
             administrator can raise it."
        );
    };
    let when = when(met.period, resets_at, now);
    format!(
        "I'm sorry, I can't answer this: {budget} is used up. Please ask me again {when}; your \
         administrator can raise the budget."
    )
}

/// The line under the answer that brought a budget near its end.
pub fn near_budget(met: &BudgetMet) -> String {
    let left = match met.period {
        BudgetPeriod::Day => "the rest of the day",
        BudgetPeriod::Month => "the rest of the month",
    };
    format!(
        "_By the way: most of {} is used. When it is used up, I can't answer for {left}._",
        budget(met)
    )
}

fn budget(met: &BudgetMet) -> String {
    let whose = if met.agent.is_some() { "my" } else { "your organization's" };
    let period = match met.period {
        BudgetPeriod::Day => "today",
        BudgetPeriod::Month => "this month",
    };
    format!("{whose} budget for {period}")
}

/// A day ends at another hour for everybody, so what is left of it is said; a month ends far enough
/// away for its date.
fn when(period: BudgetPeriod, at: Timestamp, now: Timestamp) -> String {
    let hours = at.since(now).as_secs().div_ceil(3_600);
    match period {
        BudgetPeriod::Month if 24 < hours => {
            let day = Day::of(at).number();
            let name = usize::try_from(day / 100 % 100).ok().and_then(|month| month.checked_sub(1));
            let name = name.and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
            format!("from {} {name} on", day % 100)
        }
        BudgetPeriod::Day | BudgetPeriod::Month if 2 < hours => format!("in {hours} hours"),
        BudgetPeriod::Day | BudgetPeriod::Month => wait_in_words(at, now),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::budget::Scope;

    fn met(agent: Option<&str>, period: BudgetPeriod) -> BudgetMet {
        let day = Day::new(20_261_121).unwrap();
        Scope::new(agent.map(|agent| agent.parse().unwrap()), period, day).met(5)
    }

    #[test]
    fn a_person_reads_which_budget_and_when_and_no_amount() {
        let at = |before_midnight_m: i64| {
            let midnight = Day::new(20_261_122).unwrap().start().as_millis();
            Timestamp::from_millis(midnight - before_midnight_m * 60_000)
        };
        let never = BudgetMet { resets_at: None, ..met(None, BudgetPeriod::Month) };
        let lines = [
            over_budget(&met(None, BudgetPeriod::Day), at(301)),
            over_budget(&met(Some("mara"), BudgetPeriod::Day), at(12)),
            over_budget(&met(None, BudgetPeriod::Month), at(12)),
            over_budget(&never, at(12)),
            near_budget(&met(None, BudgetPeriod::Month)),
            near_budget(&met(Some("mara"), BudgetPeriod::Day)),
        ];
        expect![[r#"
            I'm sorry, I can't answer this: your organization's budget for today is used up. Please ask me again in 6 hours; your administrator can raise the budget.
            I'm sorry, I can't answer this: my budget for today is used up. Please ask me again in 12 minutes; your administrator can raise the budget.
            I'm sorry, I can't answer this: your organization's budget for this month is used up. Please ask me again from 1 December on; your administrator can raise the budget.
            I'm sorry, I can't answer this: your organization's budget for this month is too small for an answer. Your administrator can raise it.
            _By the way: most of your organization's budget for this month is used. When it is used up, I can't answer for the rest of the month._
            _By the way: most of my budget for today is used. When it is used up, I can't answer for the rest of the day._"#]]
        .assert_eq(&lines.join("\n"));
    }
}
