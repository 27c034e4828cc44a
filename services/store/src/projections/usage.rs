//! What was used, by day, agent, version and model: sums that events add to, each once.

use std::collections::BTreeMap;

use domain::{
    day::Day,
    latency::{BUCKETS, bucket},
};
use schemas::{AgentId, MessageId};
use serde::{Deserialize, Serialize};

use super::Changes;

/// Adds to the sums of a tenant. A reply in doubt does not say who answered: its message does. A
/// statement changes no row twice, so what is alike is added up first.
pub(super) const USAGE: &str = r#"
    with told as (
        select u.*, coalesce(u.agent, m.agent_id, '') collate "C" as agent_id,
               coalesce(u.version, m.agent_version, 0) as agent_version,
               coalesce(u.by_model, m.model, '') collate "C" as model
          from jsonb_to_recordset($2) as u(
                   day int, message text collate "C", agent text collate "C", version int,
                   by_model text, messages bigint, answered bigint, failed bigint,
                   throttled bigint, uncertain bigint, unpriced bigint, input_tokens bigint,
                   output_tokens bigint, cost_micros bigint, latency_ms_sum bigint,
                   latency_buckets bigint[])
          left join p_message m on m.tenant_id = $1 and m.message_id = u.message
    ), month as (
        insert into p_month as was (tenant_id, month, messages, answered, failed, throttled,
                                    uncertain, unpriced, input_tokens, output_tokens, cost_micros)
        select $1, day / 100, sum(messages), sum(answered), sum(failed), sum(throttled),
               sum(uncertain), sum(unpriced), sum(input_tokens), sum(output_tokens),
               sum(cost_micros)
          from told group by day / 100
        on conflict (tenant_id, month) do update set
            messages = was.messages + excluded.messages,
            answered = was.answered + excluded.answered,
            failed = was.failed + excluded.failed,
            throttled = was.throttled + excluded.throttled,
            uncertain = was.uncertain + excluded.uncertain,
            unpriced = was.unpriced + excluded.unpriced,
            input_tokens = was.input_tokens + excluded.input_tokens,
            output_tokens = was.output_tokens + excluded.output_tokens,
            cost_micros = was.cost_micros + excluded.cost_micros
    )
    insert into p_usage as was (tenant_id, day, agent_id, agent_version, model, messages, answered,
                                failed, throttled, uncertain, unpriced, input_tokens,
                                output_tokens, cost_micros, latency_ms_sum, latency_buckets)
    select $1, day, agent_id, agent_version, model, sum(messages), sum(answered), sum(failed),
           sum(throttled), sum(uncertain), sum(unpriced), sum(input_tokens), sum(output_tokens),
           sum(cost_micros), sum(latency_ms_sum), buckets_sum(latency_buckets)
      from told group by day, agent_id, agent_version, model
    on conflict (tenant_id, day, agent_id, agent_version, model) do update set
        messages = was.messages + excluded.messages,
        answered = was.answered + excluded.answered,
        failed = was.failed + excluded.failed,
        throttled = was.throttled + excluded.throttled,
        uncertain = was.uncertain + excluded.uncertain,
        unpriced = was.unpriced + excluded.unpriced,
        input_tokens = was.input_tokens + excluded.input_tokens,
        output_tokens = was.output_tokens + excluded.output_tokens,
        cost_micros = was.cost_micros + excluded.cost_micros,
        latency_ms_sum = was.latency_ms_sum + excluded.latency_ms_sum,
        latency_buckets = sum_of_buckets(was.latency_buckets, excluded.latency_buckets)"#;

/// Adds to the sums of the installation; the model is the one that the event names.
pub(super) const DAYS: &str = "
    insert into p_day as was (day, model, messages, answered, failed, throttled, uncertain,
                              unpriced, input_tokens, output_tokens, cost_micros, latency_ms_sum,
                              latency_buckets)
    select day, coalesce(by_model, ''), messages, answered, failed, throttled, uncertain, unpriced,
           input_tokens, output_tokens, cost_micros, latency_ms_sum, latency_buckets
      from jsonb_to_recordset($1) as u(
               day int, by_model text, messages bigint, answered bigint, failed bigint,
               throttled bigint, uncertain bigint, unpriced bigint, input_tokens bigint,
               output_tokens bigint, cost_micros bigint, latency_ms_sum bigint,
               latency_buckets bigint[])
    on conflict (day, model) do update set
        messages = was.messages + excluded.messages,
        answered = was.answered + excluded.answered,
        failed = was.failed + excluded.failed,
        throttled = was.throttled + excluded.throttled,
        uncertain = was.uncertain + excluded.uncertain,
        unpriced = was.unpriced + excluded.unpriced,
        input_tokens = was.input_tokens + excluded.input_tokens,
        output_tokens = was.output_tokens + excluded.output_tokens,
        cost_micros = was.cost_micros + excluded.cost_micros,
        latency_ms_sum = was.latency_ms_sum + excluded.latency_ms_sum,
        latency_buckets = sum_of_buckets(was.latency_buckets, excluded.latency_buckets)";

