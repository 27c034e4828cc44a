//! Sessions of operators, found by the hash of their token.

use std::collections::BTreeMap;

use domain::access::{PlatformRole, TenantRole};
use schemas::{OperatorId, TenantId, Timestamp};
use tokio_postgres::types::ToSql;

use super::{Hash, platform_role};
use crate::{Platform, PlatformTx, StoreError, row};

/// By what a session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenedBy {
    /// A password, or a link that makes an account with one.
    Password,
    /// The word of the provider of identities.
    Provider,
}

impl OpenedBy {
    pub(super) const fn word(self) -> &'static str {
        match self {
            OpenedBy::Password => "password",
            OpenedBy::Provider => "provider",
        }
    }

    pub(super) fn read(word: &str) -> Result<Self, StoreError> {
        let all = [OpenedBy::Password, OpenedBy::Provider];
        let found = all.into_iter().find(|it| it.word() == word);
        found.ok_or_else(|| StoreError::Row(format!("not a way to open a session: {word}")))
    }
}

/// One that begins.
pub struct NewSession<'a> {
    /// Of its token.
    pub token: &'a Hash,
    /// What lists call it.
    pub id: &'a str,
    /// Whose it is.
    pub operator: &'a OperatorId,
    /// By what it is opened.
    pub opened_by: OpenedBy,
    /// How many factors were shown.
    pub aal: i16,
    /// When it begins.
    pub now: Timestamp,
    /// When it ends, however much it is used.
    pub expires_at: Timestamp,
    /// Until when nobody asks for the password again.
    pub fresh_until: Timestamp,
    /// The browser, as it calls itself.
    pub agent: &'a str,
    /// Where from.
    pub ip: &'a str,
}

/// Between what times a session lives.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Now.
    pub now: Timestamp,
    /// Seen after this, it is not idle.
    pub idle_since: Timestamp,
    /// Seen before this, it is noted that it was seen.
    pub touch_before: Timestamp,
}

/// A session that lives, and who it speaks for.
#[derive(Clone, Debug)]
pub struct Found {
    /// What lists call it.
    pub id: String,
    /// Whose it is.
    pub operator: OperatorId,
    /// As they call themselves.
    pub name: String,
    /// In lower case.
    pub email: String,
    /// By what it was opened.
    pub opened_by: OpenedBy,
    /// How many factors were shown.
    pub aal: i16,
    /// Until when nobody asks for the password again.
    pub fresh_until: Timestamp,
    /// When it ends, however much it is used.
    pub expires_at: Timestamp,
    /// Whether a second factor is set up.
    pub has_totp: bool,
    /// Whether a password is chosen.
    pub has_password: bool,
    /// Whether they have a name at the provider of identities.
    pub is_linked: bool,
    /// The role over the installation.
    pub platform: Option<PlatformRole>,
    /// The roles in tenants.
    pub tenants: BTreeMap<TenantId, TenantRole>,
}

/// A session, as its owner sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name here; opens nothing.
    pub id: String,
    /// The browser, as it calls itself.
    pub agent: String,
    /// Where from.
    pub ip: String,
    /// By what it was opened.
    pub opened_by: OpenedBy,
    /// How many factors were shown.
    pub aal: i16,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last seen, to the minute.
    pub last_seen_at: Timestamp,
}

const OPEN: &str = "
    insert into operator_session (token_sha256, id, operator_id, aal, created_at_ms,
        last_seen_at_ms, expires_at_ms, fresh_until_ms, agent, ip, opened_by)
    values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10)";
/// Read by every request: it writes only when the note of the last one is old.
const FIND: &str = "
    with touched as (
        update operator_session set last_seen_at_ms = $2
         where token_sha256 = $1 and revoked_at_ms is null and $2 < expires_at_ms
           and $3 < last_seen_at_ms and last_seen_at_ms < $4)
    select s.id, s.operator_id, o.name, o.email, s.aal, s.fresh_until_ms, s.expires_at_ms,
        o.totp_sealed is not null, o.platform_role,
        coalesce((select jsonb_object_agg(m.tenant_id, m.role)
                    from membership m where m.operator_id = o.id), '{}'),
        s.opened_by, o.password is not null,
        exists (select from operator_identity i where i.operator_id = o.id)
      from operator_session s join operator o on o.id = s.operator_id
     where s.token_sha256 = $1 and s.revoked_at_ms is null and o.disabled_at_ms is null
       and $2 < s.expires_at_ms and $3 < s.last_seen_at_ms";
const ID: &str = "select id from operator_session where token_sha256 = $1";
const CLOSE: &str = "
    update operator_session set revoked_at_ms = $2
     where token_sha256 = $1 and revoked_at_ms is null returning operator_id";
