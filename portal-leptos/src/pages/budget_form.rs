//! The form of a budget, a tenant's or an agent's.

use desk::{DeskError, FieldProblem};
use leptos::prelude::*;
use portal_ui::{Problem, SubmitButton, TextField, Variant, format::dollars};
use schemas::Budget;

use super::{
    amounts::{micros_again, typed_dollars},
    form::{fingerprint, problem_of, wrong},
};

const DAILY: &str = "daily_budget";
const MONTHLY: &str = "monthly_budget";

/// What was typed into its two fields.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TypedBudget<'a> {
    pub(crate) daily: Option<&'a str>,
    pub(crate) monthly: Option<&'a str>,
    /// What tells the budget that the form was made from; nothing where none was sent.
    pub(crate) seen: Option<&'a str>,
}

impl TypedBudget<'_> {
    /// What to say where another budget is stored than the form was made from, with what tells it.
    pub(crate) fn overtaken(self, stored: Budget) -> Option<(Problem, String)> {
        let now = fingerprint(&stored);
        self.seen.filter(|seen| *seen != now)?;
        let [day, month] = [stored.daily_micros, stored.monthly_micros]
            .map(|micros| micros.map_or("none".to_owned(), dollars));
        let message = format!(
            "Somebody else changed this budget while you typed. What is stored now: {day} a day, \
             {month} a month. Save again, and what stands here takes its place"
        );
        Some((wrong("", message), now))
    }

    /// The budget that is meant; what was left as it stood is as it is stored.
    pub(crate) fn over(self, stored: Budget) -> Result<Budget, DeskError> {
        let daily = micros_again(DAILY, self.daily, stored.daily_micros);
        let monthly = micros_again(MONTHLY, self.monthly, stored.monthly_micros);
        match (daily, monthly) {
            (Ok(daily_micros), Ok(monthly_micros)) => Ok(Budget { daily_micros, monthly_micros }),
            (daily, monthly) => {
                let wrong = [daily.err(), monthly.err()].into_iter().flatten();
                Err(DeskError::Invalid(wrong.collect::<Vec<FieldProblem>>()))
            }
        }
    }
}

/// The form, with what was typed, or what is stored. The hints are those of a day and of a month.
pub(crate) fn budget_form(
    action: String,
    (stored, typed): (&Budget, TypedBudget<'_>),
    [of_day, of_month]: [String; 2],
    problems: &[Problem],
) -> AnyView {
    let value = |typed: Option<&str>, stored: Option<u64>| {
        typed.map(str::to_owned).or(stored.map(typed_dollars)).unwrap_or_default()
    };
    let daily = value(typed.daily, stored.daily_micros);
    let monthly = value(typed.monthly, stored.monthly_micros);
    let seen = typed.seen.map_or_else(|| fingerprint(stored), str::to_owned);
    let [day_error, month_error] = [DAILY, MONTHLY].map(|field| problem_of(problems, field));
    view! {
        <form method="post" action=action class="stack" novalidate>
            <input type="hidden" name="seen" value=seen />
            <TextField
                name=DAILY
                label="Dollars a day"
                hint=of_day
                value=daily
                error=day_error
            />
            <TextField
                name=MONTHLY
                label="Dollars a month"
                hint=of_month
                value=monthly
                error=month_error
            />
            <div class="form-actions">
                <SubmitButton variant=Variant::Plain>"Set the budget"</SubmitButton>
            </div>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_both_fields_is_said_at_once() {
        let stored = Budget { daily_micros: Some(1_234_567), monthly_micros: Some(50_000_000) };
        let typed = |daily, monthly| TypedBudget {
            daily: Some(daily),
            monthly: Some(monthly),
            ..TypedBudget::default()
        };
        let left = typed("1.23", "60").over(stored).unwrap();
        let want = Budget { daily_micros: Some(1_234_567), monthly_micros: Some(60_000_000) };
        assert_eq!(left, want);
        let wrong = typed("many", "-1").over(stored).unwrap_err();
        let DeskError::Invalid(problems) = wrong else { panic!("{wrong:?}") };
        let fields: Vec<_> = problems.iter().map(|it| it.field).collect();
        assert_eq!(fields, [DAILY, MONTHLY]);
        assert_eq!(TypedBudget::default().over(stored).unwrap(), Budget::default());
    }

    #[test]
    fn who_comes_second_reads_what_the_first_one_stored() {
        let before = Budget { daily_micros: Some(5_000_000), monthly_micros: None };
        let after = Budget { daily_micros: Some(7_500_000), monthly_micros: None };
        let seen = fingerprint(&before);
        let typed = TypedBudget { seen: Some(&seen), ..TypedBudget::default() };
        assert!(typed.overtaken(before).is_none());
        let (problem, now) = typed.overtaken(after).unwrap();
        let want = "Somebody else changed this budget while you typed. What is stored now: $7.50 a \
                    day, none a month. Save again, and what stands here takes its place";
        assert_eq!(problem.message, want);
        let again = TypedBudget { seen: Some(&now), ..typed };
        assert!(again.overtaken(after).is_none());
        assert!(TypedBudget::default().overtaken(after).is_none());
    }
}
