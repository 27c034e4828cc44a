//! The tools of an answer, round by round: the model asks, we call, the model reads and goes on.
//!
//! **Invariant:** a call is on record before it is made, and what came of it before the model reads it.
//! One that may have been carried out before a crash, or before a backup was restored, is made again only
//! where that does no harm.

use std::time::Duration;

use domain::{
    prompt::{estimate_tokens, fit_results},
    seal::{Owner, Sealing},
    tool::{
        CALLS_MAX, NO_SUCH_TOOL, ROUNDS_MAX,
        results::{Results, TOO_MANY, TOO_MANY_TEXT},
    },
};
use futures::future::try_join_all;
use providers::{Answer, Turn};
use runtime::{Clock, Failure};
use schemas::{
    MessageId, TenantId, Text,
    event::{ToolCalled, ToolOutcome, ToolRound},
};
use store::tool_calls::{Call, Round, ToolCalls};
use tokio::time::Instant;
use tools::Toolbox;

use crate::{
    asked::{Asked, AskedCall},
    from_store,
};

/// Why a call has no outcome that could be relied on.
const UNCERTAIN: &str = "uncertain";

const UNCERTAIN_TEXT: &str = "It is not known whether this was carried out: we were interrupted. It was \
                              not done again. Say so, and ask before you repeat it.";

/// What calls are made with.
pub(crate) struct Bench<'a> {
    pub(crate) ledger: &'a ToolCalls,
    pub(crate) clock: &'a Clock,
    pub(crate) tenant: &'a TenantId,
    pub(crate) message: &'a MessageId,
    pub(crate) sealing: &'a Sealing,
    pub(crate) toolbox: &'a Toolbox,
    pub(crate) deadline: Instant,
    /// Whether an installation that was lost may have answered this already, tools and all.
    pub(crate) in_doubt: bool,
}

/// What was asked of tools so far.
#[derive(Default)]
pub(crate) struct Rounds {
    /// As events tell of it.
    pub(crate) told: Vec<ToolRound>,
    /// As the model reads it.
    pub(crate) turns: Vec<Turn>,
    /// The results in it, in their order, as they were before any was made shorter for want of room.
    whole: Vec<String>,
    calls: usize,
    results: Results,
}

/// What is to be done about a call.
enum Todo {
    /// Nothing: this came of it.
    Ended(ToolOutcome),
    /// It is made.
    Make,
    /// Nothing: it may have been carried out, and once more would do harm.
    Doubt,
}

/// What came of one call.
struct Ended {
    outcome: ToolOutcome,
    text: String,
}

impl Rounds {
    /// Whether the model has to answer with what it has.
    pub(crate) fn is_over(&self) -> bool {
        ROUNDS_MAX <= self.told.len() || CALLS_MAX <= self.calls
    }

    /// What an earlier delivery asked of tools, with what it left open brought to an end.
    pub(crate) async fn resumed(bench: &Bench<'_>) -> Result<Self, Failure> {
        let mut rounds = Self::default();
        let found = bench.ledger.rounds(bench.tenant, bench.message).await.map_err(from_store)?;
        for Round { asked, calls, .. } in found {
            let asked = bench.sealing.open(bench.owner(), &asked).map_err(Failure::retry)?;
            let asked: Asked = serde_json::from_str(&asked).map_err(Failure::retry)?;
            let calls =
                calls.into_iter().map(|call| (bench.left(&call), call.tool, call.arguments));
            rounds.end(bench, asked, calls.collect()).await?;
        }
        Ok(rounds)
    }

    /// Makes the calls that an answer asks for.
    pub(crate) async fn go_on(
        &mut self,
        bench: &Bench<'_>,
        answer: &Answer,
    ) -> Result<(), Failure> {
        let asked = Asked::of(answer);
        let calls: Vec<_> = asked
            .calls
            .iter()
            .map(|call| Call {
                tool: bench.named(&call.name).to_owned(),
                arguments: bench.seal(&call.arguments),
                repeatable: bench.toolbox.is_repeatable(&call.name),
                outcome: None,
            })
            .collect();
        let written = serde_json::to_string(&asked).map_err(Failure::retry)?;
        let round = Round { asked: bench.seal(&written), calls, at: bench.clock.now() };
        let of = (bench.tenant, bench.message);
        let begun = bench.ledger.begin(of, self.told.len(), &round).await;
        begun.map_err(from_store)?;
        let todo = |call: &Call| first_time(bench.in_doubt, call.repeatable);
        let calls = round.calls.into_iter().map(|call| (todo(&call), call.tool, call.arguments));
        self.end(bench, asked, calls.collect()).await
    }

    /// Makes what is to be made of a round, all at once, and takes what came of it.
    async fn end(
        &mut self,
        bench: &Bench<'_>,
        asked: Asked,
        calls: Vec<(Todo, String, Text)>,
    ) -> Result<(), Failure> {
        let number = self.told.len();
        let room = CALLS_MAX.saturating_sub(self.calls);
        let on_record = |(todo, tool, arguments)| (todo, (tool, arguments));
        let (todo, on_record): (Vec<_>, Vec<_>) = calls.into_iter().map(on_record).unzip();
        let made = asked.calls.iter().zip(todo).enumerate();
        let made =
            made.map(|(index, (call, todo))| bench.made((number, index), call, todo, index < room));
        let ended = try_join_all(made).await?;
        self.calls += ended.len();
        self.turns.push(asked.turn());
        let mut told = Vec::with_capacity(ended.len());
        for ((call, on_record), ended) in asked.calls.into_iter().zip(on_record).zip(ended) {
            let (tool, arguments) = on_record;
            let (content, is_cut) = self.results.cut(ended.text);
            let text = if is_cut { bench.seal(&content) } else { ended.outcome.text.clone() };
            let failed = ended.outcome.failed.is_some();
            self.whole.push(content.clone());
            self.turns.push(Turn::Tool { call: call.id.clone(), name: call.name, content, failed });
            let outcome = ToolOutcome { text, ..ended.outcome };
            told.push(ToolCalled { id: call.id, tool, arguments, outcome });
        }
        let said = (!asked.text.trim().is_empty()).then(|| bench.seal(&asked.text));
        self.told.push(ToolRound { said, calls: told });
        Ok(())
    }

