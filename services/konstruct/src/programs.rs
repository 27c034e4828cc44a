//! The services, each by itself or all in one process.

mod dev_slack;
mod erase;
mod keep;
mod late;
mod led;
mod portal;
mod reload;
mod sweep;

use std::{net::SocketAddr, pin::Pin, sync::Arc};

use anyhow::Context as _;
use axum::{Json, routing::get};
use completion::{Bounds, Completion};
use delivery::{Delivery, Tokens};
use models::Models;
use runtime::{Context, Engagements, admin, config::ConfigError, shutdown, telemetry};
use store::{
    completions::Completions, deferred::Deferrals, programs::Programs, tool_calls::ToolCalls,
};
use tokio::{net::TcpListener, task::JoinSet};
use tools::Tools;

use crate::{
    cli::Service,
    settings::{Asked, Sources},
    wiring::{self, Base, Vault},
};

const GATEWAY_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8001);

/// Requests for models that are answered at once; each may hold an answer of half a MiB.
const LLM_AT_ONCE: usize = 1_000;

/// Runs a service until it is asked to stop.
pub(crate) async fn run(which: Service, sources: &Sources) -> anyhow::Result<()> {
    let asked = Asked::new(sources);
    check(which, sources)?;
    let stop = shutdown::on_signal();
    let metrics = telemetry::start_metrics(&providers::HISTOGRAMS)?;
    let name = format!("konstruct-{which:?}").to_lowercase();
    let base = Base::connect(&asked, &name, stop.clone()).await?;
    let mut admin = admin::routes(readiness(&base), Some(metrics));
    let is = |service| which == service || which == Service::All;
    let vault = holds_keys(which).then(|| Vault::open(&asked, &base.db)).transpose()?;
    let mut services = JoinSet::new();
    // One for all of a process, so that what one service learns of a deployment the others know.
    let models = vault.as_ref().filter(|_| asks_models(which));
    let models = models.map(|vault| wiring::models(sources, &base, vault)).transpose();
    if let Ok(Some(models)) = &models {
        let shown = models.clone();
        admin = admin.route("/llm", get(async move || Json(shown.status())));
    }
    let changing = models.as_ref().ok().cloned().flatten();
    services.spawn(reload::run(stop.clone(), changing, base.directory.clone())?);
    if is(Service::Guards) {
        let (context, db) = (base.context.clone(), base.db.clone());
        services.spawn(guards::run(context, db, base.directory.clone()));
    }
    if is(Service::Projector) {
        services.spawn(projector(&base));
    }
    if is(Service::Sweeper) {
        let doors = (base.db.clone(), sweep::platform(&asked).await?);
        services.spawn(sweep::run(base.context.clone(), base.directory.clone(), doors));
    }
    if let Some(vault) = &vault {
        if is(Service::Completion) {
            let models = wiring::needed(&models)?;
            services.spawn(completion(&base, vault, models, Tools::new(asked.tools()?)?));
        }
        if is(Service::Delivery) {
            services.spawn(delivery(&base, vault, &asked)?);
        }
        if is(Service::Portal) {
            services.spawn(portal::prepare(&base, vault, sources, &models).await?);
        }
        if let Some(address) = asked.llm_listen(which == Service::Llm)?.filter(|_| is(Service::Llm))
        {
            services.spawn(llm(&base, &asked, wiring::needed(&models)?, address).await?);
        }
        if is(Service::Gateway) {
            services.spawn(gateway(&base, vault, &asked).await?);
        }
    }
    if vault.is_some() || is(Service::Sweeper) {
        let keys = vault.map(|vault| vault.keys);
        let (directory, db) = (base.directory.clone(), base.db.clone());
        let models = models.ok().flatten();
        services.spawn(erase::run(base.context.clone(), directory, db, (keys, models)));
    }
    // The last to listen: whoever hears that all is well finds the gateway there.
    if let Some(address) = asked.admin_listen()? {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("KONSTRUCT_ADMIN_LISTEN {address}"))?;
        services.spawn(admin::serve(listener, admin, stop.clone()));
    }
    tracing::info!(service = name, version = env!("CARGO_PKG_VERSION"), "started");
    finish(services, &stop).await
}

/// Which of them seal or open.
const fn holds_keys(which: Service) -> bool {
    match which {
        Service::All
        | Service::Gateway
        | Service::Completion
        | Service::Delivery
        | Service::Llm
        | Service::Portal => true,
        Service::Guards | Service::Projector | Service::Sweeper => false,
    }
}

/// Which of them ask models.
const fn asks_models(which: Service) -> bool {
    matches!(which, Service::All | Service::Completion | Service::Portal | Service::Llm)
}

/// Names every setting that a service misses, before anything starts, so that one restart fixes it.
fn check(which: Service, sources: &Sources) -> anyhow::Result<()> {
    let asked = Asked::new(sources);
    let is = |service| which == service || which == Service::All;
    let hears = is(Service::Gateway);
    let mut problems = Vec::new();
    let mut note = |read: Result<(), ConfigError>| {
        problems.extend(read.err().into_iter().flat_map(|error| error.0));
    };
    note(asked.nats_url().map(drop));
    note(asked.database("KONSTRUCT_DATABASE_URL").map(drop));
    note(asked.admin_listen().map(drop));
    note(asked.sizes().map(drop));
    if holds_keys(which) {
        note(asked.master_keys().map(drop));
    }
    if hears {
        note(asked.signing_secret().map(drop));
        note(asked.listen("KONSTRUCT_GATEWAY_LISTEN", GATEWAY_LISTEN).map(drop));
        note(asked.share().map(drop));
    }
    if is(Service::Delivery) || is(Service::Portal) {
        note(asked.slack_api().map(drop));
    }
    if is(Service::Portal) {
        note(asked.directory_share().map(drop));
        note(asked.portal(portal::LISTEN).map(drop));
        note(asked.public_url().map(drop));
        note(asked.mail().map(drop));
    }
    note(asked.llm_listen(which == Service::Llm).map(drop));
    if is(Service::Completion) {
        note(asked.tools().map(drop));
    }
    if is(Service::Sweeper) || is(Service::Portal) || which == Service::Llm {
        note(asked.database("KONSTRUCT_PLATFORM_DATABASE_URL").map(drop));
    }
    if asks_models(which)
        && let Err(error) = sources.models()
    {
        problems.push(format!("{error:#}"));
    }
    if problems.is_empty() { Ok(()) } else { Err(ConfigError(problems).into()) }
}

