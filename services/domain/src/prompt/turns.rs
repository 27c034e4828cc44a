//! The thread, as far as it fits.

use super::{
    BUDGET_TOKENS_MIN, PromptInput, PromptTurn, Role, Speaker, TURN_TOKENS, Turn, estimate_tokens,
    middle::without_middle,
};

/// Stands where the middle of a long message was.
const CUT: &str = "\n[… the middle of this message is left out …]\n";

/// Stands for a message without words, e.g. only a file: vendors refuse empty turns.
const NO_WORDS: &str = "(no text)";

/// The longest name put before someone's words, in characters.
const NAME_CHARS_MAX: usize = 40;

pub(super) struct Chosen<'a> {
    pub(super) turns: Vec<PromptTurn>,
    /// Oldest first, the newest last.
    pub(super) used: Vec<&'a Turn>,
    pub(super) truncated: bool,
}

/// Takes turns from the newest back until one does not fit.
pub(super) fn choose<'a>(input: &PromptInput<'a>) -> Chosen<'a> {
    let budget = input.budget_tokens.max(BUDGET_TOKENS_MIN);
    let live: Vec<&Turn> = input.history.iter().filter(|turn| !turn.deleted).collect();
    let named = several_people(live.iter().copied().chain([input.newest]));

    let newest = words(input.newest, named);
    let newest = without_middle(&newest, budget.saturating_sub(TURN_TOKENS), |_| CUT.to_owned());
    let mut room = budget.saturating_sub(cost(&newest));
    let mut taken = vec![(input.newest, newest)];
    let mut truncated = false;
    for turn in live.into_iter().rev() {
        let text = words(turn, named);
        match room.checked_sub(cost(&text)) {
            Some(rest) => room = rest,
            None => {
                truncated = true;
                break;
            }
        }
        taken.push((turn, text));
    }

    // Vendors want the talk to start on the user's side: an answer whose question is gone goes too.
    while taken.len() > 1 && taken.last().is_some_and(|(turn, _)| role(turn) == Role::Assistant) {
        taken.pop();
        truncated = true;
    }
    taken.reverse();
    let used = taken.iter().map(|(turn, _)| *turn).collect();
    Chosen { turns: alternate(taken), used, truncated }
}

/// Joins neighbours of one side, since vendors want the sides to alternate.
fn alternate(taken: Vec<(&Turn, String)>) -> Vec<PromptTurn> {
    let last = taken.len().saturating_sub(1);
    let mut turns: Vec<PromptTurn> = Vec::with_capacity(taken.len());
    for (index, (turn, text)) in taken.into_iter().enumerate() {
        // The message to answer is the user's, whatever it claims to be.
        let role = if index == last { Role::User } else { role(turn) };
        match turns.last_mut() {
            Some(before) if before.role == role => {
                before.text.push_str("\n\n");
                before.text.push_str(&text);
            }
            Some(_) | None => turns.push(PromptTurn { role, text }),
        }
    }
    turns
}

fn role(turn: &Turn) -> Role {
    match turn.speaker {
        Speaker::Person { .. } => Role::User,
        Speaker::Agent => Role::Assistant,
    }
}

fn several_people<'a>(turns: impl Iterator<Item = &'a Turn>) -> bool {
    let mut people = turns.filter_map(|turn| match &turn.speaker {
        Speaker::Person { id, .. } => Some(id),
        Speaker::Agent => None,
    });
    let first = people.next();
    people.any(|id| Some(id) != first)
}

/// What is said, with the speaker's name before it where several people talk.
fn words(turn: &Turn, named: bool) -> String {
    let text = if turn.text.trim().is_empty() { NO_WORDS } else { &turn.text };
    match &turn.speaker {
        Speaker::Person { id, name } if named => {
            let name = name.as_deref().map(one_line).filter(|name| !name.is_empty());
            format!("{}: {}", name.unwrap_or_else(|| one_line(id)), text)
        }
        Speaker::Person { .. } | Speaker::Agent => text.to_owned(),
    }
}

/// A name as it can stand before words: people choose their names themselves.
fn one_line(name: &str) -> String {
    let words: Vec<_> = name.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(NAME_CHARS_MAX).collect()
}

/// What a turn with those words takes.
pub(super) fn cost(text: &str) -> u32 {
    estimate_tokens(text).saturating_add(TURN_TOKENS)
}
