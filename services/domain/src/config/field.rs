//! The fields of a configuration, one by one: for whoever compares and merges them.

use std::fmt;

use super::{OpenConfig, OpenRule};

/// A field of [`OpenConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are the fields of `AgentConfig`, documented there")]
pub enum Field {
    Name,
    Role,
    JobDescription,
    StatementOfWork,
    Persona,
    SystemPrompt,
    Model,
    Tools,
    Escalation,
    FollowMinutes,
}

/// What a field holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, short or long.
    Text(String),
    /// A list of names.
    Names(Vec<String>),
    /// Rules of escalation.
    Rules(Vec<OpenRule>),
    /// A number of minutes.
    Minutes(u32),
}

impl Field {
    /// Every field, in the order in which people see them.
    pub const ALL: [Field; 10] = [
        Field::Name,
        Field::Role,
        Field::JobDescription,
        Field::StatementOfWork,
        Field::Persona,
        Field::SystemPrompt,
        Field::Model,
        Field::Tools,
        Field::Escalation,
        Field::FollowMinutes,
    ];

    /// Its name in files, forms and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::Role => "role",
            Field::JobDescription => "job_description",
            Field::StatementOfWork => "statement_of_work",
            Field::Persona => "persona",
            Field::SystemPrompt => "system_prompt",
            Field::Model => "model",
            Field::Tools => "tools",
            Field::Escalation => "escalation",
            Field::FollowMinutes => "follow_minutes",
        }
    }
}

impl OpenConfig {
    /// What a field holds.
    pub fn get(&self, field: Field) -> Value {
        match field {
            Field::Name => Value::Text(self.name.clone()),
            Field::Role => Value::Text(self.role.clone()),
            Field::JobDescription => Value::Text(self.job_description.clone()),
            Field::StatementOfWork => Value::Text(self.statement_of_work.clone()),
            Field::Persona => Value::Text(self.persona.clone()),
            Field::SystemPrompt => Value::Text(self.system_prompt.clone()),
            Field::Model => Value::Text(self.model.clone()),
            Field::Tools => Value::Names(self.tools.clone()),
            Field::Escalation => Value::Rules(self.escalation.clone()),
            Field::FollowMinutes => Value::Minutes(self.follow_minutes),
        }
    }

    /// This, with a field as `other` has it.
    #[must_use]
    pub fn with(mut self, field: Field, other: &Self) -> Self {
        match field {
            Field::Name => self.name.clone_from(&other.name),
            Field::Role => self.role.clone_from(&other.role),
            Field::JobDescription => self.job_description.clone_from(&other.job_description),
            Field::StatementOfWork => self.statement_of_work.clone_from(&other.statement_of_work),
            Field::Persona => self.persona.clone_from(&other.persona),
            Field::SystemPrompt => self.system_prompt.clone_from(&other.system_prompt),
            Field::Model => self.model.clone_from(&other.model),
            Field::Tools => self.tools.clone_from(&other.tools),
            Field::Escalation => self.escalation.clone_from(&other.escalation),
            Field::FollowMinutes => self.follow_minutes = other.follow_minutes,
        }
        self
    }

    /// The fields in which the two differ.
    pub fn fields_changed(&self, other: &Self) -> Vec<Field> {
        Field::ALL.into_iter().filter(|field| self.get(*field) != other.get(*field)).collect()
    }
}

/// As a person reads it: one rule, tool or keyword after the other.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Names(names) => f.write_str(&names.join("\n")),
            Value::Rules(rules) => {
                let lines: Vec<_> = rules.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Value::Minutes(minutes) => write!(f, "{minutes}"),
        }
    }
}

/// What a tenant told its agent does not belong into logs.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(…)")
    }
}
