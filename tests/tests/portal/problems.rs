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

#[tokio::test]
async fn what_cannot_be_read_is_told_on_a_page_of_the_portal() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let (op, nobody) = (staff.operator("acme").await?, staff.nobody()?);
    op.post("/t/acme/agents/new", &[("name", "Noor"), ("slug", "noor")]).await?;
    let publish = format!("{NOOR}/publish");
    let refused = [
        op.post(&publish, &[("revision", "-1"), ("version", "0")]).await?,
        op.post(&publish, &[("note", "No revision")]).await?,
        op.post(&publish, &[("revision", "0"), ("version", "0"), ("note", "a\0b")]).await?,
        op.get(&format!("{NOOR}/versions?before=x")).await?,
        op.get("/t/acme/conversations?person=%00").await?,
        op.get("/t/acme/conversations?q=%FF%00").await?,
    ];
    for answer in refused {
        let asked = answer.url().to_string();
        assert_eq!(answer.status(), 400, "{asked}");
        let page = text_of(answer).await?;
        assert!(page.contains("The request cannot be understood"), "{asked}: {page}");
        assert!(page.contains("quote the reference"), "{asked}: {page}");
        assert!(page.contains("action=\"/sign-out\""), "{asked} in its frame: {page}");
    }
    let name = op.get("/t/acme/messages/%00").await?;
    assert_eq!(name.status(), 404, "what cannot be a name is not there");
    // An escaped percent sign is one.
    op.read("/t/acme/conversations?person=%2500").await?;

    let form = [("email", "a\0@example.com"), ("password", "x")];
    let stranger = nobody.post("/sign-in", &form).await?;
    assert_eq!(stranger.status(), 400);
    let page = text_of(stranger).await?;
    assert!(page.contains("The request cannot be understood"), "{page}");
    let said = it.said("all");
    assert!(!said.contains("an account cannot be read"), "{said}");
    Ok(())
}

/// A place in the list of threads as the portal writes it, with U+0000 in the name of a thread.
const FORGED: &str = "WzEsImMiLCJ0XHUwMDAwIiwxLCJjIiwidCJd";

#[tokio::test]
async fn a_cursor_that_is_forged_leads_nowhere() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let op = staff.operator("acme").await?;
    let forged = op.get(&format!("/t/acme/conversations?after={FORGED}")).await?;
    assert_eq!(forged.status(), 404);
    Ok(())
}