/// The first service that ends takes the others with it: a process is whole or gone.
async fn finish(
    mut services: JoinSet<anyhow::Result<()>>,
    stop: &tokio_util::sync::CancellationToken,
) -> anyhow::Result<()> {
    let mut outcome = Ok(());
    while let Some(ended) = services.join_next().await {
        if !stop.is_cancelled() {
            tracing::error!("a service ended by itself, stopping");
            stop.cancel();
        }
        let ended = ended.map_err(anyhow::Error::from).and_then(|result| result);
        outcome = outcome.and(ended);
    }
    outcome
}

/// What is missing before this process can work.
fn readiness(base: &Base) -> admin::Readiness {
    let (bus, db, directory) = (base.context.bus.clone(), base.db.clone(), base.directory.clone());
    Arc::new(move || {
        let (bus, db, directory) = (bus.clone(), db.clone(), directory.clone());
        Box::pin(async move {
            let mut missing = Vec::new();
            if !bus.is_connected() {
                missing.push("NATS".to_owned());
            }
            if !directory.is_ready() {
                missing.push("the directory".to_owned());
            }
            if db.ping().await.is_err() {
                missing.push("PostgreSQL".to_owned());
            }
            missing
        }) as Pin<Box<dyn Future<Output = Vec<String>> + Send>>
    })
}

async fn gateway(
    base: &Base,
    vault: &Vault,
    asked: &Asked<'_>,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send + 'static> {
    let address = asked.listen("KONSTRUCT_GATEWAY_LISTEN", GATEWAY_LISTEN)?;
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("KONSTRUCT_GATEWAY_LISTEN {address}"))?;
    let parts = gateway::Parts {
        inbound: wiring::inbound(asked)?,
        directory: base.directory.clone(),
        engagements: Engagements::start(&base.context.bus, &base.context.stop).await?,
        sealer: vault.sealer.clone(),
        share: asked.share()?,
    };
    Ok(gateway::run(base.context.clone(), parts, listener))
}

/// The models for programs.
async fn llm(
    base: &Base,
    asked: &Asked<'_>,
    models: Models,
    address: SocketAddr,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send + use<>> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("KONSTRUCT_LLM_LISTEN {address}"))?;
    let parts = llm::Parts {
        models,
        accounts: wiring::accounts(asked).await?,
        directory: base.directory.clone(),
        programs: Programs::open(&base.db),
        clock: base.context.clock.clone(),
        at_once: LLM_AT_ONCE,
    };
    tracing::info!(%address, "the models for programs");
    Ok(llm::run(listener, parts, base.context.stop.clone()))
}

fn completion(
    base: &Base,
    vault: &Vault,
    models: Models,
    tools: Tools,
) -> impl Future<Output = anyhow::Result<()>> + Send + 'static {
    let (db, directory) = (base.db.clone(), base.directory.clone());
    let Vault { sealer, secrets, .. } = vault.clone();
    led::lead(base.context.clone(), base.db.clone(), "completion", move |context, fence| {
        let (db, sealer, directory) = (db.clone(), sealer.clone(), directory.clone());
        let (models, tools, secrets) = (models.clone(), tools.clone(), secrets.clone());
        async move {
            let doubt = led::doubt(&context, &db).await;
            completion::run(Completion {
                context,
                completions: Completions::open(db.clone(), fence.clone()),
                tool_calls: ToolCalls::open(db.clone(), fence),
                deferrals: Deferrals::open(db.clone(), nats::COMPLETION.name),
                db,
                sealer,
                directory,
                models,
                tools,
                secrets,
                bounds: Bounds::default(),
                doubt,
            })
            .await
        }
    })
}

fn delivery(
    base: &Base,
    vault: &Vault,
    asked: &Asked<'_>,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send + 'static> {
    let outbound = wiring::outbound(asked)?;
    let Vault { sealer, secrets, .. } = vault.clone();
    let tokens = Arc::new(Tokens::new(secrets));
    let (db, directory) = (base.db.clone(), base.directory.clone());
    Ok(led::lead(base.context.clone(), base.db.clone(), "delivery", move |context, fence| {
        let (db, sealer, tokens) = (db.clone(), sealer.clone(), Arc::clone(&tokens));
        let (directory, outbound) = (directory.clone(), Arc::clone(&outbound));
        async move {
            let doubt = led::doubt(&context, &db).await;
            delivery::run(Delivery {
                context,
                deferrals: Deferrals::open(db.clone(), nats::DELIVERY.name),
                sealer,
                tokens,
                directory,
                outbound,
                replies: delivery::Ledger::open(db.clone(), fence),
                db,
                doubt,
            })
            .await
        }
    }))
}

fn projector(base: &Base) -> impl Future<Output = anyhow::Result<()>> + Send + 'static {
    let db = base.db.clone();
    led::lead(base.context.clone(), base.db.clone(), "projector", move |context: Context, _| {
        projector::run(context, db.clone())
    })
}
