//! Ollama's own `/api/chat`. Its OpenAI-compatible endpoint ignores the size of the context and cuts
//! prompts silently; here the size is set, and what does not fit is an error.

mod draft;
mod wire;

use crate::{
    Deployment, Failure, Request,
    frames::Framing,
    openai,
    vendor::{Call, Dialect, Draft},
};

/// The context asked for where the settings say nothing, in tokens. Ollama's own default depends on
/// the memory of its graphics card.
pub(crate) const CONTEXT_WINDOW: u32 = 8192;

pub(crate) struct Ollama;

impl Dialect for Ollama {
    fn call(&self, to: &Deployment, ask: &Request, output_tokens: u32) -> Result<Call, Failure> {
        let body = wire::Ask {
            model: &to.model,
            messages: openai::wire::with_system(ask, wire::message),
            tools: ask.tools.iter().map(openai::wire::tool).collect(),
            format: ask.schema.as_ref().map(|schema| &schema.schema),
            stream: true,
            keep_alive: format!("{}s", to.keep_alive.as_secs()),
            truncate: false,
            shift: false,
            options: wire::Options {
                num_ctx: to.context_window.unwrap_or(CONTEXT_WINDOW),
                num_predict: output_tokens,
                temperature: ask.temperature.filter(|_| to.takes_temperature),
                stop: to.stops_of(ask),
            },
        };
        Call::new("/api/chat", &body)?.key("authorization", "Bearer ", to.api_key.as_ref())
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn draft(&self) -> Box<dyn Draft> {
        Box::new(draft::Chat::default())
    }
}
