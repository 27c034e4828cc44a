use konstruct_tests::fake_oidc::Person;

use super::house;
use crate::asvs::header;

const EVE: &str = "eve@example.com";

#[tokio::test]
async fn oidc_takes_an_invitation_without_a_password() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    let invitation = house.staff.invitation(EVE, "acme").await?;
    let by_provider = format!("{invitation}/oidc");
    let mut browser = house.browser()?;
    let page = browser.get(&invitation).await?.text().await?;
    assert!(page.contains("Continue with Acme SSO") && page.contains(&by_provider), "{page}");

    // Ada sits there, and Eve with an e-mail that nobody checked.
    let unchecked = serde_json::json!({ "email": EVE, "email_verified": false });
    for person in [Person::new("ada-1", super::ADA), Person::claiming("eve-1", unchecked)] {
        house.fake.seat(person);
        let answer = house.round(&mut browser, &by_provider).await?;
        assert_eq!(answer.status(), 403);
        assert!(answer.text().await?.contains("This invitation is not for you"));
        assert_eq!(browser.session(), None);
    }

    house.fake.seat(Person::new("eve-1", EVE));
    let answer = house.round(&mut browser, &by_provider).await?;
    assert_eq!((answer.status().as_u16(), header(&answer, "location")), (303, "/t/acme"));
    assert_eq!(browser.get("/t/acme").await?.status(), 200);
    let security = browser.get("/settings/security").await?.text().await?;
    assert!(security.contains("Not chosen") && security.contains("Acme SSO"), "{security}");

    let answer = house.round(&mut house.browser()?, &by_provider).await?;
    assert_eq!(answer.status(), 404, "the link works twice");
    assert!(house.entered().await?.is_in().await?);
    Ok(())
}

#[tokio::test]
async fn oidc_makes_no_second_account_for_one_person() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    house.entered().await?;
    let invitation = house.staff.invitation(EVE, "acme").await?;
    house.fake.seat(Person::new("ada-1", EVE));
    let mut browser = house.browser()?;
    let answer = house.round(&mut browser, &format!("{invitation}/oidc")).await?;
    assert_eq!(answer.status(), 409);
    assert!(answer.text().await?.contains("You have an account"));
    assert_eq!(browser.session(), None);
    assert_eq!(browser.get(&invitation).await?.status(), 200, "the invitation is used up");
    Ok(())
}
