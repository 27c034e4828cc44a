//! What an operator reads: the read models, with words opened, for pages and the API.
//!
//! Every question is asked by a [`Principal`]. About a tenant, the first line of its answer asks
//! whether they may, and a tenant that is not theirs does not exist; a list holds only what is theirs.
//! Nothing here writes, and nothing reads a clock: `now` is
//! an argument. Instants are RFC 3339 in UTC, days are UTC, money is in millionths of a dollar.
//!
//! To add a view: its rows in `store::views`, its answer here, and a line in the walk of
//! `tests/tests/database/views.rs`, which asks everything as a stranger.
//!
//! **Invariant:** words leave as they were written or not at all, and are in no error and no log line.

mod activity;
mod audit;
mod budget;
mod conversation;
mod conversations;
mod cursor;
mod home;
mod past;
mod roster;
mod search;
mod tenants;
mod trace;
mod usage;
mod versions;

use domain::{
    access::{Denied, Principal},
    seal::Sealing,
};
use schemas::{TenantId, Timestamp};
use store::{Database, Platform, PlatformTx, Purpose, Sealer, StoreError, TenantTx};

pub use self::{
    activity::ActivityLine,
    audit::{Change, ChangeFilter, Changed, Changes, ChangesPage},
    budget::{AgentSpend, BudgetUse},
    conversation::{Answer, Beside, Conversation, Near, Turn, TurnKind, Words},
    conversations::{ConversationLine, Conversations, Filter, Page, Standing},
    cursor::Cursor,
    home::{Attention, AttentionKind, Home, InstallationHome, Reader, Step, StepKind, Target},
    past::{MOMENTS_MAX, Moment, Moments, Past, THERE_MAX, There, ThereLine},
    roster::{AgentLine, AgentState, ROSTER_DAYS},
    search::{Found, SCAN_TURNS_MAX, Scan},
    tenants::{Tenants, TenantsPage},
    trace::{Call, Span, ToolUse, Trace},
    usage::{TENANTS_MAX, Usage, UsageRow},
    versions::{VERSIONS_MAX, Version, VersionLine},
};
pub use store::{
    projections::{Counts, EventRow, MessageRow},
    views::{
        home::Vitals,
        roster::{ConnectionLine, LastError},
        tenants::{TenantFilter, TenantLine},
        usage::{Group, PlatformGroup},
    },
};

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// They may not, or it does not exist.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cursor is none of ours.
    #[error("this page's address is not one of ours: start from the first page")]
    Cursor,
}

impl ViewError {
    /// Something that is not there.
    pub(crate) const fn not_found() -> Self {
        Self::Denied(Denied::NotFound)
    }
}

/// Answers what operators ask. Cheap to clone.
#[derive(Clone)]
pub struct Views {
    reader: Database,
    platform: Platform,
    sealer: Sealer,
}

impl Views {
    /// Reads by `reader`, which should be a [`Database::reader`], and across tenants by `platform`.
    pub fn new(reader: Database, platform: Platform, sealer: Sealer) -> Self {
        Self { reader, platform, sealer }
    }

    async fn tx(&self, tenant: &TenantId) -> Result<TenantTx, ViewError> {
        Ok(self.reader.tenant(tenant).await?)
    }

    /// A look across tenants, on the audit.
    async fn across(&self, principal: &Principal, why: Purpose) -> Result<PlatformTx, ViewError> {
        Ok(self.platform.begin(why, principal.operator.as_str()).await?)
    }

    /// What opens a tenant's texts; nothing once its key is gone, and then there are no words to show.
    async fn sealing(&self, tenant: &TenantId, now: Timestamp) -> Result<Sealing, ViewError> {
        match self.sealer.of(tenant, now).await {
            Err(StoreError::KeyGone(_)) => Ok(Sealing::Off),
            sealing => Ok(sealing?),
        }
    }
}
