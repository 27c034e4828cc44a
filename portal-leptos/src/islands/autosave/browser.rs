//! The half of it that runs in the browser.
//!
//! **Invariant:** what is typed stands in the browser's storage, with the revision that it began with,
//! from the first key until the server has it.

use std::{cell::RefCell, time::Duration};

use leptos::{ev, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Element, HtmlFormElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, Response,
    Storage, UrlSearchParams,
};

use super::State;
use crate::islands::{form, wire::Kept};

/// How long nothing is typed until it is saved.
const PAUSE: Duration = Duration::from_millis(800);

/// How long until what could not be sent is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// What is sent and is no part of the draft.
const ASIDE: [&str; 4] = ["do", "question", "turn-person", "turn-agent"];

struct Watch {
    path: String,
    key: String,
    state: RwSignal<State>,
    timer: Option<TimeoutHandle>,
    is_sending: bool,
    /// Typed after what is on its way.
    is_newer: bool,
}

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

fn with<T>(act: impl FnOnce(&mut Watch) -> T) -> Option<T> {
    WATCH.with_borrow_mut(|watch| watch.as_mut().map(act))
}

pub(super) fn watch(path: String, key: String, state: RwSignal<State>) {
    let key = format!("konstruct:draft:{key}");
    let left = storage().and_then(|storage| storage.get_item(&key).ok().flatten());
    let (timer, is_sending, is_newer) = (None, false, false);
    WATCH.set(Some(Watch { path, key, state, timer, is_sending, is_newer }));
    let shown = form::design().and_then(|form| typed(&form));
    match (left, shown) {
        // The page shows it: it came back with a form, and is saved from here.
        (Some(left), Some(shown)) if said(&left) == said(&text(&shown)) => later(PAUSE),
        (Some(_), _) => state.set(State::Left),
        (None, _) => {}
    }
    drop(window_event_listener(ev::input, |event| {
        let field = event.target().and_then(|it| it.dyn_into::<Element>().ok());
        let name = field.as_ref().and_then(|it| it.get_attribute("name")).unwrap_or_default();
        let ours = field.and_then(|it| it.closest("#design").ok().flatten()).is_some();
        if ours && !ASIDE.contains(&name.as_str()) {
            keep();
            later(PAUSE);
        }
    }));
    for again in ["focus", "online"] {
        drop(window_event_listener_untyped(again, |_| {
            let state = with(|watch| watch.state.get_untracked());
            if matches!(state, Some(State::Offline | State::Ended)) {
                save();
            }
        }));
    }
}

/// The draft as it stands in the form.
fn typed(form: &HtmlFormElement) -> Option<UrlSearchParams> {
    let sent = form::sent(form)?;
    for name in ASIDE {
        sent.delete(name);
    }
    Some(sent)
}

fn text(sent: &UrlSearchParams) -> String {
    sent.to_string().into()
}

