//! What was done to accounts, as those who administer the installation read it.

use anyhow::Context as _;
use konstruct_tests::installation::acme;
use serde_json::Value;

use crate::{
    running,
    visitor::{Staff, Visitor},
};

/// More lines than a page has.
const MANY: usize = 60;

/// An administrator who read a tenant's conversations and made a key.
async fn busy(staff: &Staff) -> anyhow::Result<Visitor> {
    let ada = staff.administrator().await?;
    ada.read("/t/acme/conversations").await?;
    let key = [("name", "Ledger"), ("role", "engineer")];
    anyhow::ensure!(ada.post("/settings/keys", &key).await?.status() == 200);
    Ok(ada)
}

#[tokio::test]
async fn administrators_read_who_did_what_and_nobody_else_does() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let ada = busy(&staff).await?;
    let page = ada.read("/log").await?;
    let made = page.find("made the API key Ledger, as engineer").context("no key")?;
    let read = page.find("looked through conversations").context("nobody read")?;
    let came = page.find("took the invitation to be administrator").context("nobody came")?;
    assert!(made < read && read < came, "the newest is first");
    assert!(page.contains("from 127.0.0.1") && page.contains(">acme Ltd</a>"), "{page}");
    assert!(
        page.contains("<span>The command line</span>"),
        "whoever has no name is called by what it is"
    );

    let keys = ada.read("/log?kind=api-key.made").await?;
    assert!(keys.contains("the API key Ledger") && !keys.contains("looked through"), "{keys}");
    let console = ada.read("/log?operator=console").await?;
    assert!(console.contains("invited ada@example.com") && !console.contains("looked through"));

    assert_eq!(staff.engineer().await?.get("/log").await?.status(), 403);
    assert_eq!(staff.operator("acme").await?.get("/log").await?.status(), 404);
    assert!(ada.read("/operators").await?.contains("href=\"/log\""), "a way to it");
    Ok(())
}

#[tokio::test]
async fn a_page_of_the_log_goes_on_where_the_one_before_ended() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let ada = busy(&staff).await?;
    for _ in 0..MANY {
        ada.read("/t/acme/conversations").await?;
    }
    let first = ada.read("/log").await?;
    let lines = |page: &str| page.matches("id=\"line-").count();
    assert_eq!(lines(&first), 50);
    let (_, older) = first.split_once("href=\"/log?before=").context("no older page")?;
    let last = older.split('"').next().unwrap_or_default();
    let second = ada.read(&format!("/log?before={last}")).await?;
    assert!(first.contains(&format!("id=\"line-{last}\"")), "the last line of the page");
    assert!(!second.contains(&format!("id=\"line-{last}\"")), "no line twice");
    assert!(second.contains("took the invitation to be administrator"), "down to the first");
    assert_eq!(lines(&second), MANY + 4 - 50, "{second}");
    Ok(())
}

#[tokio::test]
async fn the_log_is_taken_along() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let ada = busy(&staff).await?;
    let file = ada.get("/log.csv?kind=api-key.made").await?;
    let name = file.headers().get("content-disposition").context("no name")?.to_str()?.to_owned();
    assert!(name.starts_with("attachment; filename=\"accounts-log-"), "{name}");
    let text = file.text().await?;
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0], "id,time,operator,name,kind,words,tenant,address,detail");
    let want = "\"ada@example.com\",\"api-key.made\",\"made the API key Ledger, as engineer\",\"\",\
                \"127.0.0.1\",\"{\"\"key\"\":";
    assert!(lines[1].contains(want), "{text}");

    let file: Value = serde_json::from_str(&ada.read("/log.json?kind=api-key.made").await?)?;
    let (next, line) = (&file["next"], &file["entries"][0]);
    assert!(next.is_null() && line["kind"] == "api-key.made", "{file}");
    assert_eq!((&line["name"], &line["address"]), (&"ada@example.com".into(), &"127.0.0.1".into()));
    Ok(())
}
