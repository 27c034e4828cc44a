//! Kept turns that hold a person's words: their own, and those whose history they are in.

use domain::{erasure::Stories, replay::Frozen, seal::Sealing};
use schemas::{MessageId, TenantId, Text};
use store::{Database, replays};

use crate::{ReplayError, case::opened};

/// Whose words are looked for, and with what kept turns are opened.
pub struct Held<'a> {
    /// Where they are kept.
    pub db: &'a Database,
    /// What they are sealed with.
    pub sealing: &'a Sealing,
    /// Whose.
    pub tenant: &'a TenantId,
    /// The person.
    pub person: &'a str,
    /// Their messages.
    pub stories: &'a Stories,
}

/// What holds words of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Turns of runs: the run and the place there.
    pub cases: Vec<(String, i32)>,
    /// Tests, by their names.
    pub tests: Vec<String>,
}

impl Held<'_> {
    /// All of it. A turn that does not open is nobody's to read, and is left.
    pub async fn find(&self) -> Result<Found, ReplayError> {
        let mut tx = self.db.tenant(self.tenant).await?;
        let mut found = Found::default();
        let (mut run, mut place) = (String::new(), 0);
        loop {
            let some = replays::held_cases(&mut tx, (run.as_str(), place)).await?;
            let Some(last) = some.last() else { break };
            (run, place) = (last.run.clone(), last.place);
            let theirs = some.into_iter().filter(|it| self.is_theirs(&it.message, &it.frozen));
            found.cases.extend(theirs.map(|it| (it.run, it.place)));
        }
        let mut after = String::new();
        loop {
            let some = replays::held_tests(&mut tx, &after).await?;
            let Some(last) = some.last() else { break };
            after.clone_from(&last.id);
            let theirs = some.into_iter().filter(|it| self.is_theirs(&it.message, &it.frozen));
            found.tests.extend(theirs.map(|it| it.id));
        }
        Ok(found)
    }

    /// Erases it: of a run it is known that there was a turn, tests go.
    pub async fn erase(&self, found: &Found) -> Result<(), ReplayError> {
        let mut tx = self.db.tenant(self.tenant).await?;
        for (run, place) in &found.cases {
            replays::erase_case(&mut tx, (run.as_str(), *place)).await?;
        }
        for test in &found.tests {
            replays::forget(&mut tx, None, test).await?;
        }
        Ok(tx.commit().await?)
    }

    fn is_theirs(&self, message: &MessageId, frozen: &Text) -> bool {
        let frozen: Option<Frozen> = opened(self.sealing, self.tenant, message, frozen);
        frozen.is_some_and(|it| self.stories.are_in(self.person, &it))
    }
}
