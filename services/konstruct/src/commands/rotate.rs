//! `konstruct rotate-master-key`.

use serde_json::json;
use store::{Platform, rotate};

use crate::{output::Output, settings::Asked, wiring};

/// Wraps every key anew. Interrupted, a second run does the rest.
pub(crate) async fn run(asked: &Asked<'_>, output: Output) -> anyhow::Result<()> {
    wiring::no_restore(asked).await?;
    let keys = asked.master_keys()?;
    let masters = wiring::masters(keys.current, keys.previous);
    let settings = asked.database("KONSTRUCT_PLATFORM_DATABASE_URL")?;
    let platform = Platform::connect(&settings).await?;
    let rotated = rotate::rotate(&platform, &masters, &wiring::owner()).await?;
    let text = format!("{rotated} keys are wrapped with the current master key");
    output.print(&text, &json!({ "rotated": rotated }))
}
