//! `konstruct setup`: the topology on the server, as declared.

use runtime::{Bus, setup};
use serde_json::json;

use crate::{output::Output, settings::Asked};

/// Applies it, and says what was different. Refuses beside a restore that has not ended.
pub(crate) async fn run(asked: &Asked<'_>, output: Output) -> anyhow::Result<()> {
    let bus = Bus::connect(&asked.nats_url()?, "konstruct-setup").await?;
    let changed = setup::apply(&bus, asked.sizes()?).await?;
    let lines: Vec<_> = changed.iter().map(ToString::to_string).collect();
    let text = match lines.as_slice() {
        [] => "nothing to change".to_owned(),
        lines => format!("changed:\n  {}", lines.join("\n  ")),
    };
    output.print(&text, &json!({ "changed": lines }))
}
