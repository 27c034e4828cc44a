//! Turns that are asked again.

use domain::replay::{Outcome, judge, measure};
use replay::{Asked, CaseReport, Report, RunRow, Standing, end_words};
use schemas::{AgentId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Replays of an agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replays {
    /// The newest first; 25 at most.
    pub(crate) items: Vec<Replay>,
    /// Where the next page begins, if there may be one: send it as `after`.
    pub(crate) next: Option<String>,
}

/// Recorded turns that are asked again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replay {
    /// Which one.
    pub(crate) id: String,
    /// What is asked in the place of what answered.
    #[schema(example = "the draft")]
    pub(crate) candidate: String,
    /// Its model group.
    #[schema(example = "quality")]
    pub(crate) model: String,
    /// Whether the version that answered is asked too.
    pub(crate) baseline: bool,
    /// The model group that compares, if one does.
    pub(crate) judge: Option<String>,
    /// How much it may cost, in millionths of a dollar.
    pub(crate) budget_micros: Option<u64>,
    /// How much it has cost; calls whose cost is not known, at their worst.
    pub(crate) spent_micros: u64,
    /// `open`, `done` or `stopped`.
    #[schema(example = "done")]
    pub(crate) state: String,
    /// Why it stopped.
    pub(crate) why: Option<String>,
    /// Whether the process that asked it was ended or killed, so that it waits to be resumed.
    pub(crate) interrupted: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) made_at: Timestamp,
    /// The operator who had it made; nothing where the command line did.
    pub(crate) made_by: Option<String>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) ended_at: Option<Timestamp>,
    /// Its turns.
    pub(crate) turns: u64,
    /// Those that cannot be asked again.
    pub(crate) not_replayable: u64,
    /// Those that the candidate was asked.
    pub(crate) asked: u64,
}

/// What came of a replay.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayReport {
    /// What was asked for, and how that stands.
    pub(crate) run: Replay,
    /// The candidate beside what people got.
    pub(crate) candidate: ReplaySums,
    /// The version that answered, asked again: what differs of itself.
    pub(crate) baseline: Option<ReplaySums>,
    /// What the judge is told, where there is one.
    pub(crate) judge_is_told: Option<String>,
    /// Every turn, the newest first.
    pub(crate) turns: Vec<ReplayTurn>,
}

/// How answers compare with what people got.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplaySums {
    /// Turns that were asked.
    pub(crate) asked: u32,
    /// Those that came to an end that can be compared.
    pub(crate) compared: u32,
    /// The same, word for word.
    pub(crate) exact: u32,
    /// The mean likeness, from 0 to 1: twice the words of the longest common subsequence by the words of
    /// both.
    pub(crate) similarity: Option<f64>,
    /// By how many characters they are longer, in the mean.
    pub(crate) length_change: Option<f64>,
    /// Declined by the vendor.
    pub(crate) refused: u32,
    /// Other tool calls.
    pub(crate) tools_changed: u32,
    /// Other hand-offs.
    pub(crate) hand_offs_changed: u32,
    /// Stopped at a tool call that is not on record.
    pub(crate) unrecorded: u32,
    /// Without an answer.
    pub(crate) failed: u32,
    /// What they cost, in millionths of a dollar, as far as that is known.
    pub(crate) cost_micros: u64,
    /// Those whose cost is not known.
    pub(crate) unpriced: u32,
    /// By how much they are dearer, in millionths of a dollar, in the mean.
    pub(crate) cost_change_micros: Option<f64>,
    /// By how many milliseconds they are slower, in the mean.
    pub(crate) latency_change_ms: Option<f64>,
    /// Judged better.
    pub(crate) better: u32,
    /// Judged as good.
    pub(crate) same: u32,
    /// Judged worse.
    pub(crate) worse: u32,
    /// Without a verdict that can be read.
    pub(crate) no_verdict: u32,
}

/// A turn of a replay.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayTurn {
    /// The message.
    pub(crate) message: String,
    /// Why it cannot be asked again, in a word.
    #[schema(example = "erased")]
    pub(crate) not_replayable: Option<String>,
    /// What was asked.
    pub(crate) question: Option<String>,
    /// What people got.
    pub(crate) recorded: Option<ReplayAnswer>,
    /// What the version that answered says now.
    pub(crate) baseline: Option<ReplayAnswer>,
    /// What the candidate says.
    pub(crate) candidate: Option<ReplayAnswer>,
    /// Whether that is something else than people got.
    pub(crate) changed: bool,
    /// What the judge says of the candidate's: `better`, `same` or `worse`.
    pub(crate) verdict: Option<String>,
    /// Why, in its own words.
    pub(crate) reason: Option<String>,
}

