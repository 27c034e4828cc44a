//! The table of routes against every role: what stands there is what happens.

use std::fmt::Write as _;

use anyhow::Context as _;
use domain::access::{Permission, TenantRole};
use expect_test::expect_file;
use konstruct_tests::postgres::raw;
use portal::server::{
    routes::{Entry, Need},
    table,
};
use reqwest::Method;

use crate::{catalogue::Who, furnished::House, visitor::Visitor};

/// The table with a tenant and things of `acme` in the place of parameters.
fn entries(house: &House, tenant: &str) -> anyhow::Result<Vec<(Entry, String)>> {
    let (table, _) = table().split();
    let last = |thing: &str| -> anyhow::Result<String> {
        let address = house.address(thing);
        let (_, last) = address.rsplit_once('/').context("not an address")?;
        Ok(last.split('?').next().unwrap_or_default().to_owned())
    };
    let (conversation, message) = (last("{conversation}")?, last("{message}")?);
    let (run, test) = (last("{run}")?, last("{test}")?);
    let (letter, cause) = (last("{letter}")?, last("{cause}")?);
    let fill = |entry: Entry| {
        let path = [
            ("{tenant}", tenant),
            ("{agent}", "mara"),
            ("{tool}", "order-status"),
            ("{stream}", "DIRECTORY"),
            ("{sequence}", "1"),
            ("{group}", "careful"),
            ("{connection}", "slack-T0ACME"),
            ("{conversation}", &conversation),
            ("{message}", &message),
            ("{version}", "1"),
            ("{run}", &run),
            ("{test}", &test),
            ("{session}", "s0"),
            ("{operator}", "o0"),
            ("{letter}", &letter),
            ("{key}", &cause),
            ("{token}", "nothing"),
            ("{file}", "portal.css"),
            ("/versions/diff", "/versions/diff?from=1&to=2"),
        ]
        .iter()
        .fold(entry.path.to_owned(), |path, (name, value)| path.replace(name, value));
        (entry, path)
    };
    Ok(table.into_iter().map(fill).collect())
}

/// What every form takes that is about a thing of a tenant.
const WELL_FILLED: [(&str, &str); 17] = [
    ("revision", "0"),
    ("name", "Noor"),
    ("role", "Lead"),
    ("persona", "warm"),
    ("job_description", ""),
    ("statement_of_work", ""),
    ("system_prompt", ""),
    ("model", "quality"),
    ("tools", ""),
    ("follow_minutes", "30"),
    ("question", "Who are you?"),
    ("version", "1"),
    ("note", "Mine now"),
    ("agent", "mara"),
    ("channel", "C1"),
    ("text", "Hello"),
    ("workspace", "T0ACME"),
];

/// Names of fields that others of our forms have.
const FIELDS: [&str; 20] = [
    "do",
    "reason",
    "slug",
    "email",
    "password",
    "present_password",
    "code",
    "theme",
    "next",
    "seen",
    "messages_per_minute",
    "daily_budget",
    "description",
    "message",
    "contains",
    "candidate",
    "sure",
    "more",
    "bot_token",
    "rule-channel-0",
];

