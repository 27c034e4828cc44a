//! What keeps a replay from being made, and what stops one.

use domain::{access::Denied, budget::in_words, seal::OpenError};
use schemas::{AgentId, BudgetMet, MessageId, TenantId};
use store::StoreError;

use crate::TESTS_MAX;

/// Why there is no replay. None of it quotes what was written.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Not for this operator.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is no such tenant.
    #[error("there is no tenant `{0}`")]
    NoTenant(TenantId),
    /// It is suspended or deleted.
    #[error("the tenant is not served, so nobody is asked for it")]
    NotServed,
    /// There is no such agent.
    #[error("the tenant has no agent `{0}`")]
    NoAgent(AgentId),
    /// Nothing was published yet.
    #[error("the agent was never published")]
    NotPublished,
    /// Nothing is being worked on.
    #[error("the agent has no draft")]
    NoDraft,
    /// There is no such version.
    #[error("the agent has no version {0}")]
    NoVersion(u32),
    /// The candidate cannot be had.
    #[error("the candidate: {}", .0.join("; "))]
    Candidate(Vec<String>),
    /// There is no such model group.
    #[error("there is no model group `{0}`")]
    NoGroup(String),
    /// A budget cannot be kept where prices are not known.
    #[error("a model that may be asked has no price, so no budget can be kept")]
    Unpriced,
    /// There is no such run.
    #[error("there is no replay `{0}`")]
    NoRun(String),
    /// Somebody is asking the run.
    #[error("it is being asked; where whoever asked was killed, it can go on in half a minute")]
    Held,
    /// Nothing of the run is left to be asked.
    #[error("it is done: nothing is left to be asked")]
    Done,
    /// More of the run is left than is asked in the background.
    #[error(
        "more of it is left than is asked here: `konstruct {command} --resume {run}` goes on with it"
    )]
    TooMuchLeft {
        /// The run.
        run: String,
        /// What goes on with it.
        command: &'static str,
    },
    /// Nobody was shown what the run may cost.
    #[error(
        "it has no budget: `konstruct {command} --resume {run} --budget DOLLARS` goes on with it"
    )]
    Unbounded {
        /// The run.
        run: String,
        /// What goes on with it.
        command: &'static str,
    },
    /// As many runs as may be are under way.
    #[error("{0}")]
    Busy(&'static str),
    /// The process is about to end, and begins nothing.
    #[error("this portal is about to end, and begins nothing: try again in a moment")]
    Ending,
    /// There is nothing to ask.
    #[error("none of its answers can be asked again")]
    NothingToAsk,
    /// No turn of the agent is kept as a test.
    #[error("the agent has no tests")]
    NoTests,
    /// The log, where messages are, does not answer.
    #[error("the log does not answer: {0}")]
    Log(Box<dyn std::error::Error + Send + Sync>),
    /// There is no such test.
    #[error("there is no test `{0}`")]
    NoTest(String),
    /// The agent did not answer such a message.
    #[error("the agent answered no message `{0}`")]
    NotAnswered(MessageId),
    /// The agent has as many tests as may be.
    #[error("the agent has {} tests, which is the most: remove one first", TESTS_MAX)]
    TooManyTests,
    /// A turn cannot be kept.
    #[error("the message cannot be asked again: {0}")]
    Unplayable(domain::replay::Unplayable),
    /// What is expected cannot be checked.
    #[error("{0}")]
    Check(String),
    /// What was kept does not open.
    #[error("a text does not open: {0}")]
    Sealed(#[from] OpenError),
    /// What was kept is not what it was.
    #[error("a text does not hold what was kept in it")]
    Garbled,
    /// Whoever asked the run was held up for so long that another took it up.
    #[error("the replay `{0}` is not ours to go on with any more: another took it up")]
    Lost(String),
    /// The run is one of tests.
    #[error("`{0}` is a run of tests: `konstruct test --resume {0}` goes on with it")]
    OfTests(String),
    /// The run is none of tests.
    #[error("`{0}` is no run of tests: `konstruct replay shadow --resume {0}` goes on with it")]
    NotOfTests(String),
    /// Asking stopped.
    #[error(transparent)]
    Stopped(#[from] Stop),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a [`ReplayError`] comes down to, for whoever asked over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not for whoever asks.
    Denied(Denied),
    /// There is no such thing.
    NotFound,
    /// Something stands in the way; the error's text says what.
    InTheWay,
    /// The same may succeed in a moment.
    Later,
    /// Something that is needed does not answer.
    Away,
    /// What was kept cannot be read.
    Unreadable,
}

impl ReplayError {
    /// What it comes down to.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Denied(denied) => Refusal::Denied(*denied),
            Self::NoTenant(_)
            | Self::NoAgent(_)
            | Self::NoRun(_)
            | Self::NoTest(_)
            | Self::NotAnswered(_) => Refusal::NotFound,
            Self::NotServed
            | Self::NotPublished
            | Self::NoDraft
            | Self::NoVersion(_)
            | Self::Candidate(_)
            | Self::NoGroup(_)
            | Self::Unpriced
            | Self::Held
            | Self::Lost(_)
            | Self::Done
            | Self::TooMuchLeft { .. }
            | Self::Unbounded { .. }
            | Self::Busy(_)
            | Self::NothingToAsk
            | Self::NoTests
            | Self::TooManyTests
            | Self::OfTests(_)
            | Self::NotOfTests(_)
            | Self::Unplayable(_)
            | Self::Check(_)
            | Self::Stopped(
                Stop::RunBudget
                | Stop::Operator
                | Stop::Interrupted
                | Stop::Budget(_)
                | Stop::Unpriced(_),
            ) => Refusal::InTheWay,
            Self::Ending => Refusal::Later,
            Self::Store(_) | Self::Log(_) | Self::Stopped(Stop::Store(_)) => Refusal::Away,
            Self::Sealed(_) | Self::Garbled => Refusal::Unreadable,
        }
    }

    pub(crate) fn no_tenant(tenant: &TenantId) -> Self {
        Self::NoTenant(tenant.clone())
    }

    pub(crate) fn no_agent(agent: &AgentId) -> Self {
        Self::NoAgent(agent.clone())
    }
}

/// Why nothing more is asked.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The run may not cost more.
    #[error("stopped by its budget")]
    RunBudget,
    /// Somebody had it stopped.
    #[error("stopped by an operator")]
    Operator,
    /// Whoever asked was told to end.
    #[error("stopped: interrupted")]
    Interrupted,
    /// A budget of the tenant or the agent has no room.
    #[error("stopped: {} has no room for another call", in_words(.0))]
    Budget(BudgetMet),
    /// A call whose cost nobody knows cannot be bounded.
    #[error("stopped: the model `{0}` has no price, so no budget can be kept")]
    Unpriced(String),
    /// What is used cannot be written down, so nobody is asked.
    #[error("stopped: what it uses cannot be written down: {0}")]
    Store(#[from] StoreError),
}
