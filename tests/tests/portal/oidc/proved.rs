use konstruct_tests::fake_oidc::Person;
use reqwest::Method;

use super::{ADA, house};
use crate::asvs::header;

const ENROLMENT: &str = "/settings/security/second-factor";
const CONFIRM: &str = "/settings/confirm?next=%2Fsettings%2Fsecurity%2Fsecond%2Dfactor";
const BY_PROVIDER: &str = "/settings/confirm/oidc?next=%2Fsettings%2Fsecurity%2Fsecond%2Dfactor";

#[tokio::test]
async fn oidc_is_asked_again_before_what_matters() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    for ago in [Some(3600), None] {
        house.fake.proved(ago);
        let mut browser = house.entered().await?;
        assert_eq!(house.fake.asked("prompt"), None);
        let answer = browser.get(ENROLMENT).await?;
        assert_eq!(header(&answer, "location"), CONFIRM, "{ago:?}");
        let page = browser.get(CONFIRM).await?.text().await?;
        assert!(page.contains("Go on with Acme SSO") && page.contains(BY_PROVIDER), "{page}");

        // It lets her pass without asking.
        let answer = house.round(&mut browser, BY_PROVIDER).await?;
        assert_eq!(answer.status(), 403, "{ago:?}");
        let page = answer.text().await?;
        assert!(page.contains("without asking you again"), "{page}");
        assert_eq!(header(&browser.get(ENROLMENT).await?, "location"), CONFIRM);

        // It asks, but somebody else answers.
        house.fake.proved(Some(0));
        house.fake.seat(Person::new("ed-1", ADA));
        let answer = house.round(&mut browser, BY_PROVIDER).await?;
        assert_eq!(answer.status(), 403);
        assert!(answer.text().await?.contains("That was somebody else"));
        house.fake.seat(Person::new("ada-1", ADA));

        let before = browser.session();
        let answer = house.round(&mut browser, BY_PROVIDER).await?;
        assert_eq!((answer.status().as_u16(), header(&answer, "location")), (303, ENROLMENT));
        let asked = ["prompt", "max_age"].map(|name| house.fake.asked(name));
        assert_eq!(asked, [Some("login".to_owned()), Some("0".to_owned())]);
        assert_ne!(browser.session(), before, "the session is the same");
        assert_eq!(browser.get(ENROLMENT).await?.status(), 200);
    }
    Ok(())
}

#[tokio::test]
async fn oidc_that_has_just_asked_is_not_asked_again() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    let mut browser = house.entered().await?;
    assert_eq!(browser.get(ENROLMENT).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn oidc_is_not_enough_where_a_second_factor_of_our_own_is_asked_for() -> anyhow::Result<()> {
    for (factor, want) in [("own", ENROLMENT), ("provider", "")] {
        let settings =
            [("KONSTRUCT_REQUIRE_SECOND_FACTOR", "true"), ("KONSTRUCT_OIDC_SECOND_FACTOR", factor)];
        let house = house(&settings).await?;
        let mut browser = house.entered().await?;
        let answer = browser.send(Method::GET, "/settings", &[]).await?;
        assert_eq!(header(&answer, "location"), want, "{factor}");
    }
    Ok(())
}
