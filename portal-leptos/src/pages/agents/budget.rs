//! What an agent may cost, and what it has cost.

use axum::{extract::Form, response::Response};
use desk::Permission;
use leptos::prelude::*;
use portal_ui::{Card, Definition, DefinitionList, FormErrors, Meter, Problem, format::dollars};
use schemas::BudgetPeriod;
use serde::Deserialize;
use views::AgentSpend;

use super::parts::{At, Bench, Place, header};
use crate::{
    pages::{
        budget_form::{TypedBudget, budget_form},
        form::{WITH_PROBLEMS, done, problems},
    },
    server::{error::PageError, render::Cx},
};

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    daily_budget: Option<String>,
    monthly_budget: Option<String>,
    seen: Option<String>,
}

impl Typed {
    fn budget(&self) -> TypedBudget<'_> {
        TypedBudget {
            daily: self.daily_budget.as_deref(),
            monthly: self.monthly_budget.as_deref(),
            seen: self.seen.as_deref(),
        }
    }
}

pub(super) async fn show(cx: Cx, at: At) -> Result<Response, PageError> {
    let shown = Shown::of(&cx, &at).await?;
    Ok(cx.page(&shown.title(&at), || shown.view(&at, &Typed::default(), Vec::new())))
}

pub(super) async fn submit(
    cx: Cx,
    at: At,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let shown = Shown::of(&cx, &at).await?;
    if let Some((problem, now)) = typed.budget().overtaken(shown.spend.budget) {
        let typed = Typed { seen: Some(now), ..typed };
        let view = || shown.view(&at, &typed, vec![problem]);
        return Ok(cx.page_with(WITH_PROBLEMS, &shown.title(&at), view));
    }
    let written = match typed.budget().over(shown.spend.budget) {
        Ok(budget) => cx.portal.desk.set_agent_budget(&cx.signed.principal, at.ids(), budget).await,
        Err(wrong) => Err(wrong),
    };
    match written {
        Ok(written) => {
            let said = "The budget is stored. It holds from the next call of a model on.";
            Ok(done(&at.path("/budget"), said, written))
        }
        Err(error) => {
            let problems = problems(error)?;
            let view = || shown.view(&at, &typed, problems);
            Ok(cx.page_with(WITH_PROBLEMS, &shown.title(&at), view))
        }
    }
}

/// What the page is made of.
struct Shown {
    bench: Bench,
    spend: AgentSpend,
    may_manage: bool,
}

impl Shown {
    async fn of(cx: &Cx, at: &At) -> Result<Self, PageError> {
        let who = &cx.signed.principal;
        let bench = Bench::of(cx, at).await?;
        let spend = cx.portal.views.agent_spend(who, at.ids(), cx.now()).await?;
        let may_manage = who.require(Permission::TenantsManage, &at.tenant).is_ok();
        Ok(Self { bench, spend, may_manage })
    }

    fn title(&self, at: &At) -> String {
        format!("Budget of {}", self.bench.name(at))
    }

    fn view(&self, at: &At, typed: &Typed, problems: Vec<Problem>) -> AnyView {
        let (name, title) = (self.bench.name(at), self.title(at));
        let header = header((at, &name, &self.bench.live), (&title, None), Place::Budget);
        let spent = spent(&self.spend);
        let form = if self.may_manage {
            let hints = ["Left empty, there is none."; 2].map(str::to_owned);
            let budget = (&self.spend.budget, typed.budget());
            budget_form(at.path("/budget"), budget, hints, &problems)
        } else {
            view! {
                <p class="meta">
                    "An administrator of this installation sets it or takes it away."
                </p>
            }
            .into_any()
        };
        view! {
            {header}
            <FormErrors problems />
            <Card
                title="Spent"
                lead="What its answers cost, and trials of its drafts. Days and months are those of UTC."
            >
                {spent}
            </Card>
            <Card
                title="Budget"
                lead="What it has no room for is not answered, and the person is told when to ask again. The tenant's own budget holds beside it."
            >
                {form}
            </Card>
        }
        .into_any()
    }
}

fn spent(spend: &AgentSpend) -> AnyView {
    let part = |period| {
        let label = match period {
            BudgetPeriod::Day => "Today",
            BudgetPeriod::Month => "This month",
        };
        let used = spend.of(period);
        match spend.budget.of(period) {
            Some(limit) => {
                let text = format!("{} of {}", dollars(used), dollars(limit));
                view! { <Meter label used limit text /> }.into_any()
            }
            None => {
                let text = format!("{}, without a budget", dollars(used));
                view! {
                    <DefinitionList>
                        <Definition term=label>{text}</Definition>
                    </DefinitionList>
                }
                .into_any()
            }
        }
    };
    view! { <div class="stack">{BudgetPeriod::ALL.map(part).collect_view()}</div> }.into_any()
}
