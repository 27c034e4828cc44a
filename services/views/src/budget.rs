//! How far budgets are used.

use std::collections::BTreeMap;

use domain::{
    access::{Permission, Principal},
    budget::{Budgets, Limit, NEAR_PERCENT, Scope, percent_used},
    day::Day,
};
use schemas::{Agent, AgentId, Budget, BudgetPeriod, Tenant, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    TenantTx, spend,
    views::{
        roster::{self, AgentLine},
        usage::{self, Group},
    },
};

use crate::{Target, ViewError, Views, Vitals};

/// A tenant whose budget of the month is nearly or wholly used up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetUse {
    /// The tenant.
    pub tenant: Tenant,
    /// How much is used; from 100 on, all of it.
    pub percent: u64,
}

/// What an agent may cost, and what it has cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSpend {
    /// What it may.
    pub budget: Budget,
    /// What today (UTC) has cost, in millionths of a dollar.
    pub today_micros: u64,
    /// What this month (UTC) has cost, in millionths of a dollar.
    pub month_micros: u64,
}

impl AgentSpend {
    /// What that period has cost so far.
    pub fn of(&self, period: BudgetPeriod) -> u64 {
        match period {
            BudgetPeriod::Day => self.today_micros,
            BudgetPeriod::Month => self.month_micros,
        }
    }
}

impl Views {
    /// What an agent may cost, and what it has cost: its answers, and trials of its drafts.
    pub async fn agent_spend(
        &self,
        principal: &Principal,
        (tenant, id): (&TenantId, &AgentId),
        now: Timestamp,
    ) -> Result<AgentSpend, ViewError> {
        principal.require(Permission::UsageRead, tenant)?;
        let (mut tx, today) = (self.tx(tenant).await?, Day::of(now));
        let mut agents = roster::agents(&mut tx, today).await?.into_iter().map(|line| line.agent);
        let agent = agents.find(|agent| agent.id == *id).ok_or_else(ViewError::not_found)?;
        let scope = |period| Scope::new(Some(id.clone()), period, today);
        let known = spend::of(&mut tx, &BudgetPeriod::ALL.map(scope)).await?;
        // What budgets know is there at once, and only where there is a budget.
        let settled = |period| {
            let sum = known.iter().find(|(it, _)| *it == scope(period));
            sum.map_or(0, |(_, sum)| sum.settled)
        };
        let cost = |of: &BTreeMap<String, u64>| of.get(id.as_str()).copied().unwrap_or(0);
        let of_day = cost(&costs_of_agents(&mut tx, today, today).await?);
        let of_month = cost(&costs_of_agents(&mut tx, today.first_of_month(), today).await?);
        Ok(AgentSpend {
            budget: agent.budget,
            today_micros: of_day.max(settled(BudgetPeriod::Day)),
            month_micros: of_month.max(settled(BudgetPeriod::Month)),
        })
    }
}

/// What each agent has cost from a day on: its answers, and trials of its drafts.
async fn costs_of_agents(
    tx: &mut TenantTx,
    from: Day,
    today: Day,
) -> Result<BTreeMap<String, u64>, ViewError> {
    let lines = usage::of_tenant(tx, Group::Agent, from, today).await?;
    Ok(lines.into_iter().map(|line| (line.key, line.counts.cost_micros)).collect())
}

/// How many per cent of a budget are used, where somebody should know; from 100 on it is used up.
/// Nothing is rounded up: 99 is not all.
pub(crate) fn worth_knowing(limit_micros: Option<u64>, spent_micros: u64) -> Option<u64> {
    let percent = percent_used(limit_micros?, spent_micros);
    (NEAR_PERCENT <= percent).then_some(percent)
}

/// A budget that somebody should know of.
pub(crate) struct Used {
    pub(crate) percent: u64,
    /// See [`crate::Attention::detail`].
    pub(crate) detail: String,
    pub(crate) target: Target,
}

/// The budgets that are used to 80 per cent or more: the tenant's, then those of agents.
pub(crate) async fn spent(
    tx: &mut TenantTx,
    (tenant, vitals): (&Tenant, &Vitals),
    agents: &[AgentLine],
    today: Day,
) -> Result<Vec<Used>, ViewError> {
    let agents: Vec<_> =
        agents.iter().map(|line| &line.agent).filter(|agent| !agent.retired).collect();
    let mut limits = Budgets::of(tenant, None).limits(today);
    let own = |agent: &&Agent| Budgets::of_agent(agent).limits(today);
    limits.extend(agents.iter().flat_map(own));
    let scopes: Vec<_> = limits.iter().map(|limit| limit.scope.clone()).collect();
    let known = if scopes.is_empty() { Vec::new() } else { spend::of(tx, &scopes).await? };
    // What budgets know begins when one is set; what was spent before is counted.
    let (of_day, of_month) = if scopes.iter().any(|scope| scope.agent().is_some()) {
        let of_day = costs_of_agents(tx, today, today).await?;
        (of_day, costs_of_agents(tx, today.first_of_month(), today).await?)
    } else {
        (BTreeMap::new(), BTreeMap::new())
    };
    let used = limits.into_iter().filter_map(|Limit { scope, micros }| {
        let sum = known.iter().find(|(known, _)| *known == scope);
        let settled = sum.map_or(0, |(_, sum)| sum.settled);
        let (period, costs) = match scope.period() {
            BudgetPeriod::Day => ("today", &of_day),
            BudgetPeriod::Month => ("this month", &of_month),
        };
        let (counted, detail, target) = match (scope.agent(), scope.period()) {
            (None, BudgetPeriod::Month) => {
                (vitals.month.cost_micros, String::new(), Target::Tenant)
            }
            (None, BudgetPeriod::Day) => {
                (vitals.today.cost_micros, format!("The budget of {period}"), Target::Tenant)
            }
            (Some(id), _) => {
                let cost = costs.get(id.as_str()).copied().unwrap_or(0);
                let agent = agents.iter().find(|agent| agent.id == *id);
                let published = agent.and_then(|agent| agent.published.as_ref());
                let name = published.map_or(id.as_str(), |it| it.config.name.as_str());
                let detail = format!("The budget of {name} for {period}");
                (cost, detail, Target::Agent(id.clone()))
            }
        };
        let percent = worth_knowing(Some(micros), settled.max(counted))?;
        Some(Used { percent, detail, target })
    });
    Ok(used.collect())
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
        for (limit, spent, want) in cases {
            assert_eq!(worth_knowing(limit, spent), want, "{spent} of {limit:?}");
        }
    }
}
