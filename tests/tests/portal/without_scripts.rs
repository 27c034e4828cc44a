//! With JavaScript off: every page reads, and every form that matters works.

use konstruct_tests::browser::Browser;

use crate::{
    catalogue::{EQUIPPED, FULL, MODELLED, PAST, Page, REPLAYED},
    furnished::House,
    visitor::PASSWORD,
};

/// A browser that runs no script.
async fn plain(house: &House) -> anyhow::Result<Browser> {
    let browser = Browser::start(&house.it.portal()).await?;
    browser.scripts(false).await?;
    Ok(browser)
}

#[tokio::test]
async fn every_page_reads() -> anyhow::Result<()> {
    let mut house = House::built().await?;
    let people = house.hired().await?;
    house.furnish(&people).await?;
    let browser = plain(&house).await?;
    let mut missing = Vec::new();
    let pages = FULL.iter().chain(EQUIPPED).chain(MODELLED).chain(REPLAYED).chain(PAST);
    let pages = pages.filter(|page| page.send.is_none());
    for Page { name, at, who, shows, .. } in pages {
        people.let_in(&browser, *who).await?;
        browser.go(&house.address(at)).await?;
        assert!(!browser.has("[data-hydrated]").await?, "{name} ran a script");
        if !browser.text().await?.contains(shows) {
            missing.push((name, shows));
        }
    }
    assert!(missing.is_empty(), "without a script these do not show: {missing:?}");
    Ok(())
}

#[tokio::test]
async fn every_form_works() -> anyhow::Result<()> {
    let house = House::built().await?;
    house.staff.administrator().await?;
    let browser = plain(&house).await?;
    browser.go("/sign-in").await?;
    browser.fill("email", "ada@example.com").await?;
    browser.fill("password", PASSWORD).await?;
    browser.press("Sign in").await?;
    browser.at("/").await?;
    tenant_and_agent(&browser).await?;
    tool(&browser).await?;
    models(&browser).await?;
    versions(&browser).await?;
    channel(&browser).await?;
    people_and_keys(&browser).await?;
    settings_and_lists(&browser).await?;
    browser.quiet(&["422"]).await
}

async fn tenant_and_agent(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/tenants/new").await?;
    browser.fill("name", "Acme Ltd").await?;
    browser.fill("slug", "acme").await?;
    browser.press("Create tenant").await?;
    browser.at("/t/acme").await?;
    browser.go("/t/acme/agents/new").await?;
    browser.fill("name", "Mara").await?;
    browser.fill("slug", "mara").await?;
    browser.press("Create agent").await?;
    browser.at("/t/acme/agents/mara").await
}

async fn tool(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/tools").await?;
    browser.press("Add the first tool").await?;
    browser.press("Set up a request").await?;
    browser.fill("slug", "weather").await?;
    browser.press("Add a secret header").await?;
    assert_eq!(browser.value("slug").await?, "weather", "what was typed stays");
    browser.fill("header-name-0", "authorization").await?;
    browser.fill("header-secret-0", "Bearer k3y-of-acme").await?;
    browser.fill("url", "https://api.acme.example/weather").await?;
    browser.press("Add the tool").await?;
    browser.see("The description is empty").await?;
    browser.fill("description", "Says what the weather is.").await?;
    browser.press("Add the tool").await?;
    browser.see("Type the secret of authorization again").await?;
    browser.fill("header-secret-0", "Bearer k3y-of-acme").await?;
    browser.press("Add the tool").await?;
    browser.at("/t/acme/tools").await?;
    browser.see("weather is here").await?;
    browser.go("/t/acme/agents/mara").await?;
    browser.click("input[name=tools][value=weather]").await?;
    browser.press("Save draft").await?;
    browser.see("The draft is saved.").await?;
    browser.find("input[name=tools][value=weather]:checked").await?;
    browser.click("input[name=tools][value=weather]").await?;
    browser.press("Save draft").await?;
    browser.find("input[name=tools][value=weather]:not(:checked)").await?;
    browser.go("/t/acme/tools/weather").await?;
    browser.press("Remove…").await?;
    browser.press("Remove weather").await?;
    browser.at("/t/acme/tools").await?;
    browser.see("No tools yet").await
}

async fn models(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/models").await?;
    browser.press("Set up the first group").await?;
    browser.fill("slug", "careful").await?;
    browser.fill("deployment-name-0", "claude").await?;
    browser.choose("deployment-vendor-0", "anthropic").await?;
    browser.fill("deployment-secret-0", "sk-k3y-of-acme").await?;
    browser.press("Add another deployment").await?;
    assert_eq!(browser.value("slug").await?, "careful", "what was typed stays");
    assert_eq!(browser.value("deployment-vendor-0").await?, "anthropic");
    browser.see("Type it again").await?;
    browser.press("Remove deployment 2").await?;
    browser.press("Add the group").await?;
    browser.see("type the key again: it is never sent back").await?;
    browser.fill("deployment-secret-0", "sk-k3y-of-acme").await?;
    browser.press("Add the group").await?;
    browser.see("the model must be 1 to 200 characters").await?;
    browser.fill("deployment-model-0", "claude-sonnet-5-5").await?;
    browser.fill("deployment-secret-0", "sk-k3y-of-acme").await?;
    browser.press("Add the group").await?;
    browser.at("/t/acme/models").await?;
    browser.see("careful is here").await?;
    browser.go("/t/acme/agents/mara").await?;
    browser.find("select[name=model] option[value=careful]").await?;
    browser.go("/t/acme/models/careful").await?;
    browser.see("A key is stored").await?;
    browser.click("fieldset summary").await?;
    browser.fill("deployment-input-0", "3").await?;
    browser.press("Save").await?;
    browser.see("a price says what is read and what is written").await?;
    browser.fill("deployment-output-0", "15").await?;
    browser.press("Save").await?;
    browser.see("The group is saved.").await?;
    browser.see("More (2 filled in)").await?;
    browser.press("Remove…").await?;
    browser.press("Remove careful").await?;
    browser.at("/t/acme/models").await?;
    browser.see("No models of your own yet").await
}

