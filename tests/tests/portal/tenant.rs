//! A tenant itself, by forms: what is stored is shown, and what is deleted is gone.

use std::time::Duration;

use konstruct_tests::{
    installation::{Installation, acme},
    postgres::raw,
    wait::until,
};

use crate::{
    running,
    visitor::{Visitor, hidden},
};

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

/// Sends a form of the settings; whether it was taken.
async fn sent(ada: &Visitor, end: &str, form: &[(&str, &str)]) -> anyhow::Result<bool> {
    let answer = ada.post(&format!("/t/acme/settings/{end}"), form).await?;
    let status = answer.status().as_u16();
    anyhow::ensure!([303, 422].contains(&status), "{end}: {status}");
    Ok(status == 303)
}

#[tokio::test]
async fn a_name_limits_and_a_budget_are_stored_and_shown() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let (ada, eve) = (staff.administrator().await?, staff.viewer("acme").await?);
    assert!(sent(&ada, "name", &[("name", "Acme & Sons")]).await?);
    let limits = [("messages_per_minute", "1200"), ("slack_per_minute", "70"), ("keep_days", "14")];
    let sure = [&limits[..], &[("fewer_days", "14")]].concat();
    assert!(sent(&ada, "limits", &sure).await?);
    assert!(sent(&ada, "budget", &[("daily_budget", "2.50"), ("monthly_budget", "49.90")]).await?);

    let shown = ada.read("/t/acme/settings").await?;
    let value = |name| hidden(&shown, name);
    assert_eq!(value("name")?, "Acme &amp; Sons");
    assert_eq!(
        (value("messages_per_minute")?, value("slack_per_minute")?),
        ("1200".into(), "70".into())
    );
    assert_eq!(value("keep_days")?, "14");
    assert_eq!(value("monthly_budget")?, "49.90");
    assert_eq!(value("daily_budget")?, "2.50");
    let seen = eve.read("/t/acme/settings").await?;
    for fact in ["Acme &amp; Sons", "1,200", ">70<", "14 days", "$2.50", "$49.90"] {
        assert!(seen.contains(fact), "{fact}: {seen}");
    }
    assert!(ada.read("/t/acme").await?.contains("of $49.90"));

    assert!(!sent(&ada, "name", &[("name", " ")]).await?);
    assert!(!sent(&ada, "limits", &[("messages_per_minute", "many")]).await?);
    let too_long = [("messages_per_minute", "1200"), ("keep_days", "31")];
    assert!(!sent(&ada, "limits", &too_long).await?);
    assert!(!sent(&ada, "budget", &[("monthly_budget", "-5")]).await?);
    let seen = eve.read("/t/acme/settings").await?;
    assert!(seen.contains("1,200") && seen.contains("$49.90"), "what was refused changes nothing");
    Ok(())
}

#[tokio::test]
async fn fewer_days_are_asked_for_and_a_form_of_before_takes_no_days_back() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let ada = staff.administrator().await?;
    let (page, action) = ("/t/acme/settings", "/t/acme/settings/limits");
    let seen = hidden(&ada.read(page).await?, "limits_seen")?;
    let limits = |days: &'static str| {
        [("messages_per_minute", "70"), ("keep_days", days), ("limits_seen", "")]
    };
    for ticked in [None, Some("yes"), Some("14")] {
        let mut form = limits("1").to_vec();
        form[2].1 = &seen;
        form.extend(ticked.map(|days| ("fewer_days", days)));
        let refused = ada.post(action, &form).await?;
        assert_eq!(refused.status(), 422, "{ticked:?}");
        let told = refused.text().await?;
        assert!(told.contains("What is older than 1 day would be erased within minutes"), "{told}");
        assert!(told.contains("Erase what is older than 1 day, for good"), "{told}");
        let typed = [hidden(&told, "messages_per_minute")?, hidden(&told, "keep_days")?];
        assert_eq!(typed, ["70", "1"], "what was typed is kept");
        assert_eq!(hidden(&ada.read(page).await?, "keep_days")?, "", "{ticked:?}");
    }
    for days in ["14", "30"] {
        let mut form = limits(days).to_vec();
        let now = hidden(&ada.read(page).await?, "limits_seen")?;
        form[2].1 = &now;
        form.extend((days == "14").then_some(("fewer_days", "14")));
        assert_eq!(ada.post(action, &form).await?.status(), 303, "{days}: more are not asked for");
    }

    // One of before the others, with the days that were right then.
    let mut old = [("messages_per_minute", "70"), ("keep_days", ""), ("limits_seen", &*seen)];
    let refused = ada.post(action, &old).await?;
    assert_eq!(refused.status(), 422);
    let told = refused.text().await?;
    let want = "Somebody else changed these limits while you typed. What is stored now: 70 messages a \
                minute, as many of these through Slack, conversations kept for 30 days.";
    assert!(told.contains(want), "{told}");
    assert_eq!(hidden(&ada.read(page).await?, "keep_days")?, "30");
    let now = hidden(&told, "limits_seen")?;
    old[2].1 = &now;
    assert_eq!(ada.post(action, &old).await?.status(), 303);
    assert_eq!(hidden(&ada.read(page).await?, "keep_days")?, "");
    Ok(())
}

/// Whether the tenant's texts can be opened.
async fn has_key(it: &Installation) -> anyhow::Result<bool> {
    let sql = "select wrapped is not null from tenant_key where tenant_id = 'acme'";
    Ok(raw(&it.database.superuser_url()).await?.query_one(sql, &[]).await?.try_get(0)?)
}

#[tokio::test]
async fn a_tenant_is_deleted_by_whoever_types_its_slug_and_by_nobody_else() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let (ada, eve) = (staff.administrator().await?, staff.viewer("acme").await?);
    for wrong in ["", "Acme", "acme-ltd"] {
        assert!(!sent(&ada, "delete", &[("slug", wrong)]).await?, "{wrong}");
    }
    assert!(ada.read("/t/acme/agents").await?.contains("mara"));
    assert!(ada.read("/tenants").await?.contains("acme Ltd"));
    assert!(has_key(&it).await?, "nothing is erased by a word that is wrong");

    assert!(sent(&ada, "delete", &[("slug", "acme")]).await?);
    until(PATIENCE, "the key is destroyed", || async { Ok(!has_key(&it).await?) }).await?;
    assert!(!ada.read("/tenants?q=acme").await?.contains("href=\"/t/acme\""), "it is listed");
    // What holds no texts stays to be read; what is worked on is gone, for whoever asks.
    for who in [&ada, &eve] {
        assert!(who.read("/t/acme/settings").await?.contains("This tenant was deleted"));
        let design = who.get("/t/acme/agents/mara").await?;
        assert_eq!(design.status(), 404, "an agent of a tenant that is gone");
    }
    for (path, form) in [
        ("settings/name", ("name", "Back")),
        ("settings/resume", ("", "")),
        ("agents/new", ("name", "Noor")),
        ("agents/mara", ("do", "save")),
    ] {
        let refused = ada.post(&format!("/t/acme/{path}"), &[form, ("slug", "")]).await?;
        assert_eq!(refused.status(), 404, "{path} of a tenant that is gone");
    }
    let again = [("name", "Acme"), ("slug", "acme")];
    assert_eq!(ada.post("/tenants/new", &again).await?.status(), 422, "its slug stays taken");
    Ok(())
}
