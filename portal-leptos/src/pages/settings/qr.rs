//! A QR code as a drawing in the page: no request, and nobody else sees what is in it.

use std::fmt::Write;

use domain::secret::Secret;
use leptos::prelude::*;
use qrcode::{Color, QrCode};

/// Modules of white around it, as readers expect.
const QUIET: usize = 4;

/// The drawing; nothing, if the text is too long for one.
pub(super) fn drawing(text: &Secret, label: &'static str) -> Option<AnyView> {
    let code = QrCode::new(text.expose().as_bytes()).ok()?;
    let side = code.width() + 2 * QUIET;
    let path = path(&code.to_colors(), code.width());
    Some(
        view! {
            <svg class="qr" viewBox=format!("0 0 {side} {side}") role="img" aria-label=label>
                <rect width=side height=side fill="#fff" />
                <path d=path fill="#000" />
            </svg>
        }
        .into_any(),
    )
}

/// One rectangle for each run of dark modules in a row.
fn path(modules: &[Color], width: usize) -> String {
    let mut path = String::new();
    for (y, row) in modules.chunks(width).enumerate() {
        let mut x = QUIET;
        for run in row.chunk_by(|one, other| one == other) {
            let len = run.len();
            if run.first() == Some(&Color::Dark) {
                _ = write!(path, "M{x} {}h{len}v1h-{len}z", y + QUIET);
            }
            x += len;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_dark_modules_become_rectangles_within_a_margin() {
        use Color::{Dark, Light};
        let modules = [Dark, Dark, Light, Light, Dark, Light, Light, Light, Light];
        assert_eq!(path(&modules, 3), "M4 4h2v1h-2zM5 5h1v1h-1z");
    }
}
