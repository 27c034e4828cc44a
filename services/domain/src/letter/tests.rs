use expect_test::expect;

use super::*;

fn fact(id: &str, tenant: &str, reason: &str, at: i64) -> Fact {
    Fact {
        id: id.to_owned(),
        tenant: tenant.parse().ok(),
        consumer: "completion".to_owned(),
        topic: "message.admitted".to_owned(),
        reason: reason.to_owned(),
        at: Timestamp::from_millis(at),
    }
}

#[test]
fn a_cause_is_a_reason_without_what_differs() {
    let cases = [
        ("the text does not open", "the text does not open"),
        ("event e8fk2jd9qm1 of tenant-7 was lost", "event # of # was lost"),
        ("after 3 attempts, 1250 ms", "after # attempts, # ms"),
        ("HTTP 401: no key", "HTTP 401: no key"),
        ("HTTP 500: no key", "HTTP 500: no key"),
        ("status: 404 at 10:02:03", "status: 404 at #:#:#"),
        ("unknown type `message.received.v9`", "unknown type `message.received.#`"),
        ("  two\n lines  ", "two lines"),
        ("abcdefghijklmnopqrstuvwxyz is long", "# is long"),
        ("", ""),
    ];
    for (reason, want) in cases {
        assert_eq!(cause(reason), want, "{reason}");
    }
    assert_eq!(cause(&"word ".repeat(100)).chars().count(), CAUSE_CHARS_MAX);
}

#[test]
fn letters_of_one_cause_are_one_group_and_the_newest_comes_first() {
    let facts = [
        fact("b", "acme", "key k2 is gone", 20),
        fact("a", "acme", "key k1 is gone", 10),
        fact("c", "beta", "the text does not open", 30),
        fact("d", "beta", "key k9 is gone", 5),
        Fact { consumer: "delivery".to_owned(), ..fact("e", "acme", "key k1 is gone", 1) },
        fact("f", "-", "the text does not open", 30),
    ];
    let line = |it: &Group| {
        let tenants: Vec<_> = it.tenants.iter().map(TenantId::as_str).collect();
        let (first, last) = (it.first.as_millis(), it.last.as_millis());
        let letters = it.letters.join(" ");
        let (of, cause) = (tenants.join(" "), &it.cause);
        format!("{} {cause}: {letters} of {of} from {first} to {last}\n", it.consumer)
    };
    let groups = group(&facts);
    expect![[r"
        completion the text does not open: c f of beta from 30 to 30
        completion key # is gone: d a b of acme beta from 5 to 20
        delivery key # is gone: e of acme from 1 to 1
    "]]
    .assert_eq(&groups.iter().map(line).collect::<String>());
    let again = group(&facts[..2]);
    assert_eq!(again[0].key, groups[1].key, "the same cause has the same name");
}

#[test]
fn what_a_retry_does_depends_on_what_was_said_when_it_was_given_up() {
    for (consumer, kind, want) in [
        ("dedup", Kind::MessageReceived, Some(Way::Publish)),
        ("rate-limit", Kind::MessageAccepted, Some(Way::Publish)),
        ("completion", Kind::MessageAdmitted, Some(Way::Reopen)),
        ("completion", Kind::MessageReopened, Some(Way::Reopen)),
        ("completion", Kind::MessageEdited, Some(Way::Publish)),
        ("completion", Kind::ConversationHandedBack, Some(Way::Publish)),
        ("delivery", Kind::CompletionFinished, Some(Way::Send)),
        ("delivery", Kind::CompletionFailed, Some(Way::Send)),
        ("delivery", Kind::CompletionHandedOff, None),
        ("delivery", Kind::MessageAdmitted, None),
        ("delivery", Kind::MessageThrottled, None),
        ("delivery", Kind::MessageReopened, Some(Way::SendAnew)),
        ("delivery", Kind::ReplyDecided, Some(Way::Publish)),
        ("delivery", Kind::EffectObserved, Some(Way::Publish)),
        ("revocation", Kind::ConnectionRevoked, Some(Way::Publish)),
    ] {
        assert_eq!(way(consumer, kind).ok(), want, "{consumer} {kind:?}");
    }
}
