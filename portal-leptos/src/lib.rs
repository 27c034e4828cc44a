//! The portal: where operators hire, shape, watch and correct AI employees.
//!
//! Pages are rendered whole by the server: a handler loads what a page shows, and whether it may be
//! seen is decided before a byte is written. Forms are plain forms, links are plain links; what needs
//! a browser is an island (see [`islands`]), and nothing is lost without it.
//!
//! **Invariant:** what changes anything is a POST, and each route says in one table what it takes.
//! The one exception is the way back from a provider of identities, which opens a session.

// The type of a view has all of its elements in it, and is deeper than most.
#![recursion_limit = "256"]
#![allow(clippy::needless_pass_by_value, reason = "a view takes what it shows, as components must")]

pub mod islands;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
pub mod server;

/// Called once by the page, before its islands wake up.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
