//! What the pages' islands are made of: the files that `cargo xtask site` writes.
//!
//! Their address holds a hash of their content, so a browser keeps them for ever, and a page of the
//! last release never loads a half of this one. Without them pages are shown and forms work; only the
//! islands stay asleep.

use std::{collections::BTreeMap, io::Write as _, path::Path, sync::Arc};

use anyhow::Context as _;
use axum::{
    body::Bytes,
    extract::{Path as Named, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};

use super::{Portal, error::PageError, headers::Immutable};

/// The names of the files in their directory.
const FILES: [(&str, &str); 2] =
    [("portal.js", "text/javascript; charset=utf-8"), ("portal_bg.wasm", "application/wasm")];

/// One file, as it is and compressed.
#[derive(Debug)]
struct File {
    kind: &'static str,
    plain: Bytes,
    brotli: Option<Bytes>,
}

/// All files of the site.
#[derive(Clone, Debug, Default)]
pub struct Assets(Arc<Site>);

#[derive(Debug, Default)]
struct Site {
    version: String,
    files: BTreeMap<&'static str, File>,
}

impl Assets {
    /// Reads the site's directory. One that is not there is an empty one.
    pub fn read(dir: &Path, stylesheet: String) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for (name, kind) in FILES {
            let path = dir.join(name);
            let plain = match std::fs::read(&path) {
                Ok(plain) => plain,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error).with_context(|| path.display().to_string()),
            };
            let brotli = std::fs::read(dir.join(format!("{name}.br"))).ok().map(Bytes::from);
            files.insert(name, File { kind, plain: plain.into(), brotli });
        }
        if files.len() < FILES.len() {
            tracing::warn!(dir = %dir.display(), "the islands' files are not there");
            files.clear();
        }
        let (kind, plain) = ("text/css; charset=utf-8", Bytes::from(stylesheet));
        let brotli = Some(smaller(&plain).context("compress the sheet of style")?);
        files.insert("portal.css", File { kind, plain, brotli });
        let mut hash = Sha256::new();
        for file in files.values() {
            hash.update(&file.plain);
        }
        let version = hex::encode(hash.finalize().first_chunk::<8>().copied().unwrap_or_default());
        Ok(Self(Arc::new(Site { version, files })))
    }

    /// Names what this release's pages are made of.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// The directory of the files, as pages name it: without a slash at either end.
    pub fn base(&self) -> String {
        format!("assets/{}", self.0.version)
    }

    /// Whether islands can wake up.
    pub fn has_islands(&self) -> bool {
        1 < self.0.files.len()
    }
}

/// As brotli makes it; done once, when the process starts.
fn smaller(plain: &[u8]) -> std::io::Result<Bytes> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 9, 22);
    writer.write_all(plain)?;
    writer.flush()?;
    Ok(writer.into_inner().into())
}

/// `GET /assets/{version}/{file}`.
pub async fn serve(
    State(portal): State<Portal>,
    Named((version, name)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let site = &portal.assets.0;
    let file = site.files.get(name.as_str()).filter(|_| version == site.version);
    let file = file.ok_or(PageError::NotFound)?;
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let takes_brotli = accepted.is_some_and(|all| all.split(',').any(|it| it.trim() == "br"));
    let mut response = match (&file.brotli, takes_brotli) {
        (Some(brotli), true) => {
            let encoding = (header::CONTENT_ENCODING, HeaderValue::from_static("br"));
            ([encoding], brotli.clone()).into_response()
        }
        (Some(_) | None, _) => file.plain.clone().into_response(),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    response.extensions_mut().insert(Immutable);
    Ok(response)
}
