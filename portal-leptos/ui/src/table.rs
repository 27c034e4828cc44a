//! Tables and what goes from one to the next.

use leptos::prelude::*;

use crate::{Icon, Symbol};

/// Which way a column is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest, oldest, A first.
    Ascending,
    /// Largest, newest, Z first.
    Descending,
}

/// A column of a table.
#[derive(Clone, Debug, Default)]
pub struct Column {
    label: String,
    numbers: bool,
    hidden: bool,
    sort: Option<(String, Option<Order>)>,
}

impl Column {
    /// A column with this head.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// Holds numbers: set to the right.
    #[must_use]
    pub fn numbers(mut self) -> Self {
        self.numbers = true;
        self
    }

    /// The head is read aloud and not shown, e.g. above buttons.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Can be sorted, by following `href`; `order` is how it is sorted now.
    #[must_use]
    pub fn sorted(mut self, href: impl Into<String>, order: Option<Order>) -> Self {
        self.sort = Some((href.into(), order));
        self
    }

    fn view(self) -> impl IntoView {
        let order = self.sort.as_ref().and_then(|(_, order)| *order);
        let (aria, icon) = match order {
            Some(Order::Ascending) => (Some("ascending"), Icon::ArrowUp),
            Some(Order::Descending) => (Some("descending"), Icon::ArrowDown),
            None => (None, Icon::Sort),
        };
        let head = match self.sort {
            Some((href, _)) => view! { <a href=href>{self.label}<Symbol icon /></a> }.into_any(),
            None if self.hidden => {
                view! { <span class="visually-hidden">{self.label}</span> }.into_any()
            }
            None => self.label.into_any(),
        };
        let align = self.numbers.then_some("end");
        view! { <th scope="col" aria-sort=aria data-align=align>{head}</th> }
    }
}

/// A table. The rows are `<tr>`s whose first cell is a `<th scope="row">`; give each cell a
/// `data-label` with the head of its column, so that it can be read on a narrow screen, and
/// `data-align="end"` where the column holds numbers.
#[component]
pub fn Table(
    /// What the rows are.
    #[prop(into)]
    caption: String,
    /// Whether the caption is shown; it is read aloud either way.
    #[prop(optional)]
    show_caption: bool,
    /// The columns.
    columns: Vec<Column>,
    /// On a narrow screen, scroll sideways rather than turn each row into a list.
    #[prop(optional)]
    wide: bool,
    /// The rows.
    children: Children,
) -> impl IntoView {
    let heads = columns.into_iter().map(Column::view).collect_view();
    let class = (!show_caption).then_some("visually-hidden");
    let tabindex = wide.then_some("0");
    let role = wide.then_some("region");
    let name = wide.then(|| caption.clone());
    view! {
        <div class="table-frame" tabindex=tabindex role=role aria-label=name>
            <table class="table" data-stack=!wide>
                <caption class=class>{caption}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

/// To the pages before and after this one. Nothing where there is only one.
#[component]
pub fn Pagination(
    /// The address of the newer page.
    #[prop(optional_no_strip)]
    newer: Option<String>,
    /// The address of the older page.
    #[prop(optional_no_strip)]
    older: Option<String>,
    /// What is shown, e.g. "50 conversations".
    #[prop(optional, into)]
    shown: Option<String>,
    /// The words of the two links.
    #[prop(default = ("Newer", "Older"))]
    words: (&'static str, &'static str),
) -> impl IntoView {
    if newer.is_none() && older.is_none() && shown.is_none() {
        return None;
    }
    let newer = newer.map(|href| {
        view! {
            <a class="button" data-variant="plain" data-dense rel="prev" href=href>
                <Symbol icon=Icon::ArrowLeft />
                {words.0}
            </a>
        }
    });
    let older = older.map(|href| {
        view! {
            <a class="button" data-variant="plain" data-dense rel="next" href=href>
                {words.1}
                <Symbol icon=Icon::ArrowRight />
            </a>
        }
    });
    Some(view! {
        <nav class="pagination" aria-label="Pages">
            <p class="meta numbers">{shown}</p>
            <div>{newer}{older}</div>
        </nav>
    })
}

/// One of several views of the same thing.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Its name.
    pub label: String,
    /// Where it is.
    pub href: String,
    /// Whether it is the one shown.
    pub current: bool,
    /// How many it holds.
    pub count: Option<u64>,
}

/// Views of the same thing, as links: each has its own address.
#[component]
pub fn Tabs(
    /// What they are views of.
    #[prop(into)]
    label: String,
    /// The views.
    tabs: Vec<Tab>,
) -> impl IntoView {
    let tabs = tabs.into_iter().map(|Tab { label, href, current, count }| {
        let count = count.map(|count| view! { <span class="tab-count">{count}</span> });
        view! { <li><a href=href aria-current=current.then_some("page")>{label}{count}</a></li> }
    });
    view! { <nav class="tabs" aria-label=label><ul>{tabs.collect_view()}</ul></nav> }
}
