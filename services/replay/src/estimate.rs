//! What a run can cost at the most, before anything is asked.

use domain::{
    config::OpenConfig,
    replay::{Frozen, check::Check, judge},
    tool::ROUNDS_MAX,
};
use providers::{Request, Router, Turn, WorstCost};
use schemas::usage::MicroDollars;
use serde::Serialize;

use crate::{
    Candidate, Employee, KeptTest, Replay, ReplayError, judge::request, run::Versions, talk::Talk,
};

/// Bytes of a token, as `domain::prompt::estimate_tokens` guesses.
const BYTES_PER_TOKEN: usize = 4;

/// What a run takes, if every answer is as long as it may be and no call must be made again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Turns that are asked.
    pub turns: u32,
    /// Turns that cannot be.
    pub unplayable: u32,
    /// Calls to models, at the most.
    pub calls_max: u64,
    /// What they cost at the most, in millionths of a dollar; nothing where a model has no price.
    pub micros_max: Option<u64>,
}

/// What is counted with.
pub(crate) struct Counting<'a> {
    pub(crate) who: &'a Employee,
    pub(crate) router: &'a Router,
    pub(crate) candidate: &'a OpenConfig,
    /// The configurations that answered, where they are asked too.
    pub(crate) baseline: Option<&'a Versions>,
    pub(crate) judge: Option<&'a str>,
}

impl Replay {
    /// What asking a candidate all of these tests would take.
    pub async fn estimate_tests(
        &self,
        who: &Employee,
        candidate: &Candidate,
        tests: &[KeptTest],
    ) -> Result<Estimate, ReplayError> {
        let router = self.models.of(&who.tenant.id).await?;
        let config = &candidate.config;
        let counting =
            Counting { who, router: &router, candidate: config, baseline: None, judge: None };
        let mut sum = counting.count(tests.iter().map(|test| Some(&test.frozen)));
        for test in tests {
            let answer = longest_answer(&test.frozen);
            for check in &test.checks {
                if let Check::Judged(criterion) = check {
                    let asked = &test.frozen.newest.text;
                    let question = judge::criteria_question(asked, &answer, criterion);
                    let request = request(judge::CRITERIA_SYSTEM, question);
                    counting.add(&mut sum, (&config.model, &request), 1);
                }
            }
        }
        Ok(sum)
    }
}

/// As many bytes as the longest answer can have.
fn longest_answer(frozen: &Frozen) -> String {
    let tokens = usize::try_from(frozen.max_output_tokens).unwrap_or(usize::MAX);
    "x".repeat(tokens.saturating_mul(BYTES_PER_TOKEN))
}

impl Counting<'_> {
    /// Of so many turns.
    pub(crate) fn count<'f>(&self, turns: impl Iterator<Item = Option<&'f Frozen>>) -> Estimate {
        let mut sum = Estimate { micros_max: Some(0), ..Estimate::default() };
        for turn in turns {
            let Some(frozen) = turn else {
                sum.unplayable += 1;
                continue;
            };
            sum.turns += 1;
            self.turn(frozen, &mut sum);
        }
        sum
    }

    fn turn(&self, frozen: &Frozen, sum: &mut Estimate) {
        // A model that calls nothing that is on record is asked once: another call ends the turn.
        let rounds = if frozen.calls.is_empty() { 0 } else { ROUNDS_MAX };
        let calls = u64::try_from(rounds).unwrap_or(u64::MAX).saturating_add(1);
        let before = self.baseline.and_then(|versions| versions.of(frozen.version));
        let configs = before.map(|(_, config)| config).into_iter().chain([self.candidate]);
        let mut asked = 0;
        for config in configs {
            asked += 1;
            let mut longest = Talk::new(self.who, frozen, config).request(false);
            longest.turns.extend(frozen.calls.iter().map(|call| Turn::user(&call.text)));
            self.add(sum, (&config.model, &longest), calls);
        }
        if let Some(group) = self.judge {
            let other = longest_answer(frozen);
            let then = frozen.recorded.said().unwrap_or_default();
            let question = judge::question(&frozen.newest.text, then, &other, true);
            self.add(sum, (group, &request(judge::SYSTEM, question)), asked);
        }
    }

    fn add(&self, sum: &mut Estimate, (group, asked): (&str, &Request), times: u64) {
        sum.calls_max = sum.calls_max.saturating_add(times);
        let more = match self.router.worst_cost(group, asked) {
            WorstCost::Known(MicroDollars(worst)) => Some(worst.saturating_mul(times)),
            WorstCost::NoneFits => Some(0),
            WorstCost::Unknown => None,
        };
        sum.micros_max = sum.micros_max.zip(more).map(|(sum, more)| sum.saturating_add(more));
    }
}
