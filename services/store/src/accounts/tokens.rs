//! Links that work once, and the first half of a sign-in with two factors.

use schemas::{OperatorId, Timestamp};
use tokio_postgres::{Row, types::ToSql};

use super::{Grant, Hash, sessions::OpenedBy};
use crate::{Platform, PlatformTx, StoreError, row};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Makes the first administrator.
    SetUp,
    /// Makes an account with a role, or gives the role to one.
    Invite,
    /// Chooses another password.
    Reset,
    /// The password or the provider's word was right; the second factor is still to come.
    SecondFactor,
}

impl Use {
    const fn word(self) -> &'static str {
        match self {
            Use::SetUp => "setup",
            Use::Invite => "invite",
            Use::Reset => "reset",
            Use::SecondFactor => "second-factor",
        }
    }
}

/// One that is made.
pub struct NewToken<'a> {
    /// Of the token.
    pub hash: &'a Hash,
    /// What it is for.
    pub purpose: Use,
    /// Whose it is, if they have an account.
    pub operator: Option<&'a OperatorId>,
    /// Whose it is, if they have none.
    pub email: Option<&'a str>,
    /// The role that comes with it.
    pub grant: Option<&'a Grant>,
    /// Who made it.
    pub by: Option<&'a OperatorId>,
    /// Of half a sign-in: by what.
    pub opened_by: Option<OpenedBy>,
    /// When it is made.
    pub now: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// One that works.
#[derive(Clone, Debug)]
pub struct Found {
    /// Whose it is, if they have an account.
    pub operator: Option<OperatorId>,
    /// Whose it is, if they have none.
    pub email: Option<String>,
    /// The role that comes with it.
    pub grant: Option<Grant>,
    /// Who made it.
    pub by: Option<OperatorId>,
    /// Of half a sign-in: by what.
    pub opened_by: Option<OpenedBy>,
}

/// An invitation that nobody has taken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenInvitation {
    /// Its name here: the hash of its token, in hex. Opens nothing.
    pub id: String,
    /// Whom it invites.
    pub email: String,
    /// To what.
    pub grant: Grant,
    /// Who made it, as they call themselves; nobody, if it was made on the server.
    pub maker: Option<String>,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// The most that a list shows, the youngest first. Whatever is behind them ends within days.
const OPEN_MAX: i64 = 200;

const OPEN: &str = "
    select t.sha256, t.email, t.tenant, t.role, o.name, t.expires_at_ms
      from one_use_token t left join operator o on o.id = t.made_by
     where t.purpose = 'invite' and t.used_at_ms is null and $1 < t.expires_at_ms
     order by t.expires_at_ms desc, t.email limit $2";
