use domain::{
    addressed::{Engagement, judge},
    incoming::Incoming,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Me, Read};

fn envelope(event: &Value) -> Value {
    json!({
        "token": "gone", "team_id": "T0ACME", "api_app_id": "A0KON", "type": "event_callback",
        "event_id": "Ev1", "event_time": 1_700_000_000,
        "authorizations": [
            { "enterprise_id": "E0ACME", "team_id": "T0ACME", "user_id": "U0MARA", "is_bot": true },
        ],
        "is_ext_shared_channel": false, "event_context": "4-xyz", "event": event,
    })
}

/// A person's message, with `more` over it.
fn message(more: &Value) -> Value {
    let mut event = json!({
        "type": "message", "channel": "C1", "channel_type": "channel", "user": "U0ANNA",
        "text": "hello", "ts": "1700000000.123456", "event_ts": "1700000000.123456",
        "client_msg_id": "66cc9473-0000-4000-8000-000000000000", "team": "T0ACME",
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn interpret(body: &Value) -> Result<Read, String> {
    match read(body.to_string().as_bytes()) {
        Ok(Reading::Event(arrived)) => {
            let names = |user: &str| (user == "U0BOB").then(|| "Bob".to_owned());
            Ok(arrived.interpret(&Me { bot_user: "U0MARA", name_of: &names }))
        }
        other => Err(format!("{other:?}")),
    }
}

fn line(body: &Value) -> String {
    match interpret(body) {
        Err(reading) => reading,
        Ok(Read::Said(incoming)) => said(&incoming),
        Ok(Read::Echo { incoming, effect }) => format!("echo of {effect}: {}", said(&incoming)),
        Ok(other) => format!("{other:?}"),
    }
}

fn said(it: &Incoming) -> String {
    let verdict = judge(it.heard(), Engagement::Unknown);
    let thread = if it.in_thread { "in thread" } else { "root" };
    let (place, ts) = (&it.place, &it.ts);
    format!(
        "{verdict:?}, {:?} {:?} {thread} {} {ts} in {:?} {} {}, by {} {:?}: {:?} at {}",
        it.author_kind,
        it.change,
        place.thread,
        place.kind,
        place.workspace,
        place.channel,
        it.sender,
        it.author,
        it.text,
        it.sent_at,
    )
}

#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(events: &[Value], want: Expect) {
    let lines: Vec<String> = events.iter().map(|event| line(&envelope(event)) + "\n").collect();
    want.assert_eq(&lines.concat());
}

#[test]
fn what_people_say() {
    check(
        &[
            message(&json!({ "text": "<@U0MARA> ask <@U0BOB> &amp; me" })),
            message(
                &json!({ "type": "app_mention", "text": "<@U0MARA> hi", "channel_type": null }),
            ),
            message(&json!({ "channel": "D1", "channel_type": "im" })),
            message(&json!({ "channel": "G1", "channel_type": "mpim" })),
            message(&json!({ "channel_type": "group", "thread_ts": "1699999999.000001" })),
            message(&json!({ "thread_ts": "1700000000.123456" })),
            message(&json!({ "subtype": "thread_broadcast", "thread_ts": "1699999999.000001" })),
            message(&json!({ "subtype": "me_message" })),
            message(&json!({ "subtype": "file_share", "text": "", "files": [{ "id": "F1" }] })),
        ],
        expect![[r#"
            Answer(Mention), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "ask @Bob & me" at 2023-11-14T22:13:20.123Z
            Answer(Mention), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "hi" at 2023-11-14T22:13:20.123Z
            Answer(Direct), Person New root 1700000000.123456 1700000000.123456 in Direct T0ACME D1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Group T0ACME G1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            AskEngagement, Person New in thread 1699999999.000001 1700000000.123456 in Private T0ACME C1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            AskEngagement, Person New in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "" at 2023-11-14T22:13:20.123Z
        "#]],
    );
}

#[test]
fn what_nobody_said_to_us() {
    check(
        &[
            message(&json!({ "subtype": "channel_join", "text": "<@U0ANNA> has joined" })),
            message(&json!({ "subtype": "channel_topic" })),
            message(&json!({ "subtype": "bot_message", "bot_id": "B9", "user": null })),
            message(&json!({ "bot_id": "B9", "user": "U0OTHER", "app_id": "A9" })),
            message(&json!({ "bot_profile": { "app_id": "A9" } })),
            message(&json!({ "user": "USLACKBOT" })),
            message(&json!({ "user": null })),
            message(&json!({ "user": "U0MARA", "bot_id": "B0MARA" })),
            json!({ "type": "reaction_added", "user": "U0ANNA" }),
            json!({ "user": "U0ANNA" }),
            json!({ "type": "message" }),
            json!("message"),
            json!(["message"]),
            json!(null),
            message(&json!({ "ts": "yesterday" })),
            message(&json!({ "ts": 1_700_000_000 })),
            message(&json!({ "channel": "C 1" })),
        ],
        expect![[r#"
            Ignore(NotAMessage), Person Other root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "@U0ANNA has joined" at 2023-11-14T22:13:20.123Z
            Ignore(NotAMessage), Person Other root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            Ignore(OtherBot), OtherBot New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by  Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            Ignore(OtherBot), OtherBot New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0OTHER Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            Ignore(OtherBot), OtherBot New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            Ignore(System), System New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by USLACKBOT Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            Ignore(System), System New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by  Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            ObserveEcho, OurBot New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0MARA Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
            Ok(Ignored(UnknownEvent))
            Ok(Ignored(Malformed))
            Ignored(Malformed)
            Ok(Ignored(Malformed))
            Ok(Ignored(Malformed))
            Ok(Ignored(Malformed))
            Ignored(Malformed)
            Ignored(Malformed)
            Ignored(Malformed)
        "#]],
    );
}

fn ours(more: &Value) -> Value {
    let mut event = message(&json!({
        "user": "U0MARA", "bot_id": "B0MARA", "app_id": "A0KON", "text": "Hello!",
        "thread_ts": "1699999999.000001",
        "metadata": { "event_type": "konstruct_reply", "event_payload": { "effect": "x1" } },
    }));
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

#[test]
fn our_own_words_come_back() {
    let changed = |message: Value| {
        json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "channel": "C1",
            "channel_type": "channel", "ts": "1700000001.000001", "message": message,
            "previous_message": { "text": "Thinking…", "user": "U0MARA", "ts": "1700000000.123456" },
        })
    };
    let forged = json!({ "user": "U0OTHER" });
    let other_type =
        json!({ "metadata": { "event_type": "else", "event_payload": { "effect": "x1" } } });
    let no_id = json!({ "metadata": { "event_type": "konstruct_reply", "event_payload": { "effect": "x.1" } } });
    check(
        &[
            ours(&json!({})),
            changed(ours(&json!({ "edited": { "user": "U0MARA", "ts": "1700000001.000000" } }))),
            ours(&forged),
            ours(&other_type),
            ours(&no_id),
        ],
        expect![[r#"
            echo of x1: ObserveEcho, OurBot New in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0MARA Sender { name: None, home: None }: "Hello!" at 2023-11-14T22:13:20.123Z
            echo of x1: ObserveEcho, OurBot Edited in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0MARA Sender { name: None, home: None }: "Hello!" at 2023-11-14T22:13:21.000Z
            Ignore(OtherBot), OtherBot New in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0OTHER Sender { name: None, home: None }: "Hello!" at 2023-11-14T22:13:20.123Z
            ObserveEcho, OurBot New in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0MARA Sender { name: None, home: None }: "Hello!" at 2023-11-14T22:13:20.123Z
            ObserveEcho, OurBot New in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0MARA Sender { name: None, home: None }: "Hello!" at 2023-11-14T22:13:20.123Z
        "#]],
    );
}

#[test]
fn edits_and_deletions() {
    let before = json!({ "type": "message", "user": "U0ANNA", "text": "helo", "ts": "1700000000.123456", "thread_ts": "1699999999.000001" });
    let after = json!({ "type": "message", "user": "U0ANNA", "text": "hello <@U0MARA>", "ts": "1700000000.123456", "thread_ts": "1699999999.000001", "edited": { "user": "U0ANNA", "ts": "1700000060.000000" } });
    let event = |more: Value| {
        let base = json!({ "type": "message", "channel": "C1", "channel_type": "channel", "hidden": true, "ts": "1700000060.000100", "user": null, "text": null });
        let mut base = message(&base);
        base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        base
    };
    let stone = json!({ "subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted.", "ts": "1700000000.123456" });
    check(
        &[
            event(
                json!({ "subtype": "message_changed", "message": after, "previous_message": before }),
            ),
            event(
                json!({ "subtype": "message_changed", "message": before, "previous_message": before }),
            ),
            event(json!({ "subtype": "message_changed" })),
            event(
                json!({ "subtype": "message_changed", "message": stone, "previous_message": before }),
            ),
            event(
                json!({ "subtype": "message_deleted", "deleted_ts": "1700000000.123456", "previous_message": before }),
            ),
            event(json!({ "subtype": "message_deleted", "deleted_ts": "1700000000.123456" })),
            event(json!({ "subtype": "message_deleted" })),
            message(
                &json!({ "type": "app_mention", "edited": { "user": "U0ANNA", "ts": "1700000060.000000" } }),
            ),
        ],
        expect![[r#"
            AskEngagement, Person Edited in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:14:20.000Z
            Ignore(NotAMessage), Person Other in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "helo" at 2023-11-14T22:13:20.123Z
            Ignored(Malformed)
            AskEngagement, Person Deleted in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "" at 2023-11-14T22:14:20.000Z
            AskEngagement, Person Deleted in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "" at 2023-11-14T22:14:20.000Z
            AskEngagement, Person Deleted root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by  Sender { name: None, home: None }: "" at 2023-11-14T22:14:20.000Z
            Ignored(Malformed)
            AskEngagement, Person Edited root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:14:20.000Z
        "#]],
    );
}

#[test]
fn a_shared_channel_belongs_to_whoever_is_authorized() {
    let shared = message(&json!({
        "user": "U0GUEST", "user_team": "T0GUEST", "source_team": "T0GUEST", "team": "T0GUEST",
        "user_profile": { "display_name": "", "real_name": "Gus Guest" },
    }));
    let mut body = envelope(&shared);
    body["team_id"] = json!("T0GUEST");
    body["is_ext_shared_channel"] = json!(true);
    let mut org = body.clone();
    org["authorizations"] =
        json!([{ "enterprise_id": "E0ACME", "team_id": null, "is_enterprise_install": true }]);
    let mut nobody = body.clone();
    nobody["authorizations"] = json!([]);
    let mut broken = body.clone();
    broken["authorizations"] = json!([{ "team_id": "T 1" }, { "team_id": "T0ACME" }]);
    let mut absent = body.clone();
    absent.as_object_mut().unwrap().remove("authorizations");
    let grid = message(&json!({ "user_team": "E0ACME" }));
    // Another customer's Mara: the same app, not this connection's user.
    let mut theirs = envelope(&ours(&json!({ "user": "U0THEIRMARA" })));
    theirs["team_id"] = json!("T0GUEST");
    let lines =
        [body, org, nobody, broken, absent, envelope(&grid), theirs].map(|b| line(&b) + "\n");
    expect![[r#"
        Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0GUEST Sender { name: Some("Gus Guest"), home: Some("T0GUEST") }: "hello" at 2023-11-14T22:13:20.123Z
        Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public E0ACME C1, by U0GUEST Sender { name: Some("Gus Guest"), home: Some("T0GUEST") }: "hello" at 2023-11-14T22:13:20.123Z
        Ok(Ignored(NoAuthorization))
        Ok(Ignored(NoAuthorization))
        Ok(Ignored(NoAuthorization))
        Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "hello" at 2023-11-14T22:13:20.123Z
        Ignore(OtherBot), OtherBot New in thread 1699999999.000001 1700000000.123456 in Public T0ACME C1, by U0THEIRMARA Sender { name: None, home: None }: "Hello!" at 2023-11-14T22:13:20.123Z
    "#]].assert_eq(&lines.concat());
}

#[test]
fn the_end_of_an_installation() {
    let mut bare = envelope(&json!({ "type": "app_uninstalled" }));
    bare.as_object_mut().unwrap().remove("authorizations");
    let mut org = bare.clone();
    org["team_id"] = json!(null);
    org["enterprise_id"] = json!("E0ACME");
    let tokens = |tokens: Value| envelope(&json!({ "type": "tokens_revoked", "tokens": tokens }));
    let lines = [
        bare,
        org,
        tokens(json!({ "oauth": [], "bot": ["U0MARA"] })),
        tokens(json!({ "oauth": ["U0ANNA"], "bot": [] })),
        tokens(json!(7)),
    ];
    expect![[r#"
        Revoked("app_uninstalled")
        Revoked("app_uninstalled")
        Revoked("tokens_revoked")
        Ignored(UnknownEvent)
        Ignored(UnknownEvent)
    "#]]
    .assert_eq(&lines.map(|body| line(&body) + "\n").concat());
}

#[test]
fn words_that_stand_only_in_blocks() {
    let rich = json!([{ "type": "rich_text", "elements": [
        { "type": "rich_text_section", "elements": [
            { "type": "user", "user_id": "U0MARA" }, { "type": "text", "text": " see " },
            { "type": "link", "url": "https://x.de", "text": "this" }, { "type": "text", "text": " " },
            { "type": "user", "user_id": "U0BOB" }, { "type": "emoji", "name": "wave" },
            { "type": "broadcast", "range": "here" }, { "type": "channel", "channel_id": "C2" },
        ] },
        { "type": "rich_text_list", "style": "bullet", "elements": [
            { "type": "rich_text_section", "elements": [{ "type": "text", "text": "one" }] },
            { "type": "rich_text_section", "elements": [{ "type": "text", "text": "two" }] },
        ] },
        { "type": "rich_text_preformatted", "elements": [{ "type": "text", "text": "a < b" }] },
    ] }]);
    let table = json!([{ "blocks": [{ "type": "table", "rows": [
        [{ "type": "raw_text", "text": "Name" }, { "type": "raw_text", "text": "Age" }],
        [{ "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": [{ "type": "text", "text": "Anna" }] }] }, { "type": "raw_text", "text": "42" }],
    ] }] }]);
    let preview = json!([{ "text": "a preview", "fallback": "preview" }]);
    check(
        &[
            message(&json!({ "text": "", "blocks": rich })),
            message(&json!({ "text": "words win", "blocks": rich })),
            message(&json!({ "text": "look:", "attachments": table })),
            message(&json!({ "text": "look:", "attachments": preview })),
            message(&json!({ "text": "", "attachments": preview })),
            message(&json!({ "text": "", "blocks": "none" })),
        ],
        expect![[r#"
            Answer(Mention), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "see this (https://x.de) @Bob:wave:@here#C2\n- one\n- two\na < b" at 2023-11-14T22:13:20.123Z
            Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "words win" at 2023-11-14T22:13:20.123Z
            Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "look:\n\nName | Age\nAnna | 42" at 2023-11-14T22:13:20.123Z
            Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "look:" at 2023-11-14T22:13:20.123Z
            Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "a preview" at 2023-11-14T22:13:20.123Z
            Ignore(NotAddressed), Person New root 1700000000.123456 1700000000.123456 in Public T0ACME C1, by U0ANNA Sender { name: None, home: None }: "" at 2023-11-14T22:13:20.123Z
        "#]],
    );
}

#[test]
fn calls_that_are_no_events() {
    let lines = [
        &br#"{"type":"url_verification","token":"t","challenge":"3eZbrw"}"#[..],
        br#"{"type":"url_verification"}"#,
        br#"{"type":"app_rate_limited","team_id":"T1","minute_rate_limited":1518467820,"api_app_id":"A1"}"#,
        br#"{"type":"app_rate_limited"}"#,
        br#"{"type":"event_callback"}"#,
        br#"{"type":"event_callback","event_id":7,"event":{"type":"message"}}"#,
        br#"{"type":"else"}"#,
        b"{}",
        b"[]",
        b"\"people's words\"",
        b"7",
        b"ssl_check=1&token=abc",
        b"token=abc&command=%2Fmara&text=hi&ssl_checked=no",
        b"payload=%7B%7D",
        b"some=form",
        b"",
        b"{\"type\":",
        b"{} trailing",
        b"\xff\xfe",
    ]
    .map(|body| format!("{:?}\n", read(body)));
    expect![[r#"
        Ok(Challenge("3eZbrw"))
        Ok(Ignored(Malformed))
        Ok(RateLimited { workspace: "T1", minute: 1518467820 })
        Ok(Ignored(Malformed))
        Ok(Ignored(Malformed))
        Ok(Ignored(NoAuthorization))
        Ok(Ignored(UnknownCall))
        Ok(Ignored(UnknownCall))
        Ok(Ignored(UnknownCall))
        Ok(Ignored(UnknownCall))
        Ok(Ignored(UnknownCall))
        Ok(SslCheck)
        Ok(Ignored(Command))
        Ok(Ignored(Interactive))
        Err(Unreadable { line: 1, column: 1 })
        Err(Unreadable { line: 1, column: 0 })
        Err(Unreadable { line: 1, column: 8 })
        Err(Unreadable { line: 1, column: 4 })
        Err(Unreadable { line: 1, column: 1 })
    "#]]
    .assert_eq(&lines.concat());
}

#[test]
fn a_hostile_body_is_cheap() {
    let deep = |open: &str, close: &str, n: usize| open.repeat(n) + "1" + &close.repeat(n);
    let nodes = deep(r#"{"type":"rich_text","elements":["#, "]}", 25_000);
    let started = std::time::Instant::now();
    for (field, value) in [
        ("blocks", format!("[{nodes}]")),
        ("blocks", deep("[", "]", 400_000)),
        ("blocks", format!("[{}{{}}]", "{},".repeat(330_000))),
        ("files", format!("[{}{{}}]", "{},".repeat(330_000))),
        ("message", deep(r#"{"message":"#, "}", 80_000)),
        ("attachments", format!("[{}{{}}]", r#"{"blocks":[{"type":"table"}]},"#.repeat(33_000))),
        ("metadata", deep(r#"{"event_payload":"#, "}", 55_000)),
        ("text", format!("\"{}\"", "<".repeat(900_000))),
        ("text", format!("\"{}\"", "<@U0MARA> ".repeat(90_000))),
        ("text", format!("\"{}\"", "&amp;".repeat(180_000))),
    ] {
        for subtype in ["file_share", "message_changed"] {
            let mut event = message(&json!({ "text": "", "subtype": subtype })).to_string();
            event.truncate(event.len() - 1);
            event += &[r#","extra":0,""#, field, r#"":"#, &value, "}"].concat();
            let event = event.replacen(r#""text":"","#, "", usize::from(field == "text"));
            let body = envelope(&json!("EVENT")).to_string().replace("\"EVENT\"", &event);
            let Ok(Reading::Event(arrived)) = read(body.as_bytes()) else { panic!("{field}") };
            if let Read::Said(incoming) = arrived.interpret(&Me::new("U0MARA")) {
                assert!(incoming.text.len() <= text_max(), "{field}");
            }
        }
    }
    // Quadratic would be minutes.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

fn text_max() -> usize {
    domain::incoming::TEXT_BYTES_MAX
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        "\\PC{0,12}",
        prop::sample::select(vec![
            "message",
            "app_mention",
            "event_callback",
            "message_changed",
            "message_deleted",
            "U0MARA",
            "1700000000.123456",
            "C1",
            "T0ACME",
            "<@U0MARA>",
            "rich_text",
            "text",
        ])
        .prop_map(str::to_owned),
    ];
    let key = prop::sample::select(vec![
        "type",
        "event",
        "authorizations",
        "team_id",
        "event_id",
        "subtype",
        "user",
        "text",
        "ts",
        "thread_ts",
        "channel",
        "channel_type",
        "blocks",
        "elements",
        "attachments",
        "files",
        "message",
        "previous_message",
        "deleted_ts",
        "edited",
        "metadata",
        "event_type",
        "event_payload",
        "effect",
        "tokens",
        "bot",
        "rows",
        "challenge",
        "bot_id",
        "id",
        "name",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..8).prop_map(|map| {
                map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>()
            }),
        ]
    })
}

fn decide(body: &[u8]) -> Result<(), TestCaseError> {
    let Ok(Reading::Event(arrived)) = read(body) else { return Ok(()) };
    prop_assert!(!arrived.workspace.is_empty() && arrived.workspace.len() <= ID_MAX);
    if let Read::Said(it) | Read::Echo { incoming: it, .. } = arrived.interpret(&Me::new("U0MARA"))
    {
        let bounded = [&it.place.channel, &it.place.thread, &it.ts, &it.sender, &it.delivery];
        prop_assert!(bounded.iter().all(|text| text.len() <= ID_MAX));
        prop_assert!(it.text.len() <= text_max());
        judge(it.heard(), Engagement::Unknown);
        it.conversation();
    }
    Ok(())
}

/// Puts `value` at the place that `path` finds in the tree.
fn mutate(tree: &mut Value, path: &[usize], value: Value) {
    let Some((step, rest)) = path.split_first() else {
        *tree = value;
        return;
    };
    let child = match tree {
        Value::Object(map) if !map.is_empty() => {
            let at = step % map.len();
            map.values_mut().nth(at)
        }
        Value::Array(list) if !list.is_empty() => {
            let at = step % list.len();
            list.get_mut(at)
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    };
    match child {
        Some(child) => mutate(child, rest, value),
        None => *tree = value,
    }
}

proptest! {
    #[test]
    fn any_json_is_a_decision(body in arbitrary_json()) {
        decide(body.to_string().as_bytes())?;
        decide(envelope(&body).to_string().as_bytes())?;
        decide(envelope(&message(&json!({ "blocks": body, "text": "" }))).to_string().as_bytes())?;
    }

    #[test]
    fn any_bytes_are_a_decision_or_a_clean_error(body in prop::collection::vec(any::<u8>(), 0..300)) {
        decide(&body)?;
    }

    #[test]
    fn a_mutated_payload_is_a_decision(
        path in prop::collection::vec(0_usize..30, 1..5),
        value in arbitrary_json(),
        subtype in prop::sample::select(vec!["", "file_share", "message_changed", "message_deleted"]),
        flip in any::<(prop::sample::Index, u8)>(),
    ) {
        let inner = ours(&json!({ "files": [{ "id": "F1" }], "blocks": [{ "type": "rich_text" }] }));
        let mut event = message(&json!({ "message": inner, "previous_message": inner }));
        if !subtype.is_empty() {
            event["subtype"] = json!(subtype);
        }
        let mut body = envelope(&event);
        mutate(&mut body, &path, value);
        let mut bytes = body.to_string().into_bytes();
        decide(&bytes)?;
        let at = flip.0.index(bytes.len());
        bytes[at] ^= flip.1;
        decide(&bytes)?;
        bytes.truncate(at);
        decide(&bytes)?;
    }
}
