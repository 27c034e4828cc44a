//! What operators do with replays and saved tests: each operation asks in its first line whether they may.
//!
//! A run is asked in the background of the process, so many at once. A process that is told to end lets go
//! of its runs ([`Shadow::end`]); one that is killed holds them a while. Either way such a run goes on when
//! an operator says so, wherever that is.

mod kept;
mod runs;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    access::{Permission, Principal},
    replay::Unplayable,
};
use futures::future::BoxFuture;
use schemas::{AgentId, TenantId, Timestamp};
use store::replays::{Answered, Span};
use tokio::time::timeout;

pub use self::kept::{TESTS_PAGE, TestsPage};
use crate::{
    Employee, Estimate, Replay, ReplayError, Setup, Taken, Turn, Wanted, admitted, at_hand,
    ending::Ending,
    places::{Place, Places},
    shadow::kept::Testing,
};

/// The most turns of a run that an operator has made in the background.
pub const TURNS_AT_HAND_MAX: u32 = 50;

/// Runs on one page of their list.
pub const RUNS_PAGE: u32 = 25;

/// How long before its end a process cuts off the calls that are under way: they are settled then, and
/// runs are let go of.
const LETTING_GO_MAX: Duration = Duration::from_secs(3);

/// An agent as the directory knows it.
pub type FindEmployee =
    Arc<dyn Fn(&TenantId, &AgentId) -> Result<Employee, ReplayError> + Send + Sync>;

/// The event that stands at a place of the log, if it is still there.
pub type ReadLog =
    Arc<dyn Fn(u64) -> BoxFuture<'static, Result<Option<Vec<u8>>, LogError>> + Send + Sync>;

type LogError = Box<dyn std::error::Error + Send + Sync>;

/// An agent of a tenant.
type Ids<'a> = (&'a TenantId, &'a AgentId);

/// What it is made of.
pub struct Parts {
    /// Asks.
    pub replay: Replay,
    /// Finds who is asked.
    pub employee: FindEmployee,
    /// Finds what people wrote.
    pub log: ReadLog,
}

/// Where operators have turns asked again. Cheap to clone; one for the process, whose runs it counts.
#[derive(Clone)]
pub struct Shadow(Arc<Inner>);

struct Inner {
    parts: Parts,
    places: Places,
    ending: Ending,
    /// Whose tests are about to be asked.
    testing: Testing,
}

/// What an operator wants asked.
#[derive(Clone, Debug)]
pub struct Wish {
    /// In the place of what answered.
    pub candidate: Wanted,
    /// The newest answers, no more than so many and [`TURNS_AT_HAND_MAX`].
    pub last: u32,
    /// Whether the version that answered is asked too.
    pub baseline: bool,
    /// The model group that compares, if one does.
    pub judge: Option<String>,
}

/// What that would take. Nothing of it quotes anybody.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is asked, for people.
    pub candidate: String,
    /// Turns, calls and cost, at the most.
    pub estimate: Estimate,
    /// How many turns cannot be asked again, by why.
    pub unplayable: BTreeMap<Unplayable, u32>,
}

/// All that a run takes, frozen.
struct Prepared {
    who: Employee,
    setup: Setup,
    turns: Vec<Turn>,
    estimate: Estimate,
}

