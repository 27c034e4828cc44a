//! What to say, in the chat system's own format.

use channels::Wording;
use domain::{
    reply::{
        self, PLACEHOLDER, answer_parts, apology, handed_off, near_budget, nobody_told, note,
        over_budget, reference_of, signature, throttled_notice, with_notes,
    },
    seal::Owner,
};
use runtime::{Delivery as Delivered, Failure};
use schemas::{
    AgentId, ChannelKind, TenantId, Text,
    event::{CompletionFailed, CompletionFinished, CompletionHandedOff, MessageThrottled},
};
use store::effects::What;

use crate::{Delivery, decide::Claimed, from_store};

/// The parts of a reply, in order.
pub(crate) struct Words {
    pub(crate) parts: Vec<String>,
    /// Stands under the last one of an answer.
    pub(crate) signature: Option<String>,
    /// What goes to whoever takes over.
    pub(crate) note: Option<Note>,
}

/// Word to whoever takes over.
pub(crate) struct Note {
    pub(crate) to_channel: String,
    text: String,
    /// What the person reads instead, where that could not be said.
    unreached: String,
}

impl Words {
    pub(crate) const fn none() -> Self {
        Self { parts: Vec::new(), signature: None, note: None }
    }

    pub(crate) fn of_text(text: String) -> Self {
        Self { parts: vec![text], ..Self::none() }
    }

    /// The words of a call.
    pub(crate) fn of(&self, claimed: &Claimed) -> Wording<'_> {
        let unreached = self.note.as_ref().filter(|_| claimed.is_unreached);
        match (claimed.what, &self.note) {
            (What::Placeholder, _) => PLACEHOLDER.into(),
            (What::Note, note) => note.as_ref().map_or("", |note| note.text.as_str()).into(),
            (What::Update | What::Post, _) => {
                let text = self.parts.get(claimed.part).map_or("", String::as_str);
                let text = unreached.map_or(text, |note| note.unreached.as_str());
                let is_last = claimed.part + 1 == self.parts.len();
                Wording { text, signature: self.signature.as_deref().filter(|_| is_last) }
            }
            (What::Delete, _) => "".into(),
        }
    }
}

impl Delivery {
    /// The answer, opened, converted and split, and under it a word of budgets that it brought near their
    /// end.
    pub(crate) async fn answer(
        &self,
        delivery: &Delivered,
        data: &CompletionFinished,
    ) -> Result<Words, Failure> {
        let tenant = &delivery.cause.tenant;
        let sealing = self.sealer.of(tenant, self.context.clock.now()).await.map_err(from_store)?;
        let owner = Owner { tenant, of: data.message.id.as_str() };
        let markdown = sealing.open(owner, &data.answer).map_err(Failure::retry)?;
        let signature = Some(self.signature(tenant, &data.agent, data.version));
        let notes: Vec<_> = data.near.iter().map(near_budget).collect();
        Ok(Words { parts: with_notes(answer_parts(&markdown), &notes), signature, note: None })
    }

    /// That a person takes over, and what they are told.
    pub(crate) async fn hand_off(
        &self,
        delivery: &Delivered,
        data: &CompletionHandedOff,
    ) -> Result<Words, Failure> {
        let (tenant, message) = (&delivery.cause.tenant, &data.message);
        let sealing = self.sealer.of(tenant, self.context.clock.now()).await.map_err(from_store)?;
        let owner = Owner { tenant, of: message.id.as_str() };
        let open = |text: &Text| sealing.open(owner, text).map_err(Failure::retry);
        let asked = open(&data.asked)?;
        let summary = data.summary.as_ref().map(open).transpose()?;
        let said = data.said.as_ref().map(open).transpose()?;
        let link = match self.thread(delivery, message).await? {
            Some(thread) => {
                let place = (message.place.workspace.as_str(), message.place.channel.as_str());
                self.outbound.link(&thread.token, place, &message.ts).await
            }
            None => None,
        };
        let note = Note {
            to_channel: data.to_channel.clone(),
            text: note(&reply::Note {
                agent: &self.name(tenant, &data.agent),
                why: data.why,
                person: &message.sender,
                place: &message.place,
                asked: &asked,
                summary: summary.as_deref(),
                link: link.as_deref(),
            }),
            unreached: nobody_told(&reference_of(&delivery.cause.id)),
        };
        Ok(Words {
            parts: vec![handed_off(said.as_deref(), message.place.kind)],
            signature: Some(self.signature(tenant, &data.agent, data.version)),
            note: Some(note),
        })
    }

    /// That there is no answer: a budget has no room for one, or something went wrong.
    pub(crate) fn apology(&self, data: &CompletionFailed) -> Words {
        let over = data.over.as_ref().map(|met| over_budget(met, self.context.clock.now()));
        Words::of_text(over.unwrap_or_else(|| apology(&data.reference)))
    }

    /// Which limit was met, and when to come back.
    pub(crate) fn notice(&self, data: &MessageThrottled) -> Words {
        let now = self.context.clock.now();
        let kind = ChannelKind::Slack;
        Words::of_text(throttled_notice(data.limit, kind, data.per_minute, data.retry_at, now))
    }

    /// Who answered, by the name they have now, and the version that did.
    fn signature(&self, tenant: &TenantId, agent: &AgentId, version: u32) -> String {
        signature(&self.name(tenant, agent), version)
    }

    fn name(&self, tenant: &TenantId, id: &AgentId) -> String {
        let agent = self.directory.read(|directory| directory.agent(tenant, id).cloned());
        let published = agent.as_ref().and_then(|agent| agent.published.as_ref());
        published.map_or(id.as_str(), |published| &published.config.name).to_owned()
    }
}
