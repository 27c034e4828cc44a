//! What an operator reads of all that was changed.

use schemas::OperatorId;
use store::{Database, Settings};
use views::{ChangeFilter, Changed, ChangesPage, Views};

use crate::{Office, acme, admin, agents::published, principal};

async fn views(office: &Office) -> Views {
    let reader = Database::reader(&Settings::new(office.it.database.app_url())).await.unwrap();
    let platform = office.it.database.platform().await.unwrap();
    Views::new(reader, platform, office.sealer.clone())
}

fn page(before: Option<u64>, limit: u32) -> ChangesPage {
    ChangesPage { before, limit, now: schemas::Timestamp::from_millis(0) }
}

fn persona(before: Option<&str>, after: &str) -> Changed {
    Changed {
        field: "persona".to_owned(),
        before: before.map(str::to_owned),
        after: after.to_owned(),
        long: true,
    }
}

#[tokio::test]
async fn the_audit_says_what_was_there_before_in_words_that_are_opened() {
    let office = Office::of_acme().await;
    published(&office, "warm", 1).await;
    published(&office, "cold", 2).await;
    let written = office.desk.rename_tenant(&admin(), &acme(), "Acme Ltd").await.unwrap();
    office.shown(written).await;
    let views = views(&office).await;
    let viewer = principal("o-viewer", None, &[("acme", domain::access::TenantRole::Viewer)]);
    let all = ChangeFilter::default();

    let first = views.changes(&viewer, &acme(), &all, page(None, 3)).await.unwrap();
    let kinds: Vec<_> = first.changes.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["tenant.renamed", "agent.published", "agent.published"]);
    let renamed = &first.changes[0];
    let name = (renamed.fields[0].before.as_deref(), renamed.fields[0].after.as_str());
    assert_eq!((name, renamed.fields.len()), ((Some("acme"), "Acme Ltd"), 1));
    assert_eq!(renamed.operator.as_ref().map(OperatorId::as_str), Some("o-admin"));
    let second = &first.changes[1];
    assert_eq!(second.version, Some(2));
    assert!(second.fields.contains(&persona(Some("warm"), "cold")), "{second:?}");
    assert!(first.changes[2].fields.iter().any(|it| it.field == "persona" && it.after == "warm"));

    // The change before the first of a page is on the next page, and found all the same.
    let rest = views.changes(&viewer, &acme(), &all, page(first.next, 3)).await.unwrap();
    let kinds: Vec<_> = rest.changes.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!((kinds, rest.next), (vec!["agent.created", "tenant.created"], None));
    let of_agent = ChangeFilter { entity: Some("agent:mara".to_owned()), ..all.clone() };
    let found = views.changes(&viewer, &acme(), &of_agent, page(None, 9)).await.unwrap();
    assert_eq!(found.changes.len(), 3);

    let now = schemas::Timestamp::from_millis(0);
    store::keys::forget(&office.db, &acme(), now).await.unwrap();
    let blind = Views::new(
        Database::reader(&Settings::new(office.it.database.app_url())).await.unwrap(),
        office.it.database.platform().await.unwrap(),
        crate::desk_of(&office.it, &office.db, crate::share()).await.2,
    );
    let found = blind.changes(&viewer, &acme(), &of_agent, page(None, 1)).await.unwrap();
    assert!(found.changes[0].is_sealed && found.changes[0].fields.is_empty());
}
