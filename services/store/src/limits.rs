//! Who has spent how much, and what was decided for each message.
//!
//! The rows of a tenant's limits are locked while a batch is decided, and the spending commits with
//! the verdicts: two workers never spend the same token, and a message that comes again finds its
//! verdict and spends nothing.

mod batch;

use std::collections::HashMap;

use domain::gcra::{self, Level};
use schemas::{ChannelKind, EventId, LimitScope, MessageId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use self::batch::{Group, Known, group};
use crate::{Database, StoreError};

/// A message that asks to pass.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Whose.
    pub tenant: TenantId,
    /// The `message.accepted`.
    pub event: EventId,
    /// Its place on the stream.
    pub seq: u64,
    /// The message.
    pub message: MessageId,
    /// Through which kind of channel.
    pub channel: ChannelKind,
    /// When it was written: a backlog is judged as it came, not as it is worked off.
    pub at: Timestamp,
    /// The tenant's limit, in messages a minute.
    pub per_minute: u32,
    /// Its limit for that kind of channel, where it has one.
    pub channel_per_minute: Option<u32>,
    /// Who would be told; see [`gcra::notice_key`].
    pub person: String,
}

/// What was decided, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may go on to the model.
    Admitted,
    /// The quota is spent.
    Throttled {
        /// Which limit it met.
        limit: LimitScope,
        /// That limit, in messages a minute.
        per_minute: u32,
        /// When the next message will pass.
        retry_at: Timestamp,
        /// Whether this is the one that tells the person.
        tell: bool,
    },
}

/// What to do about one ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Publish this; the same ask gets the same every time.
    Publish(Verdict),
    /// Another envelope brought the message first and publishes its verdict. Nothing to do.
    Settled {
        /// That envelope.
        first: EventId,
    },
}

/// Decides for each ask, in their order. What was decided before is not decided again. `now` is
/// when the verdicts are made, from which their age counts.
pub async fn decide(
    db: &Database,
    asks: &[Ask],
    now: Timestamp,
) -> Result<Vec<Decision>, StoreError> {
    let groups = group(asks);
    let Some(first) = groups.first() else { return Ok(Vec::new()) };
    let mut tx = db.tenant(first.tenant).await?;
    let answers = tx.run(groups.iter().flat_map(Group::read).collect()).await?;

    let mut decisions = vec![None; asks.len()];
    let mut made = Vec::with_capacity(groups.len());
    for (group, answers) in groups.iter().zip(answers.chunks(batch::READS)) {
        let mut known = Known::read(answers)?;
        for (place, ask) in &group.asks {
            let decision = decide_one(ask, &mut known);
            if let Some(slot) = decisions.get_mut(*place) {
                *slot = Some(decision);
            }
        }
        made.push(known.made(group, now)?);
    }
    let writes = groups.iter().zip(&made).filter_map(|(group, made)| made.write(group)).collect();
    tx.run_last(writes).await?;
    decisions.into_iter().map(|d| d.ok_or_else(|| StoreError::row("an ask was left out"))).collect()
}

fn decide_one(ask: &Ask, known: &mut Known) -> Decision {
    if let Some(decided) = known.verdicts.get(&ask.message) {
        if decided.event == ask.event && decided.seq == ask.seq {
            return Decision::Publish(decided.verdict.clone());
        }
        return Decision::Settled { first: decided.event.clone() };
    }
    let tenant = Level { per_minute: ask.per_minute, tat: known.tat(batch::TENANT_SCOPE) };
    let channel = ask
        .channel_per_minute
        .map(|per_minute| Level { per_minute, tat: known.tat(ask.channel.as_str()) });
    let verdict = match gcra::admit_both(tenant, channel, ask.at) {
        gcra::Verdict::Admitted { tenant, channel } => {
            known.spend(batch::TENANT_SCOPE, Some(tenant));
            known.spend(ask.channel.as_str(), channel);
            Verdict::Admitted
        }
        gcra::Verdict::Throttled { limit, per_minute, retry_at } => {
            let tell = known.tell(&ask.person, ask.at, retry_at);
            Verdict::Throttled { limit, per_minute, retry_at, tell }
        }
    };
    known.remember(ask, verdict.clone());
    Decision::Publish(verdict)
}

/// A verdict and the envelope it was made for.
struct Decided {
    event: EventId,
    seq: u64,
    verdict: Verdict,
    /// Made just now, so to be written.
    is_new: bool,
}

type Verdicts = HashMap<MessageId, Decided>;
