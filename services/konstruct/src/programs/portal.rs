//! The portal: what it is made of here.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use anyhow::Context as _;
use desk::{Desk, Parts};
use models::Models;
use oidc::Provider;
use portal::server::{
    Exports, Portal,
    assets::Assets,
    csrf::Origin,
    sign_on::{CALLBACK, SignOn},
};
use replay::{Employee, FindEmployee, ReadLog, Replay, Shadow};
use runtime::live::Live;
use schemas::{AgentId, TenantId};
use store::{Database, Platform};
use tokio::net::TcpListener;
use trial::{Bounds, Trial};
use views::Views;

use crate::{
    settings::{Asked, Sources},
    wiring::{self, Base, Vault},
};

/// Where the portal listens, when nobody chose otherwise.
pub(crate) const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);

/// Makes the portal ready to serve. Says on its log where an installation without operators is set up.
pub(crate) async fn prepare(
    base: &Base,
    vault: &Vault,
    sources: &Sources,
    models: &anyhow::Result<Option<Models>>,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + use<>> {
    let asked = Asked::new(sources);
    let settings = asked.portal(LISTEN)?;
    let platform = Platform::connect(&asked.database("KONSTRUCT_PLATFORM_DATABASE_URL")?).await?;
    let reader = Database::reader(&asked.database("KONSTRUCT_DATABASE_URL")?).await?;
    let public_url = asked.public_url()?;
    let origin = Origin::of(&public_url);
    let origin = origin.context("`KONSTRUCT_PUBLIC_URL`: not like https://portal.example.com")?;
    let sign_on = sign_on(&asked, &public_url)?.map(Arc::new);
    let accounts = wiring::accounts(&asked).await?.beside_provider(sign_on.is_some());
    let (models, trial) = trials(models, &base.db);
    let shadow = models.clone().map(|models| shadow(models, base, vault));
    let desk = Desk::new(Parts {
        bus: base.context.bus.clone(),
        directory: base.directory.clone(),
        clock: base.context.clock.clone(),
        db: base.db.clone(),
        sealer: vault.sealer.clone(),
        secrets: vault.secrets.clone(),
        slack: wiring::outbound(&asked)?,
        models: models.clone(),
        share: asked.directory_share()?,
    });
    let (clock, keys) = (base.context.clock.clone(), platform.clone());
    let assets = Assets::read(&settings.site, portal_ui::STYLESHEET.to_owned())?;
    let views = Views::new(reader, platform, vault.sealer.clone());
    let api = api::router(api::Parts {
        accounts: accounts.clone(),
        desk: desk.clone(),
        views: views.clone(),
        shadow: shadow.clone(),
        platform: keys,
        clock,
        per_minute: settings.api_per_minute,
        stylesheet: format!("/{}/portal.css", assets.base()),
    });
    let portal = Portal {
        assets,
        origin,
        gateway_url: settings.gateway_url.unwrap_or(public_url),
        dev_slack: settings.dev_slack_url.as_deref().map(super::dev_slack::at).transpose()?,
        proxies: settings.proxies,
        second_factor: settings.second_factor,
        sign_on,
        clock: base.context.clock.clone(),
        accounts,
        desk,
        live: Live::new(base.context.bus.clone(), base.context.stop.clone()),
        bus: base.context.bus.clone(),
        views,
        models,
        exports: Exports::default(),
        trial,
        shadow,
        api,
    };
    let listener = TcpListener::bind(settings.listen).await;
    let listener =
        listener.with_context(|| format!("KONSTRUCT_PORTAL_LISTEN {}", settings.listen))?;
    Ok(portal::server::run(listener, portal, base.context.stop.clone()))
}

/// The provider of identities. It is asked nothing before somebody signs in through it.
fn sign_on(asked: &Asked<'_>, public_url: &str) -> anyhow::Result<Option<SignOn>> {
    let Some(told) = asked.oidc()? else { return Ok(None) };
    let provider = Provider::new(oidc::Settings {
        issuer: told.issuer,
        client_id: told.client_id,
        client_secret: told.client_secret,
        redirect_uri: format!("{}{CALLBACK}", public_url.trim_end_matches('/')),
    });
    let provider = provider.context("`KONSTRUCT_OIDC_ISSUER`")?;
    Ok(Some(SignOn { name: told.name, provider, factor: told.factor }))
}

/// Where recorded turns are asked again: with what the directory and the log say.
fn shadow(models: Models, base: &Base, vault: &Vault) -> Shadow {
    let (directory, bus) = (base.directory.clone(), base.context.bus.clone());
    let clock = base.context.clock.clone();
    let clock: replay::Clock = Arc::new(move || clock.now());
    let employee: FindEmployee = Arc::new(move |tenant: &TenantId, agent: &AgentId| {
        directory.read(|known| Employee::find(known, tenant, agent))
    });
    let log: ReadLog = Arc::new(move |place| {
        let bus = bus.clone();
        Box::pin(async move {
            let found = bus.at(&nats::EVENTS, place).await?;
            Ok(found.map(|found| found.payload.to_vec()))
        })
    });
    let replay = Replay::new(models, base.db.clone(), vault.sealer.clone(), clock);
    Shadow::new(replay::Parts { replay, employee, log })
}

/// The models, and where drafts are tried with them. A portal without models shows everything else.
fn trials(
    models: &anyhow::Result<Option<Models>>,
    db: &Database,
) -> (Option<Models>, Option<Arc<Trial>>) {
    match wiring::needed(models) {
        Ok(models) => {
            let trial = Trial::new(models.clone(), db.clone(), Bounds::default());
            (Some(models), Some(Arc::new(trial)))
        }
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "drafts cannot be tried: no models");
            (None, None)
        }
    }
}