/// The same without the revision.
fn said(text: &str) -> Option<String> {
    let sent = UrlSearchParams::new_with_str(text).ok()?;
    sent.delete("revision");
    Some(self::text(&sent))
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn keep() {
    let text = form::design().and_then(|form| typed(&form)).map(|sent| text(&sent));
    let key = with(|watch| watch.key.clone());
    if let (Some(text), Some(key), Some(storage)) = (text, key, storage()) {
        // A full or forbidden storage keeps nothing; the form still does.
        drop(storage.set_item(&key, &text));
    }
}

fn later(pause: Duration) {
    with(|watch| {
        watch.is_newer = watch.is_sending;
        if let Some(timer) = watch.timer.take() {
            timer.clear();
        }
        watch.timer = set_timeout_with_handle(save, pause).ok();
    });
}

fn save() {
    let Some(sent) = form::design().and_then(|form| typed(&form)) else { return };
    let begun = with(|watch| {
        if watch.is_sending {
            watch.is_newer = true;
            return None;
        }
        watch.is_sending = true;
        watch.is_newer = false;
        watch.state.set(State::Saving);
        Some(watch.path.clone())
    });
    let Some(path) = begun.flatten() else { return };
    spawn_local(async move {
        let answer = form::post(&path, &sent, None).await;
        let state = match answer {
            Ok(response) if response.ok() => match read(&response).await {
                Some(kept) => shown(kept, &sent),
                None => State::Offline,
            },
            Ok(response) if response.status() == 401 => State::Ended,
            Ok(response) if response.status() == 403 || response.status() == 404 => {
                State::Wrong("your role does not allow this any more".to_owned())
            }
            Ok(response) if response.status() == 400 || response.status() == 413 => {
                State::Wrong("this is more than can be stored".to_owned())
            }
            Ok(_) | Err(_) => State::Offline,
        };
        let again = matches!(state, State::Offline | State::Ended);
        let newer = with(|watch| {
            watch.is_sending = false;
            watch.state.set(state);
            watch.is_newer
        });
        match (newer, again) {
            (Some(true), false) => later(PAUSE),
            (_, true) => later(AGAIN),
            (Some(false) | None, false) => {}
        }
    });
}

async fn read(response: &Response) -> Option<Kept> {
    let text = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    serde_json::from_str(&text).ok()
}

fn shown(kept: Kept, sent: &UrlSearchParams) -> State {
    match kept {
        Kept::Saved { revision, since } => {
            follow(revision, sent);
            State::Saved(time(), since)
        }
        Kept::Merged { revision, theirs, labels, reload, .. } => {
            let all = theirs.iter().filter(|(name, text)| take(name, text, sent)).count();
            // A form that does not show all of theirs still goes beyond what it began with.
            if all == theirs.len() && !reload {
                follow(revision, sent);
            }
            State::Merged(time(), labels, reload)
        }
        Kept::Conflict { labels } => State::Conflict(labels),
        Kept::Wrong(problem) => State::Wrong(problem),
    }
}

/// The next save says this revision, and nothing needs to be kept here.
fn follow(revision: u32, sent: &UrlSearchParams) {
    take("revision", &revision.to_string(), sent);
    let is_newer = with(|watch| watch.is_newer).unwrap_or_default();
    if is_newer {
        keep();
    } else if let (Some(key), Some(storage)) = (with(|watch| watch.key.clone()), storage()) {
        drop(storage.remove_item(&key));
    }
}

/// Puts a value into a control, unless something else was typed there meanwhile.
fn take(name: &str, value: &str, sent: &UrlSearchParams) -> bool {
    let boxes = boxes(name);
    if !boxes.is_empty() {
        return tick(&boxes, value, &sent.get_all(name));
    }
    let control = form::design().and_then(|form| form.elements().named_item(name));
    let Some(control) = control else { return false };
    let before = sent.get(name).unwrap_or_default();
    // What is sent has the line ends of forms.
    let same = |now: String| now == before.replace("\r\n", "\n");
    if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
        same(area.value()) && {
            area.set_value(value);
            true
        }
    } else if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
        same(input.value()) && {
            input.set_value(value);
            true
        }
    } else if let Some(select) = control.dyn_ref::<HtmlSelectElement>() {
        same(select.value()) && {
            select.set_value(value);
            true
        }
    } else {
        false
    }
}

/// The boxes that share a name.
fn boxes(name: &str) -> Vec<HtmlInputElement> {
    let all = format!("#design input[type=checkbox][name={name}]");
    let Ok(found) = document().query_selector_all(&all) else { return Vec::new() };
    (0..found.length()).filter_map(|nth| found.get(nth)?.dyn_into().ok()).collect()
}

/// Ticks what somebody else ticked, a name a line: unless something else was ticked here meanwhile, or the
/// form would not say it in the same order.
fn tick(boxes: &[HtmlInputElement], value: &str, sent: &js_sys::Array) -> bool {
    let before: Vec<_> = sent.iter().filter_map(|name| name.as_string()).collect();
    let names = |is_in: &dyn Fn(&HtmlInputElement) -> bool| -> Vec<String> {
        boxes.iter().filter(|it| is_in(it)).map(HtmlInputElement::value).collect()
    };
    let wanted: Vec<_> = value.lines().map(str::to_owned).collect();
    let is_wanted = |it: &HtmlInputElement| wanted.contains(&it.value());
    if names(&HtmlInputElement::checked) != before || names(&is_wanted) != wanted {
        return false;
    }
    for it in boxes {
        it.set_checked(is_wanted(it));
    }
    true
}

/// `12:03`, where the reader is.
fn time() -> String {
    let now = js_sys::Date::new_0();
    format!("{:02}:{:02}", now.get_hours(), now.get_minutes())
}

/// The page is asked again with what this browser has kept, and the revision that it began with.
pub(super) fn bring_back() {
    let (Some(form), Some(key)) = (form::design(), with(|watch| watch.key.clone())) else { return };
    let kept = storage().and_then(|storage| storage.get_item(&key).ok().flatten());
    let Some(kept) = kept.and_then(|text| UrlSearchParams::new_with_str(&text).ok()) else {
        return;
    };
    kept.set("do", "show");
    let fields = || -> Option<HtmlFormElement> {
        let copy = document().create_element("form").ok()?;
        copy.set_attribute("method", "post").ok()?;
        copy.set_attribute("action", &form.get_attribute("action")?).ok()?;
        for pair in js_sys::try_iter(&kept).ok()?? {
            let pair = js_sys::Array::from(&pair.ok()?);
            let input = document().create_element("input").ok()?;
            input.set_attribute("type", "hidden").ok()?;
            input.set_attribute("name", &pair.get(0).as_string()?).ok()?;
            input.set_attribute("value", &pair.get(1).as_string()?).ok()?;
            copy.append_child(&input).ok()?;
        }
        document().body()?.append_child(&copy).ok()?;
        copy.dyn_into().ok()
    };
    if let Some(copy) = fields() {
        drop(copy.submit());
    }
}
