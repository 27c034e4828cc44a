//! Conversations that a person has.

use domain::access::{Permission, Principal};
use schemas::{
    ConnectionId, ConversationId, Event, MessageId, TenantId,
    event::{ConversationHandedBack, HandedBackBy},
};
use store::views::conversations;

use crate::{
    Desk, DeskError, Written,
    repair::{Repair, Wish},
};

impl Desk {
    /// Gives a thread that a person has back to its agent. It is so already where nobody has it.
    pub async fn hand_back(
        &self,
        by: &Principal,
        tenant: &TenantId,
        (connection, conversation): (&ConnectionId, &ConversationId),
    ) -> Result<Written, DeskError> {
        by.require(Permission::ConversationsWrite, tenant)?;
        let mut tx = self.parts().db.tenant(tenant).await?;
        let thread = conversations::one(&mut tx, connection, conversation).await?;
        tx.commit().await?;
        let Some((_, handed_off)) = thread.ok_or(DeskError::NotFound)?.handed_off else {
            return Ok(Written::NOTHING);
        };
        // A hand-off ends once, however many give it back at once.
        let command = format!("hand back {handed_off}");
        let event = Event::ConversationHandedBack(ConversationHandedBack {
            connection: connection.clone(),
            conversation: conversation.clone(),
            handed_off,
            by: HandedBackBy::Operator(by.author()),
        });
        self.say((by, tenant), &command, event).await
    }

    /// Has a message answered again, or says what became of its reply.
    pub async fn put_right(
        &self,
        by: &Principal,
        (tenant, message): (&TenantId, &MessageId),
        wish: Wish,
    ) -> Result<Written, DeskError> {
        by.require(Permission::ConversationsWrite, tenant)?;
        let repair = self.repair();
        let asked = repair.ask((tenant, message), wish, &by.author()).await?;
        let (_, sequence) = repair.say(&asked).await?;
        Ok(self.said_at(sequence).await)
    }

    /// What repairs are made with.
    pub(crate) fn repair(&self) -> Repair {
        let parts = self.parts();
        Repair {
            bus: parts.bus.clone(),
            db: parts.db.clone(),
            directory: parts.directory.clone(),
            clock: parts.clock.clone(),
        }
    }
}
