//! Proving again who is signed in.

use accounts::{AccountsError, SignIn, totp};
use domain::secret::Secret;

use super::{House, MINUTE, OTHER, PASSWORD, SECOND, house, secret, until, visit};
use crate::at;

impl House {
    async fn freshen(&self, password: &str, code: &str, millis: i64) -> SignIn {
        let (session, password) = (&self.session, secret(password));
        self.accounts.freshen(session, &password, code, &visit(millis)).await.unwrap()
    }
}

fn code(app: &Secret, millis: i64) -> String {
    totp::code_at(app, at(millis)).unwrap()
}

#[tokio::test]
async fn whoever_has_an_app_shows_both_factors_again() {
    let mut house = house().await;
    let (app, paper) = house.app(0).await;
    let now = 15 * MINUTE;
    let right = code(&app, now);
    for (password, code) in
        [(PASSWORD, ""), (PASSWORD, "000000"), (PASSWORD, "no-such-code"), (OTHER, right.as_str())]
    {
        let tried = house.freshen(password, code, now).await;
        assert!(matches!(tried, SignIn::Refused), "{code}: {tried:?}");
        let signed = house.who(&house.session, now).await.unwrap();
        let begun = house.accounts.begin_second_factor(&signed);
        assert!(matches!(begun, Err(AccountsError::Stale)), "another app by {code}");
        let codes = house.accounts.new_recovery_codes(&signed, &visit(now)).await;
        assert!(matches!(codes, Err(AccountsError::Stale)), "other codes by {code}");
    }
    let done = house.freshen(PASSWORD, &right, now).await;
    let SignIn::Done(session) = done else { panic!("{done:?}") };
    house.session = session;
    let signed = house.who(&house.session, now).await.unwrap();
    assert_eq!((signed.is_fresh, signed.aal), (true, 2));
    let again = house.freshen(PASSWORD, &right, now + SECOND).await;
    assert!(matches!(again, SignIn::Refused), "the code was used");
    let done = house.freshen(PASSWORD, paper.expose(), now + SECOND).await;
    assert!(matches!(done, SignIn::Done(_)), "{done:?}");
}

#[tokio::test]
async fn whoever_knows_the_password_does_not_try_all_codes() {
    let mut house = house().await;
    house.app(0).await;
    let mut looked_at = 0;
    for _ in 0..30 {
        // The right password does not begin the count of codes anew.
        let tried = house.freshen(PASSWORD, "000000", MINUTE).await;
        looked_at += u32::from(until(&tried).is_none());
    }
    assert_eq!(looked_at, 5);
}
