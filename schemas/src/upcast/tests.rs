//! The chain at work on an event that, here only, is in its third version. In the first one a
//! `connection.revoked` had `connection_id` and `why`; the second calls it `connection`, the third,
//! which is that of today, has `reason`.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Envelope, event::ConnectionRevoked};

const THIRD: Chain = Chain {
    newest: |kind| if matches!(kind, Kind::ConnectionRevoked) { 3 } else { 1 },
    steps: &[
        // Not in their order: a step is found by its version.
        Step { topic: "connection.revoked", from: 2, next: |data| renamed(data, "why", "reason") },
        Step {
            topic: "connection.revoked",
            from: 1,
            next: |data| renamed(data, "connection_id", "connection"),
        },
    ],
};

/// A chain whose steps nobody may take.
const CLOSED: Chain = Chain {
    newest: |_| 3,
    steps: &[Step { topic: "connection.revoked", from: 3, next: |_| panic!("a step was taken") }],
};

fn renamed(mut data: Value, from: &str, to: &str) -> Value {
    if let Value::Object(fields) = &mut data
        && let Some(value) = fields.shift_remove(from)
    {
        fields.insert(to.to_owned(), value);
    }
    data
}

fn bytes(version: &str, data: &Value) -> Vec<u8> {
    let sample = include_str!("../../samples/connection.revoked.v1.json");
    let mut envelope: Value = serde_json::from_str(sample).unwrap();
    envelope["type"] = format!("konstruct.connection.revoked.{version}").into();
    envelope["data"] = data.clone();
    envelope.to_string().into_bytes()
}

fn first() -> Value {
    json!({ "connection_id": "slack-T0ACME", "why": "app_uninstalled" })
}

fn second() -> Value {
    json!({ "connection": "slack-T0ACME", "why": "app_uninstalled" })
}

fn third() -> Value {
    json!({ "connection": "slack-T0ACME", "reason": "app_uninstalled" })
}

#[expect(clippy::needless_pass_by_value, reason = "so that tests read `refused(…, expect![…])`")]
#[track_caller]
fn refused(version: &str, data: Value, want: Expect) {
    let error = Envelope::decode_by(&bytes(version, &data), &THIRD).unwrap_err().to_string();
    want.assert_eq(&error.replace(": ", ":\n").replace(" at line", "\nat line"));
}

#[test]
fn every_version_is_read_as_todays() {
    let want = Event::ConnectionRevoked(ConnectionRevoked {
        connection: "slack-T0ACME".parse().unwrap(),
        reason: "app_uninstalled".to_owned(),
    });
    for (version, data) in [("v1", first()), ("v2", second()), ("v3", third())] {
        let read = Envelope::decode_by(&bytes(version, &data), &THIRD).unwrap();
        assert_eq!(read.event, want, "{version}");
    }
}

#[test]
fn what_an_old_version_is_read_as_is_written_as_todays() {
    let read = Envelope::decode_by(&bytes("v1", &first()), &THIRD).unwrap();
    let written: Value = serde_json::from_slice(&read.encode().unwrap()).unwrap();
    assert_eq!(written["type"], Kind::ConnectionRevoked.type_name());
    assert_eq!(written["data"], third());
}

#[test]
fn todays_version_passes_no_step() {
    let read = Envelope::decode_by(&bytes("v3", &third()), &CLOSED).unwrap();
    assert_eq!(read.event.kind(), Kind::ConnectionRevoked);
}

#[test]
fn a_version_of_a_newer_program_is_named_as_that() {
    refused(
        "v4",
        third(),
        expect![[r#"
            `konstruct.connection.revoked.v4` is of a newer program:
            the newest version this one reads is v3"#]],
    );
}

#[test]
fn a_version_that_no_step_leads_from_is_unknown() {
    let gap = Chain { newest: |_| 3, steps: &THIRD.steps[..1] };
    let error = Envelope::decode_by(&bytes("v1", &first()), &gap).unwrap_err();
    assert_eq!(error.to_string(), "unknown event type `konstruct.connection.revoked.v1`");
    for version in ["v0", "v", "v01", "v+1", "v1.0", "v99999999999", "V1"] {
        let error = Envelope::decode_by(&bytes(version, &first()), &THIRD).unwrap_err();
        let want = format!("unknown event type `konstruct.connection.revoked.{version}`");
        assert_eq!(error.to_string(), want);
    }
}

#[test]
fn old_data_that_does_not_fit_names_its_version_and_the_field() {
    refused(
        "v1",
        json!({ "connection_id": "a b", "why": "x" }),
        expect![[r#"
            data of `konstruct.connection.revoked.v1`, as v3, `connection`:
            `a b` is not a valid ConnectionId:
            only letters, digits, `-` and `_` may stand in it
            at line 1 column 19"#]],
    );
    refused(
        "v2",
        json!({ "connection": "slack-T0ACME" }),
        expect![[r#"
            data of `konstruct.connection.revoked.v2`, as v3:
            missing field `reason`
            at line 1 column 29"#]],
    );
    refused(
        "v1",
        json!(17),
        expect![[r#"
            data of `konstruct.connection.revoked.v1`, as v3:
            invalid type:
            integer `17`, expected struct ConnectionRevoked
            at line 1 column 2"#]],
    );
}

/// The table of production: none of this may be forgotten when a version is made.
#[test]
fn each_version_before_todays_has_one_step_and_there_are_no_others() {
    let mut steps = 0;
    for kind in Kind::ALL {
        for version in 1..kind.version() {
            let leads = |step: &&Step| step.topic == kind.topic() && step.from == version;
            assert_eq!(STEPS.iter().filter(leads).count(), 1, "{kind:?} v{version}");
            steps += 1;
        }
    }
    assert_eq!(STEPS.len(), steps);
}

proptest! {
    #[test]
    fn any_old_data_is_an_event_or_a_clean_error(
        version in 1_u32..5,
        fields in prop::collection::btree_map("connection(_id)?|why|reason|[a-z]{1,4}", ".{0,8}", 0..5),
        whole in prop::option::of(".{0,8}"),
    ) {
        let data = whole.map_or_else(|| json!(fields), Value::from);
        if let Ok(read) = Envelope::decode_by(&bytes(&format!("v{version}"), &data), &THIRD) {
            let written = read.encode().unwrap();
            prop_assert_eq!(Envelope::decode(&written).unwrap(), read);
        }
    }
}
