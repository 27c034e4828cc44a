//! The table of operators.

use domain::access::PlatformRole;
use schemas::{OperatorId, Timestamp};
use serde::Serialize;
use tokio_postgres::Row;

use super::{Hash, platform_role, platform_word};
use crate::{Platform, PlatformTx, StoreError, row};

/// An operator, as lists show one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// Who.
    pub id: OperatorId,
    /// In lower case.
    pub email: String,
    /// As they call themselves.
    pub name: String,
    /// The role over the installation, where there is one.
    pub platform: Option<PlatformRole>,
    /// Whether a password was ever chosen.
    pub has_password: bool,
    /// Whether a second factor is asked for.
    pub has_totp: bool,
    /// Whether they have a name at the provider of identities.
    pub is_linked: bool,
    /// When somebody last asked for a link to choose another password, and got none yet.
    pub reset_asked_at: Option<Timestamp>,
    /// Since when they cannot sign in.
    pub disabled_at: Option<Timestamp>,
    /// Since when there is this account.
    pub created_at: Timestamp,
}

/// What a sign-in is judged by.
#[derive(Clone)]
pub struct Credentials {
    /// Who.
    pub id: OperatorId,
    /// In lower case.
    pub email: String,
    /// As they call themselves.
    pub name: String,
    /// argon2id, as a PHC string.
    pub password: Option<String>,
    /// The second factor, sealed.
    pub totp: Option<String>,
    /// Whether they may sign in at all.
    pub is_disabled: bool,
    /// The role over the installation.
    pub platform: Option<PlatformRole>,
}

const LIST: &str = "
    select id, email, name, platform_role, password is not null, totp_sealed is not null,
        reset_asked_at_ms, disabled_at_ms, created_at_ms,
        exists (select from operator_identity i where i.operator_id = operator.id)
      from operator order by email";
const CREDENTIALS: &str = "
    select id, email, name, password, totp_sealed, disabled_at_ms is not null, platform_role
      from operator where email = $1 or id = $2";
/// One after the other: whoever changes what a sign-in is judged by, and whoever signs in.
const LOCK: &str = "
    select id, email, name, password, totp_sealed, disabled_at_ms is not null, platform_role
      from operator where id = $1 for update";
const INSERT: &str = "
    insert into operator (id, email, name, password, platform_role, created_at_ms)
    values ($1, $2, $3, $4, $5, $6) on conflict (email) do nothing";
const ADMINISTRATORS: &str = "
    select id from operator
     where platform_role = 'administrator' and disabled_at_ms is null order by id for update";
const ANY: &str = "select exists (select from operator)";
const PASSWORD: &str = "
    update operator set password = $2, reset_asked_at_ms = null where id = $1";
const REHASH: &str = "update operator set password = $3 where id = $1 and password = $2";
/// A code of a step works once: whoever comes second finds the step used.
const STEP: &str = "
    update operator set totp_last_step = $2 where id = $1 and totp_last_step < $2";
const TOTP: &str = "
    update operator set totp_sealed = $2, totp_last_step = $3 where id = $1";
const ROLE: &str = "update operator set platform_role = $2 where id = $1";
const DISABLED: &str = "update operator set disabled_at_ms = $2 where id = $1";
const RENAME: &str = "update operator set name = $2 where id = $1";
/// One statement, whether there is such an account or not.
const ASKED: &str = "
    update operator set reset_asked_at_ms = $2
     where email = $1 and disabled_at_ms is null
       and coalesce(reset_asked_at_ms, 0) <= $3
    returning id, password is null
        and exists (select from operator_identity i where i.operator_id = operator.id)";
const CODES_GONE: &str = "delete from recovery_code where operator_id = $1";
const CODES: &str = "
    insert into recovery_code (operator_id, sha256) select $1, unnest($2::bytea[])";
const CODE: &str = "delete from recovery_code where operator_id = $1 and sha256 = $2";
const CODES_LEFT: &str = "select count(*) from recovery_code where operator_id = $1";

