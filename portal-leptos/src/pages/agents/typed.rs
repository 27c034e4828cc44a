//! What was typed into the form of an agent, and the configuration that it says.

use desk::OpenConfig;
use domain::config::{OpenRule, OpenTrigger};
use portal_ui::Problem;

use crate::{
    islands::wire::TryTurn,
    pages::{
        form::{self, wrong},
        rows::{self, Row, control},
    },
};

/// The form of an agent as it was sent. Whatever it holds is shown again.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// The revision of the draft that it was made from.
    pub(super) revision: u32,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) job_description: String,
    pub(super) statement_of_work: String,
    pub(super) persona: String,
    pub(super) system_prompt: String,
    pub(super) model: String,
    /// One a line. The form sends each that is ticked by itself.
    pub(super) tools: String,
    pub(super) follow_minutes: String,
    pub(super) rules: Vec<TypedRule>,
    /// Which button was pressed.
    pub(super) pressed: String,
    /// What is asked of the draft.
    pub(super) question: String,
    /// The trial so far, oldest first: whether a person said it, and what.
    pub(super) turns: Vec<(bool, String)>,
}

/// One row of the rules.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct TypedRule {
    /// A trigger's word; empty where none is chosen.
    pub(super) when: String,
    /// Separated by commas.
    pub(super) keywords: String,
    pub(super) to_channel: String,
}

/// The triggers as the form sends them, and as they are read.
pub(super) const TRIGGERS: [(&str, &str); 6] = [
    ("", "Choose when"),
    ("asked_for_human", "A person is asked for"),
    ("keywords", "One of these words is said"),
    ("sentiment", "Somebody sounds upset"),
    ("tool_failure", "A tool failed"),
    ("budget", "The budget is spent"),
];

impl TypedRule {
    fn of(rule: &OpenRule) -> Self {
        let (when, keywords) = match &rule.when {
            OpenTrigger::Keywords(words) => ("keywords", words.join(", ")),
            OpenTrigger::AskedForHuman => ("asked_for_human", String::new()),
            OpenTrigger::Sentiment => ("sentiment", String::new()),
            OpenTrigger::ToolFailure => ("tool_failure", String::new()),
            OpenTrigger::Budget => ("budget", String::new()),
        };
        Self { when: when.to_owned(), keywords, to_channel: rule.to_channel.clone() }
    }

    fn is_blank(&self) -> bool {
        [&self.when, &self.keywords, &self.to_channel].iter().all(|it| it.trim().is_empty())
    }

    fn said(&self) -> Option<OpenRule> {
        let words = self.keywords.split(',').map(str::trim).filter(|word| !word.is_empty());
        let when = match self.when.as_str() {
            "keywords" => OpenTrigger::Keywords(words.map(str::to_owned).collect()),
            "asked_for_human" => OpenTrigger::AskedForHuman,
            "sentiment" => OpenTrigger::Sentiment,
            "tool_failure" => OpenTrigger::ToolFailure,
            "budget" => OpenTrigger::Budget,
            _ => return None,
        };
        Some(OpenRule { when, to_channel: self.to_channel.trim().to_owned() })
    }
}

impl Row for TypedRule {
    const NAMED: &'static str = "rule";

    fn read(&mut self, field: &str, value: String) {
        match field {
            "when" => self.when = value,
            "keywords" => self.keywords = value,
            "channel" => self.to_channel = value,
            _ => {}
        }
    }
}

impl Typed {
    /// The form that shows a draft.
    pub(super) fn of(revision: u32, config: &OpenConfig) -> Self {
        Self {
            revision,
            name: config.name.clone(),
            role: config.role.clone(),
            job_description: config.job_description.clone(),
            statement_of_work: config.statement_of_work.clone(),
            persona: config.persona.clone(),
            system_prompt: config.system_prompt.clone(),
            model: config.model.clone(),
            tools: config.tools.join("\n"),
            follow_minutes: config.follow_minutes.to_string(),
            rules: config.escalation.iter().map(TypedRule::of).collect(),
            pressed: String::new(),
            question: String::new(),
            turns: Vec::new(),
        }
    }

