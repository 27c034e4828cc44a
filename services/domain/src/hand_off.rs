//! When a conversation goes over to a person, and when it comes back.

pub(crate) mod words;

use schemas::event::{HandOffReason, ToolRound};
use serde_json::Value;

use self::words::{Said, words_of};
use crate::{
    config::{OpenConfig, OpenRule, OpenTrigger},
    tool::HAND_OFF,
};

/// What somebody writes to give a conversation back to its agent, whatever case and marks.
pub const HAND_BACK: &str = "hand back";

/// What polite people write beside it.
const COURTESIES: [&[&str]; 3] = [&["please"], &["thanks"], &["thank", "you"]];

/// Why a call of a tool counts as no failure of the tool: the model's own mistakes.
const MISTAKES: [&str; 3] = ["unknown", "arguments", "limit"];

/// A hand-off that is due: why, and the channel that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due<'a> {
    /// Why.
    pub why: HandOffReason,
    /// The channel, as the rule names it.
    pub to_channel: &'a str,
}

/// Whether what a person wrote has a keyword of a rule in it, whatever case: as whole words, or anywhere
/// where the keyword's script puts no spaces between words.
/// O(rules × words × text).
pub fn by_words<'a>(rules: &'a [OpenRule], text: &str) -> Option<Due<'a>> {
    let said = Said::of(text);
    let rule = rules.iter().find(|rule| match &rule.when {
        OpenTrigger::Keywords(words) => words.iter().any(|word| said.has(word)),
        OpenTrigger::AskedForHuman
        | OpenTrigger::Sentiment
        | OpenTrigger::ToolFailure
        | OpenTrigger::Budget => false,
    })?;
    Some(Due { why: HandOffReason::Keyword, to_channel: &rule.to_channel })
}

/// Whether a tool failed that did not work in a later call of the same answer either.
pub fn by_tools<'a>(rules: &'a [OpenRule], rounds: &[ToolRound]) -> Option<Due<'a>> {
    let due = of_trigger(rules, &OpenTrigger::ToolFailure, HandOffReason::ToolFailure)?;
    let calls: Vec<_> = rounds.iter().flat_map(|round| &round.calls).collect();
    let has_failed = calls.iter().enumerate().any(|(nth, call)| {
        let failed = call.outcome.failed.as_deref();
        let is_failure = failed.is_some_and(|why| !MISTAKES.contains(&why));
        let later = calls.iter().skip(nth + 1).filter(|later| later.tool == call.tool);
        is_failure && !later.into_iter().any(|later| later.outcome.failed.is_none())
    });
    has_failed.then_some(due)
}

/// Whether a budget without room hands over.
pub fn by_budget(rules: &[OpenRule]) -> Option<Due<'_>> {
    of_trigger(rules, &OpenTrigger::Budget, HandOffReason::Budget)
}

/// Where the agent's own decision to hand over goes: the channel of the rule it names, else of the
/// first rule that there is.
pub fn by_agent(rules: &[OpenRule], why: HandOffReason) -> Option<Due<'_>> {
    let of = |trigger| of_trigger(rules, trigger, why);
    let named = match why {
        HandOffReason::AskedForHuman => of(&OpenTrigger::AskedForHuman),
        HandOffReason::Sentiment => of(&OpenTrigger::Sentiment),
        HandOffReason::Keyword
        | HandOffReason::ToolFailure
        | HandOffReason::Budget
        | HandOffReason::CannotHelp => None,
    };
    let first = || rules.first().map(|rule| Due { why, to_channel: &rule.to_channel });
    named.or_else(first)
}

/// Why the model may hand over, each with the words that it is told; nothing where it may not. It may
/// where a rule leaves the judgement to it, or where the tool is among the agent's own and a rule says
/// who is told.
pub fn judged_by_model(agent: &OpenConfig) -> Vec<&'static str> {
    let has = |trigger: &OpenTrigger| agent.escalation.iter().any(|rule| rule.when == *trigger);
    let named = !agent.escalation.is_empty() && agent.tools.iter().any(|tool| tool == HAND_OFF);
    let lines = [
        (has(&OpenTrigger::AskedForHuman), "the person asks for a human being"),
        (has(&OpenTrigger::Sentiment), "the person sounds upset, angry or desperate"),
        (named, "you cannot or must not help, and a person could"),
    ];
    lines.into_iter().filter(|(holds, _)| *holds).map(|(_, line)| line).collect()
}

/// What the model is offered, by name: the agent's tools, and handing over where it may.
pub fn tools_of(agent: &OpenConfig) -> Vec<String> {
    let own = agent.tools.iter().filter(|name| *name != HAND_OFF).cloned();
    let may = !judged_by_model(agent).is_empty();
    own.chain(may.then(|| HAND_OFF.to_owned())).collect()
}

/// Why a model hands over, from the arguments of its call. One that wants a person gets one, however it
/// says so.
pub fn why_said(arguments: &Value) -> HandOffReason {
    let said = arguments.get("why").and_then(Value::as_str).unwrap_or_default();
    let judged = [HandOffReason::AskedForHuman, HandOffReason::Sentiment];
    let why = judged.into_iter().find(|known| known.as_str() == said);
    why.unwrap_or(HandOffReason::CannotHelp)
}

/// Whether a keyword can be found in any text: it has a letter or a digit.
pub fn can_be_said(keyword: &str) -> bool {
    !words_of(keyword).is_empty()
}

/// Whether these words give a conversation back. Mentions, emoji and courtesies in front or behind do
/// not count.
pub fn gives_back(text: &str) -> bool {
    let is_mention = |word: &str| word.starts_with('@') || word.starts_with("<@");
    let spoken = text.split_whitespace().filter(|word| !is_mention(word) && !is_emoji(word));
    let words = words_of(&spoken.collect::<Vec<_>>().join(" "));
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut words = words.as_slice();
    while let Some(rest) = without_courtesy(words) {
        words = rest;
    }
    words.iter().copied().eq(HAND_BACK.split(' '))
}

/// `:wave:`, as Slack sends an emoji, and several of them.
fn is_emoji(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != ':');
    let name = word.strip_prefix(':').and_then(|it| it.strip_suffix(':'));
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '\'' | ':');
    name.is_some_and(|name| !name.is_empty() && name.chars().all(is_of_name))
}

/// What is left without a courtesy in front or behind, where there is one.
fn without_courtesy<'a>(words: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let mut courtesies = COURTESIES.iter();
    courtesies.find_map(|it| words.strip_prefix(*it).or_else(|| words.strip_suffix(*it)))
}

fn of_trigger<'a>(
    rules: &'a [OpenRule],
    trigger: &OpenTrigger,
    why: HandOffReason,
) -> Option<Due<'a>> {
    let rule = rules.iter().find(|rule| rule.when == *trigger)?;
    Some(Due { why, to_channel: &rule.to_channel })
}

#[cfg(test)]
mod tests;
