//! Anthropic's messages.

mod draft;
mod wire;

use crate::{
    Deployment, Failure, Request,
    frames::Framing,
    vendor::{Call, Dialect, Draft},
};

/// The only version there is (<https://platform.claude.com/docs/en/api/versioning>).
const VERSION: &str = "2023-06-01";

pub(crate) struct Anthropic;

impl Dialect for Anthropic {
    fn call(&self, to: &Deployment, ask: &Request, output_tokens: u32) -> Result<Call, Failure> {
        let body = wire::Ask {
            model: &to.model,
            max_tokens: output_tokens,
            system: Some(ask.system.as_str()).filter(|system| !system.trim().is_empty()),
            messages: wire::messages(ask, &to.model),
            stream: true,
            temperature: ask.temperature.filter(|_| to.takes_temperature),
            stop_sequences: to.stops_of(ask),
            tools: ask.tools.iter().map(wire::tool).collect(),
            tool_choice: wire::choice(ask),
            output_config: ask.schema.as_ref().map(wire::format),
        };
        let call = Call::new("/v1/messages", &body)?.header("anthropic-version", VERSION);
        call.key("x-api-key", "", to.api_key.as_ref())
    }

    fn framing(&self) -> Framing {
        Framing::Events
    }

    fn draft(&self) -> Box<dyn Draft> {
        Box::new(draft::Message::default())
    }
}
