//! The table of routes against every role: what stands there is what happens.

use std::fmt::Write as _;

use expect_test::expect_file;
use konstruct_tests::installation::{acme, tenant};
use portal::server::{
    routes::{Entry, Need},
    table,
};
use reqwest::Method;

use crate::{running, visitor::Visitor};

/// The table with tenant `acme` and things of it in the place of parameters.
fn entries() -> Vec<(Entry, String)> {
    let (table, _) = table().split();
    let fill = |entry: Entry| {
        let path = [
            ("{tenant}", "acme"),
            ("{agent}", "mara"),
            ("{connection}", "slack-T0ACME"),
            ("{conversation}", "C1-1700000000_000100"),
            ("{message}", "m0000000000000000000000000"),
            ("{version}", "1"),
            ("{session}", "s0"),
            ("{operator}", "o0"),
            ("{key}", "k0"),
            ("{token}", "nothing"),
            ("{file}", "portal.css"),
        ]
        .iter()
        .fold(entry.path.to_owned(), |path, (name, value)| path.replace(name, value));
        (entry, path)
    };
    table.into_iter().map(fill).collect()
}

/// Whether the guard let it through, or what it said.
async fn outcome(visitor: &Visitor, entry: &Entry, path: &str) -> anyhow::Result<&'static str> {
    let mut request = visitor.request(entry.method.clone(), path);
    if entry.method == Method::POST {
        request = request.form(&[("unknown", "1")]);
    }
    let answer = request.send().await?;
    let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default();
    Ok(match answer.status().as_u16() {
        303 if to.starts_with("/sign-in?next=") => "sign in",
        401 => "sign in",
        403 => "no",
        404 => "404",
        500.. => "broken",
        _ => "yes",
    })
}

#[tokio::test]
async fn the_table_of_routes_is_what_happens() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let people = [
        staff.administrator().await?,
        staff.engineer().await?,
        staff.operator("acme").await?,
        staff.viewer("acme").await?,
        staff.nobody()?,
    ];
    let mut got = "route | admin | engineer | operator | viewer | nobody\n".to_owned();
    for (entry, path) in entries() {
        if entry.path == "/sign-out" {
            continue;
        }
        let mut row = format!("{} {}", entry.method, entry.path);
        for person in &people {
            write!(row, " | {}", outcome(person, &entry, &path).await?)?;
        }
        writeln!(got, "{row}")?;
    }
    assert!(!got.contains("broken"), "{got}");
    expect_file!["routes.txt"].assert_eq(&got);
    Ok(())
}

#[tokio::test]
async fn another_tenants_operator_finds_nothing_at_any_address() -> anyhow::Result<()> {
    let yaml = format!("{}{}", acme(), tenant("beta", "T0BETA", "bo", "dry"));
    let (_it, staff) = running(&yaml).await?;
    let stranger = staff.operator("beta").await?;
    let of_acme = entries().into_iter().filter(|(entry, _)| matches!(entry.need, Need::Tenant(_)));
    let mut walked = 0;
    for (entry, path) in of_acme {
        assert!(path.starts_with("/t/acme"), "{path} names no tenant");
        let got = outcome(&stranger, &entry, &path).await?;
        assert_eq!(got, "404", "{} {path}", entry.method);
        walked += 1;
    }
    assert!(0 < walked);
    Ok(())
}

#[tokio::test]
async fn no_change_is_taken_from_another_site() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let administrator = staff.administrator().await?;
    let posts = entries().into_iter().filter(|(entry, _)| entry.method == Method::POST);
    for (_, path) in posts {
        for site in [None, Some("cross-site"), Some("same-site")] {
            let mut request = administrator.foreign(Method::POST, &path).form(&[("name", "x")]);
            if let Some(site) = site {
                request = request.header("sec-fetch-site", site);
            }
            let status = request.send().await?.status();
            assert_eq!(status, 403, "{path} from {site:?}");
        }
    }
    Ok(())
}
