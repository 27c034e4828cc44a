//! What is ours, onto the log: charged first, stored, and given back if it was not.

use std::time::Duration;

use domain::{gcra::notice_key, incoming::Incoming, seal::Owner, share::Matter};
use schemas::{
    Address, Event, EventId, LimitScope,
    directory::FOLLOW_MINUTES_DEFAULT,
    event::{MessageDeleted, MessageEdited, MessageReceived, MessageThrottled},
};

use crate::{
    hear::{Call, Gateway, Heard, NotNow},
    shares::{self, Bill, Full},
};

impl Gateway {
    /// The thread is followed from now on, and the message is on the log, before anybody hears 200.
    pub(crate) async fn answer(
        &self,
        call: &Call<'_>,
        incoming: Incoming,
        address: Address,
    ) -> Result<Heard, NotNow> {
        let person = person(call, &incoming);
        let message = incoming.key(call.tenant, call.connection).id;
        let bill = Bill {
            person: Some(&person),
            bytes: shares::bytes_of_message(&incoming),
            again: Some((&message, shares::bytes_of_duplicate(&incoming))),
            ..bill(call, Matter::Words)
        };
        let charged = match self.shares.charge(bill, self.context.clock.now()) {
            Ok(charged) => charged,
            Err(full) => return self.refuse(call, &incoming, &person, full).await,
        };
        let heard = self.take_in(call, incoming, address).await?;
        charged.keep();
        Ok(heard)
    }

    async fn take_in(
        &self,
        call: &Call<'_>,
        incoming: Incoming,
        address: Address,
    ) -> Result<Heard, NotNow> {
        let until = self.context.clock.now().plus(self.follow_time(call));
        let thread = incoming.conversation();
        let (tenant, connection) = (call.tenant, call.connection);
        self.parts.engagements.engage(tenant, &connection.id, &thread, until).await?;
        let sealing = self.parts.sealer.to_seal(tenant, self.context.clock.now()).await?;
        let message = incoming.clone().into_message(tenant, connection, address, &sealing);
        let event = Event::MessageReceived(MessageReceived { message });
        self.store(call, Some(&incoming), event).await
    }

    pub(crate) async fn edited(
        &self,
        call: &Call<'_>,
        incoming: &Incoming,
    ) -> Result<Heard, NotNow> {
        let person = person(call, incoming);
        let bytes = shares::bytes_of_edit(incoming);
        let bill = Bill { person: Some(&person), bytes, ..bill(call, Matter::Words) };
        let Ok(charged) = self.shares.charge(bill, self.context.clock.now()) else {
            return Ok(Heard::OverShare);
        };
        let message = incoming.key(call.tenant, call.connection);
        let sealing = self.parts.sealer.to_seal(call.tenant, self.context.clock.now()).await?;
        let owner = Owner { tenant: call.tenant, of: message.id.as_str() };
        let text = sealing.seal(owner, &incoming.text);
        let edited_at = incoming.sent_at;
        let event = Event::MessageEdited(MessageEdited { message, text, edited_at });
        let heard = self.store(call, Some(incoming), event).await?;
        charged.keep();
        Ok(heard)
    }

    pub(crate) async fn deleted(
        &self,
        call: &Call<'_>,
        incoming: &Incoming,
    ) -> Result<Heard, NotNow> {
        let person = person(call, incoming);
        let bill = Bill { person: Some(&person), ..bill(call, Matter::Deletion) };
        let Ok(charged) = self.shares.charge(bill, self.context.clock.now()) else {
            return Ok(Heard::OverShare);
        };
        let message = incoming.key(call.tenant, call.connection);
        let event = Event::MessageDeleted(MessageDeleted { message });
        let heard = self.store(call, Some(incoming), event).await?;
        charged.keep();
        Ok(heard)
    }

    /// What the chat system says of our own doing: counted, and stored in any case.
    pub(crate) async fn fact(
        &self,
        call: &Call<'_>,
        incoming: Option<&Incoming>,
        event: Event,
    ) -> Result<Heard, NotNow> {
        let counted = self.shares.charge(bill(call, Matter::Fact), self.context.clock.now());
        let heard = self.store(call, incoming, event).await?;
        if let Ok(counted) = counted {
            counted.keep();
        }
        Ok(heard)
    }

    /// There is no room for it. The person is told once, by an event that has no words in it.
    async fn refuse(
        &self,
        call: &Call<'_>,
        incoming: &Incoming,
        person: &str,
        full: Full,
    ) -> Result<Heard, NotNow> {
        if let Some(notice) = self.shares.notice(person, full, self.context.clock.now()) {
            let throttled = MessageThrottled {
                message: incoming.key(call.tenant, call.connection),
                limit: LimitScope::Log,
                per_minute: 0,
                retry_at: full.retry_at,
                tell: true,
            };
            let mut envelope =
                self.envelope(call, Some(incoming), Event::MessageThrottled(throttled));
            // Once there is room, the same delivery is another event.
            envelope.id = EventId::derive(envelope.id.as_str(), "over-share", 0);
            self.context.bus.publish(&envelope).await?;
            notice.keep();
        }
        Ok(Heard::OverShare)
    }

    fn follow_time(&self, call: &Call<'_>) -> Duration {
        let minutes = self.parts.directory.read(|directory| {
            let routed = directory.route(call.tenant, &call.connection.id);
            routed.map_or(FOLLOW_MINUTES_DEFAULT, |it| it.published.config.follow_minutes)
        });
        Duration::from_mins(u64::from(minutes))
    }
}

/// Under what a person's part is kept.
fn person(call: &Call<'_>, incoming: &Incoming) -> String {
    notice_key(call.tenant, &call.connection.id, &incoming.sender)
}

/// An event without words, of nobody.
fn bill<'a>(call: &Call<'a>, matter: Matter) -> Bill<'a> {
    Bill { tenant: call.tenant, person: None, bytes: shares::bytes_of_fact(), again: None, matter }
}