/// The path with that in the place of each parameter.
fn naming(path: &str, value: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { value } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The path without a query.
fn bare(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// The path with that behind its `?`.
fn asking(path: &str, query: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{query}")
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
    let (house, people) = House::furnished().await?;
    let (engineer, nobody) = (house.staff.engineer().await?, house.staff.nobody()?);
    let administrator = people.of(Who::Administrator)?;
    let (operator, viewer) = (people.of(Who::Operator)?, people.of(Who::Viewer)?);
    let mut got = "route | admin | engineer | operator | viewer | nobody\n".to_owned();
    for (entry, path) in entries(&house, "acme")? {
        if entry.path == "/sign-out" {
            continue;
        }
        let mut row = format!("{} {}", entry.method, entry.path);
        // Whoever may do most is last, so that all others are asked about things that are there.
        let mut outcomes = Vec::new();
        for person in [&nobody, viewer, operator, &engineer, administrator] {
            outcomes.push(outcome(person, &entry, &path).await?);
        }
        for outcome in outcomes.into_iter().rev() {
            write!(row, " | {outcome}")?;
        }
        writeln!(got, "{row}")?;
    }
    assert!(!got.contains("broken"), "{got}");
    expect_file!["routes.txt"].assert_eq(&got);
    Ok(())
}

#[tokio::test]
async fn another_tenants_operator_finds_nothing_at_any_address() -> anyhow::Result<()> {
    let (house, _people) = House::furnished().await?;
    let stranger = house.staff.operator("quiet").await?;
    let is_of_tenant = |entry: &Entry| matches!(entry.need, Need::Tenant(_));
    let is_for_operators = |entry: &Entry| match entry.need {
        Need::Tenant(permission) => TenantRole::Operator.may(permission),
        Need::Public | Need::SignedIn | Need::Platform(_) => false,
    };
    let mut walked = 0;
    for (entry, path) in entries(&house, "acme")? {
        if !is_of_tenant(&entry) {
            continue;
        }
        assert!(path.starts_with("/t/acme"), "{path} names no tenant");
        let got = outcome(&stranger, &entry, &path).await?;
        assert_eq!(got, "404", "{} {path}", entry.method);
        walked += 1;
    }
    // What is of `acme`, by its own id, in the tenant where the stranger may do all that its operators may.
    for (entry, path) in entries(&house, "quiet")? {
        let names_a_thing = entry.path.replacen("{tenant}", "", 1).contains('{');
        if is_of_tenant(&entry) && names_a_thing {
            let request = stranger.request(entry.method.clone(), &path);
            let form = entry.method == Method::POST;
            let request = if form { request.form(&WELL_FILLED) } else { request };
            let answer = request.send().await?;
            let want = if is_for_operators(&entry) { 404 } else { 403 };
            assert_eq!(answer.status(), want, "{} {path}", entry.method);
            walked += 1;
        }
    }
    assert!(40 < walked, "{walked} addresses");
    Ok(())
}

#[tokio::test]
async fn no_change_is_taken_from_another_site() -> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let administrator = people.of(Who::Administrator)?;
    let posts =
        entries(&house, "acme")?.into_iter().filter(|(entry, _)| entry.method == Method::POST);
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

#[tokio::test]
async fn whoever_runs_the_installation_reads_on_the_record_at_every_address() -> anyhow::Result<()>
{
    let (house, people) = House::furnished().await?;
    let (engineer, viewer) = (house.staff.engineer().await?, people.of(Who::Viewer)?);
    let log = raw(&house.it.database.superuser_url()).await?;
    let noted = async || -> anyhow::Result<i64> {
        let sql = "select count(*) from operator_log where action = 'conversations.read' \
                   and tenant = 'acme'";
        Ok(log.query_one(sql, &[]).await?.get(0))
    };
    let mut walked = 0;
    for (entry, path) in entries(&house, "acme")? {
        if entry.need != Need::Tenant(Permission::ConversationsRead) {
            continue;
        }
        let before = noted().await?;
        // Of a stream its beginning is enough: the line is there before the answer is.
        let answer = engineer.request(entry.method.clone(), &path).send().await?;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(noted().await?, before + 1, "{path} leaves no line");
        viewer.request(entry.method.clone(), &path).send().await?;
        assert_eq!(noted().await?, before + 1, "{path}: who belongs there leaves none");
        walked += 1;
    }
    assert_eq!(walked, 9, "addresses");
    Ok(())
}

#[tokio::test]
async fn no_form_query_or_path_takes_a_nul() -> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let (ada, nobody) = (people.of(Who::Administrator)?, house.staff.nobody()?);
    let lines = house.it.said("all").lines().count();
    let mut forms = 0;
    for (entry, path) in entries(&house, "acme")? {
        let mut cases = vec![(asking(&path, "q=%00"), 400), (asking(&path, "%00=q"), 400)];
        if entry.path.contains('{') {
            cases.push((naming(entry.path, "%00"), 404));
            cases.push((naming(entry.path, "acme%00"), 404));
        }
        for (at, want) in cases {
            for visitor in [ada, &nobody] {
                let answer = visitor.request(entry.method.clone(), &at).send().await?;
                assert_eq!(answer.status(), want, "{} {at}", entry.method);
            }
        }
        if entry.method != Method::POST {
            continue;
        }
        let names = WELL_FILLED.into_iter().map(|(name, _)| name).chain(FIELDS);
        for name in names {
            let others = WELL_FILLED.into_iter().filter(|(other, _)| *other != name);
            let form: Vec<_> = others.chain([(name, "a\0b")]).collect();
            let answer = ada.post(&path, &form).await?;
            assert_eq!(answer.status(), 400, "{name} of {path}");
            forms += 1;
        }
        let answer = nobody.post(&path, &[("email", "a\0@example.com")]).await?;
        assert_eq!(answer.status(), 400, "a stranger's {path}");
    }
    assert!(1_000 < forms, "{forms} forms");
    let said = house.it.said("all");
    let is_loud = |line: &&str| line.contains("WARN") && line.contains("portal::");
    let loud: Vec<_> = said.lines().skip(lines).filter(is_loud).collect();
    assert!(loud.is_empty(), "{loud:?}");
    Ok(())
}

#[tokio::test]
async fn what_no_page_can_read_is_answered_by_a_page() -> anyhow::Result<()> {
    let (house, people) = House::furnished().await?;
    let ada = people.of(Who::Administrator)?;
    let numbers = ["revision", "version", "more", "seed", "before", "from", "to", "after"];
    let query = numbers.map(|name| format!("{name}=x")).join("&");
    let form = numbers.map(|name| (name, "-1"));
    let mut refused = 0;
    for (entry, path) in entries(&house, "acme")? {
        if entry.path == "/sign-out" {
            continue;
        }
        for at in [path.clone(), asking(bare(&path), &query), naming(entry.path, "%FF")] {
            let mut request = ada.request(entry.method.clone(), &at);
            if entry.method == Method::POST {
                request = request.form(&form);
            }
            let answer = request.send().await?;
            let (status, kind) = (answer.status(), answer.headers().get("content-type"));
            let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
            assert!(!status.is_server_error(), "{} {at}: {status}", entry.method);
            assert!(is_page || !status.is_client_error(), "{} {at}: {status}", entry.method);
            refused += usize::from(status == 400);
        }
    }
    assert!(20 < refused, "{refused} requests");
    Ok(())
}
