//! What a run can cost at the most, before anything is asked.

use domain::{
    config::OpenConfig,
    prompt::estimate_tokens,
    replay::{Frozen, check::Check, judge},
    tool::{
        CALLS_MAX, ROUNDS_MAX,
        results::{CUT, RESULTS_BYTES_MAX, TOO_MANY_TEXT},
    },
};
use providers::{CALLS_OF_ANSWER_MAX, Request, Router, Turn, WorstCost};
use schemas::usage::MicroDollars;
use serde::Serialize;

use crate::{Employee, KeptTest, ReplayError, judge::request, run::Versions, talk::Talk};

/// Bytes of a token, as `domain::prompt::estimate_tokens` guesses.
const BYTES_PER_TOKEN: usize = 4;

/// What a run takes at the most, where no call to a model must be made again.
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

impl Estimate {
    /// Nothing whose price nobody knows is kept within a budget.
    pub(crate) fn within(self, budget_micros: Option<u64>) -> Result<Self, ReplayError> {
        if budget_micros.is_some() && self.micros_max.is_none() {
            return Err(ReplayError::Unpriced);
        }
        Ok(self)
    }
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

    /// Of tests: each is asked of the candidate, and judged where a model must.
    pub(crate) fn count_tests(&self, tests: &[KeptTest]) -> Estimate {
        let mut sum = Estimate { micros_max: Some(0), ..Estimate::default() };
        let group = self.judge.unwrap_or(&self.candidate.model);
        for KeptTest { frozen, checks, .. } in tests {
            sum.turns += 1;
            self.talk(frozen, self.candidate, &mut sum);
            for check in checks {
                let Check::Judged(criterion) = check else { continue };
                let (asked, answer) = (&frozen.newest.text, longest(frozen));
                let question = judge::criteria_question(asked, &answer, criterion);
                let question = request(judge::CRITERIA_SYSTEM, question);
                self.add(&mut sum, (group, &question), (1, question.tokens()));
            }
        }
        sum
    }

    fn turn(&self, frozen: &Frozen, sum: &mut Estimate) {
        let before = self.baseline.and_then(|versions| versions.of(frozen.version));
        let configs = before.map(|(_, config)| config).into_iter().chain([self.candidate]);
        let mut asked = 0;
        for config in configs {
            asked += 1;
            self.talk(frozen, config, sum);
        }
        if let Some(group) = self.judge {
            let then = frozen.recorded.said().unwrap_or_default();
            let question = judge::question(&frozen.newest.text, then, &longest(frozen), true);
            let question = request(judge::SYSTEM, question);
            self.add(sum, (group, &question), (asked, question.tokens()));
        }
    }

    /// Every round of one configuration. A model that calls nothing that is on record is asked once:
    /// another call ends the turn.
    fn talk(&self, frozen: &Frozen, config: &OpenConfig, sum: &mut Estimate) {
        let (mut talk, group) = (Talk::new(self.who, frozen, config), config.model.as_str());
        let mut first = talk.request(false);
        if self.router.worst_cost(group, &first) == WorstCost::NoneFits && talk.unarm() {
            first = talk.request(false);
        }
        self.add(sum, (group, &first), (1, first.tokens()));
        if talk.has_tools() && !frozen.calls.is_empty() {
            let rounds = u64::try_from(ROUNDS_MAX).unwrap_or(u64::MAX);
            let longest = first.tokens().saturating_add(growth(frozen));
            self.add(sum, (group, &first), (rounds, longest));
        }
    }

    /// So many calls with a prompt of so many tokens.
    fn add(
        &self,
        sum: &mut Estimate,
        (group, asked): (&str, &Request),
        (times, tokens): (u64, u32),
    ) {
        sum.calls_max = sum.calls_max.saturating_add(times);
        let more = match self.router.worst_cost_up_to(group, asked, tokens) {
            WorstCost::Known(MicroDollars(worst)) => Some(worst.saturating_mul(times)),
            WorstCost::NoneFits => Some(0),
            WorstCost::Unknown => None,
        };
        sum.micros_max = sum.micros_max.zip(more).map(|(sum, more)| sum.saturating_add(more));
    }
}

/// An answer that is as long as it may be.
fn longest(frozen: &Frozen) -> String {
    let tokens = usize::try_from(frozen.max_output_tokens).unwrap_or(usize::MAX);
    "x".repeat(tokens.saturating_mul(BYTES_PER_TOKEN))
}

/// How many tokens a talk grows by at the most: in each round the model says as much as it may, calls what
/// it likes of the record as often as it likes, and reads what comes of that, within the bounds of
/// [`Talk::play`].
pub(crate) fn growth(frozen: &Frozen) -> u32 {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    // The round that brings it to the bound may go far beyond; what is beyond is not answered.
    let (rounds, results) = (count(ROUNDS_MAX), count(CALLS_MAX - 1 + CALLS_OF_ANSWER_MAX));
    let said = frozen.max_output_tokens.saturating_mul(rounds);
    let largest = frozen.calls.iter().map(|call| estimate_tokens(&call.text)).max().unwrap_or(0);
    // What is not ASCII is guessed to have a token for each two bytes.
    let all = count(RESULTS_BYTES_MAX.div_ceil(2));
    let read = largest.saturating_mul(count(CALLS_MAX)).min(all);
    let notice = estimate_tokens(CUT).max(estimate_tokens(TOO_MANY_TEXT)).saturating_add(1);
    let notices = notice.saturating_mul(results);
    let turn = Request { turns: vec![Turn::assistant("")], ..Request::default() }.tokens();
    let marks = turn.saturating_mul(rounds.saturating_add(results));
    [said, read, notices, marks].into_iter().fold(0, u32::saturating_add)
}
