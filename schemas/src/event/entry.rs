//! What the events of the directory have in common.

use super::Event;
use crate::{Agent, Author, Claim, Connection, ModelGroup, Tenant, Tool};

/// An entry of the directory, as it is from an event on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// The tenant itself.
    Tenant(&'a Tenant),
    /// One of its agents.
    Agent(&'a Agent),
    /// One of its connections.
    Connection(&'a Connection),
    /// One of its tools.
    Tool(&'a Tool),
    /// One of its model groups.
    ModelGroup(&'a ModelGroup),
    /// Who holds a workspace.
    Claim(&'a Claim),
}

impl Event {
    /// The entry that it changes; the events of the pipeline change none.
    pub fn entry(&self) -> Option<Entry<'_>> {
        match self {
            Event::TenantCreated(data)
            | Event::TenantRenamed(data)
            | Event::TenantLimitsChanged(data)
            | Event::TenantBudgetChanged(data)
            | Event::TenantSuspended(data)
            | Event::TenantResumed(data)
            | Event::TenantDeleted(data) => Some(Entry::Tenant(&data.tenant)),
            Event::AgentCreated(data)
            | Event::AgentDraftSaved(data)
            | Event::AgentPublished(data)
            | Event::AgentBudgetChanged(data)
            | Event::AgentRetired(data) => Some(Entry::Agent(&data.agent)),
            Event::ConnectionMade(data) | Event::ConnectionRemoved(data) => {
                Some(Entry::Connection(&data.connection))
            }
            Event::ToolSaved(data) | Event::ToolRemoved(data) => Some(Entry::Tool(&data.tool)),
            Event::ModelGroupSaved(data) | Event::ModelGroupRemoved(data) => {
                Some(Entry::ModelGroup(&data.group))
            }
            Event::WorkspaceClaimed(claim) => Some(Entry::Claim(claim)),
            Event::MessageReceived(_)
            | Event::MessageAccepted(_)
            | Event::MessageDuplicate(_)
            | Event::MessageAdmitted(_)
            | Event::MessageThrottled(_)
            | Event::CompletionFinished(_)
            | Event::CompletionFailed(_)
            | Event::CompletionHandedOff(_)
            | Event::MessageHeld(_)
            | Event::ConversationHandedBack(_)
            | Event::MessageReopened(_)
            | Event::BudgetNear(_)
            | Event::ReplyDelivered(_)
            | Event::ReplyUncertain(_)
            | Event::ReplyFailed(_)
            | Event::ReplyDecided(_)
            | Event::EffectObserved(_)
            | Event::MessageEdited(_)
            | Event::MessageDeleted(_)
            | Event::ConnectionRevoked(_) => None,
        }
    }

    /// Who changed it; the claim of a workspace and the events of the pipeline do not say.
    pub fn author(&self) -> Option<&Author> {
        match self {
            Event::TenantCreated(data)
            | Event::TenantRenamed(data)
            | Event::TenantLimitsChanged(data)
            | Event::TenantBudgetChanged(data)
            | Event::TenantSuspended(data)
            | Event::TenantResumed(data)
            | Event::TenantDeleted(data) => Some(&data.by),
            Event::AgentCreated(data)
            | Event::AgentDraftSaved(data)
            | Event::AgentPublished(data)
            | Event::AgentBudgetChanged(data)
            | Event::AgentRetired(data) => Some(&data.by),
            Event::ConnectionMade(data) | Event::ConnectionRemoved(data) => Some(&data.by),
            Event::ToolSaved(data) | Event::ToolRemoved(data) => Some(&data.by),
            Event::ModelGroupSaved(data) | Event::ModelGroupRemoved(data) => Some(&data.by),
            Event::WorkspaceClaimed(_)
            | Event::MessageReceived(_)
            | Event::MessageAccepted(_)
            | Event::MessageDuplicate(_)
            | Event::MessageAdmitted(_)
            | Event::MessageThrottled(_)
            | Event::CompletionFinished(_)
            | Event::CompletionFailed(_)
            | Event::CompletionHandedOff(_)
            | Event::MessageHeld(_)
            | Event::ConversationHandedBack(_)
            | Event::MessageReopened(_)
            | Event::BudgetNear(_)
            | Event::ReplyDelivered(_)
            | Event::ReplyUncertain(_)
            | Event::ReplyFailed(_)
            | Event::ReplyDecided(_)
            | Event::EffectObserved(_)
            | Event::MessageEdited(_)
            | Event::MessageDeleted(_)
            | Event::ConnectionRevoked(_) => None,
        }
    }
}
