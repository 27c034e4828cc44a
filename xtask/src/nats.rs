//! One nats-server with JetStream on loopback, behind a password.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::child::{Dirs, Service};
use crate::random::write_private;
use crate::stop::Stop;

/// What streams may reserve together, as in deploy/nats.conf: unless it is said, it is three quarters of the
/// free disk, and set-up fails where less is free than nobody will write for long.
const FILE_STORE_MAX: &str = "12GB";

const START_MAX: Duration = Duration::from_secs(20);
const USER: &str = "konstruct";

pub(crate) struct Nats {
    pub(crate) service: Service,
    pub(crate) url: String,
}

impl Nats {
    /// Data in `dir/jetstream`; the server picks its own free ports and tells them in a file.
    pub(crate) fn start(
        program: &Path,
        dir: &Path,
        password: &str,
        dirs: &Dirs,
        stop: &Stop,
    ) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let config_file = dir.join("nats.conf");
        write_private(&config_file, &config(dir, password))?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&config_file);
        let mut service = Service::start("nats", command, dirs)?;
        let ports = ports_file(dir, program, service.pid());
        let url = service
            .wait(stop, START_MAX, || url_in(&fs::read_to_string(&ports).ok()?, password))?;
        Ok(Self { service, url })
    }
}

fn config(dir: &Path, password: &str) -> String {
    let quoted = |name: &str| serde_json::json!(dir.join(name)).to_string();
    let (store, ports) = (quoted("jetstream"), serde_json::json!(dir).to_string());
    format!(
        "# Written anew by every `cargo xtask dev`.\n\
         server_name: konstruct-dev\n\
         listen: \"127.0.0.1:-1\"\n\
         http: \"127.0.0.1:-1\"\n\
         ports_file_dir: {ports}\n\
         jetstream {{ store_dir: {store}, sync_interval: always, max_file_store: {FILE_STORE_MAX} }}\n\
         authorization {{ user: {USER}, password: \"{password}\" }}\n"
    )
}

/// The server names the file after its program and process.
fn ports_file(dir: &Path, program: &Path, pid: u32) -> PathBuf {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    dir.join(format!("{name}_{pid}.ports"))
}

fn url_in(ports: &str, password: &str) -> Option<String> {
    let ports: serde_json::Value = serde_json::from_str(ports).ok()?;
    let address = ports.get("nats")?.get(0)?.as_str()?.strip_prefix("nats://")?;
    Some(format!("nats://{USER}:{password}@{address}"))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_server_listens_on_loopback_behind_a_password() {
        expect![[r#"
            # Written anew by every `cargo xtask dev`.
            server_name: konstruct-dev
            listen: "127.0.0.1:-1"
            http: "127.0.0.1:-1"
            ports_file_dir: "/d"
            jetstream { store_dir: "/d/jetstream", sync_interval: always, max_file_store: 12GB }
            authorization { user: konstruct, password: "pw" }
        "#]]
        .assert_eq(&config(Path::new("/d"), "pw"));
    }

    #[test]
    fn the_address_comes_from_the_ports_file_once_it_is_whole() {
        let whole =
            r#"{"nats": ["nats://127.0.0.1:4300"], "monitoring": ["http://127.0.0.1:8300"]}"#;
        assert_eq!(url_in(whole, "pw").as_deref(), Some("nats://konstruct:pw@127.0.0.1:4300"));
        assert_eq!(url_in(r#"{"nats": ["nats://127"#, "pw"), None);
    }
}
