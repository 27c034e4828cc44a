//! From a call to a stored event.

use std::sync::Arc;

use channels::{Arrived, Ignored, Me, Read, Reading, Refused, Unverified};
use domain::{
    addressed::{Engagement, Reason, Verdict, judge},
    directory::APP_DEFAULT,
    incoming::Incoming,
};
use runtime::{BusError, Context};
use schemas::{
    ChannelKind, Connection, CorrelationId, Envelope, Event, EventId, TenantId, Trace,
    event::{ConnectionRevoked, EffectObserved},
    subject,
};
use store::StoreError;

use crate::{Parts, shares::Shares, unknown::Unknown};

/// The front door, whatever the transport.
pub struct Gateway {
    pub(crate) context: Context,
    pub(crate) parts: Parts,
    pub(crate) shares: Shares,
    unknown: Unknown,
}

/// What became of a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Answer with this text.
    Challenge(String),
    /// Its sender is not proven. The answer says no more than that.
    NotBelieved(Refused),
    /// Its sender is proven, its body is neither JSON nor a form.
    Unreadable,
    /// The event is on the log.
    Stored,
    /// For a workspace that nobody has connected.
    Unknown,
    /// Nothing to us, for this reason.
    NotOurs(&'static str),
    /// The tenant's share of the log is used up, or the person's part of it. Not stored: it would
    /// take the room of all others.
    OverShare,
}

/// Why a call must come again.
#[derive(Debug, thiserror::Error)]
pub enum NotNow {
    /// The directory in memory is behind the log.
    #[error("the directory is not known yet")]
    Stale,
    /// The log did not take it, or could not be asked.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The tenant's key could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It took longer than anybody waits.
    #[error("it took too long")]
    TooSlow,
}

impl Heard {
    /// The token that stands for it in counters.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Heard::Challenge(_) => "challenge",
            Heard::NotBelieved(why) => why.as_str(),
            Heard::Unreadable => "unreadable",
            Heard::Stored => "stored",
            Heard::Unknown => "unknown_workspace",
            Heard::NotOurs(why) => why,
            Heard::OverShare => "over_share",
        }
    }
}

/// An event for a connection that is known.
pub(crate) struct Call<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) connection: &'a Connection,
    delivery: &'a str,
}

impl Gateway {
    pub(crate) fn new(context: Context, parts: Parts) -> Self {
        let shares = Shares::new(parts.share);
        Self { context, parts, unknown: Unknown::default(), shares }
    }

    /// Forgets what is over.
    pub(crate) fn forget_past(&self) {
        let now = self.context.clock.now();
        self.parts.engagements.forget_past(now);
        self.shares.forget_past(now);
    }

    /// Believes, reads, decides, stores.
    pub async fn hear(&self, call: Unverified) -> Result<Heard, NotNow> {
        let verified = match self.parts.inbound.verify(call, self.context.clock.now()) {
            Ok(verified) => verified,
            Err(refused) => return Ok(Heard::NotBelieved(refused)),
        };
        match self.parts.inbound.read(&verified) {
            Err(_unreadable) => Ok(Heard::Unreadable),
            Ok(Reading::Challenge(text)) => Ok(Heard::Challenge(text)),
            Ok(Reading::SslCheck) => Ok(Heard::NotOurs("ssl_check")),
            Ok(Reading::Ignored(ignored)) => Ok(Heard::NotOurs(ignored.as_str())),
            Ok(Reading::RateLimited { workspace, minute }) => {
                tracing::warn!(workspace, minute, "Slack withholds events of a workspace");
                Ok(Heard::NotOurs("rate_limited"))
            }
            Ok(Reading::Event(arrived)) => self.arrived(arrived).await,
        }
    }

