//! What a browser makes of a page beyond its words: a newer release, paper, and things that move.

use anyhow::ensure;
use konstruct_tests::browser::Browser;
use serde_json::Value;

use crate::{catalogue::Who, furnished::House};

/// The tab is looked at again.
const LOOKED_AT: &str = "document.dispatchEvent(new Event('visibilitychange'))";

/// Which parts of a page show on it.
const SHOWN: &str = "
    return ['.shell-header', '.shell-side', '.button', 'main h1', 'main table'].map((css) =>
        [...document.querySelectorAll(css)].some((it) => it.getClientRects().length))";

/// The colours of the page and of its title.
const INK: &str = "
    const of = (css) => getComputedStyle(document.querySelector(css));
    return [of('body').color, of('body').backgroundColor, of('main h1').color]";

/// How many elements take time to change.
const MOVING: &str = "
    const all = [...document.querySelectorAll('*')];
    return all.filter((it) => {
        const { transitionDuration, animationName } = getComputedStyle(it);
        return transitionDuration.split(', ').some((it) => 0 < parseFloat(it)) || animationName !== 'none';
    }).length";

async fn house() -> anyhow::Result<(House, Browser)> {
    let mut house = House::built().await?;
    let people = house.hired().await?;
    house.furnish(&people).await?;
    let browser = Browser::start(&house.it.portal()).await?;
    people.let_in(&browser, Who::Administrator).await?;
    Ok((house, browser))
}

#[tokio::test]
async fn a_page_of_the_last_release_says_so_and_keeps_what_is_typed() -> anyhow::Result<()> {
    let (_house, browser) = house().await?;
    browser.go("/t/acme/agents/new").await?;
    browser.awake().await?;
    browser.fill("name", "Noor").await?;
    let asked = "performance.getEntriesByName(location.origin + '/frame/version').length";
    browser.eval(LOOKED_AT).await?;
    browser.until(&format!("return {asked} === 1")).await?;
    ensure!(!browser.has(".newer").await?, "it is said of the release that runs");

    browser.eval("document.documentElement.dataset.version = 'last'").await?;
    browser.eval(LOOKED_AT).await?;
    browser.see("A new version of Konstruct is here.").await?;
    ensure!(browser.value("name").await? == "Noor", "what was typed is gone");
    browser.eval("window.before = true").await?;
    browser.press("Reload").await?;
    browser.until("return !window.before && document.readyState === 'complete'").await?;
    browser.awake().await?;
    browser.at("/t/acme/agents/new").await?;
    ensure!(!browser.has(".newer").await?, "it is said of the page that is new");
    browser.quiet(&[]).await
}

#[tokio::test]
async fn on_paper_is_what_matters_in_black_on_white() -> anyhow::Result<()> {
    let (_house, browser) = house().await?;
    for page in ["/t/acme/usage?view=table&by=model", "/t/acme/audit"] {
        browser.dark(true).await?;
        browser.go(page).await?;
        browser.awake().await?;
        ensure!(browser.eval(SHOWN).await? == serde_json::json!([true, true, true, true, true]));
        browser.paper().await?;
        let shown = browser.eval(SHOWN).await?;
        ensure!(shown == serde_json::json!([false, false, false, true, true]), "{page}: {shown}");
        let ink = browser.eval(INK).await?;
        let white = [Value::from("rgba(0, 0, 0, 0)"), Value::from("rgb(255, 255, 255)")];
        ensure!(ink[0] == "rgb(0, 0, 0)" && white.contains(&ink[1]), "{page}: {ink}");
        ensure!(is_dark(&ink[2]), "{page}: {ink}");
    }
    Ok(())
}

/// Whether a colour is nearly black.
fn is_dark(colour: &Value) -> bool {
    let parts = colour.as_str().unwrap_or_default();
    let parts = parts.trim_start_matches(|it: char| !it.is_ascii_digit());
    let numbers: Vec<u32> =
        parts.split([',', ')', ' ']).filter_map(|it| it.trim().parse().ok()).take(3).collect();
    numbers.len() == 3 && numbers.iter().all(|it| *it < 64)
}

#[tokio::test]
async fn nothing_moves_for_those_who_do_not_want_it() -> anyhow::Result<()> {
    let (_house, browser) = house().await?;
    for page in ["/t/acme", "/t/acme/agents/mara", "/t/acme/activity"] {
        browser.moving().await?;
        browser.go(page).await?;
        browser.awake().await?;
        let moving = browser.eval(MOVING).await?;
        ensure!(moving.as_u64() > Some(0), "{page}: nothing moves for anybody");
        browser.dark(false).await?;
        let moving = browser.eval(MOVING).await?;
        ensure!(moving == 0, "{page}: {moving} things move");
    }
    Ok(())
}
