//! The portal as operators and strangers meet it: over HTTP, and in a real browser.

// For clippy, which takes helpers of tests for tests only where this stands.
#![cfg(test)]

mod agents;
mod assets;
mod asvs;
mod budget;
mod catalogue;
mod dead_letters;
mod doubt;
mod exports;
mod furnished;
mod islands;
mod journey;
mod keyboard;
mod live;
mod log;
mod models;
mod names;
mod oidc;
mod pages;
mod palette;
mod past;
mod problems;
mod release;
mod replays;
mod routes;
mod sound;
mod states;
mod tenant;
mod tenants;
mod together;
mod tools;
mod trial;
mod visitor;
mod without_scripts;

use konstruct_tests::{
    fake_slack::{Gateway, Team},
    installation::{Installation, SIGNING_SECRET},
};

use self::visitor::Staff;

/// A running installation with these tenants and nobody signed in.
async fn running(yaml: &str) -> anyhow::Result<(Installation, Staff)> {
    started(Installation::prepare().await?, yaml).await
}

/// The same of an installation that has settings of its own.
async fn started(mut it: Installation, yaml: &str) -> anyhow::Result<(Installation, Staff)> {
    it.settings.insert("KONSTRUCT_REQUIRE_SECOND_FACTOR".to_owned(), "false".to_owned());
    run(it, yaml).await
}

/// The same of an installation whose settings are made.
async fn run(mut it: Installation, yaml: &str) -> anyhow::Result<(Installation, Staff)> {
    if !yaml.is_empty() {
        it.apply(yaml).await?;
    }
    it.run("all").await?;
    for workspace in ["T0ACME", "T0BETA"] {
        it.slack.install(&format!("xoxb-{workspace}"), Team::new(workspace, "U0BOT"));
    }
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    let staff = Staff::of(&it).await?;
    Ok((it, staff))
}
