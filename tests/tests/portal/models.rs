//! Models of a tenant's own, set up by forms: what is typed is kept, a key is not shown, and agents answer
//! by them.

use std::time::Duration;

use konstruct_tests::{
    fake_llm::FakeLlm,
    installation::{Installation, acme, tenant},
    wait::until,
};
use reqwest::Response;

use crate::{
    running,
    tools::{led_to, publish, with},
    visitor::{Visitor, hidden},
};

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

const ALL: &str = "/t/acme/models";
const NEW: &str = "/t/acme/models/new";
const QUALITY: &str = "/t/acme/models/quality";
const CAREFUL: &str = "/t/acme/models/careful";
const KEY: &str = "sk-k3y-of-acme";

/// The form of a group with one model and that key.
fn form<'a>(slug: &'a str, key: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("slug", slug),
        ("choose", "order"),
        ("fallbacks", ""),
        ("deployment-name-0", "own"),
        ("deployment-vendor-0", "openai"),
        ("deployment-model-0", "gpt-<5> & more"),
        ("deployment-secret-0", key),
        ("do", "save"),
    ]
}

/// Nowhere that somebody could look.
fn assert_unsaid(it: &Installation, page: &str) {
    assert!(!page.contains("k3y-of-acme"), "{page}");
    assert!(!it.said("all").contains("k3y-of-acme"));
}

async fn ask(it: &Installation) -> anyhow::Result<()> {
    it.slack.say(it.slack.spoken("T0ACME", "C1", "U0ANN", "<@U0BOT> hello?")?).await?;
    Ok(())
}

/// Sends what somebody made of the form of `careful`.
async fn send(who: &Visitor, model: &str, seen: &str) -> anyhow::Result<Response> {
    let form = with(form("", ""), "deployment-model-0", model);
    who.post(CAREFUL, &with(form, "seen", seen)).await
}

#[tokio::test]
async fn a_group_that_is_set_up_here_answers_with_its_own_key() -> anyhow::Result<()> {
    let own = FakeLlm::start().await?;
    let yaml = format!("{}{}", acme(), tenant("beta", "T0BETA", "bo", "dry, exact"));
    let (it, staff) = running(&yaml).await?;
    let ada = staff.administrator().await?;
    let address = format!("{}/v1", own.url());
    let with_address = with(form("quality", KEY), "deployment-address-0", &address);
    assert_eq!(led_to(&ada.post(NEW, &with_address).await?), Some(ALL));
    ask(&it).await?;
    until(PATIENCE, "it is asked", || async { Ok(!own.requests().is_empty()) }).await?;
    let bearer = format!("Bearer {KEY}");
    let asked = own.requests();
    assert_eq!(asked[0].header("authorization"), Some(&*bearer));

    // The key is kept where none is typed.
    let page = ada.read(QUALITY).await?;
    assert!(page.contains("A key is stored. Left empty, it stays."), "{page}");
    assert!(page.contains(&address) && page.contains("gpt-&lt;5"), "{page}");
    assert_unsaid(&it, &page);
    let seen = hidden(&page, "seen")?;
    let kept = with(form("", ""), "deployment-address-0", &address);
    let kept = with(with(kept, "deployment-model-0", "another"), "seen", &seen);
    assert_eq!(led_to(&ada.post(QUALITY, &kept).await?), Some(QUALITY));
    ask(&it).await?;
    until(PATIENCE, "the other model is asked", || async {
        Ok(own.requests().last().is_some_and(|asked| asked.model() == "another"))
    })
    .await?;
    assert_eq!(own.requests().pop().unwrap().header("authorization"), Some(&*bearer));

    let audit = ada.read("/t/acme/audit").await?;
    assert!(audit.contains("saved the model group"), "{audit}");
    assert!(audit.contains(&format!("href=\"{QUALITY}\"")), "{audit}");
    assert_unsaid(&it, &audit);
    let op = staff.operator("acme").await?;
    let read = op.read(QUALITY).await?;
    assert!(read.contains("Only an administrator of this installation changes it"), "{read}");
    assert!(op.read(&format!("{QUALITY}/remove")).await?.contains("answers in its place"));
    assert_eq!(led_to(&op.post(&format!("{QUALITY}/remove"), &[]).await?), Some(ALL));
    assert_eq!(op.get(QUALITY).await?.status(), 404);

    let stranger = staff.operator("beta").await?;
    for page in [ALL, NEW, QUALITY] {
        assert_eq!(stranger.get(page).await?.status(), 404, "{page}");
    }
    Ok(())
}

