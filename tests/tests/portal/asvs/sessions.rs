//! Sessions: how they begin and how they end.

use konstruct_tests::postgres;
use reqwest::StatusCode;

use super::{
    ADA, Browser, OTHER, PASSWORD, header, house,
    links::{code, set_up_app},
};

#[tokio::test]
async fn v7_2_4_a_session_begins_anew_with_each_sign_in() -> anyhow::Result<()> {
    let (it, _, ada) = house().await?;
    let (mut old, mut browser) = (Browser::holding(&it, &ada)?, Browser::holding(&it, &ada)?);
    browser.sign_in(ADA, PASSWORD).await?;
    assert_ne!(browser.session(), old.session());
    assert!(browser.is_in().await?);
    assert!(!old.is_in().await?, "the session before is alive");
    assert_eq!(browser.session().map(|it| it.len()), Some(43), "256 bits");
    Ok(())
}

#[tokio::test]
async fn v7_4_1_signing_out_ends_the_session_on_the_server() -> anyhow::Result<()> {
    let (it, _, ada) = house().await?;
    let (mut copy, mut browser) = (Browser::holding(&it, &ada)?, Browser::holding(&it, &ada)?);
    let page = browser.get("/settings").await?.text().await?;
    assert!(page.contains(r#"action="/sign-out""#), "no way out on a page");
    let answer = browser.post("/sign-out", &[]).await?;
    assert_eq!(header(&answer, "location"), "/sign-in");
    assert_eq!(header(&answer, "clear-site-data"), r#""cache", "storage""#);
    assert_eq!(browser.session(), None);
    assert!(!copy.is_in().await?, "a copy of the cookie is alive");
    Ok(())
}

#[tokio::test]
async fn v7_4_2_whoever_is_disabled_is_out_at_once() -> anyhow::Result<()> {
    let (it, staff, ada) = house().await?;
    let ed = staff.engineer().await?;
    let (mut ada, mut ed) = (Browser::holding(&it, &ada)?, Browser::holding(&it, &ed)?);
    assert!(ed.is_in().await?);
    let list = ada.get("/operators").await?.text().await?;
    let id = operator(&list, "ed@example.com");
    let answer = ada.post(&format!("/operators/{id}/disable"), &[]).await?;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(!ed.is_in().await?);
    let answer = ed.sign_in("ed@example.com", PASSWORD).await?;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let answer = ada.post(&format!("/operators/{id}/enable"), &[]).await?;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(ed.sign_in("ed@example.com", PASSWORD).await?.status(), StatusCode::SEE_OTHER);
    Ok(())
}

/// The id in the link to that operator's page.
fn operator(list: &str, email: &str) -> String {
    let before = list.split(email).next().unwrap_or_default();
    let link = before.rsplit(r#"href="/operators/"#).next().unwrap_or_default();
    link.split('"').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn v7_4_3_another_password_ends_the_other_sessions() -> anyhow::Result<()> {
    let (it, _, ada) = house().await?;
    let (mut one, mut two) = (Browser::holding(&it, &ada)?, Browser::new(&it)?);
    two.sign_in(ADA, PASSWORD).await?;
    let form = [("present_password", PASSWORD), ("password", OTHER)];
    two.post("/settings/security/password", &form).await?;
    assert!(two.is_in().await?);
    assert!(!one.is_in().await?);
    Ok(())
}

#[tokio::test]
async fn v7_5_1_what_matters_asks_for_the_password_again() -> anyhow::Result<()> {
    let (it, _, ada) = house().await?;
    let mut browser = Browser::holding(&it, &ada)?;
    let client = postgres::raw(&it.database.superuser_url()).await?;
    client.execute("UPDATE operator_session SET fresh_until_ms = 0", &[]).await?;
    for (form, next) in [
        ("/t/acme/settings/delete", "/settings/confirm?next=%2Ft%2Facme%2Fsettings"),
        (
            "/t/acme/channels/slack-T0ACME/disconnect",
            "/settings/confirm?next=%2Ft%2Facme%2Fchannels%2Fslack%2DT0ACME",
        ),
    ] {
        let sure = [("slug", "acme"), ("workspace", "T0ACME")];
        assert_eq!(header(&browser.post(form, &sure).await?, "location"), next, "{form}");
    }
    let to = "/settings/confirm?next=%2Fsettings%2Fsecurity%2Fsecond%2Dfactor";
    let page = "/settings/security/second-factor";
    assert_eq!(header(&browser.get(page).await?, "location"), to);
    let answer = browser.post(page, &[("code", "1"), ("offer", "x")]).await?;
    assert_eq!(header(&answer, "location"), to);
    let before = browser.session();
    let wrong = [("password", "not the password"), ("next", page)];
    let answer = browser.post("/settings/confirm", &wrong).await?;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let answer =
        browser.post("/settings/confirm", &[("password", PASSWORD), ("next", page)]).await?;
    assert_eq!(header(&answer, "location"), page);
    assert_ne!(browser.session(), before, "the session is the same");
    assert_eq!(browser.get(page).await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn what_was_typed_is_kept_while_one_proves_who_one_is() -> anyhow::Result<()> {
    let (it, _, ada) = house().await?;
    let mut browser = Browser::holding(&it, &ada)?;
    let client = postgres::raw(&it.database.superuser_url()).await?;
    client.execute("UPDATE operator_session SET fresh_until_ms = 0", &[]).await?;
    let form = [("email", "new@example.com"), ("role", "engineer")];
    let answer = browser.post("/operators/invite", &form).await?;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let kept = answer.text().await?;
    for part in [
        r#"action="/operators/invite""#,
        r#"name="email" value="new@example.com""#,
        r#"name="role" value="engineer""#,
        "Send it again",
        r#"href="/settings/confirm" target="_blank""#,
    ] {
        assert!(kept.contains(part), "{part} in {kept}");
    }
    browser.post("/settings/confirm", &[("password", PASSWORD), ("next", "/settings")]).await?;
    let answer = browser.post("/operators/invite", &form).await?;
    assert_eq!(answer.status(), StatusCode::OK, "the link is shown, as there is no mail");
    Ok(())
}

#[tokio::test]
async fn v7_5_1_whoever_has_a_second_factor_shows_it_before_it_is_replaced() -> anyhow::Result<()> {
    let (it, _, ada) = house().await?;
    let mut browser = Browser::holding(&it, &ada)?;
    let secret = set_up_app(&mut browser).await?;
    let client = postgres::raw(&it.database.superuser_url()).await?;
    client.execute("UPDATE operator_session SET fresh_until_ms = 0", &[]).await?;
    let page = "/settings/security/second-factor";
    let asked = browser.get("/settings/confirm").await?.text().await?;
    assert!(asked.contains(r#"name="code""#), "{asked}");
    for typed in ["", "000000"] {
        let form = [("password", PASSWORD), ("code", typed), ("next", page)];
        let answer = browser.post("/settings/confirm", &form).await?;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{typed:?}");
        assert!(header(&browser.get(page).await?, "location").starts_with("/settings/confirm"));
    }
    // The code that set the app up is used; the next one is taken early.
    let next = code(&secret, 30_000)?;
    let form = [("password", PASSWORD), ("code", &next), ("next", page)];
    let answer = browser.post("/settings/confirm", &form).await?;
    assert_eq!(header(&answer, "location"), page);
    assert_eq!(browser.get(page).await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn v7_5_2_one_sees_ones_sessions_and_ends_them() -> anyhow::Result<()> {
    let (it, staff, ada) = house().await?;
    let ed = staff.engineer().await?;
    let (mut one, mut two) = (Browser::holding(&it, &ada)?, Browser::new(&it)?);
    two.sign_in(ADA, PASSWORD).await?;
    let list = one.get("/settings/sessions").await?.text().await?;
    let id = list.split(r#"name="session" value=""#).nth(1).unwrap_or_default();
    let id = id.split('"').next().unwrap_or_default().to_owned();
    let mut stranger = Browser::holding(&it, &ed)?;
    stranger.post("/settings/sessions/end", &[("session", &id)]).await?;
    assert!(two.is_in().await?, "somebody else ended it");
    one.post("/settings/sessions/end", &[("session", &id)]).await?;
    assert!(!two.is_in().await?);
    two.sign_in(ADA, PASSWORD).await?;
    one.post("/settings/sessions/end-others", &[]).await?;
    assert!(!two.is_in().await?);
    assert!(one.is_in().await?);
    Ok(())
}
