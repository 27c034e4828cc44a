use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};
use accounts::*;
use channels::slack::{Pacing, Settings as SlackSettings, SlackOut};
use desk::{Desk, Parts};
use runtime::{Bus, Clock, DirectoryWatch};
use store::{Database, Keys, Platform, Sealer, Settings, keys::Masters, secrets::Secrets};
use domain::seal::MasterKey;
use schemas::Timestamp;

#[tokio::main]
async fn main() {
    _ = rustls::crypto::ring::default_provider().install_default();
    let var = |n: &str| std::env::var(n).unwrap();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let bus = Bus::connect(&var("KONSTRUCT_NATS_URL"), "api").await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let directory = DirectoryWatch::start(&bus, &stop);
    directory.ready().await;
    let app = Settings::new(var("KONSTRUCT_DATABASE_URL"));
    let db = Database::connect(&app).await.unwrap();
    let reader = Database::reader(&app).await.unwrap();
    let platform = Platform::connect(&Settings::new(var("KONSTRUCT_PLATFORM_DATABASE_URL"))).await.unwrap();
    let m = || Masters::new(MasterKey::parse(&var("KONSTRUCT_MASTER_KEY")).unwrap(), Vec::new());
    let keys = Keys::new(db.clone(), m(), 100);
    let sealer = Sealer::new(keys.clone(), true);
    let slack = SlackSettings { api_url: "http://127.0.0.1:1".into(), pacing: Pacing::Unpaced, ..Default::default() };
    let desk = Desk::new(Parts { bus, directory, clock: Clock::system(), db: db.clone(), sealer: sealer.clone(), secrets: Secrets::new(db.clone(), keys), slack: Arc::new(SlackOut::new(slack).unwrap()) });
    let accounts = Accounts::new(platform.clone(), m(), None, "http://localhost");
    let root = Principal { operator: "o-root".parse().unwrap(), via: "cli", platform: Some(PlatformRole::Administrator), tenants: BTreeMap::new() };
    let visit = Visit::new(Timestamp::from_millis(0), "127.0.0.1", "x");
    for (n, g) in [("administrator", Grant::Platform(PlatformRole::Administrator)), ("engineer", Grant::Platform(PlatformRole::Engineer)),
        ("operator", Grant::Tenant("acme".parse().unwrap(), TenantRole::Operator)), ("viewer", Grant::Tenant("acme".parse().unwrap(), TenantRole::Viewer)), ("stranger", Grant::Tenant("beta".parse().unwrap(), TenantRole::Operator))] {
        let k = accounts.make_api_key(&root, n, &g, &visit).await.unwrap();
        println!("{n} {}", k.key.expose());
    }
    let views = views::Views::new(reader, platform.clone(), sealer);
    let per_minute = NonZeroU32::new(std::env::var("PM").ok().and_then(|x| x.parse().ok()).unwrap_or(1_000_000)).unwrap();
    let api = api::router(api::Parts { accounts, desk, views, platform, clock: Clock::system(), per_minute, stylesheet: "/x.css".into() });
    let app = axum::Router::new().nest("/api/v1", api);
    let l = tokio::net::TcpListener::bind("127.0.0.1:55800").await.unwrap();
    println!("ready");
    axum::serve(l, app).await.unwrap();
}