    /// The form as it was sent.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in form::sent(pairs) {
            match name.as_str() {
                "revision" => typed.revision = value.parse().unwrap_or_default(),
                "name" => typed.name = value,
                "role" => typed.role = value,
                "job_description" => typed.job_description = value,
                "statement_of_work" => typed.statement_of_work = value,
                "persona" => typed.persona = value,
                "system_prompt" => typed.system_prompt = value,
                "model" => typed.model = value,
                "tools" => typed.read_tool(&value),
                "follow_minutes" => typed.follow_minutes = value,
                "do" => typed.pressed = value,
                "question" => typed.question = value,
                "turn-person" if typed.turns.len() < TURNS_MAX => typed.turns.push((true, value)),
                "turn-agent" if typed.turns.len() < TURNS_MAX => typed.turns.push((false, value)),
                name => rows::read(&mut typed.rules, name, value),
            }
        }
        typed
    }

    /// Another tool, or several of them, one a line.
    fn read_tool(&mut self, names: &str) {
        for name in names.lines().map(str::trim).filter(|name| !name.is_empty()) {
            let is_first = self.tools.is_empty();
            self.tools.push_str(if is_first { "" } else { "\n" });
            self.tools.push_str(name);
        }
    }

    /// The tools that are ticked, in their order.
    pub(super) fn tools(&self) -> impl Iterator<Item = &str> {
        self.tools.lines().map(str::trim).filter(|name| !name.is_empty())
    }

    /// What it says, or what is wrong with how it is said. Whether it can be had is for the desk.
    pub(super) fn config(&self) -> Result<OpenConfig, Vec<Problem>> {
        let mut problems = Vec::new();
        let minutes = self.follow_minutes.trim().parse::<u32>();
        if minutes.is_err() {
            problems.push(wrong("follow_minutes", "Follow time is not a number of minutes"));
        }
        // Counted as they are shown again, without those that say nothing.
        let rules = self.rules.iter().filter(|rule| !rule.is_blank()).enumerate();
        let mut escalation = Vec::new();
        for (row, rule) in rules {
            match rule.said() {
                Some(rule) => escalation.push(rule),
                None => {
                    let message = format!("Rule {}: choose when it holds", row + 1);
                    problems.push(wrong(&control::<TypedRule>("when", row), message));
                }
            }
        }
        let Ok(follow_minutes) = minutes else { return Err(problems) };
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(OpenConfig {
            name: self.name.clone(),
            role: self.role.clone(),
            job_description: self.job_description.clone(),
            statement_of_work: self.statement_of_work.clone(),
            persona: self.persona.clone(),
            system_prompt: self.system_prompt.clone(),
            model: self.model.clone(),
            tools: self.tools().map(str::to_owned).collect(),
            escalation,
            follow_minutes,
        })
    }

    /// The trial so far, to be shown again.
    pub(super) fn turns_shown(&self) -> Vec<TryTurn> {
        let turn = |(person, text): &(bool, String)| TryTurn {
            person: *person,
            text: text.clone(),
            facts: String::new(),
            prompt: String::new(),
        };
        self.turns.iter().map(turn).collect()
    }

    /// Without row `row` of the rules.
    pub(super) fn without_rule(mut self, row: usize) -> Self {
        rows::remove(&mut self.rules, row);
        self
    }

    /// The rows to show: those that say something, and an empty one.
    pub(super) fn rows(&self, more: usize) -> Vec<TypedRule> {
        let said = self.rules.iter().filter(|rule| !rule.is_blank()).cloned();
        said.chain(std::iter::repeat_with(TypedRule::default).take(more)).collect()
    }
}

/// The most turns of a trial that a form may send.
const TURNS_MAX: usize = 200;

#[cfg(test)]
mod tests;
