//! Whether a call to a model still fits the budgets it is paid out of.
//!
//! A call is reserved at the worst price it can have before it is made, in every budget at once or in
//! none, and settled at what it cost after. So what was spent and what may still be spent by calls
//! under way are never more than a budget, whatever order things happen in; a call whose cost nobody
//! knows is settled at its worst.
//!
//! Days and months are those of the calendar in UTC.

use std::{collections::BTreeMap, fmt, str::FromStr};

use schemas::{Agent, AgentId, Budget, BudgetMet, BudgetPeriod, Tenant, Timestamp};

use crate::day::Day;

/// From that part of a budget on, in per cent, there is a word of warning.
pub const NEAR_PERCENT: u64 = 80;

/// The budgets that a call is paid out of: the tenant's, and that of the agent that asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    tenant: Budget,
    agent: Option<(AgentId, Budget)>,
}

impl Budgets {
    /// Those of a tenant, and of one of its agents where one asks.
    pub fn of(tenant: &Tenant, agent: Option<&Agent>) -> Self {
        let agent = agent.map(|agent| (agent.id.clone(), agent.budget));
        Self { tenant: tenant.budget, agent }
    }

    /// That of an agent alone.
    pub fn of_agent(agent: &Agent) -> Self {
        Self { tenant: Budget::default(), agent: Some((agent.id.clone(), agent.budget)) }
    }

    /// Whether nobody chose any.
    pub fn is_unset(&self) -> bool {
        self.tenant.is_unset() && self.agent.as_ref().is_none_or(|(_, budget)| budget.is_unset())
    }

    /// What a call of that day has to fit.
    pub fn limits(&self, day: Day) -> Vec<Limit> {
        let agent = self.agent.iter().map(|(agent, budget)| (Some(agent), budget));
        let all = [(None, &self.tenant)].into_iter().chain(agent);
        let limits = all.flat_map(|(agent, budget)| {
            BudgetPeriod::ALL.into_iter().filter_map(move |period| {
                let scope = Scope::new(agent.cloned(), period, day);
                Some(Limit { scope, micros: budget.of(period)? })
            })
        });
        limits.collect()
    }
}

/// What one sum is kept of: a tenant, or an agent of it, in one period.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    agent: Option<AgentId>,
    period: BudgetPeriod,
    /// The first of the period.
    from: Day,
}

impl Scope {
    /// The one that `day` is in.
    pub fn new(agent: Option<AgentId>, period: BudgetPeriod, day: Day) -> Self {
        let from = match period {
            BudgetPeriod::Day => day,
            BudgetPeriod::Month => day.first_of_month(),
        };
        Self { agent, period, from }
    }

    /// The agent, where it is one's own.
    pub fn agent(&self) -> Option<&AgentId> {
        self.agent.as_ref()
    }

    /// How long it lasts.
    pub const fn period(&self) -> BudgetPeriod {
        self.period
    }

    /// Its first day and its last.
    pub fn days(&self) -> (Day, Day) {
        match self.period {
            BudgetPeriod::Day => (self.from, self.from),
            BudgetPeriod::Month => (self.from, self.from.last_of_month()),
        }
    }

    /// When the next one begins.
    pub fn resets_at(&self) -> Timestamp {
        self.days().1.plus(1).start()
    }

    /// It was met, or nearly.
    pub fn met(&self, limit_micros: u64) -> BudgetMet {
        let (agent, period) = (self.agent.clone(), self.period);
        BudgetMet { agent, period, limit_micros, resets_at: Some(self.resets_at()) }
    }
}

/// As it stands in tables: `day 20261121`, `month 20261101 mara`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.period.as_str(), self.from.number())?;
        self.agent.as_ref().map_or(Ok(()), |agent| write!(f, " {agent}"))
    }
}

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not the scope of a budget";
        let mut words = text.split(' ');
        let period = words.next();
        let period = BudgetPeriod::ALL.into_iter().find(|it| Some(it.as_str()) == period);
        let day = words.next().and_then(|day| day.parse().ok()).and_then(Day::new);
        let agent = words.next().map(AgentId::from_str).transpose().map_err(|_| WRONG)?;
        match (period, day, words.next()) {
            (Some(period), Some(day), None) => Ok(Self::new(agent, period, day)),
            (_, _, _) => Err(WRONG),
        }
    }
}

/// The most that may be spent in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Of what.
    pub scope: Scope,
    /// In millionths of a dollar.
    pub micros: u64,
}

/// What is known of a scope, in millionths of a dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// What calls cost that are over.
    pub settled: u64,
    /// What calls under way may cost at the most.
    pub reserved: u64,
}

impl Sum {
    /// Both.
    pub const fn total(self) -> u64 {
        self.settled.saturating_add(self.reserved)
    }
}

/// The sums of the scopes that are looked at; one that is not there is nothing yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger(BTreeMap<Scope, Sum>);

impl Ledger {
    /// With those sums.
    pub fn new(sums: impl IntoIterator<Item = (Scope, Sum)>) -> Self {
        Self(sums.into_iter().collect())
    }

    /// Of one scope.
    pub fn sum(&self, scope: &Scope) -> Sum {
        self.0.get(scope).copied().unwrap_or_default()
    }

    /// Takes room for a call that may cost so much, in all of them or, where one has none, in none;
    /// then says which one, and of several the one that is whole again last. It is over as well where
    /// it is used up and the call has no price.
    pub fn reserve(&mut self, limits: &[Limit], micros: u64) -> Result<(), BudgetMet> {
        let fits = |limit: &Limit| {
            let used = self.sum(&limit.scope).total();
            used < limit.micros && used.saturating_add(micros) <= limit.micros
        };
        let over = limits.iter().filter(|limit| !fits(limit));
        // No period ends a budget that is too small for the call.
        let last = over.max_by_key(|limit| (limit.micros < micros, limit.scope.resets_at()));
        if let Some(Limit { scope, micros: most }) = last {
            let met = scope.met(*most);
            let never = *most < micros || *most == 0;
            return Err(BudgetMet { resets_at: met.resets_at.filter(|_| !never), ..met });
        }
        for limit in limits {
            let sum = self.0.entry(limit.scope.clone()).or_default();
            sum.reserved = sum.reserved.saturating_add(micros);
        }
        Ok(())
    }

    /// A call is over that had so much room in those scopes, and cost so much.
    pub fn settle<'a>(&mut self, scopes: impl Iterator<Item = &'a Scope>, held: u64, cost: u64) {
        for scope in scopes {
            let sum = self.0.entry(scope.clone()).or_default();
            sum.reserved = sum.reserved.saturating_sub(held);
            sum.settled = sum.settled.saturating_add(cost);
        }
    }
}

/// How many per cent of a budget are used. One of nothing is used from the first.
pub fn percent_used(limit_micros: u64, used_micros: u64) -> u64 {
    let used = u128::from(used_micros).saturating_mul(100);
    let percent = used.checked_div(u128::from(limit_micros)).unwrap_or(100);
    u64::try_from(percent).unwrap_or(u64::MAX)
}

/// Which budget, for an operator: `the tenant's budget of the day`.
pub fn in_words(met: &BudgetMet) -> String {
    let whose = met.agent.as_ref().map_or("the tenant", AgentId::as_str);
    format!("{whose}'s budget of the {}", met.period.as_str())
}

#[cfg(test)]
mod tests;