#[tokio::test]
async fn a_viewer_reads_and_changes_nothing() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let (op, eve) = (staff.operator("acme").await?, staff.viewer("acme").await?);
    let empty = eve.read(ALL).await?;
    assert!(empty.contains("No models of your own yet") && empty.contains("quality"), "{empty}");
    assert!(!empty.contains(&format!("href=\"{NEW}\"")), "{empty}");
    assert_eq!(led_to(&op.post(NEW, &form("careful", KEY)).await?), Some(ALL));
    let (list, one) = (eve.read(ALL).await?, eve.read(CAREFUL).await?);
    for page in [&list, &one] {
        assert!(page.contains("a key is stored") && page.contains("OpenAI"), "{page}");
        assert!(!page.contains("name=\"deployment-"), "{page}");
        assert_unsaid(&it, page);
    }
    let found = eve.read("/frame/targets?tenant=acme").await?;
    assert!(found.contains(CAREFUL) && found.contains(&format!("\"{ALL}\"")), "{found}");
    let remove = format!("{CAREFUL}/remove");
    for page in [NEW, &*remove] {
        assert_eq!(eve.get(page).await?.status(), 403, "{page}");
    }
    for page in [NEW, CAREFUL, &*remove] {
        assert_eq!(eve.post(page, &form("careful", KEY)).await?.status(), 403, "{page}");
    }
    Ok(())
}

#[tokio::test]
async fn what_was_typed_comes_back_with_what_is_wrong_and_a_key_does_not() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let op = staff.operator("acme").await?;
    let cases = [
        ("slug", "A slug", "The name cannot be used"),
        ("slug", "new", "The name cannot be `new`"),
        ("choose", "luck", "Choose which model is asked first"),
        ("fallbacks", "none", "names `none`, and there is no such group"),
        ("fallbacks", "quality, careful", "names the group itself"),
        ("deployment-name-0", " ", "Deployment 1: it has no name"),
        ("deployment-name-0", "a b", "Deployment `a b`: the name must be 1 to 64"),
        ("deployment-model-0", " ", "Deployment `own`: the model must be 1 to 200 characters"),
        ("deployment-secret-0", "", "The group has `own`, which needs a key"),
        ("deployment-weight-0", "0", "Deployment `own`: the weight must be 1 to 1000"),
        ("deployment-window-0", "a lot", "the size of prompt and answer is not a whole number"),
        ("deployment-input-0", "3", "a price says what is read and what is written"),
        ("deployment-address-0", "http://10.0.0.1/v1", "The models have an address of their own"),
    ];
    for (name, value, want) in cases {
        let refused = op.post(NEW, &with(form("careful", KEY), name, value)).await?;
        let status = refused.status();
        let page = refused.text().await?;
        assert_eq!(status, 422, "{name}: {page}");
        assert!(page.contains(want), "{name}: no {want:?} in {page}");
        let kept = if name == "deployment-model-0" { "value=\"own\"" } else { "gpt-&lt;5" };
        assert!(page.contains(kept), "{name}: {page}");
        let is_asked_again = page.contains("Type it again: what you typed is not sent back");
        assert_eq!(is_asked_again, name != "deployment-secret-0", "{name}: {page}");
        assert_unsaid(&it, &page);
    }
    let more = op.post(NEW, &with(form("careful", KEY), "do", "add-deployment")).await?;
    assert_eq!(more.status(), 200);
    let page = more.text().await?;
    assert!(page.contains("Remove deployment 2") && page.contains("gpt-&lt;5"), "{page}");
    assert_unsaid(&it, &page);
    assert_eq!(led_to(&op.post(NEW, &form("careful", KEY)).await?), Some(ALL));
    let taken = op.post(NEW, &form("careful", KEY)).await?;
    assert_eq!(taken.status(), 422);
    assert!(taken.text().await?.contains("The name is taken"), "another's place is not taken");
    Ok(())
}

