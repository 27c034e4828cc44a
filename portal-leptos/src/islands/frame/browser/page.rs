//! What is done to the page itself.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast as _, JsValue, closure::Closure},
};
use web_sys::{
    Element, EventTarget, HtmlElement, HtmlInputElement, MutationObserver, MutationObserverInit,
    js_sys,
};

fn all(selector: &str) -> Vec<Element> {
    let Ok(found) = document().query_selector_all(selector) else { return Vec::new() };
    let nodes = (0..found.length()).filter_map(|at| found.get(at));
    nodes.filter_map(|node| node.dyn_into::<Element>().ok()).collect()
}

/// Writes instants in the reader's own zone and language. The server writes UTC.
pub(super) fn local_times() {
    let language = window().navigator().language();
    let language = language.unwrap_or_else(|| "en-GB".to_owned());
    for time in all("time[data-local]:not([data-done])") {
        let Some(at) = time.get_attribute("datetime") else { continue };
        let date = js_sys::Date::new(&JsValue::from_str(&at));
        if date.get_time().is_nan() {
            continue;
        }
        let local: String = date.to_locale_string(&language, &JsValue::UNDEFINED).into();
        drop(time.set_attribute("title", &local));
        if time.get_attribute("data-local").as_deref() == Some("instant") {
            time.set_text_content(Some(&local));
        }
        drop(time.set_attribute("data-done", ""));
    }
}

/// Does it again whenever something was added to the page.
pub(super) fn watch(again: fn()) {
    let changed = Closure::<dyn FnMut()>::new(again);
    let options = MutationObserverInit::new();
    options.set_child_list(true);
    options.set_subtree(true);
    if let (Ok(observer), Some(main)) = (
        MutationObserver::new(changed.as_ref().unchecked_ref()),
        document().get_element_by_id("main"),
    ) {
        drop(observer.observe_with_options(&main, &options));
    }
    changed.forget();
}

/// A button beside all that is meant to be copied.
pub(super) fn copies() {
    for block in all("[data-copy]") {
        let caption = block.previous_element_sibling();
        let Ok(button) = document().create_element("button") else { continue };
        let Ok(button) = button.dyn_into::<HtmlElement>() else { continue };
        for (name, value) in [("type", "button"), ("class", "button"), ("data-variant", "quiet")] {
            drop(button.set_attribute(name, value));
        }
        drop(button.set_attribute("data-dense", ""));
        button.set_text_content(Some("Copy"));
        let held = button.clone();
        let clicked = Closure::<dyn FnMut()>::new(move || {
            let text = block.text_content().unwrap_or_default();
            drop(window().navigator().clipboard().write_text(&text));
            held.set_text_content(Some("Copied"));
        });
        button.set_onclick(Some(clicked.as_ref().unchecked_ref()));
        clicked.forget();
        if let Some(caption) = caption {
            drop(caption.append_child(&button));
        }
    }
}

/// What the buttons that open the palette do.
pub(super) fn on_palette(open: impl Fn() + 'static) {
    let clicked = Closure::<dyn FnMut()>::new(open);
    for button in all("[data-palette]") {
        let callback = clicked.as_ref().unchecked_ref();
        drop(button.add_event_listener_with_callback("click", callback));
    }
    clicked.forget();
}

/// Whether that is something one types into.
pub(super) fn is_field(target: Option<EventTarget>) -> bool {
    let Some(element) = target.and_then(|it| it.dyn_into::<Element>().ok()) else { return false };
    let kind = element.get_attribute("type").unwrap_or_default();
    match element.tag_name().as_str() {
        "TEXTAREA" | "SELECT" => true,
        "INPUT" => !matches!(kind.as_str(), "checkbox" | "radio" | "button" | "submit"),
        _ => element.has_attribute("contenteditable"),
    }
}

/// To the page's search. Whether there is one.
pub(super) fn to_search() -> bool {
    let found = document().query_selector("main input[type='search']").ok().flatten();
    focus(found)
}

/// To another line of the list.
pub(super) fn to_line(by: i32) {
    let rows = all("[data-row]");
    let current = rows.iter().position(|row| row.has_attribute("data-current"));
    let next = match (current, by) {
        (None, _) => 0,
        (Some(at), 1) => (at + 1).min(rows.len().saturating_sub(1)),
        (Some(at), _) => at.saturating_sub(1),
    };
    if let Some(row) = current.and_then(|at| rows.get(at)) {
        drop(row.remove_attribute("data-current"));
    }
    let Some(row) = rows.get(next) else { return };
    drop(row.set_attribute("data-current", ""));
    drop(row.set_attribute("tabindex", "-1"));
    focus(Some(row.clone()));
}

/// Opens what the current line leads to. Whether there is one; a link or button has its own Enter.
pub(super) fn open_line() -> bool {
    let Some(row) = document().active_element().filter(|it| it.has_attribute("data-row")) else {
        return false;
    };
    let link = row.query_selector("a[data-row-link], [data-row-link] a").ok().flatten();
    let link = link.and_then(|it| it.dyn_into::<HtmlElement>().ok());
    link.inspect(HtmlElement::click).is_some()
}

/// Out of a field: what is searched for is cleared first. Whether something was done; a dialog closes
/// by itself.
pub(super) fn leave(target: Option<EventTarget>) -> bool {
    let Some(element) = target.and_then(|it| it.dyn_into::<HtmlElement>().ok()) else {
        return false;
    };
    if let Some(input) = element.dyn_ref::<HtmlInputElement>()
        && input.type_() == "search"
        && !input.value().is_empty()
    {
        input.set_value("");
        if let Ok(changed) = web_sys::Event::new_with_event_init_dict("input", &{
            let init = web_sys::EventInit::new();
            init.set_bubbles(true);
            init
        }) {
            drop(input.dispatch_event(&changed));
        }
        return true;
    }
    if element.closest("dialog").ok().flatten().is_some() {
        return false;
    }
    drop(element.blur());
    true
}

fn focus(found: Option<Element>) -> bool {
    let found = found.and_then(|it| it.dyn_into::<HtmlElement>().ok());
    found.is_some_and(|it| it.focus().is_ok())
}
