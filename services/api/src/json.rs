//! What a request says: its body, its query and its path. A field that is wrong is named; what it held
//! is not repeated, as it may be a token. U+0000 is in none of them: the database keeps it in no text.

use std::fmt::Display;

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, Uri, header, request::Parts},
};
use schemas::nul::has_nul;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::{
    Api,
    problem::{ApiError, Wrong},
};

/// The longest body: an agent's texts at their longest, and some air.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What is wrong with a text that holds U+0000.
const HOLDS_NUL: &str = "holds U+0000, which no text may";

/// A body of JSON.
pub(crate) struct Body<T>(pub(crate) T);

/// What stands behind the `?`.
pub(crate) struct Asked<T>(pub(crate) T);

/// What the path names. What cannot be a name is not there.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Api) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::NotJson);
        }
        let bytes = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
        read(&bytes.map_err(|_| ApiError::TooLong)?).map(Self)
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        if let Some(field) = field_with_nul(&parts.uri) {
            return Err(ApiError::field(field, HOLDS_NUL));
        }
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => {
                let said = rejection.body_text();
                let said = said.split_once("string: ").map_or(said.as_str(), |(_, said)| said);
                let (path, what) = said.split_once(": ").unwrap_or((".", said));
                Err(ApiError::Invalid(vec![wrong(path, what)]))
            }
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        if parts.uri.path().contains("%00") {
            return Err(ApiError::NotFound);
        }
        let named = Path::<T>::from_request_parts(parts, api).await;
        named.map(|Path(named)| Self(named)).map_err(|_| ApiError::NotFound)
    }
}

/// The field of a query that holds U+0000; the query itself, where a name does.
fn field_with_nul(uri: &Uri) -> Option<String> {
    let Query(fields) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    fields.into_iter().find_map(|(name, value)| {
        if name.contains('\0') {
            return Some("query".to_owned());
        }
        value.contains('\0').then_some(name)
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// Reads a body: an object, since a list of what its fields hold would pass for it otherwise.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if has_nul(bytes) {
        return Err(ApiError::field("body", HOLDS_NUL));
    }
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(ApiError::field("body", needs("an object")));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        match error.classify() {
            Category::Data => ApiError::Invalid(vec![wrong(&path, &error.to_string())]),
            Category::Io | Category::Syntax | Category::Eof => not_json(&error),
        }
    })?;
    json.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    ApiError::BadRequest(format!("the body is no JSON from line {line}, column {column} on"))
}

/// What serde says is wrong, without the value that is.
fn wrong(path: &str, said: &str) -> Wrong {
    let within = |name: &str| {
        if path == "." { name.to_owned() } else { format!("{path}.{name}") }
    };
    let quoted = |rest: &str| rest.split('`').next().unwrap_or_default().to_owned();
    if let Some(rest) = said.strip_prefix("missing field `") {
        return Wrong::new(within(&quoted(rest)), "is missing");
    }
    if let Some(rest) = said.strip_prefix("unknown field `") {
        // A path ends with the unknown field itself.
        let name = quoted(rest);
        let at = if path.ends_with(&name) { path.to_owned() } else { within(&name) };
        return Wrong::new(at, "is not known here");
    }
    let expected = said.rsplit_once(", expected ").map(|(_, rest)| rest);
    let expected = expected.and_then(|rest| rest.split(" at line ").next());
    let field = if path == "." { "body" } else { path };
    Wrong::new(field, expected.map_or_else(|| "cannot be read".to_owned(), needs))
}

fn needs(expected: impl Display) -> String {
    format!("cannot be read; expected {expected}")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        name: String,
        inner: Inner,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        count: u32,
    }

    #[test]
    fn a_field_is_named_and_what_it_held_is_not() {
        let cases = [
            (r#"{"name":"a"}"#, "inner", "is missing"),
            (r#"{"name":"a","inner":{}}"#, "inner.count", "is missing"),
            (r#"{"name":"a","inner":{"count":1},"key":"secret"}"#, "key", "is not known here"),
            (r#"{"name":"a","inner":{"cuont":1}}"#, "inner.cuont", "is not known here"),
            (
                r#"{"name":"a","inner":{"count":"secret, expected secret"}}"#,
                "inner.count",
                "cannot be read; expected u32",
            ),
            (r#"{"name":7,"inner":{"count":1}}"#, "name", "cannot be read; expected a string"),
            ("7", "body", "cannot be read; expected struct Outer"),
            (r#" ["a", [1]]"#, "body", "cannot be read; expected an object"),
        ];
        for (body, field, problem) in cases {
            let want = ApiError::field(field, problem);
            assert_eq!(read::<Outer>(body.as_bytes()), Err(want), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_so() {
        for body in ["", "{", "nope", r#"{"count":1} {}"#] {
            assert!(
                matches!(read::<Inner>(body.as_bytes()), Err(ApiError::BadRequest(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn a_nul_is_in_no_body() {
        let refused = || ApiError::field("body", HOLDS_NUL);
        for body in [r#""a\u0000b""#, r#"{"na\u0000me":"a","inner":{"count":1}}"#] {
            assert_eq!(read::<serde_json::Value>(body.as_bytes()), Err(refused()), "{body}");
        }
        assert_eq!(read::<String>(br#""a\\u0000b""#), Ok(r"a\u0000b".to_owned()));
    }

    #[test]
    fn the_field_of_a_query_that_holds_a_nul_is_named() {
        for (query, field) in [
            ("search=%00", Some("search")),
            ("limit=1&person=a%00b", Some("person")),
            ("na%00me=a", Some("query")),
            ("search=%2500&limit=1", None),
            ("", None),
        ] {
            let uri: Uri = format!("/tenants?{query}").parse().unwrap();
            assert_eq!(field_with_nul(&uri).as_deref(), field, "{query}");
        }
    }
}
