//! What the fake Slack remembers: teams by token, messages by room, and every call made.

use std::{
    collections::{BTreeMap, HashMap},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::{Act, Fault};

/// The app that every employee belongs to.
pub const APP: &str = "A0KONSTRUCT";

/// The `metadata.event_type` under which Konstruct names its effects.
pub const EFFECT_EVENT: &str = "konstruct_reply";

/// How many messages are kept; more are refused, as Slack refuses them in a full workspace.
const MESSAGES_MAX: usize = 1_000_000;

/// How many calls are kept, the latest; the counts go on.
const CALLS_MAX: usize = 20_000;

/// A workspace in which the app is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// `T…`
    pub id: String,
    /// `U…`, the employee.
    pub bot_user: String,
    /// `B…`, the employee as a bot.
    pub bot_id: String,
}

impl Team {
    /// A workspace and the user the employee has in it.
    pub fn new(id: &str, bot_user: &str) -> Self {
        let bot_id = format!("B{}", bot_user.get(1..).unwrap_or("0"));
        Self { id: id.to_owned(), bot_user: bot_user.to_owned(), bot_id }
    }
}

/// A message, as it stands now, with all it has been.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Posted {
    /// The workspace whose token posted it.
    pub team: String,
    /// The channel.
    pub channel: String,
    /// Its timestamp: unique, rising.
    pub ts: String,
    /// The thread it stands in; nothing for a root.
    pub thread: Option<String>,
    /// Who wrote it.
    pub user: String,
    /// Set on what a bot wrote.
    pub bot_id: Option<String>,
    /// What it says.
    pub text: String,
    /// What it shows in place of the text, where it has blocks.
    pub blocks: Option<Value>,
    /// What it said before, oldest first.
    pub history: Vec<String>,
    /// As it came.
    pub metadata: Option<Value>,
    /// Every effect id it was posted or updated with, oldest first.
    pub effects: Vec<String>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The only person who sees it.
    pub only_for: Option<String>,
    /// The number of its latest change, among all changes of the fake.
    pub change: u64,
}

impl Posted {
    /// Whether everybody in the room sees it.
    pub fn is_visible(&self) -> bool {
        !self.deleted && self.only_for.is_none()
    }

    /// The first message of its thread.
    pub fn root(&self) -> &str {
        self.thread.as_deref().unwrap_or(&self.ts)
    }

    /// The small line below it.
    pub fn signature(&self) -> Option<&str> {
        let last = self.blocks.as_ref()?.as_array()?.last()?;
        let is_context = last.get("type").and_then(Value::as_str) == Some("context");
        last.pointer("/elements/0/text").and_then(Value::as_str).filter(|_| is_context)
    }

    /// What it says, without that line.
    pub fn said(&self) -> &str {
        let unsigned = self.signature().and_then(|line| self.text.strip_suffix(line));
        unsigned.map_or(self.text.as_str(), str::trim_end)
    }

    pub(super) fn note_effect(&mut self, metadata: Option<&Value>) {
        let Some(metadata) = metadata else { return };
        self.metadata = Some(metadata.clone());
        if metadata.get("event_type").and_then(Value::as_str) == Some(EFFECT_EVENT) {
            let effect = metadata.pointer("/event_payload/effect").and_then(Value::as_str);
            self.effects.extend(effect.map(str::to_owned));
        }
    }
}

/// One call to the Web API and what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Called {
    /// E.g. `chat.postMessage`.
    pub method: String,
    /// Whose token.
    pub team: String,
    /// Which channel, where one was named.
    pub channel: String,
    /// `ok`, an error code, or the fault that struck.
    pub outcome: String,
}

/// Everything the fake knows.
#[derive(Debug, Default)]
pub struct World {
    pub(super) teams: HashMap<String, Team>,
    /// Workspaces that were met, by their ids; installed or not.
    met: BTreeMap<String, Team>,
    /// Whether only installed tokens are believed.
    pub(super) strict: bool,
    pub(super) rooms: BTreeMap<(String, String), Vec<Posted>>,
    pub(super) faults: Vec<Fault>,
    pub(super) page_max: Option<usize>,
    changes: u64,
    calls: std::collections::VecDeque<Called>,
    counts: BTreeMap<String, u64>,
    stored: usize,
    last_us: u64,
}

impl World {
    /// Everything in one thread, people's messages too, in their order.
    pub fn thread(&self, team: &str, channel: &str, thread: &str) -> Vec<&Posted> {
        self.room(team, channel).filter(|posted| posted.root() == thread).collect()
    }

    /// What the employee said in one thread and is there to be seen.
    pub fn replies(&self, team: &str, channel: &str, thread: &str) -> Vec<&Posted> {
        let all = self.thread(team, channel, thread).into_iter();
        all.filter(|posted| posted.bot_id.is_some() && posted.is_visible()).collect()
    }

