//! Invitations: an account with a role, or a role for an account.

use std::time::Duration;

use domain::{
    access::{Permission, Principal},
    secret::Secret,
};
use schemas::{OperatorId, Timestamp};
use serde_json::json;
use store::{
    PlatformTx, Purpose,
    accounts::{
        Grant, members,
        operators::{self, NewOperator},
        tokens::{self, NewToken, Use},
    },
};

use crate::{
    Accounts, AccountsError, Delivery, Email, LinkToken, SessionToken, Signed, Visit,
    journal::{Deed, note},
    mail::{Letter, Link},
    opening::{self, by_password},
    operators::CONSOLE,
    password, set_up, standing, token,
};

/// How long it works.
const LINK_KEPT: Duration = Duration::from_hours(72);

/// What a link invites to.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Whom.
    pub email: String,
    /// To what.
    pub grant: Grant,
    /// Whether they have an account: then they sign in and [`Accounts::join`], else they
    /// [`Accounts::accept_invite`].
    pub has_account: bool,
    /// By whom.
    by: Option<OperatorId>,
}

impl Accounts {
    /// Invites somebody to a role, for 72 hours. Another invitation to the same voids the first.
    /// Whether the tenant exists is for the caller to know.
    pub async fn invite(
        &self,
        by: &Principal,
        email: &str,
        grant: &Grant,
        visit: &Visit,
    ) -> Result<Delivery, AccountsError> {
        may_give(by, grant)?;
        let email = Email::parse(email)?;
        let made = LinkToken::draw();
        let new = NewToken {
            hash: &made.hash(),
            purpose: Use::Invite,
            operator: None,
            email: Some(email.as_str()),
            grant: Some(grant),
            by: Some(&by.operator),
            opened_by: None,
            now: visit.now,
            expires_at: visit.now.plus(LINK_KEPT),
        };
        let mut tx = self.platform.accounts().await?;
        tokens::put(&mut tx, &new).await?;
        let detail = json!({ "email": email.as_str(), "role": grant.word() });
        let (who, tenant) = (Some(&by.operator), grant.tenant());
        note(&mut tx, visit, Deed { who, tenant, action: "invite.made", detail }).await?;
        tx.commit().await?;
        let link = self.link("invite", &made);
        self.deliver(letter(&email, &link), link).await
    }

    /// What the link invites to. A page that shows its form uses nothing up.
    pub async fn invitation(
        &self,
        link: &LinkToken,
        now: Timestamp,
    ) -> Result<Option<Invitation>, AccountsError> {
        let found = tokens::peek(&self.platform, Use::Invite, &link.hash(), now).await?;
        let Some(found) = found else { return Ok(None) };
        let Some((email, grant)) = found.email.zip(found.grant) else { return Ok(None) };
        let has_account = operators::by_email(&self.platform, &email).await?.is_some();
        Ok(Some(Invitation { email, grant, has_account, by: found.by }))
    }