impl Shadow {
    /// Replays by these.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            places: Places::default(),
            ending: Ending::default(),
            testing: Testing::default(),
        }))
    }

    /// Has every run of the process end within that time, since the process does: from now on none is taken
    /// up and no call to a model begins. Those under way may come to their end, and are cut off at last.
    /// What was asked stands, and another process may go on with the rest at once.
    pub async fn end(&self, within: Duration) {
        let Inner { places, ending, .. } = &*self.0;
        let runs = places.close();
        ending.enough();
        if 0 < runs {
            tracing::info!(runs, "letting go of replays");
        }
        if timeout(within.saturating_sub(LETTING_GO_MAX), places.all_free()).await.is_ok() {
            return;
        }
        ending.cut();
        if timeout(within.min(LETTING_GO_MAX), places.all_free()).await.is_err() {
            tracing::warn!("replays did not end in time; they can go on in half a minute");
        }
    }

    /// What a run would take; nobody is asked.
    pub async fn plan(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        wish: Wish,
    ) -> Result<Plan, ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let Prepared { setup, turns, estimate, .. } =
            Box::pin(self.prepared(by, ids, wish)).await?;
        let mut unplayable = BTreeMap::new();
        for why in turns.iter().filter_map(|turn| turn.frozen.as_ref().err()) {
            *unplayable.entry(*why).or_insert(0) += 1;
        }
        Ok(Plan { candidate: setup.candidate.label, estimate, unplayable })
    }

    /// Makes a run that costs no more than that, and asks it in the background. Its name. Where no budget
    /// is said, it is what the run takes at the most; one without a known price has none.
    pub async fn start(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        (wish, budget_micros): (Wish, Option<u64>),
    ) -> Result<String, ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let place = self.0.places.take(ids.0)?;
        let Prepared { who, mut setup, turns, estimate } =
            Box::pin(self.prepared(by, ids, wish)).await?;
        if estimate.turns == 0 {
            return Err(ReplayError::NothingToAsk);
        }
        let micros_max = estimate.within(budget_micros)?.micros_max;
        setup.budget_micros = budget_micros.or(micros_max);
        let taken = self.0.parts.replay.make_taken(&who, &setup, &turns).await?;
        let run = taken.run().to_owned();
        self.ask(who, taken, place);
        Ok(run)
    }

    /// Takes a run up that stopped, or whose process ended, and may cost that much more than it was to.
    pub async fn go_on(
        &self,
        by: &Principal,
        ids: Ids<'_>,
        (run, more_micros): (&str, u64),
    ) -> Result<(), ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let row = self.of(ids, run).await?;
        if row.state == "done" {
            return Err(ReplayError::Done);
        }
        at_hand(&row)?;
        let who = (self.0.parts.employee)(ids.0, ids.1)?;
        let place = self.0.places.take(ids.0)?;
        let budget = row.budget_micros.map(|budget| budget.saturating_add(more_micros));
        let taken = self.0.parts.replay.take(ids.0, run, budget).await?;
        self.ask(who, taken, place);
        Ok(())
    }

    /// Has a run stopped: the turns under way end, and no other begins. Whether it was open.
    pub async fn stop(&self, by: &Principal, ids: Ids<'_>, run: &str) -> Result<bool, ReplayError> {
        by.require(Permission::AgentsWrite, ids.0)?;
        let row = self.of(ids, run).await?;
        self.0.parts.replay.stop(ids.0, &row.id).await
    }

    async fn prepared(
        &self,
        by: &Principal,
        (tenant, agent): Ids<'_>,
        wish: Wish,
    ) -> Result<Prepared, ReplayError> {
        let Parts { replay, employee, .. } = &self.0.parts;
        let who = employee(tenant, agent)?;
        let setup = Setup {
            candidate: replay.candidate(&who, wish.candidate).await?,
            baseline: wish.baseline,
            judge: wish.judge,
            budget_micros: None,
            made_by: Some(by.operator.clone()),
        };
        let (from, to) = (Timestamp::default(), Timestamp::from_millis(i64::MAX));
        let span = Span { from, to, most: wish.last.clamp(1, TURNS_AT_HAND_MAX) };
        let mut turns = Vec::new();
        for answered in replay.answered(&who, span).await? {
            turns.push(self.frozen(&who, answered).await?);
        }
        let estimate = replay.estimate(&who, &setup, &turns).await?;
        Ok(Prepared { who, setup, turns, estimate })
    }

    /// A turn with all that asking it again takes.
    async fn frozen(&self, who: &Employee, answered: Answered) -> Result<Turn, ReplayError> {
        let Parts { replay, log, .. } = &self.0.parts;
        let message = match &answered.record {
            Some((_, place)) => {
                let payload = log(*place).await.map_err(ReplayError::Log)?;
                payload.and_then(|payload| admitted(who, &answered, &payload))
            }
            None => None,
        };
        replay.freeze(who, answered, message).await
    }

    /// Asks a run that was taken, until it ends; what stops it stands in its row.
    fn ask(&self, who: Employee, taken: Taken, place: Place) {
        let it = Arc::clone(&self.0);
        tokio::spawn(async move {
            let _place = place;
            let run = taken.run().to_owned();
            let stop = it.ending.sign();
            let asked = Box::pin(it.parts.replay.finish(&who, taken, stop, || {})).await;
            if let Err(error) = asked {
                tracing::warn!(run, %error, "a replay broke off");
            }
        });
    }
}
