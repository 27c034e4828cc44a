//! OWASP ASVS 5.0, level 2, as far as it is about signing in, sessions and cookies: each test names
//! what it shows.

mod links;
mod sessions;
mod sign_in;

use anyhow::Context as _;
use konstruct_tests::installation::Installation;
use reqwest::{Client, Method, Response, StatusCode, redirect::Policy};

use crate::visitor::{PASSWORD, Staff, Visitor};

const ADA: &str = "ada@example.com";
const OTHER: &str = "violet pencil under the second bridge";

/// A browser that keeps cookies itself, so that a test sees each.
pub(crate) struct Browser {
    client: Client,
    base: String,
    pub(crate) cookies: Vec<(String, String)>,
}

impl Browser {
    pub(crate) fn new(it: &Installation) -> anyhow::Result<Self> {
        let client = Client::builder().redirect(Policy::none()).build()?;
        let base = it.portal().replace("localhost", "127.0.0.1");
        Ok(Self { client, base, cookies: Vec::new() })
    }

    /// One that holds this session.
    pub(crate) fn holding(it: &Installation, visitor: &Visitor) -> anyhow::Result<Self> {
        let mut browser = Self::new(it)?;
        browser.cookies.push(("__Host-ks".to_owned(), visitor.cookie()?.to_owned()));
        Ok(browser)
    }

    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Response> {
        self.send(Method::GET, path, &[]).await
    }

    pub(crate) async fn post(
        &mut self,
        path: &str,
        form: &[(&str, &str)],
    ) -> anyhow::Result<Response> {
        self.send(Method::POST, path, form).await
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
    ) -> anyhow::Result<Response> {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, it)| format!("{name}={it}")).collect();
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        request =
            request.header("sec-fetch-site", "same-origin").header("cookie", pairs.join("; "));
        if method == Method::POST {
            request = request.form(form);
        }
        let answer = request.send().await?;
        for set in set_cookies(&answer) {
            let pair = set.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("not a cookie")?;
            self.cookies.retain(|(held, _)| held != name);
            if !set.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(answer)
    }

    pub(crate) async fn sign_in(
        &mut self,
        email: &str,
        password: &str,
    ) -> anyhow::Result<Response> {
        self.post("/sign-in", &[("email", email), ("password", password)]).await
    }

    pub(crate) fn session(&self) -> Option<String> {
        let mut held = self.cookies.iter().filter(|(name, _)| name == "__Host-ks");
        held.next().map(|(_, value)| value.clone())
    }

    /// Whether the session opens a page.
    pub(crate) async fn is_in(&mut self) -> anyhow::Result<bool> {
        Ok(self.get("/settings").await?.status() == StatusCode::OK)
    }
}

pub(crate) fn set_cookies(answer: &Response) -> Vec<String> {
    let all = answer.headers().get_all("set-cookie").iter();
    all.filter_map(|it| it.to_str().ok()).map(str::to_owned).collect()
}

pub(crate) fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
}

/// A page without what differs from one request to the next.
async fn words(answer: Response) -> anyhow::Result<String> {
    let text = answer.text().await?;
    let (before, after) = text.split_once("Reference ").context("no reference")?;
    let (_, after) = after.split_once("</span>").context("no end of the reference")?;
    Ok(format!("{before}{after}"))
}

/// A running installation and its administrator, who is signed in.
async fn house() -> anyhow::Result<(Installation, Staff, Visitor)> {
    let (it, staff) = crate::running("").await?;
    let ada = staff.administrator().await?;
    Ok((it, staff, ada))
}
