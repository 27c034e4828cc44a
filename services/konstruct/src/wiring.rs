//! From settings to the parts that services and commands are made of.

use std::sync::Arc;

use channels::{Inbound, Outbound, slack};
use domain::seal::MasterKey;
use providers::{ClientSettings, Router};
use runtime::{Bus, Clock, Context, DirectoryWatch, setup};
use store::{
    Database, Keys, Sealer,
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
    /// Connects. Refuses a topology or a database role that is not as declared.
    pub(crate) async fn connect(
        asked: &Asked<'_>,
        name: &str,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let (nats, database) = (asked.nats_url()?, asked.database("KONSTRUCT_DATABASE_URL")?);
        let bus = Bus::connect(&nats, name).await?;
        setup::verify(&bus).await?;
        let db = Database::connect(&database).await?;
        let directory = DirectoryWatch::start(&bus, &stop);
        Ok(Self { context: Context { bus, clock: Clock::system(), stop }, db, directory })
    }
}

/// The tenants' keys.
pub(crate) fn keys(asked: &Asked<'_>, db: &Database) -> anyhow::Result<(Keys, bool)> {
    let keys = asked.master_keys()?;
    let masters = masters(keys.current, keys.previous);
    Ok((Keys::new(db.clone(), masters, KEYS_MAX_DEFAULT), keys.seal))
}

/// The current master key and the former ones.
pub(crate) fn masters(current: MasterKey, previous: Vec<MasterKey>) -> Masters {
    Masters::new(current, previous)
}

/// What seals texts, and where tokens are.
pub(crate) fn secrets(asked: &Asked<'_>, db: &Database) -> anyhow::Result<(Sealer, Secrets)> {
    let (keys, seals) = keys(asked, db)?;
    Ok((Sealer::new(keys.clone(), seals), Secrets::new(db.clone(), keys)))
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

/// The language models.
pub(crate) fn router(sources: &Sources) -> anyhow::Result<Arc<Router>> {
    let models = sources.models()?;
    let client = providers::client(&ClientSettings::default())?;
    Ok(Arc::new(Router::from_config(&models, client)))
}

/// Who this process is, for people: host and process id.
pub(crate) fn owner() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "localhost".to_owned());
    format!("{host}/{}", std::process::id())
}
