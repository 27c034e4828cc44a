//! What to say, in the chat system's own format.

use domain::{
    reply::{PLACEHOLDER, answer_parts, apology, throttled_notice},
    seal::Owner,
};
use runtime::{Delivery as Delivered, Failure};
use schemas::{
    ChannelKind,
    event::{CompletionFinished, MessageThrottled},
};
use store::effects::What;

use crate::{Delivery, from_store};

/// The parts of a reply, in order.
pub(crate) struct Words {
    pub(crate) parts: Vec<String>,
}

impl Words {
    pub(crate) fn apology(reference: &str) -> Self {
        Self { parts: vec![apology(reference)] }
    }

    pub(crate) const fn none() -> Self {
        Self { parts: Vec::new() }
    }

    /// The words of a call.
    pub(crate) fn of(&self, what: What, part: usize) -> &str {
        match what {
            What::Placeholder => PLACEHOLDER,
            What::Update | What::Post => self.parts.get(part).map_or("", String::as_str),
            What::Delete => "",
        }
    }
}

impl Delivery {
    /// The answer, opened, converted and split.
    pub(crate) async fn answer(
        &self,
        delivery: &Delivered,
        data: &CompletionFinished,
    ) -> Result<Words, Failure> {
        let tenant = &delivery.cause.tenant;
        let sealing = self.sealer.of(tenant, self.context.clock.now()).await.map_err(from_store)?;
        let owner = Owner { tenant, of: data.message.id.as_str() };
        let markdown = sealing.open(owner, &data.answer).map_err(Failure::retry)?;
        Ok(Words { parts: answer_parts(&markdown) })
    }

    /// Which limit was met, and when to come back.
    pub(crate) fn notice(&self, data: &MessageThrottled) -> Words {
        let now = self.context.clock.now();
        let kind = ChannelKind::Slack;
        let text = throttled_notice(data.limit, kind, data.per_minute, data.retry_at, now);
        Words { parts: vec![text] }
    }
}
