//! What `konstruct apply` will do: a file of wishes against what is there, as a list of changes.
//!
//! A planner only plans: the shell shows the lines, and publishes the events and keeps the secrets
//! that the changes say. Planning again after that gives nothing.
//!
//! What the file does not name stays as it is: a connection that a tenant made in the portal is not
//! taken away by a file that never knew of it. Taking away is said (`removed: true`).

mod change;
pub(crate) mod check;
mod desired;
pub(crate) mod diff;

use std::fmt;

use schemas::{AgentId, TenantId, Text, directory::ModelDeployment};
use serde_json::Value;

pub use self::{
    change::Change,
    check::connection_id,
    desired::{
        Desired, DesiredAgent, DesiredBudget, DesiredConnection, DesiredHeader, DesiredHttp,
        DesiredLimits, DesiredMcp, DesiredModelGroup, DesiredSecret, DesiredTenant, DesiredTool,
    },
};
pub use crate::fields::{
    CONFIG_TEXT_BYTES_MAX, ESCALATION_RULES_MAX, KEYWORDS_MAX, NAME_BYTES_MAX, TOOLS_MAX,
};
use crate::{directory::Directory, secret::Secret};

/// What is there already, and how to look.
#[derive(Clone, Copy)]
pub struct Present<'a> {
    /// Who exists.
    pub directory: &'a Directory,
    /// Opens a text of an agent's configuration; `None` where it cannot be opened, which counts as
    /// another text.
    pub open: &'a dyn Fn(&TenantId, &AgentId, &Text) -> Option<String>,
    /// Whether the tenant's secret of that name is this one already.
    pub has_secret: &'a dyn Fn(&TenantId, &str, &Secret) -> bool,
    /// What is wrong with a JSON schema, to be read after `arguments`.
    pub schema_problem: &'a dyn Fn(&Value) -> Option<String>,
    /// All that is wrong with a deployment of a model, in sentences that begin with its name.
    pub model_problems: &'a dyn Fn(&ModelDeployment, Option<&Secret>) -> Vec<String>,
    /// Whether the installation has a model group of that name.
    pub is_of_installation: &'a dyn Fn(&str) -> bool,
    /// Whether it is known which groups the installation has; else no agent's is asked for.
    pub knows_installation: bool,
    /// What no other plan has: it ends the names of the secrets that this one sets, so that of two
    /// at once neither replaces what the other's events name.
    pub unique: &'a str,
    /// Looks up `${NAME}`.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// All that is wrong with a file, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for Problems {}

/// Plans the way from what is there to what is wished, in an order that can be carried out.
pub fn plan(desired: Desired, present: &Present<'_>) -> Result<Vec<Change>, Problems> {
    let wishes = check::check(desired, present)?;
    let changes: Vec<Change> =
        wishes.into_iter().flat_map(|wish| diff::tenant(wish, present)).collect();
    Ok(changes)
}

#[cfg(test)]
mod tests;
