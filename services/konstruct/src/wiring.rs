//! From settings to the parts that services and commands are made of.

use std::sync::Arc;

use accounts::{Accounts, Mailer, Visit};
use anyhow::Context as _;
use channels::{Inbound, Outbound, slack};
use domain::seal::MasterKey;
use models::Models;
use providers::{ClientSettings, Router};
use runtime::{Bus, Clock, Context, DirectoryWatch, restoring, setup};
use schemas::TenantId;
use serde_json::Value;
use store::{
    Database, Keys, Platform, Sealer,
    keys::{KEYS_MAX_DEFAULT, Masters},
    secrets::Secrets,
};
use tokio_util::sync::CancellationToken;

use crate::settings::{Asked, Sources};

/// What nearly every program needs.
pub(crate) struct Base {
    /// The loop's context.
    pub context: Context,
    /// The app role's door.
    pub db: Database,
    /// Who exists.
    pub directory: DirectoryWatch,
}

impl Base {
    /// Connects. Refuses what a restore has not ended, and a topology or a database role that is not as
    /// declared.
    pub(crate) async fn connect(
        asked: &Asked<'_>,
        name: &str,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let bus = Bus::connect(&asked.nats_url()?, name).await?;
        setup::verify(&bus, asked.sizes()?).await?;
        Self::over(bus, asked, stop).await
    }

    /// The same over what is not whole yet, for whoever restores.
    pub(crate) async fn over(
        bus: Bus,
        asked: &Asked<'_>,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let db = Database::connect(&asked.database("KONSTRUCT_DATABASE_URL")?).await?;
        let directory = DirectoryWatch::start(&bus, &stop);
        Ok(Self { context: Context { bus, clock: Clock::system(), stop }, db, directory })
    }
}

/// Refuses to go on beside a restore that has not ended, for what writes to the database alone: the
/// database does not know of it.
pub(crate) async fn no_restore(asked: &Asked<'_>) -> anyhow::Result<()> {
    let bus = Bus::connect(&asked.nats_url()?, "konstruct-check").await?;
    restoring::check(&bus).await
}

/// What seals and opens: one set of keys for all of a process.
#[derive(Clone)]
pub(crate) struct Vault {
    /// The tenants' keys.
    pub keys: Keys,
    /// Seals texts.
    pub sealer: Sealer,
    /// Where tokens are.
    pub secrets: Secrets,
}

impl Vault {
    /// With the master keys of the settings.
    pub(crate) fn open(asked: &Asked<'_>, db: &Database) -> anyhow::Result<Self> {
        let asked = asked.master_keys()?;
        let masters = masters(asked.current, asked.previous);
        let keys = Keys::new(db.clone(), masters, KEYS_MAX_DEFAULT);
        let sealer = Sealer::new(keys.clone(), asked.seal);
        let secrets = Secrets::new(db.clone(), keys.clone());
        Ok(Self { keys, sealer, secrets })
    }
}

/// The current master key and the former ones.
pub(crate) fn masters(current: MasterKey, previous: Vec<MasterKey>) -> Masters {
    Masters::new(current, previous)
}

/// Who signs in, and how.
pub(crate) async fn accounts(asked: &Asked<'_>) -> anyhow::Result<Accounts> {
    let keys = asked.master_keys()?;
    let masters = masters(keys.current, keys.previous);
    let mailer = asked.mail()?.map(|(url, from)| Mailer::new(&url, &from)).transpose()?;
    let settings = asked.database("KONSTRUCT_PLATFORM_DATABASE_URL")?;
    let platform = Platform::connect(&settings).await?;
    Ok(Accounts::new(platform, masters, mailer, &asked.public_url()?))
}

/// Writes down that somebody at the command line opens what people of a tenant wrote; before it is opened.
pub(crate) async fn note_opened(
    asked: &Asked<'_>,
    tenant: &TenantId,
    what: Value,
) -> anyhow::Result<()> {
    let accounts = accounts(asked).await.context("what is opened is written down")?;
    let visit = Visit::console(Clock::system().now());
    Ok(accounts.note_read(&Accounts::console()?, tenant, what, &visit).await?)
}

/// Writes down that somebody at the command line makes a tenant of an export; before it is made.
pub(crate) async fn note_imported(
    asked: &Asked<'_>,
    tenant: &TenantId,
    what: Value,
) -> anyhow::Result<()> {
    let accounts = accounts(asked).await.context("what is imported is written down")?;
    let visit = Visit::console(Clock::system().now());
    Ok(accounts.note_imported(&Accounts::console()?, tenant, what, &visit).await?)
}

/// What seals texts, and where tokens are.
pub(crate) fn secrets(asked: &Asked<'_>, db: &Database) -> anyhow::Result<(Sealer, Secrets)> {
    let vault = Vault::open(asked, db)?;
    Ok((vault.sealer, vault.secrets))
}

/// Slack, heard.
pub(crate) fn inbound(asked: &Asked<'_>) -> anyhow::Result<Arc<dyn Inbound>> {
    Ok(Arc::new(slack::SlackIn::new(&asked.signing_secret()?)?))
}

/// Slack, spoken to.
pub(crate) fn outbound(asked: &Asked<'_>) -> anyhow::Result<Arc<dyn Outbound>> {
    let (api_url, pacing) = asked.slack_api()?;
    let settings = slack::Settings { api_url, pacing, ..slack::Settings::default() };
    Ok(Arc::new(slack::SlackOut::new(settings)?))
}

/// The language models, those of tenants' own included.
pub(crate) fn models(sources: &Sources, base: &Base, vault: &Vault) -> anyhow::Result<Models> {
    let models = sources.models()?;
    let client = providers::client(&ClientSettings::default())?;
    let router = Arc::new(Router::from_config(&models, client));
    let (directory, clock) = (base.directory.clone(), base.context.clock.clone());
    Ok(Models::new((router, models), (directory, vault.secrets.clone(), clock)))
}

/// The models, where a service cannot do without.
pub(crate) fn needed(models: &anyhow::Result<Option<Models>>) -> anyhow::Result<Models> {
    match models {
        Ok(Some(models)) => Ok(models.clone()),
        Ok(None) => anyhow::bail!("no service that asks models was to run"),
        Err(error) => anyhow::bail!("{error:#}"),
    }
}

/// Who this process is, for people: host and process id.
pub(crate) fn owner() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "localhost".to_owned());
    format!("{host}/{}", std::process::id())
}
