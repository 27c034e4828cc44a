//! Between our types and columns.

use std::{borrow::Cow, error::Error, str::FromStr};

use bytes::{BufMut as _, BytesMut};
use schemas::{Envelope, Timestamp, nul::without_nul};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tokio_postgres::{
    Row,
    types::{IsNull, Json, ToSql, Type, accepts, to_sql_checked},
};

use crate::StoreError;

/// A column of a row we wrote, as the id it is.
pub(crate) fn id<T>(row: &Row, column: usize) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    row.try_get::<_, &str>(column)?.parse().map_err(StoreError::row)
}

/// The same, where there may be none.
pub(crate) fn id_opt<T>(row: &Row, column: usize) -> Result<Option<T>, StoreError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text = row.try_get::<_, Option<&str>>(column)?;
    text.map(|text| text.parse().map_err(StoreError::row)).transpose()
}

/// A column of milliseconds.
pub(crate) fn at(row: &Row, column: usize) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millis(row.try_get(column)?))
}

/// A column of milliseconds, where there may be none.
pub(crate) fn at_opt(row: &Row, column: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.try_get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// A column of JSON.
pub(crate) fn json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, StoreError> {
    // The error would quote what it found.
    let found = row.try_get::<_, Json<T>>(column);
    found.map(|Json(value)| value).map_err(|_| StoreError::row("JSON of another shape"))
}

/// A column of JSON, where there may be none.
pub(crate) fn json_opt<T: DeserializeOwned>(
    row: &Row,
    column: usize,
) -> Result<Option<T>, StoreError> {
    let found = row.try_get::<_, Option<Json<T>>>(column);
    let found = found.map_err(|_| StoreError::row("JSON of another shape"))?;
    Ok(found.map(|Json(value)| value))
}

/// A count in a column.
pub(crate) fn count<T: TryFrom<i64>>(number: i64) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| StoreError::row("a number out of its range"))
}

/// A number as the database holds it.
pub(crate) fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A small number as the database holds it.
pub(crate) fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// JSON as a parameter, written once.
#[derive(Debug)]
pub(crate) struct Written(Vec<u8>);

impl ToSql for Written {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        if *ty == Type::JSONB {
            // The version of the format.
            out.put_u8(1);
        }
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    accepts!(JSON, JSONB);
    to_sql_checked!();
}

/// A value as a parameter. What models and chat systems say may hold U+0000, and one such text must not
/// fail whatever is written with it.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Written, StoreError> {
    let json = serde_json::to_vec(value).map_err(|_| StoreError::row("it is not JSON"))?;
    Ok(Written(match without_nul(&json) {
        Cow::Borrowed(_) => json,
        Cow::Owned(cleaned) => cleaned,
    }))
}

/// An envelope as a part of one.
pub(crate) fn envelope_in_json(envelope: &Envelope) -> Result<Box<RawValue>, StoreError> {
    let text = envelope.encode().ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let raw = text.and_then(|text| RawValue::from_string(text).ok());
    raw.ok_or_else(|| StoreError::row("it is not JSON"))
}

/// An envelope in a column.
pub(crate) fn envelope(row: &Row, column: usize) -> Result<Envelope, StoreError> {
    let Json(raw) = row.try_get::<_, Json<&RawValue>>(column)?;
    Envelope::decode(raw.get().as_bytes())
        .map_err(|_| StoreError::row("an envelope of another shape"))
}

/// Rows for `jsonb_populate_recordset`; nothing where there are none.
pub(crate) type Rows = Option<Written>;

/// Rows as a parameter.
pub(crate) fn rows(rows: &[impl Serialize]) -> Result<Rows, StoreError> {
    if rows.is_empty() { Ok(None) } else { to_json(&rows).map(Some) }
}
