use accounts::{
    AccountsError, Denied, ERRAND_MAX, Errand, Filter, Identity, LinkToken, LocalPath, OpenedBy,
    PlatformRole, Reason, SecondFactor, SessionToken, SignIn, Welcome, totp,
};
use domain::secret::Secret;

use super::{House, MARA, MINUTE, SECOND, house, masters, secret, visit};
use crate::at;

const ISSUER: &str = "https://id.example.com";
const HOUR: i64 = super::HOUR;

/// Somebody with this e-mail, checked, who proved at that time who they are.
fn who(subject: &str, email: &str, proved: Option<i64>) -> Identity {
    Identity {
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        email: Some(email.to_owned()),
        name: Some("Some One".to_owned()),
        proved_at: proved.map(at),
    }
}

impl House {
    async fn comes(&self, who: &Identity, factor: SecondFactor, millis: i64) -> Welcome {
        self.accounts.sign_in_as(who, factor, &visit(millis)).await.unwrap()
    }

    /// Proves again who they are, asked just now.
    async fn again(
        &self,
        session: &SessionToken,
        who: &Identity,
        factor: SecondFactor,
        millis: i64,
    ) -> Result<Welcome, AccountsError> {
        self.accounts.freshen_as(session, (who, factor), at(millis), &visit(millis)).await
    }

