//! The palette, where there are many tenants.

use anyhow::ensure;
use konstruct_tests::browser::{Browser, Key};
use serde_json::Value;

use crate::{running, tenants::town};

#[tokio::test]
async fn the_sixtieth_tenant_is_found_by_typing_its_name_or_its_slug() -> anyhow::Result<()> {
    let (it, staff) = running(&town()).await?;
    let ada = staff.administrator().await?;
    let browser = Browser::start(&it.portal()).await?;
    browser.hold("__Host-ks", ada.cookie()?).await?;
    for typed in ["Number 60", "house-60"] {
        browser.go("/settings").await?;
        browser.awake().await?;
        browser.control("k").await?;
        browser.keys(typed).await?;
        browser.find("#palette-list li:first-child a[href='/t/house-60']").await?;
        browser.key(Key::Enter).await?;
        browser.at("/t/house-60").await?;
    }
    browser.go("/settings").await?;
    browser.awake().await?;
    browser.control("k").await?;
    browser.keys("house-61").await?;
    browser.see("Nothing is called that.").await?;
    browser.quiet(&[]).await
}

#[tokio::test]
async fn nobody_finds_a_tenant_that_is_not_theirs() -> anyhow::Result<()> {
    let (_it, staff) = running(&town()).await?;
    let (ada, op) = (staff.administrator().await?, staff.operator("house-07").await?);
    let found = |text: String| -> anyhow::Result<Vec<String>> {
        let found: Vec<Value> = serde_json::from_str(&text)?;
        Ok(found.iter().map(|it| it["href"].as_str().unwrap_or_default().to_owned()).collect())
    };
    let all = found(ada.read("/frame/tenants?q=NUMBER").await?)?;
    ensure!(all.len() == 20, "{all:?}");
    let own = found(op.read("/frame/tenants?q=").await?)?;
    ensure!(own == ["/t/house-07"], "{own:?}");
    let none = found(op.read("/frame/tenants?q=house-08").await?)?;
    ensure!(none.is_empty(), "{none:?}");
    Ok(())
}