    /// Everything in one channel.
    pub fn room(&self, team: &str, channel: &str) -> impl Iterator<Item = &Posted> {
        let room = self.rooms.get(&(team.to_owned(), channel.to_owned()));
        room.into_iter().flatten()
    }

    /// Everything.
    pub fn messages(&self) -> impl Iterator<Item = &Posted> {
        self.rooms.values().flatten()
    }

    /// Effects that made more than one message: each is a doubled reply.
    pub fn doubled(&self) -> Vec<String> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for posted in self.messages() {
            if let Some(effect) = posted.effects.first() {
                *seen.entry(effect).or_default() += 1;
            }
        }
        seen.into_iter().filter(|(_, n)| 1 < *n).map(|(effect, _)| effect.to_owned()).collect()
    }

    /// The latest calls.
    pub fn calls(&self) -> impl Iterator<Item = &Called> {
        self.calls.iter()
    }

    /// How often a method was called, faults included.
    pub fn count(&self, method: &str) -> u64 {
        self.counts.get(method).copied().unwrap_or_default()
    }

    /// The team of a token. While no team was ever installed, any bot token is believed, for development:
    /// `xoxb-T0ACME-U0MARA` names its own.
    pub fn team_of(&self, token: &str) -> Option<Team> {
        if self.strict {
            return self.teams.get(token).cloned();
        }
        let rest = token.strip_prefix("xoxb-")?;
        let named = rest.split_once('-').filter(|(t, u)| t.starts_with('T') && u.starts_with('U'));
        let (team, user) = named.unwrap_or(("T0FAKE", "U0FAKE"));
        Some(Team::new(team, user))
    }

    /// A team that is installed or was met, by its id.
    pub fn team(&self, id: &str) -> Option<Team> {
        self.teams.values().chain(self.met.values()).find(|team| team.id == id).cloned()
    }

    /// Every workspace that is known, once each, by their ids.
    pub(super) fn known(&self) -> impl Iterator<Item = &Team> {
        let all = self.teams.values().chain(self.met.values());
        let by_id: BTreeMap<&str, &Team> = all.map(|team| (team.id.as_str(), team)).collect();
        by_id.into_values()
    }

    /// Makes a workspace known, whatever its token.
    pub(super) fn meet(&mut self, team: Team) {
        self.met.insert(team.id.clone(), team);
    }

    /// The channels of a workspace in which something was said.
    pub(super) fn channels(&self, team: &str) -> impl Iterator<Item = &str> {
        self.rooms.keys().filter(move |(of, _)| of == team).map(|(_, channel)| channel.as_str())
    }

    /// How many changes there were.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// The next timestamp: now, and later than every one before.
    pub(super) fn next_ts(&mut self) -> String {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_us = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        self.last_us = now_us.max(self.last_us + 1);
        format!("{}.{:06}", self.last_us / 1_000_000, self.last_us % 1_000_000)
    }

    /// Keeps a message, if there is room.
    pub(super) fn store(&mut self, mut posted: Posted) -> Result<(), &'static str> {
        if MESSAGES_MAX <= self.stored {
            return Err("message_limit_exceeded");
        }
        self.stored += 1;
        posted.change = self.next_change();
        let room = (posted.team.clone(), posted.channel.clone());
        let room = self.rooms.entry(room).or_default();
        // Timestamps rise, except where a test chose one.
        let at = room.partition_point(|other| other.ts <= posted.ts);
        room.insert(at, posted);
        Ok(())
    }

    pub(super) fn find(&mut self, team: &str, channel: &str, ts: &str) -> Option<&mut Posted> {
        let room = self.rooms.get_mut(&(team.to_owned(), channel.to_owned()))?;
        let at = room.partition_point(|other| other.ts.as_str() < ts);
        room.get_mut(at).filter(|posted| posted.ts == ts && !posted.deleted)
    }

    /// The number of the change that is being made.
    pub(super) fn next_change(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    /// The fault that strikes this call, if any; counts the call down in every fault that fits.
    pub(super) fn strike(&mut self, method: &str, team: &str, channel: &str) -> Option<Act> {
        let mut fitting = self.faults.iter_mut().filter(|fault| fault.fits(method, team, channel));
        let act = fitting.find_map(Fault::strike);
        self.faults.retain(|fault| fault.times != Some(0));
        act
    }

    pub(super) fn note(&mut self, called: Called) {
        *self.counts.entry(called.method.clone()).or_default() += 1;
        if CALLS_MAX <= self.calls.len() {
            self.calls.pop_front();
        }
        self.calls.push_back(called);
    }
}
