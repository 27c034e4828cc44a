//! Asks a model which of two answers is better, and whether one meets a criterion.

use domain::{
    prompt::ANSWER_TIME_MAX,
    replay::{
        Frozen, Outcome,
        judge::{self, Judged, VERDICT_TOKENS_MAX, Verdict},
    },
};
use providers::{Request, Turn};
use tokio::time::Instant;

use crate::{ask::Asking, error::Stop};

/// What one judging is told of: whose verdict, and in which run.
pub(crate) struct Compared<'a> {
    pub(crate) run: &'a str,
    /// `baseline` or `candidate`.
    pub(crate) who: &'a str,
    pub(crate) frozen: &'a Frozen,
    pub(crate) other: &'a Outcome,
}

impl Compared<'_> {
    /// What the judge is asked, and whether the recorded answer stands first in it; nothing where there are
    /// no two answers.
    fn question(&self) -> Option<(String, bool)> {
        let Self { run, who, frozen, other } = self;
        let (then, now) = (frozen.recorded.said()?, other.said()?);
        let first = judge::is_recorded_first(run, &frozen.newest.message, who);
        Some((judge::question(&frozen.newest.text, then, now, first), first))
    }

    fn is_same(&self) -> bool {
        let (then, now) = (self.frozen.recorded.said(), self.other.said());
        then.zip(now).is_some_and(|(then, now)| then.trim() == now.trim())
    }
}

/// What a judge is asked.
pub(crate) fn request(system: &str, question: String) -> Request {
    Request {
        system: system.to_owned(),
        turns: vec![Turn::user(question)],
        max_output_tokens: VERDICT_TOKENS_MAX,
        ..Request::default()
    }
}

impl Asking<'_> {
    /// The judge's verdict; nothing where there are no two answers. Of the same words nobody is asked.
    pub(crate) async fn judged(
        &self,
        group: &str,
        compared: &Compared<'_>,
    ) -> Result<Option<Judged>, Stop> {
        if compared.is_same() {
            let (verdict, reason) = (Some(Verdict::Same), "the same words".to_owned());
            return Ok(Some(Judged { verdict, reason, cost_micros: Some(0) }));
        }
        let Some((question, first)) = compared.question() else { return Ok(None) };
        let (said, cost_micros) = self.word(group, judge::SYSTEM, question).await?;
        let (verdict, reason) = match said {
            Ok(said) => judge::verdict(&said, first),
            Err(why) => (None, why),
        };
        Ok(Some(Judged { verdict, reason, cost_micros }))
    }

    /// Whether an answer meets a criterion, where that can be read, and why.
    pub(crate) async fn meets(
        &self,
        group: &str,
        (asked, answer): (&str, &str),
        criterion: &str,
    ) -> Result<(Option<bool>, String), Stop> {
        let question = judge::criteria_question(asked, answer, criterion);
        let (said, _) = self.word(group, judge::CRITERIA_SYSTEM, question).await?;
        Ok(match said {
            Ok(said) => judge::is_met(&said),
            Err(why) => (None, why),
        })
    }

    /// What a judge says, or why it says nothing; and what that cost.
    async fn word(
        &self,
        group: &str,
        system: &str,
        question: String,
    ) -> Result<(Result<String, String>, Option<u64>), Stop> {
        let deadline = Instant::now() + ANSWER_TIME_MAX;
        Ok(match self.complete(group, &request(system, question), deadline).await? {
            Ok(done) => (Ok(done.answer.text), done.cost.amount.map(|amount| amount.0)),
            Err(exhausted) => (Err(exhausted.to_string()), None),
        })
    }
}
