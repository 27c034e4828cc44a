//! The only way to a tenant's rows.

use schemas::TenantId;
use tokio_postgres::Row;

use crate::{
    StoreError,
    session::{Answer, Params, Session, Step},
};

/// `set_config` with `true` lasts until the transaction ends, whatever becomes of the connection.
const BIND: &str = "select set_config('app.current_tenant', $1, true)";

/// A transaction bound to one tenant: no other row is visible in it, and none can be written.
/// Dropped without [`Self::commit`], it leaves nothing behind.
pub struct TenantTx {
    session: Session,
    tenant: TenantId,
    bound: bool,
}

/// A statement of one tenant, in a batch of several.
pub(crate) struct TenantStep<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) step: Step<'a>,
}

impl TenantTx {
    pub(crate) fn new(session: Session, tenant: &TenantId) -> Self {
        Self { session, tenant: tenant.clone(), bound: false }
    }

    /// Whose rows these are.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Goes on with another tenant's rows in the same transaction. Batches do this in the order of
    /// tenants, so that two of them never wait for each other in a circle.
    pub fn rebind(&mut self, tenant: &TenantId) {
        if &self.tenant != tenant {
            self.tenant = tenant.clone();
            self.bound = false;
        }
    }

    /// The rows that `sql` gives.
    pub async fn query(
        &mut self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.ask(sql, params).await?.rows)
    }

    /// The row that `sql` gives, if there is one.
    pub async fn query_opt(
        &mut self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.ask(sql, params).await?.rows.into_iter().next())
    }

    /// How many rows `sql` changed.
    pub async fn execute(
        &mut self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<u64, StoreError> {
        Ok(self.ask(sql, params).await?.affected)
    }

    /// Makes it last.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.session.commit().await
    }

    /// Runs the only or the last statement, and makes all of it last, in one round trip.
    pub(crate) async fn last(
        self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Answer, StoreError> {
        let tenant = self.tenant.clone();
        let step = TenantStep { tenant: &tenant, step: Step { sql, params: params.to_vec() } };
        self.run_last(vec![step]).await?.pop().ok_or_else(|| StoreError::row("no answer"))
    }

    async fn ask(&mut self, sql: &'static str, params: Params<'_>) -> Result<Answer, StoreError> {
        let tenant = self.tenant.clone();
        let step = TenantStep { tenant: &tenant, step: Step { sql, params: params.to_vec() } };
        self.run(vec![step]).await?.pop().ok_or_else(|| StoreError::row("no answer"))
    }

    /// All of these in one round trip, each with its own tenant bound, and the answers in order.
    pub(crate) async fn run(
        &mut self,
        batch: Vec<TenantStep<'_>>,
    ) -> Result<Vec<Answer>, StoreError> {
        let names = names(&batch);
        let plan = self.plan(batch, &names);
        let answers = self.session.run(&plan.steps).await?;
        (self.tenant, self.bound) = (plan.bound, true);
        Ok(wanted(answers, &plan.wanted))
    }

    /// The same, and makes it last.
    pub(crate) async fn run_last(
        self,
        batch: Vec<TenantStep<'_>>,
    ) -> Result<Vec<Answer>, StoreError> {
        let names = names(&batch);
        let plan = self.plan(batch, &names);
        let answers = self.session.run_last(&plan.steps).await?;
        Ok(wanted(answers, &plan.wanted))
    }

    /// Puts a binding before each statement whose tenant is not the one before it.
    fn plan<'a>(&self, batch: Vec<TenantStep<'a>>, names: &'a [&'a str]) -> Plan<'a> {
        let mut plan = Plan { steps: Vec::new(), wanted: Vec::new(), bound: self.tenant.clone() };
        let mut is_bound = self.bound;
        for (TenantStep { tenant, step }, name) in batch.into_iter().zip(names) {
            if !is_bound || &plan.bound != tenant {
                plan.steps.push(Step { sql: BIND, params: vec![name] });
                plan.wanted.push(false);
                (plan.bound, is_bound) = (tenant.clone(), true);
            }
            plan.steps.push(step);
            plan.wanted.push(true);
        }
        plan
    }
}

/// Statements in the order of the wire, and which of their answers somebody waits for.
struct Plan<'a> {
    steps: Vec<Step<'a>>,
    wanted: Vec<bool>,
    bound: TenantId,
}

/// The tenants of a batch, as parameters that outlive its plan.
fn names<'a>(batch: &[TenantStep<'a>]) -> Vec<&'a str> {
    batch.iter().map(|item| item.tenant.as_str()).collect()
}

fn wanted(answers: Vec<Answer>, wanted: &[bool]) -> Vec<Answer> {
    answers.into_iter().zip(wanted).filter_map(|(answer, &is)| is.then_some(answer)).collect()
}
