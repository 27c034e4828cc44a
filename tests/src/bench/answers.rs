//! When answers became visible in Slack.

use std::{collections::HashMap, time::Instant};

use konstruct_tests::fake_slack::World;

/// Every method a service calls; the fake counts calls by them.
const METHODS: [&str; 6] = [
    "chat.postMessage",
    "chat.update",
    "chat.delete",
    "chat.postEphemeral",
    "conversations.replies",
    "auth.test",
];

/// What the fake vendors say begins so, after what Slack's format puts before it.
const ANSWER: &str = "echo: ";

type Room = (String, String);

/// Looks only at the rooms in which something happened since the last look: all of them would
/// take longer the more there are.
pub(crate) struct Answers {
    calls_seen: u64,
    rooms: HashMap<Room, Vec<Instant>>,
    total: usize,
}

impl Answers {
    /// Those from now on. Rooms must be new.
    pub(crate) fn from_now(world: &World) -> Self {
        Self { calls_seen: calls(world), rooms: HashMap::new(), total: 0 }
    }

    /// How many there are now.
    pub(crate) fn look(&mut self, world: &World) -> usize {
        let (now, calls) = (Instant::now(), calls(world));
        let fresh = usize::try_from(calls - self.calls_seen).unwrap_or(usize::MAX);
        self.calls_seen = calls;
        let kept = world.calls().size_hint().0;
        for called in world.calls().skip(kept.saturating_sub(fresh)) {
            let room = (called.team.clone(), called.channel.clone());
            let visible = world
                .room(&room.0, &room.1)
                .filter(|it| it.bot_id.is_some() && it.is_visible() && it.text.contains(ANSWER));
            let visible = visible.count();
            let seen = self.rooms.entry(room).or_default();
            while seen.len() < visible {
                seen.push(now);
                self.total += 1;
            }
        }
        self.total
    }

    /// When the first answer was seen in a room.
    pub(crate) fn first_in(&self, team: &str, channel: &str) -> Option<Instant> {
        self.rooms.get(&(team.to_owned(), channel.to_owned()))?.first().copied()
    }

    /// When the last one of all was seen.
    pub(crate) fn last(&self) -> Option<Instant> {
        self.rooms.values().filter_map(|seen| seen.last()).max().copied()
    }

    pub(crate) fn total(&self) -> usize {
        self.total
    }
}

/// How often a service has called Slack.
pub(crate) fn calls(world: &World) -> u64 {
    METHODS.iter().map(|method| world.count(method)).sum()
}
