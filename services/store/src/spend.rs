//! What is spent of budgets, and what calls under way may spend.
//!
//! A call takes room in the transaction that puts it on record, and gives it back in the one that
//! records what came of it. Both lock the tenant's sums in the same order, so that calls at the same
//! moment never take the same room, and none waits for another in a circle.
//!
//! A reservation is settled once, by whoever deletes it. One whose outcome nobody recorded, since we
//! crashed in the middle, keeps its room until its message is decided, or until it is too old for the
//! call to be under way; then it counts as spent at its worst, which the vendor may have billed.
//!
//! **Invariant:** what is settled and reserved in a scope is never more than its budget, as long as no
//! call costs more than was reserved for it.

mod reserve;
mod settle;

use domain::{
    budget::{Budgets, Limit, Scope, Sum},
    day::Day,
};
use schemas::{
    BudgetMet, Timestamp,
    usage::{Attempt, MicroDollars},
};
use tokio_postgres::Row;

pub(crate) use self::{
    reserve::{Group, READS, Taken, Written},
    settle::Settling,
};
use crate::{StoreError, TenantTx, row};

/// What a call has to fit, and what it can cost at the most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The budgets.
    pub limits: Vec<Limit>,
    /// In millionths of a dollar; nothing for a model without a price.
    pub micros: u64,
}

impl Room {
    /// What a call at `at` needs that can cost so much at the worst; nothing where nobody chose a budget.
    pub fn of(budgets: &Budgets, worst: Option<MicroDollars>, at: Timestamp) -> Option<Self> {
        let MicroDollars(micros) = worst.unwrap_or_default();
        let limits = budgets.limits(Day::of(at));
        (!limits.is_empty()).then_some(Self { limits, micros })
    }
}

/// Whether there is room: if not, the budget that has none.
pub type Admitted = Result<(), BudgetMet>;

/// A call about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// For what: a message, or a trial or a request of its own name.
    pub holder: &'a str,
    /// Counts the calls of that.
    pub index: u32,
    /// What it needs.
    pub room: &'a Room,
    /// When.
    pub at: Timestamp,
}

/// A call that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// See [`Call::index`].
    pub index: u32,
    /// What it cost, where that is known; else it counts as much as was reserved for it.
    pub cost_micros: Option<u64>,
}

impl Ended {
    /// A call, as budgets see it.
    pub fn of(attempt: &Attempt) -> Self {
        let cost_micros = attempt.cost.amount.map(|MicroDollars(amount)| amount);
        Self { index: attempt.index, cost_micros }
    }
}

const OF: &str = "
    select scope, settled_micros, reserved_micros from spend
     where tenant_id = $1 and scope = any($2)";

/// A name for a holder that is no message, which no other has.
pub fn unique(kind: &str) -> String {
    format!("{kind}-{}", hex::encode(rand::random::<[u8; 16]>()))
}

/// Takes room for a call; it lasts when the transaction does. A call without a budget needs none.
pub async fn reserve(tx: &mut TenantTx, call: Call<'_>) -> Result<Admitted, StoreError> {
    let tenant = tx.tenant().clone();
    let group = Group::new(&tenant, &[call])?;
    if group.is_empty() {
        return Ok(Ok(()));
    }
    let answers = tx.run(group.reads().into()).await?;
    let mut taken = Taken::new(&group, &answers)?;
    let admitted = taken.take(call);
    if let Some(written) = taken.written()?.as_ref() {
        tx.run(vec![written.step(&group)]).await?;
    }
    Ok(admitted)
}

/// Settles calls of a holder that is no message; the others of it, which nobody speaks of, at their
/// worst. Settled before, nothing changes.
pub async fn settle(tx: &mut TenantTx, holder: &str, ended: &[Ended]) -> Result<(), StoreError> {
    let tenant = tx.tenant().clone();
    let all = ended.iter().map(|ended| (holder, *ended));
    let settling = Settling::of_others(&tenant, &[holder], all)?;
    tx.run(vec![settling.step()]).await?;
    Ok(())
}

/// What is known of these scopes; one that nothing was asked of is left out.
pub async fn of(tx: &mut TenantTx, scopes: &[Scope]) -> Result<Vec<(Scope, Sum)>, StoreError> {
    let tenant = tx.tenant().clone();
    let names: Vec<_> = scopes.iter().map(ToString::to_string).collect();
    let rows = tx.query(OF, &[&tenant.as_str(), &names]).await?;
    rows.iter().map(sum).collect()
}

/// A scope and its sum, from the first columns of a row.
fn sum(row: &Row) -> Result<(Scope, Sum), StoreError> {
    let count = |column| row::count(row.try_get(column)?);
    Ok((row::id(row, 0)?, Sum { settled: count(1)?, reserved: count(2)? }))
}