/// What came of asking once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayAnswer {
    /// How it ended, in words.
    #[schema(example = "answered")]
    pub(crate) end: String,
    /// What was said.
    pub(crate) text: Option<String>,
    /// The tools that were called, in order.
    pub(crate) tools: Vec<String>,
    /// The model, as its vendor reports it.
    pub(crate) model: String,
    /// What it cost, in millionths of a dollar, where that is known.
    pub(crate) cost_micros: Option<u64>,
    /// From the question to the end, in milliseconds.
    pub(crate) latency_ms: u64,
}

/// Which replays.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    /// `next` of the page before.
    pub(crate) after: Option<String>,
}

/// What a path of a replay names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfReplay {
    /// The tenant's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "acme")]
    pub(crate) tenant: TenantId,
    /// The agent's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "mara")]
    pub(crate) agent: AgentId,
    /// Which replay.
    pub(crate) run: String,
}

impl Replay {
    /// As it stands at that time.
    pub(crate) fn of(run: RunRow, now: Timestamp) -> Self {
        Self {
            interrupted: Standing::of(&run, now) == Standing::Interrupted,
            id: run.id,
            candidate: run.candidate,
            model: run.config.model,
            baseline: run.baseline,
            judge: run.judge,
            budget_micros: run.budget_micros,
            spent_micros: run.spent_micros,
            state: run.state,
            why: run.why,
            made_at: run.made_at,
            made_by: run.made_by.map(|it| it.to_string()),
            ended_at: run.ended_at,
            turns: run.cases,
            not_replayable: run.unplayable,
            asked: run.asked,
        }
    }
}

impl ReplayReport {
    /// As it stands at that time.
    pub(crate) fn of(report: Report, now: Timestamp) -> Self {
        Self {
            judge_is_told: report.run.judge.as_ref().map(|_| judge::SYSTEM.to_owned()),
            candidate: report.candidate.into(),
            baseline: report.baseline.map(Into::into),
            turns: report.cases.into_iter().map(Into::into).collect(),
            run: Replay::of(report.run, now),
        }
    }
}

impl From<measure::Sums> for ReplaySums {
    fn from(it: measure::Sums) -> Self {
        Self {
            asked: it.asked,
            compared: it.compared,
            exact: it.exact,
            similarity: it.similarity,
            length_change: it.length_change,
            refused: it.refused,
            tools_changed: it.tools_changed,
            hand_offs_changed: it.hand_offs_changed,
            unrecorded: it.unrecorded,
            failed: it.failed,
            cost_micros: it.cost_micros,
            unpriced: it.unpriced,
            cost_change_micros: it.cost_change_micros,
            latency_change_ms: it.latency_change_ms,
            better: it.better,
            same: it.same,
            worse: it.worse,
            no_verdict: it.no_verdict,
        }
    }
}

impl From<CaseReport> for ReplayTurn {
    fn from(case: CaseReport) -> Self {
        let message = case.message.to_string();
        let asked = match case.asked {
            Ok(asked) => *asked,
            Err(why) => {
                return Self {
                    message,
                    not_replayable: Some(why.as_str().to_owned()),
                    question: None,
                    recorded: None,
                    baseline: None,
                    candidate: None,
                    changed: false,
                    verdict: None,
                    reason: None,
                };
            }
        };
        let changed = asked.is_changed();
        let Asked { question, recorded, baseline, candidate, verdict, .. } = asked;
        let word = verdict.as_ref().and_then(|it| it.verdict);
        Self {
            message,
            not_replayable: None,
            question: Some(question),
            recorded: Some(recorded.into()),
            baseline: baseline.map(Into::into),
            candidate: candidate.map(Into::into),
            changed,
            verdict: word.map(|it| it.as_str().to_owned()),
            reason: verdict.map(|it| it.reason),
        }
    }
}

impl From<Outcome> for ReplayAnswer {
    fn from(outcome: Outcome) -> Self {
        Self {
            end: end_words(&outcome.end),
            text: outcome.said().map(str::to_owned),
            tools: outcome.calls.into_iter().map(|call| call.tool).collect(),
            model: outcome.model,
            cost_micros: outcome.cost_micros,
            latency_ms: outcome.latency_ms,
        }
    }
}
