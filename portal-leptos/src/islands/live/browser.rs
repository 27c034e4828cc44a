//! The browser's half: the stream, and whether somebody has scrolled away.

use leptos::{
    leptos_dom::helpers::window_event_listener,
    prelude::*,
    wasm_bindgen::{JsCast as _, closure::Closure},
};
use web_sys::{EventSource, MessageEvent};

use super::{Line, State, Tail};

/// Scrolled further than this, somebody reads older lines.
const SCROLLED: f64 = 160.0;

/// Follows the stream until the page is left.
pub(super) fn follow(tail: Tail, stream: String) {
    Effect::new(move || {
        let Ok(source) = EventSource::new(&stream) else {
            tail.state.set(State::Ended);
            return;
        };
        listen(&source, tail);
    });
    let scrolled = window_event_listener(leptos::ev::scroll, move |_| {
        let away = window().scroll_y().is_ok_and(|y| SCROLLED < y);
        tail.hold(|pause| pause.scrolled = away);
    });
    // It lives as long as the page does.
    core::mem::forget(scrolled);
}

/// To where the newest is.
pub(super) fn to_top() {
    window().scroll_to_with_x_and_y(0.0, 0.0);
}

fn listen(source: &EventSource, tail: Tail) {
    let open = Closure::<dyn FnMut()>::new(move || tail.state.set(State::Live));
    source.set_onopen(Some(open.as_ref().unchecked_ref()));
    open.forget();
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
        // Closed for good: the server said no, e.g. since the session ended.
        let ended = held.ready_state() == EventSource::CLOSED;
        tail.state.set(if ended { State::Ended } else { State::Reconnecting });
    });
    source.set_onerror(Some(broken.as_ref().unchecked_ref()));
    broken.forget();
}
