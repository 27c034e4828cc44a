//! The first day of an operator, in a browser: from the set-up link to the third version.

use konstruct_tests::browser::Browser;

use crate::running;

#[tokio::test]
async fn the_first_page_asks_to_sign_in_and_has_no_script() -> anyhow::Result<()> {
    let (it, _) = running("").await?;
    let browser = Browser::start(&it.portal()).await?;
    browser.go("/tenants").await?;
    browser.at("/sign-in?next=%2Ftenants").await?;
    assert!(!browser.has("script").await?, "a script on the page of sign-in");
    browser.picture("sign-in").await?;
    browser.quiet(&[]).await
}