#[tokio::test]
async fn nobody_overwrites_a_group_unseen_and_one_that_answers_stays() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let (one, other) = (staff.administrator().await?, staff.operator("acme").await?);
    one.post(NEW, &form("careful", KEY)).await?;
    let seen = hidden(&one.read(CAREFUL).await?, "seen")?;
    assert_eq!(send(&one, "first", &seen).await?.status(), 303, "its key is kept");
    let late = send(&other, "second", &seen).await?;
    assert_eq!(late.status(), 422);
    let page = late.text().await?;
    assert!(page.contains("Somebody else changed this group") && page.contains("second"), "{page}");
    assert!(other.read(CAREFUL).await?.contains("value=\"first\""));
    assert_eq!(send(&other, "second", &hidden(&page, "seen")?).await?.status(), 303);

    publish(&one, "careful", &[]).await?;
    let remove = format!("{CAREFUL}/remove");
    assert!(other.read(&remove).await?.contains("This installation has no group careful"));
    let refused = other.post(&remove, &[]).await?;
    assert_eq!(refused.status(), 422);
    let page = refused.text().await?;
    assert!(page.contains("Model group `careful` is used by agent `mara`"), "{page}");
    publish(&one, "quality", &[]).await?;
    assert_eq!(led_to(&other.post(&remove, &[]).await?), Some(ALL));
    assert_eq!(other.get(CAREFUL).await?.status(), 404);
    assert_unsaid(&it, &other.read("/t/acme/audit").await?);
    Ok(())
}

#[tokio::test]
async fn a_session_that_ends_loses_nothing_that_was_typed_but_the_key() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let gone = staff.nobody()?;
    let typed = with(form("careful", KEY), "deployment-model-0", "gpt-5.5");
    let typed = with(typed, "fallbacks", "fast");
    let typed = with(with(typed, "deployment-answer-0", "4000"), "deployment-volume-0", "9000");
    let ended = gone.post(NEW, &typed).await?;
    assert_eq!(ended.status(), 401);
    let page = ended.text().await?;
    assert_unsaid(&it, &page);
    assert!(hidden(&page, "deployment-secret-0").is_err(), "{page}");
    // As its button sends it.
    let names = typed.iter().map(|(name, _)| *name).filter(|name| *name != "deployment-secret-0");
    let kept: Vec<_> =
        names.map(|name| anyhow::Ok((name, hidden(&page, name)?))).collect::<Result<_, _>>()?;
    let kept: Vec<_> = kept.iter().map(|(name, value)| (*name, &**value)).collect();
    let op = staff.operator("acme").await?;
    let again = op.post(NEW, &kept).await?;
    assert_eq!(again.status(), 422);
    let page = again.text().await?;
    assert!(page.contains("Deployment 1: type the key again"), "{page}");
    let whole = with(kept, "deployment-secret-0", KEY);
    assert_eq!(led_to(&op.post(NEW, &whole).await?), Some(ALL));
    let page = op.read(CAREFUL).await?;
    for (name, value) in [("deployment-answer-0", "4000"), ("deployment-volume-0", "9000")] {
        assert_eq!(hidden(&page, name)?, value, "{page}");
    }
    Ok(())
}
