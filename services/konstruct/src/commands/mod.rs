//! The commands of operators, a file each.

pub(crate) mod apply;
pub(crate) mod asking;
pub(crate) mod at;
pub(crate) mod backup;
pub(crate) mod confirm;
pub(crate) mod deadletters;
pub(crate) mod doctor;
pub(crate) mod erasure;
pub(crate) mod list;
pub(crate) mod llm;
pub(crate) mod migrate;
pub(crate) mod operator;
pub(crate) mod person;
pub(crate) mod rebuild;
pub(crate) mod repair;
pub(crate) mod replay;
pub(crate) mod restore;
pub(crate) mod rotate;
pub(crate) mod say;
pub(crate) mod setup;
pub(crate) mod stream;
pub(crate) mod tenant;
pub(crate) mod test;
pub(crate) mod trace;

use serde_json::json;

use crate::output::Output;

/// `konstruct version`.
pub(crate) fn version(output: Output) -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    output.print(&format!("konstruct {version}"), &json!({ "version": version }))
}
