use bytes::Bytes;
use proptest::prelude::*;

use super::*;

const NOW_S: i64 = 1_531_420_618;
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
const BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
    &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
    &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F\
    commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
    &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

/// The worked example in Slack's documentation.
fn example() -> Unverified {
    call("1531420618", SIGNATURE, Bytes::from_static(BODY))
}

fn call(timestamp: &str, signature: &str, body: Bytes) -> Unverified {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Unverified {
        headers: vec![
            header("x-slack-request-timestamp", timestamp),
            header("x-slack-signature", signature),
        ],
        body,
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Unverified), now_s: i64, want: &Result<(), Refused>) {
    let signer = Signer::new(&Secret::from(SECRET.to_owned())).unwrap();
    let mut call = example();
    change(&mut call);
    let got = signer.verify(call, Timestamp::from_millis(now_s * 1000));
    assert_eq!(&got.map(drop), want, "at {now_s} s");
}

#[test]
fn the_documented_example_is_believed() {
    check(|_| (), NOW_S, &Ok(()));
}

#[test]
fn whoever_plays_slack_signs_as_slack_does() {
    let secret = Secret::from(SECRET.to_owned());
    assert_eq!(sign(&secret, "1531420618", BODY).as_deref(), Ok(SIGNATURE));
    assert_eq!(sign(&Secret::from(String::new()), "1", b""), Err(EmptySecret));
}

#[test]
fn another_body_is_not() {
    let other = Bytes::from_static(b"token=other");
    check(|call| call.body = other, NOW_S, &Err(Refused::BadSignature));
}

#[test]
fn the_window_is_five_minutes_both_ways_and_inclusive() {
    check(|_| (), NOW_S + 300, &Ok(()));
    check(|_| (), NOW_S - 300, &Ok(()));
    check(|_| (), NOW_S + 301, &Err(Refused::Stale { age_s: 301, limit_s: 300 }));
    check(|_| (), NOW_S - 301, &Err(Refused::Stale { age_s: 301, limit_s: 300 }));
}

#[test]
fn an_unsigned_call_names_what_it_lacks() {
    let missing = Err(Refused::MissingHeader("x-slack-signature"));
    check(|call| call.headers.truncate(1), NOW_S, &missing);
}

#[test]
fn a_signature_has_one_spelling() {
    let upper = SIGNATURE.to_uppercase().replace("V0", "v0");
    for signature in ["", "v0=", "v1=00", &SIGNATURE[3..], &SIGNATURE[..66], &upper] {
        let spelt = |call: &mut Unverified| signature.clone_into(&mut call.headers[1].1);
        check(spelt, NOW_S, &Err(Refused::BadSignature));
    }
    for timestamp in ["", "+1531420618", " 1531420618", "1531420618.0", "99999999999999999999"] {
        let spelt = |call: &mut Unverified| timestamp.clone_into(&mut call.headers[0].1);
        check(spelt, NOW_S, &Err(Refused::BadSignature));
    }
}

#[test]
fn a_header_sent_twice_is_not_believed() {
    let twice = |call: &mut Unverified| call.headers.extend(call.headers.clone());
    check(twice, NOW_S, &Err(Refused::BadSignature));
}

#[test]
fn an_empty_secret_is_a_start_up_error() {
    for secret in ["", "  \n"] {
        assert_eq!(Signer::new(&Secret::from(secret.to_owned())).err(), Some(EmptySecret));
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused(at in 0..BODY.len() + 10 + 67, bit in 0..8_u8) {
        let flip = |text: &str, at: usize| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let mut call = example();
        if at < BODY.len() {
            let mut body = BODY.to_vec();
            body[at] ^= 1 << bit;
            call.body = body.into();
        } else if at < BODY.len() + 10 {
            call.headers[0].1 = flip("1531420618", at - BODY.len());
        } else {
            call.headers[1].1 = flip(SIGNATURE, at - BODY.len() - 10);
        }
        let signer = Signer::new(&Secret::from(SECRET.to_owned())).unwrap();
        prop_assert!(signer.verify(call, Timestamp::from_millis(NOW_S * 1000)).is_err());
    }

    #[test]
    fn any_headers_are_believed_or_refused(timestamp in "\\PC{0,40}", signature in "\\PC{0,90}") {
        let signer = Signer::new(&Secret::from(SECRET.to_owned())).unwrap();
        let call = call(&timestamp, &signature, Bytes::new());
        prop_assert!(signer.verify(call, Timestamp::from_millis(NOW_S * 1000)).is_err());
    }
}
