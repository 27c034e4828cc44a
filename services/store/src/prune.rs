//! Deletes what nobody asks for any more, a bounded piece at a time. What is not finished stays,
//! however old: a reply without its end, an effect in doubt, and the story of both.
//!
//! A rule that fails keeps no other from being followed.

mod rules;

use std::fmt;

use schemas::Timestamp;

use self::rules::{RULES, Rule};
pub(crate) use self::rules::{STORY_KEPT, old_message};
use crate::{Platform, PlatformTx, Purpose, StoreError, accounts, generation};

/// Rows of one table in one transaction.
const ROWS_MAX: i64 = 5_000;

const AUDIT: &str = "select forget_unattended_audit()";

/// How many rows went, or were ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Keys of deliveries and messages.
    pub dedup: u64,
    /// Verdicts of the rate limit.
    pub verdicts: u64,
    /// Word that people were told.
    pub notices: u64,
    /// Replies, each with its effects.
    pub replies: u64,
    /// Outcomes of messages.
    pub completions: u64,
    /// Calls to models.
    pub attempts: u64,
    /// Rounds of tools, each with its calls.
    pub tools: u64,
    /// Threads that a person had.
    pub pauses: u64,
    /// Turns of replays.
    pub replay_turns: u64,
    /// Replays.
    pub replays: u64,
    /// What threads remembered.
    pub turns: u64,
    /// Messages of the read model.
    pub messages: u64,
    /// Threads of the read model.
    pub conversations: u64,
    /// Hand-offs of threads of the read model that go on; they are ended.
    pub handed_off: u64,
    /// Stories of messages.
    pub events: u64,
    /// Calls to models that nobody recorded the outcome of; they are settled.
    pub reservations: u64,
    /// Sums of budgets.
    pub spend: u64,
    /// Changes of what trials and programs used; they are in the sums of days.
    pub trials: u64,
    /// Decisions on dead letters.
    pub letters: u64,
    /// Names of what was erased.
    pub erased: u64,
    /// Tenants that have none of them left.
    pub erased_places: u64,
    /// What other generations of the read models had of them.
    pub generations: u64,
    /// Sessions and links of operators, and tries to sign in.
    pub accounts: u64,
}

impl Pruned {
    /// All of them.
    pub fn total(mut self) -> u64 {
        RULES.iter().map(|rule| *(rule.count)(&mut self)).sum::<u64>()
            + self.generations
            + self.accounts
    }
}

/// Some of it could not be done; the rest was.
#[derive(Debug)]
pub struct Unpruned {
    /// What went all the same.
    pub pruned: Box<Pruned>,
    /// The rules that failed, by what they take, and why.
    pub failed: Vec<(&'static str, StoreError)>,
}

impl fmt::Display for Unpruned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed: Vec<_> = self.failed.iter().map(|(it, why)| format!("{it}: {why}")).collect();
        write!(f, "{}; of the rest, {} rows went", failed.join("; "), self.pruned.total())
    }
}

impl std::error::Error for Unpruned {}

/// Deletes what is old at `now`. Safe to run anywhere, at any time, by several at once. What fails is
/// told once everything else was tried, unless the database is away.
pub async fn prune(platform: &Platform, actor: &str, now: Timestamp) -> Result<Pruned, Unpruned> {
    let mut pruned = Pruned::default();
    let mut failed = Vec::new();
    if let Err(error) = forget_audit(platform, actor).await {
        failed.push(("audit", error));
    }
    for rule in &RULES {
        if is_away(&failed) {
            return Err(Unpruned { pruned: Box::new(pruned), failed });
        }
        let count = (rule.count)(&mut pruned);
        if let Err(error) = follow(platform, actor, rule, now, count).await {
            failed.push((rule.name, error));
        }
    }
    let (gone, errors) = generation::prune(platform, actor, now).await;
    pruned.generations = gone;
    failed.extend(errors.into_iter().map(|error| ("generations", error)));
    let (gone, errors) = accounts::prune::prune(platform, now).await;
    pruned.accounts = gone;
    failed.extend(errors.into_iter().map(|error| ("accounts", error)));
    if failed.is_empty() {
        return Ok(pruned);
    }
    Err(Unpruned { pruned: Box::new(pruned), failed })
}

/// Each rule would wait for a connection in vain.
fn is_away(failed: &[(&'static str, StoreError)]) -> bool {
    failed.iter().any(|(_, error)| matches!(error, StoreError::Unavailable(_)))
}

async fn forget_audit(platform: &Platform, actor: &str) -> Result<(), StoreError> {
    let mut tx = platform.begin(Purpose::Prune, actor).await?;
    tx.query(AUDIT, &[]).await?;
    tx.commit().await
}

/// Piece by piece, and counts each once it is gone.
async fn follow(
    platform: &Platform,
    actor: &str,
    rule: &Rule,
    now: Timestamp,
    count: &mut u64,
) -> Result<(), StoreError> {
    loop {
        let mut tx = platform.begin(Purpose::Prune, actor).await?;
        let gone = piece(&mut tx, rule, now).await?;
        tx.commit().await?;
        *count += gone;
        if gone < ROWS_MAX.unsigned_abs() {
            return Ok(());
        }
    }
}

async fn piece(tx: &mut PlatformTx, rule: &Rule, now: Timestamp) -> Result<u64, StoreError> {
    let before = now.minus(rule.kept).as_millis();
    tx.execute(rule.sql, &[&before, &ROWS_MAX]).await
}
