//! One turn of a run: asked, judged or checked, each part written down before the next is asked.

use domain::{
    config::OpenConfig,
    replay::{Frozen, Outcome, judge::Judged, measure::differs},
    seal::Sealing,
};
use schemas::MessageId;
use serde::Serialize;
use store::replays::{self, Part, RunRow};

use crate::{
    Stop,
    ask::Asking,
    case::{Open, OpenTest, written},
    judge::Compared,
    purse::Payer,
    run::Versions,
};

/// A run being asked.
pub(crate) struct Running<'a> {
    pub(crate) asking: Asking<'a>,
    pub(crate) row: &'a RunRow,
    pub(crate) candidate: OpenConfig,
    pub(crate) versions: Versions,
    pub(crate) sealing: &'a Sealing,
}

impl Running<'_> {
    /// Asks what is missing of one turn, each part written down before the next is asked.
    pub(crate) async fn case(&self, case: Open) -> Result<(), Stop> {
        let at = (case.place, &case.message);
        let candidate = (&self.candidate, None);
        let part = |differs| Part::Candidate { differs };
        let answer = self.part(at, part, &case.frozen, (case.candidate, candidate)).await?;
        if let Some(test) = case.test {
            return self.test(at, (&case.frozen, &answer), test).await;
        }
        self.verdict(at, &case.frozen, ("candidate", &answer), case.verdict).await?;
        if !self.row.baseline {
            return Ok(());
        }
        let Some((version, config)) = self.versions.of(case.frozen.version) else { return Ok(()) };
        let before = (config, Some(version));
        let part = |_differs| Part::Baseline;
        let answer = self.part(at, part, &case.frozen, (case.baseline, before)).await?;
        self.verdict(at, &case.frozen, ("baseline", &answer), case.baseline_verdict).await
    }

    async fn part(
        &self,
        at: (u32, &MessageId),
        part: fn(bool) -> Part,
        frozen: &Frozen,
        (known, config): (Option<Outcome>, (&OpenConfig, Option<u32>)),
    ) -> Result<Outcome, Stop> {
        if let Some(known) = known {
            return Ok(known);
        }
        let outcome = self.asking.ask(frozen, config).await?;
        self.keep(at, part(differs(&frozen.recorded, &outcome)), &outcome).await?;
        Ok(outcome)
    }

    async fn verdict(
        &self,
        at: (u32, &MessageId),
        frozen: &Frozen,
        (who, other): (&str, &Outcome),
        known: Option<Judged>,
    ) -> Result<(), Stop> {
        let Some(group) = self.row.judge.as_deref().filter(|_| known.is_none()) else {
            return Ok(());
        };
        let compared = Compared { run: &self.row.id, who, frozen, other };
        let Some(judged) = self.asking.judged(group, &compared).await? else { return Ok(()) };
        let part = if who == "baseline" { Part::BaselineVerdict } else { Part::Verdict };
        self.keep(at, part, &judged).await
    }

    /// Which checks of a test hold. What a model must judge is judged by the candidate's own group, unless
    /// another one is named.
    async fn test(
        &self,
        at: (u32, &MessageId),
        answered: (&Frozen, &Outcome),
        test: OpenTest,
    ) -> Result<(), Stop> {
        if test.checked.is_some() {
            return Ok(());
        }
        let group = self.row.judge.as_deref().unwrap_or(&self.candidate.model);
        let checked = self.asking.checked(group, answered, &test.checks).await?;
        self.keep(at, Part::Verdict, &checked).await
    }

    async fn keep(
        &self,
        (place, message): (u32, &MessageId),
        part: Part,
        what: &impl Serialize,
    ) -> Result<(), Stop> {
        let Payer { db, tenant, .. } = self.asking.payer;
        let text = written(self.sealing, tenant, message, what);
        let tx = db.tenant(tenant).await?;
        Ok(replays::keep(tx, (self.row.id.as_str(), place), part, &text).await?)
    }
}