    /// Makes the account that the link invites to, signed in. The e-mail is the invitation's.
    pub async fn accept_invite(
        &self,
        link: &LinkToken,
        name: &str,
        chosen: &Secret,
        visit: &Visit,
    ) -> Result<SessionToken, AccountsError> {
        let found = self.invitation(link, visit.now).await?.ok_or(AccountsError::Link)?;
        if found.has_account {
            return Err(AccountsError::EmailTaken);
        }
        let tenant = found.grant.tenant().map_or("", |it| it.as_str());
        password::check(chosen, false, &[&found.email, name, tenant])?;
        let phc = self.hasher.hash(self.hasher.place_of(visit)?, chosen).await?;
        let id = token::draw_operator('o')?;
        let mut tx = self.platform.begin(Purpose::Members, id.as_str()).await?;
        let new = NewOperator {
            id: &id,
            email: &found.email,
            name: &set_up::name(name),
            password: Some(&phc),
            platform: None,
        };
        if !operators::insert(&mut tx, &new, visit.now).await? {
            return Err(AccountsError::EmailTaken);
        }
        take(&mut tx, link, &found, &id, visit).await?;
        let session = opening::open(&mut tx, by_password(&id, visit), visit).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// Takes the role that the link invites to, as the one who is signed in and whose e-mail it is.
    pub async fn join(
        &self,
        link: &LinkToken,
        signed: &Signed,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        let found = self.invitation(link, visit.now).await?.ok_or(AccountsError::Link)?;
        if found.email != signed.email {
            return Err(AccountsError::Link);
        }
        let id = &signed.principal.operator;
        let mut tx = self.platform.begin(Purpose::Members, id.as_str()).await?;
        take(&mut tx, link, &found, id, visit).await?;
        Ok(tx.commit().await?)
    }

    /// By mail, where there is mail.
    pub(crate) async fn deliver(
        &self,
        letter: Letter<'_>,
        link: Link,
    ) -> Result<Delivery, AccountsError> {
        let Some(mailer) = &self.mailer else {
            return Ok(Delivery::ShowToAdministrator(link));
        };
        match mailer.send(letter).await {
            Ok(()) => Ok(Delivery::Mailed),
            // The link is made, and what it replaces is void: whoever asked for it has it all the same.
            Err(error) => {
                tracing::warn!(%error, "a link was not mailed, so it is shown");
                Ok(Delivery::ShowToAdministrator(link))
            }
        }
    }
}

/// Who may give a role, and who is told that there is no such thing.
pub(crate) fn may_give(by: &Principal, grant: &Grant) -> Result<(), AccountsError> {
    match grant {
        Grant::Platform(_) => by.require_platform(Permission::OperatorsManage)?,
        Grant::Tenant(tenant, _) => by.require(Permission::TenantsManage, tenant)?,
    }
    Ok(())
}

/// Whether whoever invited is still here and may still give the role. Whoever runs the server may.
async fn is_backed(tx: &mut PlatformTx, found: &Invitation) -> Result<bool, AccountsError> {
    let Some(by) = &found.by else { return Ok(false) };
    if by.as_str() == CONSOLE {
        return Ok(true);
    }
    let standing = standing::of(tx, by).await?;
    Ok(standing.is_some_and(|it| may_give(&it, &found.grant).is_ok()))
}

/// Uses the link up, and gives the role. An invitation raises a role and never lowers one: that is for
/// administrators, who are asked whether somebody remains.
pub(crate) async fn take(
    tx: &mut PlatformTx,
    link: &LinkToken,
    found: &Invitation,
    who: &OperatorId,
    visit: &Visit,
) -> Result<(), AccountsError> {
    // Operators are locked before links, here and wherever links are voided.
    let held = operators::lock(tx, who).await?.and_then(|it| it.platform);
    if !is_backed(tx, found).await? {
        return Err(AccountsError::Link);
    }
    let taken = tokens::take(tx, Use::Invite, &link.hash(), visit.now).await?;
    taken.ok_or(AccountsError::Link)?;
    match &found.grant {
        Grant::Platform(role) => {
            if !held.is_some_and(|it| it.covers(*role)) {
                operators::set_role(tx, who, Some(*role)).await?;
            }
        }
        Grant::Tenant(tenant, role) => {
            let held = members::roles(tx, who).await?.get(tenant).copied();
            if !held.is_some_and(|it| it.covers(*role)) {
                members::put(tx, tenant, who, *role, visit.now).await?;
            }
        }
    }
    let (tenant, detail) = (found.grant.tenant(), json!({ "role": found.grant.word() }));
    note(tx, visit, Deed { who: Some(who), tenant, action: "invite.accepted", detail }).await?;
    Ok(())
}

fn letter<'a>(to: &'a Email, link: &Link) -> Letter<'a> {
    let text = format!(
        "You are invited to Konstruct. Follow this link within 72 hours:\n\n{}\n\nIf you do not know \
         why, do nothing.\n",
        link.expose()
    );
    Letter { to, subject: "You are invited to Konstruct", text }
}
