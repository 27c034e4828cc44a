//! A real browser for one test: Chromium without a window, driven over `WebDriver`.
//!
//! What a page logs, and what its policy refuses, is collected: every test can end with
//! [`Browser::quiet`].

mod look;

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
pub use thirtyfour::Key;
use thirtyfour::{
    By, ChromiumLikeCapabilities as _, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver,
    WebElement, action_chain::ActionChain, prelude::ElementQueryable as _,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// How long an element may take to appear, on a machine that does other things too.
const WAIT: Duration = Duration::from_secs(30);

/// How often it is looked for.
const POLL: Duration = Duration::from_millis(50);

/// A driver takes any free port of IPv6 and then wants the same of IPv4; where somebody has that, it ends.
const DRIVER_STARTS: usize = 5;

/// A browser with one tab and a profile of its own. It ends with this value.
pub struct Browser {
    driver: WebDriver,
    base: String,
    process: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; paths are taken from `base`, e.g. `http://localhost:3000`.
    pub async fn start(base: &str) -> anyhow::Result<Self> {
        let profile = tempfile::tempdir()?;
        let (process, port) = driver().await?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wishes(profile.path())?);
        let driver = driver.await.context("Chromium does not start")?;
        Ok(Self { driver, base: base.to_owned(), process, _profile: profile })
    }

    /// Forgets cookies: nobody is signed in any more.
    pub async fn forget(&self) -> anyhow::Result<()> {
        self.cdp("Network.clearBrowserCookies", json!({})).await
    }

    /// Opens a page.
    pub async fn go(&self, path: &str) -> anyhow::Result<()> {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        Ok(self.driver.goto(url).await?)
    }

    /// The path of the page that is shown, with its query.
    pub async fn path(&self) -> anyhow::Result<String> {
        let url = self.driver.current_url().await?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(format!("{}{query}", url.path()))
    }

    /// Waits until the page's path is this one.
    pub async fn at(&self, path: &str) -> anyhow::Result<()> {
        let there = async {
            loop {
                if self.path().await? == path {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
        };
        match tokio::time::timeout(WAIT, there).await {
            Ok(there) => there,
            Err(_) => bail!("at {}, not at {path}:\n{}", self.path().await?, self.words().await?),
        }
    }

    /// The element of that selector, once it is there.
    pub async fn find(&self, css: &str) -> anyhow::Result<WebElement> {
        let found = self.driver.query(By::Css(css)).wait(WAIT, POLL).first().await;
        match found {
            Ok(found) => Ok(found),
            Err(_) => bail!("no {css} at {}:\n{}", self.path().await?, self.words().await?),
        }
    }

    /// Whether something of that selector is there now.
    pub async fn has(&self, css: &str) -> anyhow::Result<bool> {
        Ok(!self.driver.find_all(By::Css(css)).await?.is_empty())
    }

    /// Clicks it.
    pub async fn click(&self, css: &str) -> anyhow::Result<()> {
        let found = self.find(css).await?;
        found.scroll_into_view().await?;
        Ok(found.click().await?)
    }

    /// Clicks the link or button with that text.
    pub async fn press(&self, text: &str) -> anyhow::Result<()> {
        let literal = literal(text);
        let path = format!("//*[self::a or self::button][contains(normalize-space(.), {literal})]");
        let found = self.driver.query(By::XPath(path)).wait(WAIT, POLL).first().await;
        let Ok(found) = found else {
            bail!(
                "nothing to press says {text:?} at {}:\n{}",
                self.path().await?,
                self.words().await?
            )
        };
        found.scroll_into_view().await?;
        Ok(found.click().await?)
    }

    /// Types into the field of that name, in the place of what was there.
    pub async fn fill(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let field = self.find(&format!("[name='{name}']")).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// What the field of that name holds.
    pub async fn value(&self, name: &str) -> anyhow::Result<String> {
        let field = self.find(&format!("[name='{name}']")).await?;
        Ok(field.value().await?.unwrap_or_default())
    }

    /// Chooses in the list of that name.
    pub async fn choose(&self, name: &str, value: &str) -> anyhow::Result<()> {
        self.click(&format!("select[name='{name}'] option[value='{value}']")).await
    }

    /// Keys, pressed on the keyboard.
    pub async fn keys(&self, keys: &str) -> anyhow::Result<()> {
        Ok(self.keyboard().send_keys(keys).perform().await?)
    }

    /// A key that writes nothing.
    pub async fn key(&self, key: Key) -> anyhow::Result<()> {
        self.keys(&char::from(key).to_string()).await
    }

    /// A key together with Control.
    pub async fn control(&self, key: &str) -> anyhow::Result<()> {
        let pressed = self.keyboard().key_down(Key::Control).send_keys(key).key_up(Key::Control);
        Ok(pressed.perform().await?)
    }

    fn keyboard(&self) -> ActionChain {
        self.driver.action_chain_with_delay(Some(Duration::ZERO), Some(Duration::ZERO))
    }

    /// Waits until the page shows that text.
    pub async fn see(&self, text: &str) -> anyhow::Result<()> {
        let shown = async {
            loop {
                if self.words().await.is_ok_and(|words| words.contains(text)) {
                    return;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        if tokio::time::timeout(WAIT, shown).await.is_err() {
            bail!(
                "{:?} is not to be seen at {}:\n{}",
                text,
                self.path().await?,
                self.words().await?
            )
        }
        Ok(())
    }

    /// All that the page says.
    pub async fn words(&self) -> anyhow::Result<String> {
        let body = self.driver.find(By::Tag("body")).await?;
        Ok(body.text().await?)
    }

    /// Waits until the page's islands are awake.
    pub async fn awake(&self) -> anyhow::Result<()> {
        let Err(error) = self.find("body[data-hydrated]").await else { return Ok(()) };
        Err(match self.quiet(&[]).await {
            Ok(()) => error,
            Err(said) => error.context(said),
        })
    }

    /// Runs a script in each page that is opened from now on, before any of the page's own.
    pub async fn run_first(&self, script: &str) -> anyhow::Result<()> {
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await
    }

    /// What a script gives.
    pub async fn eval(&self, script: &str) -> anyhow::Result<Value> {
        Ok(self.driver.execute(script, Vec::new()).await?.json().clone())
    }

    /// Turns JavaScript off, or on again.
    pub async fn scripts(&self, on: bool) -> anyhow::Result<()> {
        self.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": !on })).await
    }

    /// A window of that size, in CSS pixels.
    pub async fn size(&self, width: u32, height: u32) -> anyhow::Result<()> {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await
    }

    /// The cookies of the page, by name.
    pub async fn cookie(&self, name: &str) -> anyhow::Result<Option<thirtyfour::Cookie>> {
        let all = self.driver.get_all_cookies().await?;
        Ok(all.into_iter().find(|cookie| cookie.name == name))
    }

    /// Gives it a cookie, as a page's answer would.
    pub async fn hold(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let url = self.base.replacen("http:", "https:", 1);
        let cookie =
            json!({ "name": name, "value": value, "url": url, "path": "/", "secure": true });
        self.cdp("Network.setCookie", cookie).await
    }

    /// Takes a cookie away, as if it had run out.
    pub async fn lose(&self, name: &str) -> anyhow::Result<()> {
        Ok(self.driver.delete_cookie(name).await?)
    }

    /// Fails if a page logged an error or a warning, or its policy refused something, since the
    /// last time this was asked. `expected` are parts of lines that are meant to be there.
    pub async fn quiet(&self, expected: &[&str]) -> anyhow::Result<()> {
        let log = self.driver.browser_log().await?;
        let loud = log.iter().filter(|entry| {
            let is_loud = matches!(entry.level.as_str(), "SEVERE" | "WARNING");
            is_loud && !expected.iter().any(|part| entry.message.contains(part))
        });
        let loud: Vec<_> = loud.map(|entry| entry.message.as_str()).collect();
        if loud.is_empty() { Ok(()) } else { bail!("the console says:\n{}", loud.join("\n")) }
    }

    async fn cdp(&self, command: &str, params: Value) -> anyhow::Result<()> {
        self.asked(command, params).await.map(drop)
    }

    async fn asked(&self, command: &str, params: Value) -> anyhow::Result<Value> {
        Ok(self.driver.cdp().send_raw(command, params).await?)
    }
}

impl Drop for Browser {
    /// The driver's whole group: the browser is its child. The session ends with it; taking leave of it
    /// here would hold up the test's only thread until the request runs out of time.
    fn drop(&mut self) {
        drop(self.driver.clone().leak());
        let Some(pid) = self.process.id() else { return };
        let mut kill = std::process::Command::new("kill");
        let ended = kill.args(["-KILL", "--", &format!("-{pid}")]).stderr(Stdio::null()).status();
        drop(ended);
    }
}

fn wishes(profile: &Path) -> anyhow::Result<thirtyfour::ChromeCapabilities> {
    let mut wishes = DesiredCapabilities::chrome();
    wishes.set_headless()?;
    // Chromium's sandbox wants a user of its own; the pages it sees here are ours.
    wishes.set_no_sandbox()?;
    // Nothing moves: a movement that is cut short by the next step is an error in the console.
    for arg in [
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--force-prefers-reduced-motion",
        "--window-size=1280,900",
        "--lang=en-GB",
    ] {
        wishes.add_arg(arg)?;
    }
    wishes.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    wishes.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(wishes)
}

/// A driver that listens, and its port.
async fn driver() -> anyhow::Result<(Child, u16)> {
    let mut said = String::new();
    for _ in 0..DRIVER_STARTS {
        let mut process = Command::new("chromedriver");
        process.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = process.process_group(0).kill_on_drop(true).spawn().context(
            "chromedriver is missing: install Chromium and its driver (on Debian: `apt install \
             chromium chromium-driver`)",
        )?;
        let port = tokio::time::timeout(WAIT, port(&mut process, &mut said)).await;
        if let Some(port) = port.context("chromedriver does not start")?? {
            return Ok((process, port));
        }
    }
    bail!("chromedriver ended {DRIVER_STARTS} times:\n{said}")
}

/// The port that the driver says it has taken; nothing if it ends before. What else it says is added to
/// `said`.
async fn port(process: &mut Child, said: &mut String) -> anyhow::Result<Option<u16>> {
    let out = process.stdout.take().context("no output")?;
    let mut lines = BufReader::new(out).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return Ok(Some(port.trim_end_matches('.').parse()?));
        }
        said.extend([&line, "\n"]);
    }
    Ok(None)
}

/// A string as `XPath` writes it.
fn literal(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}
