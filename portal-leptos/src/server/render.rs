//! A page as text: the document around it, and the page of an error.
//!
//! What a page shows is loaded before; rendering waits for nothing and cannot fail.

mod failed;

use std::sync::Arc;

use accounts::Signed;
use axum::{
    extract::{FromRequestParts, Request},
    http::{Extensions, HeaderMap, StatusCode, Uri, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use hydration_context::SsrSharedContext;
use leptos::{config::LeptosOptions, hydration::HydrationScripts, prelude::*};

use portal_ui::{Banner, PlainPage, Theme, format::escaped};
use schemas::Timestamp;

use super::{
    Portal,
    error::PageError,
    flash::{Flash, cookie},
    frame::frame,
    headers::{NoScript, Nonce, Reference},
};

pub use self::failed::error_page;

/// Who asks, for what, and how it should look.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The path without its query.
    pub path: String,
    /// The path with its query.
    pub target: String,
    /// Whoever is signed in.
    pub signed: Option<Signed>,
    /// What a person quotes and an engineer searches for.
    pub reference: String,
    /// What the form before has to say.
    pub flash: Option<Flash>,
    /// How it should look.
    pub theme: Theme,
    /// Whether single keys do something.
    pub single_keys: bool,
    nonce: Arc<str>,
}

/// The theme's cookie.
pub const THEME_COOKIE: &str = "__Host-ks-theme";

/// The cookie that says whether single keys do something; without it they do.
pub const SINGLE_KEYS_COOKIE: &str = "__Host-ks-single-keys";

impl Asked {
    /// What a request asks.
    pub fn of(request: &Request) -> Self {
        Self::read(request.uri(), request.headers(), request.extensions())
    }

    fn read(uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> Self {
        let nonce = extensions.get::<Nonce>().map_or_else(|| Arc::from(""), |it| Arc::clone(&it.0));
        Self {
            path: uri.path().to_owned(),
            target: uri.path_and_query().map_or("/", |it| it.as_str()).to_owned(),
            signed: extensions.get::<Signed>().cloned(),
            reference: extensions
                .get::<Reference>()
                .map_or_else(String::new, |it| it.0.to_string()),
            flash: Flash::of(headers),
            theme: cookie(headers, THEME_COOKIE).and_then(Theme::parse).unwrap_or_default(),
            single_keys: cookie(headers, SINGLE_KEYS_COOKIE) != Some("off"),
            nonce,
        }
    }
}

/// What a page of somebody who is signed in starts from.
#[derive(Clone)]
pub struct Cx {
    /// The portal.
    pub portal: Portal,
    /// The request.
    pub asked: Asked,
    /// Who is signed in.
    pub signed: Signed,
}

impl FromRequestParts<Portal> for Cx {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, PageError> {
        let asked = Asked::read(&parts.uri, &parts.headers, &parts.extensions);
        // The route's guard has let the request through, so there is somebody.
        let signed = asked.signed.clone().ok_or(PageError::Internal)?;
        Ok(Self { portal: portal.clone(), asked, signed })
    }
}

impl Cx {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.portal.clock.now()
    }

    /// The page of that title. `body` builds what stands in its middle.
    pub fn page(&self, title: &str, body: impl FnOnce() -> AnyView) -> Response {
        self.page_with(StatusCode::OK, title, body)
    }

    /// The same with another status, e.g. for a form with problems.
    pub fn page_with(
        &self,
        status: StatusCode,
        title: &str,
        body: impl FnOnce() -> AnyView,
    ) -> Response {
        framed(status, &self.portal, &self.asked, title, body)
    }
}

/// What a page of somebody who is not signed in starts from: no frame, no script.
#[derive(Clone)]
pub struct PlainCx {
    /// The portal.
    pub portal: Portal,
    /// The request.
    pub asked: Asked,
}

impl FromRequestParts<Portal> for PlainCx {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, PageError> {
        let asked = Asked::read(&parts.uri, &parts.headers, &parts.extensions);
        Ok(Self { portal: portal.clone(), asked })
    }
}

impl PlainCx {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.portal.clock.now()
    }

    /// A card of that title.
    pub fn page(
        &self,
        status: StatusCode,
        (title, lead): (&str, Option<&str>),
        body: impl FnOnce() -> AnyView,
    ) -> Response {
        let reference = self.asked.reference.clone();
        let (title, lead) = (title.to_owned(), lead.map(str::to_owned));
        let said = self.asked.flash.clone();
        plain(status, &self.portal, &self.asked, &title.clone(), || {
            let said =
                said.map(|Flash { tone, text }| view! { <Banner tone=tone.of_ui() title=text /> });
            let body = view! { {said} {body()} }.into_any();
            match lead {
                Some(lead) => {
                    view! { <PlainPage title lead reference>{body}</PlainPage> }.into_any()
                }
                None => view! { <PlainPage title reference>{body}</PlainPage> }.into_any(),
            }
        })
    }
}

