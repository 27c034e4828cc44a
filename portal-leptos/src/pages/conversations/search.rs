//! What is looked for, as it stands in the address.

use domain::day::Day;
use serde::Deserialize;
use views::{Filter, Standing};

use crate::pages::{address::Address, dates};

/// A search in threads. A field that says nothing that can be looked for looks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Search {
    pub(crate) q: String,
    pub(crate) agent: String,
    pub(crate) state: String,
    pub(crate) person: String,
    pub(crate) connection: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) after: Option<String>,
}

impl Search {
    /// As the views are asked. The last day is included.
    pub(crate) fn filter(&self) -> Filter {
        let standing = |it: &Standing| crate::pages::address::word(*it) == self.state;
        let to = dates::parse(&self.to).map(|day| day.plus(1));
        Filter {
            text: self.q.trim().to_owned(),
            agent: self.agent.parse().ok(),
            state: Standing::ALL.into_iter().find(standing),
            person: Some(self.person.trim().to_owned()).filter(|person| !person.is_empty()),
            connection: self.connection.parse().ok(),
            from: dates::parse(&self.from).map(Day::start),
            to: to.map(Day::start),
        }
    }

    /// Whether anything is looked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.filter() == Filter::default()
    }

    /// Whether one of the fields that are folded away is filled in.
    pub(crate) fn has_more(&self) -> bool {
        let Self { person, connection, from, to, .. } = self;
        [person, connection, from, to].into_iter().any(|it| !it.is_empty())
    }

    /// The address with this search, at its first page.
    pub(crate) fn on(&self, page: Address) -> Address {
        page.with("q", &self.q)
            .with("agent", &self.agent)
            .with("state", &self.state)
            .with("person", &self.person)
            .with("connection", &self.connection)
            .with("from", &self.from)
            .with("to", &self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_whole_and_nonsense_looks_for_nothing() {
        let search = Search {
            q: "  refund ".to_owned(),
            from: "2026-11-20".to_owned(),
            to: "2026-11-20".to_owned(),
            state: "failed".to_owned(),
            ..Search::default()
        };
        let filter = search.filter();
        assert_eq!(filter.text, "refund");
        assert_eq!(filter.state, Some(Standing::Failed));
        let hours = filter.to.unwrap().since(filter.from.unwrap()).as_secs() / 3_600;
        assert_eq!(hours, 24);

        let nonsense = Search {
            agent: "not an id!".to_owned(),
            state: "fine".to_owned(),
            from: "yesterday".to_owned(),
            ..Search::default()
        };
        assert!(nonsense.is_empty());
    }

    #[test]
    fn a_search_is_carried_whole_and_its_page_is_not() {
        let search = Search {
            q: "a b".to_owned(),
            agent: "mara".to_owned(),
            after: Some("x".to_owned()),
            ..Search::default()
        };
        assert_eq!(search.on(Address::new("/c")).done(), "/c?q=a%20b&agent=mara");
    }
}