const CLOSE_ONE: &str = "
    update operator_session set revoked_at_ms = $3
     where operator_id = $1 and id = $2 and revoked_at_ms is null";
const CLOSE_ALL: &str = "
    update operator_session set revoked_at_ms = $3
     where operator_id = $1 and id is distinct from $2 and revoked_at_ms is null";
const LIST: &str = "
    select id, agent, ip, created_at_ms, last_seen_at_ms, opened_by, aal from operator_session
     where operator_id = $1 and revoked_at_ms is null and $2 < expires_at_ms
       and $3 < last_seen_at_ms
     order by last_seen_at_ms desc, id";

/// Begins one.
pub async fn open(tx: &mut PlatformTx, new: &NewSession<'_>) -> Result<(), StoreError> {
    let (at, expires) = (new.now.as_millis(), new.expires_at.as_millis());
    let fresh = new.fresh_until.as_millis();
    let (token, operator) = (new.token.as_slice(), new.operator.as_str());
    let (agent, ip, by) = (new.agent, new.ip, new.opened_by.word());
    let params: [&(dyn ToSql + Sync); 10] =
        [&token, &new.id, &operator, &new.aal, &at, &expires, &fresh, &agent, &ip, &by];
    tx.execute(OPEN, &params).await.map(drop)
}

/// The session of that token, if it lives, in one round trip; notes that it was seen.
pub async fn find(
    platform: &Platform,
    token: &Hash,
    bounds: Bounds,
) -> Result<Option<Found>, StoreError> {
    let (now, idle) = (bounds.now.as_millis(), bounds.idle_since.as_millis());
    let touch = bounds.touch_before.as_millis();
    let answer = platform.account(FIND, &[&token.as_slice(), &now, &idle, &touch]).await?;
    let Some(row) = answer.rows.first() else { return Ok(None) };
    Ok(Some(Found {
        id: row.try_get(0)?,
        operator: row::id(row, 1)?,
        name: row.try_get(2)?,
        email: row.try_get(3)?,
        aal: row.try_get(4)?,
        fresh_until: row::at(row, 5)?,
        expires_at: row::at(row, 6)?,
        has_totp: row.try_get(7)?,
        platform: row.try_get::<_, Option<&str>>(8)?.map(platform_role).transpose()?,
        tenants: row::json(row, 9)?,
        opened_by: OpenedBy::read(row.try_get(10)?)?,
        has_password: row.try_get(11)?,
        is_linked: row.try_get(12)?,
    }))
}

/// Ends the session of that token, and says whose it was.
pub async fn close(
    tx: &mut PlatformTx,
    token: &Hash,
    now: Timestamp,
) -> Result<Option<OperatorId>, StoreError> {
    let rows = tx.query(CLOSE, &[&token.as_slice(), &now.as_millis()]).await?;
    rows.first().map(|row| row::id(row, 0)).transpose()
}

/// Ends one of an operator's; false if there is none of that name.
pub async fn close_one(
    tx: &mut PlatformTx,
    operator: &OperatorId,
    id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.execute(CLOSE_ONE, &[&operator.as_str(), &id, &now.as_millis()]).await? == 1)
}

/// Ends all of an operator's but one, and says how many there were.
pub async fn close_all(
    tx: &mut PlatformTx,
    operator: &OperatorId,
    but: Option<&str>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.execute(CLOSE_ALL, &[&operator.as_str(), &but, &now.as_millis()]).await
}

/// Those of an operator that live.
pub async fn list(
    platform: &Platform,
    operator: &OperatorId,
    bounds: Bounds,
) -> Result<Vec<Listed>, StoreError> {
    let (now, idle) = (bounds.now.as_millis(), bounds.idle_since.as_millis());
    let answer = platform.account(LIST, &[&operator.as_str(), &now, &idle]).await?;
    let read = |row| {
        Ok(Listed {
            id: tokio_postgres::Row::try_get(row, 0)?,
            agent: row.try_get(1)?,
            ip: row.try_get(2)?,
            created_at: row::at(row, 3)?,
            last_seen_at: row::at(row, 4)?,
            opened_by: OpenedBy::read(row.try_get(5)?)?,
            aal: row.try_get(6)?,
        })
    };
    answer.rows.iter().map(read).collect()
}

/// The name of the session of that token.
pub async fn id_of(tx: &mut PlatformTx, token: &Hash) -> Result<Option<String>, StoreError> {
    let rows = tx.query(ID, &[&token.as_slice()]).await?;
    rows.first().map(|row| Ok(row.try_get(0)?)).transpose()
}
