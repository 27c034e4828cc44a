//! Whoever has no other way in than the provider of identities.

use accounts::{Delivery, Grant, Identity, Mailer, PlatformRole, SecondFactor, SignIn};
use konstruct_tests::fake_smtp::FakeSmtp;

use super::{MARA, MINUTE, OTHER, house_with, links::mailed, secret, visit};
use crate::at;

const BO: &str = "bo@example.com";

#[tokio::test]
async fn the_provider_is_not_passed_by_for_the_asking() {
    let mut smtp = FakeSmtp::start().await.unwrap();
    let mailer = Mailer::new(&secret(smtp.url()), "konstruct@example.com").unwrap();
    let mut house = house_with(Some(mailer)).await;
    let mara = house.mara().await.principal;
    let engineer = Grant::Platform(PlatformRole::Engineer);
    house.accounts.invite(&mara, BO, &engineer, &visit(0)).await.unwrap();
    let link = mailed(&smtp.next().await.unwrap(), "invite");
    let who = Identity {
        issuer: "https://id.example.com".to_owned(),
        subject: "bo-1".to_owned(),
        email: Some(BO.to_owned()),
        name: Some("Bo".to_owned()),
        proved_at: None,
    };
    let now = visit(0);
    let taken = house.accounts.accept_invite_as(&link, &who, SecondFactor::Provider, &now).await;
    let bo = house.who(&taken.unwrap(), 0).await.unwrap();

    house.accounts = house.accounts.beside_provider(true);
    house.ask_reset(BO, 0).await;
    assert!(smtp.is_empty(), "a mailbox is enough");
    house.ask_reset(MARA, 0).await;
    assert!(smtp.next().await.unwrap().to.contains(&MARA.to_owned()), "she has a password");
    let listed = house.accounts.operators(&mara).await.unwrap();
    let asked = listed.iter().find(|it| it.email == BO).unwrap();
    assert_eq!(asked.reset_asked_at, Some(at(0)), "administrators see it");

    // Once the provider is gone, mail is the way back in.
    house.accounts = house.accounts.beside_provider(false);
    house.ask_reset(BO, 5 * MINUTE).await;
    mailed(&smtp.next().await.unwrap(), "reset");

    house.accounts = house.accounts.beside_provider(true);
    let who = &bo.principal.operator;
    let made = house.accounts.reset_link(&mara, who, &visit(6 * MINUTE)).await.unwrap();
    assert!(matches!(made, Delivery::Mailed));
    let link = mailed(&smtp.next().await.unwrap(), "reset");
    house.accounts.reset_password(&link, &secret(OTHER), &visit(6 * MINUTE)).await.unwrap();
    let tried = house.accounts.sign_in(BO, &secret(OTHER), &visit(7 * MINUTE)).await.unwrap();
    assert!(matches!(tried, SignIn::Done(_)), "{tried:?}");
}
