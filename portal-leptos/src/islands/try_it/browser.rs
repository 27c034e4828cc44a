//! The half of it that runs in the browser.

use std::cell::RefCell;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast as _;
use web_sys::{AbortController, HtmlTextAreaElement, ReadableStreamDefaultReader};

use super::Talk;
use crate::islands::{
    form,
    wire::{TryEvent, TryTurn},
};

/// Where the question is typed.
const QUESTION: &str = "field-question";

thread_local! {
    /// Ends the call that is under way.
    static CALL: RefCell<Option<AbortController>> = const { RefCell::new(None) };
}

pub(super) fn ask(path: String, talk: Talk) {
    let field = document().get_element_by_id(QUESTION);
    let field = field.and_then(|it| it.dyn_into::<HtmlTextAreaElement>().ok());
    let (Some(field), Some(form)) = (field, form::design()) else { return };
    let question = field.value();
    if question.trim().is_empty() || talk.coming.with_untracked(Option::is_some) {
        return;
    }
    let Some(sent) = form::sent(&form) else { return };
    sent.set("do", "try");
    let call = AbortController::new().ok();
    let signal = call.as_ref().map(AbortController::signal);
    CALL.set(call);
    talk.problem.set(String::new());
    talk.coming.set(Some(String::new()));
    spawn_local(async move {
        match form::post(&path, &sent, signal.as_ref()).await {
            Ok(response) if response.ok() => {
                let reader = response.body().map(|body| body.get_reader());
                let reader = reader.and_then(|it| it.dyn_into().ok());
                let answer = match reader {
                    Some(reader) => read(&reader, talk).await,
                    None => Err("The answer did not come through.".to_owned()),
                };
                match answer {
                    Ok(answer) => {
                        let (facts, prompt) = (String::new(), String::new());
                        let said = TryTurn { person: true, text: question, facts, prompt };
                        talk.turns.update(|turns| turns.extend([said, answer]));
                        field.set_value("");
                    }
                    Err(problem) => talk.problem.set(problem),
                }
            }
            Ok(response) if response.status() == 401 => talk
                .problem
                .set("Your session has ended. Sign in in another tab, then ask again.".to_owned()),
            Ok(_) | Err(_) => {
                talk.problem.set("The portal did not answer. Ask again in a moment.".to_owned());
            }
        }
        talk.coming.set(None);
        CALL.set(None);
    });
}

/// The last word of the stream.
async fn read(reader: &ReadableStreamDefaultReader, talk: Talk) -> Result<TryTurn, String> {
    let mut unread = Vec::new();
    while let Some(bytes) = form::chunk(reader).await {
        unread.extend(bytes);
        while let Some(end) = unread.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = unread.drain(..=end).collect();
            match serde_json::from_slice(&line) {
                Ok(TryEvent::Text(more)) => talk.coming.update(|text| {
                    if let Some(text) = text {
                        text.push_str(&more);
                    }
                }),
                Ok(TryEvent::Restart) => talk.coming.set(Some(String::new())),
                Ok(TryEvent::Done(answer)) => return Ok(answer),
                Ok(TryEvent::Failed(problem)) => return Err(problem),
                Err(_) => return Err("The answer cannot be read: reload the page.".to_owned()),
            }
        }
    }
    Err("The answer was cut off.".to_owned())
}

pub(super) fn stop(talk: Talk) {
    if let Some(call) = CALL.take() {
        call.abort();
        talk.coming.set(None);
    }
}
