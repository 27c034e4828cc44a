//! Time bars: an agent and a tenant as they stood at a moment, what is different now, and what is no moment.

use std::time::Duration;

use anyhow::Context as _;
use konstruct_tests::installation::tenant;
use schemas::Timestamp;

use crate::{
    running,
    visitor::{Visitor, hidden, text_of},
};

const NOOR: &str = "/t/acme/agents/noor";

/// Two tenants that know nothing of each other.
fn both() -> String {
    let acme = tenant("acme", "T0ACME", "mara", "warm, brief");
    format!("tenants:\n{acme}{}", tenant("beta", "T0BETA", "ben", "brief"))
}

/// A change of a bar.
struct Line {
    at: Timestamp,
    text: String,
    is_held: bool,
}

/// The changes that a page lists, as it does.
fn bar(page: &str) -> anyhow::Result<Vec<Line>> {
    let (_, rest) = page.split_once("<ol class=\"moments\">").context("no bar")?;
    let (list, _) = rest.split_once("</ol>").context("no end of it")?;
    let line = |text: &str| -> anyhow::Result<Line> {
        let at = text.split("past?at=").nth(1).and_then(|rest| rest.split('"').next());
        Ok(Line {
            at: at.context("no moment")?.replace("%3A", ":").parse()?,
            text: text.to_owned(),
            is_held: text.contains("aria-current=\"true\""),
        })
    };
    list.split("<li>").skip(1).map(line).collect()
}

fn find<'a>(lines: &'a [Line], what: &str) -> anyhow::Result<&'a Line> {
    lines.iter().find(|line| line.text.contains(what)).with_context(|| format!("no {what}"))
}

/// Noor's next version, with that prompt.
async fn published(op: &Visitor, prompt: &str) -> anyhow::Result<()> {
    let revision = hidden(&op.read(NOOR).await?, "revision")?;
    let form = [
        ("revision", &*revision),
        ("name", "Noor"),
        ("role", "Lead"),
        ("persona", "warm"),
        ("job_description", ""),
        ("statement_of_work", ""),
        ("system_prompt", prompt),
        ("model", "quality"),
        ("tools", ""),
        ("follow_minutes", "30"),
        ("do", "publish"),
    ];
    anyhow::ensure!(op.post(NOOR, &form).await?.status() == 303, "it is not reviewed");
    let review = op.read(&format!("{NOOR}/publish")).await?;
    let (revision, version) = (hidden(&review, "revision")?, hidden(&review, "version")?);
    let form = [("revision", &*revision), ("version", &*version), ("note", "")];
    let done = op.post(&format!("{NOOR}/publish"), &form).await?;
    anyhow::ensure!(done.status() == 303, "it is not published");
    Ok(())
}

/// Noor with two versions.
async fn hired(op: &Visitor) -> anyhow::Result<()> {
    op.post("/t/acme/agents/new", &[("name", "Noor"), ("slug", "noor")]).await?;
    published(op, "Parcels take three days.").await?;
    published(op, "Parcels take two days.").await
}

#[tokio::test]
async fn an_agent_is_seen_as_it_stood_between_two_changes() -> anyhow::Result<()> {
    let (_it, staff) = running(&both()).await?;
    let (op, eve) = (staff.operator("acme").await?, staff.viewer("acme").await?);
    hired(&op).await?;
    let page = format!("{NOOR}/past");
    let now = op.read(&page).await?;
    assert!(now.contains("Version 2 answered") && now.contains("Parcels take two days."), "{now}");
    assert!(!now.contains("three") && !now.contains("What is different now"), "{now}");
    let lines = bar(&now)?;
    assert!(lines.is_sorted_by(|newer, older| older.at <= newer.at), "the newest is first");
    let newest = lines.first().context("no change")?;
    assert!(newest.is_held, "{}", newest.text);
    let said = "op@acme.example published the agent, version 2";
    assert!(newest.text.contains(said), "{}", newest.text);
    let (one, two) = (find(&lines, "version 1")?.at, newest.at);

    let between = Timestamp::from_millis(i64::midpoint(one.as_millis(), two.as_millis()));
    let then = eve.read(&format!("{page}?at={between}")).await?;
    assert!(then.contains("Version 1 answered") && then.contains("What version 1 said"), "{then}");
    assert!(then.contains("Parcels take three days."), "{then}");
    assert!(then.contains("<del>three</del>") && then.contains("<ins>two</ins>"), "{then}");
    let lines = bar(&then)?;
    let held: Vec<_> = lines.iter().filter(|line| line.is_held).collect();
    assert_eq!(held.len(), 1, "one change holds");
    assert!(held.iter().all(|line| one <= line.at && line.at <= between), "the last up to then");
    let in_words = between.to_string();
    let in_words = in_words.get(11..19).context("no time")?;
    assert!(then.contains(&format!("{in_words} UTC")), "the moment is said: {then}");

    let versions = op.read(&format!("{NOOR}/versions")).await?;
    assert!(versions.contains(&format!("href=\"{page}\"")), "a way to it");
    Ok(())
}

