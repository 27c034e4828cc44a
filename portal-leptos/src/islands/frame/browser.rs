//! The browser's half.

mod page;

use std::{cell::Cell, rc::Rc, time::Duration};

use leptos::{
    ev::KeyboardEvent,
    prelude::*,
    wasm_bindgen::{JsCast as _, closure::Closure},
};
use web_sys::{HtmlDialogElement, XmlHttpRequest, js_sys::encode_uri_component};

use super::{
    Answer, Palette, Target, asked,
    keys::{Pressed, Wish, wish},
};

/// How long somebody has not typed before the server is asked.
const PAUSE: Duration = Duration::from_millis(150);

/// Begins once the page is awake.
pub(super) fn start(palette: Palette, keys: bool, tenant: Option<String>) {
    Effect::new(move || {
        page::local_times();
        page::copies();
        page::watch(page::local_times);
        newer(palette);
        let named = tenant.clone();
        search(palette);
        page::on_palette(move || open(palette, named.as_deref()));
        listen(palette, keys, tenant.clone());
    });
}

/// Asks for something of ours; `then` has its text. What fails is tried again the next time.
fn get(path: &str, then: impl FnOnce(String) + 'static) {
    let Ok(request) = XmlHttpRequest::new() else { return };
    let (held, mut then) = (request.clone(), Some(then));
    let loaded = Closure::<dyn FnMut()>::new(move || {
        let is_ours = held.status() == Ok(200) && held.response_url().contains("/frame/");
        let text = held.response_text().ok().flatten().filter(|_| is_ours);
        if let (Some(text), Some(then)) = (text, then.take()) {
            then(text);
        }
    });
    request.set_onload(Some(loaded.as_ref().unchecked_ref()));
    loaded.forget();
    if request.open("GET", path).is_ok() {
        drop(request.send());
    }
}

/// How often a page that stays in sight asks whether it is still of the last release.
const VERSION_ASKED: Duration = Duration::from_mins(5);

/// Asks for the server's version whenever the page is looked at again, and now and then meanwhile.
fn newer(palette: Palette) {
    let ask = move || {
        if document().hidden() {
            return;
        }
        get("/frame/version", move |theirs| {
            let page = document().document_element();
            let ours = page.and_then(|root| root.get_attribute("data-version"));
            palette.newer.set(ours.is_some_and(|ours| ours != theirs.trim()));
        });
    };
    let seen = Closure::<dyn FnMut()>::new(ask);
    let callback = seen.as_ref().unchecked_ref();
    drop(document().add_event_listener_with_callback("visibilitychange", callback));
    seen.forget();
    set_interval(ask, VERSION_ASKED);
}

fn listen(palette: Palette, keys: bool, tenant: Option<String>) {
    let chord = Rc::new(Cell::new(false));
    let pressed = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
        let was_chord = chord.replace(false);
        let key = event.key();
        let pressed = Pressed {
            key: &key,
            command: event.ctrl_key() || event.meta_key(),
            other: event.alt_key(),
            typing: page::is_field(event.target()),
            chord: was_chord,
        };
        let Some(wish) = wish(&pressed, keys, tenant.as_deref()) else { return };
        match wish {
            Wish::Palette => open(palette, tenant.as_deref()),
            Wish::Sheet => show("shortcuts"),
            Wish::Search => {
                if !page::to_search() {
                    return;
                }
            }
            Wish::Line(by) => page::to_line(by),
            Wish::Open => {
                if !page::open_line() {
                    return;
                }
            }
            Wish::Leave => {
                if !page::leave(event.target()) {
                    return;
                }
            }
            Wish::Chord => chord.set(true),
            Wish::Go(path) => drop(window().location().assign(&path)),
        }
        event.prevent_default();
    });
    // It lives as long as the page does.
    core::mem::forget(pressed);
}

fn open(palette: Palette, tenant: Option<&str>) {
    palette.typed.set(String::new());
    show("palette");
    if palette.targets.with_untracked(Vec::is_empty) {
        let path = format!("/frame/targets?tenant={}", tenant.unwrap_or_default());
        get(&path, move |text| {
            if let Ok(targets) = serde_json::from_str::<Vec<Target>>(&text) {
                palette.targets.set(targets);
            }
        });
    }
}

/// Asks for the tenants that fit, whenever something else is typed. Opening the palette clears what was
/// typed, and so it asks for the first of all.
fn search(palette: Palette) {
    let mut ask = debounce(PAUSE, move |typed: String| ask(palette, asked(&typed)));
    Effect::new(move |before: Option<()>| {
        let typed = palette.typed.get();
        // Nobody has opened it yet.
        if before.is_some() {
            ask(typed);
        }
    });
}

fn ask(palette: Palette, to: String) {
    let path = format!("/frame/tenants?q={}", String::from(encode_uri_component(&to)));
    get(&path, move |text| {
        let is_late = palette.typed.with_untracked(|typed| asked(typed) != to);
        if let (Ok(tenants), false) = (serde_json::from_str::<Vec<Target>>(&text), is_late) {
            palette.tenants.set(Answer { to: Some(to), tenants });
        }
    });
}

fn show(id: &str) {
    let found = document().get_element_by_id(id);
    let dialog = found.and_then(|it| it.dyn_into::<HtmlDialogElement>().ok());
    if let Some(dialog) = dialog.filter(|dialog| !dialog.open()) {
        drop(dialog.show_modal());
    }
}
