//! One reply to each message: what to do next, from what is known.
//!
//! A placeholder goes out when the message is admitted, and the answer takes its place; what is for one
//! person's eyes only does not, since a placeholder is there for all. Both are decided elsewhere and
//! arrive in any order, late, or twice. The shell keeps one locked row per
//! reply, loads it into a [`ReplyState`], asks [`next`], does the first thing it says, writes down
//! what came of it, and asks again.
//!
//! **Invariant:** no placeholder is posted once there is a verdict, and none stays behind one.

use schemas::event::ReplyKind;

use crate::effect::EffectState;

/// What is known of a reply. An effect is `None` until it is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyState {
    /// What the person is to get, once that is decided.
    pub verdict: Option<Verdict>,
    /// "Thinking…"
    pub placeholder: Option<EffectState>,
    /// Whether the bounded wait for the placeholder's timestamp is over.
    pub waited_out: bool,
    /// The placeholder becoming the first part; repeatable.
    pub update: Option<EffectState>,
    /// The parts posted as messages of their own, by index. The first stays `None` while it takes
    /// the placeholder's place.
    pub posts: Vec<Option<EffectState>>,
    /// The placeholder being taken away; repeatable.
    pub delete: Option<EffectState>,
    /// The word to whoever takes over, in a channel of theirs.
    pub note: Option<EffectState>,
}

/// What the person is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A reply of so many parts, at least one.
    Reply {
        /// An answer, or what there is in its place.
        kind: ReplyKind,
        /// How many messages it takes.
        parts: usize,
    },
    /// Nothing, e.g. the tenant is suspended.
    Nothing,
}

impl Verdict {
    /// What kind of reply it is, if it is one.
    pub const fn kind(self) -> Option<ReplyKind> {
        match self {
            Verdict::Reply { kind, .. } => Some(kind),
            Verdict::Nothing => None,
        }
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Post the placeholder in the thread.
    PostPlaceholder,
    /// Tell whoever takes over.
    Note,
    /// Put the first part in the placeholder's place.
    Update {
        /// The placeholder's timestamp.
        ts: String,
    },
    /// Post a part in the thread.
    Post {
        /// Its index.
        part: usize,
    },
    /// Take the placeholder away.
    Delete {
        /// Its timestamp.
        ts: String,
    },
    /// Ask again when something is known of what is in flight, or when the wait is over.
    Wait,
    /// Everything is there: say so.
    Delivered,
    /// Something is in doubt: say so, and go on when an echo or an operator settles it.
    Uncertain {
        /// What is in doubt.
        of: Slot,
        /// What the chat system said, or did not.
        detail: String,
    },
    /// The person cannot be told: say so.
    Failed {
        /// The chat system's code.
        code: String,
    },
    /// There was nothing to tell, and nothing is left behind.
    Closed,
}

/// What a reply is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A part, by its index.
    Part(usize),
    /// The word to whoever takes over.
    Note,
}

impl ReplyState {
    /// A reply nothing is known of yet.
    pub fn new() -> Self {
        Self {
            verdict: None,
            placeholder: None,
            waited_out: false,
            update: None,
            posts: Vec::new(),
            delete: None,
            note: None,
        }
    }

    /// Where part `index` stands: in the placeholder's place, or as a message of its own.
    pub fn part(&self, index: usize) -> Option<&EffectState> {
        let posted = self.posts.get(index).and_then(Option::as_ref);
        posted.or_else(|| self.update.as_ref().filter(|_| index == 0))
    }
}

impl Default for ReplyState {
    fn default() -> Self {
        Self::new()
    }
}

/// What to do, in this order. Do the first, and go on to the next only if it worked.
/// Empty: nothing until something happens.
pub fn next(state: &ReplyState) -> Vec<Step> {
    match state.verdict {
        None => match state.placeholder {
            None | Some(EffectState::Planned) => vec![Step::PostPlaceholder],
            Some(
                EffectState::Sending
                | EffectState::Sent { .. }
                | EffectState::Failed { .. }
                | EffectState::Uncertain { .. },
            ) => Vec::new(),
        },
        Some(Verdict::Nothing) => nothing(state),
        Some(Verdict::Reply { kind: ReplyKind::HandOff, parts }) => hand_off(state, parts.max(1)),
        Some(Verdict::Reply { kind, parts }) => reply(state, kind, parts.max(1)),
    }
}

fn nothing(state: &ReplyState) -> Vec<Step> {
    match &state.placeholder {
        Some(EffectState::Sending | EffectState::Uncertain { .. }) if !state.waited_out => {
            vec![Step::Wait]
        }
        Some(EffectState::Sent { .. }) if matches!(state.delete, Some(EffectState::Sending)) => {
            vec![Step::Wait]
        }
        None
        | Some(
            EffectState::Planned
            | EffectState::Sending
            | EffectState::Sent { .. }
            | EffectState::Failed { .. }
            | EffectState::Uncertain { .. },
        ) => vec![take_away(state).unwrap_or(Step::Closed)],
    }
}