#[tokio::test]
async fn before_the_first_change_there_was_nothing() -> anyhow::Result<()> {
    let (_it, staff) = running(&both()).await?;
    let op = staff.operator("acme").await?;
    hired(&op).await?;
    let page = format!("{NOOR}/past");
    let first = bar(&op.read(&page).await?)?.last().context("no change")?.at;
    let before = first.minus(Duration::from_millis(1));
    let then = op.read(&format!("{page}?at={before}")).await?;
    assert!(then.contains("Noor was not there yet"), "{then}");
    assert!(bar(&then)?.iter().all(|line| !line.is_held), "nothing holds");
    let begin = first.to_string().replace(':', "%3A");
    assert!(then.contains(&format!("{page}?at={begin}")), "a way to how it began: {then}");
    let hired = op.read(&format!("{page}?at={first}")).await?;
    assert!(hired.contains("Not published: it answered nobody"), "{hired}");
    Ok(())
}

#[tokio::test]
async fn what_is_no_moment_is_said_and_kept_and_now_is_shown() -> anyhow::Result<()> {
    let (_it, staff) = running(&both()).await?;
    let op = staff.operator("acme").await?;
    hired(&op).await?;
    for (page, shown) in [(format!("{NOOR}/past"), "two days"), ("/t/acme/past".into(), "mara")] {
        for (typed, why) in [
            ("yesterday", "“yesterday” is no moment"),
            ("2999-01-01T00:00", "1 Jan 2999, 00:00:00 UTC lies ahead"),
        ] {
            let answer = op.get(&format!("{page}?at={typed}")).await?;
            assert_eq!(answer.status(), 422, "{page} at {typed}");
            let text = text_of(answer).await?;
            assert!(text.contains(why) && text.contains(shown), "{text}");
            assert!(text.contains(&format!("value=\"{typed}\"")), "it is kept: {text}");
        }
    }
    let cursor = op.get("/t/acme/past?after=%00").await?;
    assert_eq!(cursor.status(), 400, "a page that is none of ours");
    Ok(())
}

#[tokio::test]
async fn a_tenant_is_seen_as_it_stood_with_what_it_had() -> anyhow::Result<()> {
    let (_it, staff) = running(&both()).await?;
    let (ada, eve) = (staff.administrator().await?, staff.viewer("acme").await?);
    ada.post("/t/acme/settings/name", &[("name", "Acme & Sons")]).await?;
    let limits = [("messages_per_minute", "1200"), ("slack_per_minute", "")];
    ada.post("/t/acme/settings/limits", &limits).await?;

    let now = eve.read("/t/acme/past").await?;
    let lines = bar(&now)?;
    let limited = find(&lines, "changed limits of the tenant")?;
    assert!(limited.is_held && now.contains(">1200<"), "{now}");
    let before = limited.at.minus(Duration::from_millis(1));
    let then = eve.read(&format!("/t/acme/past?at={before}")).await?;
    assert!(find(&bar(&then)?, "renamed the tenant")?.is_held, "{then}");
    assert!(then.contains("<del>6000</del>") && then.contains("<ins>1200</ins>"), "{then}");
    let at = before.to_string().replace(':', "%3A");
    let agent = format!("href=\"/t/acme/agents/mara/past?at={at}\"");
    assert!(then.contains(&agent), "its agents at the same moment: {then}");
    assert!(then.contains("workspace T0ACME, agent mara"), "its channels: {then}");
    let mara = eve.read(&format!("/t/acme/agents/mara/past?at={at}")).await?;
    assert!(mara.contains("Version 1 answered"), "{mara}");
    let created = find(&lines, "created the tenant")?.at;
    let then = eve.read(&format!("/t/acme/past?at={created}")).await?;
    assert!(then.contains("<del>acme Ltd</del>"), "{then}");
    for page in ["/t/acme/settings", "/t/acme/audit"] {
        assert!(eve.read(page).await?.contains("href=\"/t/acme/past\""), "a way from {page}");
    }

    let deleted = ada.post("/t/acme/settings/delete", &[("slug", "acme")]).await?;
    assert_eq!(deleted.status(), 303);
    let after = eve.read("/t/acme/past").await?;
    assert!(after.contains(">deleted<") && !after.contains("/t/acme/agents/mara/past"), "{after}");
    let agent = eve.get("/t/acme/agents/mara/past").await?;
    assert_eq!(agent.status(), 404, "an agent of a tenant that is gone");
    Ok(())
}

#[tokio::test]
async fn another_tenants_past_does_not_exist() -> anyhow::Result<()> {
    let (_it, staff) = running(&both()).await?;
    let (stranger, nobody) = (staff.operator("beta").await?, staff.nobody()?);
    for page in ["/t/acme/past", "/t/acme/agents/mara/past", "/t/beta/agents/mara/past"] {
        for at in ["", "?at=2h", "?at=yesterday"] {
            let answer = stranger.get(&format!("{page}{at}")).await?;
            assert_eq!(answer.status(), 404, "{page}{at}");
        }
        let answer = nobody.get(page).await?;
        assert_eq!(answer.status(), 303, "{page}");
    }
    Ok(())
}
