//! With the keyboard alone: no pointer is used here.

use anyhow::ensure;
use konstruct_tests::browser::{Browser, Key};
use serde_json::Value;

use crate::{catalogue::Who, furnished::House, visitor::PASSWORD};

/// More stops than any page has.
const STOPS_MAX: usize = 200;

/// The pages with a frame; the others are one short form each.
const PAGES: [&str; 37] = [
    "/",
    "/log",
    "/operators",
    "/operators/invite",
    "/settings",
    "/settings/keys",
    "/settings/security",
    "/settings/sessions",
    "/settings/shortcuts",
    "/t/acme",
    "/t/acme/activity",
    "/t/acme/agents",
    "/t/acme/agents/mara",
    "/t/acme/agents/mara/budget",
    "/t/acme/agents/mara/past",
    "/t/acme/agents/mara/versions",
    "/t/acme/agents/new",
    "/t/acme/audit",
    "/t/acme/channels",
    "/t/acme/channels/slack-T0ACME",
    "/t/acme/channels/slack/new",
    "/t/acme/conversations",
    "/t/acme/members",
    "/t/acme/models",
    "/t/acme/models/careful",
    "/t/acme/models/new",
    "/t/acme/past",
    "/t/acme/settings",
    "/t/acme/tools",
    "/t/acme/tools/new",
    "/t/acme/tools/new?kind=http",
    "/t/acme/tools/order-status",
    "/t/acme/usage",
    "/tenants",
    "/tenants/new",
    "/trace",
    "/usage",
];

/// What has the focus, and whether that can be seen.
const FOCUS: &str = "
    const it = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(it);
    return [it === document.body ? 'body' : `${it.tagName} ${it.id} ${it.name ?? ''} ${it.textContent.trim().slice(0, 40)}`,
        it === document.body || outlineStyle !== 'none' && 0 < parseFloat(outlineWidth)]";

async fn focus(browser: &Browser) -> anyhow::Result<(String, bool)> {
    Ok(serde_json::from_value(browser.eval(FOCUS).await?)?)
}

async fn has_focus(browser: &Browser, css: &str) -> anyhow::Result<bool> {
    let script = format!("return document.activeElement.matches(`{css}`)");
    Ok(browser.eval(&script).await? == Value::Bool(true))
}

/// Tab by tab to whatever fits; each stop on the way shows that it has the focus.
async fn tab_to(browser: &Browser, css: &str) -> anyhow::Result<()> {
    for _ in 0..STOPS_MAX {
        browser.key(Key::Tab).await?;
        let (at, seen) = focus(browser).await?;
        ensure!(seen, "the focus cannot be seen at {at}");
        if has_focus(browser, css).await? {
            return Ok(());
        }
    }
    anyhow::bail!("no way by Tab to {css} at {}", browser.path().await?)
}

#[tokio::test]
async fn all_that_matters_can_be_done_with_the_keyboard() -> anyhow::Result<()> {
    let mut house = House::built().await?;
    let people = house.hired().await?;
    house.furnish(&people).await?;
    let browser = Browser::start(&house.it.portal()).await?;
    browser.dark(false).await?;
    sign_in(&browser).await?;
    skip(&browser).await?;
    palette(&browser).await?;
    lists(&browser).await?;
    chords(&browser).await?;
    publish(&browser).await?;
    single_keys_off(&browser).await?;
    browser.quiet(&[]).await
}

#[tokio::test]
async fn tab_goes_round_every_page_and_is_caught_nowhere() -> anyhow::Result<()> {
    let mut house = House::built().await?;
    let people = house.hired().await?;
    house.furnish(&people).await?;
    let browser = Browser::start(&house.it.portal()).await?;
    people.let_in(&browser, Who::Administrator).await?;
    for page in PAGES {
        browser.go(page).await?;
        browser.awake().await?;
        let mut stops = Vec::new();
        loop {
            browser.key(Key::Tab).await?;
            let (at, seen) = focus(&browser).await?;
            ensure!(seen, "{page}: the focus cannot be seen at {at}");
            if !stops.is_empty() && (at == "body" || stops.first() == Some(&at)) {
                break;
            }
            stops.push(at);
            ensure!(stops.len() < STOPS_MAX, "{page}: Tab is caught: {stops:?}");
        }
        ensure!(10 < stops.len(), "{page}: {stops:?}");
    }
    Ok(())
}

