//! Dead letters, for whoever keeps the installation running.

use domain::access::{Permission, Principal};

use crate::{
    Desk, DeskError,
    repair::{GroupOfLetters, Kept, RepairError, Wanted},
};

/// Letters that are decided at one time; whoever has more asks again.
pub const LETTERS_MAX: usize = 200;

/// Which letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// The one of that id.
    One(&'a str),
    /// Those of one cause of which nothing was decided, by the key of their group.
    Group(&'a str),
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
    pub refused: Vec<String>,
    /// How many of the group are left for another time.
    pub left: usize,
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

    /// Decides of letters. What was decided before stays so, and is told.
    pub async fn decide_letters(
        &self,
        by: &Principal,
        which: Which<'_>,
        wish: LetterWish<'_>,
    ) -> Result<LettersDone, DeskError> {
        by.require_platform(Permission::LettersDecide)?;
        if let LetterWish::Discard(reason) = wish
            && reason.trim().is_empty()
        {
            return Err(DeskError::field("reason", "is empty"));
        }
        let (repair, author) = (self.repair(), by.author());
        let all = match which {
            Which::One(id) => vec![repair.one(id).await?],
            Which::Group(key) => {
                let kept = repair.kept(&Wanted::default()).await?;
                let groups = repair.groups(&kept).await?;
                let group = groups.into_iter().find(|it| it.group.key == key);
                let group = group.ok_or(DeskError::NotFound)?;
                group.among(&kept).into_iter().cloned().collect()
            }
        };
        let left = all.len().saturating_sub(LETTERS_MAX);
        let mut done = LettersDone { left, ..LettersDone::default() };
        for letter in all.iter().take(LETTERS_MAX) {
            let decided = match wish {
                LetterWish::Retry => repair.retry(letter, &author).await,
                LetterWish::Discard(reason) => repair.discard(letter, reason, &author).await,
            };
            match decided {
                Ok(_) => done.done += 1,
                Err(RepairError::Refused(why)) => done.refused.push(why),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(done)
    }
}
