//! A reply in doubt, as people of the tenant decide of it in the portal.

use std::time::Duration;

use anyhow::Context as _;
use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Act, Fault},
    installation::{Installation, acme},
    postgres::raw,
    wait::until,
};
use portal::server::flash::Flash;

use crate::{
    running,
    visitor::{Visitor, flash_of},
};

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(2);

const DOUBT: &str = "It is not known whether the reply arrived";
const BUTTONS: [&str; 2] = [">It has arrived<", ">Send it again<"];

/// An answer of two messages, whose second one Slack never got and does not speak of; its page.
async fn in_doubt(it: &Installation) -> anyhow::Result<String> {
    let words: Vec<_> = (0..700).map(|n| format!("word{n}")).collect();
    it.llm.always(Behaviour::text(&words.join(" ")));
    it.slack.fail(Fault::new(Act::Drop).method("chat.postMessage").nth(2));
    let asked = it.slack.spoken("T0ACME", "C1", "U0ANN", "<@U0BOT> at length, please")?;
    it.slack.say(asked).await?;
    let client = raw(&it.database.superuser_url()).await?;
    let sql = "select message_id from p_message where state = 'uncertain'";
    let there = || async { Ok(!client.query(sql, &[]).await?.is_empty()) };
    until(PATIENCE, "a reply in doubt", there).await?;
    let message: String = client.query_one(sql, &[]).await?.try_get(0)?;
    Ok(format!("/t/acme/messages/{message}"))
}

async fn is_settled(who: &Visitor, page: &str) -> anyhow::Result<()> {
    until(PATIENCE, "the doubt goes", || async { Ok(!who.read(page).await?.contains(DOUBT)) }).await
}

#[tokio::test]
async fn a_reply_in_doubt_is_decided_once_and_the_page_says_by_whom() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let (op, eve) = (staff.operator("acme").await?, staff.viewer("acme").await?);
    let page = in_doubt(&it).await?;
    let shown = op.read(&page).await?;
    assert!(shown.contains(DOUBT) && BUTTONS.iter().all(|it| shown.contains(it)), "{shown}");
    let shown = eve.read(&page).await?;
    assert!(shown.contains(DOUBT) && !BUTTONS.iter().any(|it| shown.contains(it)), "{shown}");
    let (_, thread) = shown.split_once("href=\"/t/acme/conversations/").context("no thread")?;
    let thread = thread.split(['"', '#']).next().unwrap_or_default();
    let thread = format!("/t/acme/conversations/{thread}");
    assert!(op.read(&thread).await?.contains("Say whether it arrived"));
    assert!(!eve.read(&thread).await?.contains("Say whether it arrived"), "who only reads");
    assert_eq!(eve.post(&format!("{page}/reply/sent"), &[]).await?.status(), 403);

    let said = op.post(&format!("{page}/reply/sent"), &[]).await?;
    assert_eq!(said.status(), 303);
    assert!(flash_of(&said)?.text.starts_with("It counts as arrived."));
    is_settled(&op, &page).await?;
    assert_eq!(it.slack.see(|world| world.count("chat.postMessage")), 2, "nothing is sent");
    let late = op.post(&format!("{page}/reply/again"), &[]).await?;
    assert_eq!(flash_of(&late)?, Flash::bad("Nothing of its reply is in doubt"));

    // As it was before delivery had heard of it.
    let client = raw(&it.database.superuser_url()).await?;
    let before = "update p_message set state = 'uncertain', doubt = 'timeout'";
    client.execute(before, &[]).await?;
    let shown = op.read(&page).await?;
    let want = "op@acme.example said that it has arrived, ";
    assert!(shown.contains(DOUBT) && shown.contains(want), "{shown}");
    assert!(!BUTTONS.iter().any(|it| shown.contains(it)), "it is decided: {shown}");
    Ok(())
}

#[tokio::test]
async fn a_reply_in_doubt_is_sent_again_by_whoever_looked() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let op = staff.operator("acme").await?;
    let page = in_doubt(&it).await?;
    let said = op.post(&format!("{page}/reply/again"), &[]).await?;
    assert_eq!(said.status(), 303);
    assert!(flash_of(&said)?.text.starts_with("It is sent again."));
    is_settled(&op, &page).await?;
    assert_eq!(it.slack.see(|world| world.count("chat.postMessage")), 3, "the second one, once");
    Ok(())
}
