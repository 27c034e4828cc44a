//! Model groups of a tenant's own are set up, changed and taken away.

use desk::{DeskError, Seen, WishedDeployment, WishedModelGroup, Written, fingerprint};
use domain::{access::TenantRole, config::OpenConfig};
use konstruct_tests::postgres::raw;
use schemas::{
    ModelGroupId,
    directory::{ModelChoice, ModelVendor},
};

use crate::{Office, acme, admin, mara, principal};

pub(crate) fn id() -> ModelGroupId {
    "own".parse().unwrap()
}

/// A group that can be had.
pub(crate) fn own(key: Option<&str>) -> WishedModelGroup {
    let deployment = WishedDeployment {
        name: "claude".to_owned(),
        vendor: ModelVendor::Anthropic,
        model: "claude-sonnet-5-5".to_owned(),
        base_url: None,
        key: key.map(|key| key.to_owned().into()),
        weight: None,
        context_window: None,
        max_output_tokens: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        tools: None,
        json_schema: None,
        vision: None,
        price: None,
    };
    WishedModelGroup {
        choose: ModelChoice::Order,
        fallbacks: Vec::new(),
        deployments: vec![deployment],
    }
}

pub(crate) async fn saved(office: &Office, wish: WishedModelGroup) -> Result<Written, DeskError> {
    let written =
        office.desk.save_model_group(&admin(), &acme(), ("own", Seen::Whatever), wish).await?;
    office.shown(written).await;
    Ok(written)
}

#[tokio::test]
async fn a_key_of_a_model_is_in_no_event_table_error_or_log_and_goes_with_it() {
    let office = Office::of_acme().await;
    let keys = ["sk-FIRST-OF-ALL", "sk-SECOND-TO-NONE", "sk-bad\r\nTHIRD-TIME"];
    for key in &keys[..2] {
        saved(&office, own(Some(key))).await.unwrap();
    }
    let kept =
        office.desk.save_model_group(&admin(), &acme(), ("own", Seen::Whatever), own(None)).await;
    assert_eq!(kept.unwrap().sequence, 0, "nothing is changed");
    let error = saved(&office, own(Some(keys[2]))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`deployments` `claude`: `key` has characters that a key cannot have"
    );
    let mut all = format!("{error:?} {:?}", own(Some(keys[2])));
    all += &office.log().await;
    all += &office.it.said("projector");
    let client = raw(&office.it.database.superuser_url()).await.unwrap();
    let secrets = "select count(*) from secret";
    assert_eq!(client.query_one(secrets, &[]).await.unwrap().get::<_, i64>(0), 1);
    for table in ["secret", "p_change", "p_event"] {
        let sql = format!("select coalesce(string_agg(t::text, ''), '') from {table} t");
        all += &client.query_one(&sql, &[]).await.unwrap().get::<_, String>(0);
    }
    assert!(all.contains("model:own/claude/"), "events name it");
    for key in ["FIRST", "SECOND", "THIRD"] {
        assert!(!all.contains(key), "{key} is in {all}");
    }
    let removed = office.desk.remove_model_group(&admin(), &acme(), &id()).await.unwrap();
    office.shown(removed).await;
    assert_eq!(client.query_one(secrets, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(office.desk.model_groups(&admin(), &acme()), Ok(Vec::new()));
}

/// An address may be one of the installation's own network.
#[tokio::test]
async fn an_address_of_ones_own_is_for_those_who_run_the_installation() {
    let office = Office::of_acme().await;
    let (operator, admin) = (principal("o-acme", None, &[("acme", TenantRole::Operator)]), admin());
    let tenant = acme();
    let save = |by, wish| office.desk.save_model_group(by, &tenant, ("own", Seen::Whatever), wish);
    let mut inside = own(Some("sk-of-acme"));
    inside.deployments[0].base_url = Some("http://10.0.0.7/v1".to_owned());
    let said = "`deployments` have an address of their own (`base_url`), which is for those who run \
                this installation to say";
    let mut local = own(None);
    local.deployments[0].vendor = ModelVendor::Ollama;
    assert_eq!(
        save(&operator, local).await.unwrap_err().to_string(),
        "`deployments` have an Ollama, which is called from this installation's network: that is for \
         those who run it to say"
    );
    assert_eq!(save(&operator, inside.clone()).await.unwrap_err().to_string(), said);
    office.shown(save(&admin, inside).await.unwrap()).await;
    let error = save(&operator, own(Some("sk-of-acme"))).await.unwrap_err();
    assert_eq!(error.to_string(), said, "nor is it theirs to change");
}

#[tokio::test]
async fn a_group_that_answers_for_somebody_stays() {
    let office = Office::of_acme().await;
    let (desk, admin, tenant, agent) = (&office.desk, admin(), acme(), mara());
    saved(&office, own(Some("sk-of-acme"))).await.unwrap();
    let config = OpenConfig { model: "own".to_owned(), ..OpenConfig::named("Mara") };
    let at = (&tenant, &agent);
    office.shown(desk.publish_config(&admin, at, config, ("", 0)).await.unwrap()).await;
    let error = desk.remove_model_group(&admin, &tenant, &id()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "model group `own` is used by agent `mara`, and the installation has none of that name"
    );
}

/// Each made from the same group, at two desks, and then by somebody who still looks at it.
#[tokio::test]
async fn who_changes_a_group_second_is_told_and_changes_nothing() {
    let office = Office::of_acme().await;
    saved(&office, own(Some("sk-of-acme"))).await.unwrap();
    let (admin, tenant) = (admin(), acme());
    let groups = || office.desk.model_groups(&admin, &tenant).unwrap();
    let seen = fingerprint(&groups()[0]);
    let at = ("own", Seen::As(&seen));
    let weighing = |weight| {
        let mut wish = own(None);
        wish.deployments[0].weight = Some(weight);
        wish
    };
    let (one, other) = tokio::join!(
        office.desk.save_model_group(&admin, &tenant, at, weighing(2)),
        office.other_desk.save_model_group(&admin, &tenant, at, weighing(3)),
    );
    let (written, refused, weight) = match (one, other) {
        (Ok(written), Err(refused)) => (written, refused, 2),
        (Err(refused), Ok(written)) => (written, refused, 3),
        both => panic!("{both:?}"),
    };
    office.shown(written).await;
    let late = office.desk.save_model_group(&admin, &tenant, at, weighing(4)).await.unwrap_err();
    let want = "somebody else changed this meanwhile: look at it again, then decide";
    assert_eq!((refused.to_string().as_str(), late.to_string().as_str()), (want, want));
    assert!(matches!(late, DeskError::Conflict { .. }), "{late:?}");
    assert_eq!(groups()[0].deployments[0].weight, Some(weight));
    let taken = office.desk.save_model_group(&admin, &tenant, ("own", Seen::Nothing), own(None));
    assert_eq!(taken.await.unwrap_err().to_string(), want, "a new one takes no other's place");
}
