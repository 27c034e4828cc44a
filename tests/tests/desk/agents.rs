//! Publishing, restoring, and two operators at once.

use desk::{Autosaved, DeskError, Publish};
use domain::{command::agent::version_of, config::OpenConfig};
use schemas::Agent;
use store::changes::{self, EntityRef, Filter};

use crate::{Office, acme, admin, mara, principal};

fn publish(revision: u32, expected_version: u32) -> Publish {
    Publish { revision, note: "softer".to_owned(), expected_version }
}

/// The configuration that answers, opened.
async fn answering(office: &Office) -> (u32, OpenConfig) {
    let agent = office.directory.read(|it| it.agent(&acme(), &mara()).cloned()).unwrap();
    let sealing = office.sealer.of(&acme(), schemas::Timestamp::from_millis(0)).await.unwrap();
    let published = agent.published.clone().unwrap();
    let config = OpenConfig::open(&published.config, &acme(), &mara(), &sealing).unwrap();
    (version_of(&agent), config)
}

/// The draft says so, and is published.
pub(crate) async fn published(office: &Office, persona: &str, version: u32) {
    let (desk, admin) = (&office.desk, admin());
    let draft = desk.draft(&admin, &acme(), &mara()).await.unwrap();
    let fields = OpenConfig { persona: persona.to_owned(), ..draft.fields };
    let saved = desk.autosave(&admin, (&acme(), &mara()), draft.revision, fields).await.unwrap();
    let Autosaved::Saved { revision } = saved else { panic!("{saved:?}") };
    let written = desk.publish(&admin, (&acme(), &mara()), publish(revision, version - 1)).await;
    office.shown(written.unwrap()).await;
}

#[tokio::test]
async fn of_two_who_publish_at_once_one_is_told_and_nothing_that_they_typed_is_lost() {
    let office = Office::of_acme().await;
    let (one, other) =
        (principal("o-one", None, &[("acme", domain::access::TenantRole::Operator)]), admin());
    let begun = office.desk.draft(&one, &acme(), &mara()).await.unwrap();
    assert_eq!((begun.revision, begun.base_version), (0, 0));
    let mine = OpenConfig { role: "Support".to_owned(), ..begun.fields.clone() };
    let theirs = OpenConfig { persona: "brief".to_owned(), ..begun.fields };
    let at = (&acme(), &mara());
    let saved = office.desk.autosave(&one, at, 0, mine).await.unwrap();
    assert_eq!(saved, Autosaved::Saved { revision: 1 });
    let merged = office.other_desk.autosave(&other, at, 0, theirs).await.unwrap();
    let Autosaved::Merged { revision: 2, fields } = merged else { panic!("{merged:?}") };
    assert_eq!((fields.role.as_str(), fields.persona.as_str()), ("Support", "brief"));

    let stale = office.desk.publish(&one, at, publish(1, 0)).await;
    assert!(matches!(stale, Err(DeskError::Conflict { .. })), "{stale:?}");
    let (first, second) = tokio::join!(
        office.desk.publish(&one, at, publish(2, 0)),
        office.other_desk.publish(&other, at, publish(2, 0)),
    );
    let (written, conflict) = match (first, second) {
        (Ok(written), Err(error)) | (Err(error), Ok(written)) => (written, error),
        both => panic!("{both:?}"),
    };
    assert!(matches!(conflict, DeskError::Conflict { .. }), "{conflict:?}");
    office.shown(written).await;
    let (version, config) = answering(&office).await;
    assert_eq!((version, config.role.as_str(), config.persona.as_str()), (1, "Support", "brief"));
    let draft = office.desk.draft(&one, &acme(), &mara()).await.unwrap();
    assert!(draft.revision == 2 && draft.fields == config, "the draft is still there");
    assert_eq!(draft.base_version, 1, "and goes beyond what was published");
}

#[tokio::test]
async fn a_restored_version_is_the_next_one_and_equals_the_old() {
    let office = Office::of_acme().await;
    published(&office, "warm", 1).await;
    let (_, first) = answering(&office).await;
    published(&office, "cold", 2).await;
    let admin = admin();
    let none = office.desk.restore(&admin, (&acme(), &mara()), 9, "").await;
    assert_eq!(none, Err(DeskError::NotFound));
    let written = office.desk.restore(&admin, (&acme(), &mara()), 1, "too cold").await.unwrap();
    office.shown(written).await;
    let (version, config) = answering(&office).await;
    assert_eq!(version, 3);
    assert!(config == first);
    assert_eq!(config.persona, "warm");

    let mut tx = office.db.tenant(&acme()).await.unwrap();
    let rows = changes::agent_versions(&mut tx, &mara(), None, 10).await.unwrap();
    let versions: Vec<_> = rows.iter().map(|row| row.version).collect();
    assert_eq!(versions, [Some(3), Some(2), Some(1)]);
    assert_eq!(rows[0].author_operator.as_deref(), Some("o-admin"));
    let (a, b): (Agent, Agent) =
        (rows[0].agent().unwrap().unwrap(), rows[2].agent().unwrap().unwrap());
    assert_eq!(a.published.unwrap().config, b.published.unwrap().config, "sealed bytes and all");
}

#[tokio::test]
async fn every_change_is_kept_with_its_author_and_what_was_there_before() {
    let office = Office::of_acme().await;
    published(&office, "warm", 1).await;
    let admin = admin();
    office.desk.rename_tenant(&admin, &acme(), "Acme Ltd").await.unwrap();
    let last = office.desk.retire_agent(&admin, &acme(), &mara()).await.unwrap();
    office.shown(last).await;
    let mut tx = office.db.tenant(&acme()).await.unwrap();
    let all = changes::changes(&mut tx, &Filter::default(), 10).await.unwrap();
    let kinds: Vec<_> = all.iter().map(|row| row.kind.as_str()).collect();
    let want =
        ["agent.retired", "tenant.renamed", "agent.published", "agent.created", "tenant.created"];
    assert_eq!(kinds, want);
    assert!(all.iter().all(|row| row.author_via == "portal"));
    let next = Filter { before_seq: Some(all[1].seq), ..Filter::default() };
    assert_eq!(changes::changes(&mut tx, &next, 10).await.unwrap(), all[2..]);
    let agent = EntityRef::Agent(&mara()).to_string();
    let of_agent =
        Filter { entity: Some(&agent), kind: Some("agent.retired"), ..Filter::default() };
    assert_eq!(changes::changes(&mut tx, &of_agent, 10).await.unwrap(), all[..1]);
    let nobody = Filter { operator: Some("o-nobody"), ..Filter::default() };
    assert!(changes::changes(&mut tx, &nobody, 10).await.unwrap().is_empty());
    let before = changes::before_of(&mut tx, &agent, all[0].seq).await.unwrap().unwrap();
    assert_eq!(before, all[2]);
}

#[tokio::test]
async fn without_a_projector_a_change_is_made_and_said_not_to_show_yet() {
    let mut office = Office::of_acme().await;
    office.it.kill("projector").await.unwrap();
    let before = office.stored().await;
    let written = office.desk.rename_tenant(&admin(), &acme(), "Acme Ltd").await.unwrap();
    assert!(!written.visible);
    assert_eq!(office.stored().await, before + 1);
    office.it.run("projector").await.unwrap();
    office.shown(written).await;
}
