//! `cargo xtask site`: what runs in the browser, built and laid beside the executables.
//!
//! The library that makes JavaScript of a module stands in our lock file, so it is never of another
//! version than the module; no program has to be installed.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::child::run_ok;
use crate::fetch;
use crate::home::Home;
use crate::out;
use crate::stop::Stop;

const TARGET: &str = "wasm32-unknown-unknown";
const FILES: [&str; 2] = ["portal.js", "portal_bg.wasm"];

/// Builds the site; the same every time, whichever profile the server has.
pub(crate) fn site(home: &Home, stop: &Stop) -> Result<PathBuf> {
    fetch::wasm_target(home, stop)?;
    let build = ["rustc", "-p", "portal", "--lib", "--crate-type", "cdylib"];
    let browser = ["--features", "hydrate", "--target", TARGET, "--profile", "site"];
    run_ok(home.cargo(&[&build[..], &browser[..]].concat()), stop)?;
    let module = home.built(TARGET, "site/portal.wasm");
    let dir = home.built("site", "");
    if is_newer(&dir.join(FILES[1]), &module) {
        return Ok(dir);
    }
    out::say("binding what runs in the browser");
    fs::create_dir_all(&dir)?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&module).out_name("portal").typescript(false);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.web(true)?.generate(&dir).context("cannot bind what runs in the browser")?;
    for name in FILES {
        compress(&dir.join(name))?;
    }
    Ok(dir)
}

/// Whether `made` was written after `source`.
fn is_newer(made: &Path, source: &Path) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|it| it.modified()).ok();
    time(made).zip(time(source)).is_some_and(|(made, source)| source < made)
}

/// A copy as small as brotli makes it, beside the file: done once, served ever after.
fn compress(path: &Path) -> Result<()> {
    let plain = fs::read(path)?;
    let target = path.with_added_extension("br");
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 11, 22);
    writer.write_all(&plain)?;
    let compressed = writer.into_inner();
    out::say(format!(
        "{}: {} bytes, {} over the wire",
        path.display(),
        plain.len(),
        compressed.len()
    ));
    fs::write(target, compressed)?;
    Ok(())
}
