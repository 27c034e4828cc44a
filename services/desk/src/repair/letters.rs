//! Finding dead letters, and what was decided of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::letter::{Fact, Group, group};
use runtime::{DeadLetter, Recorded};
use schemas::{Author, TenantId, Timestamp};
use store::{
    changes,
    letters::{self, Decision, Verb},
};

use super::{Repair, RepairError};

/// Letters of one tenant whose decisions are read at one time.
const LETTERS_AT_ONCE: usize = 1_000;

/// Changes of the directory that are shown with a group.
const CHANGES_MAX: usize = 3;

/// Tenants of one group that are asked what was changed in them.
const TENANTS_MAX: usize = 50;

/// Which letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
    /// Of this consumer only.
    pub consumer: Option<String>,
    /// Set aside then or later.
    pub since: Option<Timestamp>,
    /// Set aside then or earlier.
    pub until: Option<Timestamp>,
    /// Also those of which something was decided.
    pub decided: bool,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Names it.
    pub id: String,
    /// As it was kept.
    pub letter: DeadLetter,
    /// Whose it is, where that can be told.
    pub tenant: Option<TenantId>,
    /// What was decided of it.
    pub decision: Option<Decision>,
}

impl Kept {
    fn of(letter: DeadLetter) -> Self {
        Self { id: letter.id(), tenant: letter.whose(), letter, decision: None }
    }

    /// Whether it waits for somebody: also one whose retry may not have reached the log.
    pub fn is_open(&self) -> bool {
        self.decision.as_ref().is_none_or(|it| it.verb != Verb::Discarded && it.published.is_none())
    }
}

/// Letters of one cause, and what was changed before they came.
#[derive(Clone, Debug)]
pub struct GroupOfLetters {
    /// The letters.
    pub group: Group,
    /// The last changes of their tenants' directory before the first of them, the newest first.
    pub before: Vec<Change>,
}

impl GroupOfLetters {
    /// Its letters among those, the oldest first.
    pub fn among<'a>(&self, kept: &'a [Kept]) -> Vec<&'a Kept> {
        let ids: HashSet<&str> = self.group.letters.iter().map(String::as_str).collect();
        kept.iter().filter(|it| ids.contains(it.id.as_str())).collect()
    }
}

/// The letters among these that have one cause, by the key of their group, the oldest first; nothing where
/// there is none.
pub fn of_group(kept: Vec<Kept>, key: &str) -> Option<(Group, Vec<Kept>)> {
    let facts: Vec<_> = kept.iter().map(fact).collect();
    let group = group(&facts).into_iter().find(|it| it.key == key)?;
    let ids: HashSet<String> = group.letters.iter().cloned().collect();
    let kept = kept.into_iter().filter(|it| ids.contains(&it.id)).collect();
    Some((group, kept))
}

/// A change of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub tenant: TenantId,
    /// What happened, e.g. `agent.published`.
    pub kind: String,
    /// To what, e.g. `agent:mara`.
    pub entity: String,
    /// By whom.
    pub by: Author,
    /// When.
    pub at: Timestamp,
}

impl Repair {
    /// The dead letters that are wanted, the oldest first.
    pub async fn kept(&self, wanted: &Wanted) -> Result<Vec<Kept>, RepairError> {
        let mut kept = self.decided(self.set_aside(wanted).await?).await?;
        kept.retain(|it| wanted.decided || it.is_open());
        Ok(kept)
    }

    /// The same whatever was decided, and without that.
    async fn set_aside(&self, wanted: &Wanted) -> Result<Vec<Kept>, RepairError> {
        let mut found = runtime::letters(&self.bus, wanted.consumer.as_deref()).await?;
        // After a crash one may be there twice: the last word counts.
        let mut seen = HashSet::new();
        found.reverse();
        found.retain(|letter| seen.insert(letter.id()));
        found.reverse();
        let is_wanted = |kept: &Kept| {
            let of_tenant = wanted.tenant.is_none() || wanted.tenant == kept.tenant;
            let at = kept.letter.at;
            let is_later = wanted.since.is_none_or(|since| since <= at);
            of_tenant && is_later && wanted.until.is_none_or(|until| at <= until)
        };
        Ok(found.into_iter().map(Kept::of).filter(is_wanted).collect())
    }

