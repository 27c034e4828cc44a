//! What every page has to be, whatever its state: the right one, sound to axe-core in light and in dark,
//! no wider than the narrowest window, and quiet.

use std::fmt::Write as _;

use konstruct_tests::browser::Browser;
use serde_json::Value;

/// Links to places of the page that are not there.
const DEAD_LINKS: &str = "
    const all = [...document.querySelectorAll('a[href^=\"#\"]')].map((it) => it.getAttribute('href'));
    return all.filter((href) => !document.getElementById(decodeURIComponent(href.slice(1))))";

/// A window as most people have it, the narrowest one that has to do, and a phone.
const WIDE: u32 = 1280;
const NARROWEST: u32 = 320;
const PHONE: u32 = 360;

/// A page as somebody should meet it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Met<'a> {
    /// What its pictures are called.
    pub(crate) name: &'a str,
    /// What shows there.
    pub(crate) shows: &'a str,
    /// What its status is.
    pub(crate) status: u64,
    /// One card, without a frame and without a script.
    pub(crate) plain: bool,
}

/// What a browser meets, page by page, and all that was wrong with it.
pub(crate) struct Walk {
    pub(crate) browser: Browser,
    wrong: String,
}

impl Walk {
    /// Of the portal at that address, in a window as most people have it.
    pub(crate) async fn begin(base: &str) -> anyhow::Result<Self> {
        let browser = Browser::start(base).await?;
        browser.size(WIDE, 900).await?;
        browser.dark(false).await?;
        Ok(Self { browser, wrong: String::new() })
    }

    /// Looks at the page that the browser is at.
    pub(crate) async fn meets(&mut self, met: Met<'_>) -> anyhow::Result<()> {
        match look(&self.browser, met).await {
            Ok(found) => {
                for line in found {
                    writeln!(self.wrong, "{}: {line}", met.name)?;
                }
            }
            Err(error) => writeln!(self.wrong, "{}: {error:#}", met.name)?,
        }
        self.browser.size(WIDE, 900).await
    }

    /// A page with a frame that says `shows`.
    pub(crate) async fn sees(&mut self, name: &str, shows: &str) -> anyhow::Result<()> {
        self.meets(Met { name, shows, status: 200, plain: false }).await
    }

    /// A page of one card, of that status.
    pub(crate) async fn reads(
        &mut self,
        name: &str,
        status: u64,
        shows: &str,
    ) -> anyhow::Result<()> {
        self.meets(Met { name, shows, status, plain: true }).await
    }

    /// Fails if anything was wrong.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.wrong.is_empty(), "{}", self.wrong);
        Ok(())
    }
}

/// All that is wrong with the page.
async fn look(browser: &Browser, met: Met<'_>) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    if !met.plain {
        browser.awake().await?;
    } else if browser.has("script").await? {
        found.push("it has a script".to_owned());
    }
    let status = browser.status().await?;
    if status != met.status {
        found.push(format!("{status} in the place of {}", met.status));
    }
    let title = browser.eval("return document.title").await?;
    if !title.as_str().is_some_and(|it| it.ends_with(" · Konstruct")) {
        found.push(format!("its title is {title}"));
    }
    let words = browser.text().await?;
    if !words.contains(met.shows) {
        found.push(format!("{:?} is not to be seen: {words:?}", met.shows));
    }
    let dead = browser.eval(DEAD_LINKS).await?;
    if dead != Value::Array(Vec::new()) {
        found.push(format!("these lead nowhere on the page: {dead}"));
    }
    for (dark, name) in [(false, "light"), (true, "dark")] {
        browser.dark(dark).await?;
        found.extend(browser.findings().await?.into_iter().map(|it| format!("{name}: {it}")));
        browser.picture(&format!("{}-{name}", met.name)).await?;
    }
    browser.dark(false).await?;
    for width in [WIDE, NARROWEST] {
        let wide = browser.too_wide(width).await?;
        if !wide.is_empty() {
            found.push(format!("at {width} px: {}", wide.join("; ")));
        }
    }
    browser.size(PHONE, 780).await?;
    browser.picture(&format!("{}-phone", met.name)).await?;
    // A browser says so itself where a page has another status than 200.
    let own = format!("responded with a status of {}", met.status);
    let expected: &[&str] = if met.status == 200 { &[] } else { &[&own] };
    if let Err(loud) = browser.quiet(expected).await {
        found.push(format!("{loud:#}"));
    }
    Ok(found)
}
