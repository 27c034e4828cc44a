//! Two operators at one agent, and a session that ends while somebody types: nothing is lost.

use konstruct_tests::{
    browser::Browser,
    installation::{Installation, acme},
};

use crate::{
    running,
    visitor::{Staff, Visitor},
};

const MARA: &str = "/t/acme/agents/mara";

/// A browser of that person, at Mara's draft.
async fn desk(it: &Installation, person: &Visitor) -> anyhow::Result<Browser> {
    let browser = Browser::start(&it.portal()).await?;
    browser.go("/sign-in").await?;
    browser.hold("__Host-ks", person.cookie()?).await?;
    browser.go(MARA).await?;
    browser.awake().await?;
    Ok(browser)
}

async fn two(staff: &Staff) -> anyhow::Result<(Visitor, Visitor)> {
    Ok((staff.administrator().await?, staff.operator("acme").await?))
}

#[tokio::test]
async fn two_operators_at_one_agent_lose_nothing() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let (ada, op) = two(&staff).await?;
    let (ada, op) = (desk(&it, &ada).await?, desk(&it, &op).await?);

    ada.fill("role", "Head of support").await?;
    ada.see("saved").await?;
    // Another field: both changes stand, and the form shows the other's.
    op.fill("persona", "warm and brief").await?;
    op.see("somebody else changed Role").await?;
    assert_eq!(op.value("role").await?, "Head of support");
    assert_eq!(op.value("persona").await?, "warm and brief");

    // What somebody else ticks is ticked here.
    ada.click("input[name=tools][value=current_time]").await?;
    ada.see("somebody else changed Persona").await?;
    op.fill("job_description", "Answers.").await?;
    op.see("somebody else changed Tools").await?;
    op.find("input[name=tools][value=current_time]:checked").await?;

    // The same field: nobody overwrites anybody.
    op.fill("system_prompt", "Be brief.").await?;
    op.see("saved").await?;
    ada.fill("system_prompt", "Be thorough.").await?;
    ada.see("not saved").await?;
    ada.press("Save draft").await?;
    ada.see("Two values, one field").await?;
    ada.see("Be thorough.").await?;
    ada.see("Be brief.").await?;
    ada.press("Save what is chosen").await?;
    ada.at(MARA).await?;
    assert_eq!(ada.value("system_prompt").await?, "Be thorough.");
    assert_eq!(ada.value("persona").await?, "warm and brief", "what the other changed stays");
    assert_eq!(ada.value("role").await?, "Head of support");
    ada.quiet(&["409"]).await?;
    op.quiet(&[]).await
}

#[tokio::test]
async fn a_session_that_ends_while_somebody_types_loses_nothing() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let ada = staff.administrator().await?;
    let browser = desk(&it, &ada).await?;
    browser.lose("__Host-ks").await?;
    browser.fill("persona", "typed after the end").await?;
    browser.see("your session has ended").await?;
    // The button sends the form; the answer keeps all of it until somebody is signed in again.
    browser.press("Save draft").await?;
    browser.see("Your session has ended").await?;
    browser.hold("__Host-ks", ada.cookie()?).await?;
    browser.press("Send it again").await?;
    browser.at(MARA).await?;
    browser.awake().await?;
    assert_eq!(browser.value("persona").await?, "typed after the end");

    // A tab that is closed: what was not saved is still in the browser.
    browser.lose("__Host-ks").await?;
    browser.fill("persona", "typed and closed").await?;
    browser.see("your session has ended").await?;
    browser.go("/sign-in").await?;
    browser.hold("__Host-ks", ada.cookie()?).await?;
    browser.go(MARA).await?;
    browser.see("this browser holds changes that were never saved").await?;
    browser.press("Bring it back").await?;
    browser.awake().await?;
    assert_eq!(browser.value("persona").await?, "typed and closed");
    browser.see("saved").await?;
    browser.quiet(&["401"]).await
}
