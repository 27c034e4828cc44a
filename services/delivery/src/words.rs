//! What to say, in the chat system's own format.

use channels::Wording;
use domain::{
    reply::{PLACEHOLDER, answer_parts, apology, signature, throttled_notice},
    seal::Owner,
};
use runtime::{Delivery as Delivered, Failure};
use schemas::{
    ChannelKind, TenantId,
    event::{CompletionFinished, MessageThrottled},
};
use store::effects::What;

use crate::{Delivery, from_store};

/// The parts of a reply, in order.
pub(crate) struct Words {
    pub(crate) parts: Vec<String>,
    /// Stands under the last one of an answer.
    pub(crate) signature: Option<String>,
}

impl Words {
    pub(crate) fn apology(reference: &str) -> Self {
        Self { parts: vec![apology(reference)], signature: None }
    }

    pub(crate) const fn none() -> Self {
        Self { parts: Vec::new(), signature: None }
    }

    /// The words of a call.
    pub(crate) fn of(&self, what: What, part: usize) -> Wording<'_> {
        match what {
            What::Placeholder => PLACEHOLDER.into(),
            What::Update | What::Post => {
                let text = self.parts.get(part).map_or("", String::as_str);
                let is_last = part + 1 == self.parts.len();
                Wording { text, signature: self.signature.as_deref().filter(|_| is_last) }
            }
            What::Delete => "".into(),
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
        let signature = Some(self.signature(tenant, data));
        Ok(Words { parts: answer_parts(&markdown), signature })
    }

    /// Which limit was met, and when to come back.
    pub(crate) fn notice(&self, data: &MessageThrottled) -> Words {
        let now = self.context.clock.now();
        let kind = ChannelKind::Slack;
        let text = throttled_notice(data.limit, kind, data.per_minute, data.retry_at, now);
        Words { parts: vec![text], signature: None }
    }

    /// Who answered, by the name they have now, and the version that did.
    fn signature(&self, tenant: &TenantId, data: &CompletionFinished) -> String {
        let agent = self.directory.read(|directory| directory.agent(tenant, &data.agent).cloned());
        let published = agent.as_ref().and_then(|agent| agent.published.as_ref());
        let name = published.map_or(data.agent.as_str(), |published| &published.config.name);
        signature(name, data.version)
    }
}
