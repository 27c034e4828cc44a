//! Whether what somebody filled in can be had: the same of a file for `apply`, a form and the API.

use std::{collections::BTreeSet, fmt};

use schemas::{
    AgentId, InvalidId,
    directory::{FOLLOW_MINUTES_MAX, KEEP_DAYS_MAX},
};

use crate::{
    config::{OpenConfig, OpenRule, OpenTrigger},
    hand_off::can_be_said,
};

/// The longest text of a configuration, in bytes: with all of them and with all that follows, twice (an
/// agent has a draft beside what is published) and sealed, an event stays below the longest envelope.
pub const CONFIG_TEXT_BYTES_MAX: usize = 64 * 1024;

/// The most tools an agent has.
pub const TOOLS_MAX: usize = 64;

/// The most rules by which an agent hands over.
pub const ESCALATION_RULES_MAX: usize = 10;

/// The most keywords of one rule.
pub const KEYWORDS_MAX: usize = 20;

/// The longest name of a tenant, an agent or a role, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// The longest note of a publication, in bytes.
pub const NOTE_BYTES_MAX: usize = 2_000;

/// How what is wrong ends where somebody is only not done yet.
const UNFINISHED: [&str; 3] = ["is empty", "without a letter or a digit", "more than once"];

/// One field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Its name, as in files and in the API, e.g. `system_prompt`.
    pub field: &'static str,
    /// Which of the rules of escalation it is of, from 0; nothing for what there is once.
    pub rule: Option<usize>,
    /// What is wrong, to be read after the field's name, e.g. `is empty`. Never a text or a token.
    pub problem: String,
}

impl FieldProblem {
    /// Says what is wrong with a field.
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, rule: None, problem: problem.into() }
    }

    /// A field that is no id.
    pub fn of_id(field: &'static str, error: &InvalidId) -> Self {
        Self::new(field, format!("cannot be used: {}", error.problem()))
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.rule.map(|nth| format!("of rule {} ", nth + 1)).unwrap_or_default();
        write!(f, "`{}` {of}{}", self.field, self.problem)
    }
}

/// What is wrong with how long conversations are kept.
pub fn keep_days(days: Option<u32>) -> Option<FieldProblem> {
    let is_wrong = days.is_some_and(|days| !(1..=KEEP_DAYS_MAX).contains(&days));
    let problem = || format!("is a whole number of days from 1 to {KEEP_DAYS_MAX}");
    is_wrong.then(|| FieldProblem::new("keep_days", problem()))
}

/// What is wrong with a name.
pub fn name(field: &'static str, name: &str) -> Vec<FieldProblem> {
    let empty = name.trim().is_empty().then(|| FieldProblem::new(field, "is empty"));
    empty.into_iter().chain(longer(field, name, NAME_BYTES_MAX)).collect()
}

/// What is wrong with the slug of an agent that comes: in the portal, `…/agents/new` is the page where
/// agents are made, and would hide one of that name.
pub fn agent_slug(slug: &AgentId) -> Option<FieldProblem> {
    let problem = "cannot be `new`: that is the address of the page where agents are made";
    (slug.as_str() == "new").then(|| FieldProblem::new("slug", problem))
}

/// What is wrong with a note.
pub fn note(note: &str) -> Vec<FieldProblem> {
    longer("note", note, NOTE_BYTES_MAX).into_iter().collect()
}

/// What is wrong with an agent that is to answer people.
pub fn config(config: &OpenConfig) -> Vec<FieldProblem> {
    let mut problems = name("name", &config.name);
    problems.extend(name("model", &config.model));
    problems.extend(longer("role", &config.role, NAME_BYTES_MAX));
    problems.extend(long_texts(config));
    if TOOLS_MAX < config.tools.len() {
        problems.push(FieldProblem::new("tools", format!("has more than {TOOLS_MAX}")));
    }
    problems.extend(config.tools.iter().flat_map(|tool| name("tools", tool)));
    problems.extend(repeated(&config.tools));
    if ESCALATION_RULES_MAX < config.escalation.len() {
        let problem = format!("has more than {ESCALATION_RULES_MAX} rules");
        problems.push(FieldProblem::new("escalation", problem));
    }
    let rules = config.escalation.iter().enumerate();
    problems.extend(rules.flat_map(|(nth, rule)| {
        let of_rule = move |it| FieldProblem { rule: Some(nth), ..it };
        self::rule(rule).into_iter().map(of_rule)
    }));
    if FOLLOW_MINUTES_MAX < config.follow_minutes {
        let problem = format!("is more than {FOLLOW_MINUTES_MAX}");
        problems.push(FieldProblem::new("follow_minutes", problem));
    }
    problems
}

/// What is wrong with one that is only being worked on: it may be unfinished, and not without bounds.
pub fn draft(draft: &OpenConfig) -> Vec<FieldProblem> {
    let is_unfinished = |it: &FieldProblem| UNFINISHED.iter().any(|end| it.problem.ends_with(end));
    config(draft).into_iter().filter(|problem| !is_unfinished(problem)).collect()
}

fn repeated(tools: &[String]) -> Vec<FieldProblem> {
    let mut seen = BTreeSet::new();
    let again: BTreeSet<_> = tools.iter().filter(|tool| !seen.insert(tool.as_str())).collect();
    let problem =
        |tool: &String| FieldProblem::new("tools", format!("names `{tool}` more than once"));
    again.into_iter().map(problem).collect()
}

fn long_texts(config: &OpenConfig) -> impl Iterator<Item = FieldProblem> {
    [
        ("job_description", &config.job_description),
        ("statement_of_work", &config.statement_of_work),
        ("persona", &config.persona),
        ("system_prompt", &config.system_prompt),
    ]
    .into_iter()
    .filter_map(|(field, text)| longer(field, text, CONFIG_TEXT_BYTES_MAX))
}

fn rule(rule: &OpenRule) -> Vec<FieldProblem> {
    let mut problems = name("to_channel", &rule.to_channel);
    let OpenTrigger::Keywords(keywords) = &rule.when else { return problems };
    if keywords.is_empty() {
        problems.push(FieldProblem::new("keywords", "is empty"));
    }
    if KEYWORDS_MAX < keywords.len() {
        let problem = format!("has more than {KEYWORDS_MAX} in one rule");
        problems.push(FieldProblem::new("keywords", problem));
    }
    let each = keywords.iter().flat_map(|keyword| name("keywords", keyword));
    problems.extend(each.map(|it| {
        let problem = format!("has one that {}", it.problem);
        FieldProblem { problem, ..it }
    }));
    let is_mute = |it: &String| !it.trim().is_empty() && !can_be_said(it);
    if keywords.iter().any(is_mute) {
        problems.push(FieldProblem::new("keywords", "has one without a letter or a digit"));
    }
    problems
}

fn longer(field: &'static str, text: &str, max: usize) -> Option<FieldProblem> {
    let problem = format!("is longer than {max} bytes");
    (max < text.len()).then(|| FieldProblem::new(field, problem))
}

#[cfg(test)]
mod tests;
