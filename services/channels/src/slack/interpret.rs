//! What an event means to a connection: who said what, where, and whether it is our own echo.

use domain::{
    addressed::{Change, HeardAuthor},
    incoming::{ATTACHMENTS_MAX, Incoming, IncomingAttachment, NAME_BYTES_MAX},
};
use schemas::{EffectId, Place, PlaceKind, Sender, Timestamp};
use serde_json::value::RawValue;

use super::{
    EFFECT_EVENT, blocks,
    read::id,
    text,
    wire::{Changed, File, Revoked, Said, object},
};
use crate::{Arrived, Ignored, Me, Read, inbound::Interpret};

/// The longest name of a person, in bytes.
const PERSON_NAME_MAX: usize = 200;

/// Who speaks for Slack itself, as users do.
const SYSTEM_USERS: [&str; 3] = ["USLACK", "USLACKBOT", "UREVOKEDU"];

/// The events we use.
#[derive(Clone, Copy)]
pub(super) enum EventKind {
    Message,
    Mention,
    Uninstalled,
    TokensRevoked,
}

/// An event of which nothing is believed yet but for whom it is.
pub(super) struct SlackEvent {
    pub(super) kind: EventKind,
    pub(super) raw: Box<RawValue>,
    /// When Slack saw it, in seconds since the epoch.
    pub(super) time_s: i64,
    /// The organization of the workspace it is for.
    pub(super) enterprise: Option<String>,
}

impl Interpret for SlackEvent {
    fn interpret(&self, arrived: &Arrived, me: &Me<'_>) -> Read {
        let names = text::Names { me: me.bot_user, name_of: me.name_of };
        let reader = Reader { arrived, names, event: self };
        match self.kind {
            EventKind::Message => reader.message(&self.raw),
            EventKind::Mention => reader.mention(&self.raw),
            EventKind::Uninstalled => Read::Revoked("app_uninstalled"),
            EventKind::TokensRevoked => {
                let revoked: Revoked<'_> = object(&self.raw).unwrap_or_default();
                let bots = revoked.tokens.and_then(|tokens| tokens.bot).unwrap_or_default();
                // People's own tokens are none of ours.
                if bots.is_empty() {
                    Read::Ignored(Ignored::UnknownEvent)
                } else {
                    Read::Revoked("tokens_revoked")
                }
            }
        }
    }
}

struct Reader<'a> {
    arrived: &'a Arrived,
    names: text::Names<'a>,
    event: &'a SlackEvent,
}