async fn sign_in(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/sign-in?next=%2Ftenants").await?;
    tab_to(browser, "[name=email]").await?;
    browser.keys("ada@example.com").await?;
    tab_to(browser, "[name=password]").await?;
    browser.keys(PASSWORD).await?;
    browser.key(Key::Enter).await?;
    browser.at("/tenants").await?;
    browser.awake().await
}

async fn skip(browser: &Browser) -> anyhow::Result<()> {
    browser.key(Key::Tab).await?;
    ensure!(has_focus(browser, ".skip").await?, "the first stop is not the way to the content");
    browser.key(Key::Enter).await?;
    ensure!(has_focus(browser, "#main").await?, "it does not lead to the content");
    browser.key(Key::Tab).await?;
    ensure!(has_focus(browser, "#main *").await?, "what comes next is not of the content");
    Ok(())
}

async fn palette(browser: &Browser) -> anyhow::Result<()> {
    let (before, _) = focus(browser).await?;
    browser.control("k").await?;
    ensure!(has_focus(browser, "#palette-input").await?, "the palette does not open");
    browser.key(Key::Escape).await?;
    ensure!(!browser.has("#palette[open]").await?, "Escape does not close it");
    ensure!(focus(browser).await?.0 == before, "the focus does not come back");
    for (name, path) in [("Acme", "/t/acme"), ("Mara", "/t/acme/agents/mara")] {
        browser.control("k").await?;
        browser.keys(name).await?;
        browser.find(&format!("#palette-list li:first-child a[href='{path}']")).await?;
        browser.key(Key::Enter).await?;
        browser.at(path).await?;
        browser.awake().await?;
    }
    browser.keys("?").await?;
    ensure!(browser.has("#shortcuts[open]").await?, "no sheet");
    browser.key(Key::Escape).await?;
    ensure!(!browser.has("#shortcuts[open]").await?, "Escape does not close the sheet");
    Ok(())
}

async fn lists(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/tenants").await?;
    browser.awake().await?;
    browser.keys("/").await?;
    ensure!(has_focus(browser, "[type=search]").await?, "no way to the search");
    browser.key(Key::Escape).await?;
    ensure!(!has_focus(browser, "[type=search]").await?, "no way out of the search");
    for (key, row) in [("j", 1), ("j", 2), ("k", 1)] {
        browser.keys(key).await?;
        ensure!(
            has_focus(browser, &format!("[data-row]:nth-child({row})")).await?,
            "{key}: not in row {row}"
        );
    }
    browser.key(Key::Enter).await?;
    browser.at("/t/acme").await?;
    browser.awake().await
}

async fn chords(browser: &Browser) -> anyhow::Result<()> {
    let places = [
        ("ga", "/t/acme/agents"),
        ("gc", "/t/acme/channels"),
        ("gv", "/t/acme/conversations"),
        ("gl", "/t/acme/activity"),
        ("gh", "/t/acme"),
        ("gt", "/tenants"),
    ];
    for (keys, path) in places {
        browser.keys(keys).await?;
        browser.at(path).await?;
        browser.awake().await?;
    }
    Ok(())
}

async fn publish(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/agents/mara").await?;
    browser.awake().await?;
    tab_to(browser, "[name=role]").await?;
    browser.keys(" of parcels").await?;
    tab_to(browser, ".designer-actions [value=save]").await?;
    browser.key(Key::Enter).await?;
    browser.see("The draft is saved.").await?;
    browser.awake().await?;
    tab_to(browser, ".designer-actions [value=publish]").await?;
    browser.key(Key::Enter).await?;
    browser.at("/t/acme/agents/mara/publish").await?;
    tab_to(browser, "[name=note]").await?;
    browser.keys("By keyboard").await?;
    tab_to(browser, "main [type=submit]").await?;
    browser.key(Key::Enter).await?;
    browser.see("Version 4 answers").await
}

async fn single_keys_off(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/settings/shortcuts").await?;
    tab_to(browser, "[name=single_keys]").await?;
    browser.keys(" ").await?;
    tab_to(browser, "main [type=submit]").await?;
    browser.key(Key::Enter).await?;
    browser.find("[name=single_keys]:not(:checked)").await?;
    browser.awake().await?;
    browser.keys("?").await?;
    ensure!(!browser.has("#shortcuts[open]").await?, "single keys still do something");
    browser.control("k").await?;
    ensure!(has_focus(browser, "#palette-input").await?, "what takes Control stays");
    Ok(())
}
