//! How pages look: a cookie, so that the server writes it and no page flashes.

use accounts::LocalPath;
use axum::{
    extract::Form,
    http::{HeaderValue, header},
    response::Response,
};
use portal_ui::Theme;
use serde::Deserialize;

use crate::server::{
    error::{PageError, see_other},
    render::THEME_COOKIE,
    routes::{Need, Routes},
};

pub(super) fn routes() -> Routes {
    Routes::default().post("/settings/theme", Need::SignedIn, theme)
}

/// What is chosen.
#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    theme: String,
    #[serde(default)]
    next: String,
}

async fn theme(Form(chosen): Form<Chosen>) -> Result<Response, PageError> {
    let theme = Theme::parse(&chosen.theme).ok_or(PageError::BadRequest)?;
    kept(THEME_COOKIE, theme.word(), &LocalPath::parse(&chosen.next))
}

/// On to that page, with a choice that is kept for a year. It says nothing about who chose.
pub(super) fn kept(name: &str, value: &str, next: &LocalPath) -> Result<Response, PageError> {
    let cookie =
        format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000");
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| PageError::Internal)?;
    let mut response = see_other(next.as_str());
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