/// A page within the frame, for somebody who is signed in; else a plain one.
fn framed(
    status: StatusCode,
    portal: &Portal,
    asked: &Asked,
    title: &str,
    body: impl FnOnce() -> AnyView,
) -> Response {
    let Some(signed) = &asked.signed else {
        return plain(status, portal, asked, title, body);
    };
    let html = render(&asked.nonce, || {
        let body = frame(portal, asked, signed, body());
        document(portal, asked, title, scripts(portal), body)
    });
    finish(status, asked, html)
}

/// A page without scripts.
fn plain(
    status: StatusCode,
    portal: &Portal,
    asked: &Asked,
    title: &str,
    body: impl FnOnce() -> AnyView,
) -> Response {
    let html = render(&asked.nonce, || document(portal, asked, title, None, body()));
    let mut response = finish(status, asked, html);
    response.extensions_mut().insert(NoScript);
    response
}

fn finish(status: StatusCode, asked: &Asked, html: String) -> Response {
    let mut response = (status, Html(html)).into_response();
    if asked.flash.is_some() {
        response.headers_mut().append(header::SET_COOKIE, Flash::gone());
    }
    response
}

/// Renders in an owner of its own, which is gone with everything it made.
fn render(nonce: &Arc<str>, view: impl FnOnce() -> AnyView) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let html = owner.with(|| {
        provide_context(leptos::nonce::Nonce::from_value(Arc::clone(nonce)));
        view().to_html()
    });
    drop(owner);
    format!("<!DOCTYPE html>{html}")
}

/// leptos wakes islands in a page's first idle moment, however late that is. Chromium may give none to a
/// page that comes while a key is held, so no page waits longer than this (milliseconds).
const IDLE_AT_LAST: &str = "{
    const idle = window.requestIdleCallback;
    if (idle) window.requestIdleCallback = callback => idle(callback, { timeout: 300 });
}";

fn scripts(portal: &Portal) -> Option<AnyView> {
    let base = portal.assets.base();
    let options = LeptosOptions::builder().output_name("portal").site_pkg_dir(base).build();
    let awake = portal.assets.has_islands();
    awake.then(|| {
        let nonce = leptos::nonce::use_nonce();
        view! {
            <script nonce=nonce inner_html=IDLE_AT_LAST></script>
            <HydrationScripts options islands=true />
        }
        .into_any()
    })
}

fn document(
    portal: &Portal,
    asked: &Asked,
    title: &str,
    scripts: Option<AnyView>,
    body: AnyView,
) -> AnyView {
    let style = format!("/{}/portal.css", portal.assets.base());
    let title = escaped(&format!("{title} · Konstruct"));
    let version = portal.assets.version().to_owned();
    let single_keys = if asked.single_keys { "on" } else { "off" };
    view! {
        <html
            lang="en"
            data-theme=asked.theme.word()
            data-version=version
            data-single-keys=single_keys
        >
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title inner_html=title></title>
                <link rel="stylesheet" href=style />
                <link rel="icon" href="data:," />
                {scripts}
            </head>
            <body>{body}</body>
        </html>
    }
    .into_any()
}
