//! Turns that are kept as tests.

use replay::{KeptTest, KeptTests, RunRow};
use schemas::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::replays::Replay;

/// Tests of an agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedTests {
    /// Those that can be asked, the oldest first.
    pub(crate) items: Vec<SavedTest>,
    /// Those that do not open any more.
    pub(crate) unreadable: Vec<UnreadableTest>,
    /// How the newest run of all tests stands, if there was one in the last 31 days.
    pub(crate) last_run: Option<Replay>,
}

/// A test that cannot be asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnreadableTest {
    /// Which one.
    pub(crate) id: String,
    /// The message.
    pub(crate) message: String,
    /// Why, in words.
    pub(crate) why: String,
    /// Since when it is kept.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) made_at: Timestamp,
}

/// A turn that is kept, with what is expected of an answer to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedTest {
    /// Which one.
    pub(crate) id: String,
    /// The message.
    pub(crate) message: String,
    /// What was asked.
    pub(crate) question: String,
    /// What is expected, in words.
    pub(crate) checks: Vec<String>,
    /// Since when it is kept.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) made_at: Timestamp,
    /// When all tests were run last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) asked_at: Option<Timestamp>,
    /// Of what that was.
    pub(crate) asked_of: Option<String>,
    /// Whether it passed then; nothing where it was not asked.
    pub(crate) passed: Option<bool>,
}

impl SavedTests {
    /// With the newest run of them, as that stands at that time.
    pub(crate) fn of(kept: KeptTests, last: Option<RunRow>, now: Timestamp) -> Self {
        let unreadable = kept.unreadable.into_iter().map(Into::into);
        Self {
            items: kept.tests.into_iter().map(Into::into).collect(),
            unreadable: unreadable.collect(),
            last_run: last.map(|run| Replay::of(run, now)),
        }
    }
}

impl From<replay::UnreadableTest> for UnreadableTest {
    fn from(test: replay::UnreadableTest) -> Self {
        let message = test.message.to_string();
        Self { id: test.id, message, why: test.why, made_at: test.made_at }
    }
}

impl From<KeptTest> for SavedTest {
    fn from(test: KeptTest) -> Self {
        let last = test.last;
        Self {
            id: test.id,
            message: test.message.to_string(),
            question: test.frozen.newest.text,
            checks: test.checks.iter().map(ToString::to_string).collect(),
            made_at: test.made_at,
            asked_at: last.as_ref().map(|it| it.asked_at),
            passed: last.as_ref().and_then(replay::LastResult::has_passed),
            asked_of: last.map(|it| it.candidate),
        }
    }
}
