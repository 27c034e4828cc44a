//! Sessions as they begin, and halves of a sign-in. Whoever opens one has the operator's row locked:
//! what ends all sessions locks it too, so that none begins unseen while they end.

use std::time::Duration;

use schemas::{OperatorId, Timestamp};
use store::{
    PlatformTx, StoreError,
    accounts::{
        operators,
        sessions::{self, NewSession, OpenedBy},
        tokens::{self, NewToken, Use},
    },
};

use crate::{
    AccountsError, PendingToken, SessionToken, Signed, Visit,
    session::{AGE_MAX, FRESH},
    token,
};

/// How long the second factor may take.
const PENDING_MAX: Duration = Duration::from_mins(10);

/// What begins.
#[derive(Clone, Copy)]
pub(crate) struct Opening<'a> {
    /// For whom.
    pub(crate) operator: &'a OperatorId,
    /// By what.
    pub(crate) by: OpenedBy,
    /// How many factors were shown.
    pub(crate) aal: i16,
    /// When they proved who they are.
    pub(crate) proved_at: Timestamp,
}

/// A session by a password that was typed just now, and nothing else.
pub(crate) fn by_password<'a>(operator: &'a OperatorId, visit: &Visit) -> Opening<'a> {
    Opening { operator, by: OpenedBy::Password, aal: 1, proved_at: visit.now }
}

/// A new session; the one that the browser held ends.
pub(crate) async fn open(
    tx: &mut PlatformTx,
    opening: Opening<'_>,
    visit: &Visit,
) -> Result<SessionToken, StoreError> {
    if let Some(held) = visit.session() {
        sessions::close(tx, &held.hash(), visit.now).await?;
    }
    let (opened, id) = (SessionToken::draw(), token::draw_id('s'));
    let new = NewSession {
        token: &opened.hash(),
        id: &id,
        operator: opening.operator,
        opened_by: opening.by,
        aal: opening.aal,
        now: visit.now,
        expires_at: visit.now.plus(AGE_MAX),
        fresh_until: opening.proved_at.plus(FRESH),
        agent: visit.agent(),
        ip: visit.ip(),
    };
    sessions::open(tx, &new).await?;
    Ok(opened)
}

/// Another session for the one who is signed in, in the place of theirs: they proved just now who they
/// are.
pub(crate) async fn renew(
    tx: &mut PlatformTx,
    token: &SessionToken,
    signed: &Signed,
    visit: &Visit,
) -> Result<SessionToken, AccountsError> {
    operators::lock(tx, &signed.principal.operator).await?;
    // Whoever ended it meanwhile meant it.
    let closed = sessions::close(tx, &token.hash(), visit.now).await?;
    closed.ok_or(AccountsError::SessionEnded)?;
    let opening = Opening {
        operator: &signed.principal.operator,
        by: signed.opened_by,
        aal: i16::from(signed.aal),
        proved_at: visit.now,
    };
    Ok(open(tx, opening, visit).await?)
}

/// Half a sign-in: the second factor is to come.
pub(crate) async fn pending(
    tx: &mut PlatformTx,
    operator: &OperatorId,
    by: OpenedBy,
    visit: &Visit,
) -> Result<PendingToken, StoreError> {
    let half = PendingToken::draw();
    let new = NewToken {
        hash: &half.hash(),
        purpose: Use::SecondFactor,
        operator: Some(operator),
        email: None,
        grant: None,
        by: None,
        opened_by: Some(by),
        now: visit.now,
        expires_at: visit.now.plus(PENDING_MAX),
    };
    tokens::put(tx, &new).await?;
    Ok(half)
}
