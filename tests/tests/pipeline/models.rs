//! Models of a tenant's own: set up while everything runs, asked with the tenant's key, and nobody else's.

use konstruct_tests::{
    fake_llm::{Behaviour, FakeLlm},
    fake_slack::{Gateway, Team},
    installation::{Installation, SIGNING_SECRET, acme, tenant},
    wait::until,
};
use serde_json::json;

use crate::{BOT, Log, PATIENCE, ask, mention, running_both};

/// Tenants `acme` and `beta`, and in `acme` a group `quality` of its own with that key.
fn with_own(llm: &FakeLlm, key: &str) -> String {
    let group = format!(
        "    models:\n      - slug: quality\n        deployments:\n          - {{ name: own, vendor: \
         openai, model: own-model, base_url: \"{}/v1\", key: {key} }}\n    limits:",
        llm.url()
    );
    let beta = tenant("beta", "T0BETA", "bo", "dry, exact");
    format!("{}{beta}", acme().replace("    limits:", &group))
}

async fn say(it: &Installation, workspace: &str) -> anyhow::Result<String> {
    ask(it, &mention(it, workspace, "hello")?).await
}

#[tokio::test]
async fn a_tenants_own_model_answers_for_it_alone_and_without_a_restart() -> anyhow::Result<()> {
    let it = running_both().await?;
    it.llm.always(Behaviour::text("the installation's"));
    let own = FakeLlm::start().await?;
    own.always(Behaviour::text("acme's own"));
    assert_eq!(say(&it, "T0ACME").await?, "the installation's");

    it.apply(&with_own(&own, "sk-first-of-acme")).await?;
    until(PATIENCE, "its own model answers", || async {
        Ok(say(&it, "T0ACME").await? == "acme's own")
    })
    .await?;
    let asked = own.requests();
    let asked = asked.last().expect("it was asked");
    assert_eq!(asked.header("authorization"), Some("Bearer sk-first-of-acme"));
    assert_eq!(asked.model(), "own-model");
    let before = own.requests().len();
    assert_eq!(say(&it, "T0BETA").await?, "the installation's");
    assert_eq!(own.requests().len(), before, "another tenant's key is nobody's");

    it.apply(&with_own(&own, "sk-second-of-acme")).await?;
    until(PATIENCE, "it is asked with the new key", || async {
        say(&it, "T0ACME").await?;
        let asked = own.requests();
        Ok(asked.last().and_then(|it| it.header("authorization"))
            == Some("Bearer sk-second-of-acme"))
    })
    .await?;

    let gone = acme()
        .replace("    limits:", "    models: [{ slug: quality, removed: true }]\n    limits:");
    it.apply(&gone).await?;
    until(PATIENCE, "the installation's answers again", || async {
        Ok(say(&it, "T0ACME").await? == "the installation's")
    })
    .await?;

    let mut log = Log::open(&it, "EVENTS").await?;
    log.until("reply.delivered", 5).await?;
    let finished = |event: &&serde_json::Value| event["type"] == "konstruct.completion.finished.v1";
    let mut deployments: Vec<_> =
        log.events.iter().filter(finished).map(|it| &it["data"]["deployment"]).collect();
    deployments.dedup();
    let (theirs, ours) = (json!("quality/openai"), json!("quality/own"));
    assert!(deployments.contains(&&theirs) && deployments.contains(&&ours), "{deployments:?}");
    let mut directory = Log::open(&it, "DIRECTORY").await?;
    directory.until("model_group.removed", 1).await?;
    let all = format!("{:?}{:?}{}", log.events, directory.events, it.said("all"));
    assert!(!all.contains("-of-acme"), "a key is in no event and no log");
    Ok(())
}

/// A file of settings with one model.
fn settings(llm: &FakeLlm, name: &str) -> String {
    format!(
        "[[models.quality]]\nname = '{name}'\nvendor = 'openai'\nmodel = '{name}'\nbase_url = '{}/v1'\n",
        llm.url()
    )
}

#[tokio::test]
async fn settings_are_read_again_at_a_hangup_and_those_that_are_not_sound_change_nothing()
-> anyhow::Result<()> {
    let mut it = Installation::prepare().await?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("konstruct.toml");
    std::fs::write(&path, settings(&it.llm, "first"))?;
    it.settings.insert("KONSTRUCT_CONFIG".to_owned(), path.to_string_lossy().into_owned());
    it.llm.always(Behaviour::text("an answer"));
    it.apply(&acme()).await?;
    it.run("all").await?;
    it.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    let asked = || it.llm.requests().last().map(|it| it.model().to_owned());
    say(&it, "T0ACME").await?;
    assert_eq!(asked().as_deref(), Some("first"));

    let hang_up = async |said: &str| {
        let pid = it.pid("all").expect("it runs").to_string();
        let sent = tokio::process::Command::new("kill").args(["-HUP", &pid]).status().await?;
        assert!(sent.success(), "{sent}");
        until(PATIENCE, said, || async { Ok(it.said("all").contains(said)) }).await
    };
    std::fs::write(&path, "[[models.quality]]\nname = 'broken'\nvendor = 'nobody'\n")?;
    hang_up("the settings of models stay as they were").await?;
    assert!(it.said("all").contains("unknown vendor `nobody`"), "{}", it.said("all"));
    say(&it, "T0ACME").await?;
    assert_eq!(asked().as_deref(), Some("first"));

    std::fs::write(&path, settings(&it.llm, "second"))?;
    hang_up("the settings of models are read again").await?;
    say(&it, "T0ACME").await?;
    assert_eq!(asked().as_deref(), Some("second"));

    let another = settings(&it.llm, "third").replace("models.quality", "models.other");
    std::fs::write(&path, another)?;
    hang_up("agents are left without a model group").await?;
    assert!(it.said("all").contains("acme/mara"), "{}", it.said("all"));
    let error = it.apply(&acme()).await.unwrap_err();
    let want =
        "tenant `acme`, agent `mara`: `model` names `quality`, and there is no such model group";
    assert!(format!("{error:#}").contains(want), "{error:#}");
    Ok(())
}
