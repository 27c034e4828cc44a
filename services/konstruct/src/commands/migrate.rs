//! `konstruct migrate`: the database, up to date.

use serde_json::json;

use crate::{output::Output, settings::Asked};

/// Runs what is missing, as the owner.
pub(crate) async fn run(asked: &Asked<'_>, output: Output) -> anyhow::Result<()> {
    let settings = asked.database("KONSTRUCT_ADMIN_DATABASE_URL")?;
    let done = store::migrate(&settings).await?;
    let text = match done.as_slice() {
        [] => "nothing to migrate".to_owned(),
        done => format!("migrated: {}", done.join(", ")),
    };
    output.print(&text, &json!({ "migrated": done }))
}
