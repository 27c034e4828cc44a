//! What is read by those who run the installation, on the record.

use accounts::{AccountsError, Denied, Filter, PlatformRole, Principal, TenantRole};
use serde_json::json;

use super::{House, house, visit};
use crate::tenant;

fn person(operator: &str, platform: Option<PlatformRole>, slugs: &[&str]) -> Principal {
    let tenants = slugs.iter().map(|slug| (tenant(slug), TenantRole::Viewer)).collect();
    Principal { operator: operator.parse().unwrap(), via: "portal", platform, tenants }
}

async fn noted(house: &House) -> Vec<String> {
    let mara = house.mara().await.principal;
    let filter = Filter { tenant: Some(tenant("acme")), limit: 9, ..Filter::default() };
    let lines = house.accounts.log(&mara, &filter).await.unwrap();
    let line = |it: accounts::Entry| {
        format!("{} {} {}", it.operator.unwrap(), it.action, it.detail["conversation"])
    };
    lines.into_iter().map(line).collect()
}

#[tokio::test]
async fn who_runs_the_installation_reads_on_the_record_and_who_belongs_there_does_not() {
    let house = house().await;
    let (acme, what) = (tenant("acme"), || json!({ "conversation": "t1" }));
    let note = |who: Principal| {
        let (accounts, acme) = (house.accounts.clone(), acme.clone());
        async move { accounts.note_read(&who, &acme, what(), &visit(1)).await }
    };
    note(person("op-hers", None, &["acme"])).await.unwrap();
    note(person("op-both", Some(PlatformRole::Engineer), &["acme"])).await.unwrap();
    assert!(noted(&house).await.is_empty());
    note(person("op-runs", Some(PlatformRole::Engineer), &[])).await.unwrap();
    assert_eq!(noted(&house).await, ["op-runs conversations.read \"t1\""]);
    let stranger = note(person("op-other", None, &["other"])).await;
    assert!(matches!(stranger, Err(AccountsError::Denied(Denied::NotFound))), "{stranger:?}");
    assert_eq!(noted(&house).await.len(), 1);
}

#[tokio::test]
async fn authors_are_called_by_their_names_and_only_to_those_who_may_know() {
    let house = house().await;
    let mara = house.mara().await.principal;
    let ids = || [mara.operator.clone(), "op-gone".parse().unwrap(), mara.operator.clone()];
    let acme = tenant("acme");
    let viewer = person("op-hers", None, &["acme"]);
    let names = house.accounts.authors(&viewer, &acme, ids()).await.unwrap();
    assert_eq!(names, [(mara.operator.clone(), "Mara".to_owned())].into());
    let stranger = person("op-other", None, &["other"]);
    let none = house.accounts.authors(&stranger, &acme, ids()).await;
    assert!(matches!(none, Err(AccountsError::Denied(Denied::NotFound))), "{none:?}");
}
