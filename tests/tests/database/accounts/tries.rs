//! How long tries that failed make others wait, and whom.

use accounts::{SignIn, Visit};

use super::{House, MARA, MINUTE, OTHER, PASSWORD, SECOND, house, secret, until, visit};
use crate::at;

/// Tries so often as Mara with another password, each as soon as it is looked at; an odd number ends
/// with one that is. Gives the waits, and when it is over.
async fn guessed(house: &House, times: u32, from: impl Fn(u32) -> String) -> (Vec<i64>, i64) {
    let (mut now, mut waits) = (0, Vec::new());
    for n in 0..times {
        let visit = Visit::new(at(now), &from(n), "Firefox");
        let email = if n % 2 == 0 { MARA.to_owned() } else { MARA.to_uppercase() };
        let tried = house.accounts.sign_in(&email, &secret(OTHER), &visit).await.unwrap();
        match until(&tried) {
            None => now += SECOND / 2,
            Some(until) => {
                waits.push(until.as_millis() - at(now).as_millis());
                now = until.as_millis() - at(0).as_millis();
            }
        }
    }
    (waits, now)
}

#[tokio::test]
async fn tries_are_counted_wherever_they_come_from_and_never_make_one_wait_long() {
    let house = house().await;
    let (waits, now) = guessed(&house, 40, |n| format!("203.0.113.{n}")).await;
    assert!(waits.iter().all(|wait| (1..=30 * SECOND).contains(wait)), "{waits:?}");
    assert!(10 < waits.len(), "{waits:?}");
    // The right password waits like any other, and is then taken.
    let tried = house.accounts.sign_in(MARA, &secret(PASSWORD), &visit(now)).await.unwrap();
    let now = until(&tried).map_or(now, |until| until.as_millis() - at(0).as_millis());
    house.enter(MARA, PASSWORD, now).await;
    // Known now, it begins anew.
    for _ in 0..5 {
        let tried = house.accounts.sign_in(MARA, &secret(OTHER), &visit(now)).await.unwrap();
        assert!(matches!(tried, SignIn::Refused), "{tried:?}");
    }
    // Another account never waited.
    let tried = house.accounts.sign_in("ada@example.com", &secret(OTHER), &visit(0)).await;
    assert!(matches!(tried.unwrap(), SignIn::Refused));
}

#[tokio::test]
async fn whoever_guesses_from_one_address_waits_long_there_and_nobody_elsewhere_does() {
    let house = house().await;
    for address in ["198.51.100.1", "2001:db8::1"] {
        let (waits, now) = guessed(&house, 41, |_| address.to_owned()).await;
        assert!(waits.iter().any(|wait| 14 * MINUTE < *wait), "{waits:?}");
        let elsewhere = visit(now + 30 * SECOND);
        let tried = house.accounts.sign_in(MARA, &secret(PASSWORD), &elsewhere).await.unwrap();
        assert!(matches!(tried, SignIn::Done(_)), "{address}: {tried:?}");
    }
}

#[tokio::test]
async fn whoever_is_signed_in_never_waits_for_what_others_try() {
    let house = house().await;
    let (_, now) = guessed(&house, 21, |_| visit(0).ip().to_owned()).await;
    let typed = house.accounts.freshen(&house.session, &secret(PASSWORD), "", &visit(now)).await;
    let SignIn::Done(session) = typed.unwrap() else { panic!("it waits") };
    // Their own tries count.
    let mut looked_at = 0;
    for _ in 0..20 {
        let typed =
            house.accounts.freshen(&session, &secret(OTHER), "", &visit(now)).await.unwrap();
        looked_at += u32::from(until(&typed).is_none());
    }
    assert_eq!(looked_at, 5);
}
