//! The directory's log has room for everybody.

use desk::{Desk, DeskError};
use domain::{config::OpenConfig, share::directory::DirectoryShare};
use schemas::{AgentId, Limits, TenantId};

use crate::{Office, acme, admin, desk_of, mara};

/// Some 75 KiB a day for a tenant, and 600 in all.
fn narrow() -> DirectoryShare {
    DirectoryShare::of_log(64 * 1024 * 1024, 1)
}

async fn save(desk: &Desk, at: (&TenantId, &AgentId), n: usize) -> Result<u64, DeskError> {
    let system_prompt = format!("{n} {}", "x".repeat(15_000));
    let config = OpenConfig { system_prompt, ..OpenConfig::named("Mara") };
    desk.save_draft(&admin(), at, config).await.map(|written| written.sequence)
}

#[tokio::test]
async fn what_is_kept_already_is_not_kept_again() {
    let office = Office::of_acme().await;
    assert!(0 < save(&office.desk, (&acme(), &mara()), 1).await.unwrap());
    let before = office.stored().await;
    assert_eq!(save(&office.desk, (&acme(), &mara()), 1).await, Ok(0));
    assert_eq!(office.stored().await, before);
}

#[tokio::test]
async fn no_tenant_fills_the_directory_for_others_and_what_must_be_possible_is() {
    let mut office = Office::of_acme().await;
    office.found("beta").await;
    // What is not projected yet counts as well.
    office.it.kill("projector").await.unwrap();
    let (desk, ..) = desk_of(&office.it, &office.db, narrow()).await;
    let (acme, mara, beta) = (acme(), mara(), "beta".parse().unwrap());
    let mut saved = 0;
    let refused = loop {
        match save(&desk, (&acme, &mara), saved).await {
            Ok(_) => saved += 1,
            Err(error) => break error,
        }
    };
    // A few, and as many again where midnight passes meanwhile.
    assert!((2..11).contains(&saved), "{saved}");
    let DeskError::Full { what, wait: Some(wait) } = refused else { panic!("{refused:?}") };
    assert!(what.contains("come back tomorrow"), "{what}");
    assert!(wait.as_secs() <= 24 * 60 * 60);

    save(&desk, (&beta, &mara), 0).await.unwrap();
    let limits = Limits { messages_per_minute: 1, ..Limits::default() };
    desk.set_limits(&admin(), &acme, limits).await.unwrap();
    desk.suspend_tenant(&admin(), &acme).await.unwrap();
    desk.delete_tenant(&admin(), &acme, "acme").await.unwrap();
}
