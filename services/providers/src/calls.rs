//! Calls of tools, collected from the pieces in which vendors send them.
//!
//! A call is known by its index; a new id at an index that is taken is another call, as servers that
//! number every call 0 send it (ollama/ollama issue 15457). Where there is no id, one of ours stands.

use serde_json::Value;

use crate::{Failure, FailureClass, ToolCall};

/// The most calls of tools of one answer.
pub const CALLS_OF_ANSWER_MAX: usize = 64;

/// The longest arguments of one call, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 256 << 10;

/// The longest name or id that is kept, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// The calls so far.
#[derive(Default)]
pub(crate) struct Calls(Vec<Started>);

struct Started {
    index: u64,
    id: String,
    name: String,
    arguments: String,
}

/// A piece of a call; what it does not say is empty.
#[derive(Default)]
pub(crate) struct Piece<'a> {
    pub index: Option<u64>,
    pub id: &'a str,
    pub name: &'a str,
    pub arguments: &'a str,
}

impl Calls {
    /// Whether none has begun.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the next piece.
    pub(crate) fn take(&mut self, piece: &Piece<'_>) -> Result<(), Failure> {
        let Piece { id, name, arguments, .. } = *piece;
        let call = self.of(piece)?;
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        // Some servers send the name with each piece, some in pieces of its own: never both.
        if call.name != name {
            call.name.push_str(name);
        }
        call.arguments.push_str(arguments);
        let long = NAME_BYTES_MAX < call.id.len().max(call.name.len())
            || ARGUMENTS_BYTES_MAX < call.arguments.len();
        if long { Err(broken("a call of a tool is longer than we accept")) } else { Ok(()) }
    }

    /// The call to which a piece belongs. Without an index it is the last one, unless it begins one.
    fn of(&mut self, piece: &Piece<'_>) -> Result<&mut Started, Failure> {
        let Piece { index, id, name, .. } = *piece;
        let begins = |last: &Started| {
            let other = !id.is_empty() && !last.id.is_empty() && last.id != id;
            other || (index.is_none() && id.is_empty() && !name.is_empty() && is_whole(last))
        };
        let at = match index {
            Some(index) => self.0.iter().rposition(|call| call.index == index),
            None => self.0.len().checked_sub(1),
        };
        let at = at.filter(|at| self.0.get(*at).is_some_and(|last| !begins(last)));
        let at = match at {
            Some(at) => at,
            None if CALLS_OF_ANSWER_MAX <= self.0.len() => {
                return Err(broken("the answer calls more tools than we accept"));
            }
            None => {
                let index = index.unwrap_or(u64::try_from(self.0.len()).unwrap_or(u64::MAX));
                let (id, name, arguments) = (String::new(), String::new(), String::new());
                self.0.push(Started { index, id, name, arguments });
                self.0.len().saturating_sub(1)
            }
        };
        self.0.get_mut(at).ok_or_else(|| broken("a call of a tool cannot be read"))
    }

    /// The calls, each with an id of its own, a name, and a JSON object for arguments.
    pub(crate) fn finish(self) -> Result<Vec<ToolCall>, Failure> {
        let mut calls: Vec<ToolCall> = Vec::with_capacity(self.0.len());
        for (at, Started { id, name, arguments, .. }) in self.0.into_iter().enumerate() {
            if name.is_empty() {
                return Err(broken("a call of a tool has no name"));
            }
            let arguments = object(arguments)?;
            let id_is_free = !id.is_empty() && calls.iter().all(|call| call.id != id);
            let id = if id_is_free { id } else { format!("call_{at}") };
            calls.push(ToolCall { id, name, arguments });
        }
        Ok(calls)
    }
}

/// No arguments are none; anything but an object is not whole.
fn object(arguments: String) -> Result<String, Failure> {
    if arguments.trim().is_empty() {
        return Ok("{}".to_owned());
    }
    match serde_json::from_str::<Value>(&arguments) {
        Ok(Value::Object(_)) => Ok(arguments),
        Ok(_) | Err(_) => Err(broken("the arguments of a tool are not a JSON object")),
    }
}

fn is_whole(call: &Started) -> bool {
    !call.name.is_empty() && serde_json::from_str::<Value>(&call.arguments).is_ok()
}

fn broken(detail: &'static str) -> Failure {
    Failure::new(FailureClass::Transient, detail)
}

#[cfg(test)]
mod tests;