/// What was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Messages of which it was decided what comes of them: answered, failed or throttled.
    pub messages: u64,
    /// Messages that a model answered.
    pub answered: u64,
    /// Messages without an answer, and answers that nobody could be given.
    pub failed: u64,
    /// Messages over a limit.
    pub throttled: u64,
    /// How often it was not known whether a reply arrived; most of these are settled later.
    pub uncertain: u64,
    /// Messages whose cost is not known, or not of every call; it is not in the sum. Of trials and
    /// programs, calls.
    pub unpriced: u64,
    /// Tokens of prompts.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// What it cost, in millionths of a dollar.
    pub cost_micros: u64,
}

impl Counts {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages.saturating_add(other.messages),
            answered: self.answered.saturating_add(other.answered),
            failed: self.failed.saturating_add(other.failed),
            throttled: self.throttled.saturating_add(other.throttled),
            uncertain: self.uncertain.saturating_add(other.uncertain),
            unpriced: self.unpriced.saturating_add(other.unpriced),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost_micros: self.cost_micros.saturating_add(other.cost_micros),
        }
    }
}

/// Under what something is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Under {
    /// The day.
    pub day: Day,
    /// The message that says who answered, where the event does not.
    pub message: Option<MessageId>,
    /// Who answered.
    pub agent: Option<AgentId>,
    /// With which version.
    pub version: Option<u32>,
    /// The model that answered.
    pub by_model: Option<String>,
}

/// What one event adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The place of the event.
    pub seq: u64,
    /// Where it is counted.
    pub under: Under,
    /// What it adds.
    pub counts: Counts,
    /// How long the answer took, in milliseconds.
    pub latency_ms: Option<u64>,
}

#[derive(Default, Serialize)]
struct Added {
    #[serde(flatten)]
    counts: Counts,
    latency_ms_sum: u64,
    latency_buckets: Vec<u64>,
}

impl Added {
    fn add(&mut self, row: &UsageRow) {
        self.counts = self.counts.plus(row.counts);
        self.latency_buckets.resize(BUCKETS, 0);
        let Some(latency_ms) = row.latency_ms else { return };
        self.latency_ms_sum = self.latency_ms_sum.saturating_add(latency_ms);
        if let Some(count) = self.latency_buckets.get_mut(bucket(latency_ms)) {
            *count += 1;
        }
    }
}

/// A row for [`USAGE`] and [`DAYS`].
#[derive(Serialize)]
pub(super) struct SumRow {
    #[serde(flatten)]
    under: Under,
    #[serde(flatten)]
    sum: Added,
}

/// What the new ones of these add up to.
pub(super) fn sums<'a>(rows: impl Iterator<Item = &'a UsageRow>) -> Vec<SumRow> {
    summed(rows.map(|row| (row.under.clone(), row)))
}

/// The same for the installation: by day and model.
pub(super) fn sums_of_days<'a>(rows: impl Iterator<Item = &'a UsageRow>) -> Vec<SumRow> {
    summed(rows.map(|row| {
        let under =
            Under { day: row.under.day, by_model: row.under.by_model.clone(), ..Under::default() };
        (under, row)
    }))
}

fn summed<'a>(rows: impl Iterator<Item = (Under, &'a UsageRow)>) -> Vec<SumRow> {
    let mut sums = BTreeMap::<Under, Added>::new();
    for (under, row) in rows {
        sums.entry(under).or_default().add(row);
    }
    sums.into_iter().map(|(under, sum)| SumRow { under, sum }).collect()
}

impl Changes {
    /// What its events add, without those that were there already.
    pub(super) fn used<'a>(
        &'a self,
        again: &'a std::collections::BTreeSet<u64>,
    ) -> impl Iterator<Item = &'a UsageRow> {
        self.usage.iter().filter(|row| !again.contains(&row.seq))
    }
}
