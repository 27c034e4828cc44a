use std::time::Duration;

use super::*;
use crate::{Timeouts, call::Limits};

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
    let routes = Table::new(&models, &[]).routes(
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