    async fn arrived(&self, arrived: Arrived) -> Result<Heard, NotNow> {
        let kind = self.parts.inbound.kind();
        let app = arrived.app.as_deref().unwrap_or(APP_DEFAULT);
        let found = self.parts.directory.read(|directory| {
            let (tenant, connection) = directory.by_workspace(kind, app, &arrived.workspace)?;
            Some((tenant.clone(), Arc::clone(connection)))
        });
        let Some((tenant, connection)) = found else {
            self.confirm_unknown(kind, app, &arrived.workspace).await?;
            // The memory may have caught up while the log was asked.
            if self.is_held(kind, app, &arrived.workspace) {
                return Err(NotNow::Stale);
            }
            self.unknown.count(&arrived.workspace, self.context.clock.now());
            return Ok(Heard::Unknown);
        };
        let call = Call { tenant: &tenant, connection: &connection, delivery: &arrived.delivery };
        let read = arrived.interpret(&Me::new(&connection.bot_user));
        match read {
            Read::Ignored(ignored) => Ok(not_ours(ignored)),
            Read::Revoked(reason) => {
                let connection = connection.id.clone();
                let reason = reason.to_owned();
                let event = Event::ConnectionRevoked(ConnectionRevoked { connection, reason });
                self.fact(&call, None, event).await
            }
            Read::Echo { incoming, effect } => {
                let event = Event::EffectObserved(EffectObserved {
                    connection: connection.id.clone(),
                    conversation: incoming.conversation(),
                    effect,
                    channel: incoming.place.channel.clone(),
                    ts: incoming.ts.clone(),
                });
                self.fact(&call, Some(&incoming), event).await
            }
            Read::Said(incoming) => match self.said(&call, *incoming).await {
                // Nothing of an erased tenant is stored, and no retry brings its key back.
                Err(NotNow::Store(StoreError::KeyGone(_))) => Ok(Heard::NotOurs("erased")),
                heard => heard,
            },
        }
    }

    /// Memory says nobody holds the workspace. That is only so if the log says the same.
    async fn confirm_unknown(
        &self,
        kind: ChannelKind,
        app: &str,
        workspace: &str,
    ) -> Result<(), NotNow> {
        if !self.parts.directory.is_ready() {
            return Err(NotNow::Stale);
        }
        for app in [app, APP_DEFAULT] {
            let claim = subject::claim_of(kind, app, workspace);
            let last = self.context.bus.last(&nats::DIRECTORY, &claim).await?;
            let known = self.parts.directory.sequence_of(&claim);
            if last.is_some_and(|last| last.sequence != known) {
                return Err(NotNow::Stale);
            }
        }
        Ok(())
    }

    fn is_held(&self, kind: ChannelKind, app: &str, workspace: &str) -> bool {
        self.parts.directory.read(|directory| {
            [app, APP_DEFAULT].iter().any(|app| directory.holder(kind, app, workspace).is_some())
        })
    }

    async fn said(&self, call: &Call<'_>, incoming: Incoming) -> Result<Heard, NotNow> {
        let mut verdict = judge(incoming.heard(), Engagement::Unknown);
        if verdict == Verdict::AskEngagement {
            let engagement = self.engagement(call, &incoming).await?;
            verdict = judge(incoming.heard(), engagement);
        }
        match verdict {
            Verdict::Answer(address) => self.answer(call, incoming, address).await,
            Verdict::RecordEdit => self.edited(call, &incoming).await,
            Verdict::RecordDelete => self.deleted(call, &incoming).await,
            Verdict::Ignore(reason) => Ok(Heard::NotOurs(reason.as_str())),
            Verdict::AskEngagement => Ok(Heard::NotOurs(Reason::NotAddressed.as_str())),
            Verdict::ObserveEcho => Ok(Heard::NotOurs(Reason::Own.as_str())),
        }
    }

    async fn engagement(&self, call: &Call<'_>, incoming: &Incoming) -> Result<Engagement, NotNow> {
        let now = self.context.clock.now();
        let thread = incoming.conversation();
        let engagements = &self.parts.engagements;
        let joined = engagements.is_engaged(call.tenant, &call.connection.id, &thread, now).await?;
        Ok(if joined { Engagement::Joined } else { Engagement::NotJoined })
    }

    pub(crate) async fn store(
        &self,
        call: &Call<'_>,
        incoming: Option<&Incoming>,
        event: Event,
    ) -> Result<Heard, NotNow> {
        self.context.bus.publish(&self.envelope(call, incoming, event)).await?;
        Ok(Heard::Stored)
    }

    pub(crate) fn envelope(
        &self,
        call: &Call<'_>,
        incoming: Option<&Incoming>,
        event: Event,
    ) -> Envelope {
        debug_assert!(nats::GATEWAY_WRITES.contains(&event.kind()), "{:?}", event.kind());
        let id = EventId::of_delivery(call.tenant, &call.connection.id, call.delivery);
        let correlation = match incoming {
            Some(incoming) => CorrelationId::from(&incoming.key(call.tenant, call.connection).id),
            None => CorrelationId::from(&id),
        };
        Envelope {
            id,
            source: "gateway".to_owned(),
            time: self.context.clock.now(),
            tenant: call.tenant.clone(),
            causation: None,
            trace: Some(Trace::of(&correlation)),
            correlation,
            event,
        }
    }
}

fn not_ours(ignored: Ignored) -> Heard {
    Heard::NotOurs(ignored.as_str())
}
