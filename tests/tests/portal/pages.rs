//! Every page, in a browser: in light and in dark, wide and narrow, empty, full and refused.
//!
//! The catalogue is `catalogue.rs`; a route that is neither in it nor in [`NOT_PAGES`] fails here.

use std::{collections::BTreeSet, fmt::Write as _};

use konstruct_tests::browser::Browser;
use portal::server::table;
use reqwest::Method;
use serde_json::Value;

use crate::{
    catalogue::{EMPTY, FULL, Page, SET_UP, Who},
    furnished::{House, People},
};

/// What is got from the portal and is not a page.
const NOT_PAGES: [&str; 12] = [
    "/assets/{version}/{file}",
    "/frame/targets",
    "/frame/tenants",
    "/frame/version",
    "/log.csv",
    "/log.json",
    "/t/{tenant}/activity/stream",
    "/t/{tenant}/audit.csv",
    "/t/{tenant}/audit.json",
    // These lead to the provider of identities.
    "/invite/{token}/oidc",
    "/settings/confirm/oidc",
    "/sign-in/oidc",
];

/// Links to places of the page that are not there.
const DEAD_LINKS: &str = "
    const all = [...document.querySelectorAll('a[href^=\"#\"]')].map((it) => it.getAttribute('href'));
    return all.filter((href) => !document.getElementById(decodeURIComponent(href.slice(1))))";

/// A window as most people have it, the narrowest one that has to do, and a phone.
const WIDE: u32 = 1280;
const NARROWEST: u32 = 320;
const PHONE: u32 = 360;

#[test]
fn the_catalogue_has_every_page() {
    let (table, _) = table().split();
    let gets = table.into_iter().filter(|entry| entry.method == Method::GET);
    let routes: BTreeSet<_> = gets.map(|entry| entry.path).collect();
    let pages = [SET_UP, EMPTY, FULL].concat();
    let mut known: BTreeSet<_> = pages.iter().map(|page| page.route).collect();
    known.extend(NOT_PAGES);
    let missing: Vec<_> = routes.difference(&known).collect();
    assert!(missing.is_empty(), "no entry for {missing:?}");
    let gone = pages.iter().filter(|page| page.route != "*" && !routes.contains(page.route));
    let gone: Vec<_> = gone.map(|page| page.route).collect();
    assert!(gone.is_empty(), "these are gone: {gone:?}");
    let names: BTreeSet<_> = pages.iter().map(|page| page.name).collect();
    assert_eq!(names.len(), pages.len(), "two pictures of one name");
}

#[tokio::test]
async fn every_page_is_sound_in_light_and_dark_wide_and_narrow() -> anyhow::Result<()> {
    let mut house = House::built().await?;
    let browser = Browser::start(&house.it.portal()).await?;
    let mut wrong = String::new();
    walk(&browser, &house, &People::nobody(), SET_UP, &mut wrong).await?;
    let people = house.hired().await?;
    walk(&browser, &house, &people, EMPTY, &mut wrong).await?;
    house.furnish(&people).await?;
    walk(&browser, &house, &people, FULL, &mut wrong).await?;
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

async fn walk(
    browser: &Browser,
    house: &House,
    people: &People,
    pages: &[Page],
    wrong: &mut String,
) -> anyhow::Result<()> {
    for page in pages {
        if !is_asked_for(page.name) {
            continue;
        }
        people.let_in(browser, page.who).await?;
        match look(browser, house, page).await {
            Ok(found) => {
                for line in found {
                    writeln!(wrong, "{}: {line}", page.name)?;
                }
            }
            Err(error) => writeln!(wrong, "{}: {error:#}", page.name)?,
        }
    }
    Ok(())
}

/// Whether `KONSTRUCT_PAGES`, where it is set, is part of the name: for whoever works on one page.
fn is_asked_for(name: &str) -> bool {
    std::env::var("KONSTRUCT_PAGES").map_or(true, |part| name.contains(&part))
}

/// All that is wrong with one page.
async fn look(browser: &Browser, house: &House, page: &Page) -> anyhow::Result<Vec<String>> {
    browser.size(WIDE, 900).await?;
    browser.dark(false).await?;
    browser.go(&house.address(page.at)).await?;
    if let Some((action, fields)) = page.send {
        browser.send(&house.address(action), fields).await?;
    }
    let mut found = Vec::new();
    if page.who == Who::Nobody || page.plain {
        if browser.has("script").await? {
            found.push("it has a script".to_owned());
        }
    } else {
        browser.awake().await?;
    }
    let status = browser.status().await?;
    if status != page.status {
        found.push(format!("{status} in the place of {}", page.status));
    }
    let words = browser.text().await?;
    if !words.contains(page.shows) {
        found.push(format!("{:?} is not to be seen: {words:?}", page.shows));
    }
    let dead = browser.eval(DEAD_LINKS).await?;
    if dead != Value::Array(Vec::new()) {
        found.push(format!("these lead nowhere on the page: {dead}"));
    }
    for (dark, name) in [(false, "light"), (true, "dark")] {
        browser.dark(dark).await?;
        found.extend(browser.findings().await?.into_iter().map(|it| format!("{name}: {it}")));
        browser.picture(&format!("{}-{name}", page.name)).await?;
    }
    browser.dark(false).await?;
    for width in [WIDE, NARROWEST] {
        let wide = browser.too_wide(width).await?;
        if !wide.is_empty() {
            found.push(format!("at {width} px: {}", wide.join("; ")));
        }
    }
    browser.size(PHONE, 780).await?;
    browser.picture(&format!("{}-phone", page.name)).await?;
    // A browser says so itself where a page has another status than 200.
    let own = format!("responded with a status of {}", page.status);
    let expected: &[&str] = if page.status == 200 { &[] } else { &[&own] };
    if let Err(loud) = browser.quiet(expected).await {
        found.push(format!("{loud:#}"));
    }
    Ok(found)
}
