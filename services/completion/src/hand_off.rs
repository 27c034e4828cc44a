//! Handing over to a person, and being silent until they give the conversation back.

use domain::{
    config::OpenConfig,
    hand_off::{self, Due},
    seal::Owner,
    tool::HAND_OFF,
};
use providers::{Answer, total_cost};
use runtime::{Delivery, Failure};
use schemas::{
    Address, AgentId, BudgetMet, Event, Message, MessageId,
    event::{CompletionHandedOff, ConversationHandedBack, HandedBackBy, MessageHeld, ToolRound},
    usage::Attempt,
};
use tools::HandOff;

use crate::{Completion, ask::On, from_store, outcome::Outcome};

/// A hand-off with what was tried before it.
pub(crate) struct HandOver<'a> {
    pub(crate) due: Due<'a>,
    /// What the agent has to say of it for whoever takes over.
    pub(crate) summary: Option<String>,
    /// What it says to the person.
    pub(crate) said: Option<String>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) tools: Vec<ToolRound>,
    /// The budget that is why.
    pub(crate) over: Option<BudgetMet>,
}

impl<'a> HandOver<'a> {
    /// One that a rule asks for, whatever a model thinks of it.
    pub(crate) fn by_rule(due: Due<'a>, attempts: Vec<Attempt>, tools: Vec<ToolRound>) -> Self {
        Self { due, summary: None, said: None, attempts, tools, over: None }
    }
}

/// Whether an answer hands over, and where to.
pub(crate) fn decided<'a>(agent: &'a OpenConfig, answer: &Answer) -> Option<(Due<'a>, HandOff)> {
    let call = answer.calls.iter().find(|call| call.name == HAND_OFF)?;
    let said = HandOff::read(&call.arguments);
    let may = !hand_off::judged_by_model(agent).is_empty();
    let due = hand_off::by_agent(&agent.escalation, said.why).filter(|_| may)?;
    Some((due, said))
}

/// Word that the conversation is the agent's again.
pub(crate) fn given_back(message: &Message, handed_off: MessageId) -> Event {
    Event::ConversationHandedBack(ConversationHandedBack {
        connection: message.key.connection.clone(),
        conversation: message.key.conversation.clone(),
        handed_off,
        by: HandedBackBy::Person(message.key.sender.clone()),
    })
}

impl Completion {
    /// The outcome of a message that a person takes over, and of its thread with it.
    pub(crate) async fn hand_over(
        &self,
        on: &On<'_>,
        over: HandOver<'_>,
    ) -> Result<Vec<Event>, Failure> {
        let On { delivery, message, asking } = on;
        let owner = Owner { tenant: &delivery.cause.tenant, of: message.key.id.as_str() };
        let seal = |text: String| {
            Some(text).filter(|it| !it.trim().is_empty()).map(|it| asking.sealing.seal(owner, &it))
        };
        let HandOver { due, summary, said, attempts, tools, over } = over;
        tracing::info!(why = due.why.as_str(), "hands over to a person");
        let event = Event::CompletionHandedOff(CompletionHandedOff {
            message: message.key.clone(),
            agent: asking.routed.agent.id.clone(),
            version: asking.routed.published.version,
            why: due.why,
            to_channel: due.to_channel.to_owned(),
            asked: message.text.clone(),
            summary: summary.and_then(seal),
            said: said.and_then(seal),
            cost: (!attempts.is_empty()).then(|| total_cost(&attempts)),
            attempts: attempts.clone(),
            tools,
            over,
        });
        let outcome = Outcome { event, attempts, settles: asking.settles() };
        self.record(delivery, message, outcome).await
    }

    /// The outcome of a message that nobody answers but a person. It may have been asked about before the
    /// person had the thread: then that is settled.
    pub(crate) async fn hold(
        &self,
        delivery: &Delivery,
        message: &Message,
        agent: &AgentId,
        settles: bool,
    ) -> Result<Vec<Event>, Failure> {
        let tell = match message.address {
            Address::Direct | Address::Mention => true,
            Address::Thread => false,
        };
        let (message_key, agent) = (message.key.clone(), agent.clone());
        let event = Event::MessageHeld(MessageHeld { message: message_key, agent, tell });
        let outcome = Outcome { event, attempts: Vec::new(), settles };
        self.record(delivery, message, outcome).await
    }

    /// An operator gave a thread back, or nobody took it over.
    pub(crate) async fn handed_back(
        &self,
        delivery: &Delivery,
        data: &ConversationHandedBack,
    ) -> Result<Vec<Event>, Failure> {
        let (tenant, by) = (&delivery.cause.tenant, &delivery.cause.id);
        let now = self.context.clock.now();
        let given = self.completions.give_back(tenant, &data.handed_off, by, now);
        given.await.map_err(from_store)?;
        Ok(Vec::new())
    }
}
