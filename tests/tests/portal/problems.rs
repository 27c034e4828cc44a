//! What is wrong with a form is said where it can be mended.

use konstruct_tests::installation::acme;

use crate::{
    running,
    visitor::{hidden, text_of},
};

const NOOR: &str = "/t/acme/agents/noor";

/// Two rules; the second one names that channel.
fn form<'a>(revision: &'a str, channel: &'a str, press: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("revision", revision),
        ("name", "Noor"),
        ("model", "quality"),
        ("follow_minutes", "30"),
        ("rule-when-0", "asked_for_human"),
        ("rule-channel-0", "#support"),
        // A row that nobody filled in does not count.
        ("rule-when-1", ""),
        ("rule-when-2", "budget"),
        ("rule-channel-2", channel),
        ("do", press),
    ]
}

#[tokio::test]
async fn a_problem_of_a_rule_says_which_and_its_link_leads_to_it() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let op = staff.operator("acme").await?;
    op.post("/t/acme/agents/new", &[("name", "Noor"), ("slug", "noor")]).await?;
    let long = "c".repeat(201);
    let refused = op.post(NOOR, &form("0", &long, "save")).await?;
    assert_eq!(refused.status(), 422);
    let page = text_of(refused).await?;
    assert!(page.contains("Rule 2: the channel is longer than 200 bytes"), "{page}");
    assert!(page.contains("href=\"#field-rule-channel-1\""), "{page}");
    assert!(page.contains("id=\"field-rule-channel-1\""), "{page}");
    assert!(page.contains("id=\"error-rule-channel-1\""), "it stands beside the field too");

    assert_eq!(op.post(NOOR, &form("0", "", "publish")).await?.status(), 303);
    let review = op.read(&format!("{NOOR}/publish")).await?;
    let asked = [("revision", &*hidden(&review, "revision")?), ("version", "0"), ("note", "")];
    let refused = op.post(&format!("{NOOR}/publish"), &asked).await?;
    assert_eq!(refused.status(), 422);
    let page = text_of(refused).await?;
    assert!(page.contains("<span>Rule 2: the channel is empty</span>"), "{page}");
    assert!(!page.contains("href=\"#field-"), "no link to a field that is not there: {page}");
    assert!(page.contains("Mend it in the design"), "{page}");
    Ok(())
}

#[tokio::test]
async fn no_agent_is_called_like_the_page_where_agents_are_made() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let op = staff.operator("acme").await?;
    let refused = op.post("/t/acme/agents/new", &[("name", "New"), ("slug", "")]).await?;
    assert_eq!(refused.status(), 422);
    let page = text_of(refused).await?;
    assert!(page.contains("Slug cannot be `new`"), "{page}");
    Ok(())
}
