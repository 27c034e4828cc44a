//! The Web API's methods, on the [`World`]: what a call changes and what it is told.

use serde_json::{Map, Value, json};

use super::world::{Posted, Team, World};

/// The longest text Slack takes in practice, in characters.
const TEXT_MAX: usize = 4_000;

/// The most messages of a page.
const PAGE_MAX: usize = 200;

/// What the workspace sees of a call, to be delivered as an event.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    Posted(Posted),
    Changed { before: Box<Posted>, after: Box<Posted> },
    Deleted(Posted),
}

/// What a call is told, and what the workspace sees of it.
pub(super) struct Performed {
    pub(super) answer: Value,
    pub(super) seen: Option<Seen>,
}

type Answer = Result<Performed, &'static str>;

impl World {
    /// Carries out a call.
    pub(super) fn perform(
        &mut self,
        team: &Team,
        method: &str,
        args: &Map<String, Value>,
    ) -> Performed {
        let args = Args(args);
        let done = match method {
            "chat.postMessage" => self.post(team, &args, None),
            "chat.postEphemeral" => self.tell(team, &args),
            "chat.update" => self.update(team, &args),
            "chat.delete" => self.delete(team, &args),
            "conversations.replies" => self.page(team, &args),
            "conversations.history" => self.history(team, &args),
            "chat.getPermalink" => permalink(team, &args),
            "auth.test" => Ok(Performed { answer: identity(team), seen: None }),
            _ => Err("unknown_method"),
        };
        done.unwrap_or_else(|code| Performed { answer: refusal(code), seen: None })
    }

    fn post(&mut self, team: &Team, args: &Args<'_>, only_for: Option<&str>) -> Answer {
        let channel = args.text("channel").ok_or("channel_not_found")?;
        let text = args.message_text()?;
        let thread = args.text("thread_ts").map(thread_ts).transpose()?;
        let mut posted = Posted {
            team: team.id.clone(),
            channel: channel.to_owned(),
            ts: self.next_ts(),
            thread,
            user: team.bot_user.clone(),
            bot_id: Some(team.bot_id.clone()),
            text: text.to_owned(),
            blocks: args.blocks()?.cloned(),
            history: Vec::new(),
            metadata: None,
            effects: Vec::new(),
            deleted: false,
            only_for: only_for.map(str::to_owned),
            change: 0,
        };
        posted.note_effect(args.metadata()?);
        self.store(posted.clone())?;
        let ts = &posted.ts;
        let answer = match only_for {
            Some(_) => json!({ "ok": true, "message_ts": ts }),
            None => json!({ "ok": true, "channel": channel, "ts": ts, "message": shown(&posted) }),
        };
        let seen = only_for.is_none().then_some(Seen::Posted(posted));
        Ok(Performed { answer, seen })
    }

    fn tell(&mut self, team: &Team, args: &Args<'_>) -> Answer {
        let user = args.text("user").ok_or("user_not_found")?;
        self.post(team, args, Some(user))
    }

    fn update(&mut self, team: &Team, args: &Args<'_>) -> Answer {
        let channel = args.text("channel").ok_or("channel_not_found")?;
        let text = args.message_text()?;
        let (metadata, blocks) = (args.metadata()?, args.blocks()?.cloned());
        let ts = args.text("ts").unwrap_or_default();
        let change = self.next_change();
        let posted = self.find(&team.id, channel, ts).ok_or("message_not_found")?;
        if posted.user != team.bot_user || posted.only_for.is_some() {
            return Err("cant_update_message");
        }
        let before = Box::new(posted.clone());
        posted.history.push(std::mem::replace(&mut posted.text, text.to_owned()));
        (posted.blocks, posted.change) = (blocks, change);
        posted.note_effect(metadata);
        let after = Box::new(posted.clone());
        let answer = json!({ "ok": true, "channel": channel, "ts": ts, "text": text });
        Ok(Performed { answer, seen: Some(Seen::Changed { before, after }) })
    }

    fn delete(&mut self, team: &Team, args: &Args<'_>) -> Answer {
        let channel = args.text("channel").ok_or("channel_not_found")?;
        let ts = args.text("ts").unwrap_or_default();
        let change = self.next_change();
        let posted = self.find(&team.id, channel, ts).ok_or("message_not_found")?;
        if posted.user != team.bot_user {
            return Err("cant_delete_message");
        }
        (posted.deleted, posted.change) = (true, change);
        let seen = Some(Seen::Deleted(posted.clone()));
        Ok(Performed { answer: json!({ "ok": true, "channel": channel, "ts": ts }), seen })
    }

    /// The newest of a channel, the newest first; one page.
    fn history(&self, team: &Team, args: &Args<'_>) -> Answer {
        let channel = args.text("channel").ok_or("channel_not_found")?;
        let open = |posted: &&Posted| posted.is_visible() && posted.thread.is_none();
        let mut all: Vec<_> = self.room(&team.id, channel).filter(open).map(shown).collect();
        all.reverse();
        let answer = json!({ "ok": true, "messages": all, "has_more": false });
        Ok(Performed { answer, seen: None })
    }

