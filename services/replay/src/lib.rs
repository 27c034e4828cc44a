//! Asks recorded turns again: with the history and the results of tools that they had, of a candidate and
//! of the version that answered, and says what differs. And turns that are kept as tests.
//!
//! Start at [`Replay::freeze`], which makes of a recorded turn what asking it again takes; [`Replay::make`]
//! writes a run down, [`Replay::take`] takes it up, and [`Replay::finish`] asks what is missing of it;
//! [`Replay::go_on`] does both. A run of tests is a run too: [`Replay::make_tests`], [`Replay::go_on_tests`].
//! [`Shadow`] is what operators reach of that: it asks for their role, and asks runs in the background.
//!
//! **Invariant:** a replay has no effect outside. This crate knows no `channels`, `tools`, `delivery` or
//! `runtime` (`deny.toml` holds it): it can say nothing to anybody, call no tool and publish no event. What
//! a model wants of a tool is answered from the record, or ends the turn there.
//! **Invariant:** it writes its own tables, and what calls cost in the tenant's sums and budgets, before
//! each call; what has no room is not asked.
//! **Invariant:** what has an outcome on record is not asked again, and no two ask the same run at once.

mod ask;
mod candidate;
mod case;
mod ending;
mod error;
mod estimate;
mod freeze;
mod going;
mod held;
mod hold;
mod judge;
mod kept;
mod places;
mod purse;
mod render;
mod report;
mod run;
mod running;
mod shadow;
mod standing;
mod talk;
mod tested;
mod testing;

use std::sync::Arc;

use domain::directory::Directory;
use models::Models;
use schemas::{Agent, AgentId, Tenant, TenantId, TenantStatus, Timestamp, Tool};
use store::{Database, Sealer};

pub use self::{
    candidate::{Candidate, Wanted},
    ending::StopSign,
    error::{Refusal, ReplayError, Stop},
    estimate::Estimate,
    freeze::{Turn, admitted},
    going::Going,
    held::{Found, Held},
    hold::Taken,
    kept::{Checked, KeptTest, KeptTests, LastResult, TESTS_MAX, UnreadableTest},
    places::{RUNS_MAX, RUNS_PER_TENANT_MAX},
    render::{markdown, rows_of, text},
    report::{Asked, CaseReport, Report, end_words, run_json},
    run::Setup,
    shadow::{
        FindEmployee, Parts, Plan, RUNS_PAGE, ReadLog, Shadow, TESTS_PAGE, TURNS_AT_HAND_MAX,
        TestsPage, Wish,
    },
    standing::{Standing, at_hand},
    tested::{TestAnswer, TestReport, Tested},
    testing::TestSetup,
};

pub use store::replays::RunRow;

/// The most turns of one run.
pub const TURNS_MAX: u32 = 1_000;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Where recorded turns are asked again.
pub struct Replay {
    models: Models,
    db: Database,
    sealer: Sealer,
    clock: Clock,
}

/// Whose turns: an agent of a tenant, with the tools that are declared there.
#[derive(Clone)]
pub struct Employee {
    /// The customer.
    pub tenant: Arc<Tenant>,
    /// The agent.
    pub agent: Arc<Agent>,
    /// The tenant's tools.
    pub tools: Vec<Arc<Tool>>,
}

/// The tenant of a run or a test, by its name.
pub fn tenant_of(name: &str) -> Option<TenantId> {
    name.rsplit_once('-').and_then(|(tenant, _)| tenant.parse().ok())
}

impl Replay {
    /// Asks those models.
    pub fn new(models: Models, db: Database, sealer: Sealer, clock: Clock) -> Self {
        Self { models, db, sealer, clock }
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl Employee {
    /// An agent that answers, or why it does not.
    pub fn find(
        directory: &Directory,
        tenant: &TenantId,
        agent: &AgentId,
    ) -> Result<Self, ReplayError> {
        let known = directory.tenant(tenant).ok_or_else(|| ReplayError::no_tenant(tenant))?;
        if known.status != TenantStatus::Active {
            return Err(ReplayError::NotServed);
        }
        let found = directory.agent(tenant, agent).ok_or_else(|| ReplayError::no_agent(agent))?;
        let tools = directory.tools(tenant).into_iter().map(Arc::clone).collect();
        Ok(Self { tenant: Arc::clone(known), agent: Arc::clone(found), tools })
    }
}
