//! What was decided of dead letters. The letters are on the log; the first decision on one stands.

use schemas::{Author, TenantId, Timestamp};
use tokio_postgres::{Row, types::ToSql};

use crate::{Database, StoreError, TenantTx, row};

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// It is handled once more.
    Retried,
    /// It is handled once more, as somebody wrote it.
    Edited,
    /// Nothing is done about it.
    Discarded,
}

impl Verb {
    /// Every one.
    const ALL: [Self; 3] = [Self::Retried, Self::Edited, Self::Discarded];

    /// As it stands in the table, and in the id of what is published.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verb::Retried => "retried",
            Verb::Edited => "edited",
            Verb::Discarded => "discarded",
        }
    }
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Of which letter.
    pub letter: String,
    /// What.
    pub verb: Verb,
    /// Why, where somebody said so.
    pub reason: Option<String>,
    /// By whom.
    pub by: Author,
    /// When.
    pub at: Timestamp,
    /// Where what follows stands on the log; nothing while that is not known.
    pub published: Option<u64>,
}

const DECIDE: &str = "
    insert into letter_decision (tenant_id, letter, verb, reason, via, operator, decided_at_ms)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (tenant_id, letter) do nothing";
const OF_LETTERS: &str = "
    select letter, verb, reason, via, operator, decided_at_ms, published_seq
      from letter_decision where tenant_id = $1 and letter = any($2)";
const PUBLISHED: &str = "
    update letter_decision set published_seq = $3 where tenant_id = $1 and letter = $2";

/// Puts a decision on record. Returns the one that stands, which is an earlier one if there is one.
pub async fn decide(
    db: &Database,
    tenant: &TenantId,
    decision: &Decision,
) -> Result<Decision, StoreError> {
    let mut tx = db.tenant(tenant).await?;
    let params: &[&(dyn ToSql + Sync)] = &[
        &tenant.as_str(),
        &decision.letter,
        &decision.verb.as_str(),
        &decision.reason,
        &decision.by.via,
        &decision.by.operator,
        &decision.at.as_millis(),
    ];
    tx.execute(DECIDE, params).await?;
    let letters = [decision.letter.clone()];
    let standing = of_letters(&mut tx, &letters).await?.pop();
    tx.commit().await?;
    standing.ok_or_else(|| StoreError::row("a decision is missing"))
}

/// Says where what follows from a decision stands on the log.
pub async fn published(
    db: &Database,
    tenant: &TenantId,
    (letter, sequence): (&str, u64),
) -> Result<(), StoreError> {
    let tx = db.tenant(tenant).await?;
    tx.last(PUBLISHED, &[&tenant.as_str(), &letter, &row::big(sequence)]).await?;
    Ok(())
}

/// What was decided of those letters.
pub async fn of_letters(
    tx: &mut TenantTx,
    letters: &[String],
) -> Result<Vec<Decision>, StoreError> {
    let tenant = tx.tenant().clone();
    let rows = tx.query(OF_LETTERS, &[&tenant.as_str(), &letters]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Decision, StoreError> {
    let verb = row.try_get::<_, &str>(1)?;
    let verb = Verb::ALL.into_iter().find(|known| known.as_str() == verb);
    let published = row.try_get::<_, Option<i64>>(6)?;
    Ok(Decision {
        letter: row.try_get(0)?,
        verb: verb.ok_or_else(|| StoreError::row("an unknown decision"))?,
        reason: row.try_get(2)?,
        by: Author { via: row.try_get(3)?, operator: row.try_get(4)? },
        at: row::at(row, 5)?,
        published: published.map(row::count).transpose()?,
    })
}
