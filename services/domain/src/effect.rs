//! The life of one call to the outside world that somebody could notice.
//!
//! `planned -> sending -> sent | failed | uncertain`. `sending` commits before the call leaves, so
//! whoever finds it after a crash knows that the call may have left, and that nobody may make it
//! again: it is uncertain until an echo or an operator says.
//!
//! **Invariant:** between two sends of an effect stands an operator, or an answer that says the
//! first was definitely not carried out. Calls that change nothing when repeated (an update, a
//! deletion) are marked so, and only they are.

use std::time::Duration;

/// One effect, as its ledger row has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Where it stands.
    pub state: EffectState,
    /// How often it has been claimed: an outcome of an earlier attempt is told apart by it.
    pub attempt: u32,
    /// Whether doing it twice is the same as doing it once.
    pub repeatable: bool,
}

/// Where an effect stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectState {
    /// Nobody has sent it.
    Planned,
    /// Somebody is about to, or has.
    Sending,
    /// It is there.
    Sent {
        /// Its timestamp in the chat system; empty where only an operator says that it is there.
        ts: String,
    },
    /// It was refused for good.
    Failed {
        /// The chat system's code.
        code: String,
    },
    /// Nobody knows whether it is there.
    Uncertain {
        /// What the chat system said, or did not.
        detail: String,
    },
}

/// What happens to an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Somebody wants to send it now.
    Claim,
    /// The call came back, or did not.
    Outcome {
        /// The attempt it belongs to.
        attempt: u32,
        /// What came of it.
        outcome: SendOutcome,
    },
    /// It was seen in the chat system, with this timestamp.
    Observed(String),
    /// It stands at `sending` and whoever claimed it is gone.
    FoundSendingAfterCrash,
    /// An operator says that it is there, under this timestamp; empty where they do not know that.
    OperatorSaysSent(String),
    /// An operator decided that it is sent again.
    OperatorSaysResend,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// It is there, with this timestamp.
    Sent(String),
    /// Refused for good.
    Rejected {
        /// The chat system's code.
        code: String,
        /// What that says of the future.
        class: Rejection,
    },
    /// It was definitely not carried out (e.g. connection refused): it may be sent again.
    NotSent(String),
    /// Refused for now, and certainly not carried out; the other side said when to come back.
    RetryAfter(Duration),
    /// It may have been carried out: a timeout or a broken connection after it left, a 5xx.
    Ambiguous(String),
}

/// What a refusal says of the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// The connection is dead: revoked, or its token is.
    Connection,
    /// This channel or thread takes nothing from us.
    Target,
    /// The content does not fit: a fault of ours.
    Payload,
}

/// Where an effect goes from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The effect from now on.
    pub effect: Effect,
    /// Not before this time is over.
    pub wait: Option<Duration>,
    /// A second copy was seen in the chat system, with this timestamp: delete it.
    pub stray: Option<String>,
}

/// Why an effect does not move.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// Somebody else is sending it.
    #[error("it is being sent")]
    InFlight,
    /// It is there, or refused for good.
    #[error("it is settled")]
    Settled,
    /// It may be there; only an echo or an operator can say.
    #[error("it is uncertain")]
    Uncertain,
    /// It speaks of an earlier attempt.
    #[error("the outcome belongs to another attempt")]
    Stale,
    /// There is nothing to decide.
    #[error("it is not in doubt")]
    NotInDoubt,
}

impl Effect {
    /// An effect whose repetition a person would notice, e.g. a post.
    pub fn once() -> Self {
        Self { state: EffectState::Planned, attempt: 0, repeatable: false }
    }

    /// An effect whose repetition changes nothing, e.g. an update or a deletion.
    pub fn repeatable() -> Self {
        Self { repeatable: true, ..Self::once() }
    }

