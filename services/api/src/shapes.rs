//! What is sent and answered. Shapes of the API alone: what is inside may change without them.

pub(crate) mod agents;
pub(crate) mod asking;
pub(crate) mod connections;
pub(crate) mod conversations;
pub(crate) mod models;
pub(crate) mod replays;
pub(crate) mod saved_tests;
pub(crate) mod tenants;
pub(crate) mod tools;
pub(crate) mod traces;
pub(crate) mod usage;

use desk::Written;
use schemas::{AgentId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What a path of a tenant names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfTenant {
    /// The tenant's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "acme")]
    pub(crate) tenant: TenantId,
}

/// What a path of an agent names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfAgent {
    /// The tenant's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "acme")]
    pub(crate) tenant: TenantId,
    /// The agent's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "mara")]
    pub(crate) agent: AgentId,
}

/// For what is read and never written.
const fn always<T>(_: &T) -> bool {
    true
}

/// Whatever it is, it is not written.
fn unsaid<T, S: serde::Serializer>(_: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_none()
}

/// Something was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Done {
    /// The place of the change on the log; 0 where it was so already.
    #[schema(example = 42)]
    pub(crate) sequence: u64,
    /// Whether lists show it already. If not, they will in a moment.
    #[schema(example = true)]
    pub(crate) visible: bool,
}

impl From<Written> for Done {
    fn from(written: Written) -> Self {
        Self { sequence: written.sequence, visible: written.visible }
    }
}

/// Something was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Made {
    /// What it is called from now on.
    #[schema(example = "acme")]
    pub(crate) id: String,
    /// Where it is.
    #[schema(example = "/api/v1/tenants/acme")]
    pub(crate) href: String,
    /// The place of the change on the log.
    #[schema(example = 42)]
    pub(crate) sequence: u64,
    /// Whether lists show it already. If not, they will in a moment.
    #[schema(example = true)]
    pub(crate) visible: bool,
}

impl Made {
    /// `href` is below [`crate::BASE`].
    pub(crate) fn new(id: &str, href: &str, written: Written) -> Self {
        Self {
            id: id.to_owned(),
            href: format!("{}{href}", crate::BASE),
            sequence: written.sequence,
            visible: written.visible,
        }
    }
}
