use proptest::prelude::*;

use super::*;

#[track_caller]
fn check<T: TryFrom<String, Error = InvalidId> + Into<String>>(text: &str, want: Result<(), &str>) {
    let got = T::try_from(text.to_owned()).map(|id| assert_eq!(id.into(), text));
    assert_eq!(got.as_ref().copied().map_err(|e| e.problem), want, "{text:?}");
}

#[test]
fn only_subject_tokens_are_ids() {
    let reserved = "only letters, digits, `-` and `_` may stand in it";
    check::<MessageId>("T012-a_B", Ok(()));
    check::<MessageId>("", Err("it is empty"));
    for text in ["a.b", "a >", "*", "a\n", "é", "1700000000.123456"] {
        check::<ConversationId>(text, Err(reserved));
    }
    check::<EventId>(&"a".repeat(64), Ok(()));
    check::<EventId>(&"a".repeat(65), Err("it is longer than 64 bytes"));
}

#[test]
fn a_tenant_is_a_slug() {
    check::<TenantId>("acme-2", Ok(()));
    check::<TenantId>("Acme", Err("only a-z, 0-9 and `-` may stand in it"));
    check::<TenantId>("-acme", Err("it starts with `-`"));
    check::<TenantId>(&"a".repeat(41), Err("it is longer than 40 bytes"));
}

#[test]
fn serde_is_no_way_around() {
    let error = serde_json::from_str::<TenantId>("\"a.b\"").unwrap_err().to_string();
    assert_eq!(error, "`a.b` is not a valid TenantId: only a-z, 0-9 and `-` may stand in it",);
}

#[test]
fn derived_ids_never_change() {
    // On the log for ever: a new derivation would answer old messages again.
    let tenant = TenantId::try_from("acme".to_owned()).unwrap();
    let connection = ConnectionId::try_from("slack-T0ACME".to_owned()).unwrap();
    let message = MessageId::derive(&tenant, &connection, "C1", "1700000000.123456");
    let event = EventId::of_delivery(&tenant, &connection, "Ev1");
    let effect = EffectId::derive(&event, "answer", 0);
    let got = [message.as_str(), event.as_str(), effect.as_str()];
    expect_test::expect![
        "mi6rkjfsmv21mrldsi7lhfsfr5 ehnh8ualf2l1v8uk0lb2223coc x41jq6k63rqg3s5nkood400ueb"
    ]
    .assert_eq(&got.join(" "));
}

proptest! {
    #[test]
    fn any_text_is_an_id_or_a_clean_error(text in "\\PC{0,80}") {
        match TenantId::try_from(text.clone()) {
            Ok(id) => prop_assert!(!id.as_str().contains(['.', '*', '>', ' '])),
            Err(error) => prop_assert!(error.to_string().contains("is not a valid TenantId")),
        }
    }

    #[test]
    fn different_causes_have_different_ids(a in "[a-z]{1,9}", b in "[a-z]{1,9}", i in 0_usize..9) {
        let id = |cause: &str, stage: &str| EventId::derive(cause, stage, i);
        prop_assert_eq!(id(&a, "s") == id(&b, "s"), a == b);
        prop_assert_ne!(id(&format!("{a}{b}"), "s"), id(&a, &format!("{b}s")));
        prop_assert_eq!(id(&a, &b).as_str().len(), 1 + DERIVED_LEN);
    }
}
