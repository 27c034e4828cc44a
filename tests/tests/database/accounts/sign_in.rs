use accounts::{AccountsError, PendingToken, SignIn, totp};
use store::{Platform, Settings, rotate::rotate};

use super::{
    HOUR, House, MARA, MINUTE, OTHER, PASSWORD, SECOND, house, masters, secret, until, visit,
};
use crate::at;

#[tokio::test]
async fn nobody_learns_whether_an_email_has_an_account() {
    let house = house().await;
    let accounts = &house.accounts;
    for n in 0..20 {
        let mut answers = Vec::new();
        for email in [MARA, "nobody@example.com", "not an address"] {
            let tried = accounts.sign_in(email, &secret(OTHER), &visit(n * SECOND)).await.unwrap();
            answers.push(format!("{tried:?}"));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
}

#[tokio::test]
async fn each_sign_in_has_a_token_of_its_own_and_ends_the_one_that_was_held() {
    let house = house().await;
    let first = house.enter(MARA, PASSWORD, 1).await;
    let held = visit(2).holding(Some(first.clone()));
    let again = house.accounts.sign_in(MARA, &secret(PASSWORD), &held).await.unwrap();
    let SignIn::Done(second) = again else { panic!("{again:?}") };
    assert_ne!(first.expose(), second.expose());
    assert!(house.who(&first, 3).await.is_none(), "the old one is dead");
    let signed = house.who(&second, 3).await.unwrap();
    assert_eq!((signed.email.as_str(), signed.aal, signed.is_fresh), (MARA, 1, true));
    assert!(signed.is_administrator());

    let typed = house.accounts.freshen(&second, &secret(OTHER), "", &visit(4)).await.unwrap();
    assert!(matches!(typed, SignIn::Refused));
    let typed = house.accounts.freshen(&second, &secret(PASSWORD), "", &visit(15 * MINUTE)).await;
    let SignIn::Done(third) = typed.unwrap() else { panic!("refused") };
    assert!(house.who(&second, 15 * MINUTE).await.is_none(), "re-authentication rotates too");
    assert!(house.who(&third, 15 * MINUTE).await.unwrap().is_fresh);
    house.accounts.sign_out(&third, &visit(15 * MINUTE)).await.unwrap();
    assert!(house.who(&third, 15 * MINUTE).await.is_none());
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_by_its_age() {
    let house = house().await;
    let idle = house.enter(MARA, PASSWORD, 0).await;
    assert!(house.who(&idle, HOUR - 1).await.is_some());
    assert!(house.who(&idle, 2 * HOUR - 2).await.is_some(), "it was seen in between");
    assert!(house.who(&idle, 3 * HOUR - 2).await.is_none(), "an hour is too long");

    let used = house.enter(MARA, PASSWORD, 0).await;
    assert!(!house.who(&used, 10 * MINUTE).await.unwrap().is_fresh);
    for n in 1..24 {
        assert!(house.who(&used, n * HOUR / 2).await.is_some(), "{n}");
    }
    assert!(house.who(&used, 12 * HOUR - 1).await.is_some());
    assert!(house.who(&used, 12 * HOUR).await.is_none());
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner() {
    let house = house().await;
    let (one, two) = (house.enter(MARA, PASSWORD, 1).await, house.enter(MARA, PASSWORD, 2).await);
    let signed = house.who(&two, 3).await.unwrap();
    let other = house.who(&one, 3).await.unwrap().session;
    let listed = house.accounts.sessions(&signed, at(3)).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!((listed[0].agent.as_str(), listed[0].ip.as_str()), ("Firefox", "203.0.113.7"));
    house.accounts.end_session(&signed, &other, &visit(3)).await.unwrap();
    assert!(house.who(&one, 4).await.is_none());
    assert_eq!(house.accounts.end_other_sessions(&signed, &visit(4)).await.unwrap(), 1);
    assert!(house.who(&house.session, 5).await.is_none());
    assert!(house.who(&two, 5).await.is_some());
}

async fn half(house: &House, millis: i64) -> PendingToken {
    let tried = house.accounts.sign_in(MARA, &secret(PASSWORD), &visit(millis)).await.unwrap();
    let SignIn::SecondFactor(pending) = tried else { panic!("{tried:?}") };
    pending
}

#[tokio::test]
async fn a_code_works_once_and_ends_the_half_sign_in() {
    let mut house = house().await;
    let former = house.session.clone();
    let (app, _) = house.app(0).await;
    assert!(house.who(&former, 1).await.is_none(), "another factor, another session");
    assert_eq!(house.mara().await.aal, 2);

    let code = totp::code_at(&app, at(MINUTE)).unwrap();
    let pending = half(&house, MINUTE).await;
    let done = house.accounts.second_factor(&pending, &code, &visit(MINUTE)).await.unwrap();
    let SignIn::Done(session) = done else { panic!("{done:?}") };
    assert_eq!(house.who(&session, MINUTE).await.unwrap().aal, 2);
    let again = house.accounts.second_factor(&pending, &code, &visit(MINUTE)).await;
    assert!(matches!(again, Err(AccountsError::Link)), "{again:?}");
    let pending = half(&house, MINUTE + 1).await;
    let again = house.accounts.second_factor(&pending, &code, &visit(MINUTE + 1)).await.unwrap();
    assert!(matches!(again, SignIn::Refused), "the code was used: {again:?}");
    let late = house.accounts.second_factor(&pending, &code, &visit(12 * MINUTE)).await;
    assert!(matches!(late, Err(AccountsError::Link)), "half a sign-in is good for ten minutes");
}

#[tokio::test]
async fn the_first_code_of_an_app_is_used_up_too() {
    let mut house = house().await;
    let (app, _) = house.app(0).await;
    let code = totp::code_at(&app, at(0)).unwrap();
    let pending = half(&house, 1).await;
    let tried = house.accounts.second_factor(&pending, &code, &visit(1)).await.unwrap();
    assert!(matches!(tried, SignIn::Refused), "{tried:?}");
}

#[tokio::test]
async fn nobody_tries_all_codes() {
    let mut house = house().await;
    house.app(0).await;
    let mut looked_at = 0;
    for _ in 0..30 {
        // The right password does not begin the count of codes anew.
        let pending = half(&house, MINUTE).await;
        let tried = house.accounts.second_factor(&pending, "000000", &visit(MINUTE)).await;
        looked_at += u32::from(until(&tried.unwrap()).is_none());
    }
    assert_eq!(looked_at, 5);
}

#[tokio::test]
async fn a_recovery_code_works_once() {
    let mut house = house().await;
    let (_, code) = house.app(0).await;
    let typed = code.expose().to_uppercase();
    let pending = half(&house, MINUTE).await;
    let done = house.accounts.recover(&pending, &typed, &visit(MINUTE)).await.unwrap();
    let SignIn::Done(session) = done else { panic!("{done:?}") };
    let signed = house.who(&session, MINUTE).await.unwrap();
    assert_eq!(house.accounts.recovery_codes_left(&signed).await.unwrap(), 9);
    let pending = half(&house, MINUTE).await;
    let again = house.accounts.recover(&pending, &typed, &visit(MINUTE)).await.unwrap();
    assert!(matches!(again, SignIn::Refused));
}

#[tokio::test]
async fn a_second_factor_asks_for_a_password_typed_a_moment_ago_and_the_right_code() {
    let house = house().await;
    let stale = house.who(&house.session, 11 * MINUTE).await.unwrap();
    let begun = house.accounts.begin_second_factor(&stale);
    assert!(matches!(begun, Err(AccountsError::Stale)));
    let offer = house.accounts.begin_second_factor(&house.mara().await).unwrap();
    let confirm = async |offer: &str, code: &str, millis: i64| {
        house.accounts.confirm_second_factor(&house.session, offer, code, &visit(millis)).await
    };
    let code = totp::code_at(&offer.secret, at(11 * MINUTE)).unwrap();
    let late = confirm(&offer.offer, &code, 11 * MINUTE).await;
    assert!(matches!(late, Err(AccountsError::Stale)));
    assert!(matches!(confirm(&offer.offer, "1", 0).await, Err(AccountsError::Wrong)));
    assert!(matches!(confirm("made up", "1", 0).await, Err(AccountsError::Link)));
    assert!(!house.mara().await.has_second_factor);
}

#[tokio::test]
async fn one_connection_is_enough_for_both_factors() {
    let mut house = house().await;
    let (app, paper) = house.app(0).await;
    let settings = Settings::new(house.world.test.platform_url()).pool_size(1);
    let platform = Platform::connect(&settings).await.unwrap();
    house.accounts = accounts::Accounts::new(platform, masters(&["1"]), None, "https://x.example");
    let (now, code) = (visit(MINUTE), totp::code_at(&app, at(MINUTE)).unwrap());
    let done = house.accounts.second_factor(&half(&house, MINUTE).await, &code, &now).await;
    assert!(matches!(done, Ok(SignIn::Done(_))), "{done:?}");
    let done = house.accounts.recover(&half(&house, MINUTE).await, paper.expose(), &now).await;
    assert!(matches!(done, Ok(SignIn::Done(_))), "{done:?}");
}

#[tokio::test]
async fn another_master_key_takes_second_factors_along() {
    let mut house = house().await;
    let (app, _) = house.app(0).await;
    let both = masters(&["2", "1"]);
    assert_eq!(rotate(&house.world.platform, &both, "test").await.unwrap(), 1);
    assert_eq!(rotate(&house.world.platform, &both, "test").await.unwrap(), 0);
    let platform = house.world.platform.clone();
    house.accounts = accounts::Accounts::new(platform, masters(&["2"]), None, "https://x.example");
    let pending = half(&house, MINUTE).await;
    let code = totp::code_at(&app, at(MINUTE)).unwrap();
    let done = house.accounts.second_factor(&pending, &code, &visit(MINUTE)).await.unwrap();
    assert!(matches!(done, SignIn::Done(_)), "{done:?}");
}