const PUT: &str = "
    insert into one_use_token (sha256, purpose, operator_id, email, tenant, role, made_by,
        created_at_ms, expires_at_ms, opened_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const PEEK: &str = "
    select operator_id, email, tenant, role, made_by, opened_by from one_use_token
     where sha256 = $1 and purpose = $2 and used_at_ms is null and $3 < expires_at_ms";
const TAKE: &str = "
    update one_use_token set used_at_ms = $3
     where sha256 = $1 and purpose = $2 and used_at_ms is null and $3 < expires_at_ms
    returning operator_id, email, tenant, role, made_by, opened_by";
/// Whoever is asked for a second link for the same thing voids the first.
const VOID: &str = "
    update one_use_token set used_at_ms = $5
     where purpose = $1 and operator_id is not distinct from $2 and email is not distinct from $3
       and tenant is not distinct from $4 and used_at_ms is null";
const VOID_ALL: &str = "
    update one_use_token set used_at_ms = $3
     where (operator_id = $1 or email = $2) and used_at_ms is null";
const VOID_MADE_BY: &str = "
    update one_use_token set used_at_ms = $2 where made_by = $1 and used_at_ms is null";

/// Makes one, and voids those before it for the same person and thing, unless it is half a sign-in or
/// a link that anybody may ask for.
pub async fn put(tx: &mut PlatformTx, new: &NewToken<'_>) -> Result<(), StoreError> {
    let operator = new.operator.map(OperatorId::as_str);
    let by = new.by.map(OperatorId::as_str);
    let tenant = new.grant.and_then(Grant::tenant).map(schemas::TenantId::as_str);
    let role = new.grant.map(Grant::word);
    let (purpose, now) = (new.purpose.word(), new.now.as_millis());
    match new.purpose {
        Use::SecondFactor => {}
        Use::Reset if new.by.is_none() => {}
        Use::SetUp | Use::Invite | Use::Reset => {
            tx.execute(VOID, &[&purpose, &operator, &new.email, &tenant, &now]).await?;
        }
    }
    let (hash, expires) = (new.hash.as_slice(), new.expires_at.as_millis());
    let opened = new.opened_by.map(OpenedBy::word);
    let params: [&(dyn ToSql + Sync); 10] =
        [&hash, &purpose, &operator, &new.email, &tenant, &role, &by, &now, &expires, &opened];
    tx.execute(PUT, &params).await.map(drop)
}

/// What the token is, without using it: a page that shows a form must not use it up.
pub async fn peek(
    platform: &Platform,
    purpose: Use,
    hash: &Hash,
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    let params = (hash.as_slice(), purpose.word(), now.as_millis());
    let answer = platform.account(PEEK, &[&params.0, &params.1, &params.2]).await?;
    answer.rows.first().map(read).transpose()
}

/// Uses it up.
pub async fn take(
    tx: &mut PlatformTx,
    purpose: Use,
    hash: &Hash,
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    let rows = tx.query(TAKE, &[&hash.as_slice(), &purpose.word(), &now.as_millis()]).await?;
    rows.first().map(read).transpose()
}

/// The invitations that nobody has taken yet.
pub async fn open_invitations(
    platform: &Platform,
    now: Timestamp,
) -> Result<Vec<OpenInvitation>, StoreError> {
    let answer = platform.account(OPEN, &[&now.as_millis(), &OPEN_MAX]).await?;
    let read = |row: &Row| {
        Ok(OpenInvitation {
            id: hex::encode(row.try_get::<_, &[u8]>(0)?),
            email: row.try_get(1)?,
            grant: Grant::read(row.try_get(2)?, row.try_get(3)?)?,
            maker: row.try_get(4)?,
            expires_at: row::at(row, 5)?,
        })
    };
    answer.rows.iter().map(read).collect()
}

/// Takes an invitation back, by its name in the list, and says what it was; nothing, if there is none.
pub async fn revoke_invitation(
    tx: &mut PlatformTx,
    id: &str,
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    let mut hash = Hash::default();
    if hex::decode_to_slice(id, &mut hash).is_err() {
        return Ok(None);
    }
    take(tx, Use::Invite, &hash, now).await
}

/// Voids every link of an account.
pub async fn void_all(
    tx: &mut PlatformTx,
    operator: &OperatorId,
    email: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(VOID_ALL, &[&operator.as_str(), &email, &now.as_millis()]).await.map(drop)
}

/// Voids every link that somebody made for others.
pub async fn void_made_by(
    tx: &mut PlatformTx,
    by: &OperatorId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(VOID_MADE_BY, &[&by.as_str(), &now.as_millis()]).await.map(drop)
}

fn read(row: &Row) -> Result<Found, StoreError> {
    let role: Option<&str> = row.try_get(3)?;
    let tenant: Option<&str> = row.try_get(2)?;
    Ok(Found {
        operator: row::id_opt(row, 0)?,
        email: row.try_get(1)?,
        grant: role.map(|role| Grant::read(tenant, role)).transpose()?,
        by: row::id_opt(row, 4)?,
        opened_by: row.try_get::<_, Option<&str>>(5)?.map(OpenedBy::read).transpose()?,
    })
}
