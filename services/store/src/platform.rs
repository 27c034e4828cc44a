//! The platform role's door: what is done across tenants, and who did it.

use deadpool_postgres::Pool;
use tokio_postgres::Row;

use crate::{
    Role, Settings, StoreError, database,
    session::{Answer, Params, Session, Step},
};

const AUDIT: &str = "insert into platform_audit (purpose, actor) values ($1, $2)";
const STATE: &str = "select set_config('app.platform_reason', $1, true)";
const LOOK: &str = "look";
const SIGN_IN: &str = "sign-in";

/// Why rows of several tenants are touched. The policies allow each its tables, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Puts deferred events that are due back on the log.
    Sweep,
    /// Deletes what nobody asks for any more.
    Prune,
    /// Wraps every data key with another master key.
    RotateMasterKey,
    /// Compares a rebuild of the read models with what is live, or empties them.
    Rebuild,
    /// Shows an operator what there is.
    List,
    /// Finds whose message an operator asks for.
    Trace,
    /// Gives and takes roles in tenants.
    Members,
    /// Deletes every row of one tenant, see [`crate::erase`].
    Erase,
}

impl Purpose {
    /// As it stands in policies and in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Purpose::Sweep => "sweep",
            Purpose::Prune => "prune",
            Purpose::RotateMasterKey => "rotate-master-key",
            Purpose::Rebuild => "rebuild",
            Purpose::List => "list",
            Purpose::Trace => "trace",
            Purpose::Members => "members",
            Purpose::Erase => "erase",
        }
    }
}

/// A pool of connections of the platform role. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    pool: Pool,
}

impl Platform {
    /// Connects, and refuses a role that row-level security would not bind.
    pub async fn connect(settings: &Settings) -> Result<Self, StoreError> {
        Ok(Self { pool: database::open(settings, Role::Platform).await? })
    }

    /// A transaction over the rows of all tenants, as far as `purpose` goes. `actor` is the program
    /// or the operator. That it was asked for is recorded first, and stays if the rest is undone.
    pub async fn begin(&self, purpose: Purpose, actor: &str) -> Result<PlatformTx, StoreError> {
        let mut session = Session::new(&self.pool).await?;
        let purpose = purpose.as_str();
        session.alone(Step { sql: AUDIT, params: vec![&purpose, &actor] }).await?;
        session.run(&[Step { sql: STATE, params: vec![&purpose] }]).await?;
        Ok(PlatformTx { session })
    }

    /// A transaction over what belongs to no tenant: operators, sessions, keys. It sees roles in
    /// tenants and changes none, so it leaves no row in the audit; what operators do is in
    /// `operator_log`.
    pub async fn accounts(&self) -> Result<PlatformTx, StoreError> {
        let mut session = Session::new(&self.pool).await?;
        session.run(&[Step { sql: STATE, params: vec![&SIGN_IN] }]).await?;
        Ok(PlatformTx { session })
    }

    /// The same for one statement, in one round trip.
    pub(crate) async fn account(
        &self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Answer, StoreError> {
        let session = Session::new(&self.pool).await?;
        let state = Step { sql: STATE, params: vec![&SIGN_IN] };
        let step = Step { sql, params: params.to_vec() };
        let mut answers = session.run_last(&[state, step]).await?;
        answers.pop().ok_or_else(|| StoreError::row("no answer"))
    }

    /// A look that is taken every second and shows nothing of any tenant. The one purpose without a
    /// row in the audit; its policy names the one table.
    pub(crate) async fn look(&self, sql: &'static str) -> Result<Vec<Row>, StoreError> {
        let session = Session::new(&self.pool).await?;
        let state = Step { sql: STATE, params: vec![&LOOK] };
        let answers = session.run_last(&[state, Step { sql, params: Vec::new() }]).await?;
        Ok(answers.into_iter().next_back().map(|answer| answer.rows).unwrap_or_default())
    }
}

/// A transaction across tenants. Dropped without [`Self::commit`], it changes nothing.
pub struct PlatformTx {
    session: Session,
}

impl PlatformTx {
    /// The rows that `sql` gives.
    pub async fn query(
        &mut self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.ask(sql, params).await?.rows)
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

    async fn ask(&mut self, sql: &'static str, params: Params<'_>) -> Result<Answer, StoreError> {
        let step = Step { sql, params: params.to_vec() };
        self.session.run(&[step]).await?.pop().ok_or_else(|| StoreError::row("no answer"))
    }
}
