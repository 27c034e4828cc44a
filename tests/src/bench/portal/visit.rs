//! Somebody who reads pages.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use accounts::{Accounts, Delivery, Grant, Visit};
use anyhow::{Context as _, bail, ensure};
use domain::{access::PlatformRole, seal::MasterKey, secret::Secret};
use konstruct_tests::installation::{Installation, MASTER_KEY};
use reqwest::{Client, Response, redirect::Policy};
use schemas::Timestamp;
use store::keys::Masters;

use super::OPEN;

/// A signed-in administrator without a browser.
#[derive(Clone)]
pub(crate) struct Visitor {
    client: Client,
    base: String,
    session: String,
}

/// Who it is.
pub(crate) const EMAIL: &str = "bench@example.com";
/// Long enough.
pub(crate) const PASSWORD: &str = "a quiet harbour at 4 in the morning";

impl Visitor {
    /// Makes an account and signs in.
    pub(crate) async fn sign_in(it: &Installation) -> anyhow::Result<Self> {
        let masters = Masters::new(MasterKey::parse(MASTER_KEY)?, Vec::new());
        let platform = it.database.platform().await?;
        let accounts = Accounts::new(platform, masters, None, &it.portal());
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let visit = Visit::new(Timestamp::from_millis(i64::try_from(now)?), "127.0.0.1", "bench");
        let console = Accounts::console()?;
        let grant = Grant::Platform(PlatformRole::Administrator);
        let invited = accounts.invite(&console, EMAIL, &grant, &visit).await?;
        let Delivery::ShowToAdministrator(link) = invited else { bail!("it was mailed") };
        let password = Secret::from(PASSWORD.to_owned());
        let session = accounts.accept_invite(&link.token(), EMAIL, &password, &visit).await?;
        Ok(Self {
            client: Client::builder().redirect(Policy::none()).build()?,
            // Names of the portal's own machine are looked up nowhere.
            base: it.portal().replace("localhost", "127.0.0.1"),
            session: format!("__Host-ks={}", session.expose()),
        })
    }

    /// A page, whole.
    pub(crate) async fn page(&self, path: &str) -> anyhow::Result<String> {
        let request = self.client.get(format!("{}{path}", self.base));
        Ok(checked(path, request.header("cookie", &self.session).send().await?)?.text().await?)
    }

    /// A page, as whoever it is made for.
    pub(crate) async fn read(&self, path: &str) -> anyhow::Result<String> {
        // Whoever is signed in is sent on from where one signs in.
        if OPEN.contains(&path) { self.stranger(path).await } else { self.page(path).await }
    }

    /// A page as somebody sees it who is not signed in.
    pub(crate) async fn stranger(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.client.get(format!("{}{path}", self.base)).send().await?;
        Ok(checked(path, answer)?.text().await?)
    }

    /// How many bytes are sent to whoever takes brotli.
    pub(crate) async fn bytes(&self, path: &str) -> anyhow::Result<usize> {
        let request = self.client.get(format!("{}{path}", self.base));
        let request = request.header("cookie", &self.session).header("accept-encoding", "br");
        Ok(checked(path, request.send().await?)?.bytes().await?.len())
    }

    /// The page itself and the assets that it names, each with a name to show.
    pub(crate) async fn assets(&self, path: &str) -> anyhow::Result<Vec<(String, String)>> {
        let page = self.page(path).await?;
        let mut found = vec![("the page".to_owned(), path.to_owned())];
        for quoted in page.split('"').filter(|it| it.starts_with("/assets/")) {
            let name = quoted.rsplit('/').next().unwrap_or_default().to_owned();
            if found.iter().all(|(_, known)| known != quoted) {
                found.push((name, quoted.to_owned()));
            }
        }
        Ok(found)
    }

    /// The path of the stylesheet.
    pub(crate) async fn stylesheet(&self) -> anyhow::Result<String> {
        let assets = self.assets("/").await?;
        let found = assets.into_iter().find(|(_, path)| is(path, "css"));
        Ok(found.context("no stylesheet")?.1)
    }

    /// The first link of a page that begins so.
    pub(crate) async fn link(&self, path: &str, begins: &str) -> anyhow::Result<String> {
        let page = self.page(path).await?;
        let found = page.split('"').find(|it| it.starts_with(begins) && it.len() > begins.len());
        let found = found.with_context(|| format!("{path} has no link to {begins}"))?;
        Ok(found.replace("&amp;", "&"))
    }
}

/// Whether a path ends so.
pub(crate) fn is(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|it| it == extension)
}

fn checked(path: &str, answer: Response) -> anyhow::Result<Response> {
    ensure!(answer.status().is_success(), "{path}: {}", answer.status());
    Ok(answer)
}
