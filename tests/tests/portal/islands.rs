//! Whatever runs in the browser answers to somebody.

use std::time::Duration;

use anyhow::ensure;
use konstruct_tests::{browser::Browser, wait::until};

use crate::{
    catalogue::Who,
    furnished::{House, People},
};

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn every_island_answers() -> anyhow::Result<()> {
    let mut house = House::built().await?;
    let people = house.hired().await?;
    house.furnish(&people).await?;
    let browser = Browser::start(&house.it.portal()).await?;
    people.let_in(&browser, Who::Administrator).await?;
    live(&browser, &house).await?;
    try_it(&browser).await?;
    autosave(&browser, &people).await?;
    frame(&browser).await?;
    browser.quiet(&[]).await
}

/// A browser that never calls a page idle, as Chromium does for a page that comes while keys are
/// pressed: it calls back only where it was told to wait no longer.
const NEVER_IDLE: &str = "
    window.requestIdleCallback = (callback, { timeout } = {}) => {
        if (timeout) setTimeout(callback, timeout)
    }";

#[tokio::test]
async fn a_page_that_is_never_idle_wakes_up_too() -> anyhow::Result<()> {
    let house = House::built().await?;
    let people = house.hired().await?;
    let browser = Browser::start(&house.it.portal()).await?;
    people.let_in(&browser, Who::Administrator).await?;
    browser.run_first(NEVER_IDLE).await?;
    browser.go("/tenants").await?;
    browser.awake().await?;
    browser.quiet(&[]).await
}

/// What happens shows by itself; paused, it waits.
async fn live(browser: &Browser, house: &House) -> anyhow::Result<()> {
    browser.go("/t/acme/activity").await?;
    browser.awake().await?;
    browser.see("Live").await?;
    browser.press("Pause").await?;
    browser.see("Paused").await?;
    let asked = "<@U0BOT> is anybody there?";
    house.it.slack.say(house.it.slack.spoken("T0ACME", "C1", "U0ANN", asked)?).await?;
    browser.see("new ↑").await?;
    ensure!(
        !browser.words().await?.contains("is anybody there?"),
        "it shows although it is paused"
    );
    browser.press("Go on").await?;
    browser.see("is anybody there?").await
}

/// The draft is talked to beside its form, and the page stays.
async fn try_it(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/agents/mara").await?;
    browser.awake().await?;
    browser.eval("window.before = true").await?;
    browser.fill("system_prompt", "Say it in rhymes.").await?;
    browser.fill("question", "Where is my parcel?").await?;
    browser.press("Ask the draft").await?;
    browser.see("echo: Where is my parcel?").await?;
    browser.see(" tokens in, ").await?;
    browser.click(".try-turn summary").await?;
    let shown =
        "return document.querySelector('.try-turn pre').innerText.includes('Say it in rhymes.')";
    browser.until(shown).await?;
    browser.until("return window.before === true").await
}

/// What is typed is kept without a button.
async fn autosave(browser: &Browser, people: &People) -> anyhow::Result<()> {
    browser.fill("role", "Head of parcels").await?;
    let ada = people.of(Who::Administrator)?;
    until(PATIENCE, "the draft is kept", || async {
        let page = ada.get("/t/acme/agents/mara").await?.text().await?;
        Ok(page.contains("Head of parcels"))
    })
    .await?;
    browser.until("return document.querySelector('.draft-state').innerText.includes('saved')").await
}

/// Times are the reader's own, and what is meant to be copied has a button.
async fn frame(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/audit").await?;
    browser.find("time[data-local][data-done]").await?;
    browser.go("/t/acme/channels/slack/new").await?;
    browser.awake().await?;
    browser.press("Copy").await?;
    browser.see("Copied").await
}
