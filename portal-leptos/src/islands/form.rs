//! The form of an agent, from an island.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, FormData, HtmlFormElement, ReadableStreamDefaultReader, RequestInit, Response,
    UrlSearchParams,
};

/// The form, where there is one.
pub(crate) fn design() -> Option<HtmlFormElement> {
    document().get_element_by_id("design")?.dyn_into().ok()
}

/// What pressing a button would send.
pub(crate) fn sent(form: &HtmlFormElement) -> Option<UrlSearchParams> {
    let data = FormData::new_with_form(form).ok()?;
    UrlSearchParams::new_with_str_sequence_sequence(&data).ok()
}

/// Sends it in the background.
pub(crate) async fn post(
    path: &str,
    sent: &UrlSearchParams,
    signal: Option<&AbortSignal>,
) -> Result<Response, JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(sent);
    init.set_signal(signal);
    JsFuture::from(window().fetch_with_str_and_init(path, &init)).await?.dyn_into()
}

/// The next bytes of an answer; none at its end, or where it breaks.
pub(crate) async fn chunk(reader: &ReadableStreamDefaultReader) -> Option<Vec<u8>> {
    let read = JsFuture::from(reader.read()).await.ok()?;
    let bytes = js_sys::Reflect::get(&read, &JsValue::from_str("value")).ok()?;
    Some(bytes.dyn_into::<js_sys::Uint8Array>().ok()?.to_vec())
}
