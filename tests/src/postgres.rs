//! A database of its own for each test, on the real server that `cargo xtask test` starts.
//!
//! The schema is migrated once into a template, named by a hash of the migrations; a test's
//! database is a copy of it, which takes some tens of milliseconds.

use std::{
    env,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use sha2::{Digest as _, Sha256};
use store::{Database, Platform, Settings, migrate::MIGRATIONS};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config, NoTls, config::Host};

/// A superuser's URL, over TCP.
pub const URL_SETTING: &str = "KONSTRUCT_TEST_POSTGRES_URL";

/// The password of the three roles on a test server.
const PASSWORD: &str = "konstruct-test";

/// Held while roles and template are made, whichever process does it.
const LOCK: i64 = 0x6b74_6573;

/// How long a test waits for its database to go.
const DROP_WAIT_MAX: Duration = Duration::from_secs(2);

/// The template of this process's migrations, once it is there.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// Tells the databases of one process apart.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A migrated, empty database. Dropped with this value.
pub struct TestDatabase {
    server: Server,
    name: String,
}

impl TestDatabase {
    /// A copy of the template.
    pub async fn create() -> anyhow::Result<Self> {
        let server = Server::from_env()?;
        let template = TEMPLATE.get_or_try_init(|| template(&server)).await?;
        Self::copy(server.clone(), template).await
    }

    /// The same on a server whose superuser's URL this is.
    pub async fn create_on(url: &str) -> anyhow::Result<Self> {
        let server = Server::at(url)?;
        let template = template(&server).await?;
        Self::copy(server, &template).await
    }

    /// One that no migration has touched yet.
    pub async fn create_bare() -> anyhow::Result<Self> {
        let server = Server::from_env()?;
        TEMPLATE.get_or_try_init(|| template(&server)).await?;
        Self::copy(server.clone(), "template1").await
    }

    async fn copy(server: Server, template: &str) -> anyhow::Result<Self> {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("konstruct_test_{}_{count}", std::process::id());
        server.drop_database(&name).await?;
        let admin = server.superuser("postgres").await?;
        let sql = format!("create database {name} template {template} owner konstruct_owner");
        admin.batch_execute(&sql).await?;
        Ok(Self { server, name })
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As `konstruct_app`.
    pub fn app_url(&self) -> String {
        self.server.url("konstruct_app", PASSWORD, &self.name)
    }

    /// As `konstruct_platform`.
    pub fn platform_url(&self) -> String {
        self.server.url("konstruct_platform", PASSWORD, &self.name)
    }

    /// As `konstruct_owner`.
    pub fn owner_url(&self) -> String {
        self.server.url("konstruct_owner", PASSWORD, &self.name)
    }

    /// As the server's superuser, whom nothing stops.
    pub fn superuser_url(&self) -> String {
        self.server.url(&self.server.user, &self.server.password, &self.name)
    }

    /// The app role's door.
    pub async fn database(&self) -> anyhow::Result<Database> {
        Ok(Database::connect(&Settings::new(self.app_url())).await?)
    }

    /// The platform role's door.
    pub async fn platform(&self) -> anyhow::Result<Platform> {
        Ok(Platform::connect(&Settings::new(self.platform_url())).await?)
    }
}

/// A connection to any of the URLs, past every door of the store.
pub async fn raw(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

impl Drop for TestDatabase {
    /// On a thread of its own, since the test's runtime may be on its way out, and not for long: a
    /// connection of that runtime that was just being made holds the server up until it times out.
    /// Best effort; the server of a test run goes as a whole.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let (done, dropped) = mpsc::channel();
        thread::spawn(move || -> anyhow::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(server.drop_database(&name))?;
            Ok(done.send(())?)
        });
        dropped.recv_timeout(DROP_WAIT_MAX).ok();
    }
}

/// A server whose superuser we are.
#[derive(Clone)]
struct Server {
    host: String,
    port: u16,
    user: String,
    password: String,
}

impl Server {
    fn from_env() -> anyhow::Result<Self> {
        let url = env::var(URL_SETTING).map_err(|_| {
            anyhow!("`{URL_SETTING}` is not set: run the tests with `cargo xtask test`")
        })?;
        Self::at(&url).context(URL_SETTING)
    }

    fn at(url: &str) -> anyhow::Result<Self> {
        let config: Config = url.parse()?;
        let Some(Host::Tcp(host)) = config.get_hosts().first() else {
            return Err(anyhow!("not a TCP address"));
        };
        Ok(Self {
            host: host.clone(),
            port: config.get_ports().first().copied().unwrap_or(5432),
            user: config.get_user().unwrap_or("postgres").to_owned(),
            password: String::from_utf8(config.get_password().unwrap_or_default().to_vec())?,
        })
    }

    fn url(&self, user: &str, password: &str, name: &str) -> String {
        format!("postgres://{user}:{password}@{}:{}/{name}", self.host, self.port)
    }

    async fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        let admin = self.superuser("postgres").await?;
        admin.batch_execute(&format!("drop database if exists {name} with (force)")).await?;
        Ok(())
    }

    async fn superuser(&self, name: &str) -> anyhow::Result<Client> {
        raw(&self.url(&self.user, &self.password, name)).await.context(URL_SETTING)
    }
}

/// Makes the roles and the template, unless somebody did.
async fn template(server: &Server) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    for migration in MIGRATIONS {
        hash.update(migration.checksum());
    }
    let name = format!("konstruct_template_{}", hex::encode(hash.finalize()).split_at(12).0);

    let admin = server.superuser("postgres").await?;
    admin.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    roles(&admin).await?;
    let exists = "select exists (select from pg_database where datname = $1)";
    if !admin.query_one(exists, &[&name]).await?.get::<_, bool>(0) {
        let making = format!("{name}_making");
        server.drop_database(&making).await?;
        admin.batch_execute(&format!("create database {making} owner konstruct_owner")).await?;
        let owner = Settings::new(server.url("konstruct_owner", PASSWORD, &making));
        store::migrate(&owner).await?;
        admin.batch_execute(&format!("alter database {making} rename to {name}")).await?;
    }
    admin.execute("select pg_advisory_unlock($1)", &[&LOCK]).await?;
    Ok(name)
}

/// What an operator does once on a real server.
async fn roles(admin: &Client) -> anyhow::Result<()> {
    for role in ["konstruct_owner", "konstruct_app", "konstruct_platform"] {
        let exists = "select to_regrole($1) is not null";
        if !admin.query_one(exists, &[&role]).await?.get::<_, bool>(0) {
            let sql = format!(
                "create role {role} login nosuperuser nobypassrls nocreatedb nocreaterole
                 password '{PASSWORD}'"
            );
            admin.batch_execute(&sql).await?;
        }
    }
    Ok(())
}
