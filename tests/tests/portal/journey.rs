//! The first day of an operator, in a browser: from the set-up link to the third version.

use std::time::Duration;

use anyhow::Context as _;
use konstruct_tests::{
    browser::Browser,
    fake_slack::{Posted, Spoken},
    installation::Installation,
};
use serde_json::Value;

use crate::{running, visitor::PASSWORD};

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn the_first_page_asks_to_sign_in_and_has_no_script() -> anyhow::Result<()> {
    let (it, staff) = running("").await?;
    staff.administrator().await?;
    let browser = Browser::start(&it.portal()).await?;
    browser.go("/tenants").await?;
    browser.at("/sign-in?next=%2Ftenants").await?;
    assert!(!browser.has("script").await?, "a script on the page of sign-in");
    browser.picture("sign-in").await?;
    browser.quiet(&[]).await
}

#[tokio::test]
async fn the_first_day_of_an_operator() -> anyhow::Result<()> {
    let (it, _) = running("").await?;
    let browser = Browser::start(&it.portal()).await?;
    set_up(&it, &browser).await?;
    create_tenant(&browser).await?;
    design(&browser).await?;
    connect(&browser).await?;

    browser.go("/t/acme/activity").await?;
    browser.awake().await?;
    let first = answered(&it, "where is my parcel?").await?;
    assert_eq!(first.signature(), Some("Mara · version 1"));
    browser.see("where is my parcel?").await?;
    browser.picture("activity").await?;

    browser.go("/t/acme/conversations").await?;
    browser.picture("conversations").await?;
    browser.press("where is my parcel?").await?;
    browser.see(first.said()).await?;
    browser.picture("conversation").await?;
    browser.press("Trace").await?;
    browser.see("reply.delivered").await?;
    browser.picture("trace").await?;

    edit_prompt(&browser).await?;
    let second = answered(&it, "and now?").await?;
    assert_eq!(second.signature(), Some("Mara · version 2"));

    restore(&browser).await?;
    let third = answered(&it, "and again?").await?;
    assert_eq!(third.signature(), Some("Mara · version 3"));
    browser.quiet(&[]).await
}

async fn set_up(it: &Installation, browser: &Browser) -> anyhow::Result<()> {
    let made = it.ok(&["operator", "set-up-link", "--json"]).await?;
    let made: Value = serde_json::from_str(&made)?;
    browser.go(made["link"].as_str().context("no link")?).await?;
    browser.fill("name", "Ada").await?;
    browser.fill("email", "ada@example.com").await?;
    browser.fill("password", PASSWORD).await?;
    browser.picture("set-up").await?;
    browser.press("Make the account").await?;
    browser.awake().await?;
    browser.picture("installation").await
}

async fn create_tenant(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/tenants").await?;
    browser.picture("tenants-empty").await?;
    browser.go("/tenants/new").await?;
    browser.fill("name", "Acme Ltd").await?;
    browser.fill("slug", "acme").await?;
    browser.press("Create tenant").await?;
    browser.at("/t/acme").await?;
    browser.see("Acme Ltd").await?;
    browser.picture("tenant-first-day").await
}

async fn design(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/agents/new").await?;
    browser.picture("agent-new").await?;
    browser.fill("name", "Mara").await?;
    browser.fill("slug", "mara").await?;
    browser.press("Create agent").await?;
    browser.at("/t/acme/agents/mara").await?;
    browser.awake().await?;
    browser.fill("role", "Support lead").await?;
    browser.fill("system_prompt", "You help the people of Acme.").await?;
    browser.picture("design").await?;
    publish(browser, "The first one", 1).await
}

async fn publish(browser: &Browser, note: &str, version: u32) -> anyhow::Result<()> {
    browser.press("Publish…").await?;
    browser.at("/t/acme/agents/mara/publish").await?;
    browser.fill("note", note).await?;
    browser.picture(&format!("publish-{version}")).await?;
    browser.press(&format!("Publish version {version}")).await?;
    browser.see(&format!("Version {version}")).await
}

async fn connect(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/channels/slack/new").await?;
    browser.picture("channel-new").await?;
    browser.fill("bot_token", "xoxb-T0ACME").await?;
    browser.choose("agent", "mara").await?;
    browser.press("Check the token and connect").await?;
    browser.see("T0ACME").await?;
    browser.picture("channels").await
}

async fn edit_prompt(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/agents/mara").await?;
    browser.awake().await?;
    browser.fill("system_prompt", "You help the people of Acme, in rhymes.").await?;
    publish(browser, "Rhymes", 2).await
}

async fn restore(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/agents/mara/versions").await?;
    browser.picture("versions").await?;
    browser.go("/t/acme/agents/mara/versions/1").await?;
    browser.fill("note", "No rhymes after all").await?;
    let first = prompt(browser).await?;
    assert!(first.contains("You help the people of Acme."), "{first}");
    browser.press("Publish as version 3").await?;
    browser.see("Version 3").await?;
    browser.go("/t/acme/agents/mara/versions/2").await?;
    assert_ne!(prompt(browser).await?, first, "version 2 said something else");
    browser.go("/t/acme/agents/mara/versions/3").await?;
    assert_eq!(prompt(browser).await?, first, "what came back is what there was");
    Ok(())
}

/// The system prompt of the version that is shown.
async fn prompt(browser: &Browser) -> anyhow::Result<String> {
    let script = "
        const terms = [...document.querySelectorAll('main dt')];
        return terms.find((it) => it.innerText === 'System prompt').nextElementSibling.innerText";
    Ok(browser.eval(script).await?.as_str().context("no prompt")?.to_owned())
}

/// A person mentions Mara, and has her answer.
async fn answered(it: &Installation, text: &str) -> anyhow::Result<Posted> {
    let spoken = it.slack.spoken("T0ACME", "C1", "U0ANN", &format!("<@U0BOT> {text}"))?;
    it.slack.say(spoken.clone()).await?;
    let Spoken { team, channel, ts, .. } = &spoken;
    let answer = |posted: &&Posted| posted.signature().is_some();
    it.slack
        .wait_for(PATIENCE, "an answer", |world| {
            world.replies(&team.id, channel, ts).iter().any(answer)
        })
        .await?;
    let replies = it.slack.replies(&team.id, channel, ts);
    replies.into_iter().find(|posted| answer(&posted)).context("no answer")
}
