//! Links that work once, and the second factor.

use accounts::totp;
use anyhow::Context as _;
use domain::secret::Secret;
use konstruct_tests::installation::Installation;
use reqwest::StatusCode;
use schemas::Timestamp;

use super::{ADA, Browser, OTHER, PASSWORD, header, house};
use crate::visitor::{Staff, hidden, text_of};

#[tokio::test]
async fn v6_4_3_a_link_to_another_password_works_once_and_signs_nobody_in() -> anyhow::Result<()> {
    let (it, staff, ada) = house().await?;
    let link = staff.reset_link(ADA).await?;
    let (mut browser, mut old) = (Browser::new(&it)?, Browser::holding(&it, &ada)?);
    for _ in 0..2 {
        assert_eq!(browser.get(&link).await?.status(), StatusCode::OK, "looking uses nothing up");
    }
    let weak = browser.post(&link, &[("password", "passwordpassword")]).await?;
    assert_eq!(weak.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let answer = browser.post(&link, &[("password", OTHER)]).await?;
    assert_eq!(header(&answer, "location"), "/sign-in");
    assert_eq!(browser.session(), None);
    assert!(!old.is_in().await?, "a session outlives its password");
    assert_eq!(browser.get(&link).await?.status(), StatusCode::NOT_FOUND);
    let again = browser.post(&link, &[("password", PASSWORD)]).await?;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    assert_eq!(browser.sign_in(ADA, OTHER).await?.status(), StatusCode::SEE_OTHER);
    Ok(())
}

#[tokio::test]
async fn v6_4_1_the_set_up_link_makes_one_administrator_and_no_second() -> anyhow::Result<()> {
    let (it, _) = crate::running("").await?;
    let link = it.ok(&["operator", "set-up-link"]).await?;
    let link = link.trim().strip_prefix(&it.portal()).context("not a link")?.to_owned();
    let mut browser = Browser::new(&it)?;
    assert_eq!(browser.get(&link).await?.status(), StatusCode::OK);
    let form = [("name", "Ada"), ("email", ADA), ("password", PASSWORD)];
    let answer = browser.post(&link, &form).await?;
    assert_eq!(header(&answer, "location"), "/");
    assert_eq!(browser.get("/operators").await?.status(), StatusCode::OK);
    let again = Browser::new(&it)?.post(&link, &form).await?;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn v6_4_1_an_invitation_is_to_one_e_mail_one_role_and_works_once() -> anyhow::Result<()> {
    let (it, _, ada) = house().await?;
    let mut ada = Browser::holding(&it, &ada)?;
    let form = [("email", "ed@example.com"), ("role", "engineer")];
    let page = ada.post("/operators/invite", &form).await?.text().await?;
    let token = page.split("/invite/").nth(1).context("no link")?.split('<').next();
    let link = format!("/invite/{}", token.unwrap_or_default());
    let mut ed = Browser::new(&it)?;
    assert!(ed.get(&link).await?.text().await?.contains("ed@example.com"));
    // What else is sent changes nothing.
    let form = [
        ("name", "Ed"),
        ("password", PASSWORD),
        ("email", "mallory@example.com"),
        ("role", "administrator"),
    ];
    assert_eq!(ed.post(&link, &form).await?.status(), StatusCode::SEE_OTHER);
    assert_eq!(ed.get("/operators").await?.status(), StatusCode::FORBIDDEN);
    assert!(ed.get("/settings").await?.text().await?.contains("ed@example.com"));
    assert_eq!(ed.get(&link).await?.status(), StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn v6_4_1_an_open_invitation_is_seen_and_revoked_by_administrators() -> anyhow::Result<()> {
    let (it, staff, ada) = house().await?;
    let ed = staff.engineer().await?;
    let (mut ada, mut ed) = (Browser::holding(&it, &ada)?, Browser::holding(&it, &ed)?);
    let link = staff.invitation("new@example.com", "acme").await?;
    let list = ada.get("/operators").await?.text().await?;
    assert!(list.contains("new@example.com") && list.contains("viewer of acme"), "{list}");
    let id = hidden(&list, "invitation")?;
    assert!(!link.contains(&id), "the link is in the list");
    let (page, form) = ("/operators/invitations/revoke", [("invitation", id.as_str())]);
    assert_eq!(ed.post(page, &form).await?.status(), StatusCode::FORBIDDEN);
    assert_eq!(Browser::new(&it)?.get(&link).await?.status(), StatusCode::OK);
    assert_eq!(header(&ada.post(page, &form).await?, "location"), "/operators");
    assert_eq!(Browser::new(&it)?.get(&link).await?.status(), StatusCode::NOT_FOUND);
    assert_eq!(ada.post(page, &form).await?.status(), StatusCode::NOT_FOUND);
    assert!(!ada.get("/operators").await?.text().await?.contains("new@example.com"));
    Ok(())
}

#[tokio::test]
async fn v6_3_3_v6_5_1_a_second_factor_is_asked_for_and_each_code_works_once() -> anyhow::Result<()>
{
    let mut it = Installation::prepare().await?;
    it.run("all").await?;
    let staff = Staff::of(&it).await?;
    let ada = staff.administrator().await?;
    let mut browser = Browser::holding(&it, &ada)?;
    let page = "/settings/security/second-factor";
    assert_eq!(header(&browser.get("/tenants").await?, "location"), page, "it is owed");
    let text = text_of(browser.get(page).await?).await?;
    let offer = between(&text, r#"name="offer" value=""#, "\"")?;
    let secret = Secret::from(between(&text, "<code>", "</code>")?.replace(' ', ""));
    let wrong = browser.post(page, &[("offer", &offer), ("code", "000000")]).await?;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let again = wrong.text().await?;
    assert!(again.contains(&between(&text, "<code>", "</code>")?), "another secret is shown");
    let first = code(&secret, 0)?;
    let done = browser.post(page, &[("offer", &offer), ("code", &first)]).await?;
    let text = done.text().await?;
    let codes = between(&text, "<code>", "</code>")?;
    assert_eq!(codes.lines().count(), 10);
    assert_eq!(browser.get("/settings").await?.status(), StatusCode::OK);

    let page = "/sign-in/second-factor";
    let mut other = Browser::new(&it)?;
    assert_eq!(header(&other.sign_in(ADA, PASSWORD).await?, "location"), page);
    assert_eq!(other.session(), None, "half a sign-in is none");
    let used = other.post(page, &[("code", &first)]).await?;
    assert_eq!(used.status(), StatusCode::UNPROCESSABLE_ENTITY, "a used code");
    // The next one is taken early: clocks of phones may be off by a step.
    let next = code(&secret, 30_000)?;
    assert_eq!(header(&other.post(page, &[("code", &next)]).await?, "location"), "/");
    assert!(other.is_in().await?);

    let paper = codes.lines().next().context("no code")?;
    for want in [StatusCode::SEE_OTHER, StatusCode::UNPROCESSABLE_ENTITY] {
        let mut third = Browser::new(&it)?;
        third.sign_in(ADA, PASSWORD).await?;
        let answer = third.post("/sign-in/recovery-code", &[("code", paper)]).await?;
        assert_eq!(answer.status(), want);
    }
    Ok(())
}

/// Sets an app up for whoever is signed in there.
pub(super) async fn set_up_app(browser: &mut Browser) -> anyhow::Result<Secret> {
    let page = "/settings/security/second-factor";
    let text = text_of(browser.get(page).await?).await?;
    let offer = between(&text, r#"name="offer" value=""#, "\"")?;
    let secret = Secret::from(between(&text, "<code>", "</code>")?.replace(' ', ""));
    let done = browser.post(page, &[("offer", &offer), ("code", &code(&secret, 0)?)]).await?;
    anyhow::ensure!(done.status() == StatusCode::OK, "{}", done.status());
    Ok(secret)
}

pub(super) fn code(secret: &Secret, later_ms: i64) -> anyhow::Result<String> {
    let at = Timestamp::from_millis(crate::visitor::now_ms()? + later_ms);
    totp::code_at(secret, at).context("not a secret")
}

fn between(text: &str, before: &str, after: &str) -> anyhow::Result<String> {
    let (_, rest) = text.split_once(before).with_context(|| format!("no {before} in {text}"))?;
    Ok(rest.split_once(after).context("no end")?.0.to_owned())
}
