//! What was answered to requests that programs named: the same request again has the same answer.

use schemas::{OperatorId, Timestamp};

use super::Hash;
use crate::{Platform, StoreError};

/// A request, by the name that its sender gave it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Who sent it.
    pub operator: &'a OperatorId,
    /// What they call it.
    pub name: &'a str,
    /// Of the whole request.
    pub request: &'a Hash,
}

/// Since when a name is free again.
#[derive(Clone, Copy)]
pub struct Since {
    /// The time.
    pub now: Timestamp,
    /// An answer from before is forgotten.
    pub answered: Timestamp,
    /// A request from before that has no answer is taken for dead.
    pub begun: Timestamp,
}

/// An answer, as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Where what was made is, if it says.
    pub location: Option<String>,
    /// Its body.
    pub body: String,
}

/// What is known under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing: whoever asked carries it out.
    Ours,
    /// Another request has that name.
    Other,
    /// It is being carried out.
    Running,
    /// It was.
    Answered(Answer),
}

const CLAIM: &str = "
    insert into api_answer as a (operator_id, name, request_sha256, at_ms) values ($1, $2, $3, $4)
        on conflict (operator_id, name) do update
       set request_sha256 = excluded.request_sha256, at_ms = excluded.at_ms, status = null,
           location = null, body = null
     where a.at_ms < $5 or a.status is null and a.at_ms < $6";
const FIND: &str = "
    select request_sha256, status, location, body from api_answer
     where operator_id = $1 and name = $2";
const SETTLE: &str = "
    update api_answer set status = $4, location = $5, body = $6
     where operator_id = $1 and name = $2 and at_ms = $3";
const FREE: &str = "
    delete from api_answer where operator_id = $1 and name = $2 and at_ms = $3 and status is null";

/// Takes the name for this request, unless it is taken.
pub async fn claim(
    platform: &Platform,
    asked: Asked<'_>,
    since: Since,
) -> Result<Claimed, StoreError> {
    let Asked { operator, name, request } = asked;
    let (operator, hash) = (operator.as_str(), request.as_slice());
    let (now, answered, begun) =
        (since.now.as_millis(), since.answered.as_millis(), since.begun.as_millis());
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&operator, &name, &hash, &now, &answered, &begun];
    if platform.account(CLAIM, &params).await?.affected == 1 {
        return Ok(Claimed::Ours);
    }
    let found = platform.account(FIND, &[&operator, &name]).await?;
    // Freed since we looked: whoever had it changed nothing, and this one may be sent again.
    let Some(row) = found.rows.first() else { return Ok(Claimed::Running) };
    if row.try_get::<_, &[u8]>(0)? != hash {
        return Ok(Claimed::Other);
    }
    let Some(status) = row.try_get::<_, Option<i32>>(1)? else { return Ok(Claimed::Running) };
    let status = u16::try_from(status).map_err(|_| StoreError::row("a status of another kind"))?;
    let body = row.try_get::<_, Option<String>>(3)?.unwrap_or_default();
    Ok(Claimed::Answered(Answer { status, location: row.try_get(2)?, body }))
}

/// Keeps the answer to a request that was claimed at `at`.
pub async fn settle(
    platform: &Platform,
    asked: Asked<'_>,
    at: Timestamp,
    answer: &Answer,
) -> Result<(), StoreError> {
    let (operator, at, status) =
        (asked.operator.as_str(), at.as_millis(), i32::from(answer.status));
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&operator, &asked.name, &at, &status, &answer.location, &answer.body];
    platform.account(SETTLE, &params).await.map(drop)
}

/// Gives a name back that was claimed at `at`: its request changed nothing.
pub async fn free(platform: &Platform, asked: Asked<'_>, at: Timestamp) -> Result<(), StoreError> {
    let (operator, at) = (asked.operator.as_str(), at.as_millis());
    platform.account(FREE, &[&operator, &asked.name, &at]).await.map(drop)
}
