//! Nobody reaches another tenant, and nobody does what their role does not allow: every operation.

use desk::{ConnectSlack, DeskError, Publish, Seen, repair::Wish};
use domain::{
    access::{PlatformRole, Principal, TenantRole},
    config::OpenConfig,
};
use schemas::{Budget, Limits};

use crate::{Office, acme, admin, mara, principal, t0acme};

/// What came of every operation on `acme`, by its name. A new one of the desk has its line here.
async fn walk(office: &Office, by: &Principal) -> Vec<(&'static str, Option<DeskError>)> {
    let (desk, tenant, agent, wire) = (&office.desk, &acme(), &mara(), &t0acme());
    let config = || OpenConfig::named("Mara");
    let publish = Publish { revision: 0, note: String::new(), expected_version: 0 };
    let wish = ConnectSlack {
        team_id: None,
        bot_user_id: None,
        bot_token: "xoxb-T0ACME".to_owned().into(),
        agent: mara(),
    };
    let at = (tenant, agent);
    let thread = "C1-1".parse().unwrap();
    let message = "m1".parse().unwrap();
    vec![
        ("rename_tenant", desk.rename_tenant(by, tenant, "X").await.err()),
        ("set_limits", desk.set_limits(by, tenant, Limits::default()).await.err()),
        ("set_budget", desk.set_budget(by, tenant, Budget::default()).await.err()),
        ("set_agent_budget", desk.set_agent_budget(by, at, Budget::default()).await.err()),
        ("suspend_tenant", desk.suspend_tenant(by, tenant).await.err()),
        ("resume_tenant", desk.resume_tenant(by, tenant).await.err()),
        ("delete_tenant", desk.delete_tenant(by, tenant, "acme").await.err()),
        ("create_agent", desk.create_agent(by, tenant, "otto", "Otto").await.err()),
        ("save_draft", desk.save_draft(by, at, config()).await.err()),
        ("autosave", desk.autosave(by, at, 0, config()).await.err()),
        ("discard_draft", desk.discard_draft(by, at, 0).await.err()),
        ("publish", desk.publish(by, at, publish).await.err()),
        ("publish_config", desk.publish_config(by, at, config(), ("", 0)).await.err()),
        ("restore", desk.restore(by, at, 1, "").await.err()),
        ("retire_agent", desk.retire_agent(by, tenant, agent).await.err()),
        ("connect_slack", desk.connect_slack(by, tenant, wish).await.err()),
        ("lead_to", desk.lead_to(by, tenant, wire, agent).await.err()),
        ("disconnect", desk.disconnect(by, tenant, wire).await.err()),
        ("hand_back", desk.hand_back(by, tenant, (wire, &thread)).await.err()),
        ("put_right", desk.put_right(by, (tenant, &message), Wish::Sent).await.err()),
        (
            "save_tool",
            desk.save_tool(by, tenant, ("orders", Seen::Whatever), crate::tools::orders())
                .await
                .err(),
        ),
        ("remove_tool", desk.remove_tool(by, tenant, &crate::tools::id()).await.err()),
        (
            "save_model_group",
            desk.save_model_group(
                by,
                tenant,
                ("own", Seen::Whatever),
                crate::models::own(Some("sk")),
            )
            .await
            .err(),
        ),
        (
            "remove_model_group",
            desk.remove_model_group(by, tenant, &crate::models::id()).await.err(),
        ),
        ("send_test_message", desk.send_test_message(by, (tenant, wire), "C1", "x").await.err()),
    ]
}

#[tokio::test]
async fn to_whoever_has_no_role_in_a_tenant_it_does_not_exist() {
    let office = Office::of_acme().await;
    crate::connections::connected(&office, "acme", "xoxb-T0ACME").await;
    office.found("beta").await;
    let before = office.stored().await;
    let strangers = [
        principal("o-beta", None, &[("beta", TenantRole::Operator)]),
        principal("o-nobody", None, &[]),
    ];
    for stranger in &strangers {
        for (operation, error) in walk(&office, stranger).await {
            assert_eq!(error, Some(DeskError::NotFound), "{operation}");
        }
        let read = office.desk.draft(stranger, &acme(), &mara()).await;
        assert_eq!(read, Err(DeskError::NotFound));
        let read = office.desk.live(stranger, &acme(), &mara()).await;
        assert_eq!(read, Err(DeskError::NotFound));
        let read = office.desk.budgets(stranger, &acme(), &mara());
        assert_eq!(read, Err(DeskError::NotFound));
        assert_eq!(office.desk.tools(stranger, &acme()), Err(DeskError::NotFound));
        assert_eq!(office.desk.model_groups(stranger, &acme()), Err(DeskError::NotFound));
        let users = office.desk.tool_users(stranger, &acme(), &crate::tools::id());
        assert_eq!(users, Err(DeskError::NotFound));
        assert_eq!(office.desk.tenant_name(stranger, &acme()), None);
        let made = office.desk.create_tenant(stranger, "new", "New", Limits::default()).await;
        assert_eq!(made, Err(DeskError::NotFound));
    }
    assert_eq!(office.stored().await, before, "nothing was written");
    assert!(office.it.slack.see(|world| world.messages().next().is_none()), "nothing was said");
}

#[tokio::test]
async fn whoever_looks_on_changes_nothing() {
    let office = Office::of_acme().await;
    crate::connections::connected(&office, "acme", "xoxb-T0ACME").await;
    let before = office.stored().await;
    let lookers = [
        principal("o-viewer", None, &[("acme", TenantRole::Viewer)]),
        principal("o-engineer", Some(PlatformRole::Engineer), &[]),
    ];
    for looker in &lookers {
        for (operation, error) in walk(&office, looker).await {
            assert_eq!(error, Some(DeskError::Denied), "{operation}");
        }
        office.desk.draft(looker, &acme(), &mara()).await.unwrap();
        assert_eq!(office.desk.tools(looker, &acme()), Ok(Vec::new()));
        assert_eq!(office.desk.model_groups(looker, &acme()), Ok(Vec::new()));
        assert!(office.desk.tenant_name(looker, &acme()).is_some(), "they may know where they are");
    }
    let operator = principal("o-acme", None, &[("acme", TenantRole::Operator)]);
    let renamed = office.desk.rename_tenant(&operator, &acme(), "Mine").await;
    assert_eq!(renamed, Err(DeskError::Denied), "the tenant itself is the platform's");
    assert_eq!(office.stored().await, before, "nothing was written");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let office = Office::open("projector").await;
    for (operation, error) in walk(&office, &admin()).await {
        assert_eq!(error, Some(DeskError::NotFound), "{operation}");
    }
}
