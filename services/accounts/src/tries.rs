//! Tries of passwords and codes, counted before anybody knows how they end.

use std::time::Duration;

use schemas::{OperatorId, Timestamp};
use store::{
    StoreError,
    accounts::{Hash, throttle as tries},
};

use crate::{
    Accounts, Signed, Visit,
    throttle::{self, WAIT_MAX, WAIT_MAX_BY_OTHERS},
};

/// What a try counts for.
pub(crate) struct Counted {
    key: Hash,
    /// The most that the next one waits.
    longest: Duration,
}

impl Accounts {
    /// Of an e-mail that anybody may type: for the account, and for the account from there.
    pub(crate) fn tries_of(&self, email: &str, visit: &Visit) -> [Counted; 2] {
        // No address has a line break in it.
        let from = format!("{}\n{email}", visit.network());
        [
            self.counted("sign in", email, WAIT_MAX_BY_OTHERS),
            self.counted("sign in from", &from, WAIT_MAX),
        ]
    }

    /// Of whoever is signed in and types the password again: nobody else counts for that.
    pub(crate) fn tries_again(&self, signed: &Signed) -> [Counted; 1] {
        let session = format!("{} {}", signed.principal.operator, signed.session);
        [self.counted("sign in again", &session, WAIT_MAX)]
    }

    /// Of the second factor of somebody whose password was right.
    pub(crate) fn tries_of_factor(&self, who: &OperatorId) -> [Counted; 1] {
        [self.counted("second factor", who.as_str(), WAIT_MAX)]
    }

    fn counted(&self, name: &str, text: &str, longest: Duration) -> Counted {
        Counted { key: self.masters.own_index(name, text), longest }
    }

    /// Counts a try, unless it comes too early for one of these: until when, it says then.
    pub(crate) async fn admit(
        &self,
        counted: &[Counted],
        now: Timestamp,
    ) -> Result<Result<(), Timestamp>, StoreError> {
        let mut tx = self.platform.accounts().await?;
        let (mut after, mut until) = (Vec::with_capacity(counted.len()), None);
        for it in counted {
            let before = tries::lock(&mut tx, &it.key).await?;
            match throttle::admit(before, now, it.longest) {
                Ok(tries) => after.push((&it.key, tries)),
                Err(at) => until = until.max(Some(at)),
            }
        }
        if until.is_none() {
            for (key, tries) in after {
                tries::write(&mut tx, key, tries).await?;
            }
        }
        tx.commit().await?;
        Ok(until.map_or(Ok(()), Err))
    }

    /// Forgets them: whoever it was is known now.
    pub(crate) async fn forget(&self, counted: &[Counted]) -> Result<(), StoreError> {
        for it in counted {
            tries::clear(&self.platform, &it.key).await?;
        }
        Ok(())
    }
}
