//! The browser that the portal's tests drive: Chromium and its driver, as the distribution has them.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::child::run_ok;
use crate::out;
use crate::stop::Stop;

const DRIVER: &str = "chromedriver";
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Makes sure that both are there; installs them where that needs nobody's password.
pub(crate) fn ensure(stop: &Stop) -> Result<()> {
    if is_there() {
        return Ok(());
    }
    let packages = PACKAGES.join(" ");
    if !rustix::process::getuid().is_root() || !Path::new("/usr/bin/apt-get").exists() {
        bail!(
            "the portal's tests need Chromium and `{DRIVER}`: install them (on Debian: `apt install \
             {packages}`)"
        );
    }
    out::say(format!("installing {packages}"));
    let mut update = Command::new("apt-get");
    update.args(["-qq", "update"]);
    run_ok(update, stop)?;
    let mut install = Command::new("apt-get");
    install.args(["-qq", "install", "--yes", "--no-install-recommends"]).args(PACKAGES);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    run_ok(install, stop)
}

fn is_there() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(DRIVER).exists())
}