impl Reader<'_> {
    fn mention(&self, raw: &RawValue) -> Read {
        let Some(said) = object::<Said<'_>>(raw) else { return MALFORMED };
        // A mention that was added by an edit comes as an event of its own.
        let change = if said.edited.is_some() { Change::Edited } else { Change::New };
        let incoming = self.incoming(&said, &said, change);
        incoming.map_or(MALFORMED, |incoming| {
            Read::Said(Box::new(Incoming { bot_mentioned: true, ..incoming }))
        })
    }

    fn message(&self, raw: &RawValue) -> Read {
        let Some(outer) = object::<Said<'_>>(raw) else { return MALFORMED };
        match outer.subtype.as_deref() {
            None | Some("file_share" | "thread_broadcast" | "me_message" | "bot_message") => {
                self.said(&outer, &outer, Change::New)
            }
            Some("message_changed") => self.changed(&outer, raw),
            Some("message_deleted") => self.deleted(&outer, raw),
            Some(_) => self.said(&outer, &outer, Change::Other),
        }
    }

    fn changed(&self, outer: &Said<'_>, raw: &RawValue) -> Read {
        let changed: Changed<'_> = object(raw).unwrap_or_default();
        let Some(message) = changed.message else { return MALFORMED };
        // The first message of a thread leaves a stone behind while there are answers to it.
        if message.subtype.as_deref() == Some("tombstone") {
            let before = changed.previous_message.unwrap_or_default();
            return self.gone(outer, before, message.ts);
        }
        // A link's preview, a new answer in the thread: the words are the same.
        let same = changed
            .previous_message
            .is_some_and(|before| before.text == message.text && before.edited == message.edited);
        self.said(outer, &message, if same { Change::Other } else { Change::Edited })
    }

    fn deleted(&self, outer: &Said<'_>, raw: &RawValue) -> Read {
        let changed: Changed<'_> = object(raw).unwrap_or_default();
        self.gone(outer, changed.previous_message.unwrap_or_default(), changed.deleted_ts)
    }

    /// Nothing is kept of what was taken back.
    fn gone(&self, outer: &Said<'_>, before: Said<'_>, ts: Option<String>) -> Read {
        let message = Said {
            ts: ts.or(before.ts),
            thread_ts: before.thread_ts,
            user: before.user,
            bot_id: before.bot_id,
            bot_profile: before.bot_profile,
            ..Said::default()
        };
        self.said(outer, &message, Change::Deleted)
    }

    fn said(&self, outer: &Said<'_>, message: &Said<'_>, change: Change) -> Read {
        let Some(incoming) = self.incoming(outer, message, change) else { return MALFORMED };
        let incoming = Box::new(incoming);
        // Metadata can be written by any app, so that only the employee's own counts.
        let ours = incoming.author_kind == HeardAuthor::OurBot && change != Change::Deleted;
        match message.metadata.as_ref().filter(|_| ours) {
            Some(metadata) if metadata.event_type == EFFECT_EVENT => {
                match EffectId::try_from(metadata.event_payload.effect.clone()) {
                    Ok(effect) => Read::Echo { incoming, effect },
                    Err(_) => Read::Said(incoming),
                }
            }
            Some(_) | None => Read::Said(incoming),
        }
    }

    /// `outer` is the event, `message` what it is about; often the same.
    fn incoming(&self, outer: &Said<'_>, message: &Said<'_>, change: Change) -> Option<Incoming> {
        let channel = id(outer.channel.clone())?;
        let ts = timestamp(message.ts.as_deref())?;
        let thread = timestamp(message.thread_ts.as_deref());
        let happened_at = match change {
            Change::New | Change::Other => millis(&ts),
            Change::Edited => message.edited.as_ref().and_then(|edited| millis(&edited.ts)),
            Change::Deleted => outer.ts.as_deref().and_then(millis),
        };
        let (text, bot_mentioned) = self.text(message);
        Some(Incoming {
            in_thread: thread.as_ref().is_some_and(|thread| *thread != ts),
            place: Place {
                workspace: self.arrived.workspace.clone(),
                kind: kind(outer.channel_type.as_deref(), &channel),
                channel,
                thread: thread.unwrap_or_else(|| ts.clone()),
            },
            ts,
            sender: id(message.user.clone()).unwrap_or_default(),
            author: self.sender(message),
            author_kind: self.author(message, change),
            change,
            bot_mentioned,
            text,
            attachments: attachments(message.files.as_deref().unwrap_or_default()),
            delivery: self.arrived.delivery.clone(),
            sent_at: happened_at
                .unwrap_or(Timestamp::from_millis(self.event.time_s.saturating_mul(1000))),
        })
    }

    fn author(&self, message: &Said<'_>, change: Change) -> HeardAuthor {
        let user = message.user.as_deref().unwrap_or_default();
        // Not the app: in a shared channel another customer's employee is of the same app.
        if !user.is_empty() && user == self.names.me {
            return HeardAuthor::OurBot;
        }
        if message.bot_id.is_some()
            || message.bot_profile.is_some()
            || message.subtype.as_deref() == Some("bot_message")
        {
            return HeardAuthor::OtherBot;
        }
        // Of a deletion Slack may not say whose message it was; it is taken back all the same.
        let nobody = user.is_empty() && change != Change::Deleted;
        if nobody || SYSTEM_USERS.contains(&user) {
            return HeardAuthor::System;
        }
        HeardAuthor::Person
    }

    fn sender(&self, message: &Said<'_>) -> Sender {
        let profile = message.user_profile.as_ref();
        let display = profile.and_then(|it| it.display_name.as_ref()).filter(|it| !it.is_empty());
        let name = display.or_else(|| profile.and_then(|it| it.real_name.as_ref()));
        let known = || (self.names.name_of)(message.user.as_deref()?);
        let name = name.cloned().or_else(known).filter(|name| !name.trim().is_empty());
        let home = id(message.user_team.clone());
        Sender {
            name: name.map(|name| text::bounded(name.trim(), PERSON_NAME_MAX)),
            home: home.filter(|home| !self.is_home(home)),
        }
    }

    fn is_home(&self, team: &str) -> bool {
        team == self.arrived.workspace || Some(team) == self.event.enterprise.as_deref()
    }

    fn text(&self, message: &Said<'_>) -> (String, bool) {
        let mrkdwn = message.text.as_deref().unwrap_or_default();
        let attached = message.attachments.as_deref().unwrap_or_default();
        let mut mentioned = text::mentions(mrkdwn, self.names.me);
        let mut said = text::plain(mrkdwn, &self.names);
        if mrkdwn.trim().is_empty() {
            let blocks = message.blocks.as_deref().unwrap_or_default();
            (said, mentioned) = blocks::plain(blocks, &self.names);
        }
        let tables = blocks::tables(attached, &self.names);
        if !tables.is_empty() {
            said = [said, tables].join("\n\n");
        }
        if said.is_empty() && !mentioned {
            said = text::plain(&blocks::forwarded(attached), &self.names);
        }
        (text::bounded(said.trim(), text::BYTES_MAX), mentioned)
    }
}

const MALFORMED: Read = Read::Ignored(Ignored::Malformed);

/// An `app_mention` does not say what kind of channel it comes from; the id does, nearly.
fn kind(channel_type: Option<&str>, channel: &str) -> PlaceKind {
    match (channel_type, channel.chars().next()) {
        (Some("im" | "app_home"), _) | (None, Some('D')) => PlaceKind::Direct,
        (Some("mpim"), _) => PlaceKind::Group,
        (Some("group"), _) | (None, Some('G')) => PlaceKind::Private,
        (Some(_) | None, _) => PlaceKind::Public,
    }
}

fn attachments(files: &[&RawValue]) -> Vec<IncomingAttachment> {
    let read = |raw: &&RawValue| {
        let file: File = object(raw)?;
        Some(IncomingAttachment {
            id: id(file.id)?,
            name: text::bounded(&file.name.unwrap_or_default(), NAME_BYTES_MAX),
            media_type: file.mimetype.filter(|it| it.len() <= 127 && it.is_ascii()),
            size: file.size,
        })
    };
    files.iter().take(ATTACHMENTS_MAX).filter_map(read).collect()
}

/// `1700000000.123456`, which is also what a message is called in its channel.
fn timestamp(ts: Option<&str>) -> Option<String> {
    let ts = ts?;
    let (seconds, micros) = ts.split_once('.')?;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let valid = (1..=12).contains(&seconds.len()) && (1..=9).contains(&micros.len());
    (valid && digits(seconds) && digits(micros)).then(|| ts.to_owned())
}

fn millis(ts: &str) -> Option<Timestamp> {
    let (seconds, micros) = ts.split_once('.').unwrap_or((ts, "0"));
    let seconds: i64 = seconds.parse().ok()?;
    let millis: i64 = format!("{micros:0<3}").get(..3)?.parse().ok()?;
    Some(Timestamp::from_millis(seconds.checked_mul(1000)?.checked_add(millis)?))
}
