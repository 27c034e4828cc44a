//! The models that a process keeps ready for tenants that have some of their own.

use std::sync::Arc;

use domain::seal::MasterKey;
use futures::future::join_all;
use konstruct_tests::installation::{MASTER_KEY, install_tls};
use models::Models;
use providers::{ClientSettings, Router, client};
use runtime::Clock;
use schemas::TenantId;
use store::{Keys, keys::Masters, secrets::Secrets};

use crate::{
    Office, acme, admin,
    models::{id, own, saved},
};

const INSTALLATION: &str =
    "[[models.quality]]\nname = \"local\"\nvendor = \"ollama\"\nmodel = \"llama3.2\"\n";

/// What answers in a process that has the office's directory.
fn models_of(office: &Office) -> Models {
    install_tls();
    let masters = Masters::new(MasterKey::parse(MASTER_KEY).unwrap(), Vec::new());
    let secrets = Secrets::new(office.db.clone(), Keys::new(office.db.clone(), masters, 100));
    let settings = providers::Models::from_toml(INSTALLATION, &|_| None).unwrap();
    let http = client(&ClientSettings::default()).unwrap();
    let router = Arc::new(Router::from_config(&settings, http));
    Models::new((router, settings), (office.directory.clone(), secrets, Clock::system()))
}

/// The deployments of a tenant's own that are ready.
fn ready(models: &Models, tenant: &TenantId) -> Vec<String> {
    let all = models.status().into_iter().map(|it| it.deployment);
    all.filter(|it| it.starts_with(&format!("{tenant}: "))).collect()
}

/// Else each would have breakers and limits of its own, and none of them would count for the others.
#[tokio::test]
async fn first_requests_at_once_ask_one_router() {
    let office = Office::of_acme().await;
    saved(&office, own(Some("sk-of-acme"))).await.unwrap();
    let (models, tenant) = (models_of(&office), acme());
    let asked = join_all((0..16).map(|_| models.of(&tenant))).await;
    let routers: Vec<_> = asked.into_iter().map(Result::unwrap).collect();
    assert!(routers.iter().all(|it| Arc::ptr_eq(it, &routers[0])));
    assert_eq!(routers[0].groups(), ["own", "quality"]);
    let nobodys = models.of(&"beta".parse().unwrap()).await.unwrap();
    assert!(Arc::ptr_eq(&nobodys, models.of_installation()), "others have none of it");
}

/// By the tenant's own next request, or by whoever is made ready next.
#[tokio::test]
async fn keys_are_forgotten_with_the_last_group() {
    let office = Office::of_acme().await;
    office.found("beta").await;
    let (admin, tenant, beta) = (admin(), acme(), "beta".parse().unwrap());
    let models = models_of(&office);
    for by_another in [false, true] {
        saved(&office, own(Some("sk-of-acme"))).await.unwrap();
        let router = models.of(&tenant).await.unwrap();
        let kept = Arc::downgrade(&router);
        drop(router);
        assert_eq!(ready(&models, &tenant), ["acme: own/claude"]);
        assert!(kept.upgrade().is_some(), "it stays ready");

        let removed = office.desk.remove_model_group(&admin, &tenant, &id()).await.unwrap();
        office.shown(removed).await;
        if by_another {
            let wish = own(Some("sk-of-beta"));
            let seen = ("own", desk::Seen::Whatever);
            let theirs = office.desk.save_model_group(&admin, &beta, seen, wish).await.unwrap();
            office.shown(theirs).await;
            models.of(&beta).await.unwrap();
            assert_eq!(ready(&models, &beta), ["beta: own/claude"]);
        } else {
            let router = models.of(&tenant).await.unwrap();
            assert!(Arc::ptr_eq(&router, models.of_installation()));
        }
        assert_eq!(ready(&models, &tenant), [""; 0]);
        assert!(kept.upgrade().is_none(), "nothing holds the key any more");
    }
}
