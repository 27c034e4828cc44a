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
    assert!(sent(&ada, "limits", &limits).await?);
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