    /// One page of a thread, oldest first. The cursor is the last timestamp seen.
    fn page(&self, team: &Team, args: &Args<'_>) -> Answer {
        let channel = args.text("channel").ok_or("channel_not_found")?;
        let root = args.text("ts").ok_or("thread_not_found")?;
        let asked: Option<usize> = args.text("limit").and_then(|limit| limit.parse().ok());
        let limit = asked.unwrap_or(PAGE_MAX).clamp(1, self.page_max.unwrap_or(PAGE_MAX));
        let after = args.text("cursor").unwrap_or_default();
        let with_metadata = args.text("include_all_metadata") == Some("true");
        let thread = self.thread(&team.id, channel, root);
        let mut all = thread.into_iter().filter(|it| it.is_visible()).peekable();
        if all.peek().is_none() {
            return Err("thread_not_found");
        }
        let rest: Vec<&Posted> = all.filter(|it| after < it.ts.as_str()).collect();
        let page = rest.get(..limit.min(rest.len())).unwrap_or_default();
        let has_more = page.len() < rest.len();
        let show = |posted: &&Posted| {
            let mut message = shown(posted);
            if let (false, Some(map)) = (with_metadata, message.as_object_mut()) {
                map.remove("metadata");
            }
            message
        };
        let messages: Vec<Value> = page.iter().map(show).collect();
        let last = page.last().filter(|_| has_more).map_or("", |posted| posted.ts.as_str());
        let next = json!({ "next_cursor": last });
        let answer = json!({
            "ok": true, "messages": messages, "has_more": has_more, "response_metadata": next,
        });
        Ok(Performed { answer, seen: None })
    }
}

/// The arguments of a call, from JSON or from a form.
struct Args<'a>(&'a Map<String, Value>);

impl<'a> Args<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    fn message_text(&self) -> Result<&'a str, &'static str> {
        let text = self.text("text").ok_or("no_text")?;
        if TEXT_MAX < text.chars().count() { Err("msg_too_long") } else { Ok(text) }
    }

    fn blocks(&self) -> Result<Option<&'a Value>, &'static str> {
        let Some(blocks) = self.0.get("blocks") else { return Ok(None) };
        if super::blocks::are_valid(blocks) { Ok(Some(blocks)) } else { Err("invalid_blocks") }
    }

    fn metadata(&self) -> Result<Option<&'a Value>, &'static str> {
        let Some(metadata) = self.0.get("metadata") else { return Ok(None) };
        let valid = metadata.get("event_type").is_some_and(Value::is_string)
            && metadata.get("event_payload").is_some_and(Value::is_object);
        if valid { Ok(Some(metadata)) } else { Err("invalid_metadata_format") }
    }
}

fn thread_ts(ts: &str) -> Result<String, &'static str> {
    let valid = ts.split_once('.').is_some_and(|(seconds, micros)| {
        [seconds, micros].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
    });
    if valid { Ok(ts.to_owned()) } else { Err("invalid_thread_ts") }
}

/// A message as Slack shows it.
pub(super) fn shown(posted: &Posted) -> Value {
    let mut message = json!({
        "type": "message",
        "user": posted.user,
        "text": posted.text,
        "ts": posted.ts,
        "team": posted.team,
    });
    let bot = posted.bot_id.as_ref().map(|id| ("bot_id", json!(id)));
    let app = posted.bot_id.as_ref().map(|_| ("app_id", json!(super::world::APP)));
    let thread = posted.thread.as_ref().map(|ts| ("thread_ts", json!(ts)));
    let metadata = posted.metadata.clone().map(|metadata| ("metadata", metadata));
    let blocks = posted.blocks.clone().map(|blocks| ("blocks", blocks));
    for (name, value) in [bot, app, thread, metadata, blocks].into_iter().flatten() {
        super::events::set(&mut message, name, value);
    }
    message
}

fn permalink(team: &Team, args: &Args<'_>) -> Answer {
    let channel = args.text("channel").ok_or("channel_not_found")?;
    let ts = args.text("message_ts").ok_or("message_not_found")?;
    let (team, p) = (team.id.to_lowercase(), ts.replace('.', ""));
    let permalink = format!("https://{team}.slack.test/archives/{channel}/p{p}");
    let answer = json!({ "ok": true, "channel": channel, "permalink": permalink });
    Ok(Performed { answer, seen: None })
}

fn identity(team: &Team) -> Value {
    json!({
        "ok": true,
        "url": format!("https://{}.slack.com/", team.id.to_lowercase()),
        "team": format!("Team {}", team.id),
        "user": "mara",
        "team_id": team.id,
        "user_id": team.bot_user,
        "bot_id": team.bot_id,
        "is_enterprise_install": false,
    })
}

pub(super) fn refusal(code: &str) -> Value {
    json!({ "ok": false, "error": code })
}