    /// Makes results shorter, so that the request of `tokens` that holds them takes no more than `room`,
    /// or as near to that as they let it come. How many tokens that saves.
    pub(crate) fn shorten(&mut self, bench: &Bench<'_>, tokens: u32, room: u32) -> u32 {
        let before = self.result_tokens();
        let others = tokens.saturating_sub(before);
        let whole: Vec<&str> = self.whole.iter().map(String::as_str).collect();
        // Those of the last round were not read yet.
        let unread = self.told.last().map_or(0, |round| round.calls.len());
        let fitted = fit_results(&whole, unread, room.saturating_sub(others));
        let contents = self.turns.iter_mut().filter_map(|turn| match turn {
            Turn::Tool { content, .. } => Some(content),
            Turn::User { .. } | Turn::Assistant { .. } => None,
        });
        let told = self.told.iter_mut().flat_map(|round| &mut round.calls);
        for ((content, called), fitted) in contents.zip(told).zip(fitted) {
            if *content != *fitted {
                *content = fitted.into_owned();
                called.outcome.text = bench.seal(content);
            }
        }
        let saved = before.saturating_sub(self.result_tokens());
        if 0 < saved {
            tracing::info!(tokens, saved, "results of tools are read in part");
        }
        saved
    }

    fn result_tokens(&self) -> u32 {
        let results = self.turns.iter().map(|turn| match turn {
            Turn::Tool { content, .. } => estimate_tokens(content),
            Turn::User { .. } | Turn::Assistant { .. } => 0,
        });
        results.fold(0, u32::saturating_add)
    }
}

/// What is to be done about a call that nobody here has made.
const fn first_time(in_doubt: bool, repeatable: bool) -> Todo {
    if in_doubt && !repeatable { Todo::Doubt } else { Todo::Make }
}

impl Bench<'_> {
    fn owner(&self) -> Owner<'_> {
        Owner { tenant: self.tenant, of: self.message.as_str() }
    }

    fn seal(&self, text: &str) -> Text {
        self.sealing.seal(self.owner(), text)
    }

    /// A name that is fit for events and logs.
    fn named<'n>(&self, name: &'n str) -> &'n str {
        if self.toolbox.has(name) { name } else { NO_SUCH_TOOL }
    }

    /// What an earlier delivery left to be done about a call. Its tool may be another one by now, under
    /// the same name: made again is only what both could be.
    fn left(&self, call: &Call) -> Todo {
        match &call.outcome {
            Some(outcome) => Todo::Ended(outcome.clone()),
            None if call.repeatable && self.toolbox.is_repeatable(&call.tool) => Todo::Make,
            None => Todo::Doubt,
        }
    }

    /// What came of a call: what is on record, or what comes of making it now.
    async fn made(
        &self,
        place: (usize, usize),
        call: &AskedCall,
        todo: Todo,
        has_room: bool,
    ) -> Result<Ended, Failure> {
        let ended = match todo {
            Todo::Ended(outcome) => return self.on_record(outcome),
            Todo::Make | Todo::Doubt if !has_room => self.unmade(TOO_MANY, TOO_MANY_TEXT),
            Todo::Make => self.called(call).await,
            Todo::Doubt => self.unmade(UNCERTAIN, UNCERTAIN_TEXT),
        };
        let of = (self.tenant, self.message);
        let ending = self.ledger.end(of, place, &ended.outcome, self.clock.now()).await;
        let standing = ending.map_err(from_store)?;
        standing.map_or(Ok(ended), |outcome| self.on_record(outcome))
    }

    fn on_record(&self, outcome: ToolOutcome) -> Result<Ended, Failure> {
        let text = self.sealing.open(self.owner(), &outcome.text).map_err(Failure::retry)?;
        Ok(Ended { outcome, text })
    }

    async fn called(&self, asked: &AskedCall) -> Ended {
        let AskedCall { name, arguments, .. } = asked;
        let now = self.clock.now();
        let outcome = self.toolbox.call(name, arguments, self.deadline, now).await;
        let name = self.named(name);
        tracing::info!(tool = name, took = ?outcome.took, failed = ?outcome.failed, "called a tool");
        let failed = outcome.failed.map(|why| why.as_str().to_owned());
        self.ended(outcome.text, failed, outcome.took)
    }

    fn unmade(&self, why: &str, text: &str) -> Ended {
        self.ended(text.to_owned(), Some(why.to_owned()), Duration::ZERO)
    }

    fn ended(&self, text: String, failed: Option<String>, took: Duration) -> Ended {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let outcome = ToolOutcome { text: self.seal(&text), failed, took_ms };
        Ended { outcome, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_restore_only_what_does_no_harm_twice_is_called() {
        let cases =
            [(false, false, true), (false, true, true), (true, false, false), (true, true, true)];
        for (in_doubt, repeatable, want) in cases {
            let is_made = matches!(first_time(in_doubt, repeatable), Todo::Make);
            assert_eq!(is_made, want, "{in_doubt} {repeatable}");
        }
    }
}
