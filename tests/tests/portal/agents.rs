//! An agent from its name to its retirement, by forms alone: no script runs here.

use konstruct_tests::installation::acme;
use reqwest::Response;

use crate::{running, visitor::hidden};

/// Where a form led to.
fn led_to(answer: &Response) -> Option<&str> {
    answer.headers().get("location")?.to_str().ok()
}

/// The Designer's form with that revision, persona and button.
fn form<'a>(
    revision: &'a str,
    persona: &'a str,
    role: &'a str,
    press: &'a str,
) -> Vec<(&'a str, &'a str)> {
    vec![
        ("revision", revision),
        ("name", "Noor"),
        ("role", role),
        ("persona", persona),
        ("job_description", "Answers <questions> & more.\r\nKindly."),
        ("statement_of_work", ""),
        ("system_prompt", ""),
        ("model", "quality"),
        ("tools", ""),
        ("follow_minutes", "30"),
        ("do", press),
    ]
}

const NOOR: &str = "/t/acme/agents/noor";

#[tokio::test]
async fn an_agent_is_hired_shaped_published_and_retired_without_a_script() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let op = staff.operator("acme").await?;
    let offered = op.read("/t/acme/agents/new").await?;
    assert!(offered.contains("name-choice"), "names are on offer");
    let made = op.post("/t/acme/agents/new", &[("name", "Noor"), ("slug", "")]).await?;
    assert_eq!((made.status().as_u16(), led_to(&made)), (303, Some(NOOR)));

    let saved = op.post(NOOR, &form("0", "warm", "Lead", "save")).await?;
    assert_eq!((saved.status().as_u16(), led_to(&saved)), (303, Some(NOOR)));
    let shown = op.read(NOOR).await?;
    assert!(shown.contains("Answers &lt;questions> &amp; more."), "typed text is text: {shown}");

    let review = op.read(&format!("{NOOR}/publish")).await?;
    let (revision, version) = (hidden(&review, "revision")?, hidden(&review, "version")?);
    let asked = [("revision", &*revision), ("version", &*version), ("note", "First day")];
    let published = op.post(&format!("{NOOR}/publish"), &asked).await?;
    assert_eq!((published.status().as_u16(), led_to(&published)), (303, Some(NOOR)));
    let again = op.post(&format!("{NOOR}/publish"), &asked).await?;
    assert_eq!(again.status(), 422, "what answers has changed since it was looked at");

    let revision = hidden(&op.read(NOOR).await?, "revision")?;
    op.post(NOOR, &form(&revision, "brief", "Lead", "publish")).await?;
    let review = op.read(&format!("{NOOR}/publish")).await?;
    assert!(review.contains("<del>warm</del>") && review.contains("<ins>brief</ins>"), "{review}");
    let asked = [("revision", &*hidden(&review, "revision")?), ("version", "1"), ("note", "")];
    op.post(&format!("{NOOR}/publish"), &asked).await?;

    let versions = op.read(&format!("{NOOR}/versions")).await?;
    assert!(versions.contains("First day") && versions.contains("Version 2"), "{versions}");
    let both = op.read(&format!("{NOOR}/versions/diff?from=2&to=1")).await?;
    assert!(both.contains("<del>warm</del>"), "the older side is on the left: {both}");
    let back = op.post(&format!("{NOOR}/versions/1"), &[("note", "Warm was better")]).await?;
    assert_eq!(back.status(), 303);
    let third = op.read(&format!("{NOOR}/versions/3")).await?;
    assert!(third.contains("warm") && third.contains("Warm was better"), "{third}");

    let unsure = op.post(&format!("{NOOR}/retire"), &[("name", "noor")]).await?;
    assert_eq!(unsure.status(), 422);
    let left = op.post(&format!("{NOOR}/retire"), &[("name", "Noor")]).await?;
    assert_eq!((left.status().as_u16(), led_to(&left)), (303, Some("/t/acme/agents")));
    assert!(op.read("/t/acme/agents").await?.contains("Retired"));
    Ok(())
}

#[tokio::test]
async fn of_two_who_change_one_field_nobody_loses_a_word() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let (one, other) = (staff.operator("acme").await?, staff.administrator().await?);
    one.post("/t/acme/agents/new", &[("name", "Noor"), ("slug", "noor")]).await?;
    one.post(NOOR, &form("0", "warm", "Lead", "save")).await?;
    let met = other.post(NOOR, &form("0", "brief", "", "save")).await?;
    assert_eq!(met.status(), 409);
    let asked = met.text().await?;
    assert!(asked.contains("warm") && asked.contains("brief"), "both are shown: {asked}");
    let revision = hidden(&asked, "revision")?;
    let mut decided = form(&revision, "brief", "Lead", "");
    decided.extend([("keep-persona", "theirs")]);
    let done = other.post(&format!("{NOOR}/merge"), &decided).await?;
    assert_eq!(done.status(), 303);
    let shown = one.read(NOOR).await?;
    assert!(shown.contains("warm") && shown.contains("value=\"Lead\""), "{shown}");
    Ok(())
}
