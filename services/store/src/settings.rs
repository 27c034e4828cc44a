//! How to reach a database, and the bounds of every connection to it.

use std::{fmt, path::PathBuf, str::FromStr as _, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use crate::{Role, StoreError};

/// From nothing to a session.
pub(crate) const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);
/// For a connection of the pool to become free.
pub(crate) const POOL_WAIT_MAX: Duration = Duration::from_secs(5);
/// For one statement. Nothing we do in a request comes near.
const STATEMENT_MS_MAX: u32 = 30_000;
/// For one statement of a page.
const READ_MS_MAX: u32 = 5_000;
/// For one lock: another worker's transaction is over long before.
const LOCK_MS_MAX: u32 = 10_000;
/// For a transaction in which nothing happens: its program hangs, and its locks must go.
const IDLE_MS_MAX: u32 = 60_000;
/// Connections of a pool, when nobody chose otherwise.
pub(crate) const POOL_SIZE_DEFAULT: usize = 16;

/// Where the database is. The URL holds a password, so nothing here is shown.
#[derive(Clone)]
pub struct Settings {
    pub(crate) url: String,
    pub(crate) pool_size: usize,
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether it is only read, for people who wait for a page.
    pub(crate) reads: bool,
    /// Whether generations are compared: one moment for all of it, however long it takes.
    compares: bool,
    /// The schema that is looked at before `public`.
    schema: Option<&'static str>,
}

/// The app role looks rows up by their keys, with the same statements again and again. They are planned
/// once, and not for the small table that happens to be there: such a plan reads all of a table that
/// has grown.
const KEYS_ONLY: &str = " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
                         -c plan_cache_mode=force_generic_plan";

/// Sums over whole tables, of one moment. Nobody waits for a lock of it, and a person can stop it.
const COMPARES: &str =
    " -c default_transaction_isolation=repeatable\\ read -c statement_timeout=0 -c jit=off";

/// What people look at is filtered and sorted in many ways: each is planned for what it asks, and writes
/// nothing.
const READS: &str =
    " -c default_transaction_read_only=on -c plan_cache_mode=force_custom_plan -c jit=off";

impl Settings {
    /// A database at `postgres://role:password@host:port/name`. With `sslmode=require` the server
    /// must prove who it is; so it must with `prefer`, once it speaks TLS.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: POOL_SIZE_DEFAULT,
            ca_file: None,
            reads: false,
            compares: false,
            schema: None,
        }
    }

    /// With so many connections at most.
    #[must_use]
    pub fn pool_size(self, connections: usize) -> Self {
        Self { pool_size: connections.max(1), ..self }
    }

    /// With the authority that signed the server's certificate, a PEM file, instead of the
    /// system's.
    #[must_use]
    pub fn ca_file(self, path: Option<PathBuf>) -> Self {
        Self { ca_file: path, ..self }
    }

    pub(crate) fn reading(&self) -> Self {
        Self { reads: true, ..self.clone() }
    }

    pub(crate) fn comparing(&self) -> Self {
        Self { compares: true, ..self.clone() }
    }

    /// Names are looked for in `schema` first.
    pub(crate) fn within(&self, schema: &'static str) -> Self {
        Self { schema: Some(schema), ..self.clone() }
    }

    /// What the driver needs, bounds included.
    pub(crate) fn config(&self, role: Role) -> Result<Config, StoreError> {
        // Ours always verifies in full, which the driver does not know by that name.
        let url = self.url.replace("sslmode=verify-full", "sslmode=require");
        let mut config = Config::from_str(&url).map_err(|_| {
            StoreError::Refused(format!(
                "{} is not a PostgreSQL URL (postgres://role:password@host:port/name)",
                role.setting()
            ))
        })?;
        let program = config.get_application_name().unwrap_or("konstruct").to_owned();
        config
            .application_name(program)
            .connect_timeout(CONNECT_WAIT_MAX)
            .keepalives_idle(Duration::from_secs(30))
            .tcp_user_timeout(Duration::from_secs(30));
        if role != Role::Owner {
            let statement_ms = if self.reads { READ_MS_MAX } else { STATEMENT_MS_MAX };
            config.options(format!(
                "-c statement_timeout={statement_ms} -c lock_timeout={LOCK_MS_MAX} \
                 -c idle_in_transaction_session_timeout={IDLE_MS_MAX}{}{}",
                match role {
                    _ if self.reads => READS,
                    _ if self.compares => COMPARES,
                    Role::App => KEYS_ONLY,
                    Role::Platform | Role::Owner => "",
                },
                match self.schema {
                    Some(schema) => format!(" -c search_path={schema},public"),
                    None => String::new(),
                }
            ));
        }
        if config.get_ssl_mode() == SslMode::Prefer && config.get_hosts().iter().all(is_local) {
            config.ssl_mode(SslMode::Disable);
        }
        Ok(config)
    }
}

/// Nobody listens between us and this machine itself.
fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        Host::Unix(_) => true,
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("pool_size", &self.pool_size)
            .field("ca_file", &self.ca_file)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_left_out_only_on_this_machine() {
        let cases = [
            ("postgres://a:b@localhost/k", SslMode::Disable),
            ("postgres://a:b@127.0.0.1:5433/k", SslMode::Disable),
            ("postgres://a:b@db.example.com/k", SslMode::Prefer),
            ("postgres://a:b@localhost/k?sslmode=require", SslMode::Require),
            ("postgres://a:b@db.example.com/k?sslmode=verify-full", SslMode::Require),
        ];
        for (url, want) in cases {
            assert_eq!(Settings::new(url).config(Role::App).unwrap().get_ssl_mode(), want, "{url}");
        }
    }

    #[test]
    fn a_generation_is_looked_at_before_what_is_live() {
        let settings = Settings::new("postgres://a:b@localhost/k").within("models_next");
        let config = settings.config(Role::App).unwrap();
        let options = config.get_options().unwrap();
        assert!(options.ends_with(" -c search_path=models_next,public"), "{options}");
        let settings = Settings::new("postgres://a:b@localhost/k").comparing();
        let config = settings.config(Role::Platform).unwrap();
        let options = config.get_options().unwrap();
        assert!(
            options.contains(r" -c default_transaction_isolation=repeatable\ read "),
            "{options}"
        );
    }

    #[test]
    fn a_bad_url_is_named_by_its_setting_and_not_shown() {
        let settings = Settings::new("postgres://konstruct_app:hunter2@[::bad/k");
        let error = settings.config(Role::App).unwrap_err().to_string();
        let want = "KONSTRUCT_DATABASE_URL is not a PostgreSQL URL \
                    (postgres://role:password@host:port/name)";
        assert_eq!(error, want);
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
