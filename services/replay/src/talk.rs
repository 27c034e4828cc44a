//! What a model is asked of one turn, and what it reads of tools: from the record alone.

use domain::{
    config::OpenConfig,
    hand_off::tools_of,
    prompt::{self, Prompt, PromptInput, THREAD_TOKENS_MAX},
    replay::{Called, Frozen, Played, Tape},
    tool::{
        CALLS_MAX, HAND_OFF, NO_SUCH_TOOL, ROUNDS_MAX,
        built_in::{Described, described},
        is_active,
        results::{Results, TOO_MANY, TOO_MANY_TEXT},
    },
};
use providers::{Answer, Cause, Exhausted, Request, Tool, ToolChoice, Turn};
use schemas::{
    Text,
    directory::ToolKind,
    event::{ToolCalled, ToolOutcome, ToolRound},
};
use serde_json::json;

use crate::Employee;

/// One turn while it is asked again.
pub(crate) struct Talk<'a> {
    frozen: &'a Frozen,
    config: &'a OpenConfig,
    prompt: Prompt,
    offered: Vec<Tool>,
    tape: Tape,
    results: Results,
    /// What the model said and read beyond the prompt.
    turns: Vec<Turn>,
    /// The same as rules look at it: names and failures, no texts.
    pub(crate) told: Vec<ToolRound>,
    /// What it called.
    pub(crate) calls: Vec<Called>,
    is_unarmed: bool,
}

impl<'a> Talk<'a> {
    pub(crate) fn new(who: &Employee, frozen: &'a Frozen, config: &'a OpenConfig) -> Self {
        Self {
            frozen,
            config,
            prompt: built(frozen, config, true),
            offered: offered(who, frozen, config),
            tape: Tape::of(&frozen.calls),
            results: Results::default(),
            turns: Vec::new(),
            told: Vec::new(),
            calls: Vec::new(),
            is_unarmed: false,
        }
    }

    /// Whether the model has to answer with what it has.
    pub(crate) fn is_over(&self) -> bool {
        self.is_unarmed || ROUNDS_MAX <= self.told.len() || CALLS_MAX <= self.calls.len()
    }

    /// Whether it is offered any tools.
    pub(crate) fn has_tools(&self) -> bool {
        !self.is_unarmed && !self.offered.is_empty()
    }

    /// What the model is asked next.
    pub(crate) fn request(&self, last: bool) -> Request {
        let mut request = Request::of_prompt(&self.prompt, self.frozen.max_output_tokens);
        request.turns.extend(self.turns.iter().cloned());
        if self.has_tools() {
            request.tools.clone_from(&self.offered);
            if last {
                request.tool_choice = ToolChoice::None;
            }
        }
        request
    }

    /// Answers what a model wants of tools, within the bounds that hold for people too. The first call
    /// that is not on record is given back, and ends the talk.
    pub(crate) fn play(&mut self, answer: &Answer) -> Result<(), Called> {
        let mut read = Vec::with_capacity(answer.calls.len());
        let mut told = Vec::with_capacity(answer.calls.len());
        let room = CALLS_MAX.saturating_sub(self.calls.len());
        for (index, call) in answer.calls.iter().enumerate() {
            let is_offered = self.offered.iter().any(|tool| tool.name == call.name);
            let name = if is_offered { call.name.as_str() } else { NO_SUCH_TOOL };
            let called = Called::new(name, &call.arguments);
            let played = if index < room { self.tape.play(&called) } else { Some(too_many()) };
            let Some(Played { text, failed }) = played else {
                return Err(Called::new(&call.name, &call.arguments));
            };
            let (content, _) = self.results.cut(text);
            self.calls.push(called);
            told.push(ToolCalled {
                id: call.id.clone(),
                tool: name.to_owned(),
                arguments: Text::Plain(String::new()),
                outcome: ToolOutcome {
                    text: Text::Plain(String::new()),
                    failed: failed.clone(),
                    took_ms: 0,
                },
            });
            read.push(Turn::Tool {
                call: call.id.clone(),
                name: call.name.clone(),
                content,
                failed: failed.is_some(),
            });
        }
        let Answer { text, calls, kept, .. } = answer.clone();
        self.turns.push(Turn::Assistant { text, calls, kept });
        self.turns.extend(read);
        self.told.push(ToolRound { said: None, calls: told });
        Ok(())
    }

    /// Goes on without a tool to hand over with, where that is the only one and no model takes any: so it
    /// is for people too.
    pub(crate) fn disarm(&mut self, exhausted: &Exhausted) -> bool {
        matches!(exhausted.cause, Cause::NoneFits) && self.unarm()
    }

    /// The same where it is known that no model takes any.
    pub(crate) fn unarm(&mut self) -> bool {
        let is_only = self.offered.iter().all(|tool| tool.name == HAND_OFF);
        if !self.has_tools() || !is_only || !self.told.is_empty() {
            return false;
        }
        self.is_unarmed = true;
        self.prompt = built(self.frozen, self.config, false);
        true
    }
}

/// What comes of a call that is not made.
fn too_many() -> Played {
    Played { text: TOO_MANY_TEXT.to_owned(), failed: Some(TOO_MANY.to_owned()) }
}

fn built(frozen: &Frozen, config: &OpenConfig, may_hand_over: bool) -> Prompt {
    prompt::build(PromptInput {
        agent: config,
        tenant_name: &frozen.tenant_name,
        history: &frozen.turns(),
        newest: &frozen.newest.turn(),
        older_exist: frozen.older_exist,
        budget_tokens: THREAD_TOKENS_MAX,
        may_hand_over,
    })
}

/// What the model is offered. A server of tools is not asked what it has: of those, the ones that are on
/// record are offered by their names.
fn offered(who: &Employee, frozen: &Frozen, config: &OpenConfig) -> Vec<Tool> {
    let mut offered: Vec<Tool> = Vec::new();
    for name in tools_of(config) {
        let tools = match described(&name) {
            Some(Described { name, description, parameters }) => {
                let (name, description) = (name.to_owned(), description.to_owned());
                vec![Tool { name, description, parameters }]
            }
            None => declared(who, frozen, &name),
        };
        for tool in tools {
            if !offered.iter().any(|known| known.name == tool.name) {
                offered.push(tool);
            }
        }
    }
    offered
}

fn declared(who: &Employee, frozen: &Frozen, name: &str) -> Vec<Tool> {
    let mut tools = who.tools.iter().filter(|tool| is_active(tool));
    let Some(tool) = tools.find(|tool| tool.id.as_str() == name) else { return Vec::new() };
    match &tool.kind {
        ToolKind::Http(http) => vec![Tool {
            name: name.to_owned(),
            description: tool.description.clone(),
            parameters: http.arguments.clone(),
        }],
        ToolKind::Mcp(_) => {
            let start = format!("{name}__");
            let recorded = frozen.offered.iter().filter(|known| known.starts_with(&start));
            let tool = |known: &String| Tool {
                name: known.clone(),
                description: tool.description.clone(),
                parameters: json!({ "type": "object" }),
            };
            recorded.map(tool).collect()
        }
    }
}

#[cfg(test)]
mod tests;
