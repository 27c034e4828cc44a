//! `konstruct migrate`: the database, up to date.

use serde_json::json;

use crate::{output::Output, settings::Asked, wiring};

/// Runs what is missing, as the owner. A restore brings the schema to the backup's first.
pub(crate) async fn run(asked: &Asked<'_>, output: Output) -> anyhow::Result<()> {
    wiring::no_restore(asked).await?;
    let settings = asked.database("KONSTRUCT_ADMIN_DATABASE_URL")?;
    let done = store::migrate(&settings).await?;
    let text = match done.as_slice() {
        [] => "nothing to migrate".to_owned(),
        done => format!("migrated: {}", done.join(", ")),
    };
    output.print(&text, &json!({ "migrated": done }))
}
