//! A page as text: the document around it, and the page of an error.
//!
//! What a page shows is loaded before; rendering waits for nothing and cannot fail.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request},
    http::{Extensions, HeaderMap, StatusCode, Uri, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use hydration_context::SsrSharedContext;
use leptos::{config::LeptosOptions, hydration::HydrationScripts, prelude::*};

use super::{
    Portal,
    error::PageError,
    flash::{Flash, cookie},
    headers::{NoScript, Nonce},
    session::Signed,
};
use crate::islands::Shell;

/// Who asks, for what, and how it should look.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The path without its query.
    pub path: String,
    /// The path with its query.
    pub target: String,
    /// Whoever is signed in.
    pub signed: Option<Signed>,
    nonce: Arc<str>,
    flash: Option<Flash>,
    theme: Theme,
}

/// Light, dark, or as the system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// As it stands in the cookie and on the document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The cookie's name; a script may read it, it is no secret.
    pub const COOKIE: &str = "__Host-ks-theme";

    /// What somebody chose.
    pub fn parse(text: &str) -> Option<Self> {
        [Theme::System, Theme::Light, Theme::Dark].into_iter().find(|it| it.as_str() == text)
    }
}

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
            nonce,
            flash: Flash::of(headers),
            theme: cookie(headers, Theme::COOKIE).and_then(Theme::parse).unwrap_or_default(),
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
        respond(status, &self.portal, &self.asked, title, body)
    }
}

fn respond(
    status: StatusCode,
    portal: &Portal,
    asked: &Asked,
    title: &str,
    body: impl FnOnce() -> AnyView,
) -> Response {
    let html = render(&asked.nonce, || document(portal, asked, title, body()));
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

fn document(portal: &Portal, asked: &Asked, title: &str, body: AnyView) -> AnyView {
    let base = portal.assets.base();
    let options = LeptosOptions::builder().output_name("portal").site_pkg_dir(base.clone()).build();
    let scripts = portal
        .assets
        .has_islands()
        .then(|| view! { <HydrationScripts options=options islands=true /> });
    view! {
        <html lang="en" data-theme=asked.theme.as_str() data-version=portal.assets.version().to_owned()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>{title.to_owned()} " · Konstruct"</title>
                <link rel="stylesheet" href=format!("/{base}/portal.css") />
                {scripts}
            </head>
            <body>{body} <Shell /></body>
        </html>
    }
    .into_any()
}

/// The page of an error, with the reference that finds it in the logs.
pub fn error_page(portal: &Portal, asked: &Asked, error: &PageError, reference: &str) -> Response {
    let (status, text, reference) = (error.status(), error.to_string(), reference.to_owned());
    respond(status, portal, asked, "Not here", || {
        view! { <main><h1>{text}</h1><p>"Reference " <code>{reference}</code></p></main> }.into_any()
    })
}
