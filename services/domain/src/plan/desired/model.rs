//! Model groups of a tenant's own, as people write them.

use schemas::directory::ModelChoice;
use serde::Deserialize;

use crate::model::WishedDeployment;

/// A model group: what it says is all there is to it, but for keys that are left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredModelGroup {
    /// Its name, by which agents choose it.
    pub slug: String,
    /// Which deployment is asked first.
    #[serde(default)]
    pub choose: ModelChoice,
    /// The groups that are asked after it.
    #[serde(default)]
    pub fallbacks: Vec<String>,
    /// Models at vendors. A key may have `${NAME}` for what the environment's variable has; left out, the
    /// one that is there stays.
    #[serde(default)]
    pub deployments: Vec<WishedDeployment>,
    /// Whether it is taken away. A group that is named is there unless this is said.
    #[serde(default)]
    pub removed: bool,
}
