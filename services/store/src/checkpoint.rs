//! How far a reader of a stream has come; moves in the transaction that writes what it read.

use schemas::Timestamp;
use tokio_postgres::Row;

use crate::{
    Database, StoreError, TenantTx, row,
    session::{Session, Step},
};

/// Where a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which build of the read models; one up with each rebuild.
    pub generation: u32,
    /// The last event that is in them; 0 for none.
    pub seq: u64,
}

const ENSURE: &str =
    "insert into checkpoint (name, generation, seq) values ($1, 1, 0) on conflict do nothing";
const LOAD: &str = "select generation, seq from checkpoint where name = $1";
const REBUILT: &str = "
    select min(seq) from checkpoint
     where split_part(name, '/', 1) = 'next' and split_part(name, '/', 2) = $1
       and exists (
           select from generation
            where generation.name = 'next'
              and $2::bigint <= extract(epoch from generation.since) * 1000)";
const ADVANCE: &str = "
    update checkpoint set seq = $4 where name = $1 and generation = $2 and seq = $3";

/// Where the reader `name` is. A new one is at the start.
pub async fn load(db: &Database, name: &str) -> Result<Checkpoint, StoreError> {
    let session = Session::new(db.pool()).await?;
    let steps = [ENSURE, LOAD].map(|sql| Step { sql, params: vec![&name] });
    let answers = session.run_last(&steps).await?;
    let row = answers.get(1).and_then(|answer| answer.rows.first());
    read(row.ok_or_else(|| StoreError::row("a checkpoint vanished"))?)
}

fn read(row: &Row) -> Result<Checkpoint, StoreError> {
    Ok(Checkpoint {
        generation: row::count(row.try_get::<_, i32>(0)?.into())?,
        seq: row::count(row.try_get(1)?)?,
    })
}

/// Where the reader `name` is, if it is known. Unlike [`load`], this makes no reader: whoever's generation
/// is gone must not begin it again.
pub async fn find(db: &Database, name: &str) -> Result<Option<Checkpoint>, StoreError> {
    let step = Step { sql: LOAD, params: vec![&name] };
    let answers = Session::new(db.pool()).await?.run_last(&[step]).await?;
    answers.first().and_then(|answer| answer.rows.first()).map(read).transpose()
}

/// How far the reader `name` has come, and nothing else: it makes no reader.
pub async fn seq(db: &Database, name: &str) -> Result<u64, StoreError> {
    let step = Step { sql: LOAD, params: vec![&name] };
    let answers = Session::new(db.pool()).await?.run_last(&[step]).await?;
    let row = answers.first().and_then(|answer| answer.rows.first());
    row.map_or(Ok(0), |row| row::count(row.try_get(1)?))
}

/// How far a rebuild under way has read for the reader `name`, by its slowest worker; none where there is no
/// such rebuild, or one that was begun before `since`.
pub async fn rebuilt(
    db: &Database,
    name: &str,
    since: Timestamp,
) -> Result<Option<u64>, StoreError> {
    let since = since.as_millis();
    let step = Step { sql: REBUILT, params: vec![&name, &since] };
    let answers = Session::new(db.pool()).await?.run_last(&[step]).await?;
    let row = answers.first().and_then(|answer| answer.rows.first());
    let place = row.map_or(Ok(None), |row| row.try_get::<_, Option<i64>>(0))?;
    place.map(row::count).transpose()
}

/// Moves the reader from where it was to `seq`. Refused if somebody else has moved it meanwhile:
/// then nothing of this transaction may stand.
pub async fn advance(
    tx: &mut TenantTx,
    name: &str,
    from: Checkpoint,
    seq: u64,
) -> Result<Checkpoint, StoreError> {
    let (generation, was) = (row::small(from.generation), row::big(from.seq));
    match tx.execute(ADVANCE, &[&name, &generation, &was, &row::big(seq)]).await? {
        1 => Ok(Checkpoint { seq, ..from }),
        _ => Err(StoreError::Fenced(name.to_owned())),
    }
}

/// The same, where nothing else is to be written.
pub(crate) async fn advance_alone(
    db: &Database,
    name: &str,
    from: Checkpoint,
    seq: u64,
) -> Result<Checkpoint, StoreError> {
    let (generation, was, to) = (row::small(from.generation), row::big(from.seq), row::big(seq));
    let step = Step { sql: ADVANCE, params: vec![&name, &generation, &was, &to] };
    let answers = Session::new(db.pool()).await?.run_last(&[step]).await?;
    match answers.first().map(|answer| answer.affected) {
        Some(1) => Ok(Checkpoint { seq, ..from }),
        _ => Err(StoreError::Fenced(name.to_owned())),
    }
}
