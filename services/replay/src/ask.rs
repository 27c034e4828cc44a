//! Asks one turn again, of one configuration.

use domain::{
    config::OpenConfig,
    hand_off::{by_agent, by_tools, by_words, judged_by_model, why_said},
    prompt::ANSWER_TIME_MAX,
    replay::{End, Frozen, Outcome},
    tool::HAND_OFF,
};
use providers::{Answer, Cause, Completed, Exhausted, FailureClass, Request, Router};
use schemas::{
    event::HandOffReason,
    usage::{Attempt, MicroDollars},
};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    Employee, Replay,
    ending::StopSign,
    error::Stop,
    purse::{Payer, Purse},
    talk::Talk,
};

/// Who asks, with what, and who pays.
pub(crate) struct Asking<'a> {
    pub(crate) replay: &'a Replay,
    pub(crate) who: &'a Employee,
    pub(crate) router: &'a Router,
    pub(crate) payer: Payer<'a>,
    pub(crate) stop: StopSign,
}

/// What asking took so far.
struct Took {
    begun: Instant,
    cost_micros: Option<u64>,
}

impl Asking<'_> {
    /// Asks until there is an outcome, or until nothing more may be asked.
    pub(crate) async fn ask(
        &self,
        frozen: &Frozen,
        (config, version): (&OpenConfig, Option<u32>),
    ) -> Result<Outcome, Stop> {
        let mut took = Took { begun: Instant::now(), cost_micros: Some(0) };
        let deadline = took.begun + ANSWER_TIME_MAX;
        let mut talk = Talk::new(self.who, frozen, config);
        let rules = &config.escalation;
        if let Some(due) = by_words(rules, &frozen.newest.text) {
            return Ok(took.end(handed_off(due.why, ""), talk, version, String::new()));
        }
        loop {
            let last = talk.is_over();
            if last && let Some(due) = by_tools(rules, &talk.told) {
                return Ok(took.end(handed_off(due.why, ""), talk, version, String::new()));
            }
            let asked = self.complete(&config.model, &talk.request(last), deadline).await?;
            took.pays(attempts(&asked));
            let answer = match asked {
                Ok(completed) => completed.answer,
                Err(exhausted) if talk.disarm(&exhausted) => continue,
                Err(exhausted) => {
                    return Ok(took.end(failed(&exhausted), talk, version, String::new()));
                }
            };
            if last || answer.calls.is_empty() || !talk.has_tools() {
                let end = match by_tools(rules, &talk.told) {
                    Some(due) => handed_off(due.why, ""),
                    None => End::Answered(answer.text),
                };
                return Ok(took.end(end, talk, version, answer.model));
            }
            if let Some(why) = decided(config, &answer) {
                let end = handed_off(why, &answer.text);
                return Ok(took.end(end, talk, version, answer.model));
            }
            if let Err(wanted) = talk.play(&answer) {
                return Ok(took.end(End::Unrecorded(wanted), talk, version, answer.model));
            }
        }
    }

    /// One request, paid for. What a vendor's failure means is for whoever asks; what keeps us from asking
    /// ends all of it. Where it is to leave, the call under way is cut off, and what it took is settled.
    pub(crate) async fn complete(
        &self,
        group: &str,
        request: &Request,
        deadline: Instant,
    ) -> Result<Result<Completed, Exhausted>, Stop> {
        let purse = Purse::new(self.payer, self.replay.now(), self.stop.clone());
        let asked = tokio::select! {
            asked = self.router.complete(group, request, deadline, &purse) => Some(asked),
            () = purse.leave() => None,
        };
        let Some(asked) = asked else {
            purse.ended(&purse.take_left()).await?;
            return Err(Stop::Interrupted);
        };
        purse.ended(attempts(&asked)).await?;
        match asked {
            Err(Exhausted { cause: Cause::OverBudget(met), .. }) => Err(Stop::Budget(met)),
            // The recorder is ours, and says nothing else.
            Err(Exhausted { cause: Cause::NotRecorded(why), .. }) => {
                Err(why.downcast::<Stop>().map_or(Stop::RunBudget, |stop| *stop))
            }
            asked => Ok(asked),
        }
    }
}

impl Took {
    fn pays(&mut self, attempts: &[Attempt]) {
        for attempt in attempts {
            let cost = attempt.cost.amount.map(|MicroDollars(amount)| amount);
            let sum = self.cost_micros.zip(cost).map(|(sum, cost)| sum.saturating_add(cost));
            self.cost_micros = sum;
        }
    }

    fn end(self, end: End, talk: Talk<'_>, version: Option<u32>, model: String) -> Outcome {
        let latency_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Talk { calls, .. } = talk;
        Outcome { end, calls, version, model, cost_micros: self.cost_micros, latency_ms }
    }
}

fn attempts(asked: &Result<Completed, Exhausted>) -> &[Attempt] {
    match asked {
        Ok(completed) => &completed.attempts,
        Err(exhausted) => &exhausted.attempts,
    }
}

fn handed_off(why: HandOffReason, said: &str) -> End {
    End::HandedOff { why, said: said.to_owned() }
}

/// Why the model hands over, if it does and may.
fn decided(config: &OpenConfig, answer: &Answer) -> Option<HandOffReason> {
    let call = answer.calls.iter().find(|call| call.name == HAND_OFF)?;
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let may = !judged_by_model(config).is_empty();
    by_agent(&config.escalation, why_said(&arguments)).filter(|_| may).map(|due| due.why)
}

fn failed(exhausted: &Exhausted) -> End {
    let why = match &exhausted.cause {
        Cause::Failed(FailureClass::Refused) => return End::Refused,
        Cause::Failed(class) => class.as_str(),
        Cause::UnknownGroup => "no_such_group",
        Cause::OutOfTime => "out_of_time",
        Cause::AllRest => "all_rest",
        Cause::NoneFits => "none_fits",
        Cause::NotRecorded(_) | Cause::OverBudget(_) => "not_asked",
    };
    End::Failed(why.to_owned())
}
