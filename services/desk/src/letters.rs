//! Dead letters, for whoever keeps the installation running.

use domain::{
    access::{Permission, Principal},
    letter::Group,
};
use store::letters::Decision;

use crate::{
    Desk, DeskError,
    repair::{GroupOfLetters, Kept, Repair, RepairError, Wanted, of_group},
};

/// Letters that are decided at one time; whoever has more asks again.
pub const LETTERS_MAX: usize = 200;

/// The longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// Letters that are tried at one time, where something is in the way of most.
const TRIED_MAX: usize = 2_000;

/// Which letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// The one of that id.
    One(&'a str),
    /// Those of one cause among the wanted, by the key of their group.
    Group(&'a str, &'a Wanted),
}

/// What becomes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterWish<'a> {
    /// They are handled once more.
    Retry,
    /// Nothing is done about them, for this reason.
    Discard(&'a str),
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LettersDone {
    /// Of how many it was.
    pub done: usize,
    /// Why it was not of others.
    pub refused: Vec<LeftBe>,
    /// How many of the group are left for another time.
    pub left: usize,
}

/// Why a letter is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftBe {
    /// It is of no use, or would answer twice.
    Refused(String),
    /// Somebody decided of it before.
    Decided(Box<Decision>),
}

impl Desk {
    /// The dead letters that are wanted, by their causes.
    pub async fn letters(
        &self,
        by: &Principal,
        wanted: &Wanted,
    ) -> Result<(Vec<GroupOfLetters>, Vec<Kept>), DeskError> {
        by.require_platform(Permission::StreamsRead)?;
        let repair = self.repair();
        let kept = repair.kept(wanted).await?;
        Ok((repair.groups(&kept).await?, kept))
    }

    /// One dead letter, and its event as it stands on the log, words sealed; nothing once that is gone.
    pub async fn letter(
        &self,
        by: &Principal,
        id: &str,
    ) -> Result<(Kept, Option<Vec<u8>>), DeskError> {
        by.require_platform(Permission::StreamsRead)?;
        let repair = self.repair();
        let kept = repair.one(id).await?;
        let original = repair.original(&kept.letter).await;
        let event = match original {
            Ok(original) => Some(original.payload.to_vec()),
            Err(RepairError::Refused(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok((kept, event))
    }

    /// The letters of one cause among the wanted, for whoever is about to decide of all of them.
    pub async fn letters_of(
        &self,
        by: &Principal,
        (key, wanted): (&str, &Wanted),
    ) -> Result<(Group, Vec<Kept>), DeskError> {
        by.require_platform(Permission::LettersDecide)?;
        of_wanted(&self.repair(), key, wanted).await
    }

    /// Decides of letters, the oldest first, until [`LETTERS_MAX`] are done. What was decided before stays
    /// so, and is told.
    pub async fn decide_letters(
        &self,
        by: &Principal,
        which: Which<'_>,
        wish: LetterWish<'_>,
    ) -> Result<LettersDone, DeskError> {
        by.require_platform(Permission::LettersDecide)?;
        if let LetterWish::Discard(reason) = wish
            && let Some(wrong) = wrong(reason)
        {
            return Err(wrong);
        }
        let (repair, author) = (self.repair(), by.author());
        let mut all = match which {
            Which::One(id) => vec![repair.one(id).await?],
            Which::Group(key, wanted) => of_wanted(&repair, key, wanted).await?.1,
        };
        // Nothing can be done about these, so the others come first.
        all.sort_by_key(|it| it.tenant.is_none());
        let mut done = LettersDone::default();
        for letter in all.iter().take(TRIED_MAX) {
            if LETTERS_MAX <= done.done {
                break;
            }
            let decided = match wish {
                LetterWish::Retry => repair.retry(letter, &author).await,
                LetterWish::Discard(reason) => repair.discard(letter, reason, &author).await,
            };
            match decided {
                Ok(_) => done.done += 1,
                Err(RepairError::Refused(why)) => done.refused.push(LeftBe::Refused(why)),
                Err(RepairError::Decided(standing)) => done.refused.push(LeftBe::Decided(standing)),
                Err(error) => return Err(error.into()),
            }
        }
        done.left = all.len().saturating_sub(done.done + done.refused.len());
        Ok(done)
    }
}

async fn of_wanted(
    repair: &Repair,
    key: &str,
    wanted: &Wanted,
) -> Result<(Group, Vec<Kept>), DeskError> {
    let kept = repair.kept(wanted).await?;
    of_group(kept, key).ok_or(DeskError::NotFound)
}

/// What is wrong with why letters are left as they are.
fn wrong(reason: &str) -> Option<DeskError> {
    if reason.trim().is_empty() {
        return Some(DeskError::field("reason", "is empty"));
    }
    let is_long = REASON_CHARS_MAX < reason.chars().count();
    let problem = || format!("is longer than {REASON_CHARS_MAX} characters");
    is_long.then(|| DeskError::field("reason", problem()))
}
