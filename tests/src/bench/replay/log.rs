//! A log of messages and of changes to the directory. Each event follows from its number, so that nothing of
//! it is held, however many there are.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_nats::jetstream;
use konstruct_tests::installation::Installation;
use schemas::{
    ConnectionId, ConversationId, EffectId, EventId, MessageId, TenantId, Timestamp,
    subject::{Partition, directory_of_tenant, filter_of_tenant, of_tenant},
};

use super::{
    pipe::Pipe,
    sample::{Sample, Values, check},
};

/// The life of one message, as samples of what is really published, and when each is said after the first.
/// The last is Slack's echo of the answer, which is a story of its own.
const LIFE: [(&str, u64); STORY] = [
    (include_str!("../../../../schemas/samples/message.received.v1.json"), 0),
    (include_str!("../../../../schemas/samples/message.accepted.v1.json"), 6),
    (include_str!("../../../../schemas/samples/message.admitted.v1.json"), 13),
    (include_str!("../../../../schemas/samples/completion.finished.v1.json"), 3_459),
    (include_str!("../../../../schemas/samples/reply.delivered.v1.json"), 3_690),
    (include_str!("../../../../schemas/samples/effect.observed.v1.json"), 3_900),
];

/// Events of one message.
pub(super) const STORY: usize = 6;

const CREATED: &str = include_str!("../../../../schemas/samples/tenant.created.v1.json");
const PUBLISHED: &str = include_str!("../../../../schemas/samples/agent.published.v1.json");

/// The agent and the connection of the samples, and the channel.
const AGENT: &str = "mara";
const CONNECTION: &str = "slack-T0ACME";
pub(super) const CHANNEL: &str = "C0SUPPORT";

/// Messages of one thread.
const IN_THREAD: usize = 4;

/// Over how long the messages are spread, up to now. What is older than a month is no more compared.
const SPAN: Duration = Duration::from_hours(20 * 24);

/// How much there is.
pub(super) struct Log {
    /// Tenants that share it evenly.
    pub(super) tenants: usize,
    /// Messages, [`STORY`] events each, on `EVENTS`.
    pub(super) messages: usize,
    /// Events on `DIRECTORY`: each tenant is created, and then its agent is published again and again.
    pub(super) changes: usize,
    from: Timestamp,
    life: Vec<(Sample, Duration)>,
    created: Sample,
    published: Sample,
    connection: ConnectionId,
}

/// A message by its number.
pub(super) struct Said {
    pub(super) tenant: TenantId,
    pub(super) message: MessageId,
    pub(super) effect: EffectId,
    pub(super) at: Timestamp,
    thread: ConversationId,
    partition: String,
    first_seq: usize,
    events: Vec<EventId>,
}

/// An event as a row of the read models has it.
pub(super) struct Row<'a> {
    pub(super) tenant: &'a str,
    pub(super) stream: &'static str,
    pub(super) seq: usize,
    pub(super) id: &'a str,
    pub(super) story: &'a str,
    pub(super) cause: Option<&'a str>,
    pub(super) sample: &'a Sample,
    pub(super) at: Timestamp,
    pub(super) effect: Option<&'a str>,
}