/// Everybody, by e-mail.
pub async fn list(platform: &Platform) -> Result<Vec<Operator>, StoreError> {
    let answer = platform.account(LIST, &[]).await?;
    answer.rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Operator, StoreError> {
    Ok(Operator {
        id: row::id(row, 0)?,
        email: row.try_get(1)?,
        name: row.try_get(2)?,
        platform: row.try_get::<_, Option<&str>>(3)?.map(platform_role).transpose()?,
        has_password: row.try_get(4)?,
        has_totp: row.try_get(5)?,
        reset_asked_at: row::at_opt(row, 6)?,
        disabled_at: row::at_opt(row, 7)?,
        created_at: row::at(row, 8)?,
        is_linked: row.try_get(9)?,
    })
}

/// By e-mail in lower case.
pub async fn by_email(platform: &Platform, email: &str) -> Result<Option<Credentials>, StoreError> {
    credentials(platform, Some(email), None).await
}

/// By id.
pub async fn by_id(
    platform: &Platform,
    id: &OperatorId,
) -> Result<Option<Credentials>, StoreError> {
    credentials(platform, None, Some(id.as_str())).await
}

async fn credentials(
    platform: &Platform,
    email: Option<&str>,
    id: Option<&str>,
) -> Result<Option<Credentials>, StoreError> {
    let answer = platform.account(CREDENTIALS, &[&email, &id]).await?;
    answer.rows.first().map(judged_by).transpose()
}

fn judged_by(row: &Row) -> Result<Credentials, StoreError> {
    Ok(Credentials {
        id: row::id(row, 0)?,
        email: row.try_get(1)?,
        name: row.try_get(2)?,
        password: row.try_get(3)?,
        totp: row.try_get(4)?,
        is_disabled: row.try_get(5)?,
        platform: row.try_get::<_, Option<&str>>(6)?.map(platform_role).transpose()?,
    })
}

/// As they are now, and as they stay until the transaction ends.
pub async fn lock(tx: &mut PlatformTx, id: &OperatorId) -> Result<Option<Credentials>, StoreError> {
    let rows = tx.query(LOCK, &[&id.as_str()]).await?;
    rows.first().map(judged_by).transpose()
}

/// A new operator.
pub struct NewOperator<'a> {
    /// Drawn.
    pub id: &'a OperatorId,
    /// In lower case.
    pub email: &'a str,
    /// As they call themselves.
    pub name: &'a str,
    /// argon2id, as a PHC string; none for whoever comes by the word of the provider of identities.
    pub password: Option<&'a str>,
    /// The role over the installation.
    pub platform: Option<PlatformRole>,
}

/// Makes one; false if the e-mail has an account.
pub async fn insert(
    tx: &mut PlatformTx,
    new: &NewOperator<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let role = new.platform.map(platform_word);
    let at = now.as_millis();
    let id = new.id.as_str();
    Ok(tx.execute(INSERT, &[&id, &new.email, &new.name, &new.password, &role, &at]).await? == 1)
}

/// Those who run the installation. Locked until the transaction ends, so that two of them cannot take
/// each other's role at once.
pub async fn administrators(tx: &mut PlatformTx) -> Result<Vec<OperatorId>, StoreError> {
    tx.query(ADMINISTRATORS, &[]).await?.iter().map(|row| row::id(row, 0)).collect()
}

/// Whether there is any operator.
pub async fn any(platform: &Platform) -> Result<bool, StoreError> {
    let answer = platform.account(ANY, &[]).await?;
    answer.rows.first().map_or(Ok(false), |row| Ok(row.try_get(0)?))
}

/// Another password, or none.
pub async fn set_password(
    tx: &mut PlatformTx,
    id: &OperatorId,
    phc: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(PASSWORD, &[&id.as_str(), &phc]).await.map(drop)
}

