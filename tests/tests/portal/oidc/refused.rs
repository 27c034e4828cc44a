use konstruct_tests::fake_oidc::{CLIENT_SECRET, Person, Trick};
use serde_json::json;

use super::{ADA, House, house};
use crate::asvs::set_cookies;

/// Each line: what happens, the status, a word of the page, and a word of the log.
const TRICKS: [(Trick, u16, &str, &str); 20] = [
    (Trick::Refuse("access_denied"), 403, "Acme SSO did not let you in", "let somebody not in"),
    (Trick::Refuse("login_required"), 403, "Acme SSO did not let you in", "let somebody not in"),
    (Trick::Refuse("server_error"), 502, BROKEN, "said server_error"),
    (Trick::Forget, 502, BROKEN, "said nothing"),
    (Trick::OtherVoice, 502, BROKEN, "another provider answered"),
    (Trick::WrongNonce, 502, BROKEN, "Invalid nonce"),
    (Trick::NoNonce, 502, BROKEN, "Invalid nonce"),
    (Trick::WrongAudience, 502, BROKEN, "Invalid audiences"),
    (Trick::TwoAudiences, 502, BROKEN, "not a trusted audience"),
    (Trick::WrongIssuer, 502, BROKEN, "Invalid issuer"),
    (Trick::Expired, 502, BROKEN, "Expired"),
    (Trick::Unsigned, 502, BROKEN, "cannot be trusted"),
    (Trick::SignedWithPublicKey, 502, BROKEN, "algorithm `HS256` is not one of"),
    (Trick::SignedWithSecret, 502, BROKEN, "algorithm `HS256` is not one of"),
    (Trick::OtherKey, 502, BROKEN, "Signature verification failed"),
    (Trick::LongSubject, 502, BROKEN, "its name for them is too long"),
    (Trick::NoToken, 502, BROKEN, "it gave no ID token"),
    (Trick::TokenFails, 502, AWAY, "it answers 500"),
    (Trick::TokenHuge, 502, BROKEN, "its answer is too long"),
    (Trick::TokenMoved, 502, BROKEN, "does not answer as it should"),
];

const BROKEN: &str = "Acme SSO could not tell us who you are";
const AWAY: &str = "Acme SSO is not answering";

/// Goes there and back, and is not in.
async fn refused(house: &House, status: u16, word: &str, what: &str) -> anyhow::Result<()> {
    let mut browser = house.browser()?;
    let answer = house.round(&mut browser, "/sign-in/oidc").await?;
    assert_eq!(answer.status(), status, "{what}");
    let cookies = set_cookies(&answer);
    assert!(!cookies.iter().any(|it| it.starts_with("__Host-ks=")), "{what}: {cookies:?}");
    let page = answer.text().await?;
    assert!(page.contains(word), "{what}: {page}");
    assert!(page.contains("Reference"), "{what}: {page}");
    assert!(!page.contains("evil"), "{what}: the page says what a link makes it say");
    assert!(!browser.is_in().await?, "{what}");
    Ok(())
}

#[tokio::test]
async fn oidc_believes_nothing_but_a_proof() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    for (trick, status, word, logged) in TRICKS {
        house.fake.play(trick);
        let before = house.it.said("all").len();
        refused(&house, status, word, &format!("{trick:?}")).await?;
        let said = house.it.said("all");
        let said = said.get(before..).unwrap_or_default();
        assert!(said.contains(logged), "{trick:?}: {said}");
    }
    house.fake.play(Trick::OtherUserInfo);
    house.fake.thin(true);
    refused(&house, 502, BROKEN, "what is said about somebody else").await?;

    // It was the trick each time: without one, she is in.
    house.fake.play(Trick::None);
    assert!(house.entered().await?.is_in().await?);
    let said = house.it.said("all");
    for secret in [CLIENT_SECRET, "code-1", "access-ada", ADA] {
        assert!(!said.contains(secret), "the log says {secret}");
    }
    Ok(())
}

#[tokio::test]
async fn oidc_lets_nobody_in_who_has_no_account() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    house.staff.engineer().await?;
    house.fake.seat(Person::new("ed-1", "ed@example.com"));
    house.entered().await?;
    house.staff.operator("acme").await?;
    house.staff.disable("op@acme.example").await?;

    let unchecked = "Your e-mail is not confirmed";
    let stranger = "You have no account here";
    let claiming = |claims| Person::claiming("ada-1", claims);
    let text = |word: &str| json!({ "email": ADA, "email_verified": word });
    for (what, person, word) in [
        ("not checked", claiming(json!({ "email": ADA, "email_verified": false })), unchecked),
        ("not checked, as a text", claiming(text("false")), unchecked),
        ("nothing said of checks", claiming(json!({ "email": ADA })), unchecked),
        ("no e-mail", claiming(json!({})), unchecked),
        ("not an e-mail", claiming(json!({ "email": "ada", "email_verified": true })), unchecked),
        ("nobody's e-mail", Person::new("x", "x@example.com"), stranger),
        ("another's subject", Person::new("ed-2", "ed@example.com"), stranger),
        ("disabled", Person::new("op-1", "op@acme.example"), stranger),
    ] {
        house.fake.seat(person);
        refused(&house, 403, word, what).await?;
    }
    house.staff.disable("ed@example.com").await?;
    house.fake.seat(Person::new("ed-1", "ed@example.com"));
    refused(&house, 403, stranger, "disabled after it was linked").await?;
    house.fake.seat(claiming(text("true")));
    assert!(house.entered().await?.is_in().await?);
    Ok(())
}

#[tokio::test]
async fn oidc_waits_for_no_provider_that_hangs() -> anyhow::Result<()> {
    let house = house(&[]).await?;
    house.fake.play(Trick::TokenHangs);
    refused(&house, 502, AWAY, "it hangs").await?;
    house.fake.play(Trick::None);
    assert!(house.entered().await?.is_in().await?);
    Ok(())
}
