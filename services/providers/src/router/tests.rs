use std::time::Duration;

use super::*;
use crate::{Timeouts, call::Limits, quirks::Quirks};

const KEEP_ALIVE: Duration = Duration::from_mins(1);

const SETTINGS: &str = r#"
    [[models.quality]]
    name = "home"
    vendor = "ollama"
    model = "llama3.2"
    cold_load_s = 200
    first_token_s = 20
    keep_alive_s = 60
"#;

/// The limits of an attempt that starts now, with that long until the deadline.
fn limits(route: &Route, timeouts: Timeouts, left: Duration) -> Limits {
    let request = Request { timeouts, ..Request::default() };
    route.limits(&request, Instant::now() + left).0
}

fn route() -> Route {
    let models = Models::from_toml(SETTINGS, &|_| None).unwrap();
    let routes = Table::new(&models, Known::default()).routes(
        "quality",
        (&Request::default(), 0),
        Instant::now(),
        || 0.0,
    );
    routes.unwrap().remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_model_that_may_have_to_be_loaded_has_a_clock_of_its_own() {
    let (route, plenty) = (route(), Duration::from_hours(1));
    let first_token_s = || limits(&route, Timeouts::default(), plenty).first_token.as_secs();
    assert_eq!(first_token_s(), 200, "nothing is known of it");
    route.node.heard(true, KEEP_ALIVE);
    assert_eq!(first_token_s(), 20, "it is loaded");
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(first_token_s(), 200, "it may have been unloaded");
    route.node.heard(true, KEEP_ALIVE);
    route.node.heard(false, KEEP_ALIVE);
    assert_eq!(first_token_s(), 200, "it failed");
}

#[tokio::test(start_paused = true)]
async fn a_request_may_set_its_clocks_but_not_pass_its_deadline() {
    let route = route();
    let asked = Timeouts {
        first_token: Some(Duration::from_secs(1)),
        idle: Some(Duration::from_secs(2)),
        total: Some(Duration::from_secs(3)),
    };
    let left = |timeouts, left| {
        let limits = limits(&route, timeouts, left);
        (limits.total_at - Instant::now()).as_secs()
    };
    assert_eq!(left(asked, Duration::from_mins(1)), 3);
    assert_eq!(left(asked, Duration::from_secs(2)), 2);
    assert_eq!(left(Timeouts::default(), Duration::from_hours(1)), 600);
    let endless = Timeouts { total: Some(Duration::MAX), ..asked };
    assert_eq!(left(endless, Duration::from_secs(2)), 2);
}

/// The settings with other retries and another deployment.
fn settings(retries: &str, deployment: &str) -> Models {
    let text = format!("{SETTINGS}{deployment}\n[retries]\n{retries}\n");
    Models::from_toml(&text, &|_| None).unwrap()
}

fn first_route(table: &Table) -> Route {
    let request = (&Request::default(), 0);
    table.routes("quality", request, Instant::now(), || 0.0).unwrap().remove(0)
}

/// A call that is overloaded, and for how long the deployment is left alone then, in milliseconds.
fn fails(route: &Route) -> u128 {
    let now = Instant::now();
    let failure = crate::Failure::new(crate::FailureClass::Overloaded, "it is busy");
    let ticket = route.node.health.enter(0, now).unwrap();
    let (failure, first_token, tokens) = (Some(&failure), None, None);
    ticket.done(Outcome { failure, first_token, cold: false, tokens, now, jitter: 1.0 });
    let opens_at = route.node.health.standing(0, now).opens_at;
    opens_at.map_or(0, |at| (at - now).as_millis())
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_stays_takes_the_settings_that_it_has_now() {
    let before = Table::new(&settings("rest_ms = 1000", ""), Known::default());
    let route = first_route(&before);
    assert_eq!([fails(&route), fails(&route)], [0, 0]);
    let learnt = Quirks { no_temperature: true, ..Quirks::default() };
    assert!(route.node.learn(learnt));
    route.node.count(false, None);

    let models = settings("rest_ms = 7000", "requests_per_minute = 1");
    let after = Table::new(&models, Known { shared: None, before: Some(&before) });
    let route = first_route(&after);
    assert!(!route.deployment().takes_temperature, "what was learnt is known");
    assert_eq!(route.node.tally().failures, 1);
    assert_eq!(fails(&route), 60_000, "the only call of this minute is the third that failed");

    let models = settings("rest_ms = 7000", "token_param = 'max_completion_tokens'");
    let last = Table::new(&models, Known { shared: None, before: Some(&after) });
    let route = first_route(&last);
    assert!(route.deployment().takes_temperature, "it is asked otherwise than it was refused");
    let opens_at = || route.node.health.standing(0, Instant::now()).opens_at;
    tokio::time::advance(Duration::from_millis(6_999)).await;
    assert!(opens_at().is_some(), "it rests for as long as is said now");
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(opens_at(), None, "nor does a limit hold that is no more");
}

#[test]
fn the_settings_of_what_is_shared_are_those_of_its_owner() {
    let base = Table::new(&settings("rest_ms = 7000", ""), Known::default());
    let older = settings("rest_ms = 1000", "");
    let beside = Table::new(&older, Known { shared: Some(&base), before: None });
    assert!(Arc::ptr_eq(&first_route(&base).node, &first_route(&beside).node));
    let route = first_route(&base);
    assert_eq!([fails(&route), fails(&route), fails(&route)], [0, 0, 7_000]);
}

/// Servers in the house ask for no key, so nothing but the tenant tells who calls.
#[test]
fn two_tenants_without_keys_at_one_place_share_no_health() {
    let group = serde_json::json!({
        "id": "quality", "choose": "order", "status": "active",
        "deployments": [
            { "name": "local", "vendor": "openai", "model": "m", "base_url": "http://10.0.0.7/v1" },
        ],
    });
    let group: Arc<schemas::ModelGroup> = serde_json::from_value(group).map(Arc::new).unwrap();
    let base = settings("rest_ms = 1000", "");
    let of = |tenant: &str, known| {
        let groups = [Arc::clone(&group)];
        let (models, left_out) = base.with_own(&tenant.parse().unwrap(), &groups, &|_| None);
        assert!(left_out.is_empty(), "{left_out:?}");
        Table::new(&models, known)
    };
    let acme = of("acme", Known::default());
    let beta = of("beta", Known { shared: Some(&acme), before: Some(&acme) });
    let (theirs, ours) = (first_route(&acme), first_route(&beta));
    assert_eq!(theirs.deployment.model(), "m");
    assert!(!Arc::ptr_eq(&theirs.node, &ours.node));
    for _ in 0..3 {
        fails(&theirs);
    }
    assert!(theirs.node.health.standing(0, Instant::now()).opens_at.is_some());
    assert_eq!(ours.node.health.standing(0, Instant::now()).opens_at, None);
}

#[test]
fn what_a_call_can_cost_is_known_before_it_is_made() {
    let deployment = |group: &str, model: &str| {
        format!(
            "[[models.{group}]]\nname = 'a'\nvendor = 'openai'\nmodel = '{model}'\n\
             base_url = 'http://127.0.0.1:1/v1'\nmax_output_tokens = 20\n"
        )
    };
    let prices = "[prices]\nversion = 'test'\n\
                  [[prices.models]]\nvendor = 'openai'\nmodel = 'm'\ninput = 1_000_000\n\
                  output = 2_000_000\nsource = 'test'\nas_of = '2026-11-21'\n";
    let (known_price, other) = (deployment("priced", "m"), deployment("other", "unheard-of"));
    let models = Models::from_toml(&format!("{known_price}{other}{prices}"), &|_| None).unwrap();
    let table = Table::new(&models, Known::default());
    let asking = |max_output_tokens| Request { max_output_tokens, ..Request::default() };
    let known = |micros| WorstCost::Known(MicroDollars(micros));
    assert_eq!(table.worst("priced", &asking(10)), known(20));
    assert_eq!(table.worst("priced", &asking(1_000)), known(40), "it says no more than it may");
    let longer = Request { system: "word".repeat(100), ..asking(10) };
    assert_eq!(table.worst("priced", &longer), known(120));
    assert_eq!(table.worst_of("priced", &asking(10), 100), known(120), "grown to that");
    assert_eq!(table.worst("other", &asking(10)), WorstCost::Unknown);
    assert_eq!(table.worst("nobody", &asking(10)), WorstCost::NoneFits);
}

/// Nothing is ever recorded.
struct NoBooks;

impl Recorder for NoBooks {
    type Error = std::fmt::Error;

    async fn starting(&self, _: &AttemptStart) -> Result<(), crate::NotStarted<Self::Error>> {
        Err(std::fmt::Error.into())
    }
}

/// A timer of no time waits for the next whole millisecond, and every call would be late by that.
#[tokio::test(start_paused = true)]
async fn nobody_waits_for_the_first_attempt() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = crate::client(&crate::ClientSettings::default()).unwrap();
    let router = Router::from_config(&settings("", ""), client);
    // Between two of the timer's ticks.
    tokio::time::advance(Duration::from_micros(300)).await;
    let begun = Instant::now();
    let request = Request { turns: vec![crate::Turn::user("hi")], ..Request::default() };
    let asked = router.complete("quality", &request, begun + KEEP_ALIVE, &NoBooks).await;
    let why = asked.map(drop).unwrap_err();
    assert!(matches!(why.cause, Cause::NotRecorded(_)), "{why}");
    assert_eq!(begun.elapsed(), Duration::ZERO);
}