/// Whoever takes over is told first: what the person reads depends on whether that worked.
fn hand_off(state: &ReplyState, parts: usize) -> Vec<Step> {
    match &state.note {
        None | Some(EffectState::Planned) => vec![Step::Note],
        Some(EffectState::Sending) => vec![Step::Wait],
        Some(EffectState::Uncertain { .. }) if !state.waited_out => vec![Step::Wait],
        Some(EffectState::Sent { .. } | EffectState::Failed { .. }) => {
            reply(state, ReplyKind::HandOff, parts)
        }
        Some(EffectState::Uncertain { detail }) => {
            let doubt = Step::Uncertain { of: Slot::Note, detail: detail.clone() };
            let steps = reply(state, ReplyKind::HandOff, parts).into_iter();
            steps.map(|step| if step == Step::Delivered { doubt.clone() } else { step }).collect()
        }
    }
}

fn reply(state: &ReplyState, kind: ReplyKind, parts: usize) -> Vec<Step> {
    let first = first(state, kind);
    let (first_effect, first_step) = match first {
        First::NotKnownYet => return vec![Step::Wait],
        First::InPlace { ts } => (state.update.as_ref(), Step::Update { ts: ts.to_owned() }),
        First::Posted => (post(state, 0), Step::Post { part: 0 }),
    };
    let rest = (1..parts).map(|part| (post(state, part), Step::Post { part }));
    let (mut steps, end) = send_all(std::iter::once((first_effect, first_step)).chain(rest));
    if matches!(first, First::Posted) {
        // Beside an answer posted on its own, a placeholder is a stray.
        steps.extend(take_away(state));
    }
    steps.extend(end);
    steps
}

/// How the first part reaches the person.
#[derive(Clone, Copy)]
enum First<'a> {
    InPlace { ts: &'a str },
    Posted,
    NotKnownYet,
}

fn first(state: &ReplyState, kind: ReplyKind) -> First<'_> {
    if post(state, 0).is_some() {
        return First::Posted;
    }
    if matches!(state.update, Some(EffectState::Failed { .. })) {
        // The placeholder is gone, or may not be changed any more.
        return First::Posted;
    }
    match &state.placeholder {
        // For their eyes only: in the placeholder's place everybody would read it.
        Some(EffectState::Sent { .. }) if kind.is_for_one() => First::Posted,
        Some(EffectState::Sent { ts }) => First::InPlace { ts },
        // It may appear at any moment: an update in its place is worth a short wait.
        Some(EffectState::Sending | EffectState::Uncertain { .. }) if !state.waited_out => {
            First::NotKnownYet
        }
        None
        | Some(
            EffectState::Planned
            | EffectState::Sending
            | EffectState::Failed { .. }
            | EffectState::Uncertain { .. },
        ) => First::Posted,
    }
}

/// What is left to send, and how it ends where nothing is. A part in doubt does not hold up the
/// next, since the person may have it; a refused one does, since the next would be refused too.
fn send_all<'a>(
    parts: impl Iterator<Item = (Option<&'a EffectState>, Step)>,
) -> (Vec<Step>, Option<Step>) {
    let mut steps = Vec::new();
    let mut doubt = None;
    for (part, (effect, step)) in parts.enumerate() {
        match effect {
            None | Some(EffectState::Planned) => steps.push(step),
            Some(EffectState::Sending) => {
                steps.push(Step::Wait);
                return (steps, None);
            }
            Some(EffectState::Sent { .. }) => {}
            Some(EffectState::Failed { code }) => {
                return (Vec::new(), Some(Step::Failed { code: code.clone() }));
            }
            Some(EffectState::Uncertain { detail }) => {
                let detail = detail.clone();
                doubt.get_or_insert(Step::Uncertain { of: Slot::Part(part), detail });
            }
        }
    }
    let end = steps.is_empty().then(|| doubt.unwrap_or(Step::Delivered));
    (steps, end)
}

/// A placeholder that stands there and that nothing took away yet. One that may not be deleted
/// stays: the attempt was made.
fn take_away(state: &ReplyState) -> Option<Step> {
    let Some(EffectState::Sent { ts }) = &state.placeholder else {
        return None;
    };
    match state.delete {
        None | Some(EffectState::Planned) => Some(Step::Delete { ts: ts.clone() }),
        Some(
            EffectState::Sending
            | EffectState::Sent { .. }
            | EffectState::Failed { .. }
            | EffectState::Uncertain { .. },
        ) => None,
    }
}

fn post(state: &ReplyState, part: usize) -> Option<&EffectState> {
    state.posts.get(part).and_then(Option::as_ref)
}

#[cfg(test)]
mod tests;
