//! Between our types and columns.

use std::str::FromStr;

use schemas::{Envelope, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use tokio_postgres::{Row, types::Json};

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

/// JSON as a parameter.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Json<serde_json::Value>, StoreError> {
    serde_json::to_value(value).map(Json).map_err(|_| StoreError::row("it is not JSON"))
}

/// An envelope as a parameter.
pub(crate) fn envelope_to_json(envelope: &Envelope) -> Result<Json<serde_json::Value>, StoreError> {
    let bytes = envelope.encode().map_err(|_| StoreError::row("it is not JSON"))?;
    serde_json::from_slice(&bytes).map(Json).map_err(|_| StoreError::row("it is not JSON"))
}

/// An envelope in a column.
pub(crate) fn envelope(row: &Row, column: usize) -> Result<Envelope, StoreError> {
    let Json(value) = row.try_get::<_, Json<serde_json::Value>>(column)?;
    let bytes = serde_json::to_vec(&value).map_err(|_| StoreError::row("it is not JSON"))?;
    Envelope::decode(&bytes).map_err(|_| StoreError::row("an envelope of another shape"))
}

/// Rows for `jsonb_populate_recordset`; nothing where there are none.
pub(crate) type Rows = Option<Json<serde_json::Value>>;

/// Rows as a parameter.
pub(crate) fn rows(rows: &[impl Serialize]) -> Result<Rows, StoreError> {
    if rows.is_empty() { Ok(None) } else { to_json(&rows).map(Some) }
}