    /// These with what was decided of each: a transaction for each tenant.
    async fn decided(&self, mut kept: Vec<Kept>) -> Result<Vec<Kept>, RepairError> {
        let mut of_tenant: BTreeMap<&TenantId, Vec<String>> = BTreeMap::new();
        for it in &kept {
            if let Some(tenant) = &it.tenant {
                of_tenant.entry(tenant).or_default().push(it.id.clone());
            }
        }
        let mut decisions = HashMap::new();
        for (tenant, ids) in of_tenant {
            for ids in ids.chunks(LETTERS_AT_ONCE) {
                let mut tx = self.db.tenant(tenant).await?;
                let found = letters::of_letters(&mut tx, ids).await?;
                tx.commit().await?;
                decisions.extend(found.into_iter().map(|it| (it.letter.clone(), it)));
            }
        }
        for it in &mut kept {
            it.decision = decisions.remove(&it.id);
        }
        Ok(kept)
    }

    /// The letter of that id, or the only one whose event's id begins so.
    pub async fn one(&self, id: &str) -> Result<Kept, RepairError> {
        let all = self.set_aside(&Wanted::default()).await?;
        let found = only(all, id)?;
        let known = self.decided(vec![found]).await?.pop();
        known.ok_or_else(|| no_such(id))
    }

    /// Letters by their causes, each with what was changed before.
    pub async fn groups(&self, kept: &[Kept]) -> Result<Vec<GroupOfLetters>, RepairError> {
        let facts: Vec<_> = kept.iter().map(fact).collect();
        let mut groups = Vec::new();
        for group in group(&facts) {
            let before = self.before(&group).await?;
            groups.push(GroupOfLetters { group, before });
        }
        Ok(groups)
    }

    async fn before(&self, group: &Group) -> Result<Vec<Change>, RepairError> {
        let mut found = Vec::new();
        let limit = u32::try_from(CHANGES_MAX).unwrap_or(u32::MAX);
        for tenant in group.tenants.iter().take(TENANTS_MAX) {
            let mut tx = self.db.tenant(tenant).await?;
            let rows = changes::until(&mut tx, group.first, limit).await?;
            tx.commit().await?;
            found.extend(rows.into_iter().map(|row| Change {
                tenant: tenant.clone(),
                at: row.at(),
                kind: row.kind,
                entity: row.entity,
                by: Author { via: row.author_via, operator: row.author_operator },
            }));
        }
        found.sort_by_key(|it| std::cmp::Reverse(it.at));
        found.truncate(CHANGES_MAX);
        Ok(found)
    }

    /// The event of a letter, as it stands on the log.
    pub async fn original(&self, letter: &DeadLetter) -> Result<Recorded, RepairError> {
        let row = nats::STREAMS.iter().find(|row| row.name == letter.stream);
        let row = row.ok_or_else(|| RepairError::refused("its stream is none of ours"))?;
        let found = self.bus.at(row, letter.sequence).await?;
        found.ok_or_else(|| RepairError::refused("its event is no longer on the log"))
    }
}

fn only(all: Vec<Kept>, id: &str) -> Result<Kept, RepairError> {
    let begins = |it: &Kept| it.letter.event.as_deref().is_some_and(|it| it.starts_with(id));
    let (mut exact, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.id == id);
    if let Some(found) = exact.pop() {
        return Ok(found);
    }
    let mut found: Vec<_> = others.into_iter().filter(begins).collect();
    if 1 < found.len() {
        let ids: Vec<_> = found.iter().map(|it| it.id.as_str()).collect();
        return Err(RepairError::Refused(format!("`{id}` is several: {}", ids.join(", "))));
    }
    found.pop().ok_or_else(|| no_such(id))
}

fn no_such(id: &str) -> RepairError {
    RepairError::NoSuch(format!("there is no dead letter `{id}`"))
}

fn fact(kept: &Kept) -> Fact {
    Fact {
        id: kept.id.clone(),
        tenant: kept.tenant.clone(),
        consumer: kept.letter.consumer.clone(),
        topic: kept.letter.topic().to_owned(),
        reason: kept.letter.reason.clone(),
        at: kept.letter.at,
    }
}
