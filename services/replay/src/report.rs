//! What came of a run: turn by turn, and in sums with what answers differ by of themselves.

use std::collections::BTreeMap;

use domain::{
    prompt::BUILDER_VERSION,
    replay::{
        Called, End, Outcome, Unplayable,
        judge::{self, Judged},
        measure::{Measures, Sums, differs, measure, sums},
    },
};
use schemas::{MessageId, TenantId};
use serde_json::{Value, json};
use store::replays::{self, CaseRow, RunRow};

use crate::{Replay, ReplayError, case::Open};

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was asked for, and how that stands.
    pub run: RunRow,
    /// Every turn, the newest first.
    pub cases: Vec<CaseReport>,
    /// The candidate beside what people got.
    pub candidate: Sums,
    /// The version that answered, asked again: what differs without any change.
    pub baseline: Option<Sums>,
    /// How many turns cannot be asked again, by why.
    pub unplayable: BTreeMap<Unplayable, u32>,
}

/// What came of one turn. It holds what people wrote.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// The message.
    pub message: MessageId,
    /// The turn, or why it cannot be asked again.
    pub asked: Result<Box<Asked>, Unplayable>,
}

/// A turn that was asked again, as far as that is.
#[derive(Clone)]
pub struct Asked {
    /// What was asked.
    pub question: String,
    /// The version that answered then.
    pub version: u32,
    /// The version of the builder that made its prompt; see [`BUILDER_VERSION`].
    pub builder: u32,
    /// What people got.
    pub recorded: Outcome,
    /// What the version that answered says now.
    pub baseline: Option<Outcome>,
    /// What the candidate says.
    pub candidate: Option<Outcome>,
    /// What the judge says of the former beside what people got.
    pub baseline_verdict: Option<Judged>,
    /// And of the latter.
    pub verdict: Option<Judged>,
}

impl Replay {
    /// What came of a run so far.
    pub async fn report(&self, tenant: &TenantId, run: &str) -> Result<Report, ReplayError> {
        let sealing = self.sealer.of(tenant, self.now()).await?;
        let mut tx = self.db.tenant(tenant).await?;
        let found = replays::find(&mut tx, run).await?;
        let row = found.ok_or_else(|| ReplayError::NoRun(run.to_owned()))?;
        let cases = replays::cases(&mut tx, run).await?;
        drop(tx);
        let case = |case: CaseRow| {
            let message = case.message.clone();
            let asked = match case.unplayable.as_deref().map(str::parse::<Unplayable>) {
                Some(why) => Err(why.unwrap_or(Unplayable::Changed)),
                None => Open::of(case, &sealing, tenant).map(|open| Box::new(Asked::from(open))),
            };
            CaseReport { message, asked }
        };
        let cases: Vec<_> = cases.into_iter().map(case).collect();
        // Texts are compared here, and that is work.
        let report = tokio::task::spawn_blocking(move || Report::of(row, cases));
        report.await.map_err(|_| ReplayError::Garbled)
    }
}

impl Report {
    fn of(run: RunRow, cases: Vec<CaseReport>) -> Self {
        let asked = || cases.iter().filter_map(|case| case.asked.as_deref().ok());
        let candidate =
            sums(asked().filter_map(|it| {
                Some((&it.recorded, it.candidate.as_ref()?, it.verdict.as_ref()))
            }));
        let baseline = sums(asked().filter_map(|it| {
            Some((&it.recorded, it.baseline.as_ref()?, it.baseline_verdict.as_ref()))
        }));
        let baseline = run.baseline.then_some(baseline);
        let mut unplayable = BTreeMap::new();
        for why in cases.iter().filter_map(|case| case.asked.as_ref().err()) {
            *unplayable.entry(*why).or_insert(0) += 1;
        }
        Self { run, cases, candidate, baseline, unplayable }
    }

    /// How many turns were answered with another builder of prompts than they are asked with now.
    pub fn built_otherwise(&self) -> usize {
        let asked = self.cases.iter().filter_map(|case| case.asked.as_deref().ok());
        asked.filter(|it| it.builder != BUILDER_VERSION).count()
    }

