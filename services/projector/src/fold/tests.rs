//! The whole fold at a glance: what every kind of event changes, by its sample in `schemas/samples`.

mod old_log;

use expect_test::{Expect, expect};
use schemas::{
    Kind,
    usage::{Cost, MicroDollars},
};
use store::projections::{Counts, Under, UsageRow};

use super::*;

const SEQ: u64 = 7;

fn sample(kind: Kind) -> Envelope {
    let name = kind.type_name().trim_start_matches("konstruct.");
    let root = env!("CARGO_MANIFEST_DIR");
    let bytes = std::fs::read(format!("{root}/../../schemas/samples/{name}.json")).unwrap();
    Envelope::decode(&bytes).unwrap()
}

fn folded(envelope: &Envelope) -> Changes {
    let mut changes = Changes::default();
    fold(&mut changes, "EVENTS", SEQ, envelope);
    changes
}

/// What one event changes, by the names of the columns that it sets.
fn columns(row: &MessageRow) -> String {
    let mut columns = vec![format!("{:?}", row.state)];
    let mut set = |name: &str, value: Option<String>| {
        columns.extend(value.map(|value| format!("{name} {value}")));
    };
    let number = |number: Option<u64>| number.map(|it| it.to_string());
    set("detail", row.detail.as_ref().map(|it| format!("{it:?}")));
    set("doubt", row.doubt.as_ref().map(|it| format!("{it:?}")));
    set("agent", row.agent_id.as_ref().map(ToString::to_string));
    set("version", row.agent_version.map(|it| it.to_string()));
    set("model", row.model.clone());
    set("in", number(row.input_tokens));
    set("out", number(row.output_tokens));
    set("cost", number(row.cost_micros));
    set("prices", row.price_version.clone());
    let time = |at: Option<i64>| at.map(|at| schemas::Timestamp::from_millis(at).to_string());
    set("received", time(row.received_at_ms));
    set("decided", time(row.decided_at_ms));
    set("completed", time(row.completed_at_ms));
    set("answered", time(row.answered_at_ms));
    columns.join(", ")
}

fn entry_kind(entry: &Entry) -> String {
    match entry {
        Entry::Tenant(tenant) => format!("tenant {}, {:?}", tenant.id, tenant.status),
        Entry::Agent(agent) if agent.retired => format!("agent {}, retired", agent.id),
        Entry::Agent(agent) => {
            let version = agent.published.as_ref().map(|it| it.version);
            format!("agent {}, version {version:?}", agent.id)
        }
        Entry::Connection(connection) => format!("connection {}", connection.id),
    }
}

