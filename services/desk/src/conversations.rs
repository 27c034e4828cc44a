//! Conversations that a person has.

use domain::access::{Permission, Principal};
use schemas::{
    ConnectionId, ConversationId, Event, TenantId,
    event::{ConversationHandedBack, HandedBackBy},
};
use store::views::conversations;

use crate::{Desk, DeskError, Written};

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
}
