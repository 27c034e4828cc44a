//! Signing in by the word of a provider of identities, over HTTP.

mod entered;
mod invited;
mod looked;
mod proved;
mod refused;
mod told;

use anyhow::Context as _;
use konstruct_tests::{
    fake_oidc::{FakeOidc, Person},
    installation::{Installation, acme},
};
use reqwest::{Client, Response, redirect::Policy};

use crate::{
    asvs::{Browser, header},
    run,
    visitor::Staff,
};

const ADA: &str = "ada@example.com";

/// What a browser holds while it is at the provider.
const ERRAND: &str = "__Host-ks-oidc";

/// An installation with tenant `acme`, an administrator with a password, and a provider.
struct House {
    it: Installation,
    staff: Staff,
    fake: FakeOidc,
}

/// With those settings beside the provider's. Ada sits before every browser.
async fn house(settings: &[(&str, &str)]) -> anyhow::Result<House> {
    let mut it = Installation::prepare().await?;
    let fake = FakeOidc::start(&it.portal()).await?;
    it.settings.insert("KONSTRUCT_REQUIRE_SECOND_FACTOR".to_owned(), "false".to_owned());
    it.settings.extend(fake.settings());
    it.settings.extend(settings.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())));
    let (it, staff) = run(it, &acme()).await?;
    staff.administrator().await?;
    fake.seat(Person::new("ada-1", ADA));
    Ok(House { it, staff, fake })
}

impl House {
    fn browser(&self) -> anyhow::Result<Browser> {
        Browser::new(&self.it)
    }

    /// To the provider by the link at `path`: where it sends the browser back to.
    async fn there(&self, browser: &mut Browser, path: &str) -> anyhow::Result<String> {
        let sent = browser.get(path).await?;
        let to = header(&sent, "location").to_owned();
        anyhow::ensure!(to.starts_with("http"), "{path}: {} {to:?}", sent.status());
        let client = Client::builder().redirect(Policy::none()).build()?;
        let answer = client.get(to).send().await?;
        let back = header(&answer, "location").to_owned();
        anyhow::ensure!(!back.is_empty(), "the provider refused: {}", answer.text().await?);
        let path = back.strip_prefix(&self.it.portal()).context("sent elsewhere")?;
        Ok(path.to_owned())
    }

    /// There and back: what the portal says then.
    async fn round(&self, browser: &mut Browser, path: &str) -> anyhow::Result<Response> {
        let back = self.there(browser, path).await?;
        browser.get(&back).await
    }

    /// A browser that came in through the provider.
    async fn entered(&self) -> anyhow::Result<Browser> {
        let mut browser = self.browser()?;
        let answer = self.round(&mut browser, "/sign-in/oidc").await?;
        assert_eq!((answer.status().as_u16(), header(&answer, "location")), (303, "/"));
        Ok(browser)
    }
}

/// The cookie of the errand, taken away from the browser.
fn errand(browser: &mut Browser) -> anyhow::Result<(String, String)> {
    let found = browser.cookies.iter().position(|(name, _)| name == ERRAND);
    Ok(browser.cookies.remove(found.context("it holds no errand")?))
}
