//! Who did something, as people read it.

use std::collections::BTreeMap;

use schemas::OperatorId;

use crate::server::{error::PageError, render::Cx};

/// What operators among these authors are called; who is none, or is not known any more, has no entry.
pub(crate) async fn names(
    cx: &Cx,
    authors: &[&str],
) -> Result<BTreeMap<String, String>, PageError> {
    let ids: Vec<OperatorId> = authors.iter().filter_map(|it| it.parse().ok()).collect();
    let names = cx.portal.accounts.names(ids).await?;
    Ok(names.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
}