    /// Why the last one was refused, as the log has it.
    async fn why(&self) -> String {
        let mara = self.mara().await.principal;
        let page =
            self.accounts.log(&mara, &Filter { limit: 1, ..Filter::default() }).await.unwrap();
        assert_eq!(page[0].action, "sign-in.refused");
        page[0].detail["why"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn an_e_mail_links_the_first_time_and_never_again() {
    let house = house().await;
    let first = who("mara-1", "Mara@Example.com", None);
    let welcome = house.comes(&first, SecondFactor::Own, 1).await;
    let Welcome::Done(session) = welcome else { panic!("{welcome:?}") };
    let signed = house.who(&session, 1).await.unwrap();
    assert_eq!(
        (signed.opened_by, signed.aal, signed.ways.is_linked),
        (OpenedBy::Provider, 1, true)
    );

    let other = who("mara-2", MARA, None);
    let welcome = house.comes(&other, SecondFactor::Own, 2).await;
    assert!(matches!(welcome, Welcome::Stranger), "{welcome:?}");
    assert_eq!(house.why().await, "linked to somebody else");
    let elsewhere = Identity { issuer: "https://other.example".to_owned(), ..first.clone() };
    let welcome = house.comes(&elsewhere, SecondFactor::Own, 2).await;
    assert!(matches!(welcome, Welcome::Stranger), "{welcome:?}");

    let nameless = Identity { email: None, ..first };
    let welcome = house.comes(&nameless, SecondFactor::Own, 3).await;
    assert!(matches!(welcome, Welcome::Done(_)), "{welcome:?}");
}

#[tokio::test]
async fn whoever_is_refused_is_in_the_log() {
    let house = house().await;
    let unchecked = Identity { email: None, ..who("x", MARA, None) };
    let welcome = house.comes(&unchecked, SecondFactor::Own, 1).await;
    assert!(matches!(welcome, Welcome::Unchecked), "{welcome:?}");
    assert_eq!(house.why().await, "e-mail not checked");
    let welcome = house.comes(&who("x", "x@example.com", None), SecondFactor::Own, 1).await;
    assert!(matches!(welcome, Welcome::Stranger), "{welcome:?}");
    assert_eq!(house.why().await, "no account");
}

#[tokio::test]
async fn a_session_is_as_fresh_as_the_proof_at_the_provider() {
    let house = house().await;
    let now = HOUR;
    for (proved, want) in [
        (None, false),
        (Some(now), true),
        (Some(now - 9 * MINUTE), true),
        (Some(now - 10 * MINUTE), false),
        (Some(now + HOUR), true),
    ] {
        let welcome = house.comes(&who("mara-1", MARA, proved), SecondFactor::Own, now).await;
        let Welcome::Done(session) = welcome else { panic!("{welcome:?}") };
        assert_eq!(house.who(&session, now).await.unwrap().is_fresh, want, "{proved:?}");
        let later = now + 11 * MINUTE;
        assert!(!house.who(&session, later).await.unwrap().is_fresh, "{proved:?}");
    }
}

#[tokio::test]
async fn who_it_is_is_proved_again_by_the_same_person_and_after_it_was_asked() {
    let house = house().await;
    let now = HOUR;
    let welcome = house.comes(&who("mara-1", MARA, None), SecondFactor::Own, now).await;
    let Welcome::Done(session) = welcome else { panic!("{welcome:?}") };
    for (identity, wrong) in [
        (who("mara-2", MARA, Some(now)), true),
        (who("mara-1", MARA, None), false),
        (who("mara-1", MARA, Some(now - 2 * MINUTE)), false),
    ] {
        let tried = house.again(&session, &identity, SecondFactor::Own, now).await;
        match tried {
            Err(AccountsError::Wrong) => assert!(wrong, "{identity:?}"),
            Err(AccountsError::Stale) => assert!(!wrong, "{identity:?}"),
            other => panic!("{identity:?}: {other:?}"),
        }
        assert!(!house.who(&session, now).await.unwrap().is_fresh);
    }
    // The provider's clock is a little behind.
    let proved = who("mara-1", MARA, Some(now - 30 * SECOND));
    let renewed = house.again(&session, &proved, SecondFactor::Own, now).await;
    let Ok(Welcome::Done(renewed)) = renewed else { panic!("{renewed:?}") };
    assert!(house.who(&session, now).await.is_none(), "the former session lives");
    let signed = house.who(&renewed, now).await.unwrap();
    assert!(signed.is_fresh);
    assert_eq!(signed.opened_by, OpenedBy::Provider);
    let again = house.again(&session, &proved, SecondFactor::Own, now).await;
    assert!(matches!(again, Err(AccountsError::SessionEnded)));
}

#[tokio::test]
async fn a_second_factor_of_our_own_is_asked_for_unless_the_providers_counts() {
    let mut house = house().await;
    let (app, _) = house.app(0).await;
    let mara = who("mara-1", MARA, None);
    let welcome = house.comes(&mara, SecondFactor::Own, MINUTE).await;
    let Welcome::SecondFactor(half) = welcome else { panic!("{welcome:?}") };
    let code = totp::code_at(&app, at(MINUTE)).unwrap();
    let done = house.accounts.second_factor(&half, &code, &visit(MINUTE)).await.unwrap();
    let SignIn::Done(session) = done else { panic!("{done:?}") };
    let signed = house.who(&session, MINUTE).await.unwrap();
    assert_eq!((signed.opened_by, signed.aal), (OpenedBy::Provider, 2));

    let welcome = house.comes(&mara, SecondFactor::Provider, MINUTE).await;
    let Welcome::Done(session) = welcome else { panic!("{welcome:?}") };
    let signed = house.who(&session, MINUTE).await.unwrap();
    assert_eq!((signed.opened_by, signed.aal), (OpenedBy::Provider, 2));
}

#[tokio::test]
async fn the_providers_word_alone_proves_nobody_again_who_has_an_app_here() {
    let mut house = house().await;
    let (app, _) = house.app(0).await;
    let now = 15 * MINUTE;
    let mara = who("mara-1", MARA, Some(now));
    house.comes(&mara, SecondFactor::Own, now).await;
    let half = house.again(&house.session, &mara, SecondFactor::Own, now).await;
    let Ok(Welcome::SecondFactor(half)) = half else { panic!("{half:?}") };
    assert!(!house.who(&house.session, now).await.unwrap().is_fresh);
    let code = totp::code_at(&app, at(now)).unwrap();
    let held = visit(now).holding(Some(house.session.clone()));
    let done = house.accounts.second_factor(&half, &code, &held).await.unwrap();
    let SignIn::Done(session) = done else { panic!("{done:?}") };
    assert!(house.who(&house.session, now).await.is_none(), "the former session lives");
    assert!(house.who(&session, now).await.unwrap().is_fresh);

    let now = 30 * MINUTE;
    let mara = who("mara-1", MARA, Some(now));
    let done = house.again(&session, &mara, SecondFactor::Provider, now).await;
    assert!(matches!(done, Ok(Welcome::Done(_))), "it asked for two: {done:?}");
}

#[tokio::test]
async fn a_link_is_taken_away_with_the_sessions_and_made_anew() {
    let house = house().await;
    let mara = house.mara().await;
    let id = &mara.principal.operator;
    let none = house.accounts.unlink(&mara.principal, id, &visit(1)).await;
    assert!(matches!(none, Err(AccountsError::Denied(Denied::NotFound))));
    house.comes(&who("mara-1", MARA, None), SecondFactor::Own, 1).await;
    let mut engineer = mara.principal.clone();
    engineer.platform = Some(PlatformRole::Engineer);
    let denied = house.accounts.unlink(&engineer, id, &visit(2)).await;
    assert!(matches!(denied, Err(AccountsError::Denied(Denied::Forbidden))), "{denied:?}");

    house.accounts.unlink(&mara.principal, id, &visit(3)).await.unwrap();
    assert!(house.who(&house.session, 3).await.is_none(), "a session lives on");
    let welcome = house.comes(&who("mara-2", MARA, None), SecondFactor::Own, 4).await;
    assert!(matches!(welcome, Welcome::Done(_)), "{welcome:?}");
}

fn errand(next: &str, began: i64) -> Errand {
    Errand {
        reason: Reason::Invite(LinkToken::from("a link".to_owned())),
        next: LocalPath::parse(next),
        state: secret("a state"),
        nonce: secret("a nonce"),
        verifier: secret("a verifier"),
        began_at: at(began),
    }
}

#[tokio::test]
async fn an_errand_comes_back_once_with_its_state_and_within_ten_minutes() {
    let house = house().await;
    let accounts = &house.accounts;
    let sealed = accounts.seal_errand(&errand("/tenants?q=a", 0)).unwrap();
    assert!(!sealed.expose().contains("state"), "{}", sealed.expose());
    let end = i64::try_from(ERRAND_MAX.as_millis()).unwrap();
    let cut = Secret::from(sealed.expose().replace('.', ".A"));
    for (sealed, state, millis) in [
        (&sealed, "another state", 1),
        (&sealed, "", 1),
        (&sealed, "a state", end),
        (&cut, "a state", 1),
        (&secret("x"), "a state", 1),
    ] {
        let tried = accounts.take_errand(sealed.expose(), state, at(millis)).await;
        assert!(matches!(tried, Err(AccountsError::Link)), "{state} {millis}");
    }
    let taken = accounts.take_errand(sealed.expose(), "a state", at(end - 1)).await.unwrap();
    assert_eq!((taken.next.as_str(), taken.nonce.expose()), ("/tenants?q=a", "a nonce"));
    assert_eq!(taken.verifier.expose(), "a verifier");
    assert!(matches!(&taken.reason, Reason::Invite(link) if link.expose() == "a link"));
    let again = accounts.take_errand(sealed.expose(), "a state", at(end - 1)).await;
    assert!(matches!(again, Err(AccountsError::Link)), "it came back twice");
}

#[tokio::test]
async fn an_errand_is_read_by_this_installation_alone_and_fits_a_cookie() {
    let house = house().await;
    let long = format!("/{}", "a".repeat(1_500));
    for (next, want) in [(long.as_str(), "/"), ("/agents", "/agents")] {
        let mut made = errand(next, 0);
        made.state = secret(next);
        let sealed = house.accounts.seal_errand(&made).unwrap();
        assert!(sealed.expose().len() < 3_500, "{} bytes", sealed.expose().len());
        let platform = house.world.platform.clone();
        let other = accounts::Accounts::new(platform, masters(&["2"]), None, "https://x.example");
        assert!(other.take_errand(sealed.expose(), next, at(1)).await.is_err());
        let taken = house.accounts.take_errand(sealed.expose(), next, at(1)).await.unwrap();
        assert_eq!(taken.next.as_str(), want);
    }
}
