//! Tenants come, pause and leave.

use std::time::Duration;

use desk::DeskError;
use konstruct_tests::{postgres::raw, wait::until};
use schemas::{Budget, Limits, TenantStatus};

use crate::{Office, acme, admin, mara, t0acme};

#[tokio::test]
async fn a_tenant_is_limited_suspended_and_worked_on_all_the_same() {
    let office = Office::of_acme().await;
    let (desk, admin) = (&office.desk, admin());
    let taken = desk.create_tenant(&admin, "acme", "Another", Limits::default()).await;
    assert_eq!(taken.unwrap_err().to_string(), "`slug` is taken");
    let limits = Limits { messages_per_minute: 90, ..Limits::default() };
    desk.set_limits(&admin, &acme(), limits.clone()).await.unwrap();
    let budget = Budget { monthly_micros: Some(5_000_000), ..Budget::default() };
    desk.set_budget(&admin, &acme(), budget).await.unwrap();
    let own = Budget { daily_micros: Some(2_000_000), ..Budget::default() };
    desk.set_agent_budget(&admin, (&acme(), &mara()), own).await.unwrap();
    office.shown(desk.suspend_tenant(&admin, &acme()).await.unwrap()).await;
    let agent = office.directory.read(|it| it.agent(&acme(), &mara()).cloned()).unwrap();
    assert_eq!((agent.budget, agent.published.is_some()), (own, false), "nothing is published");
    let known = office.directory.read(|it| it.tenant(&acme()).cloned()).unwrap();
    assert_eq!((known.limits.clone(), known.budget), (limits, budget));
    assert_eq!(known.status, TenantStatus::Suspended);
    let before = office.stored().await;
    let again = desk.suspend_tenant(&admin, &acme()).await.unwrap();
    assert_eq!((again.sequence, office.stored().await), (0, before), "said twice, written once");

    let draft = desk.draft(&admin, &acme(), &mara()).await.unwrap();
    desk.save_draft(&admin, (&acme(), &mara()), draft.fields).await.unwrap();
    let quiet = desk.send_test_message(&admin, (&acme(), &t0acme()), "C1", "hi").await;
    let want = "the tenant is suspended, so nothing is said for it";
    assert_eq!(quiet.unwrap_err().to_string(), want);
    office.shown(desk.resume_tenant(&admin, &acme()).await.unwrap()).await;
}

#[tokio::test]
async fn only_whoever_types_its_slug_deletes_a_tenant_and_its_key_goes_with_it() {
    let office = Office::open("all").await;
    office.found("acme").await;
    let (desk, admin) = (&office.desk, admin());
    crate::connections::connected(&office, "acme", "xoxb-T0ACME").await;
    let wrong = desk.delete_tenant(&admin, &acme(), "acne").await;
    assert!(matches!(wrong, Err(DeskError::Invalid(_))), "{wrong:?}");
    assert!(
        office
            .directory
            .read(|it| it.tenant(&acme()).is_some_and(|it| it.status == TenantStatus::Active))
    );

    office.shown(desk.delete_tenant(&admin, &acme(), "acme").await.unwrap()).await;
    let client = raw(&office.it.database.superuser_url()).await.unwrap();
    until(Duration::from_secs(30), "the key is erased", || async {
        let row =
            client.query_one("select count(*) from tenant_key where wrapped is not null", &[]);
        Ok(row.await?.get::<_, i64>(0) == 0)
    })
    .await
    .unwrap();
    assert_eq!(desk.rename_tenant(&admin, &acme(), "x").await, Err(DeskError::NotFound));
    assert_eq!(desk.draft(&admin, &acme(), &mara()).await, Err(DeskError::NotFound));
    let again = desk.create_tenant(&admin, "acme", "Acme", Limits::default()).await;
    assert!(again.unwrap_err().to_string().contains("not used again"));

    office.found("beta").await;
    crate::connections::connected(&office, "beta", "xoxb-T0ACME").await;
}
