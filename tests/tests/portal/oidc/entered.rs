use konstruct_tests::fake_oidc::{Algorithm, Person};
use serde_json::json;

use super::{ADA, ERRAND, errand, house};
use crate::asvs::{header, set_cookies};

#[tokio::test]
async fn oidc_lets_an_operator_in_and_on_to_where_they_wanted() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    let mut browser = house.browser()?;
    let page = browser.get("/sign-in?next=%2Ftenants%3Fq%3Da").await?.text().await?;
    assert!(page.contains("Sign in with Acme SSO"), "{page}");
    let link = "/sign-in/oidc?next=%2Ftenants%3Fq%3Da";
    assert!(page.contains(link), "{page}");

    let sent = browser.get(link).await?;
    let cookies = set_cookies(&sent);
    let [held] = cookies.as_slice() else { panic!("{cookies:?}") };
    for part in ["Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600", ERRAND] {
        assert!(held.contains(part), "{held}");
    }
    let back = house.there(&mut browser, link).await?;
    let secrets = ["state", "nonce"].map(|name| house.fake.asked(name).unwrap_or_default());
    assert!(!secrets.iter().any(|it| held.contains(it.as_str())), "the cookie can be read");

    let answer = browser.get(&back).await?;
    assert_eq!((answer.status().as_u16(), header(&answer, "location")), (303, "/tenants?q=a"));
    assert!(browser.is_in().await?);
    assert!(!browser.cookies.iter().any(|(name, _)| name == ERRAND), "the errand is still held");
    let sessions = browser.get("/settings/sessions").await?.text().await?;
    assert!(sessions.contains("Acme SSO"), "{sessions}");
    Ok(())
}

#[tokio::test]
async fn oidc_knows_people_by_their_subject_once_they_were_here() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    house.entered().await?;
    for claims in [json!({}), json!({ "email": "ada@elsewhere.example", "email_verified": true })] {
        house.fake.seat(Person::claiming("ada-1", claims));
        assert!(house.entered().await?.is_in().await?);
    }
    Ok(())
}

#[tokio::test]
async fn oidc_goes_on_nowhere_but_here() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    for next in ["%2F%2Fevil.example", "https%3A%2F%2Fevil.example", "%2F%5Cevil.example"] {
        let mut browser = house.browser()?;
        let answer = house.round(&mut browser, &format!("/sign-in/oidc?next={next}")).await?;
        assert_eq!(header(&answer, "location"), "/", "{next}");
    }
    Ok(())
}

#[tokio::test]
async fn oidc_works_with_every_kind_of_key_and_with_keys_that_change() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    house.entered().await?;
    house.entered().await?;
    assert_eq!(house.fake.key_reads(), 1, "keys are read anew without need");
    for (reads, algorithm) in [(2, Algorithm::Es256), (3, Algorithm::Rs256)] {
        house.fake.rotate(algorithm)?;
        house.entered().await?;
        assert_eq!(house.fake.key_reads(), reads, "{algorithm:?}");
    }
    Ok(())
}

#[tokio::test]
async fn oidc_asks_further_where_the_token_says_little() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    house.fake.thin(true);
    assert!(house.entered().await?.is_in().await?);
    Ok(())
}

#[tokio::test]
async fn oidc_ends_the_session_that_the_browser_held() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    let mut browser = house.browser()?;
    let back = house.there(&mut browser, "/sign-in/oidc").await?;
    browser.sign_in(ADA, crate::visitor::PASSWORD).await?;
    let held = browser.session();
    browser.get(&back).await?;
    let other = browser.session();
    assert!(browser.is_in().await?);
    assert_ne!(held, other);
    browser.cookies = vec![("__Host-ks".to_owned(), held.unwrap_or_default())];
    assert!(!browser.is_in().await?, "the former session lives");
    Ok(())
}

#[tokio::test]
async fn oidc_takes_nothing_back_twice_or_in_another_browser() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    let lost = async |browser: &mut crate::asvs::Browser, path: &str| -> anyhow::Result<()> {
        let answer = browser.get(path).await?;
        assert_eq!(answer.status(), 400, "{path}");
        assert!(set_cookies(&answer).is_empty(), "{path}");
        assert!(answer.text().await?.contains("This sign-in cannot be finished"), "{path}");
        Ok(())
    };
    let mut browser = house.browser()?;
    let back = house.there(&mut browser, "/sign-in/oidc").await?;
    lost(&mut house.browser()?, &back).await?;
    lost(&mut browser, "/sign-in/oidc/callback").await?;
    lost(&mut browser, "/sign-in/oidc/callback?code=code-1&state=of-somebody-else").await?;
    let held = errand(&mut browser)?;
    for other in [held.1.to_uppercase(), String::new(), "x.y".to_owned()] {
        browser.cookies.push((held.0.clone(), other));
        lost(&mut browser, &back).await?;
        errand(&mut browser)?;
    }
    assert_eq!(house.fake.token_calls(), 0, "the provider was asked for nothing");

    browser.cookies.push(held.clone());
    assert_eq!(browser.get(&back).await?.status(), 303);
    browser.cookies.push(held);
    lost(&mut browser, &back).await?;
    assert_eq!(house.fake.token_calls(), 1);

    // The same code with another sign-in: the provider itself knows that it was used.
    let mut other = house.browser()?;
    house.there(&mut other, "/sign-in/oidc").await?;
    let state = house.fake.asked("state").unwrap_or_default();
    let path = format!("/sign-in/oidc/callback?code=code-1&state={state}");
    assert_eq!(other.get(&path).await?.status(), 502);
    assert_eq!(other.session(), None);
    Ok(())
}

#[tokio::test]
async fn oidc_does_not_take_the_code_of_another_browser() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    let (mut mine, mut theirs) = (house.browser()?, house.browser()?);
    house.there(&mut theirs, "/sign-in/oidc").await?;
    house.there(&mut mine, "/sign-in/oidc").await?;
    let state = house.fake.asked("state").unwrap_or_default();
    // Mine, with the code that was made for them: PKCE says no.
    let path = format!("/sign-in/oidc/callback?code=code-1&state={state}");
    assert_eq!(mine.get(&path).await?.status(), 502);
    assert_eq!(mine.session(), None);
    Ok(())
}

#[tokio::test]
async fn oidc_links_are_taken_away_by_an_administrator_alone() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    let (mut theirs, page) = (house.entered().await?, house.staff.page_of(ADA).await?);
    let unlink = format!("{page}/unlink");
    let engineer = house.staff.engineer().await?;
    assert_eq!(engineer.post(&unlink, &[]).await?.status(), 403);
    assert!(theirs.is_in().await?);

    let mut browser = house.browser()?;
    browser.sign_in(ADA, crate::visitor::PASSWORD).await?;
    let shown = browser.get(&page).await?.text().await?;
    assert!(shown.contains("Take the link away"), "{shown}");
    assert_eq!(browser.post(&unlink, &[]).await?.status(), 303);
    assert!(!theirs.is_in().await?, "a session lives on");
    assert!(!browser.is_in().await?, "a session lives on");
    house.fake.seat(Person::new("ada-2", ADA));
    assert!(house.entered().await?.is_in().await?);
    Ok(())
}