    /// All of it as JSON.
    pub fn json(&self) -> Value {
        let unplayable: BTreeMap<_, _> =
            self.unplayable.iter().map(|(why, count)| (why.as_str(), count)).collect();
        json!({
            "run": run_json(&self.run),
            "similarity": "2 × longest common subsequence of words ÷ words of both",
            "judge_is_told": self.run.judge.as_ref().map(|_| judge::SYSTEM),
            "candidate": self.candidate,
            "baseline": self.baseline,
            "not_replayable": unplayable,
            "built_otherwise": self.built_otherwise(),
            "cases": self.cases.iter().map(CaseReport::json).collect::<Vec<_>>(),
        })
    }
}

/// A run as JSON, without its turns and texts.
pub fn run_json(run: &RunRow) -> Value {
    json!({
        "id": run.id,
        "agent": run.agent,
        "candidate": run.candidate,
        "model": run.config.model,
        "baseline": run.baseline,
        "judge": run.judge,
        "budget_micros": run.budget_micros,
        "spent_micros": run.spent_micros,
        "state": run.state,
        "why": run.why,
        "made_at": run.made_at,
        "made_by": run.made_by,
        "ended_at": run.ended_at,
        "turns": run.cases,
        "not_replayable": run.unplayable,
        "asked": run.asked,
        "of_tests": run.of_tests,
    })
}

impl From<Open> for Asked {
    fn from(open: Open) -> Self {
        Self {
            question: open.frozen.newest.text,
            version: open.frozen.version,
            builder: open.frozen.builder,
            recorded: open.frozen.recorded,
            baseline: open.baseline,
            candidate: open.candidate,
            baseline_verdict: open.baseline_verdict,
            verdict: open.verdict,
        }
    }
}

impl CaseReport {
    fn json(&self) -> Value {
        match &self.asked {
            Err(why) => json!({
                "message": self.message,
                "not_replayable": why.as_str(),
                "because": why.to_string(),
            }),
            Ok(asked) => json!({
                "message": self.message,
                "question": asked.question,
                "version": asked.version,
                "builder": asked.builder,
                "recorded": outcome(&asked.recorded),
                "baseline": asked.baseline.as_ref().map(outcome),
                "candidate": asked.candidate.as_ref().map(outcome),
                "baseline_measures": asked.baseline_measures(),
                "measures": asked.measures(),
                "baseline_verdict": asked.baseline_verdict,
                "verdict": asked.verdict,
            }),
        }
    }
}

impl Asked {
    /// How the candidate's answer compares with what people got.
    pub fn measures(&self) -> Option<Measures> {
        measure(&self.recorded, self.candidate.as_ref()?)
    }

    /// Whether the candidate was asked, and what came of it is something else than people got.
    pub fn is_changed(&self) -> bool {
        self.candidate.as_ref().is_some_and(|it| differs(&self.recorded, it))
    }

    /// How the answer of the version that answered compares with it.
    pub fn baseline_measures(&self) -> Option<Measures> {
        measure(&self.recorded, self.baseline.as_ref()?)
    }
}

/// An end in a sentence, without what was said.
pub fn end_words(end: &End) -> String {
    match end {
        End::Answered(_) => "answered".to_owned(),
        End::HandedOff { why, .. } => format!("hands over to a person ({})", why.as_str()),
        End::Refused => "the vendor declined to answer".to_owned(),
        End::Unrecorded(Called { tool, arguments }) => {
            format!("asked for a tool call that was not recorded: {tool}({arguments})")
        }
        End::Failed(why) => format!("no model answered: {why}"),
    }
}

fn outcome(outcome: &Outcome) -> Value {
    json!({
        "end": end_words(&outcome.end),
        "text": outcome.said(),
        "calls": outcome.calls,
        "version": outcome.version,
        "model": outcome.model,
        "cost_micros": outcome.cost_micros,
        "latency_ms": outcome.latency_ms,
    })
}

/// What people wrote does not belong into logs.
impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("candidate", &self.candidate).finish_non_exhaustive()
    }
}
