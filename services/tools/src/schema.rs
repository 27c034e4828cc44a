//! JSON schemas of arguments, which come from operators and from servers that they trust.
//!
//! Whatever a schema says, checking against it takes bounded time: it refers to nothing outside and not
//! to itself, its patterns are matched in linear time, and all that it refers to is counted.

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value};

/// The most parts of a schema, each counted as often as it is referred to.
const PARTS_MAX: usize = 5_000;

/// The most problems that are said at once.
const PROBLEMS_MAX: usize = 5;

/// The longest problem that is said, in characters: it holds what the model wrote.
const PROBLEM_CHARS_MAX: usize = 300;

/// A schema that arguments are checked against.
pub(crate) struct Schema(Validator);

/// What is wrong with a schema, to be read after its name.
pub fn problem(schema: &Value) -> Option<String> {
    Schema::read(schema).err()
}

impl Schema {
    /// Reads a schema, or says what is wrong with it.
    pub(crate) fn read(schema: &Value) -> Result<Self, String> {
        Count { root: schema, parts: 0, inside: Vec::new() }.of(schema)?;
        let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
        let built = options.build(schema);
        built.map(Self).map_err(|error| format!("is not a JSON schema: {}", shorten(&error)))
    }

    /// What is wrong with these arguments, for the model to read.
    pub(crate) fn check(&self, arguments: &Map<String, Value>) -> Result<(), String> {
        let arguments = Value::Object(arguments.clone());
        let wrong = self.0.iter_errors(&arguments).take(PROBLEMS_MAX).map(|error| {
            match error.instance_path().to_string() {
                place if place.is_empty() => shorten(&error),
                place => format!("`{place}`: {}", shorten(&error)),
            }
        });
        let wrong: Vec<_> = wrong.collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }
}

/// Counts the parts of a schema, as often as they are referred to.
struct Count<'a> {
    root: &'a Value,
    parts: usize,
    /// The references that are being followed.
    inside: Vec<&'a str>,
}

impl<'a> Count<'a> {
    fn of(&mut self, part: &'a Value) -> Result<(), String> {
        self.parts += 1;
        if PARTS_MAX < self.parts {
            return Err(format!("has more than {PARTS_MAX} parts, with those that it refers to"));
        }
        match part {
            Value::Array(items) => items.iter().try_for_each(|item| self.of(item)),
            Value::Object(fields) => {
                fields.iter().try_for_each(|(name, value)| match (name.as_str(), value.as_str()) {
                    ("$ref", Some(place)) => self.referred(place),
                    ("$dynamicRef" | "$recursiveRef" | "$id" | "$anchor", Some(_)) => {
                        Err(format!("has `{name}`, which is not taken"))
                    }
                    _ => self.of(value),
                })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    fn referred(&mut self, place: &'a str) -> Result<(), String> {
        let named = place.chars().take(64).collect::<String>();
        if self.inside.contains(&place) {
            return Err(format!("refers to itself by `{named}`"));
        }
        let found = place.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        let found = found.ok_or_else(|| format!("refers to `{named}`, which is not in it"))?;
        self.inside.push(place);
        self.of(found)?;
        self.inside.pop();
        Ok(())
    }
}

fn shorten(text: &impl ToString) -> String {
    let text = text.to_string();
    match text.char_indices().nth(PROBLEM_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests;
