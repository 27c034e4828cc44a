//! Cookies, headers, passwords and tries.

use konstruct_tests::postgres;
use reqwest::StatusCode;

use super::{ADA, Browser, OTHER, PASSWORD, header, house, set_cookies, words};

#[tokio::test]
async fn v3_3_every_cookie_is_secure_bound_to_the_host_and_out_of_reach() -> anyhow::Result<()> {
    let (it, _, ada) = house().await?;
    let mut browser = Browser::holding(&it, &ada)?;
    let mut seen = 0;
    for (path, form) in [
        ("/settings/theme", vec![("theme", "dark")]),
        ("/settings/shortcuts", vec![]),
        ("/settings", vec![("name", "Ada")]),
        ("/sign-out", vec![]),
        ("/sign-in", vec![("email", ADA), ("password", PASSWORD)]),
    ] {
        let answer = browser.post(path, &form).await?;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        let set = set_cookies(&answer);
        assert!(!set.is_empty(), "{path} sets nothing");
        for cookie in set {
            assert!(cookie.starts_with("__Host-"), "{cookie}");
            for part in ["; Path=/;", "; Secure;", "; HttpOnly", "; SameSite=Lax"] {
                assert!(cookie.contains(part), "{part} is missing in {cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
            seen += 1;
        }
    }
    assert!(5 < seen, "{seen}");
    Ok(())
}

#[tokio::test]
async fn v3_4_v14_3_2_pages_of_signing_in_trust_nobody_and_are_kept_nowhere() -> anyhow::Result<()>
{
    let (it, _, _) = house().await?;
    let mut browser = Browser::new(&it)?;
    for path in ["/sign-in", "/forgot", "/reset/nothing", "/invite/nothing", "/set-up/nothing"] {
        let answer = browser.get(path).await?;
        let policy = header(&answer, "content-security-policy");
        for part in ["default-src 'none'", "script-src 'none'", "object-src 'none'"] {
            assert!(policy.contains(part), "{path}: {part} is missing in {policy}");
        }
        for part in ["base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {part} is missing in {policy}");
        }
        assert!(header(&answer, "strict-transport-security").contains("max-age=31536000"));
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        let is_link = path.ends_with("/nothing");
        let referrer = if is_link { "no-referrer" } else { "same-origin" };
        assert_eq!(header(&answer, "referrer-policy"), referrer, "{path}");
        assert!(!answer.text().await?.contains("<script"), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn v3_7_2_signing_in_leads_to_our_own_pages_only() -> anyhow::Result<()> {
    let (it, _, _) = house().await?;
    for (next, want) in [
        ("/tenants?q=a", "/tenants?q=a"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("", "/"),
    ] {
        let mut browser = Browser::new(&it)?;
        let form = [("email", ADA), ("password", PASSWORD), ("next", next)];
        let answer = browser.post("/sign-in", &form).await?;
        assert_eq!((answer.status(), header(&answer, "location")), (StatusCode::SEE_OTHER, want));
    }
    Ok(())
}

#[tokio::test]
async fn v6_2_a_password_is_long_unusual_and_changed_by_whoever_knows_it() -> anyhow::Result<()> {
    let (it, _, ada) = house().await?;
    let mut browser = Browser::holding(&it, &ada)?;
    let page = "/settings/security/password";
    let long = "naïve Grüße ".repeat(12);
    for (present, other, want, says) in [
        (PASSWORD, "x7#Kq9!z", 422, "at least 15 characters"),
        (PASSWORD, "passwordpassword", 422, "easily guessed"),
        (PASSWORD, "konstruct konstruct", 422, "easily guessed"),
        ("not the password", OTHER, 422, "not your present password"),
        (PASSWORD, &long, 303, ""),
        (&long, OTHER, 303, ""),
    ] {
        let answer =
            browser.post(page, &[("present_password", present), ("password", other)]).await?;
        assert_eq!(answer.status().as_u16(), want, "{other}");
        let text = answer.text().await?;
        assert!(text.contains(says), "{other}: {says}");
        assert!(!text.contains(other), "a page gives a password back");
    }
    let answer = Browser::new(&it)?.sign_in(ADA, OTHER).await?;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    Ok(())
}

#[tokio::test]
async fn v6_3_1_tries_are_slowed_down_the_same_for_accounts_and_none() -> anyhow::Result<()> {
    let (it, _, _) = house().await?;
    for email in [ADA, "nobody@example.com"] {
        let (mut browser, mut refused, mut waits) = (Browser::new(&it)?, 0, None);
        while waits.is_none() && refused < 15 {
            let answer = browser.sign_in(email, "not the password").await?;
            match answer.status().as_u16() {
                422 => refused += 1,
                429 => waits = Some(header(&answer, "retry-after").parse::<u64>()?),
                other => anyhow::bail!("{email}: {other}"),
            }
        }
        assert!(5 <= refused, "{email} waits after {refused} tries");
        assert!(waits.is_some_and(|secs| 1 <= secs), "{email} never waits");
    }
    Ok(())
}

#[tokio::test]
async fn v6_3_8_nobody_learns_whether_an_e_mail_has_an_account() -> anyhow::Result<()> {
    let (it, _, _) = house().await?;
    let mut browser = Browser::new(&it)?;
    let mut said = Vec::new();
    for email in [ADA, "bob@example.com"] {
        let answer = browser.sign_in(email, "not the password").await?;
        let status = answer.status();
        said.push((status, words(answer).await?.replace(email, "…")));
        let answer = browser.post("/forgot", &[("email", email)]).await?;
        let status = answer.status();
        said.push((status, words(answer).await?));
    }
    assert_eq!(said[0].0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(said[0], said[2]);
    assert_eq!(said[1], said[3]);
    Ok(())
}

#[tokio::test]
async fn v6_3_8_an_ask_for_a_link_is_answered_before_anybody_is_looked_up() -> anyhow::Result<()> {
    let (it, _, _) = house().await?;
    let client = postgres::raw(&it.database.superuser_url()).await?;
    client.batch_execute("begin; lock table operator in access exclusive mode").await?;
    for email in [ADA, "bob@example.com"] {
        let answer = Browser::new(&it)?.post("/forgot", &[("email", email)]).await?;
        assert_eq!(answer.status(), StatusCode::OK, "{email}");
    }
    client.batch_execute("rollback").await?;
    Ok(())
}

#[tokio::test]
async fn v6_3_2_a_new_installation_has_no_account_and_says_who_makes_one() -> anyhow::Result<()> {
    let (it, _) = crate::running("").await?;
    let mut browser = Browser::new(&it)?;
    let text = browser.get("/sign-in").await?.text().await?;
    assert!(text.contains("konstruct operator set-up-link"), "{text}");
    assert!(!text.contains("/set-up/"), "the page makes a link");
    let answer = browser.sign_in("admin@example.com", "admin").await?;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    Ok(())
}