#[test]
fn what_each_kind_of_event_changes() {
    let line = |kind: &Kind| {
        let changes = folded(&sample(*kind));
        let state = changes.messages.first().map_or("-", |row| row.state.as_str());
        let note = changes.events.first().and_then(|row| row.note.as_deref()).unwrap_or("-");
        let entry = changes.entries.first().map_or("-".to_owned(), |(it, _)| entry_kind(it));
        format!("{} | {state} | {note} | {entry}\n", kind.topic())
    };
    let lines: String = Kind::ALL.iter().map(line).collect();
    expect![[r#"
        message.received | - | by slack-T0ACME | -
        message.accepted | accepted | - | -
        message.duplicate | - | the same message by another delivery | -
        message.admitted | admitted | - | -
        message.throttled | throttled | over 30 a minute (channel), again at 2026-11-21T09:31:03.000Z, person told | -
        completion.finished | completed | mara version 3 by anthropic-quality in 3246 ms, 2 attempt(s) | -
        completion.failed | no answer | every model failed, reference e18jfpgiqb | -
        completion.handed_off | handing over | mara version 3 to C0HELP: a person was asked for | -
        message.held | held | a person has the conversation, mara is quiet, person told | -
        conversation.handed_back | - | by U0TOM | -
        message.reopened | - | by ops | -
        budget.near | - | mara's budget of the month is nearly used | -
        reply.delivered | delivered | answer in 2 part(s) | -
        reply.uncertain | uncertain | answer: no answer within 10 s | -
        reply.failed | failed | apology: channel_not_found | -
        reply.decided | - | again, by o0ANNA | -
        effect.observed | - | xni5k6p2t6qkvrqjbmuorjcn86 seen at 1795253400.912300 | -
        message.edited | - | - | -
        message.deleted | - | - | -
        connection.revoked | - | app_uninstalled | -
        tenant.created | - | - | tenant acme, Active
        tenant.renamed | - | - | tenant acme, Active
        tenant.limits_changed | - | - | tenant acme, Active
        tenant.budget_changed | - | - | tenant acme, Active
        tenant.suspended | - | - | tenant acme, Suspended
        tenant.resumed | - | - | tenant acme, Active
        tenant.deleted | - | - | tenant acme, Deleted
        agent.created | - | - | agent mara, version None
        agent.draft_saved | - | - | agent mara, version None
        agent.published | - | - | agent mara, version Some(3)
        agent.budget_changed | - | - | agent mara, version Some(3)
        agent.retired | - | - | agent mara, retired
        connection.made | - | - | connection slack-T0ACME
        connection.removed | - | - | connection slack-T0ACME
        tool.saved | - | - | -
        tool.removed | - | - | -
        model_group.saved | - | - | -
        model_group.removed | - | - | -
        workspace.claimed | - | - | -
    "#]].assert_eq(&lines);
}

#[test]
fn which_columns_of_a_message_an_event_sets() {
    let line = |kind: &Kind| {
        let changes = folded(&sample(*kind));
        let row = changes.messages.first()?;
        Some(format!("{}: {}\n", kind.topic(), columns(row)))
    };
    let lines: String = Kind::ALL.iter().filter_map(line).collect();
    expect![[r#"
        message.accepted: "accepted",
            received 2026-11-21T09:30:00.418Z
        message.admitted: "admitted",
            decided 2026-11-21T09:30:00.425Z
        message.throttled: "throttled",
            detail "limit of the channel",
            decided 2026-11-21T09:31:01.377Z
        completion.finished: "completed",
            agent mara,
            version 3,
            model claude-sonnet-4-5-20250929,
            in 1840,
            out 212,
            cost 6319,
            prices 2026-11-21,
            completed 2026-11-21T09:30:03.871Z
        completion.failed: "no answer",
            detail "models_failed",
            agent mara,
            prices 2026-11-21,
            completed 2026-11-21T09:32:31.040Z
        completion.handed_off: "handing over",
            detail "asked_for_human",
            agent mara,
            version 3,
            cost 6319,
            prices 2026-11-21,
            completed 2026-11-21T09:35:03.500Z
        message.held: "held",
            agent mara,
            completed 2026-11-21T09:36:01.250Z
        reply.delivered: "delivered",
            answered 2026-11-21T09:30:04.102Z
        reply.uncertain: "uncertain",
            doubt "no answer within 10 s"
        reply.failed: "failed",
            detail "channel_not_found"
    "#]]
    .assert_eq(&lines.replace(", ", ",\n    "));
}

/// Replaying the log must find every row by the same keys again.
#[test]
fn every_event_leaves_one_row_that_says_where_it_stands_on_the_log() {
    for kind in Kind::ALL {
        let envelope = sample(*kind);
        let changes = folded(&envelope);
        let [row] = changes.events.as_slice() else { panic!("{kind:?}: {:?}", changes.events) };
        assert_eq!((row.stream.as_str(), row.seq), ("EVENTS", SEQ), "{kind:?}");
        assert_eq!((&row.event_id, &row.correlation_id), (&envelope.id, &envelope.correlation));
        assert_eq!((row.kind.as_str(), row.time_ms), (kind.topic(), envelope.time.as_millis()));
        for message in &changes.messages {
            assert_eq!((&message.last_event_id, message.last_seq), (&envelope.id, SEQ), "{kind:?}");
            assert_eq!(message.message_id.as_str(), envelope.correlation.as_str(), "{kind:?}");
        }
        assert!(changes.entries.iter().all(|(_, seq)| *seq == SEQ), "{kind:?}");
        assert!(changes.messages.len() + changes.entries.len() <= 1, "{kind:?}");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
#[track_caller]
fn check(story: &[Kind], want: Expect) {
    let mut rows = Changes::default();
    for (seq, kind) in (1..).zip(story) {
        fold(&mut rows, "EVENTS", seq, &sample(*kind));
    }
    let row = rows.messages.into_iter().reduce(MessageRow::then).unwrap();
    want.assert_eq(&columns(&row).replace(", ", "\n"));
}

#[test]
fn the_row_of_an_answered_message_has_all_its_times() {
    let story = [
        Kind::MessageReceived,
        Kind::MessageAccepted,
        Kind::MessageAdmitted,
        Kind::CompletionFinished,
        Kind::ReplyDelivered,
    ];
    check(
        &story,
        expect![[r#"
        "delivered"
        agent mara
        version 3
        model claude-sonnet-4-5-20250929
        in 1840
        out 212
        cost 6319
        prices 2026-11-21
        received 2026-11-21T09:30:00.418Z
        decided 2026-11-21T09:30:00.425Z
        completed 2026-11-21T09:30:03.871Z
        answered 2026-11-21T09:30:04.102Z"#]],
    );
}

#[test]
fn a_second_delivery_that_comes_late_sets_nothing_back() {
    let story = [
        Kind::MessageAccepted,
        Kind::CompletionFinished,
        Kind::ReplyDelivered,
        Kind::MessageReceived,
        Kind::MessageDuplicate,
        Kind::MessageEdited,
    ];
    check(
        &story,
        expect![[r#"
        "delivered"
        agent mara
        version 3
        model claude-sonnet-4-5-20250929
        in 1840
        out 212
        cost 6319
        prices 2026-11-21
        received 2026-11-21T09:30:00.418Z
        completed 2026-11-21T09:30:03.871Z
        answered 2026-11-21T09:30:04.102Z"#]],
    );
}

#[test]
fn an_apology_that_cannot_be_made_says_the_last_reason() {
    check(
        &[Kind::CompletionFailed, Kind::ReplyFailed],
        expect![[r#"
        "failed"
        detail "channel_not_found"
        agent mara
        prices 2026-11-21
        completed 2026-11-21T09:32:31.040Z"#]],
    );
}

#[test]
fn a_doubt_that_was_settled_leaves_no_word() {
    check(
        &[Kind::CompletionFailed, Kind::ReplyUncertain],
        expect![[r#"
            "uncertain"
            detail "models_failed"
            doubt "no answer within 10 s"
            agent mara
            prices 2026-11-21
            completed 2026-11-21T09:32:31.040Z"#]],
    );
    check(
        &[Kind::MessageAccepted, Kind::ReplyUncertain, Kind::ReplyDelivered],
        expect![[r#"
            "delivered"
            received 2026-11-21T09:30:00.418Z
            answered 2026-11-21T09:30:04.102Z"#]],
    );
}

/// The state is a word for people, so all that a reply can come to must differ.
#[test]
fn where_a_message_stands_after_each_reply() {
    let mut lines = Vec::new();
    for reply in [ReplyKind::Answer, ReplyKind::Apology, ReplyKind::Notice] {
        let mut envelope = sample(Kind::ReplyDelivered);
        if let Event::ReplyDelivered(data) = &mut envelope.event {
            data.reply = reply;
        }
        lines.push(format!("{}: {}", reply.as_str(), folded(&envelope).messages[0].state));
    }
    expect![[r#"
        answer: delivered
        apology: failed
        notice: told"#]]
    .assert_eq(&lines.join("\n"));
}

/// What one event adds, in a line.
fn added(row: &UsageRow) -> String {
    let Counts { messages, answered, failed, throttled, uncertain, unpriced, .. } = row.counts;
    let Counts { input_tokens, output_tokens, cost_micros, .. } = row.counts;
    let Under { day, message, agent, version, by_model } = &row.under;
    let by = message.as_ref().map_or("-", |_| "of its message");
    let by = agent.as_ref().map_or(by, |agent| agent.as_str());
    let version = version.map_or(String::new(), |version| format!(" {version}"));
    let model = by_model.as_deref().unwrap_or("-");
    let latency = row.latency_ms.map_or("-".to_owned(), |ms| format!("{ms} ms"));
    format!(
        "{day} {by}{version} {model} | {messages} = {answered} + {failed} + {throttled}, in doubt \
         {uncertain} | {input_tokens} in, {output_tokens} out, {cost_micros}, unpriced {unpriced} | \
         {latency}"
    )
}

#[test]
fn what_each_kind_of_event_adds_to_what_was_used() {
    let line = |kind: &Kind| {
        let changes = folded(&sample(*kind));
        let row = changes.usage.first()?;
        assert_eq!((row.seq, changes.usage.len()), (SEQ, 1), "{kind:?}");
        Some(format!("{}: {}\n", kind.topic(), added(row)))
    };
    let lines: String = Kind::ALL.iter().filter_map(line).collect();
    expect![[r#"
        message.throttled: 2026-11-21 - - | 1 = 0 + 0 + 1, in doubt 0 | 0 in, 0 out, 0, unpriced 0 | -
        completion.finished: 2026-11-21 mara 3 claude-sonnet-4-5-20250929 | 1 = 1 + 0 + 0, in doubt 0 | 1840 in, 212 out, 6319, unpriced 0 | 3246 ms
        completion.failed: 2026-11-21 mara - | 1 = 0 + 1 + 0, in doubt 0 | 0 in, 0 out, 0, unpriced 1 | -
        completion.handed_off: 2026-11-21 mara 3 - | 1 = 0 + 0 + 0, in doubt 0 | 1840 in, 212 out, 6319, unpriced 0 | -
        message.held: 2026-11-21 mara - | 1 = 0 + 0 + 0, in doubt 0 | 0 in, 0 out, 0, unpriced 0 | -
        reply.uncertain: 2026-11-21 of its message - | 0 = 0 + 0 + 0, in doubt 1 | 0 in, 0 out, 0, unpriced 0 | -
    "#]]
    .assert_eq(&lines);
}

/// An apology that cannot be made has failed before, and its message is one message.
#[test]
fn only_an_answer_that_nobody_got_adds_a_failure() {
    let mut envelope = sample(Kind::ReplyFailed);
    let mut failed = Vec::new();
    for reply in [ReplyKind::Answer, ReplyKind::Apology, ReplyKind::Notice] {
        if let Event::ReplyFailed(data) = &mut envelope.event {
            data.reply = reply;
        }
        failed.push(folded(&envelope).usage.iter().map(|row| row.counts.failed).sum::<u64>());
    }
    assert_eq!(failed, [1, 0, 0]);
}

/// A message of which no model was asked cost nothing, which is known.
#[test]
fn a_hand_off_and_a_failure_of_unknown_cost_are_counted_as_such() {
    let unpriced = |mut envelope: Envelope, cost: Option<Cost>| {
        if let Event::CompletionHandedOff(data) = &mut envelope.event {
            data.cost = cost;
        } else if let Event::CompletionFailed(data) = &mut envelope.event {
            data.cost = cost;
        }
        folded(&envelope).usage.iter().map(|row| row.counts.unpriced).sum::<u64>()
    };
    let of = |amount| Some(Cost { amount, price_version: "test".to_owned() });
    for kind in [Kind::CompletionHandedOff, Kind::CompletionFailed] {
        let costs = [None, of(Some(MicroDollars(0))), of(None)];
        assert_eq!(costs.map(|cost| unpriced(sample(kind), cost)), [0, 0, 1], "{kind:?}");
    }
}

/// The hand-off that an event begins or ends, by its message.
#[test]
fn a_hand_off_begins_and_ends_by_its_message() {
    let lines = [Kind::CompletionHandedOff, Kind::MessageHeld, Kind::ConversationHandedBack];
    let lines = lines.map(|kind| {
        let changes = folded(&sample(kind));
        let of = |it: &HandedOff| format!(" {} {:?} {}", it.message_id, it.since_ms, it.last_seq);
        format!("{}:{}\n", kind.topic(), changes.handed_off.iter().map(of).collect::<String>())
    });
    expect![[r#"
        completion.handed_off: m8m021spjhru6rbsuhvtesl1ao Some(1795253703500) 7
        message.held:
        conversation.handed_back: m8m021spjhru6rbsuhvtesl1ao None 7
    "#]]
    .assert_eq(&lines.concat());
}
