//! The second factor: an app that shows codes, and codes on paper for when it is lost.

use domain::secret::Secret;
use schemas::{OperatorId, Timestamp};
use serde_json::json;
use store::{
    PlatformTx,
    accounts::{
        Hash, operators,
        sessions::{self, OpenedBy},
        tokens::{self, Use},
    },
};

use crate::{
    Accounts, AccountsError, PendingToken, SessionToken, SignIn, Signed, Visit,
    journal::{Deed, note},
    opening::{self, Opening},
    token, totp,
};

/// How many codes on paper.
const CODES: usize = 10;
/// 120 bits each: a plain hash of one tells nobody what it was.
const CODE_LEN: usize = 15;

/// An app that is being set up. Nothing is kept until its first code came.
#[derive(Debug)]
pub struct Enrolment {
    /// As people type it into the app.
    pub secret: Secret,
    /// As the app reads it from a QR code.
    pub uri: Secret,
    /// Comes back with the code; opens for this operator and this installation only.
    pub offer: String,
}

/// Codes that each work once, in place of the app. Shown once.
#[derive(Debug)]
pub struct RecoveryCodes(pub Vec<Secret>);

/// How somebody shows that they have it.
#[derive(Clone, Copy)]
pub(crate) enum Proof<'a> {
    /// By what the app shows.
    Code(&'a str),
    /// By a code on paper.
    Recovery(&'a str),
}

impl<'a> Proof<'a> {
    /// Where one field takes both: an app shows digits, and fewer than paper has letters.
    pub(crate) fn typed(text: &'a str) -> Self {
        let is_app = text.chars().all(|it| it.is_ascii_digit() || it.is_whitespace());
        if is_app { Proof::Code(text) } else { Proof::Recovery(text) }
    }
}

impl Accounts {
    /// The app's code after the password.
    pub async fn second_factor(
        &self,
        pending: &PendingToken,
        code: &str,
        visit: &Visit,
    ) -> Result<SignIn, AccountsError> {
        self.prove(pending, Proof::Code(code), visit).await
    }

    /// A code on paper after the password, in place of the app's.
    pub async fn recover(
        &self,
        pending: &PendingToken,
        code: &str,
        visit: &Visit,
    ) -> Result<SignIn, AccountsError> {
        self.prove(pending, Proof::Recovery(code), visit).await
    }

    async fn prove(
        &self,
        pending: &PendingToken,
        proof: Proof<'_>,
        visit: &Visit,
    ) -> Result<SignIn, AccountsError> {
        let hash = pending.hash();
        let half = tokens::peek(&self.platform, Use::SecondFactor, &hash, visit.now).await?;
        let who = half.and_then(|it| it.operator).ok_or(AccountsError::Link)?;
        let tries = self.tries_of_factor(&who);
        if let Err(until) = self.admit(&tries, visit.now).await? {
            return Ok(SignIn::Throttled { until });
        }
        let mut tx = self.platform.accounts().await?;
        let Some(how) = self.shown(&mut tx, &who, proof, visit.now).await? else {
            let (action, detail) = ("sign-in.refused", json!({ "how": "second factor" }));
            note(&mut tx, visit, Deed { who: Some(&who), tenant: None, action, detail }).await?;
            tx.commit().await?;
            return Ok(SignIn::Refused);
        };
        let taken = tokens::take(&mut tx, Use::SecondFactor, &hash, visit.now).await?;
        let taken = taken.ok_or(AccountsError::Link)?;
        let (action, detail) = ("sign-in.done", json!({ "how": how }));
        note(&mut tx, visit, Deed { who: Some(&who), tenant: None, action, detail }).await?;
        let by = taken.opened_by.unwrap_or(OpenedBy::Password);
        let opening = Opening { operator: &who, by, aal: 2, proved_at: visit.now };
        let session = opening::open(&mut tx, opening, visit).await?;
        tx.commit().await?;
        self.forget(&tries).await?;
        Ok(SignIn::Done(session))
    }

    /// Uses a code up, and says of which kind it was; nothing, if it is not right or was used. The
    /// operator stays locked: nobody ends all their sessions meanwhile.
    pub(crate) async fn shown(
        &self,
        tx: &mut PlatformTx,
        who: &OperatorId,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<Option<&'static str>, AccountsError> {
        let found = operators::lock(tx, who).await?.filter(|it| !it.is_disabled);
        let Some(sealed) = found.and_then(|it| it.totp) else { return Ok(None) };
        match proof {
            Proof::Code(code) => {
                let secret = self.masters.open_own(&operators::totp_name(who), &sealed)?;
                let Some(step) = totp::accept(&secret, code, now) else { return Ok(None) };
                Ok(operators::use_step(tx, who, step).await?.then_some("code"))
            }
            Proof::Recovery(code) => {
                let is_right = operators::use_code(tx, who, &code_hash(code)).await?;
                Ok(is_right.then_some("recovery code"))
            }
        }
    }

    /// Begins to set an app up. Asks for a password that was typed a moment ago.
    pub fn begin_second_factor(&self, signed: &Signed) -> Result<Enrolment, AccountsError> {
        if !signed.is_fresh {
            return Err(AccountsError::Stale);
        }
        let secret = totp::draw();
        let offer = self.masters.seal_own(&offered(&signed.principal.operator), &secret);
        Ok(Enrolment { uri: totp::uri(&secret, &signed.email), secret, offer })
    }

    /// The same app again, after a code that was not right.
    pub fn resume_second_factor(
        &self,
        signed: &Signed,
        offer: &str,
    ) -> Result<Enrolment, AccountsError> {
        if !signed.is_fresh {
            return Err(AccountsError::Stale);
        }
        let opened = self.masters.open_own(&offered(&signed.principal.operator), offer);
        let secret = opened.map_err(|_| AccountsError::Link)?;
        let uri = totp::uri(&secret, &signed.email);
        Ok(Enrolment { uri, secret, offer: offer.to_owned() })
    }

    /// Sets the app up with its first code. The session is a new one, the others end, and here are the
    /// codes on paper.
    pub async fn confirm_second_factor(
        &self,
        session: &SessionToken,
        offer: &str,
        code: &str,
        visit: &Visit,
    ) -> Result<(SessionToken, RecoveryCodes), AccountsError> {
        let signed = self.signed(session, visit.now).await?;
        if !signed.is_fresh {
            return Err(AccountsError::Stale);
        }
        let who = &signed.principal.operator;
        let opened = self.masters.open_own(&offered(who), offer);
        let secret = opened.map_err(|_| AccountsError::Link)?;
        let step = totp::accept(&secret, code, visit.now).ok_or(AccountsError::Wrong)?;
        let sealed = self.masters.seal_own(&operators::totp_name(who), &secret);
        let codes = RecoveryCodes::draw();
        let mut tx = self.platform.accounts().await?;
        operators::set_totp(&mut tx, who, Some(&sealed), step).await?;
        operators::set_codes(&mut tx, who, &codes.hashes()).await?;
        let renewed =
            opening::renew(&mut tx, session, &Signed { aal: 2, ..signed.clone() }, visit).await?;
        let but = sessions::id_of(&mut tx, &renewed.hash()).await?;
        sessions::close_all(&mut tx, who, but.as_deref(), visit.now).await?;
        let (action, detail) = ("second-factor.set-up", json!({}));
        note(&mut tx, visit, Deed { who: Some(who), tenant: None, action, detail }).await?;
        tx.commit().await?;
        Ok((renewed, codes))
    }

    /// Other codes on paper, in the place of those there were.
    pub async fn new_recovery_codes(
        &self,
        signed: &Signed,
        visit: &Visit,
    ) -> Result<RecoveryCodes, AccountsError> {
        if !signed.is_fresh || !signed.has_second_factor {
            return Err(AccountsError::Stale);
        }
        let (who, codes) = (&signed.principal.operator, RecoveryCodes::draw());
        let mut tx = self.platform.accounts().await?;
        operators::set_codes(&mut tx, who, &codes.hashes()).await?;
        let (action, detail) = ("second-factor.new-codes", json!({}));
        note(&mut tx, visit, Deed { who: Some(who), tenant: None, action, detail }).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// How many codes on paper are left.
    pub async fn recovery_codes_left(&self, signed: &Signed) -> Result<u32, AccountsError> {
        Ok(operators::codes_left(&self.platform, &signed.principal.operator).await?)
    }
}

impl RecoveryCodes {
    fn draw() -> Self {
        let code = || {
            let text = totp::base32(&rand::random::<[u8; CODE_LEN]>()).to_lowercase();
            let groups: Vec<_> = text.as_bytes().chunks(6).map(String::from_utf8_lossy).collect();
            Secret::from(groups.join("-"))
        };
        Self((0..CODES).map(|_| code()).collect())
    }

    fn hashes(&self) -> Vec<Hash> {
        self.0.iter().map(|code| code_hash(code.expose())).collect()
    }
}

/// However it was typed.
fn code_hash(code: &str) -> Hash {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    token::hash(&plain.to_ascii_lowercase())
}

/// An offer opens for its operator, and cannot be put into the table.
fn offered(who: &OperatorId) -> String {
    format!("totp offer {who}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let codes = RecoveryCodes::draw();
        let code = codes.0[0].expose();
        assert_eq!((codes.0.len(), code.len()), (10, 27));
        let typed = format!(" {} ", code.to_uppercase().replace('-', " "));
        assert_eq!(code_hash(&typed), codes.hashes()[0]);
        assert_ne!(codes.hashes()[1], codes.hashes()[0]);
    }
}