async fn versions(browser: &Browser) -> anyhow::Result<()> {
    for (version, role) in [(1, "Support lead"), (2, "Head of parcels")] {
        browser.go("/t/acme/agents/mara").await?;
        browser.fill("role", role).await?;
        browser.press("Save draft").await?;
        browser.see("The draft is saved.").await?;
        assert_eq!(browser.value("role").await?, role);
        browser.fill("question", "Where is my parcel?").await?;
        browser.press("Ask the draft").await?;
        browser.see("echo: Where is my parcel?").await?;
        browser.press("Publish…").await?;
        browser.at("/t/acme/agents/mara/publish").await?;
        browser.press(&format!("Publish version {version}")).await?;
        browser.see(&format!("Version {version} answers")).await?;
    }
    browser.press("Budget").await?;
    browser.fill("daily_budget", "2.50").await?;
    browser.press("Set the budget").await?;
    browser.see("of $2.50").await?;
    browser.go("/t/acme/agents/mara/versions/1").await?;
    browser.press("Publish as version 3").await?;
    browser.see("Version 3 answers").await?;
    browser.go("/t/acme/agents/mara").await?;
    assert_eq!(browser.value("role").await?, "Head of parcels", "the draft stays as it was");
    past(browser).await
}

/// Back through the versions, and to a moment.
async fn past(browser: &Browser) -> anyhow::Result<()> {
    browser.press("Over time").await?;
    browser.see("Version 3 answered").await?;
    browser.press("Older change").await?;
    browser.see("Version 2 answered").await?;
    browser.see("What is different now").await?;
    let chosen = browser.value("at").await?;
    browser.press("Show that moment").await?;
    browser.see("Version 2 answered").await?;
    assert_eq!(browser.value("at").await?, chosen, "the field holds what is shown");
    browser.press("Newer change").await?;
    browser.see("Version 3 answered").await?;
    browser.press("Now").await?;
    browser.at("/t/acme/agents/mara/past").await?;
    browser.see("What version 3 said").await
}

async fn channel(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/channels/slack/new").await?;
    browser.fill("bot_token", "xoxb-T0ACME").await?;
    browser.choose("agent", "mara").await?;
    browser.press("Check the token and connect").await?;
    browser.at("/t/acme/channels").await?;
    browser.press("Slack T0ACME").await?;
    browser.fill("workspace", "T0ACME").await?;
    browser.press("Disconnect Slack").await?;
    browser.see("its token is forgotten").await
}

async fn people_and_keys(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/members").await?;
    browser.fill("email", "vera@example.com").await?;
    browser.press("Invite").await?;
    browser.see("A link to pass on").await?;
    browser.go("/settings/keys").await?;
    browser.fill("name", "Ledger").await?;
    browser.press("Make the key").await?;
    browser.see("shown only now").await
}

async fn settings_and_lists(browser: &Browser) -> anyhow::Result<()> {
    browser.go("/t/acme/settings").await?;
    browser.press("Suspend it").await?;
    browser.see("Suspended").await?;
    browser.press("Resume it").await?;
    browser.see("Active").await?;
    browser.fill("keep_days", "7").await?;
    browser.press("Set the limits").await?;
    browser.see("What is older than 7 days would be erased within minutes, for good").await?;
    browser.click("input[name=fewer_days]").await?;
    browser.press("Set the limits").await?;
    browser.see("The limits hold from the next message on.").await?;
    assert_eq!(browser.value("keep_days").await?, "7");
    browser.go("/tenants").await?;
    browser.fill("q", "zzz").await?;
    browser.press("Search").await?;
    browser.see("No tenant is like that").await?;
    browser.go("/t/acme/audit").await?;
    browser.choose("kind", "agent.published").await?;
    browser.press("Filter").await?;
    browser.see("published the agent").await?;
    assert!(!browser.words().await?.contains("created the tenant"), "the filter keeps it");
    browser.go("/t/acme/usage").await?;
    browser.press("Table").await?;
    assert!(browser.path().await?.contains("view=table"));
    browser.press("Chart").await?;
    assert!(!browser.path().await?.contains("view=table"));
    browser.go("/settings").await?;
    browser.press("Theme: system").await?;
    browser.see("Theme: light").await?;
    browser.press("Sign out").await?;
    browser.see("Sign in").await
}