impl Log {
    /// At least so many events on `EVENTS`, whole stories, and so many on `DIRECTORY`.
    pub(super) fn new(tenants: usize, events: usize, changes: usize) -> anyhow::Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let life = LIFE
            .into_iter()
            .map(|(text, after)| anyhow::Ok((Sample::read(text)?, Duration::from_millis(after))));
        Ok(Self {
            tenants,
            messages: events.div_ceil(STORY),
            changes,
            from: Timestamp::from_millis(i64::try_from(now)?).minus(SPAN),
            life: life.collect::<Result<_, _>>()?,
            created: Sample::read(CREATED)?,
            published: Sample::read(PUBLISHED)?,
            connection: CONNECTION.parse()?,
        })
    }

    /// How many events are on `EVENTS`.
    pub(super) const fn events(&self) -> usize {
        self.messages * STORY
    }

    /// A tenant by its number.
    pub(super) fn tenant(&self, nth: usize) -> anyhow::Result<TenantId> {
        Ok(format!("bench{}", nth % self.tenants).parse()?)
    }

    /// A message by its number. Its ids are as long, and as much in disorder, as those that are derived.
    pub(super) fn said(&self, nth: usize) -> anyhow::Result<Said> {
        let tenant = self.tenant(nth)?;
        let message = MessageId::derive(&tenant, &self.connection, CHANNEL, &nth.to_string());
        let event = |step| EventId::derive(message.as_str(), "bench", step);
        let events: Vec<_> = (0..STORY).map(event).collect();
        let thread = format!("{CHANNEL}-{}_000900", nth / self.tenants / IN_THREAD);
        Ok(Said {
            effect: EffectId::derive(&event(STORY), "answer", 0),
            at: self.from.plus(part(SPAN, nth, self.messages)?),
            partition: Partition::of(&tenant, &self.connection, &thread).to_string(),
            thread: thread.parse()?,
            first_seq: nth * STORY + 1,
            tenant,
            message,
            events,
        })
    }

    /// The rows of a message, in order.
    pub(super) fn rows<'a>(&'a self, said: &'a Said) -> impl Iterator<Item = Row<'a>> {
        let steps = self.life.iter().zip(&said.events).enumerate();
        steps.map(move |(step, ((sample, after), id))| {
            let is_echo = step + 1 == STORY;
            let before = step.checked_sub(1).and_then(|before| said.events.get(before));
            Row {
                tenant: said.tenant.as_str(),
                stream: nats::EVENTS.name,
                seq: said.first_seq + step,
                id: id.as_str(),
                story: if is_echo { id.as_str() } else { said.message.as_str() },
                cause: before.map(EventId::as_str).filter(|_| sample.has_cause),
                sample,
                at: said.at.plus(*after),
                effect: is_echo.then(|| said.effect.as_str()),
            }
        })
    }

    /// A change of the directory by its number, as its row.
    pub(super) fn change<'a>(&'a self, nth: usize, ids: &'a (TenantId, EventId)) -> Row<'a> {
        let (tenant, id) = ids;
        Row {
            tenant: tenant.as_str(),
            stream: nats::DIRECTORY.name,
            seq: nth + 1,
            id: id.as_str(),
            story: id.as_str(),
            cause: None,
            sample: if nth < self.tenants { &self.created } else { &self.published },
            at: self.from,
            effect: None,
        }
    }

    /// The ids of a change: its tenant's, and its own.
    pub(super) fn changed(&self, nth: usize) -> anyhow::Result<(TenantId, EventId)> {
        Ok((self.tenant(nth)?, EventId::derive("directory", "bench", nth)))
    }

    /// Publishes all of it, onto streams that nothing was ever published to.
    pub(super) async fn publish(&self, it: &Installation) -> anyhow::Result<()> {
        let jetstream = jetstream::new(async_nats::connect(it.nats.url()).await?);
        let mut pipe = Pipe::new(&jetstream);
        for nth in 0..self.changes {
            let ids = self.changed(nth)?;
            let (subject, payload) = self.change_told(nth, &ids);
            // The first of each round, whatever it is.
            if nth % self.tenants == 0 {
                check(&subject, &payload)?;
            }
            pipe.publish(subject, payload).await?;
        }
        pipe.end().await?;
        let mut pipe = Pipe::new(&jetstream);
        for nth in 0..self.messages {
            let said = self.said(nth)?;
            for row in self.rows(&said) {
                let (subject, payload) = Self::row_told(&said, &row);
                if nth == 0 {
                    check(&subject, &payload)?;
                }
                pipe.publish(subject, payload).await?;
            }
        }
        pipe.end().await
    }

    /// Where a change is published, and as what.
    fn change_told(&self, nth: usize, ids: &(TenantId, EventId)) -> (String, String) {
        let row = self.change(nth, ids);
        let (version, time) = ((nth / self.tenants).to_string(), row.at.to_string());
        let values = Values {
            id: row.id,
            story: row.story,
            tenant: row.tenant,
            time: &time,
            version: &version,
            ..Values::default()
        };
        let (tenant, _) = ids;
        let subject = if nth < self.tenants {
            of_tenant(tenant).to_string()
        } else {
            directory_of_tenant(tenant).replace('>', &format!("agent.{AGENT}"))
        };
        (subject, row.sample.filled(&values))
    }

    /// Where an event of a message is published, and as what.
    fn row_told(said: &Said, row: &Row<'_>) -> (String, String) {
        let time = row.at.to_string();
        let values = Values {
            id: row.id,
            cause: row.cause.unwrap_or_default(),
            story: row.story,
            tenant: row.tenant,
            thread: said.thread.as_str(),
            time: &time,
            effect: said.effect.as_str(),
            version: "",
        };
        let all = filter_of_tenant(&said.tenant);
        let subject = all.replace('*', &said.partition).replace('>', row.sample.topic);
        (subject, row.sample.filled(&values))
    }

    /// The event that created the tenant of a number.
    pub(super) fn creation(&self, nth: usize) -> anyhow::Result<String> {
        let (tenant, id) = self.changed(nth)?;
        let time = self.from.to_string();
        let (id, tenant) = (id.as_str(), tenant.as_str());
        let values = Values { id, story: id, tenant, time: &time, ..Values::default() };
        Ok(self.created.filled(&values))
    }
}

/// So much of a time as `nth` is of `of`.
fn part(time: Duration, nth: usize, of: usize) -> anyhow::Result<Duration> {
    let millis = time.as_millis() * u128::try_from(nth)? / u128::try_from(of.max(1))?;
    Ok(Duration::from_millis(u64::try_from(millis)?))
}

#[cfg(test)]
mod tests;
