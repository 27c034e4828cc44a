use konstruct_tests::{
    fake_oidc::{FakeOidc, Trick},
    installation::{Installation, acme, free_port},
};
use reqwest::StatusCode;
use tokio::net::TcpListener;

use super::{ADA, house};
use crate::{asvs::Browser, run, visitor::PASSWORD};

#[tokio::test]
async fn oidc_half_told_is_refused_at_the_start() -> anyhow::Result<()> {
    let mut it = Installation::prepare().await?;
    let all = FakeOidc::start(&it.portal()).await?.settings();
    let [issuer, id, secret, name] = all;
    let factor = ("KONSTRUCT_OIDC_SECOND_FACTOR".to_owned(), "sometimes".to_owned());
    let clear = (issuer.0.clone(), "http://id.example.com".to_owned());
    for (told, want) in [
        (vec![&id, &secret], "`KONSTRUCT_OIDC_ISSUER` is not set"),
        (vec![&issuer, &secret], "`KONSTRUCT_OIDC_CLIENT_ID` is not set"),
        (vec![&issuer, &id], "`KONSTRUCT_OIDC_CLIENT_SECRET` is not set"),
        (vec![&name], "`KONSTRUCT_OIDC_ISSUER` is not set"),
        (
            vec![&issuer, &id, &secret, &factor],
            "`KONSTRUCT_OIDC_SECOND_FACTOR`: `own` or `provider`",
        ),
        (vec![&clear, &id, &secret], "`KONSTRUCT_OIDC_ISSUER`: the issuer is not like https"),
    ] {
        it.settings.retain(|name, _| !name.contains("OIDC"));
        it.settings.extend(told.into_iter().cloned());
        let output = it.output(&["portal"]).await?;
        assert!(!output.status.success(), "{want}");
        let said = String::from_utf8(output.stderr)?.replace('\n', " ");
        assert!(said.contains(want), "{want}: {said}");
        assert!(!said.contains(&secret.1), "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn oidc_that_nobody_set_up_is_not_there() -> anyhow::Result<()> {
    let (it, staff) = crate::running(&acme()).await?;
    staff.administrator().await?;
    let mut browser = Browser::new(&it)?;
    assert!(!browser.get("/sign-in").await?.text().await?.contains("oidc"));
    for path in ["/sign-in/oidc", "/sign-in/oidc/callback?code=x&state=y", "/invite/x/oidc"] {
        assert_eq!(browser.get(path).await?.status(), StatusCode::NOT_FOUND, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn oidc_that_is_away_stops_nobody_with_a_password() -> anyhow::Result<()> {
    let mut it = Installation::prepare().await?;
    let port = free_port()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let fake = FakeOidc::on(listener, &it.portal())?;
    it.settings.insert("KONSTRUCT_REQUIRE_SECOND_FACTOR".to_owned(), "false".to_owned());
    it.settings.extend(fake.settings());
    drop(fake);
    let (it, staff) = run(it, &acme()).await?;
    staff.administrator().await?;

    let mut browser = Browser::new(&it)?;
    let answer = browser.get("/sign-in/oidc").await?;
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    let page = answer.text().await?;
    assert!(page.contains("Acme SSO is not answering") && page.contains("Reference"), "{page}");
    assert_eq!(browser.sign_in(ADA, PASSWORD).await?.status(), StatusCode::SEE_OTHER);
    assert!(browser.is_in().await?);
    Ok(())
}

#[tokio::test]
async fn oidc_is_asked_again_after_it_failed() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    for (trick, word) in [
        (Trick::Away, "Acme SSO is not answering"),
        (Trick::OtherDescription, "Acme SSO could not tell us who you are"),
    ] {
        house.fake.play(trick);
        let answer = house.browser()?.get("/sign-in/oidc").await?;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY, "{trick:?}");
        assert!(answer.text().await?.contains(word), "{trick:?}");
    }
    house.fake.play(Trick::None);
    assert!(house.entered().await?.is_in().await?);
    Ok(())
}