    /// What `input` makes of it.
    pub fn step(&self, input: Input) -> Result<Moved, Refused> {
        match input {
            Input::Claim => self.claim(),
            // Whoever has a timestamp knows that it is there, however late they say so.
            Input::Observed(ts) | Input::Outcome { outcome: SendOutcome::Sent(ts), .. } => {
                Ok(self.observed(ts))
            }
            Input::Outcome { attempt, outcome } if attempt == self.attempt => self.settle(outcome),
            Input::Outcome { .. } => Err(Refused::Stale),
            Input::FoundSendingAfterCrash => match self.state {
                EffectState::Sending => Ok(self.in_doubt("the sender was lost".to_owned())),
                EffectState::Planned
                | EffectState::Sent { .. }
                | EffectState::Failed { .. }
                | EffectState::Uncertain { .. } => Err(Refused::NotInDoubt),
            },
            Input::OperatorSaysSent(ts) => match self.state {
                EffectState::Uncertain { .. } => Ok(self.to(EffectState::Sent { ts })),
                EffectState::Sending => Err(Refused::InFlight),
                EffectState::Planned | EffectState::Sent { .. } | EffectState::Failed { .. } => {
                    Err(Refused::NotInDoubt)
                }
            },
            Input::OperatorSaysResend => match self.state {
                EffectState::Uncertain { .. } | EffectState::Failed { .. } => {
                    Ok(self.to(EffectState::Planned))
                }
                EffectState::Sending => Err(Refused::InFlight),
                EffectState::Sent { .. } => Err(Refused::Settled),
                EffectState::Planned => Err(Refused::NotInDoubt),
            },
        }
    }

    fn claim(&self) -> Result<Moved, Refused> {
        match self.state {
            EffectState::Planned => {
                let attempt = self.attempt.saturating_add(1);
                let effect = Self { state: EffectState::Sending, attempt, ..self.clone() };
                Ok(Moved { effect, wait: None, stray: None })
            }
            EffectState::Sending => Err(Refused::InFlight),
            EffectState::Sent { .. } | EffectState::Failed { .. } => Err(Refused::Settled),
            EffectState::Uncertain { .. } => Err(Refused::Uncertain),
        }
    }

    /// An outcome counts while nobody knows better: an echo may have overtaken it.
    fn settle(&self, outcome: SendOutcome) -> Result<Moved, Refused> {
        match self.state {
            EffectState::Sending | EffectState::Uncertain { .. } => Ok(self.learn(outcome)),
            EffectState::Planned | EffectState::Sent { .. } | EffectState::Failed { .. } => {
                Err(Refused::Settled)
            }
        }
    }

    fn learn(&self, outcome: SendOutcome) -> Moved {
        match outcome {
            SendOutcome::Sent(ts) => self.observed(ts),
            SendOutcome::Rejected { code, class: _ } => self.to(EffectState::Failed { code }),
            SendOutcome::NotSent(_) => self.to(EffectState::Planned),
            SendOutcome::RetryAfter(wait) => {
                Moved { wait: Some(wait), ..self.to(EffectState::Planned) }
            }
            SendOutcome::Ambiguous(detail) => self.in_doubt(detail),
        }
    }

    /// What is seen is there, whatever we thought. Seen under another timestamp it is there twice.
    fn observed(&self, seen: String) -> Moved {
        match &self.state {
            EffectState::Sent { ts } if !ts.is_empty() => {
                let stray = (*ts != seen && !self.repeatable).then_some(seen);
                Moved { effect: self.clone(), wait: None, stray }
            }
            EffectState::Planned
            | EffectState::Sending
            | EffectState::Sent { .. }
            | EffectState::Failed { .. }
            | EffectState::Uncertain { .. } => self.to(EffectState::Sent { ts: seen }),
        }
    }

    fn in_doubt(&self, detail: String) -> Moved {
        let state =
            if self.repeatable { EffectState::Planned } else { EffectState::Uncertain { detail } };
        self.to(state)
    }

    fn to(&self, state: EffectState) -> Moved {
        Moved { effect: Self { state, ..self.clone() }, wait: None, stray: None }
    }
}

impl EffectState {
    /// The token that stands for it in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            EffectState::Planned => "planned",
            EffectState::Sending => "sending",
            EffectState::Sent { .. } => "sent",
            EffectState::Failed { .. } => "failed",
            EffectState::Uncertain { .. } => "uncertain",
        }
    }

    /// What else there is to it: the timestamp, the code, or what was said.
    pub fn detail(&self) -> Option<&str> {
        match self {
            EffectState::Planned | EffectState::Sending => None,
            EffectState::Sent { ts } => Some(ts),
            EffectState::Failed { code } => Some(code),
            EffectState::Uncertain { detail } => Some(detail),
        }
    }

    /// Reads what [`Self::name`] and [`Self::detail`] wrote.
    pub fn read(name: &str, detail: Option<String>) -> Option<Self> {
        match (name, detail) {
            ("planned", _) => Some(EffectState::Planned),
            ("sending", _) => Some(EffectState::Sending),
            ("sent", Some(ts)) => Some(EffectState::Sent { ts }),
            ("failed", Some(code)) => Some(EffectState::Failed { code }),
            ("uncertain", detail) => {
                Some(EffectState::Uncertain { detail: detail.unwrap_or_default() })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
