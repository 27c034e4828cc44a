//! Every page, in a browser: in light and in dark, wide and narrow, empty, full and refused.
//!
//! The catalogue is `catalogue.rs`; a route that is neither in it nor in [`NOT_PAGES`] fails here. States
//! that come by doing are in `states.rs`, and what every page has to be is in `sound.rs`.

use std::collections::BTreeSet;

use portal::server::table;
use reqwest::Method;

use crate::{
    catalogue::{EMPTY, EQUIPPED, FULL, MODELLED, PAST, Page, REPLAYED, SET_UP, Who},
    furnished::{House, People},
    sound::{Met, Walk},
};

/// What is got from the portal and is not a page.
const NOT_PAGES: [&str; 14] = [
    "/assets/{version}/{file}",
    "/frame/targets",
    "/frame/tenants",
    "/frame/version",
    "/log.csv",
    "/log.json",
    "/t/{tenant}/activity/stream",
    "/t/{tenant}/agents/{agent}/replays/{run}/report.json",
    "/t/{tenant}/agents/{agent}/replays/{run}/report.md",
    "/t/{tenant}/audit.csv",
    "/t/{tenant}/audit.json",
    // These lead to the provider of identities.
    "/invite/{token}/oidc",
    "/settings/confirm/oidc",
    "/sign-in/oidc",
];

/// Where only refusals are pages, since whoever is let in is sent on; `oidc/looked.rs` has the others.
const ONLY_REFUSALS: [&str; 1] = ["/sign-in/oidc/callback"];

#[test]
fn the_catalogue_has_every_page() {
    let (table, _) = table().split();
    let gets = table.into_iter().filter(|entry| entry.method == Method::GET);
    let routes: BTreeSet<_> = gets.map(|entry| entry.path).collect();
    let pages = [SET_UP, EMPTY, FULL, EQUIPPED, MODELLED, REPLAYED, PAST].concat();
    let is_there = |page: &&Page| page.status == 200 || ONLY_REFUSALS.contains(&page.route);
    let mut known: BTreeSet<_> = pages.iter().filter(is_there).map(|page| page.route).collect();
    known.extend(NOT_PAGES);
    let missing: Vec<_> = routes.difference(&known).collect();
    assert!(missing.is_empty(), "no entry of a page that is there for {missing:?}");
    let gone = pages.iter().filter(|page| page.route != "*" && !routes.contains(page.route));
    let gone: Vec<_> = gone.map(|page| page.route).collect();
    assert!(gone.is_empty(), "these are gone: {gone:?}");
    let names: BTreeSet<_> = pages.iter().map(|page| page.name).collect();
    assert_eq!(names.len(), pages.len(), "two pictures of one name");
}

#[tokio::test]
async fn every_page_is_sound_in_light_and_dark_wide_and_narrow() -> anyhow::Result<()> {
    let mut house = House::built().await?;
    let mut walk = Walk::begin(&house.it.portal()).await?;
    through(&mut walk, &house, &People::nobody(), SET_UP).await?;
    let people = house.hired().await?;
    through(&mut walk, &house, &people, EMPTY).await?;
    house.furnish(&people).await?;
    through(&mut walk, &house, &people, FULL).await?;
    through(&mut walk, &house, &people, EQUIPPED).await?;
    through(&mut walk, &house, &people, MODELLED).await?;
    through(&mut walk, &house, &people, REPLAYED).await?;
    through(&mut walk, &house, &people, PAST).await?;
    walk.end()
}

async fn through(
    walk: &mut Walk,
    house: &House,
    people: &People,
    pages: &[Page],
) -> anyhow::Result<()> {
    for page in pages {
        if !is_asked_for(page.name) {
            continue;
        }
        people.let_in(&walk.browser, page.who).await?;
        walk.browser.go(&house.address(page.at)).await?;
        if let Some((action, fields)) = page.send {
            walk.browser.send(&house.address(action), fields).await?;
        }
        let plain = page.who == Who::Nobody || page.plain;
        let Page { name, shows, status, .. } = *page;
        walk.meets(Met { name, shows, status, plain }).await?;
    }
    Ok(())
}

/// Whether `KONSTRUCT_PAGES`, where it is set, is part of the name: for whoever works on one page.
fn is_asked_for(name: &str) -> bool {
    std::env::var("KONSTRUCT_PAGES").map_or(true, |part| name.contains(&part))
}
