//! OpenAI's chat completions, and the many servers that speak it.

mod draft;
pub(crate) mod wire;

use crate::{
    Deployment, Failure, Request,
    config::TokenParam,
    frames::Framing,
    vendor::{Call, Dialect, Draft},
};

pub(crate) struct OpenAi;

impl Dialect for OpenAi {
    fn call(&self, to: &Deployment, ask: &Request, output_tokens: u32) -> Result<Call, Failure> {
        let (old, new) = match to.token_param {
            TokenParam::MaxTokens => (Some(output_tokens), None),
            TokenParam::MaxCompletionTokens => (None, Some(output_tokens)),
        };
        let body = wire::Ask {
            model: &to.model,
            messages: wire::with_system(ask, wire::message),
            stream: true,
            stream_options: wire::StreamOptions { include_usage: true },
            max_tokens: old,
            max_completion_tokens: new,
            temperature: ask.temperature.filter(|_| to.takes_temperature),
            stop: to.stops_of(ask),
            tools: ask.tools.iter().map(wire::tool).collect(),
            tool_choice: wire::choice(ask),
            response_format: ask.schema.as_ref().map(wire::format),
        };
        let call = Call::new("/chat/completions", &body)?;
        call.key("authorization", "Bearer ", to.api_key.as_ref())
    }

    fn framing(&self) -> Framing {
        Framing::Events
    }

    fn draft(&self) -> Box<dyn Draft> {
        Box::new(draft::Completion::default())
    }
}
