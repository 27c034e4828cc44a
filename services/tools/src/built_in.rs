//! What every agent can have without a declaration.

use std::sync::LazyLock;

use domain::tool::{
    CURRENT_TIME, HAND_OFF,
    built_in::{self, Described},
};
use jiff::tz::TimeZoneDatabase;
use providers::Tool;
use schemas::Timestamp;
use serde_json::{Map, Value};

use crate::outcome::{Failed, Said};

/// As they were when this was built: the same on every machine.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A tool that is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuiltIn {
    CurrentTime,
    HandOff,
}

/// The name of each, and what the model is told about it.
pub fn built_in() -> Vec<(String, String)> {
    let known = domain::tool::BUILT_IN.into_iter().filter_map(BuiltIn::named);
    known.map(BuiltIn::offered).map(|it| (it.name, it.description)).collect()
}

impl BuiltIn {
    /// The tool of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            CURRENT_TIME => Some(BuiltIn::CurrentTime),
            HAND_OFF => Some(BuiltIn::HandOff),
            _ => None,
        }
    }

    /// As the model is told.
    pub(crate) fn offered(self) -> Tool {
        let Described { name, description, parameters } = match self {
            BuiltIn::CurrentTime => built_in::current_time(),
            BuiltIn::HandOff => built_in::hand_off(),
        };
        Tool { name: name.to_owned(), description: description.to_owned(), parameters }
    }

    /// What it answers; arguments that were checked and the time decide.
    pub(crate) fn call(self, arguments: &Map<String, Value>, now: Timestamp) -> Said {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        match self {
            BuiltIn::CurrentTime => current_time(text("time_zone"), now),
            // Whoever asks models ends the answer there, and never calls this.
            BuiltIn::HandOff => Said::failed(Failed::Refused, "Nobody can be told from here."),
        }
    }
}

fn current_time(zone: &str, now: Timestamp) -> Said {
    let name = if zone.is_empty() { "UTC" } else { zone };
    let Ok(zone) = ZONES.get(name) else {
        let name: String = name.chars().take(64).collect();
        let text =
            format!("There is no time zone `{name}`: name one of IANA's, e.g. Europe/Berlin.");
        return Said::failed(Failed::Arguments, text);
    };
    let Ok(instant) = jiff::Timestamp::from_millisecond(now.as_millis()) else {
        return Said::failed(Failed::Tool, "The clock does not say.");
    };
    let here = instant.to_zoned(zone);
    Said::well(here.strftime("%A, %Y-%m-%d %H:%M:%S %:z (%Q)").to_string(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn it_tells_the_time_of_a_zone() {
        let now = Timestamp::from_millis(1_795_280_529_730);
        let say = |zone: &str| current_time(zone, now).text;
        let lines = [
            say(""),
            say("UTC"),
            say("Europe/Berlin"),
            say("Asia/Kathmandu"),
            say("America/New_York"),
            say("Mars/Base"),
        ];
        expect_test::expect![[r#"
            Saturday, 2026-11-21 17:02:09 +00:00 (UTC)
            Saturday, 2026-11-21 17:02:09 +00:00 (UTC)
            Saturday, 2026-11-21 18:02:09 +01:00 (Europe/Berlin)
            Saturday, 2026-11-21 22:47:09 +05:45 (Asia/Kathmandu)
            Saturday, 2026-11-21 12:02:09 -05:00 (America/New_York)
            There is no time zone `Mars/Base`: name one of IANA's, e.g. Europe/Berlin."#]]
        .assert_eq(&lines.join("\n"));
    }

    #[test]
    fn a_zone_is_a_name_and_no_file() {
        let now = Timestamp::from_millis(0);
        for zone in ["../../etc/passwd", "/etc/localtime", "Europe/../UTC", "Europe/Berlin\0"] {
            assert_eq!(current_time(zone, now).failed, Some(Failed::Arguments), "{zone}");
        }
    }

    #[test]
    fn what_is_offered_is_a_schema_and_has_its_name() {
        for name in domain::tool::BUILT_IN {
            let offered = BuiltIn::named(name).unwrap().offered();
            assert_eq!(offered.name, name);
            assert!(Schema::read(&offered.parameters).is_ok(), "{name}");
        }
        assert_eq!(BuiltIn::named("orders"), None);
    }
}
