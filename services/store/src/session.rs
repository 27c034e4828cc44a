//! One connection of the pool while a transaction uses it.
//!
//! A transaction begins with its first statement: `BEGIN`, the binding and the statement go out in
//! one round trip. If `BEGIN` itself failed, the statement would find nobody bound and see nothing.

use std::{
    pin::pin,
    task::{Context, Waker},
};

use deadpool_postgres::{Object, Pool};
use tokio_postgres::{Row, Statement, types::ToSql};

use crate::{
    StoreError,
    in_order::{Request, in_order},
};

/// What stands for `$1`, `$2`, ….
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// What came back: rows, and how many were written.
pub(crate) struct Answer {
    pub(crate) rows: Vec<Row>,
    pub(crate) affected: u64,
}

/// One statement with what stands for its parameters.
pub(crate) struct Step<'a> {
    pub(crate) sql: &'static str,
    pub(crate) params: Vec<&'a (dyn ToSql + Sync)>,
}

type Reply<'a> = Request<'a, Result<Answer, tokio_postgres::Error>>;

enum State {
    /// Nothing was sent.
    New,
    /// `BEGIN` was sent.
    Open,
    /// A statement failed; only a rollback is left.
    Failed,
    /// Nothing is left to undo.
    Done,
}

pub(crate) struct Session {
    /// Given back, or let go, when the session ends.
    connection: Option<Object>,
    state: State,
    /// Set while an answer is awaited: a session dropped meanwhile is in no known state.
    busy: bool,
    /// Set when a migration has changed a table under the statements prepared here.
    stale: bool,
}

impl Session {
    pub(crate) async fn new(pool: &Pool) -> Result<Self, StoreError> {
        let connection = Some(pool.get().await?);
        Ok(Self { connection, state: State::New, busy: false, stale: false })
    }

    fn connection(&self) -> Result<&Object, StoreError> {
        self.connection.as_ref().ok_or_else(|| StoreError::Unavailable("it is over".to_owned()))
    }

    /// Runs these in one round trip, within the transaction.
    pub(crate) async fn run(&mut self, steps: &[Step<'_>]) -> Result<Vec<Answer>, StoreError> {
        self.round_trip(steps, false).await
    }

    /// Runs these and makes the transaction last, in one round trip. If one of them fails, the
    /// server takes the `COMMIT` behind it for a rollback.
    pub(crate) async fn run_last(mut self, steps: &[Step<'_>]) -> Result<Vec<Answer>, StoreError> {
        self.round_trip(steps, true).await
    }

    async fn round_trip(
        &mut self,
        steps: &[Step<'_>],
        last: bool,
    ) -> Result<Vec<Answer>, StoreError> {
        if matches!(self.state, State::Failed | State::Done) {
            return Err(StoreError::row("the transaction has failed before"));
        }
        let first = matches!(self.state, State::New);
        self.state = State::Open;
        self.busy = true;
        let answers = self.send(steps, first, last).await;
        self.busy = false;
        match &answers {
            Ok(_) if last => self.state = State::Done,
            Ok(_) => {}
            Err(error) => {
                self.state = State::Failed;
                self.stale = error.is_stale_plan();
            }
        }
        answers
    }

    async fn send(
        &self,
        steps: &[Step<'_>],
        first: bool,
        last: bool,
    ) -> Result<Vec<Answer>, StoreError> {
        let connection = self.connection()?;
        let mut prepared = Vec::with_capacity(steps.len());
        for step in steps {
            prepared.push(connection.prepare_cached(step.sql).await?);
        }
        let mut requests: Vec<Reply<'_>> = Vec::with_capacity(steps.len() + 2);
        if first {
            requests.push(Box::pin(simple(connection, "BEGIN")));
        }
        for (step, statement) in steps.iter().zip(&prepared) {
            requests.push(Box::pin(ask(connection, statement, &step.params)));
        }
        if last {
            requests.push(Box::pin(simple(connection, "COMMIT")));
        }
        let answers: Result<Vec<_>, _> = in_order(requests).await.into_iter().collect();
        let mut answers = answers?.split_off(usize::from(first));
        answers.truncate(steps.len());
        Ok(answers)
    }

    /// Before the transaction, and not undone with it.
    pub(crate) async fn alone(&mut self, step: Step<'_>) -> Result<Answer, StoreError> {
        let connection = self.connection()?;
        let statement = connection.prepare_cached(step.sql).await?;
        Ok(ask(connection, &statement, &step.params).await?)
    }

    /// Makes what was done last. After a failed statement the server would roll back and call that
    /// a success, so it is not asked.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        match self.state {
            State::New | State::Done => return Ok(()),
            State::Failed => {
                return Err(StoreError::row("a statement of the transaction failed"));
            }
            State::Open => {}
        }
        self.busy = true;
        self.connection()?.batch_execute("COMMIT").await?;
        self.busy = false;
        self.state = State::Done;
        Ok(())
    }
}

impl Drop for Session {
    /// What was not committed is undone. `ROLLBACK` is put on the wire before the connection goes
    /// back, so whoever gets it next comes after it.
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.busy || self.stale {
            drop(Object::take(connection));
            return;
        }
        if matches!(self.state, State::Open | State::Failed) {
            let rollback = pin!(connection.batch_execute("ROLLBACK"));
            // Sent by the first poll; nobody waits for the answer.
            drop(rollback.poll(&mut Context::from_waker(Waker::noop())));
        }
    }
}

async fn simple(connection: &Object, sql: &str) -> Result<Answer, tokio_postgres::Error> {
    connection.batch_execute(sql).await?;
    Ok(Answer { rows: Vec::new(), affected: 0 })
}

async fn ask(
    connection: &Object,
    statement: &Statement,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Answer, tokio_postgres::Error> {
    if statement.columns().is_empty() {
        let affected = connection.execute(statement, params).await?;
        return Ok(Answer { rows: Vec::new(), affected });
    }
    let rows = connection.query(statement, params).await?;
    Ok(Answer { affected: rows.len() as u64, rows })
}