/// The same password, hashed anew; nothing, if it is another one by now.
pub async fn rehash(
    tx: &mut PlatformTx,
    id: &OperatorId,
    (old, new): (&str, &str),
) -> Result<(), StoreError> {
    tx.execute(REHASH, &[&id.as_str(), &old, &new]).await.map(drop)
}

/// What a sealed second factor is named after: moved to another operator, it does not open.
pub fn totp_name(id: &OperatorId) -> String {
    format!("totp {id}")
}

/// Uses a step up; false if it was, or a later one.
pub async fn use_step(tx: &mut PlatformTx, id: &OperatorId, step: i64) -> Result<bool, StoreError> {
    Ok(tx.execute(STEP, &[&id.as_str(), &step]).await? == 1)
}

/// Another second factor, whose `step` is used, or none. Recovery codes go with the former one.
pub async fn set_totp(
    tx: &mut PlatformTx,
    id: &OperatorId,
    sealed: Option<&str>,
    step: i64,
) -> Result<(), StoreError> {
    tx.execute(TOTP, &[&id.as_str(), &sealed, &step]).await?;
    tx.execute(CODES_GONE, &[&id.as_str()]).await.map(drop)
}

/// Recovery codes, in the place of those there were.
pub async fn set_codes(
    tx: &mut PlatformTx,
    id: &OperatorId,
    codes: &[Hash],
) -> Result<(), StoreError> {
    let codes: Vec<&[u8]> = codes.iter().map(<[u8; 32]>::as_slice).collect();
    tx.execute(CODES_GONE, &[&id.as_str()]).await?;
    tx.execute(CODES, &[&id.as_str(), &codes]).await.map(drop)
}

/// Uses a recovery code up; false if there is none like it.
pub async fn use_code(
    tx: &mut PlatformTx,
    id: &OperatorId,
    code: &Hash,
) -> Result<bool, StoreError> {
    Ok(tx.execute(CODE, &[&id.as_str(), &code.as_slice()]).await? == 1)
}

/// How many recovery codes are left.
pub async fn codes_left(platform: &Platform, id: &OperatorId) -> Result<u32, StoreError> {
    let answer = platform.account(CODES_LEFT, &[&id.as_str()]).await?;
    answer.rows.first().map_or(Ok(0), |row| row::count(row.try_get(0)?))
}

/// Another role over the installation, or none; false if there is no such operator.
pub async fn set_role(
    tx: &mut PlatformTx,
    id: &OperatorId,
    role: Option<PlatformRole>,
) -> Result<bool, StoreError> {
    Ok(tx.execute(ROLE, &[&id.as_str(), &role.map(platform_word)]).await? == 1)
}

/// Since when they may not sign in, or that they may; false if there is no such operator.
pub async fn set_disabled(
    tx: &mut PlatformTx,
    id: &OperatorId,
    since: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let since = since.map(Timestamp::as_millis);
    Ok(tx.execute(DISABLED, &[&id.as_str(), &since]).await? == 1)
}

/// Another name.
pub async fn rename(tx: &mut PlatformTx, id: &OperatorId, name: &str) -> Result<(), StoreError> {
    tx.execute(RENAME, &[&id.as_str(), &name]).await.map(drop)
}

/// Who asked for another password.
pub struct Asked {
    /// Who.
    pub id: OperatorId,
    /// Whether the provider of identities is their only way in.
    pub is_provided: bool,
}

/// Notes that a reset was asked for, unless it was since `last`, and says by whom.
pub async fn reset_asked(
    tx: &mut PlatformTx,
    email: &str,
    now: Timestamp,
    last: Timestamp,
) -> Result<Option<Asked>, StoreError> {
    let rows = tx.query(ASKED, &[&email, &now.as_millis(), &last.as_millis()]).await?;
    let read = |row| Ok(Asked { id: row::id(row, 0)?, is_provided: Row::try_get(row, 1)? });
    rows.first().map(read).transpose()
}
