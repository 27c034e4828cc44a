use konstruct_tests::fake_oidc::{Person, Trick};

use super::{ADA, House, house};
use crate::sound::Walk;

const EVE: &str = "eve@example.com";

/// Goes there and back by that link, and looks at what comes of it.
async fn led(
    walk: &mut Walk,
    link: &str,
    (name, status, shows): (&str, u64, &str),
) -> anyhow::Result<()> {
    walk.browser.go(link).await?;
    walk.reads(name, status, shows).await
}

/// What shows where the provider does not play along.
async fn refusals(walk: &mut Walk, house: &House) -> anyhow::Result<()> {
    for (trick, page) in [
        (Trick::Refuse("access_denied"), ("provider-no", 403, "Acme SSO did not let you in")),
        (Trick::WrongNonce, ("provider-broken", 502, "Acme SSO could not tell us who you are")),
        (Trick::TokenFails, ("provider-away", 502, "Acme SSO is not answering")),
    ] {
        house.fake.play(trick);
        led(walk, "/sign-in/oidc", page).await?;
    }
    house.fake.play(Trick::None);
    let unchecked = serde_json::json!({ "email": EVE, "email_verified": false });
    for (person, page) in [
        (Person::new("eve-1", EVE), ("provider-stranger", 403, "You have no account here")),
        (
            Person::claiming("eve-1", unchecked),
            ("provider-unchecked", 403, "Your e-mail is not confirmed"),
        ),
    ] {
        house.fake.seat(person);
        led(walk, "/sign-in/oidc", page).await?;
    }
    let lost = ("provider-lost", 400, "This sign-in cannot be finished");
    led(walk, "/sign-in/oidc/callback?code=code-1&state=of-somebody-else", lost).await
}

#[tokio::test]
async fn oidc_shows_pages_that_are_sound() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    let mut walk = Walk::begin(&house.it.portal()).await?;
    led(&mut walk, "/sign-in", ("sign-in-provider", 200, "Sign in with Acme SSO")).await?;
    refusals(&mut walk, &house).await?;

    let invitation = house.staff.invitation(EVE, "acme").await?;
    let continued = ("invite-provider", 200, "Continue with Acme SSO");
    led(&mut walk, &invitation, continued).await?;
    house.fake.seat(Person::new("ada-1", ADA));
    let not_hers = ("invite-not-theirs", 403, "This invitation is not for you");
    led(&mut walk, &format!("{invitation}/oidc"), not_hers).await?;

    house.fake.proved(Some(3600));
    walk.browser.go("/sign-in/oidc").await?;
    walk.browser.at("/").await?;
    walk.browser.go("/settings/security").await?;
    walk.sees("security-provider", "Acme SSO").await?;
    let confirm = ("confirm-provider", 200, "Go on with Acme SSO");
    led(&mut walk, "/settings/confirm", confirm).await?;
    let unasked = ("confirm-not-asked", 403, "We could not make sure that it is you");
    led(&mut walk, "/settings/confirm/oidc", unasked).await?;
    house.fake.proved(Some(0));
    house.fake.seat(Person::new("ed-1", ADA));
    let other = ("confirm-somebody-else", 403, "That was somebody else");
    led(&mut walk, "/settings/confirm/oidc", other).await?;
    walk.browser.go(&house.staff.page_of(ADA).await?).await?;
    walk.sees("operator-linked", "Take the link away").await?;

    house.fake.seat(Person::new("ada-1", EVE));
    let taken = ("invite-taken", 409, "You have an account");
    led(&mut walk, &format!("{invitation}/oidc"), taken).await?;
    walk.browser.forget().await?;
    house.fake.seat(Person::new("eve-1", EVE));
    walk.browser.go(&format!("{invitation}/oidc")).await?;
    walk.browser.at("/t/acme").await?;
    walk.browser.go("/settings/security").await?;
    walk.sees("security-no-password", "Not chosen").await?;
    walk.end()
}
