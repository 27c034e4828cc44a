//! The browser's half: the stream, and whether somebody has scrolled away.

use std::{cell::Cell, rc::Rc, time::Duration};

use leptos::{
    leptos_dom::helpers::window_event_listener,
    prelude::*,
    wasm_bindgen::{JsCast as _, closure::Closure},
};
use web_sys::{EventSource, MessageEvent};

use super::{Line, State, Tail};

/// Scrolled further than this, somebody reads older lines.
const SCROLLED: f64 = 160.0;

/// How long to wait before the stream is opened once more where the server said no, e.g. since this
/// browser came back too often. After the last one it has ended.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(40),
];

/// Follows the stream until the page is left.
pub(super) fn follow(tail: Tail, stream: String) {
    Effect::new(move || open(tail, &stream, 0));
    let scrolled = window_event_listener(leptos::ev::scroll, move |_| {
        let away = window().scroll_y().is_ok_and(|y| SCROLLED < y);
        tail.hold(|pause| pause.scrolled = away);
    });
    // It lives as long as the page does.
    core::mem::forget(scrolled);
}

/// Opens the stream; `tries` have failed since it last was open.
fn open(tail: Tail, stream: &str, tries: usize) {
    let newest = tail.lines.with_untracked(|lines| lines.first().map(|line| line.seq));
    let held = tail.held.with_untracked(|held| held.last().map(|line| line.seq));
    let Ok(source) = EventSource::new(&from(stream, newest.max(held))) else {
        tail.state.set(State::Ended);
        return;
    };
    listen(&source, tail, stream.to_owned(), tries);
}

/// The same stream from after the newest that is here.
fn from(stream: &str, newest: Option<u64>) -> String {
    let Some(newest) = newest else { return stream.to_owned() };
    let (path, after) = stream.split_once("&after=").unwrap_or((stream, "0"));
    // A filter leaves out what is newer than the newest line.
    let after = after.parse().map_or(newest, |after: u64| after.max(newest));
    format!("{path}&after={after}")
}

/// To where the newest is.
pub(super) fn to_top() {
    window().scroll_to_with_x_and_y(0.0, 0.0);
}

fn listen(source: &EventSource, tail: Tail, stream: String, tries: usize) {
    let failed = Rc::new(Cell::new(tries));
    let opened = Rc::clone(&failed);
    let open_now = Closure::<dyn FnMut()>::new(move || {
        opened.set(0);
        tail.state.set(State::Live);
    });
    source.set_onopen(Some(open_now.as_ref().unchecked_ref()));
    open_now.forget();
    let news = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let line =
            event.data().as_string().and_then(|text| serde_json::from_str::<Line>(&text).ok());
        if let Some(line) = line {
            tail.take(line);
        }
    });
    source.set_onmessage(Some(news.as_ref().unchecked_ref()));
    news.forget();
    let missed = Closure::<dyn FnMut()>::new(move || tail.state.set(State::Missed));
    drop(source.add_event_listener_with_callback("missed", missed.as_ref().unchecked_ref()));
    missed.forget();
    let held = source.clone();
    let broken = Closure::<dyn FnMut()>::new(move || {
        if held.ready_state() != EventSource::CLOSED {
            tail.state.set(State::Reconnecting);
            return;
        }
        // The server said no, and the browser does not come back by itself.
        let tries = failed.get();
        let Some(pause) = PAUSES.get(tries) else {
            tail.state.set(State::Ended);
            return;
        };
        tail.state.set(State::Reconnecting);
        let stream = stream.clone();
        set_timeout(move || open(tail, &stream, tries + 1), *pause);
    });
    source.set_onerror(Some(broken.as_ref().unchecked_ref()));
    broken.forget();
}
